//! What types alone cannot say: ranges, and whether the hardware can do what is asked of it.

use super::{Gso, Invalid, Scenario, Stack, Submission, WhenFull};
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::placement::Placement;
use crate::profile::{Algorithm, Profile};
use crate::traffic::{Arrival, Basis, Path};
use crate::units::Time;

pub(super) fn invalid<T>(key: &str, value: impl ToString, allowed: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid { key: key.to_owned(), value: value.to_string(), allowed: allowed.into() })
}

pub(super) fn within(key: &str, value: u64, low: u64, high: u64) -> Result<(), Invalid> {
    if (low..=high).contains(&value) { Ok(()) } else { invalid(key, value, format!("{low} to {high}")) }
}

impl Scenario {
    /// Checks what types alone cannot: ranges, and whether the hardware can do what is asked of it.
    ///
    /// # Errors
    /// The first value that is not allowed, by its key.
    pub fn check(&self, profile: &Profile) -> Result<(), Invalid> {
        // Every core takes a slot of the event core, and a few for hardware remain.
        within("host.cores", self.host.cores.into(), 1, 256)?;
        within("host.nics", self.host.nics.into(), 1, 16)?;
        self.check_traffic()?;
        self.check_super_packets()?;
        self.check_stack(profile)?;
        check_nic("nic", &self.nic)?;
        check_nic("standby", &self.standby)?;
        self.check_accelerator()?;
        for (key, slot) in [
            ("pcie.nic", &self.pcie.nic),
            ("pcie.standby", &self.pcie.standby),
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
        self.check_failover(profile)?;
        self.check_products()?;
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
                    "at most {largest} of l3, so that the packet on the wire fits the MTU of {}; larger sends need {}",
                    t.mtu,
                    self.for_larger_sends()
                );
                return invalid("traffic.packet", entry.size, allowed);
            }
            if l3.get() > 524_280 {
                return invalid("traffic.packet", entry.size, "at most 524280 B");
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
                // In a failover those that the NIC refuses are installed in software.
                if self.sa.count.div_ceil(self.host.nics) > esp.sa_capacity && self.failover.event.is_empty() {
                    let allowed =
                        format!("{} holds {} SAs, and there are {}", self.nic.title, esp.sa_capacity, self.host.nics);
                    return invalid("sa.count", self.sa.count, allowed);
                }
                Ok(())
            }
        }
    }
}

fn check_nic(at: &str, nic: &NicParams) -> Result<(), Invalid> {
    let key = |name: &str| format!("{at}.{name}");
    if nic.line_rate.as_bps() == 0 {
        return invalid(&key("line_rate"), nic.line_rate, "a rate above zero");
    }
    if !nic.packet_rate.is_positive() {
        return invalid(&key("packet_rate"), nic.packet_rate, "a rate above zero");
    }
    within(&key("ring"), nic.ring.into(), 1, 65_536)?;
    within(&key("buffer"), nic.buffer.get(), 1, 1 << 30)?;
    within(&key("read_tags"), nic.read_tags.into(), 1, 1024)?;
    within(&key("descriptor"), nic.descriptor.get(), 1, 4096)?;
    within(&key("receive_descriptor"), nic.receive_descriptor.get(), 1, 4096)?;
    within(&key("descriptor_batch"), nic.descriptor_batch.into(), 1, 1024)?;
    within(&key("completion"), nic.completion.get(), 1, 4096)?;
    within(&key("completion_batch"), nic.completion_batch.into(), 1, 1024)?;
    within(&key("moderation_packets"), nic.moderation_packets.into(), 1, 65_536)?;
    if nic.queue_packet_rate.is_some_and(|rate| !rate.is_positive()) {
        return invalid(&key("queue_packet_rate"), "zero", "a rate above zero");
    }
    if let Some(esp) = &nic.esp {
        within(&key("esp.sa_cache"), esp.sa_cache.into(), 1, 1 << 24)?;
        within(&key("esp.sa_context"), esp.sa_context.get(), 1, 4096)?;
        within(&key("esp.sa_fetches"), esp.sa_fetches.into(), 1, 1024)?;
        if esp.rate.as_bps() == 0 {
            return invalid(&key("esp.rate"), esp.rate, "a rate above zero");
        }
        if !esp.packet_rate.is_positive() {
            return invalid(&key("esp.packet_rate"), esp.packet_rate, "a rate above zero");
        }
    }
    Ok(())
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
