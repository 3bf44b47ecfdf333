//! What types alone cannot say: ranges, and whether the hardware can do what is asked of it.

use super::{Gso, Invalid, Scenario, Stack, Submission};
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::profile::Profile;
use crate::traffic::{Arrival, Basis, Direction, Traffic};
use crate::units::{Share, Time};

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
        for (at, class) in listed("traffic", &self.traffic) {
            self.check_traffic(&at, class)?;
        }
        self.check_classes()?;
        self.check_super_packets()?;
        self.check_stack(profile)?;
        within("sa.count", self.sa.count.into(), 1, 1_000_000)?;
        within("lookaside.threads", self.lookaside.threads.into(), 1, 1024)?;
        if let Gso(Some(size)) = self.offload.gso {
            // Linux takes up to 512 KiB with BIG TCP (GSO_MAX_SIZE in include/linux/netdevice.h).
            within("offload.gso", size.get(), 1, 524_280)?;
        }
        if let Gso(Some(size)) = self.offload.gro {
            within("offload.gro", size.get(), 1, 524_280)?;
        }
        self.check_devices()?;
        check_slot("pcie.uplink", &self.pcie.uplink)?;
        check_iommu(&self.pcie.iommu)?;
        if self.pcie.root_complex_rate.is_some_and(|rate| !rate.is_positive()) {
            return invalid("pcie.root_complex_rate", "zero", "a rate above zero");
        }
        self.check_offload(profile)?;
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
        let forwards = self.traffic.iter().all(|class| class.direction.is_forwarding());
        let sends = self.traffic.iter().all(|class| class.direction == Direction::Transmit);
        if self.lookaside.submission == Submission::Sync && !sends {
            return invalid("lookaside.submission", "sync", "interrupt or poll: a softirq cannot wait");
        }
        if self.host.stack == Stack::Kernel {
            return Ok(());
        }
        if profile.vector.is_none() {
            return invalid("host.stack", "vector", "the profile has no [vector] costs");
        }
        if !forwards {
            let allowed = "vector processing forwards: traffic.direction = \"encrypt\", \"decrypt\" or \"both\"";
            return invalid("host.stack", "vector", allowed);
        }
        Ok(())
    }

    /// What classes must have in common.
    fn check_classes(&self) -> Result<(), Invalid> {
        within("traffic", self.classes().len() as u64, 1, 8)?;
        let flows: u64 = self.classes().iter().map(|class| u64::from(class.flows)).sum();
        within("traffic.flows", flows, 1, 1_000_000)?;
        let saturates = |class: &Traffic| class.arrival == Arrival::Saturate;
        if self.traffic.iter().any(saturates) && !self.traffic.iter().all(saturates) {
            return invalid(
                "traffic.arrival",
                "saturate",
                "all classes or none: one that saturates leaves others no rate",
            );
        }
        let classes = self.classes();
        let mut names: Vec<&str> = classes.iter().map(Traffic::name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return invalid("traffic.name", pair[0], "a name of its own for each class: several go in one direction");
        }
        Ok(())
    }

    fn check_traffic(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let key = |name: &str| format!("{at}.{name}");
        within(&key("flows"), t.flows.into(), 1, 1_000_000)?;
        within(&key("window"), t.window.into(), 1, 1_000_000)?;
        within(&key("queue"), t.queue.into(), 1, 1_000_000)?;
        within(&key("mtu"), t.mtu.get(), 68, 65_535)?;
        within(&key("hash_seed"), t.hash_seed, 1, 1 << 32)?;
        if let Some(sas) = t.sas {
            within(&key("sas"), sas.into(), 1, self.sa.count.into())?;
        }
        if !(t.share > Share::from_fraction(0.0) && t.share <= Share::from_fraction(1.0)) {
            return invalid(&key("share"), t.share, "above 0 % and at most 100 %");
        }
        match (t.arrival, t.rate) {
            (Arrival::Saturate, _) => {}
            (_, None) => return invalid(&key("rate"), "missing", "arrivals at a rate need one, such as \"40 Gbps\""),
            (_, Some(rate)) if rate.as_bps() == 0 => return invalid(&key("rate"), rate, "a rate above zero"),
            (_, Some(rate)) if rate.as_gbps() > 100_000.0 => return invalid(&key("rate"), rate, "at most 100 Tbps"),
            _ => {}
        }
        if !matches!(t.size_basis, Basis::L3 | Basis::ClearL2 | Basis::L2) {
            return invalid(&key("size_basis"), "neither", "l3, or clear-l2 for the frame of the packet in the clear");
        }
        if t.mix.is_empty() || t.mix.iter().all(|entry| entry.weight == 0) {
            return invalid(&key("mix"), "empty", "at least one size with a weight above zero");
        }
        if t.mix.iter().any(|entry| entry.weight > 1_000_000) {
            return invalid(&key("mix"), "a weight", "weights up to 1000000");
        }
        self.check_sizes(at, t)
    }

    /// Whether the packets of a class fit the wire.
    fn check_sizes(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let (mtu, packet) = (format!("{at}.mtu"), format!("{at}.packet"));
        let esp = self.encapsulation();
        let Some(largest) = t.largest_l3(esp.as_ref()).filter(|l3| *l3 >= t.smallest_l3()) else {
            return invalid(&mtu, t.mtu, "an MTU that holds at least one octet of payload after all headers");
        };
        for entry in &t.mix {
            let (l3, smallest) = (t.l3(entry), t.smallest_l3());
            if l3 < smallest {
                let allowed = format!("at least {smallest} of l3: headers and one octet");
                return invalid(&packet, entry.size, allowed);
            }
            if l3 > largest && (self.offload.gso.0.is_none() || t.direction != Direction::Transmit) {
                let allowed = format!(
                    "at most {largest} of l3, so that the packet on the wire fits the MTU of {}; larger sends need {}",
                    t.mtu,
                    self.for_larger_sends(t.transport)
                );
                return invalid(&packet, entry.size, allowed);
            }
            if l3.get() > 524_280 {
                return invalid(&packet, entry.size, "at most 524280 B");
            }
        }
        Ok(())
    }

    fn check_devices(&self) -> Result<(), Invalid> {
        for (at, nic) in listed("nic", &self.nic) {
            check_nic(&at, nic)?;
        }
        for (at, card) in listed("accelerator", &self.accelerator) {
            check_accelerator(&at, card)?;
        }
        within("nic.count", self.nics().len() as u64, 1, 16)?;
        within("accelerator.count", self.accelerators().len() as u64, 1, 16)?;
        let standby = self.nic.iter().filter(|nic| nic.standby).count() as u64;
        within("nic.standby", standby, 0, 1)
    }
}

