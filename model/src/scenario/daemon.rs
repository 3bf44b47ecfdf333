//! The key management daemon of a failover: which it is, and whose CPU it uses.

use serde::{Deserialize, Serialize};

use crate::units::Time;

/// Who answers for SAs when addresses and routes change, and when the kernel has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Daemon {
    /// Follows every change at once, has the keys of SAs that are gone, knows every number, and firmware takes no time. No
    /// daemon does: the least that a failover can cost.
    Ideal,
    /// strongSwan. `fire_roam_event` (kernel_netlink_net.c) waits 100 ms and takes all changes of that time together;
    /// `ike_sa_t::roam` keeps the path if its address is still there, whatever NIC has it, and updates addresses by MOBIKE
    /// if not; `update_sa` (kernel_netlink_ipsec.c) reads, deletes and adds inbound and outbound SAs in the NIC of the new
    /// address, without a second try where that refuses. strongSwan 6.0.
    Strongswan,
    /// libreswan. `record_newaddr` (ikev2_mobike.c) waits 3 s for the route to a new address; `update_mobike_endpoints`
    /// updates the first Child SA of an IKE SA and no other, by `XFRM_MSG_MIGRATE` without an offload, so that the CPU
    /// encrypts from then on. Nothing is done about an address that stays and changes its NIC (libreswan issue 2413).
    /// libreswan 5.3.
    Libreswan,
    /// None, or one that does not follow.
    None,
}

impl Daemon {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Daemon::Ideal => "ideal",
            Daemon::Strongswan => "strongswan",
            Daemon::Libreswan => "libreswan",
            Daemon::None => "none",
        }
    }

    /// Whether it is better than any that there is.
    pub const fn is_ideal(self) -> bool {
        matches!(self, Daemon::Ideal)
    }

    /// Whether there is one, and it is one that people run.
    pub const fn negotiates(self) -> bool {
        matches!(self, Daemon::Strongswan | Daemon::Libreswan)
    }

    /// How long it waits after the news of a changed address: `ROAM_DELAY` of strongSwan's
    /// src/libcharon/plugins/kernel_netlink/kernel_netlink_net.c, `RTM_NEWADDR_ROUTE_DELAY` of libreswan's
    /// include/pluto_constants.h.
    pub const fn roam_delay(self) -> Time {
        match self {
            Daemon::Ideal | Daemon::None => Time::ZERO,
            Daemon::Strongswan => Time::from_us(100_000),
            Daemon::Libreswan => Time::from_us(3_000_000),
        }
    }
}

/// Whose CPU the daemon's messages use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DaemonCpu {
    /// A core that carries no packets.
    OwnCore,
    /// The first core of the data path, first come first served with its packets.
    Shared,
}
