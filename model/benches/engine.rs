//! Events per second of the engine: a closed tandem of four first-come-first-served servers.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use espsim_model::engine::Engine;
use espsim_model::engine::program::{Arrivals, Op, Program, Workload};

const SERVERS: u16 = 4;
const EVENTS: u64 = 4_000_000;

fn tandem(packets: u32, exponential: bool) -> Engine {
    // Unequal servers, the third the slowest: queues form and empty.
    let times = [70_000, 90_000, 100_000, 80_000];
    let mut ops: Vec<Op> = (0..SERVERS)
        .map(|server| {
            let time = times[usize::from(server)];
            if exponential {
                Op::ServeRandom { server, lane: server, mean: time }
            } else {
                Op::Serve { server, lane: server, time }
            }
        })
        .collect();
    ops.extend([Op::Depart { class: 0, bytes: 1500 }, Op::End]);
    let program =
        Program { ops, servers: vec![1; SERVERS.into()], lanes: vec![0; SERVERS.into()], ..Program::default() };
    let workload = Workload::single(1, Arrivals::Closed { jobs_per_flow: packets });
    Engine::new(program, workload, 1, 1 << 20)
}

fn engine(c: &mut Criterion) {
    let mut group = c.benchmark_group("engine");
    group.sample_size(20).throughput(Throughput::Elements(EVENTS));
    for (name, exponential) in [("deterministic", false), ("exponential", true)] {
        for packets in [64, 1024, 65536] {
            group.bench_function(BenchmarkId::new(name, packets), |b| {
                let mut engine = tandem(packets, exponential);
                b.iter(|| {
                    let done = engine.observer.packets() + EVENTS / u64::from(SERVERS);
                    engine.run(black_box(done), u64::MAX, u64::MAX);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
