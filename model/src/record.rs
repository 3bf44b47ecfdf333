//! What one simulation gave: the only output type.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use crate::bound::Bound;
use crate::machine::Spread;
use crate::resource::Resource;
use crate::route::Category;
use crate::traffic::{Basis, Direction};

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stop {
    /// The interval was as narrow as asked for.
    HalfWidth,
    /// The limit of packets, events or time came first.
    Limit,
    /// That limit came before the warm-up was over: there is no estimate.
    WarmUp,
    /// Queues still grew when that limit came: what would be carried, lost or late in the end is not known.
    Growing,
    /// Nothing departed.
    Empty,
}

impl Stop {
    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            Stop::HalfWidth => "half-width",
            Stop::Limit => "limit",
            Stop::WarmUp => "warm-up",
            Stop::Growing => "growing",
            Stop::Empty => "empty",
        }
    }

    /// Why a run that ended so, by its name, has no estimate; `None` if it has one.
    pub fn why_no_estimate(name: &str) -> Option<&'static str> {
        match name {
            "warm-up" => Some("the limit of packets or time was reached before the warm-up was over"),
            "empty" => Some("nothing departed"),
            _ => None,
        }
    }
}

/// What the metric of a run without an estimate is called, before the name of its [`Stop`].
pub const NO_ESTIMATE: &str = "no_estimate/";

/// A rate in Gb/s on one basis, with the half-width of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// What is counted.
    pub basis: Basis,
    /// Gb/s.
    pub gbps: f64,
    /// Half-width of the 95 % interval, in Gb/s.
    pub half_width_gbps: Option<f64>,
}

/// Latency quantiles in ns, from the send call to the wire.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Mean.
    pub mean_ns: f64,
    /// Half-width of its 95 % interval.
    pub mean_half_width_ns: Option<f64>,
    /// Median.
    pub p50_ns: f64,
    /// 99 %.
    pub p99_ns: f64,
    /// 99.9 %.
    pub p999_ns: f64,
    /// Packets behind them.
    pub n: u64,
}

/// Share of offered packets that were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// 0 to 1.
    pub share: f64,
    /// Half-width of its 95 % interval.
    pub half_width: Option<f64>,
}

/// What came of a class's packets while it was measured: what came in is what left, was lost, or is under way beyond what
/// was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balance {
    /// Packets that came.
    pub offered: u64,
    /// Packets that left.
    pub carried: u64,
    /// Packets that were lost.
    pub dropped: u64,
    /// Packets under way when measuring began, and when it ended.
    pub in_flight: [u64; 2],
}

/// What one traffic class met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassRecord {
    /// Its name.
    pub name: String,
    /// Which way its packets go.
    pub direction: Direction,
    /// Throughput on every basis; empty where nothing could be estimated.
    pub rates: Vec<Rate>,
    /// Packets per second.
    pub packets_per_s: Option<f64>,
    /// Goodput offered, in Gb/s; absent when saturating.
    pub offered_gbps: Option<f64>,
    /// Latency.
    pub latency: Option<Latency>,
    /// Loss; absent when saturating.
    pub loss: Option<Loss>,
    /// Where its packets went.
    pub balance: Balance,
}

/// How busy a kind of station was.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Utilisation {
    /// The kind.
    pub resource: Resource,
    /// Busy share of their time while it was measured, 0 to 1, mean over stations of the kind.
    pub share: f64,
}

