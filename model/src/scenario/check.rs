//! What types alone cannot say: ranges, and whether the hardware can do what is asked of it.

use super::parameters::{self, Scalar};
use super::{Invalid, Scenario};
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::profile::Profile;
use crate::traffic::{Arrival, Basis, Direction, Traffic};

/// Pages of DMA buffers, each of which the model keeps.
const MOST_PAGES: u64 = 1 << 24;

pub(super) fn invalid<T>(key: &str, value: impl ToString, allowed: impl Into<String>) -> Result<T, Invalid> {
    Err(Invalid { key: key.to_owned(), value: value.to_string(), allowed: allowed.into() })
}

/// A value is in the range that the table of parameters has for its key.
pub(super) fn within(key: &str, value: impl Scalar) -> Result<(), Invalid> {
    let Some(parameter) = parameters::find(key) else {
        debug_assert!(false, "{key} is no parameter");
        return Ok(());
    };
    match parameter.takes.range().contains(value.base()) {
        true => Ok(()),
        false => invalid(key, value, parameter.takes.range_words()),
    }
}

/// The same for what may be absent.
pub(super) fn within_if_given(key: &str, value: Option<impl Scalar>) -> Result<(), Invalid> {
    value.map_or(Ok(()), |value| within(key, value))
}

/// A number is in a range that depends on other values.
pub(super) fn between(key: &str, value: u64, low: u64, high: u64) -> Result<(), Invalid> {
    if (low..=high).contains(&value) { Ok(()) } else { invalid(key, value, format!("{low} to {high}")) }
}

impl Scenario {
    /// Checks what types alone cannot: ranges, and whether the hardware can do what is asked of it.
    ///
    /// # Errors
    /// The first value that is not allowed, by its key.
    pub fn check(&self, profile: &Profile) -> Result<(), Invalid> {
        within("host.cores", self.host.cores)?;
        within_if_given("host.ddio_ways", self.host.ddio_ways)?;
        within_if_given("host.crypto_workers", self.host.crypto_workers)?;
        self.check_ddio(profile)?;
        within_if_given("offload.gso", self.offload.gso.0)?;
        within_if_given("offload.gro", self.offload.gro.0)?;
        for (at, class) in listed("traffic", &self.traffic) {
            self.check_traffic(&at, class)?;
        }
        self.check_classes()?;
        self.check_super_packets()?;
        self.check_stack(profile)?;
        within("sa.count", self.sa.count)?;
        within("sa.count", self.sas())?;
        within("sa.peers", self.sa.peers)?;
        within("sa.lock_passes", self.sa.lock_passes)?;
        within_if_given("sa.rate", self.sa.rate)?;
        within_if_given("sa.packet_rate", self.sa.packet_rate)?;
        within("sa.burst", self.sa.burst)?;
        within_if_given("sa.replay_window", self.sa.replay_window)?;
        within_if_given("host.working_set", self.host.working_set)?;
        within("host.line_wait", self.host.line_wait)?;
        within("lookaside.threads", self.lookaside.threads)?;
        within("lookaside.smallest", self.lookaside.smallest)?;
        within("lookaside.copies", self.lookaside.copies)?;
        self.check_devices()?;
        self.check_dpu_values()?;
        check_slot("pcie.uplink", &self.pcie.uplink)?;
        check_iommu(&self.pcie.iommu)?;
        within_if_given("pcie.root_complex_rate", self.pcie.root_complex_rate)?;
        self.check_offload(profile)?;
        self.check_failover(profile)?;
        self.check_products()?;
        within("run.half_width", self.run.half_width)?;
        within("run.max_packets", self.run.max_packets)?;
        within("run.max_time", self.run.max_time)
    }

