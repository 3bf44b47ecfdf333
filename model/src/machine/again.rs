//! Machines of one scenario on many hosts.

use super::{Builder, Machine};
use crate::profile::Profile;
use crate::scenario::{Invalid, Scenario};

impl Machine {
    /// The machine of a scenario that has passed [`Scenario::check`] on a host of the same tables and limits: what differs are
    /// costs, clocks and rates. The check takes about as long as the rest.
    ///
    /// # Errors
    /// [`Invalid`] for one that is too large.
    pub fn build_checked(s: &Scenario, profile: &Profile) -> Result<Machine, Invalid> {
        Builder::new(s, profile).finish(&[])
    }
}
