//! One point to simulate: every parameter, resolved.

use serde::{Deserialize, Serialize};

use crate::esp::{Encapsulation, Mode};
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::placement::Placement;
use crate::profile::{AeadCost, Algorithm, Direction, Profile};
use crate::traffic::{Arrival, Basis, Path, Traffic};
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
    /// The lookaside accelerator.
    pub accelerator: AcceleratorParams,
    /// How the accelerator is used.
    pub lookaside: Lookaside,
    /// How the devices are attached.
    pub pcie: Pcie,
    /// When a run is long enough.
    pub run: RunParams,
}

/// The host's share in the data path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostParams {
    /// Cores that the data path may use.
    pub cores: u32,
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

fn invalid<T>(key: &str, value: impl ToString, allowed: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid { key: key.to_owned(), value: value.to_string(), allowed: allowed.into() })
}

fn within(key: &str, value: u64, low: u64, high: u64) -> Result<(), Invalid> {
    if (low..=high).contains(&value) { Ok(()) } else { invalid(key, value, format!("{low} to {high}")) }
}

impl Scenario {
    /// How packets are encapsulated; `None` in the clear.
    pub fn encapsulation(&self) -> Option<Encapsulation> {
        let SaParams { algorithm, mode, nat_t, .. } = self.sa;
        (self.placement != Placement::Clear).then_some(Encapsulation { algorithm, mode, nat_t })
    }

    /// Checks what types alone cannot: ranges, and whether the hardware can do what is asked of it.
    ///
    /// # Errors
    /// The first value that is not allowed, by its key.
    pub fn check(&self, profile: &Profile) -> Result<(), Invalid> {
        // Every core takes a slot of the event core, and a few for hardware remain.
        within("host.cores", self.host.cores.into(), 1, 256)?;
        self.check_traffic()?;
        self.check_stack(profile)?;
        self.check_nic()?;
        self.check_accelerator()?;
        for (key, slot) in [
            ("pcie.nic", &self.pcie.nic),
            ("pcie.accelerator", &self.pcie.accelerator),
            ("pcie.uplink", &self.pcie.uplink),
        ] {
            check_slot(key, slot)?;
        }
        check_iommu(&self.pcie.iommu)?;
        if self.pcie.root_complex_rate.is_some_and(|rate| !rate.is_positive()) {
            return invalid("pcie.root_complex_rate", "zero", "a rate above zero");
        }
        self.check_crypto(profile)?;
        let half_width = self.run.half_width.fraction();
        if !(half_width > 0.0 && half_width <= 0.5) {
            return invalid("run.half_width", self.run.half_width, "above 0 % and at most 50 %");
        }
        within("run.max_packets", self.run.max_packets, 1000, 10_000_000_000)?;
        if self.run.max_time == Time::ZERO || self.run.max_time > Time::from_seconds(3600.0) {
            return invalid("run.max_time", self.run.max_time, "above 0 and at most 3600 s");
        }
        Ok(())
    }

    fn check_stack(&self, profile: &Profile) -> Result<(), Invalid> {
        if self.lookaside.submission == Submission::Sync && self.traffic.direction != Path::Transmit {
            return invalid("lookaside.submission", "sync", "interrupt or poll: a softirq cannot wait");
        }
        if self.host.stack == Stack::Kernel {
            return Ok(());
        }
        if profile.vector.is_none() {
            return invalid("host.stack", "vector", "the profile has no [vector] costs");
        }
        if self.traffic.direction != Path::Forward {
            return invalid("host.stack", "vector", "vector processing forwards: traffic.direction = \"forward\"");
        }
        Ok(())
    }