    /// What classes must have in common.
    fn check_classes(&self) -> Result<(), Invalid> {
        between("traffic", self.classes().len() as u64, 1, 8)?;
        let flows: u64 = self.classes().iter().map(|class| u64::from(class.flows)).sum();
        within("traffic.flows", flows)?;
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
        within(&key("flows"), t.flows)?;
        within(&key("window"), t.window)?;
        within(&key("queue"), t.queue)?;
        within_if_given(&key("train"), t.train)?;
        within(&key("mtu"), t.mtu)?;
        within(&key("hash_seed"), t.hash_seed)?;
        if let Some(sas) = t.sas {
            between(&key("sas"), sas.into(), 1, self.sa.count.into())?;
        }
        within(&key("share"), t.share)?;
        within_if_given(&key("rate"), t.rate)?;
        if !matches!(t.arrival, Arrival::Saturate | Arrival::Trace) && t.rate.is_none() {
            return invalid(&key("rate"), "missing", "arrivals at a rate need one, such as \"40 Gbps\"");
        }
        self.check_bursts(at, t)?;
        if !matches!(t.size_basis, Basis::L3 | Basis::ClearL2 | Basis::L2) {
            return invalid(&key("size_basis"), "neither", "l3, or clear-l2 for the frame of the packet in the clear");
        }
        if t.mix.is_empty() || t.mix.iter().all(|entry| entry.weight == 0) {
            return invalid(&key("mix"), "empty", "at least one size with a weight above zero");
        }
        for (i, entry) in t.mix.iter().enumerate() {
            within(&key(&format!("mix[{i}].weight")), entry.weight)?;
        }
        self.check_sizes(at, t)?;
        self.check_trace(at, t)
    }

    /// Whether the packets of a class fit the wire.
    fn check_sizes(&self, at: &str, t: &Traffic) -> Result<(), Invalid> {
        let (mtu, packet) = (format!("{at}.mtu"), format!("{at}.packet"));
        if !self.placement.has_network() {
            return t.mix.iter().try_for_each(|entry| within(&packet, entry.size));
        }
        let esp = self.encapsulation(t);
        self.check_family(at, t)?;
        let Some(largest) = t.largest_l3(esp.as_ref()).filter(|l3| *l3 >= t.smallest_l3()) else {
            return invalid(&mtu, t.mtu, "an MTU that holds at least one octet of payload after all headers");
        };
        for entry in &t.mix {
            let (l3, smallest) = (t.l3(entry), t.smallest_l3());
            if l3 < smallest {
                let allowed = format!("at least {smallest} of l3: headers and one octet");
                return invalid(&packet, entry.size, allowed);
            }
            within(&packet, entry.size)?;
            let cut = self.offload.gso.0.is_some() && t.direction == Direction::Transmit;
            if l3 > largest && !cut {
                self.check_too_big(&packet, t, entry)?;
            }
        }
        self.check_some_fit(at, t)
    }

