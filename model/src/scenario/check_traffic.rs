//! What a class of traffic needs for the way in which it comes.

use super::check::{invalid, within_if_given};
use super::{Invalid, Scenario};
use crate::traffic::{Arrival, Traffic};

impl Scenario {
    pub(super) fn check_bursts(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let key = |name: &str| format!("{at}.{name}");
        within_if_given(&key("on"), t.on)?;
        within_if_given(&key("off"), t.off)?;
        within_if_given(&key("burst"), t.burst)?;
        let missing = |name, allowed: &str| invalid(&key(name), "missing", allowed);
        match t.arrival {
            Arrival::OnOff if t.on.is_none() => missing("on", "a mean time, such as \"100 us\", for arrivals on-off"),
            Arrival::OnOff if t.off.is_none() => missing("off", "a mean time, such as \"100 us\", for arrivals on-off"),
            Arrival::Bursts if t.burst.is_none() => {
                missing("burst", "a mean number, such as 32, for arrivals in bursts")
            }
            _ => Ok(()),
        }
    }
}
