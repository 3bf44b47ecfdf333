//! The tandem in espsim's engine: a program of visits.

use espsim_model::engine::Engine;
use espsim_model::engine::program::{Arrivals, Op, Program, Workload};

use crate::{Outcome, SERVICE, STATIONS, Simulation, Tandem};

/// Departures of one batch of the engine's rate; the rate is not looked at here.
const BATCH: u32 = 1 << 20;

/// Builds the simulation. Every visit is an operation of its own, none is fused into a chain: one event each.
pub fn build(tandem: &Tandem) -> Simulation {
    let visit = |(server, mean): (u16, u64)| {
        if tandem.exponential {
            Op::ServeRandom { server, lane: server, mean }
        } else {
            Op::Serve { server, lane: server, time: mean }
        }
    };
    let mut ops: Vec<Op> = (0..).zip(SERVICE).map(visit).collect();
    ops.extend([Op::Depart { bytes: 1 }, Op::End]);
    let program = Program { ops, servers: vec![1; STATIONS], lanes: vec![0; STATIONS], ..Program::default() };
    let workload = Workload {
        flows: vec![0],
        keys: vec![0],
        starts: vec![vec![0]],
        weights: vec![1],
        arrivals: Arrivals::Closed { jobs_per_flow: tandem.customers },
    };
    let mut engine = Engine::new(program, workload, tandem.seed, BATCH);
    let departures = tandem.departures;
    Box::new(move || {
        engine.run(departures, u64::MAX, u64::MAX);
        engine.drain();
        Outcome {
            visits: engine.events(),
            departures: engine.observer.packets(),
            end: engine.now_ps(),
            // The histogram is in ns, a thousand ticks.
            mean_sojourn: engine.observer.latency().mean() * 1e3,
        }
    })
}
