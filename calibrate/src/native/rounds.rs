//! Rounds over everything that is measured in a pass: what changes with time changes all of it alike.

use serde::{Deserialize, Serialize};

use super::anchor::Anchor;
use super::site::End;
use crate::sa_path::error::SaPathError;
use crate::sample::{median, nine_tenths};
use crate::steady::{Steady, steadily};

/// What a row is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A system call that does nothing.
    SystemCall,
    /// A netlink request that asks for nothing, send to acknowledgement.
    NetlinkNothing,
    /// One `send` of a UDP datagram into a device that drops.
    Call,
    /// The same where there are IPsec policies, of which none applies.
    Unprotected,
    /// The same in an ESP tunnel without cipher and integrity.
    Protected,
    /// One datagram of a `sendmmsg` of 64 into the same.
    Datagram,
    /// One `send` of a UDP super-packet that ends there.
    Send(End),
    /// One TCP super-packet that is injected whole and ends there.
    Injected(End),
    /// One TCP super-packet that is cut before the veth pair, merged by the peer, and ends there.
    Merged(End),
    /// One `recv` of a datagram that waits.
    Read,
    /// A write to a pipe that another thread of the same core reads, and the way back: two switches, two wake-ups.
    RoundTrip,
    /// The same two writes and two reads by one thread.
    PipeCalls,
    /// One packet of an anchor, from the sending application to the receiving one.
    Anchor(Anchor),
}

/// Cycles of one thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What.
    pub what: What,
    /// Packets, or segments, of one.
    pub packets: u32,
    /// Payload octets of a packet.
    pub octets: u32,
    /// Cycles in each pass: medians over its rounds.
    pub passes: Vec<f64>,
}

/// Names of what one run of a job gives, and the run, which gives seconds of each.
pub(super) struct Job<'a> {
    pub(super) rows: Vec<(What, u32, u32)>,
    pub(super) run: Box<dyn FnMut() -> Result<Vec<f64>, SaPathError> + 'a>,
}

impl<'a> Job<'a> {
    /// A job that gives seconds of one thing.
    pub(super) fn one(row: (What, u32, u32), mut run: impl FnMut() -> Result<f64, SaPathError> + 'a) -> Self {
        Job { rows: vec![row], run: Box::new(move || Ok(vec![run()?])) }
    }
}

/// Runs all jobs round after round, in cycles of the clock of each round; with the change of it that nine tenths of the
/// rounds lie within.
pub(super) fn measure(jobs: &mut [Job<'_>], rounds: usize) -> Result<Steady<Vec<Row>>, SaPathError> {
    let mut cycles: Vec<Vec<Vec<f64>>> = jobs.iter().map(|job| vec![Vec::new(); job.rows.len()]).collect();
    let mut changes = Vec::new();
    // The first round warms up caches, neighbours and routes.
    for round in 0..=rounds {
        let taken = steadily(|hertz| {
            let in_cycles = |job: &mut Job<'_>| -> Result<Vec<f64>, SaPathError> {
                Ok((job.run)()?.into_iter().map(|seconds| seconds * hertz).collect())
            };
            jobs.iter_mut().map(in_cycles).collect::<Result<Vec<Vec<f64>>, _>>()
        })?;
        if round > 0 {
            changes.push(taken.change);
            let rows = cycles.iter_mut().flatten().zip(taken.value.into_iter().flatten());
            rows.for_each(|(row, value)| row.push(value));
        }
    }
    let rows = jobs.iter().flat_map(|job| &job.rows).zip(cycles.iter().flatten());
    let row = |(&(what, packets, octets), cycles): (&(What, u32, u32), &Vec<f64>)| Row {
        what,
        packets,
        octets,
        passes: vec![median(cycles)],
    };
    Ok(Steady { value: rows.map(row).collect(), change: nine_tenths(changes) })
}