    fn check_traffic(&self) -> Result<(), Invalid> {
        let t = &self.traffic;
        within("traffic.flows", t.flows.into(), 1, 1_000_000)?;
        within("traffic.window", t.window.into(), 1, 1_000_000)?;
        within("traffic.queue", t.queue.into(), 1, 1_000_000)?;
        within("traffic.mtu", t.mtu.get(), 68, 65_535)?;
        within("sa.count", self.sa.count.into(), 1, 1_000_000)?;
        within("lookaside.threads", self.lookaside.threads.into(), 1, 1024)?;
        within("lookaside.devices", self.lookaside.devices.into(), 1, 16)?;
        match (t.arrival, t.rate) {
            (Arrival::Saturate, _) => {}
            (_, None) => return invalid("traffic.rate", "missing", "arrivals at a rate need one, such as \"40 Gbps\""),
            (_, Some(rate)) if rate.as_bps() == 0 => return invalid("traffic.rate", rate, "a rate above zero"),
            (_, Some(rate)) if rate.as_gbps() > 100_000.0 => return invalid("traffic.rate", rate, "at most 100 Tbps"),
            _ => {}
        }
        if !matches!(t.size_basis, Basis::L3 | Basis::L2) {
            return invalid("traffic.size_basis", "neither", "l3 or l2");
        }
        if t.mix.is_empty() || t.mix.iter().all(|entry| entry.weight == 0) {
            return invalid("traffic.mix", "empty", "at least one size with a weight above zero");
        }
        if t.mix.iter().any(|entry| entry.weight > 1_000_000) {
            return invalid("traffic.mix", "a weight", "weights up to 1000000");
        }
        let esp = self.encapsulation();
        let Some(largest) = t.largest_l3(esp.as_ref()).filter(|l3| *l3 >= t.smallest_l3()) else {
            return invalid("traffic.mtu", t.mtu, "an MTU that holds at least one octet of payload after all headers");
        };
        if let Gso(Some(size)) = self.offload.gso {
            // Linux takes up to 512 KiB with BIG TCP (GSO_MAX_SIZE in include/linux/netdevice.h).
            within("offload.gso", size.get(), 1, 524_280)?;
        }
        if let Gso(Some(size)) = self.offload.gro {
            within("offload.gro", size.get(), 1, 524_280)?;
        }
        for entry in &t.mix {
            let (l3, smallest) = (t.l3(entry), t.smallest_l3());
            if l3 < smallest {
                return invalid(
                    "traffic.packet",
                    entry.size,
                    format!("at least {smallest} of l3: headers and one octet"),
                );
            }
            if l3 > largest && (self.offload.gso.0.is_none() || t.direction != Path::Transmit) {
                let allowed = format!(
                    "at most {largest} of l3, so that the packet on the wire fits the MTU of {}; larger sends need offload.gso",
                    t.mtu
                );
                return invalid("traffic.packet", entry.size, allowed);
            }
            if l3.get() > 524_280 {
                return invalid("traffic.packet", entry.size, "at most 524280 B");
            }
        }
        Ok(())
    }

    fn check_nic(&self) -> Result<(), Invalid> {
        let nic = &self.nic;
        if nic.line_rate.as_bps() == 0 {
            return invalid("nic.line_rate", nic.line_rate, "a rate above zero");
        }
        if !nic.packet_rate.is_positive() {
            return invalid("nic.packet_rate", nic.packet_rate, "a rate above zero");
        }
        within("nic.ring", nic.ring.into(), 1, 65_536)?;
        within("nic.buffer", nic.buffer.get(), 1, 1 << 30)?;
        within("nic.read_tags", nic.read_tags.into(), 1, 1024)?;
        within("nic.descriptor", nic.descriptor.get(), 1, 4096)?;
        within("nic.receive_descriptor", nic.receive_descriptor.get(), 1, 4096)?;
        within("nic.descriptor_batch", nic.descriptor_batch.into(), 1, 1024)?;
        within("nic.completion", nic.completion.get(), 1, 4096)?;
        within("nic.completion_batch", nic.completion_batch.into(), 1, 1024)?;
        within("nic.moderation_packets", nic.moderation_packets.into(), 1, 65_536)?;
        if nic.queue_packet_rate.is_some_and(|rate| !rate.is_positive()) {
            return invalid("nic.queue_packet_rate", "zero", "a rate above zero");
        }
        if let Some(esp) = &nic.esp {
            within("nic.esp.sa_cache", esp.sa_cache.into(), 1, 1 << 24)?;
            within("nic.esp.sa_context", esp.sa_context.get(), 1, 4096)?;
            within("nic.esp.sa_fetches", esp.sa_fetches.into(), 1, 1024)?;
            if esp.rate.as_bps() == 0 {
                return invalid("nic.esp.rate", esp.rate, "a rate above zero");
            }
            if !esp.packet_rate.is_positive() {
                return invalid("nic.esp.packet_rate", esp.packet_rate, "a rate above zero");
            }
        }
        Ok(())
    }