/// The result of one simulation. What was not observed is absent, never zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Seed of the run.
    pub seed: u64,
    /// Why the run ended.
    pub stop: Stop,
    /// Packets sent in all, drained ones included.
    pub packets: u64,
    /// Packets cut as warm-up.
    pub warm_up_packets: u64,
    /// Batches behind the rates' intervals.
    pub batches: u64,
    /// Throughput on every basis, of all classes; empty where nothing could be estimated.
    pub rates: Vec<Rate>,
    /// Packets per second, of all classes.
    pub packets_per_s: Option<f64>,
    /// Latency; of several classes, the one whose 99 % quantile is highest.
    pub latency: Option<Latency>,
    /// Loss, of all classes; absent when saturating.
    pub loss: Option<Loss>,
    /// What each traffic class met.
    pub classes: Vec<ClassRecord>,
    /// Core cycles per packet, by category; empty where no packet was sent.
    pub cycles_per_packet: Vec<(Category, f64)>,
    /// The same of a DPU's cores; empty where none work.
    pub dpu_cycles_per_packet: Vec<(Category, f64)>,
    /// A DPU's cores' worth of time spent; absent without a DPU.
    pub busy_dpu_cores: Option<f64>,
    /// Cores' worth of time spent.
    pub busy_cores: Option<f64>,
    /// Cores' worth of time left to the application.
    pub idle_cores: Option<f64>,
    /// Cycles per second left to the application.
    pub idle_cycles_per_s: Option<f64>,
    /// TLP octets on PCIe links per octet of goodput: what crosses an uplink and a slot counts on both.
    pub pcie_bytes_per_payload_byte: Option<f64>,
    /// The same by link and direction; empty where nothing was carried.
    pub pcie_bytes_by_link: Vec<(Resource, f64)>,
    /// How often an octet of payload crossed PCIe.
    pub pcie_crossings: Option<f64>,
    /// How busy every kind of station was, those that were used.
    pub utilisation: Vec<Utilisation>,
    /// What limited throughput: the busiest station, or what kept stations idle.
    pub bottleneck: Option<Resource>,
    /// The next limit after it.
    pub next_bottleneck: Option<Resource>,
    /// How flows and SAs came to lie.
    pub spread: Spread,
    /// Closed-form limits.
    pub bound: Bound,
    /// Events handled.
    pub events: u64,
}

/// One number of a record, ready for a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name, such as `throughput` or `utilisation/core`.
    pub name: String,
    /// Value.
    #[serde(deserialize_with = "value")]
    pub value: f64,
    /// Unit.
    pub unit: Cow<'static, str>,
    /// What a rate counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Half-width of the 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// Observations behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
}

/// JSON has no number for what is not one, and writes `null`.
fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

impl Metric {
    /// A number that is no rate and has no interval, with its unit.
    pub fn plain(name: &str, value: f64, unit: &'static str) -> Self {
        Metric { name: name.to_owned(), value, unit: Cow::Borrowed(unit), basis: None, half_width: None, n: None }
    }
}

impl Record {
    /// The throughput on a basis.
    pub fn rate(&self, basis: Basis) -> Option<Rate> {
        self.rates.iter().copied().find(|rate| rate.basis == basis)
    }

    /// Core cycles per packet, of every category.
    pub fn cycles(&self) -> Option<f64> {
        let cycles = self.cycles_per_packet.iter().map(|(_, cycles)| cycles);
        (!self.cycles_per_packet.is_empty()).then(|| cycles.sum())
    }

    /// Core cycles per octet of goodput.
    fn cycles_per_byte(&self) -> Option<f64> {
        let goodput = self.rate(Basis::Goodput).filter(|rate| rate.gbps > 0.0)?;
        let octets_per_packet = goodput.gbps * 1e9 / 8.0 / self.packets_per_s?;
        Some(self.cycles()? / octets_per_packet)
    }

    /// Every number as a flat list, in a fixed order; those of single classes last, where there are several.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut metrics = rates(&self.rates, self.batches);
        let missing = Stop::why_no_estimate(self.stop.name()).map(|_| format!("{NO_ESTIMATE}{}", self.stop.name()));
        metrics.extend(missing.map(|name| Metric::plain(&name, 1.0, "1")));
        metrics.extend(observed("packet_rate", self.packets_per_s, "1/s"));
        let goodput = |metric: Metric| Metric { basis: Some(Basis::Goodput), ..metric };
        metrics.extend(observed("bound", self.bound.goodput_gbps(), "Gb/s").map(goodput));
        metrics.extend(observed("offered", self.bound.offered_gbps(), "Gb/s").map(goodput));
        metrics.extend(self.latency.iter().flat_map(latencies));
        metrics.extend(self.loss.map(loss));
        metrics.extend(observed("cycles_per_packet", self.cycles(), "cycles"));
        for (category, cycles) in &self.cycles_per_packet {
            metrics.push(Metric::plain(&format!("cycles_per_packet/{}", category.name()), *cycles, "cycles"));
        }
        let of_dpu = self.dpu_cycles_per_packet.iter();
        metrics.extend(
            of_dpu
                .clone()
                .map(|(_, cycles)| *cycles)
                .reduce(|a, b| a + b)
                .map(|cycles| Metric::plain("dpu_cycles_per_packet", cycles, "cycles")),
        );
        metrics.extend(of_dpu.map(|(category, cycles)| {
            Metric::plain(&format!("dpu_cycles_per_packet/{}", category.name()), *cycles, "cycles")
        }));
        metrics.extend(observed("busy_dpu_cores", self.busy_dpu_cores, "cores"));
        metrics.extend(observed("cycles_per_byte", self.cycles_per_byte(), "cycles/B"));
        metrics.extend(observed("busy_cores", self.busy_cores, "cores"));
        metrics.extend(observed("idle_cores", self.idle_cores, "cores"));
        metrics.extend(observed("idle_cycles", self.idle_cycles_per_s, "cycles/s"));
        metrics.extend(observed("pcie_bytes_per_payload_byte", self.pcie_bytes_per_payload_byte, "1"));
        for (link, octets) in &self.pcie_bytes_by_link {
            metrics.push(Metric::plain(&format!("pcie_bytes_per_payload_byte/{link}"), *octets, "1"));
        }
        metrics.extend(observed("pcie_crossings", self.pcie_crossings, "1"));
        let links = self.utilisation.iter().filter(|u| u.resource.is_link());
        metrics
            .extend(links.map(|u| u.share).reduce(f64::max).map(|share| Metric::plain("pcie_utilisation", share, "1")));
        for station in &self.utilisation {
            metrics.push(Metric::plain(&format!("utilisation/{}", station.resource), station.share, "1"));
        }
        metrics.extend(spread(&self.spread));
        metrics.push(Metric::plain("packets", self.packets as f64, "1"));
        metrics.push(Metric::plain("warm_up_packets", self.warm_up_packets as f64, "1"));
        if self.classes.len() > 1 {
            metrics.extend(self.classes.iter().flat_map(|class| class.metrics(self.batches)));
        }
        metrics
    }
}

