//! Numbers of devices, slots and the IOMMU that are known with some error, each once: its key, which way it is worse, and where
//! it stands in a scenario. What a specification, a driver or the user says is none of them.

use super::Scenario;
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::inline_esp::InlineEsp;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::units::{BitRate, Bytes, PacketRate, Time};

/// Whether more of something makes a machine slower or faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// A time, or what has to be moved.
    Cost,
    /// A rate, or room.
    Capacity,
}

/// A number of a scenario, in its base unit: picoseconds, octets, bits or packets per second, or pieces.
#[derive(Debug)]
pub enum Number<'a> {
    /// A time.
    Time(&'a mut Time),
    /// A size.
    Size(&'a mut Bytes),
    /// A rate of bits.
    BitRate(&'a mut BitRate),
    /// A rate of packets.
    PacketRate(&'a mut PacketRate),
    /// A whole number.
    Count(&'a mut u32),
}

impl Number<'_> {
    /// What it is.
    pub fn get(&self) -> f64 {
        match self {
            Number::Time(time) => time.as_ps() as f64,
            Number::Size(size) => size.get() as f64,
            Number::BitRate(rate) => rate.as_bps() as f64,
            Number::PacketRate(rate) => rate.as_pps(),
            Number::Count(count) => f64::from(**count),
        }
    }

    /// Makes it another one, rounded to what its type has.
    pub fn set(self, value: f64) {
        let whole = value.round() as u64;
        match self {
            Number::Time(time) => *time = Time::from_ps(whole),
            Number::Size(size) => *size = Bytes::new(whole),
            Number::BitRate(rate) => *rate = BitRate::from_bps(whole),
            Number::PacketRate(rate) => *rate = PacketRate::from_pps(value),
            Number::Count(count) => *count = u32::try_from(whole).unwrap_or(u32::MAX),
        }
    }
}

/// A number of a structure: its name there, which way it is worse, and where it is; absent where the structure has none.
struct Entry<T: 'static>(&'static str, Sense, for<'a> fn(&'a mut T) -> Option<Number<'a>>);

/// Entries of a structure's fields.
macro_rules! entries {
    ($($name:literal $sense:ident $kind:ident $($part:ident)+ $(? $maybe:ident)?;)+) => {
        &[$(Entry($name, Sense::$sense, |of| entries!(@at of $kind [$($part)+] $($maybe)?))),+]
    };
    (@at $of:ident $kind:ident [$($part:ident)+]) => { Some(Number::$kind(&mut $of.$($part).+)) };
    (@at $of:ident $kind:ident [$($part:ident)+] $maybe:ident) => { $of.$($part).+.as_mut().map(Number::$kind) };
}

const NIC: &[Entry<NicParams>] = entries! {
    "packet_rate" Capacity PacketRate packet_rate;
    "queue_packet_rate" Capacity PacketRate queue_packet_rate ? maybe;
    "gather_rate" Capacity PacketRate gather_rate ? maybe;
    "latency" Cost Time latency;
    "buffer" Capacity Size buffer;
    "receive_buffer" Capacity Size receive_buffer;
    "read_tags" Capacity Count read_tags;
    "descriptor" Cost Size descriptor;
    "receive_descriptor" Cost Size receive_descriptor;
    "descriptor_batch" Capacity Count descriptor_batch;
    "completion" Cost Size completion;
    "completion_batch" Capacity Count completion_batch;
    "ring" Capacity Count ring;
    "refill_batch" Capacity Count refill_batch;
    "moderation_packets" Capacity Count moderation_packets;
    "moderation_time" Cost Time moderation_time;
};

const ESP: &[Entry<InlineEsp>] = entries! {
    "rate" Capacity BitRate rate;
    "packet_rate" Capacity PacketRate packet_rate;
    "latency" Cost Time latency;
    "sa_capacity" Capacity Count sa_capacity;
    "sa_cache" Capacity Count sa_cache;
    "sa_context" Cost Size sa_context;
    "sa_fetches" Capacity Count sa_fetches;
    "sa_reads" Cost Count sa_reads;
    "sa_write_back" Cost Size sa_write_back;
    "sa_device_read" Cost Time sa_device_read ? maybe;
};

const ACCELERATOR: &[Entry<AcceleratorParams>] = entries! {
    "engines" Cost Count engines;
    "rate" Capacity BitRate rate;
    "operation_rate" Capacity PacketRate operation_rate;
    "latency" Cost Time latency;
    "ring" Capacity Count ring;
    "request" Cost Size request;
    "response" Cost Size response;
    "content_descriptor" Cost Size content_descriptor;
    "scatter_lists" Cost Size scatter_lists;
    "session_setup" Cost Time session_setup;
    "request_batch" Capacity Count request_batch;
    "read_tags" Capacity Count read_tags;
    "coalesce_responses" Capacity Count coalesce_responses;
    "coalesce_time" Cost Time coalesce_time;
};

const SLOT: &[Entry<SlotParams>] = entries! {
    "read_latency" Cost Time read_latency;
    "dram_latency" Cost Time dram_latency;
    "write_latency" Cost Time write_latency;
    "doorbell_latency" Cost Time doorbell_latency;
    "numa_latency" Cost Time numa_latency;
    "posted_data_credits" Capacity Size posted_data_credits ? maybe;
};

const IOMMU: &[Entry<IommuParams>] = entries! {
    "entries" Capacity Count entries;
    "walk" Cost Time walk;
    "walkers" Capacity Count walkers;
    "map" Cost Time map;
    "unmap" Cost Time unmap;
    "invalidate" Cost Time invalidate;
};

const HOST: &[Entry<Scenario>] = entries! {
    "line_wait" Cost Time host line_wait;
};

/// The entry of a name.
fn entry<T>(entries: &'static [Entry<T>], name: &str) -> Option<&'static Entry<T>> {
    entries.iter().find(|entry| entry.0 == name)
}

fn sense_of<T>(entries: &'static [Entry<T>], name: &str) -> Option<Sense> {
    entry(entries, name).map(|entry| entry.1)
}

fn number<'a, T>(entries: &'static [Entry<T>], of: &'a mut T, name: &str) -> Option<Number<'a>> {
    (entry(entries, name)?.2)(of)
}

/// Which way the number at a key is worse; `None` for a key that is known without error, whoever says it. Of one in a list
/// without what stands in square brackets.
pub(crate) fn sense(key: &str) -> Option<Sense> {
    let (table, name) = key.rsplit_once('.')?;
    match table {
        "host" => sense_of(HOST, name),
        "nic" => sense_of(NIC, name),
        "nic.esp" => sense_of(ESP, name),
        "accelerator" => sense_of(ACCELERATOR, name),
        "nic.pcie" | "accelerator.pcie" | "pcie.uplink" => sense_of(SLOT, name),
        "pcie.iommu" => sense_of(IOMMU, name),
        _ => None,
    }
}

impl Scenario {
    /// The number at a key that [`sense`] knows, such as `nic.esp.rate` or `accelerator[1].pcie.read_latency`; `None` where there is
    /// no such thing.
    pub(crate) fn number_mut(&mut self, key: &str) -> Option<Number<'_>> {
        let (table, name) = key.rsplit_once('.')?;
        let (part, rest) = table.split_once('.').unwrap_or((table, ""));
        let (part, at) = match part.split_once('[') {
            Some((part, at)) => (part, at.strip_suffix(']')?.parse().ok()?),
            None => (part, 0),
        };
        match (part, rest) {
            ("host", "") => number(HOST, self, name),
            ("pcie", "uplink") => number(SLOT, &mut self.pcie.uplink, name),
            ("pcie", "iommu") => number(IOMMU, &mut self.pcie.iommu, name),
            ("nic", _) => {
                let nic: &mut NicParams = self.nic.get_mut(at)?;
                match rest {
                    "" => number(NIC, nic, name),
                    "esp" => number(ESP, nic.esp.as_mut()?, name),
                    "pcie" => number(SLOT, &mut nic.pcie, name),
                    _ => None,
                }
            }
            ("accelerator", _) => {
                let accelerator = self.accelerator.get_mut(at)?;
                match rest {
                    "" => number(ACCELERATOR, accelerator, name),
                    "pcie" => number(SLOT, &mut accelerator.pcie, name),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}
