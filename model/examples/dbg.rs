use espsim_model::{assembly::Assembly, layers::*, preset, simulate::engine};
fn main() {
    let profile = preset::profile("haswell").unwrap().unwrap();
    let o: Layer = [("placement", "lookaside"), ("traffic.packet", "1500 B"), ("traffic.mtu", "1600 B")]
        .iter().map(|(k, v)| (k.to_string(), (toml::Value::String(v.to_string()), Origin::Set))).collect();
    let s = scenario(&resolve(&o).unwrap()).unwrap();
    let a = Assembly::new(&s, &profile);
    let r: Vec<_> = a.routes.iter().flatten().collect();
    let c = a.floor.compile(&r);
    let mut e = engine(&s, &a, &c, 1);
    let t = std::time::Instant::now();
    e.run(1_000_000, u64::MAX, u64::MAX);
    println!("{:?} {} lanes {}", t.elapsed(), e.events(), c.program.lanes.len());
    for (i, op) in c.program.ops.iter().enumerate() { println!("{i:3} {:9} {op:?}", e.visits()[i]); }
    println!("{:?}", a.floor.stations);
}
