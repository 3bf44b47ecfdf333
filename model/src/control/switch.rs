//! Where a bond's change of its active NIC stands.

use crate::scenario::Device;
use crate::units::Time;

/// The list has an SA of each direction, whose commands all wait for one another.
const DIRECTIONS: f64 = 2.0;

/// Where a change of the active NIC stands.
#[derive(Debug, Clone, Copy)]
pub struct Switch {
    /// The NIC that it is to.
    pub to: Device,
    /// Whether packets leave by the new NIC already.
    pub adds: bool,
    /// The SA that is being added.
    pub under_way: Option<u32>,
    /// The SA that is looked at next.
    pub next: u32,
    /// What has been found meanwhile: RTNL is waited for.
    pub then: Then,
}

/// What waits for a change of the active NIC to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// A link that was lost or has come back.
    Detected,
    /// The administrator's choice.
    To(Device),
}

/// Time for which one pair of SAs is deleted or added, by so long for each direction.
pub fn step(firmware: Time) -> Time {
    firmware.scale(DIRECTIONS)
}
