//! The engine of a machine, ready to run.

use crate::engine::Engine;
use crate::engine::program::{Arrivals, Pc, Source, Workload};
use crate::engine::trace::{Tracer, Untraced};
use crate::machine::{Class, Machine};
use crate::route::Compiled;
use crate::traffic::SendCall;

/// The engine of a machine with its traffic.
pub fn engine(machine: &Machine, compiled: &Compiled, seed: u64) -> Engine {
    traced_engine(machine, compiled, seed, Untraced)
}

/// The same with a tracer.
pub fn traced_engine<T: Tracer>(machine: &Machine, compiled: &Compiled, seed: u64, tracer: T) -> Engine<T> {
    let workload = Workload {
        flows: machine.flows.clone(),
        keys: machine.keys.clone(),
        starts: starts(machine, &compiled.starts),
        sources: machine.classes.iter().map(source).collect(),
    };
    Engine::traced(compiled.program.clone(), workload, seed, batch_packets(machine), tracer)
}

fn source(class: &Class) -> Source {
    Source {
        flows: class.flows.len() as u32,
        weights: class.weights.clone(),
        packets: class.sends.iter().map(SendCall::count).collect(),
        arrivals: class.arrivals,
        train: class.train,
        recorded: class.recorded.clone(),
    }
}

/// Where a job starts, by path and then send.
fn starts(machine: &Machine, starts: &[Pc]) -> Vec<Vec<Pc>> {
    let mut rest = starts;
    let of_path = machine.routes.iter().map(|routes| {
        let (own, others) = rest.split_at(routes.len());
        rest = others;
        own.to_vec()
    });
    of_path.collect()
}

/// The most batches of a trace: its batches are as much longer as it is, so that no list grows with it.
const MOST_BATCHES_OF_TRACE: u64 = 16_384;

/// A batch of a quarter of what is in flight: shorter ones would see the bursts in which packets come out.
fn batch_packets(machine: &Machine) -> u32 {
    let segments = machine.classes.iter().map(Class::most_segments).max().unwrap_or(1);
    let in_flight: u32 = machine.classes.iter().map(in_flight).fold(0, u32::saturating_add);
    let batch = (in_flight / 4).max(4 * segments).clamp(256, 16_384);
    let recordings = machine.classes.iter().filter_map(|class| class.recorded.0.as_ref());
    let recorded: u64 = recordings.map(|recording| recording.jobs()).sum();
    batch.max(u32::try_from(recorded.div_ceil(MOST_BATCHES_OF_TRACE)).unwrap_or(u32::MAX))
}

/// Packets of a class in flight, as far as that is known beforehand.
fn in_flight(class: &Class) -> u32 {
    let jobs = match class.arrivals {
        Arrivals::Closed { jobs_per_flow } => jobs_per_flow.saturating_mul(class.flows.len() as u32),
        arrivals => class.train.jobs.saturating_mul(arrivals.trains()),
    };
    jobs.saturating_mul(class.most_segments())
}
