//! What happens to NICs and SAs in a scenario, and how the key management daemon answers.

use serde::{Deserialize, Serialize};

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
    /// Whose CPU the daemon's messages use.
    pub daemon: DaemonCpu,
    /// From the loss (or return) of a link until packets leave by the other NIC: bonding's `miimon`, BFD.
    pub detection: Time,
    /// From a change until the daemon knows; the profile's `sa.notification` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification: Option<Time>,
    /// Whether packets return to `nic` when its link does.
    pub failback: bool,
    /// Whether both NICs hold every SA.
    pub bonding: Bonding,
    /// Whether the host's address changes with the NIC (RFC 4555), which costs exchanges with the peers.
    pub address_update: AddressUpdate,
    /// SAs that one IKE SA has made.
    pub sas_per_ike_sa: u32,
    /// Round trip of an exchange.
    pub round_trip: Time,
    /// CPU time of the daemon for one exchange.
    pub exchange: Time,
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

/// Whose CPU the daemon's messages use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DaemonCpu {
    /// A core that carries no packets.
    OwnCore,
    /// The first core of the data path, first come first served with its packets.
    Shared,
}

/// Whether both NICs hold every SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bonding {
    /// No: SAs are re-installed after the failover.
    None,
    /// Active-backup, SAs installed on the standby beforehand.
    PreInstalled,
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
