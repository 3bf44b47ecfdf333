//! Anchors: one core that sends and receives real UDP and TCP over the veth pair, at packet sizes and batches that no
//! parameter was measured at, beside what the model makes of it with the fresh profile.

mod model;
mod tcp;
mod udp;

use espsim_model::profile::{Anchored, Profile};
use serde::{Deserialize, Serialize};

pub use model::{SimulationError, simulated};

use super::derive::{Rows, veth};
use super::rounds::{Job, Row, What};
use super::site::Site;
use crate::sa_path::error::SaPathError;

/// The error that a prediction may have, in the clear.
pub const GOAL: f64 = 0.2;

/// Something that one core does end to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// Datagrams, each by a call of its own.
    Datagrams,
    /// Datagrams, many by one call (`UDP_SEGMENT`), each read by a call of its own.
    Trains,
    /// A TCP stream, segmented by the sending kernel and merged by the receiving one.
    Stream,
    /// Datagrams as the first, under ESP with AES-128-GCM by the kernel.
    Protected,
}

impl Anchor {
    /// Every one.
    pub const ALL: [Anchor; 4] = [Anchor::Datagrams, Anchor::Trains, Anchor::Stream, Anchor::Protected];

    /// Payload octets of a packet.
    pub const fn octets(self) -> u32 {
        match self {
            Anchor::Datagrams | Anchor::Protected => 777,
            Anchor::Trains => 900,
            Anchor::Stream => 1100,
        }
    }

    /// Packets that one call sends and one poll finds.
    pub const fn packets(self) -> u32 {
        match self {
            Anchor::Datagrams | Anchor::Protected => 1,
            Anchor::Trains => 12,
            Anchor::Stream => 44,
        }
    }

    /// What it is, in words.
    pub fn name(self) -> String {
        let (octets, packets) = (self.octets(), self.packets());
        match self {
            Anchor::Datagrams => format!("UDP, {octets} B, a call each, in the clear over veth"),
            Anchor::Protected => format!("UDP, {octets} B, a call each, under ESP over veth"),
            Anchor::Trains => format!("UDP, {octets} B, {packets} by a call, in the clear over veth"),
            Anchor::Stream => format!("TCP, {octets} B, {packets} by a call, in the clear over veth"),
        }
    }
}

/// Jobs of all anchors in the clear.
pub(super) fn jobs(site: &Site) -> Result<Vec<Job<'static>>, SaPathError> {
    Ok(vec![udp::job(site, Anchor::Datagrams)?, udp::job(site, Anchor::Trains)?, tcp::job(site)?])
}

/// The anchor under ESP.
pub(super) fn protected_job(site: &Site) -> Result<Job<'static>, SaPathError> {
    udp::job(site, Anchor::Protected)
}

/// Every anchor that was measured beside what the model makes of it with a profile.
///
/// # Errors
/// [`SimulationError`] if the model does not take the profile.
pub fn anchored(profile: &Profile, rows: &[Row]) -> Result<Vec<Anchored>, SimulationError> {
    let driver = veth(rows);
    let rows = Rows(rows);
    let one = |anchor: Anchor| {
        let measured = rows.over_passes(|pass| rows.single(What::Anchor(anchor), pass));
        let simulated = simulated(profile, anchor, driver.map(|cycles| cycles.value))?;
        Ok(Anchored { what: anchor.name(), measured, simulated })
    };
    let was_measured = |anchor: &Anchor| rows.0.iter().any(|row| row.what == What::Anchor(*anchor));
    Anchor::ALL.into_iter().filter(was_measured).map(one).collect()
}
