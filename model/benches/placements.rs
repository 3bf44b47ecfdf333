//! Simulated packets per second of each placement's route, saturated, one core of a host with DDIO, 1500-octet packets.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use espsim_model::machine::Machine;
use espsim_model::placement::Placement;
use espsim_model::preset;
use espsim_model::run::engine;
use espsim_model::scenario::Scenario;

const PACKETS: u64 = 400_000;

fn placements(c: &mut Criterion) {
    let profile = preset::profile("haswell").expect("shipped").expect("valid");
    let mut group = c.benchmark_group("placement");
    group.sample_size(20).throughput(Throughput::Elements(PACKETS));
    for direction in ["transmit", "receive", "encrypt", "decrypt", "both"] {
        // Without a network nothing comes in.
        let forwards = ["encrypt", "decrypt", "both"].contains(&direction);
        let there = |placement: &Placement| {
            (placement.has_network() || direction == "transmit") && (forwards || !placement.only_forwards())
        };
        for placement in Placement::ALL.into_iter().filter(there) {
            // Room for the ESP overhead of a 1500-octet packet, as on a link with larger frames.
            let nic = if [Placement::DPU, Placement::DPU_CORES].contains(&placement) {
                "bluefield-3"
            } else {
                "connectx-6-dx"
            };
            let settings = [
                ("placement", placement.name()),
                ("nic.preset", nic),
                ("lookaside.driver", "complete"),
                ("traffic.direction", direction),
                ("traffic.packet", "1500 B"),
                ("traffic.mtu", "1600 B"),
            ];
            let scenario = Scenario::from_settings(&settings).expect("valid");
            let machine = Machine::build(&scenario, &profile).expect("valid");
            let compiled = machine.compile().expect("small");
            group.bench_function(format!("{direction}/{}", placement.name()), |b| {
                let mut engine = engine(&machine, &compiled, 1);
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
