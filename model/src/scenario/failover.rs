//! What happens to NICs and SAs in a scenario, and how the key management daemon answers.

use serde::{Deserialize, Serialize};

use super::daemon::{Daemon, DaemonCpu};
use crate::placement::Placement;
use crate::units::Time;

/// Events of a failover scenario and the ways of the daemon that re-installs SAs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    /// Simulated time.
    pub span: Time,
    /// Bins of the timeline, all of one length.
    pub bins: u32,
    /// What happens; a scenario without events has no failover.
    pub event: Vec<Event>,
    /// How a refused offload is answered.
    pub api: Api,
    /// Whether an SA that no NIC takes is installed in software; else its packets are dropped.
    pub software: bool,
    /// Messages that the daemon sends in one system call; 1 for one after the other.
    pub batch: u32,
    /// The part of a message's time that is the system call, which a batch pays once.
    pub call: Time,
    /// Whether messages take their median time or one drawn from the profile.
    pub delays: Delays,
    /// Who answers for SAs when addresses and routes change.
    pub daemon: Daemon,
    /// Whose CPU the daemon's messages use.
    pub daemon_cpu: DaemonCpu,
    /// From the loss (or return) of a link until packets leave by the other NIC: bonding's `miimon`, BFD.
    pub detection: Time,
    /// From a change until the daemon knows; the profile's `sa.notification` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Time>,
    /// Whether packets return to `nic` when its link does.
    pub failback: bool,
    /// What the bond of both NICs does with SAs, if there is one.
    pub bonding: Bonding,
    /// Whether the host's address changes with the NIC (RFC 4555), which costs exchanges with the peers.
    pub address_update: AddressUpdate,
    /// SAs that one IKE SA has made.
    pub sas_per_ike_sa: u32,
    /// Round trip of an exchange.
    pub round_trip: Time,
    /// CPU time of the daemon for one exchange.
    pub exchange: Time,
    /// From a change of address that the daemon has been told of until it acts on it; the daemon's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roam_delay: Option<Time>,
    /// Firmware commands that add an SA of one direction to a NIC, and that remove it.
    pub commands: u32,
    /// Time of one firmware command.
    pub command: Time,
    /// Where an SA that a NIC numbered goes on in another one; as the daemon's kernel has it if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence_numbers: Option<SequenceNumbers>,
    /// How long each SA has been in use when the span begins.
    pub sa_age: Time,
}

impl Failover {
    /// From the news of a changed address until the daemon acts on it.
    pub fn roam_delay(&self) -> Time {
        self.roam_delay.unwrap_or(self.daemon.roam_delay())
    }

    /// Time of the commands that add an SA of one direction to a NIC, or remove it.
    pub fn firmware(&self) -> Time {
        self.command.scale(f64::from(self.commands))
    }

    /// Whether an SA whose numbers only the NIC knows begins anew when it is moved.
    pub fn restarts_numbers(&self, placement: Placement) -> bool {
        let stale = || if self.daemon.is_ideal() { SequenceNumbers::Kept } else { SequenceNumbers::Stale };
        placement.encapsulates_in_nic() && self.sequence_numbers.unwrap_or_else(stale) == SequenceNumbers::Stale
    }

    /// Ways of a packet that have routes of their own: by either NIC, offloaded or in software, or dropped; and by either
    /// NIC with a number that the peer has seen, where there are such.
    pub fn ways(&self, placement: Placement) -> u64 {
        if self.restarts_numbers(placement) { 8 } else { 6 }
    }

    /// Whether the kernel's bonding driver moves SAs.
    pub fn kernel_moves(&self) -> bool {
        self.bonding == Bonding::LinuxActiveBackup
    }
}

/// Something that happens: once, periodically or at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What.
    pub what: What,
    /// To which NIC; for a route change, the one that packets leave by from then on.
    #[serde(default)]
    pub device: Device,
    /// When for the first time; for random events, from when on.
    pub at: Time,
    /// Time from one to the next, if periodic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Time>,
    /// Mean time between two, exponentially distributed, if random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtbf: Option<Time>,
    /// How long the device is gone; for good if absent.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Time>,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The NIC has no carrier. Its SAs stay in it.
    LinkDown,
    /// The NIC has carrier again.
    LinkUp,
    /// Packets leave by this NIC from now on.
    RouteChange,
    /// The NIC is reset: no carrier, and the SAs bound to it are gone from the kernel too (`xfrm_dev_down`, Linux
    /// net/xfrm/xfrm_device.c, flushes them when the device goes down).
    NicReset,
    /// The NIC is set down by the administrator (`ip link set down`): no carrier, and its SAs are gone as after a reset,
    /// but for those of a bond, which are bound to the bond's device.
    AdminDown,
    /// Every SA is rekeyed.
    Rekey,
    /// The lookaside accelerator is gone: requests fail until SAs are installed without it.
    AcceleratorLoss,
    /// The NIC is plugged in; before the first such event it is not there.
    HotPlug,
}

impl What {
    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            What::LinkDown => "link-down",
            What::LinkUp => "link-up",
            What::RouteChange => "route-change",
            What::NicReset => "nic-reset",
            What::AdminDown => "admin-down",
            What::Rekey => "rekey",
            What::AcceleratorLoss => "accelerator-loss",
            What::HotPlug => "hot-plug",
        }
    }
}

/// One of the two NICs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// The one that packets leave by at first.
    #[default]
    Nic,
    /// The other one.
    Standby,
}

impl Device {
    /// Both, in order of preference.
    pub const ALL: [Device; 2] = [Device::Nic, Device::Standby];

    /// The name used in files.
    pub const fn name(self) -> &'static str {
        match self {
            Device::Nic => "nic",
            Device::Standby => "standby",
        }
    }

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// How a refused offload is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// The kernel returns the driver's error; the daemon sends a second message, without offload.
    FailThenRetry,
    /// The message allows software: the kernel decides.
    FallbackFlag,
}

/// How long messages take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delays {
    /// Their medians.
    Median,
    /// Drawn from the profile's distributions.
    Drawn,
}

/// What a bond does with SAs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bonding {
    /// There is none, or none that knows of SAs: they are re-installed after the failover.
    None,
    /// Active-backup, SAs installed on the standby beforehand. No kernel does so: the least that a bond could lose.
    PreInstalled,
    /// Active-backup as in Linux: when the active NIC changes, the kernel deletes SA after SA from the old one, lets
    /// packets leave by the new one, and adds SA after SA to it (`bond_change_active_slave`, `bond_ipsec_del_sa_all`,
    /// `bond_ipsec_add_sa_all` in drivers/net/bonding/bond_main.c, Linux 6.16). Meanwhile `xso.real_dev` is NULL and
    /// packets are encrypted on the CPU.
    LinuxActiveBackup,
}

/// What an address update costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressUpdate {
    /// The address stays.
    None,
    /// One exchange for every SA.
    PerSa,
    /// One exchange for every IKE SA, as `UPDATE_SA_ADDRESSES` does (RFC 4555 section 3.5).
    PerIkeSa,
}

/// Where an SA goes on that a NIC has numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SequenceNumbers {
    /// Past every number that has been used: who moves it knows what the NIC has counted.
    Kept,
    /// At 1 again. The kernel's `replay_esn->oseq` is that of the installation: `xfrm_output` counts nothing under packet
    /// offload, and mlx5 gives the new NIC `max(oseq, 1)` (`mlx5e_ipsec_update_esn_state` in en_accel/ipsec.c, Linux 6.16).
    /// The peer drops what it has seen before (RFC 4303 section 3.4.3), and IVs are used twice.
    Stale,
}
