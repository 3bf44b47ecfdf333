//! One point to simulate: every parameter, resolved.

mod check;
mod check_daemon;
mod check_failover;
mod check_offload;
mod check_products;
mod check_stack;
mod check_traffic;
mod daemon;
mod derived;
mod dpu;
mod failover;
pub(crate) mod numbers;
mod one_or_many;
pub mod parameters;

pub use daemon::{Daemon, DaemonCpu};
pub use dpu::{DpuEsp, DpuParams, SOC_STACK, Soc};
pub use failover::{AddressUpdate, Api, Bonding, Delays, Device, Event, Failover, SequenceNumbers, What};
pub use numbers::Sense;
use serde::{Deserialize, Serialize};

use crate::esp::{Family, Inside, Mode};
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::layers::{self, Doubts, Layer, LayerError, Origin};
use crate::placement::Placement;
use crate::profile::Algorithm;
use crate::stack::Stack;
use crate::traffic::Traffic;
use crate::units::{BitRate, Bytes, PacketRate, Share, Time};

/// A resolved scenario: one placement, one traffic, one set of hardware.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Where crypto runs.
    pub placement: Placement,
    /// The host.
    pub host: HostParams,
    /// What is sent: one class or several.
    #[serde(with = "one_or_many")]
    pub traffic: Vec<Traffic>,
    /// How it is protected.
    pub sa: SaParams,
    /// What is left to the NIC.
    pub offload: Offload,
    /// The NICs, each kind of which may be there several times.
    #[serde(with = "one_or_many")]
    pub nic: Vec<NicParams>,
    /// What a DPU does with ESP, where the placement is one.
    pub dpu: DpuParams,
    /// The lookaside accelerators.
    #[serde(with = "one_or_many")]
    pub accelerator: Vec<AcceleratorParams>,
    /// How the accelerator is used.
    pub lookaside: Lookaside,
    /// How the devices are attached.
    pub pcie: Pcie,
    /// When a run is long enough.
    pub run: RunParams,
    /// What happens to NICs and SAs, and how the key management daemon answers.
    pub failover: Failover,
    /// What of all this may be otherwise, by key: no part of what is simulated.
    #[serde(skip)]
    pub doubts: Doubts,
}

/// The host's share in the data path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostParams {
    /// Cores that the data path may use.
    pub cores: u32,
    /// What carries packets.
    pub stack: Stack,
    /// Whether packets pass netfilter hooks with rules.
    pub netfilter: bool,
    /// Whether connections are tracked.
    pub conntrack: bool,
    /// Ways of the last-level cache that device writes land in (on Intel's hosts the register `IIO_LLC_WAYS`): 0 for
    /// none, as without direct cache access; absent for what the profile says, all or none of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ddio_ways: Option<u32>,
    /// Memory of applications that is sent from and received into, any of which is as likely to be next; absent where the
    /// last-level cache holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_set: Option<Bytes>,
    /// What a core waits longer for a line of DRAM than for one of the last-level cache.
    pub line_wait: Time,
    /// Cores, the last of them, that do the cipher of all where the CPU encrypts; as many as there are or more: all of them,
    /// beside packets of their own. Absent, each core does its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crypto_workers: Option<u32>,
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
    /// Octets to encrypt from which on packets are handed over; smaller ones stay on the CPU.
    pub smallest: Bytes,
    /// Whose driver it is, which decides what ciphers the kernel has of it.
    pub driver: Driver,
    /// Copies of each buffer by the core where there is no network, half before and half after.
    pub copies: u32,
}

/// Whose driver the kernel has for an accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// That of the kernel's own tree, with the ciphers that it registers.
    InTree,
    /// One that registers all that the device does.
    Complete,
}

/// How the lock of an SA is passed on between cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// Queued spinlock: each waiter spins on a line of its own (Linux from 4.2 on x86).
    Queued,
    /// All waiters spin on one line, and passing on takes longer the more they are: ticket spinlocks, and test-and-set in
    /// guests without paravirtual locks (`virt_spin_lock`, Linux arch/x86/include/asm/qspinlock.h).
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
    /// Family of the header that tunnel mode, or a tunnel inside ESP, adds; that of the inner packet if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outer: Option<Family>,
    /// A tunnel inside ESP.
    pub inside: Inside,
    /// Extended sequence numbers (RFC 4303 section 2.2.1).
    pub esn: bool,
    /// UDP encapsulation (RFC 3948).
    pub nat_t: bool,
    /// Number of SAs in each direction that there is traffic in, over which flows are spread: a tunnel has two. An SA that
    /// several cores send through has a lock that they contend for.
    pub count: u32,
    /// How the lock is passed on.
    pub lock: Lock,
    /// How often a packet that the NIC has decrypted takes it.
    pub lock_passes: u32,
    /// What policies select packets by.
    pub selectors: Selectors,
    /// Whether each of these SAs is one for every core (RFC 9611), which no lock is needed for.
    pub per_cpu: bool,
    /// What one SA may carry, of inner IP packets (l3); absent for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<BitRate>,
    /// Packets that one SA may carry; absent for no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_rate: Option<PacketRate>,
    /// How long packets may come ahead of these limits before they are dropped.
    pub burst: Time,
    /// Packets that an inbound SA's replay window holds; absent for no window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_window: Option<u32>,
    /// Pairs of outer addresses that the SAs of a direction share, at most one for each SA.
    pub peers: u32,
}

/// What IPsec policies select packets by, of which there is one for each SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Selectors {
    /// Single addresses, which a hash table finds (`xfrm_policy_hash_bysel`, Linux net/xfrm/xfrm_policy.c).
    Exact,
    /// Prefixes, which a tree finds (`xfrm_policy_inexact_lookup_rcu`).
    Prefix,
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
    /// Whether what was in transport mode is merged after decryption, which takes `esp4_offload`; tunnel mode has
    /// `gro_cells` (Linux net/xfrm/xfrm_input.c).
    pub esp_gro: bool,
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
    /// Whether NICs and accelerators have a slot each or share an uplink behind a switch.
    pub attachment: Attachment,
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
    /// The shipped defaults with these keys set, as `--set` takes them: numbers and truth values as such, all else as text.
    ///
    /// ```
    /// use espsim_model::scenario::Scenario;
    ///
    /// let scenario = Scenario::from_settings(&[("host.cores", "4"), ("traffic.packet", "512 B")]).unwrap();
    /// assert_eq!(scenario.host.cores, 4);
    /// ```
    ///
    /// # Errors
    /// [`LayerError`] for a key that is unknown or a value that its type refuses.
    pub fn from_settings(settings: &[(&str, &str)]) -> Result<Scenario, LayerError> {
        let value = |text: &str| match (text.parse::<i64>(), text.parse::<bool>()) {
            (Ok(number), _) => toml::Value::Integer(number),
            (_, Ok(truth)) => toml::Value::Boolean(truth),
            _ => toml::Value::String(text.to_owned()),
        };
        let set = |(key, text): &(&str, &str)| ((*key).to_owned(), (value(text), Origin::Set));
        let layer: Layer = settings.iter().map(set).collect();
        layers::scenario(&layers::resolve(&layer)?)
    }
}
