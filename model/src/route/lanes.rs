//! Lanes of a program: their order, and which visits are fused.

use std::collections::{BTreeMap, BTreeSet};

use super::StationId;
use crate::engine::program::{Op, Pc, Program};
use crate::units::Time;

/// A lane is one station with one latency.
pub(super) type LaneKey = (StationId, Time);

/// Gives lanes their final numbers, in the order of (station, latency): the order of equal times.
pub(super) fn renumber_lanes(program: &mut Program, lanes: &BTreeMap<LaneKey, u16>) {
    let renumbered: BTreeMap<u16, u16> = lanes.values().enumerate().map(|(i, &met)| (met, i as u16)).collect();
    program.lanes = lanes.keys().map(|(_, latency)| latency.as_ps()).collect();
    for op in &mut program.ops {
        if let Op::Serve { lane, .. } | Op::ServeAny { lane, .. } | Op::Lock { lane, .. } | Op::Limit { lane, .. } = op
        {
            *lane = renumbered[lane];
        }
    }
}

/// Turns visits into `Op::Chain` at every server that all jobs reach directly from one and the same lane of a server
/// with one unit, such as the wire behind the NIC's engine or completions behind read requests.
pub(super) fn chain(program: &mut Program, entries: &BTreeSet<Pc>) {
    // Per server: the only lane that leads there, or `None` once there is another way.
    let mut ways: BTreeMap<u16, Option<u16>> = BTreeMap::new();
    for (pc, op) in program.ops.iter().enumerate() {
        let Op::Serve { server, .. } = *op else { continue };
        let from = match pc.checked_sub(1).map(|before| program.ops[before]) {
            Some(Op::Serve { server: before, lane, .. }) if before != server && !entries.contains(&(pc as Pc)) => {
                Some(lane)
            }
            _ => None,
        };
        ways.entry(server).and_modify(|way| *way = way.filter(|lane| Some(*lane) == from)).or_insert(from);
    }
    for op in &mut program.ops {
        if let Op::Serve { server, lane, time } = *op
            && ways.get(&server).is_some_and(Option::is_some)
        {
            *op = Op::Chain { server, lane, time };
        }
    }
}