impl ClassRecord {
    /// The throughput on a basis.
    pub fn rate(&self, basis: Basis) -> Option<Rate> {
        self.rates.iter().copied().find(|rate| rate.basis == basis)
    }

    fn metrics(&self, batches: u64) -> Vec<Metric> {
        let mut metrics = rates(&self.rates, batches);
        metrics.extend(observed("packet_rate", self.packets_per_s, "1/s"));
        let offered = observed("offered", self.offered_gbps, "Gb/s");
        metrics.extend(offered.map(|metric| Metric { basis: Some(Basis::Goodput), ..metric }));
        metrics.extend(self.latency.iter().flat_map(latencies));
        metrics.extend(self.loss.map(loss));
        metrics.into_iter().map(|metric| Metric { name: format!("{}/{}", metric.name, self.name), ..metric }).collect()
    }
}

fn rates(rates: &[Rate], batches: u64) -> Vec<Metric> {
    let metric = |rate: &Rate| Metric {
        basis: Some(rate.basis),
        half_width: rate.half_width_gbps,
        n: Some(batches),
        ..Metric::plain("throughput", rate.gbps, "Gb/s")
    };
    rates.iter().map(metric).collect()
}

fn observed(name: &str, value: Option<f64>, unit: &'static str) -> Option<Metric> {
    value.map(|value| Metric::plain(name, value, unit))
}

fn latencies(latency: &Latency) -> [Metric; 4] {
    let n = Some(latency.n);
    [
        Metric { n, half_width: latency.mean_half_width_ns, ..Metric::plain("latency_mean", latency.mean_ns, "ns") },
        Metric { n, ..Metric::plain("latency_p50", latency.p50_ns, "ns") },
        Metric { n, ..Metric::plain("latency_p99", latency.p99_ns, "ns") },
        Metric { n, ..Metric::plain("latency_p99.9", latency.p999_ns, "ns") },
    ]
}

fn loss(loss: Loss) -> Metric {
    Metric { half_width: loss.half_width, ..Metric::plain("loss", loss.share, "1") }
}

/// SAs that did not go as asked are only there where some did not.
fn spread(spread: &Spread) -> Vec<Metric> {
    let some = |name: &str, sas: u32| (sas > 0).then(|| Metric::plain(name, f64::from(sas), "1"));
    let cores = [
        Metric::plain("cores_without_flows", f64::from(spread.idle_cores), "cores"),
        Metric::plain("busiest_core_over_mean", spread.busiest_core, "1"),
    ];
    let sas = [some("sas_fallen_back", spread.sas_fallen_back), some("sas_refused", spread.sas_refused)];
    let part = |name: &str, share: f64| (share > 0.0).then(|| Metric::plain(name, share, "1"));
    let fits = [
        part("packets_fragmented", spread.fragmented),
        part("packets_clamped", spread.clamped),
        part("packets_too_big", spread.too_big),
    ];
    cores.into_iter().chain(sas.into_iter().chain(fits).flatten()).collect()
}
