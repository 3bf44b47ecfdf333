//! What daemons do that people run: they follow addresses, not routes, and ask the peer for SAs that the kernel has lost.

use super::daemon::{Tables, Target};
use super::life_cycle::{Holders, Installed, Sa};
use super::messages::Message;
use crate::scenario::{Daemon, Device};

impl Tables {
    /// The first message that an SA needs, if any. An SA with the host's address stays in whatever NIC it is: strongSwan
    /// keeps the path (`is_current_path_valid`, src/libcharon/sa/ike_sa.c), libreswan is not asked.
    pub(super) fn first_as_is(&self, sa: &Sa, target: &Target, leads: bool) -> Option<Message> {
        match (self.daemon, sa.installed) {
            (Daemon::Ideal | Daemon::None, _) => None,
            (_, Installed::Gone) => self.is_asked_for(sa, target).then_some(Message::Rekey),
            _ if sa.address == target.address => None,
            (Daemon::Strongswan, _) => Some(Message::Inbound),
            // "for now just do this one connection, later on loop over all Child SAs" (update_mobike_endpoints).
            (Daemon::Libreswan, _) => leads.then_some(Message::Migrate),
        }
    }

    /// Whether packets make the kernel ask the daemon for an SA in the place of one that is gone (`XFRM_MSG_ACQUIRE`), and
    /// whether there would be a place for it. Under packet offload the policy has gone with the NIC
    /// (`xfrm_dev_policy_flush`), so that packets leave in the clear and nobody asks.
    fn is_asked_for(&self, sa: &Sa, target: &Target) -> bool {
        let wanted = self.wanted(target).filter(|wanted| !sa.refused.has(*wanted));
        let has_place = wanted.is_some_and(|wanted| self.takes(wanted));
        !self.placement.encapsulates_in_nic() && (has_place || self.software || self.placement.encrypts_on_cpu())
    }

    /// How strongSwan adds an SA that it has deleted to move it (`update_sa`): with the NIC of the new address, and once. A
    /// NIC that knows nothing of ESP leaves it to the CPU under crypto offload and is an error under packet offload
    /// (`xfrm_dev_state_add`, net/xfrm/xfrm_device.c). What is refused is gone.
    pub(super) fn update(&self, done: Message, target: &Target) -> Option<Message> {
        let wanted = self.wanted(target);
        (done == Message::Delete).then_some(match wanted {
            Some(wanted) if self.takes(wanted) => Message::AddOffload,
            None if !self.placement.encapsulates_in_nic() => Message::Add,
            _ => Message::Refuse,
        })
    }

    /// What `XFRM_MSG_MIGRATE` without an offload makes of an SA (`xfrm_state_migrate`): a copy that the CPU does. Under
    /// packet offload the policy keeps its NIC, and `xfrm_state_find` passes over SAs of others.
    pub(super) fn migrated(&self, sa: &mut Sa, target: &Target) {
        sa.address = target.route;
        if let Installed::At(holders) = sa.installed
            && !self.placement.encapsulates_in_nic()
        {
            let nics = Device::ALL.map(Holders::nic);
            sa.installed = Installed::At(nics.into_iter().fold(holders, Holders::without));
        }
    }
}
