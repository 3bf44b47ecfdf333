//! Whether a daemon and a bond do what a failover asks of them: what no real one does is refused by name.

use super::check::invalid;
use super::{AddressUpdate, Bonding, Daemon, Invalid, Scenario, SequenceNumbers, What};
use crate::placement::{Agent, Orphan};

impl Scenario {
    /// What a bond can hold.
    pub(super) fn check_bonding(&self) -> Result<(), Invalid> {
        let f = &self.failover;
        let refused = |name: &str, allowed: &str| invalid("failover.bonding", name, allowed);
        let name = match f.bonding {
            Bonding::None => return Ok(()),
            Bonding::PreInstalled => "pre-installed",
            Bonding::LinuxActiveBackup => "linux-active-backup",
        };
        // The standby's counter would begin where the SA began: numbers that the peer has seen already. For the same
        // reason the bonding driver has no `xdo_dev_policy_add`, which packet offload needs (S. Klassert, netdev, Jul 2025).
        let keeps_number = self.placement.encrypts_in_nic() && self.placement.0.encapsulates == Agent::Cpu;
        if !keeps_number || self.placement.0.orphan == Orphan::Dropped {
            return refused(name, "only with placement = \"inline-crypto\": bonds have no packet offload");
        }
        if f.address_update != AddressUpdate::None {
            return refused(name, "a bond keeps its address: address_update = \"none\"");
        }
        if f.bonding == Bonding::PreInstalled && !f.daemon.is_ideal() {
            return refused(name, "only with daemon = \"ideal\": no daemon installs an SA in two NICs");
        }
        Ok(())
    }

    /// What a daemon can be asked.
    pub(super) fn check_daemon(&self) -> Result<(), Invalid> {
        let f = &self.failover;
        let has = |what: What| f.event.iter().any(|event| event.what == what);
        let refused = |allowed: &str| invalid("failover.daemon", f.daemon.name(), allowed);
        if f.daemon == Daemon::None && has(What::Rekey) {
            return refused("a daemon to rekey with: ideal, strongswan or libreswan");
        }
        if !f.daemon.is_ideal() && f.batch > 1 {
            return invalid(
                "failover.batch",
                f.batch,
                "1 but for daemon = \"ideal\": daemons send one message at a time",
            );
        }
        if f.daemon.negotiates() && has(What::AcceleratorLoss) {
            return refused("ideal or none with accelerator-loss: no daemon hears of a lost crypto device");
        }
        if f.daemon.negotiates() && f.address_update == AddressUpdate::PerSa {
            let allowed = "none or per-ike-sa: UPDATE_SA_ADDRESSES is of an IKE SA (RFC 4555 section 3.5)";
            return invalid("failover.address_update", "per-sa", allowed);
        }
        if f.sequence_numbers == Some(SequenceNumbers::Stale) && !self.placement.encapsulates_in_nic() {
            let allowed = "kept but for placement = \"inline-packet\": elsewhere the kernel counts";
            return invalid("failover.sequence_numbers", "stale", allowed);
        }
        Ok(())
    }
}
