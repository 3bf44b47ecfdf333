//! One point to simulate: every parameter, resolved.

mod check;
mod check_failover;
mod check_products;
mod failover;

pub use failover::{AddressUpdate, Api, Bonding, DaemonCpu, Delays, Device, Event, Failover, What};
use serde::{Deserialize, Serialize};

use crate::esp::{Encapsulation, Mode};
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::placement::Placement;
use crate::profile::{AeadCost, Algorithm, Direction, Profile};
use crate::traffic::{Path, Traffic};
use crate::units::{Bytes, PacketRate, Share, Time};

/// A resolved scenario: one placement, one traffic, one set of hardware.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Where crypto runs.
    pub placement: Placement,
    /// The host.
    pub host: HostParams,
    /// What is sent.
    pub traffic: Traffic,
    /// How it is protected.
    pub sa: SaParams,
    /// What is left to the NIC.
    pub offload: Offload,
    /// The NIC.
    pub nic: NicParams,
    /// Another NIC, which packets leave by after a failover.
    pub standby: NicParams,
    /// The lookaside accelerator.
    pub accelerator: AcceleratorParams,
    /// How the accelerator is used.
    pub lookaside: Lookaside,
    /// How the devices are attached.
    pub pcie: Pcie,
    /// When a run is long enough.
    pub run: RunParams,
    /// What happens to NICs and SAs, and how the key management daemon answers.
    pub failover: Failover,
}

/// The host's share in the data path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostParams {
    /// Cores that the data path may use.
    pub cores: u32,
    /// NICs of the same kind, each in a slot of its own; every core has queues on all of them, SAs take them in turn.
    pub nics: u32,
    /// What carries packets.
    pub stack: Stack,
}

/// What carries packets on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// The Linux kernel: system calls, interrupts, NAPI.
    Kernel,
    /// Vector processing in userspace (VPP, DPDK): cores that poll, packets in vectors of up to 256.
    Vector,
}

/// How callers wait for the accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Submission {
    /// They do not; completions come by coalesced interrupts.
    Interrupt,
    /// They do not; the core polls for completions.
    Poll,
    /// Each thread waits for its request: one in flight per thread.
    Sync,
}

/// Where completion interrupts go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interrupts {
    /// To the core that submitted.
    OwnCore,
    /// All to one core.
    OneCore,
}

/// What a core does when the accelerator's ring is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// Waits: back-pressure.
    Wait,
    /// Does the work itself.
    Software,
}

/// How a lookaside accelerator is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookaside {
    /// How callers wait.
    pub submission: Submission,
    /// Threads per core that submit synchronously.
    pub threads: u32,
    /// Where completion interrupts go.
    pub interrupts: Interrupts,
    /// What happens when the ring is full.
    pub when_full: WhenFull,
    /// Devices, each in a slot of its own; cores take them in turn.
    pub devices: u32,
}

/// How the lock of an SA is passed on between cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// Queued spinlock: each waiter spins on a line of its own (Linux from 4.2 on x86).
    Queued,
    /// Ticket spinlock: all waiters spin on one line, and passing on takes longer the more they are.
    Ticket,
}

/// Security associations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaParams {
    /// Cipher.
    pub algorithm: Algorithm,
    /// Transport or tunnel mode.
    pub mode: Mode,
    /// UDP encapsulation (RFC 3948).
    pub nat_t: bool,
    /// Number of SAs, over which flows are spread. With fewer SAs than sending cores, cores share them and contend for
    /// their locks.
    pub count: u32,
    /// How the lock is passed on.
    pub lock: Lock,
}

/// Which offloads are used where the NIC has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offload {
    /// Largest super-packet that the stack builds, in octets of payload (generic segmentation offload); `off` for none.
    pub gso: Gso,
    /// Largest packet that received ones are merged into (generic receive offload); `off` for none.
    pub gro: Gso,
    /// Segmentation in the NIC: TSO in the clear, ESP GSO with inline crypto.
    pub nic_segmentation: bool,
    /// Transport checksum in the NIC.
    pub nic_checksum: bool,
}

/// Generic segmentation offload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gso(pub Option<Bytes>);

impl Serialize for Gso {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(size) => serializer.collect_str(&size),
            None => serializer.serialize_str("off"),
        }
    }
}

impl<'de> Deserialize<'de> for Gso {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "off" => Ok(Gso(None)),
            size => size
                .parse()
                .map(|size| Gso(Some(size)))
                .map_err(|error: crate::units::UnitError| serde::de::Error::custom(format!("{error}, or \"off\""))),
        }
    }
}

/// PCIe slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pcie {
    /// Whether NIC and accelerator have a slot each or share an uplink behind a switch.
    pub attachment: Attachment,
    /// The NIC's slot.
    pub nic: SlotParams,
    /// The other NIC's slot.
    pub standby: SlotParams,
    /// The accelerator's slot.
    pub accelerator: SlotParams,
    /// The switch's uplink, where they share one.
    pub uplink: SlotParams,
    /// Translation of devices' addresses.
    pub iommu: IommuParams,
    /// Transfers per second that the root complex handles for all devices; absent for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_complex_rate: Option<PacketRate>,
}

/// How NIC and accelerator are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attachment {
    /// A root port each.
    OwnSlot,
    /// Behind one switch with one uplink.
    SharedUplink,
}

/// When a run is long enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunParams {
    /// Target for the half-width of throughput's 95 % interval, relative to throughput.
    pub half_width: Share,
    /// Packets after which a run stops all the same.
    pub max_packets: u64,
    /// Simulated time after which a run stops all the same.
    pub max_time: Time,
}

/// A value that a scenario cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` is {value}: {allowed}")]
pub struct Invalid {
    /// Key path.
    pub key: String,
    /// The value.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
}

impl Scenario {
    /// How packets are encapsulated; `None` in the clear.
    pub fn encapsulation(&self) -> Option<Encapsulation> {
        let SaParams { algorithm, mode, nat_t, .. } = self.sa;
        (self.placement != Placement::Clear).then_some(Encapsulation { algorithm, mode, nat_t })
    }

    /// The cost of doing the cipher on the CPU: one backend for all sizes, the best at full-sized packets, since a
    /// kernel does not change ciphers by packet.
    pub fn software_cost<'a>(&self, profile: &'a Profile) -> Option<&'a AeadCost> {
        let direction = if self.traffic.direction == Path::Receive { Direction::Open } else { Direction::Seal };
        profile.aead(self.sa.algorithm, direction, Bytes::new(1408))
    }

    /// Largest super-packet; received packets come one by one.
    pub fn gso(&self) -> Option<Bytes> {
        self.offload.gso.0.filter(|_| self.traffic.direction == Path::Transmit)
    }

    /// Cores that share each SA.
    pub fn cores_per_sa(&self) -> u32 {
        let sends = self.placement != Placement::Clear && self.traffic.direction != Path::Receive;
        // Received packets of an SA all come to the core that its SPI hashes to.
        if sends { self.host.cores.div_ceil(self.sa.count).max(1) } else { 1 }
    }
}
