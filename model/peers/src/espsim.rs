//! The tandem in espsim's engine: a program of visits.

use espsim_model::engine::Engine;
use espsim_model::engine::program::{Arrivals, Op, Program, Workload};

use crate::{Outcome, SERVICE, STATIONS, Simulation, Tandem};

/// Departures of one batch of the engine's rate; the rate is not looked at here.
const BATCH: u32 = 1 << 20;

/// Builds the simulation with visits fused where one way leads, as the routes of the data path are: a departure from a
/// server is known on arrival, so that with constant service times a round is one event. Exponential ones are not fused.
pub fn build(tandem: &Tandem) -> Simulation {
    let fused = |(server, time)| Op::Chain { server, lane: server, time };
    let mut ops = visits(tandem);
    if !tandem.exponential {
        ops.splice(1.., (1..).zip(SERVICE.into_iter().skip(1)).map(fused));
    }
    simulation(tandem, ops)
}

/// Builds the simulation with an event for every visit.
pub fn build_unfused(tandem: &Tandem) -> Simulation {
    simulation(tandem, visits(tandem))
}

/// A visit to each station.
fn visits(tandem: &Tandem) -> Vec<Op> {
    let visit = |(server, mean): (u16, u64)| {
        if tandem.exponential {
            Op::ServeRandom { server, lane: server, mean }
        } else {
            Op::Serve { server, lane: server, time: mean }
        }
    };
    (0..).zip(SERVICE).map(visit).collect()
}

fn simulation(tandem: &Tandem, mut ops: Vec<Op>) -> Simulation {
    ops.extend([Op::Depart { class: 0, bytes: 1 }, Op::End]);
    let program = Program { ops, servers: vec![1; STATIONS], lanes: vec![0; STATIONS], ..Program::default() };
    let workload = Workload::single(1, Arrivals::Closed { jobs_per_flow: tandem.customers });
    let mut engine = Engine::new(program, workload, tandem.seed, BATCH);
    let departures = tandem.departures;
    Box::new(move || {
        engine.run(departures, u64::MAX, u64::MAX);
        engine.drain();
        Outcome {
            visits: engine.visits()[..STATIONS].iter().sum(),
            departures: engine.observer.packets(),
            end: engine.now_ps(),
            // The histogram is in ns, a thousand ticks.
            mean_sojourn: engine.observer.latency(0).mean() * 1e3,
        }
    })
}
