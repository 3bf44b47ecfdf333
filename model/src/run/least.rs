//! The least latency of a machine: no packet is faster than its way takes with nothing before it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::too_large;
use crate::engine::program::{Op, Pc, Program};
use crate::machine::Machine;
use crate::profile::Profile;
use crate::scenario::{Invalid, Scenario};
use crate::units::Time;

/// The sum of service and latency on the fastest way that any packet can go: a closed form that no simulation goes below.
/// Random times count as nothing, and what waits for others as not waiting.
///
/// # Errors
/// [`Invalid`] as [`super::simulate`].
pub fn least_latency(scenario: &Scenario, profile: &Profile) -> Result<Time, Invalid> {
    let machine = Machine::build(scenario, profile)?;
    let compiled = machine.compile().map_err(|error| too_large(scenario, error))?;
    Ok(Time::from_ps(fastest(&compiled.program, &compiled.starts).unwrap_or(0)))
}

/// The least time from any of these operations to a departure (Dijkstra 1959); `None` if none is reached.
fn fastest(program: &Program, starts: &[Pc]) -> Option<u64> {
    let mut done = vec![false; program.ops.len()];
    let mut next: BinaryHeap<Reverse<(u64, Pc)>> = starts.iter().map(|&start| Reverse((0, start))).collect();
    while let Some(Reverse((time, pc))) = next.pop() {
        let Some(op) = program.ops.get(pc as usize) else { continue };
        if std::mem::replace(&mut done[pc as usize], true) {
            continue;
        }
        if let Op::Depart { .. } = op {
            return Some(time);
        }
        let after = time.saturating_add(least(op, program));
        next.extend(ways_on(op, pc).into_iter().flatten().map(|pc| Reverse((after, pc))));
    }
    None
}

/// The least that an operation takes.
fn least(op: &Op, program: &Program) -> u64 {
    let latency = |lane: u16| program.lanes[usize::from(lane)];
    match *op {
        Op::Serve { lane, time, .. } | Op::ServeAny { lane, time, .. } | Op::Chain { lane, time, .. } => {
            time.saturating_add(latency(lane))
        }
        Op::ServeRandom { lane, .. } | Op::ServeAnyRandom { lane, .. } | Op::Wait { lane } => latency(lane),
        Op::Lock { time, .. } => time,
        _ => 0,
    }
}

/// Where a job can go on after an operation, or what it starts.
fn ways_on(op: &Op, pc: Pc) -> [Option<Pc>; 3] {
    let next = pc + 1;
    match *op {
        Op::Limit { otherwise: Pc::MAX, .. } => [Some(next), None, None],
        Op::TryAcquire { otherwise, .. } | Op::Limit { otherwise, .. } | Op::InWindow { otherwise, .. } => {
            [Some(next), Some(otherwise), None]
        }
        Op::Gather { .. } | Op::Merge { .. } => [Some(next), Some(next + 1), None],
        Op::Poll { .. } => [Some(next), Some(next + 1), Some(next + 2)],
        Op::Lookup { hit, .. } => [Some(next), Some(hit), None],
        Op::Fork { body, .. } => [Some(next), Some(body), None],
        Op::Jump { to } => [Some(to), None, None],
        Op::Join | Op::End => [None; 3],
        // Of ways to choose from the first comes next, and all cost the same.
        _ => [Some(next), None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Layer, Origin, resolve, scenario};
    use crate::preset;
    use crate::run::simulate;

    /// At a load under which packets hardly meet, it is little less than what is simulated; never more.
    #[test]
    fn no_packet_is_faster() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        for placement in ["clear", "host", "lookaside", "inline-crypto", "inline-packet"] {
            let values = [
                ("placement", placement.into()),
                ("traffic.arrival", "poisson".into()),
                ("traffic.rate", "1 Mbps".into()),
                ("run.max_packets", toml::Value::Integer(2000)),
            ];
            let layer: Layer = values.into_iter().map(|(key, value)| (key.to_owned(), (value, Origin::Set))).collect();
            let s = scenario(&resolve(&layer).unwrap()).unwrap();
            let least = least_latency(&s, &profile).unwrap().as_ns();
            let p50 = simulate(&s, &profile, 1).unwrap().latency.unwrap().p50_ns;
            assert!(least > 0.3 * p50 && least <= p50 * 1.01, "{placement}: {least} and {p50}");
        }
    }
}