/// Each of a list with its key path; of one alone that of the table.
pub(super) fn listed<'a, T>(at: &str, all: &'a [T]) -> Vec<(String, &'a T)> {
    let several = all.len() > 1;
    let key = |i: usize| if several { format!("{at}[{i}]") } else { at.to_owned() };
    all.iter().enumerate().map(|(i, one)| (key(i), one)).collect()
}

fn check_accelerator(at: &str, card: &AcceleratorParams) -> Result<(), Invalid> {
    let key = |name: &str| format!("{at}.{name}");
    if card.rate.as_bps() == 0 {
        return invalid(&key("rate"), card.rate, "a rate above zero");
    }
    if !card.operation_rate.is_positive() {
        return invalid(&key("operation_rate"), card.operation_rate, "a rate above zero");
    }
    within(&key("count"), card.count.into(), 1, 16)?;
    within(&key("engines"), card.engines.into(), 1, 64)?;
    within(&key("ring"), card.ring.into(), 1, 65_536)?;
    within(&key("request"), card.request.get(), 1, 4096)?;
    within(&key("response"), card.response.get(), 1, 4096)?;
    within(&key("request_batch"), card.request_batch.into(), 1, 1024)?;
    within(&key("read_tags"), card.read_tags.into(), 1, 1024)?;
    within(&key("coalesce_responses"), card.coalesce_responses.into(), 1, 65_536)?;
    check_slot(&key("pcie"), &card.pcie)
}

fn check_nic(at: &str, nic: &NicParams) -> Result<(), Invalid> {
    let key = |name: &str| format!("{at}.{name}");
    if nic.line_rate.as_bps() == 0 {
        return invalid(&key("line_rate"), nic.line_rate, "a rate above zero");
    }
    if !nic.packet_rate.is_positive() {
        return invalid(&key("packet_rate"), nic.packet_rate, "a rate above zero");
    }
    within(&key("count"), nic.count.into(), 1, 16)?;
    within(&key("ports"), nic.ports.into(), 1, 2)?;
    if nic.standby && nic.count != 1 {
        return invalid(&key("count"), nic.count, "1 for the NIC that stands by");
    }
    within(&key("ring"), nic.ring.into(), 1, 65_536)?;
    within(&key("refill_batch"), nic.refill_batch.into(), 1, 65_536)?;
    within(&key("receive_buffer"), nic.receive_buffer.get(), 1, 1 << 30)?;
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
    check_slot(&key("pcie"), &nic.pcie)
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
