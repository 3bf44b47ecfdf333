use espsim_calibrate::native::*;
fn main() {
    let t = std::time::Instant::now();
    let m = measure(&Plan::FULL, &mut |_| ()).unwrap();
    println!("{:?} {} {}", t.elapsed(), m.hertz, m.device);
    for r in &m.rows { if std::env::var("ROWS").is_ok() { println!("{:?} {} {}: {:.0?}", r.what, r.packets, r.octets, r.passes); } }
    for t in terms(&m.rows) { println!("{} {:.3} ({:.3} to {:.3}) {:?}", t.key, t.cycles.value, t.cycles.low.unwrap(), t.cycles.high.unwrap(), t.fault()); }
    println!("{:?}", m.lines);
    let mut p = espsim_model::preset::profile("zen4").unwrap().unwrap();
    espsim_calibrate::repeated::repeat(&mut p).unwrap(); println!("copy {} sum {}", p.memory.copy.0, p.memory.checksum.0);
    p.host.frequency = espsim_model::units::Hertz::new(m.hertz);
    for t in terms(&m.rows) { if t.fault().is_none() { match p.stack_cost_mut(t.key) { Some(c) => c.0 = t.cycles.value, None => p.memory.copy.0 = t.cycles.value} } }
    for h in anchor::held(&p, &m.rows).unwrap() { println!("{}: measured {:.0?} simulated {:.0}: {:+.1} %", h.anchor.name(), h.measured, h.simulated, 100.0 * h.error()); }
}