    fn check_accelerator(&self) -> Result<(), Invalid> {
        let card = &self.accelerator;
        if card.rate.as_bps() == 0 {
            return invalid("accelerator.rate", card.rate, "a rate above zero");
        }
        if !card.operation_rate.is_positive() {
            return invalid("accelerator.operation_rate", card.operation_rate, "a rate above zero");
        }
        within("accelerator.engines", card.engines.into(), 1, 64)?;
        within("accelerator.ring", card.ring.into(), 1, 65_536)?;
        within("accelerator.request", card.request.get(), 1, 4096)?;
        within("accelerator.response", card.response.get(), 1, 4096)?;
        within("accelerator.request_batch", card.request_batch.into(), 1, 1024)?;
        within("accelerator.read_tags", card.read_tags.into(), 1, 1024)?;
        within("accelerator.coalesce_responses", card.coalesce_responses.into(), 1, 65_536)
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

    /// Whether whoever is to encrypt can do this cipher.
    fn check_crypto(&self, profile: &Profile) -> Result<(), Invalid> {
        let algorithm = self.sa.algorithm;
        let offers = |algorithms: &[Algorithm]| algorithms.contains(&algorithm);
        match self.placement {
            Placement::Clear => Ok(()),
            Placement::Host if self.software_cost(profile).is_some() => Ok(()),
            Placement::Host => invalid("sa.algorithm", algorithm.name(), "the profile has no cost for this cipher"),
            Placement::Lookaside
                if self.lookaside.when_full == WhenFull::Software && self.software_cost(profile).is_none() =>
            {
                invalid("sa.algorithm", algorithm.name(), "the profile has no cost for this cipher, to fall back to")
            }
            Placement::Lookaside if offers(&self.accelerator.algorithms) => Ok(()),
            Placement::Lookaside => {
                invalid("sa.algorithm", algorithm.name(), format!("{} does not offer it", self.accelerator.title))
            }
            Placement::InlineCrypto | Placement::InlinePacket => {
                let Some(esp) = &self.nic.esp else {
                    return invalid(
                        "placement",
                        self.placement.name(),
                        format!("{} has no ESP engine", self.nic.title),
                    );
                };
                if !offers(&esp.algorithms) {
                    return invalid("sa.algorithm", algorithm.name(), format!("{} does not offer it", self.nic.title));
                }
                if self.placement == Placement::InlinePacket && !esp.packet_offload {
                    let allowed = format!("{} has crypto offload only", self.nic.title);
                    return invalid("placement", self.placement.name(), allowed);
                }
                if self.sa.count > esp.sa_capacity {
                    let allowed = format!("{} holds {} SAs", self.nic.title, esp.sa_capacity);
                    return invalid("sa.count", self.sa.count, allowed);
                }
                Ok(())
            }
        }
    }
}

fn check_slot(key: &str, slot: &SlotParams) -> Result<(), Invalid> {
    within(&format!("{key}.generation"), slot.generation.into(), 1, 5)?;
    if ![1, 2, 4, 8, 16, 32].contains(&slot.lanes) {
        return invalid(&format!("{key}.lanes"), slot.lanes, "1, 2, 4, 8, 16 or 32");
    }
    for (name, size) in
        [("max_payload_size", slot.max_payload_size), ("max_read_request_size", slot.max_read_request_size)]
    {
        if !size.get().is_power_of_two() || !(128..=4096).contains(&size.get()) {
            return invalid(&format!("{key}.{name}"), size, "a power of two from 128 B to 4096 B");
        }
    }
    if ![64, 128].contains(&slot.read_completion_boundary.get()) {
        return invalid(&format!("{key}.read_completion_boundary"), slot.read_completion_boundary, "64 B or 128 B");
    }
    for (name, share) in
        [("data_link_share", slot.data_link_share), ("data_link_share_down", slot.data_link_share_down)]
    {
        if let Some(share) = share.filter(|share| !(0.0..0.5).contains(share)) {
            return invalid(&format!("{key}.{name}"), share, "a share from 0 to 0.5");
        }
    }
    match slot.posted_data_credits {
        // A root port grants at least what one TLP of its Max_Payload_Size takes (Base Specification section 2.6.1).
        Some(credits) if credits < slot.max_payload_size || credits.get() > 1 << 20 => {
            invalid(&format!("{key}.posted_data_credits"), credits, "from max_payload_size to 1 MiB")
        }
        _ => Ok(()),
    }
}

fn check_iommu(iommu: &IommuParams) -> Result<(), Invalid> {
    within("pcie.iommu.entries", iommu.entries.into(), 1, 1 << 20)?;
    within("pcie.iommu.page", iommu.page.get(), 4096, 1 << 30)?;
    within("pcie.iommu.walkers", iommu.walkers.into(), 1, 1024)?;
    within("pcie.iommu.working_set", iommu.working_set.get(), 1, 1 << 36)?;
    if iommu.walk > Time::from_seconds(1e-3) {
        return invalid("pcie.iommu.walk", iommu.walk, "at most 1 ms");
    }
    within("pcie.iommu.working_set", iommu.working_set.pieces(iommu.page), 1, 1 << 24)
}
