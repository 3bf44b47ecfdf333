//! Whether a failover can be simulated: what its events need of the scenario and of the host's profile.

use super::check::{between, invalid, within, within_if_given};
use super::{Device, Event, Invalid, Scenario, What};
use crate::profile::Profile;
use crate::traffic::Arrival;
use crate::units::Time;

/// Shorter than any packet's way.
const SHORTEST_BIN: Time = Time::from_ns(100);
/// Events of one kind that may happen in the span.
const MOST_HAPPENINGS: u64 = 10_000;

impl Scenario {
    /// Checks the failover of a scenario; without events nothing is asked for but values in their ranges.
    pub(super) fn check_failover(&self, profile: &Profile) -> Result<(), Invalid> {
        let f = &self.failover;
        within("failover.span", f.span)?;
        within("failover.bins", f.bins)?;
        within("failover.batch", f.batch)?;
        within("failover.sas_per_ike_sa", f.sas_per_ike_sa)?;
        within("failover.call", f.call)?;
        within("failover.detection", f.detection)?;
        within("failover.round_trip", f.round_trip)?;
        within("failover.exchange", f.exchange)?;
        within_if_given("failover.notification", f.notification)?;
        within_if_given("failover.roam_delay", f.roam_delay)?;
        within("failover.commands", f.commands)?;
        within("failover.command", f.command)?;
        within("failover.sa_age", f.sa_age)?;
        if f.event.is_empty() {
            return Ok(());
        }
        check_profile(profile)?;
        if f.span.as_ps() < SHORTEST_BIN.as_ps() * u64::from(f.bins) {
            return invalid("failover.span", f.span, format!("at least {SHORTEST_BIN} for each of failover.bins"));
        }
        between("host.cores", self.host.cores.into(), 1, 64)?;
        if self.nics().len() != 1 {
            let allowed = "one NIC that packets leave by, and another with standby = true";
            return invalid("nic.count", self.nics().len(), allowed);
        }
        self.check_failover_traffic(profile)?;
        self.check_bonding()?;
        self.check_daemon()?;
        (f.event.iter().enumerate()).try_for_each(|(i, event)| self.check_event(&format!("failover.event[{i}]"), event))
    }

    fn check_failover_traffic(&self, profile: &Profile) -> Result<(), Invalid> {
        if !self.is_open() {
            return invalid("traffic.arrival", "saturate", "constant or poisson: packets that come whatever is lost");
        }
        if self.traffic.iter().any(|class| class.arrival == Arrival::Trace) {
            return invalid(
                "traffic.arrival",
                "trace",
                "constant or poisson: a trace may end before the failover does",
            );
        }
        if self.classes().iter().any(|class| class.direction.is_inbound()) {
            return invalid("traffic.direction", "inbound", "transmit or encrypt: failover follows outbound SAs");
        }
        if self.placement.only_forwards() {
            let allowed = "a placement whose packets reach the host: rules of a hairpin name the ports of one NIC";
            return invalid("placement", self.placement.name(), allowed);
        }
        if !self.placement.has_sas() {
            return invalid("placement", "clear", "a placement with SAs");
        }
        if self.classes().iter().any(|class| !self.has_software_cost(profile, class.direction)) {
            return invalid(
                "sa.algorithm",
                self.sa.algorithm.name(),
                "the profile has no cost for this cipher, to fall back to",
            );
        }
        Ok(())
    }

    fn check_event(&self, key: &str, event: &Event) -> Result<(), Invalid> {
        let key = |name: &str| format!("{key}.{name}");
        let span = self.failover.span;
        if event.at > span {
            return invalid(&key("at"), event.at, format!("within failover.span, {span}"));
        }
        if event.every.is_some() && event.mtbf.is_some() {
            return invalid(&key("mtbf"), "given beside `every`", "one of the two: random or periodic");
        }
        for (name, time) in [("every", event.every), ("mtbf", event.mtbf)] {
            if let Some(time) = time.filter(|time| time.as_ps() == 0 || span.as_ps() / time.as_ps() > MOST_HAPPENINGS) {
                return invalid(&key(name), time, format!("at least a {MOST_HAPPENINGS}th of failover.span"));
            }
        }
        let ends = matches!(event.what, What::LinkDown | What::NicReset | What::AdminDown | What::AcceleratorLoss);
        if let Some(time) = event.lasts.filter(|_| !ends) {
            return invalid(&key("for"), time, "only with link-down, nic-reset, admin-down and accelerator-loss");
        }
        if event.what == What::AcceleratorLoss && !self.placement.uses_accelerator() {
            return invalid(&key("what"), "accelerator-loss", "only with placement = \"lookaside\"");
        }
        let needs_standby =
            event.device == Device::Standby || !matches!(event.what, What::Rekey | What::AcceleratorLoss);
        if needs_standby && self.standby().is_none() {
            let allowed = "only with a second NIC to leave by: [[nic]] with standby = true";
            return invalid(&key("what"), event.what.name(), allowed);
        }
        if event.what == What::HotPlug && event.device == Device::Nic {
            return invalid(&key("device"), "nic", "standby: packets leave by `nic` from the start");
        }
        Ok(())
    }
}

/// Times of the control path must be there, and must be times.
fn check_profile(profile: &Profile) -> Result<(), Invalid> {
    match &profile.sa {
        None => invalid(
            "profile.sa",
            "missing",
            "a failover needs a profile with a table [sa], the times of the control path, such as preset:zen4",
        ),
        Some(_) => Ok(()),
    }
}
