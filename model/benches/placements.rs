//! Simulated packets per second of each placement's route, saturated, one core of a host with DDIO, 1500-octet packets.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use espsim_model::assembly::Assembly;
use espsim_model::layers::{self, Layer, Origin};
use espsim_model::placement::Placement;
use espsim_model::preset;
use espsim_model::simulate::engine;
use toml::Value;

const PACKETS: u64 = 400_000;

fn placements(c: &mut Criterion) {
    let profile = preset::profile("haswell").expect("shipped").expect("valid");
    let mut group = c.benchmark_group("placement");
    group.sample_size(20).throughput(Throughput::Elements(PACKETS));
    for direction in ["transmit", "receive", "forward"] {
        for placement in Placement::ALL {
            // Room for the ESP overhead of a 1500-octet packet, as on a link with larger frames.
            let settings = [
                ("placement", placement.name()),
                ("traffic.direction", direction),
                ("traffic.packet", "1500 B"),
                ("traffic.mtu", "1600 B"),
            ];
            let overrides: Layer = settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (Value::String((*value).to_owned()), Origin::Set)))
                .collect();
            let scenario = layers::scenario(&layers::resolve(&overrides).expect("valid")).expect("valid");
            let assembly = Assembly::new(&scenario, &profile);
            let routes: Vec<_> = assembly.routes.iter().flatten().collect();
            let compiled = assembly.floor.compile(&routes);
            group.bench_function(format!("{direction}/{}", placement.name()), |b| {
                let mut engine = engine(&scenario, &assembly, &compiled, 1);
                b.iter(|| {
                    let target = engine.observer.packets() + PACKETS;
                    engine.run(target, u64::MAX, u64::MAX)
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, placements);
criterion_main!(benches);