    /// Checks NICs and accelerators with their slots, without asking what is done with them. Part of [`Self::check`].
    ///
    /// # Errors
    /// The first value that is not allowed, by its key.
    pub fn check_devices(&self) -> Result<(), Invalid> {
        for (at, nic) in listed("nic", &self.nic) {
            check_nic(&at, nic)?;
        }
        for (at, card) in listed("accelerator", &self.accelerator) {
            check_accelerator(&at, card)?;
        }
        within("nic.count", self.nics().len() as u64)?;
        within("accelerator.count", self.accelerators().len() as u64)?;
        match self.nic.iter().filter(|nic| nic.standby).count() {
            0 | 1 => Ok(()),
            several => invalid("nic.standby", format!("true {several} times"), "true for one NIC at most"),
        }
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
    within(&key("rate"), card.rate)?;
    within(&key("operation_rate"), card.operation_rate)?;
    within(&key("count"), card.count)?;
    within(&key("engines"), card.engines)?;
    within(&key("ring"), card.ring)?;
    within(&key("content_descriptor"), card.content_descriptor)?;
    within(&key("scatter_lists"), card.scatter_lists)?;
    within(&key("request"), card.request)?;
    within(&key("response"), card.response)?;
    within(&key("request_batch"), card.request_batch)?;
    within(&key("read_tags"), card.read_tags)?;
    within(&key("coalesce_responses"), card.coalesce_responses)?;
    check_slot(&key("pcie"), &card.pcie)
}

fn check_nic(at: &str, nic: &NicParams) -> Result<(), Invalid> {
    let key = |name: &str| format!("{at}.{name}");
    within(&key("line_rate"), nic.line_rate)?;
    within(&key("packet_rate"), nic.packet_rate)?;
    within(&key("count"), nic.count)?;
    within(&key("ports"), nic.ports)?;
    if nic.standby && nic.count != 1 {
        return invalid(&key("count"), nic.count, "1 for the NIC that stands by");
    }
    within(&key("ring"), nic.ring)?;
    within(&key("refill_batch"), nic.refill_batch)?;
    within(&key("receive_buffer"), nic.receive_buffer)?;
    within(&key("buffer"), nic.buffer)?;
    within(&key("read_tags"), nic.read_tags)?;
    within(&key("descriptor"), nic.descriptor)?;
    within(&key("receive_descriptor"), nic.receive_descriptor)?;
    within(&key("descriptor_batch"), nic.descriptor_batch)?;
    within(&key("completion"), nic.completion)?;
    within(&key("completion_batch"), nic.completion_batch)?;
    within_if_given(&key("receive_completion_batch"), nic.receive_completion_batch)?;
    within_if_given(&key("receive_padding"), nic.receive_padding)?;
    within(&key("moderation_packets"), nic.moderation_packets)?;
    within_if_given(&key("queue_packet_rate"), nic.queue_packet_rate)?;
    within_if_given(&key("gather_rate"), nic.gather_rate)?;
    within_if_given(&key("inline"), nic.inline)?;
    within_if_given(&key("soc_cores"), nic.soc_cores)?;
    if let Some(esp) = &nic.esp {
        within(&key("esp.sa_cache"), esp.sa_cache)?;
        within(&key("esp.sa_context"), esp.sa_context)?;
        within(&key("esp.sa_fetches"), esp.sa_fetches)?;
        within(&key("esp.sa_reads"), esp.sa_reads)?;
        within(&key("esp.sa_write_back"), esp.sa_write_back)?;
        within_if_given(&key("esp.sa_ways"), esp.sa_ways)?;
        within(&key("esp.rate"), esp.rate)?;
        within(&key("esp.packet_rate"), esp.packet_rate)?;
    }
    check_slot(&key("pcie"), &nic.pcie)
}

fn check_slot(at: &str, slot: &SlotParams) -> Result<(), Invalid> {
    let key = |name: &str| format!("{at}.{name}");
    within(&key("generation"), slot.generation)?;
    within(&key("lanes"), slot.lanes)?;
    within(&key("max_payload_size"), slot.max_payload_size)?;
    within(&key("max_read_request_size"), slot.max_read_request_size)?;
    within(&key("read_completion_boundary"), slot.read_completion_boundary)?;
    within_if_given(&key("data_link_share"), slot.data_link_share)?;
    within_if_given(&key("data_link_share_down"), slot.data_link_share_down)?;
    within_if_given(&key("posted_data_credits"), slot.posted_data_credits)?;
    within_if_given(&key("request_turnaround"), slot.request_turnaround)?;
    within_if_given(&key("completion_buffer"), slot.completion_buffer)?;
    within_if_given(&key("ordered_writes"), slot.ordered_writes)?;
    if let Some(room) = slot.completion_buffer.filter(|room| *room < slot.max_read_request_size) {
        // A device asks for no more than it has room for.
        let allowed = format!("at least max_read_request_size, {}", slot.max_read_request_size);
        return invalid(&key("completion_buffer"), room, allowed);
    }
    match slot.posted_data_credits {
        // A root port grants at least what one TLP of its Max_Payload_Size takes (Base Specification section 2.6.1).
        Some(credits) if credits < slot.max_payload_size => invalid(
            &key("posted_data_credits"),
            credits,
            format!("at least max_payload_size, {}", slot.max_payload_size),
        ),
        _ => Ok(()),
    }
}

fn check_iommu(iommu: &IommuParams) -> Result<(), Invalid> {
    within("pcie.iommu.entries", iommu.entries)?;
    within("pcie.iommu.page", iommu.page)?;
    within("pcie.iommu.walkers", iommu.walkers)?;
    within_if_given("pcie.iommu.walk_queue", iommu.walk_queue)?;
    within("pcie.iommu.working_set", iommu.working_set)?;
    within("pcie.iommu.walk", iommu.walk)?;
    within("pcie.iommu.map", iommu.map)?;
    within("pcie.iommu.unmap", iommu.unmap)?;
    within("pcie.iommu.invalidate", iommu.invalidate)?;
    let pages = iommu.working_set.pieces(iommu.page);
    match pages > MOST_PAGES {
        true => invalid(
            "pcie.iommu.working_set",
            iommu.working_set,
            format!("at most {MOST_PAGES} pages of pcie.iommu.page"),
        ),
        false => Ok(()),
    }
}
