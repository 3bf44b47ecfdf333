//! From what was counted to a record.

use super::bottleneck::{bottlenecks, utilisation};
use super::steady::{SteadyRun, ratio};
use super::totals::{BASES, Sent, Totals, busy, is_core};
use crate::bound::Bound;
use crate::engine::Engine;
use crate::engine::steady::RateEstimate;
use crate::machine::{Class, Machine};
use crate::record::{Balance, ClassRecord, Latency, Loss, Rate, Record, Stop};
use crate::resource::Resource;
use crate::route::Compiled;
use crate::scenario::Scenario;
use crate::units::Time;

/// Everything that was counted of one run.
pub(super) struct Measurement<'a> {
    scenario: &'a Scenario,
    machine: &'a Machine,
    engine: &'a Engine,
    run: SteadyRun,
    totals: Totals,
    /// Seconds for which each station was busy while it was measured, and how long that was.
    busy: (Vec<f64>, f64),
}

impl<'a> Measurement<'a> {
    /// Drains the engine, so that every packet that was sent has paid everything it pays, and adds up.
    pub fn take(
        scenario: &'a Scenario,
        machine: &'a Machine,
        compiled: &Compiled,
        engine: &'a mut Engine,
        run: SteadyRun,
    ) -> Self {
        let busy = busy(&run.window, machine, compiled);
        let seconds = Time::from_ps(run.window[1].now - run.window[0].now).as_seconds();
        let observed = engine.observer.clone();
        engine.drain();
        // What the drain shows is of no steady state.
        let totals = Totals::of(engine, machine, compiled);
        engine.observer = observed;
        Measurement { scenario, machine, engine, run, totals, busy: (busy, seconds) }
    }

    /// The record.
    pub fn record(&self, seed: u64, bound: Bound) -> Record {
        let (engine, run, totals) = (self.engine, &self.run, &self.totals);
        // Without an estimate nothing that follows from a rate is known.
        let known = run.estimate.is_some();
        let (busy, seconds) = (&self.busy.0[..], self.busy.1);
        let utilisation = if known { utilisation(self.machine, busy, seconds) } else { Vec::new() };
        let (bottleneck, next_bottleneck) = match known {
            true => bottlenecks(self.machine, (busy, seconds), &utilisation, &bound, run.falls_short),
            false => (None, None),
        };
        let cores = f64::from(self.machine.cores);
        let busy_cores = known.then(|| self.busy_cores());
        let idle_cores = busy_cores.map(|busy| cores - busy);
        let classes: Vec<ClassRecord> = (0..self.machine.classes.len()).map(|class| self.class(class)).collect();
        let highest = |a: &Latency, b: &Latency| a.p99_ns.total_cmp(&b.p99_ns);
        let per_packet = |cycles: f64| cycles / totals.sent.packets;
        Record {
            seed,
            stop: run.stop,
            packets: totals.sent.packets as u64,
            warm_up_packets: run.cut as u64 * u64::from(engine.observer.batch_packets()),
            batches: run.estimate.map_or(0, |e| e.batches as u64),
            rates: rates(run.estimate, &totals.sent),
            packets_per_s: packet_rate(run.estimate, &totals.sent),
            latency: classes.iter().filter_map(|class| class.latency).max_by(highest),
            loss: self.loss(None),
            classes,
            cycles_per_packet: match totals.sent.packets > 0.0 {
                true => totals.cycles.iter().map(|(&category, &cycles)| (category, per_packet(cycles))).collect(),
                false => Vec::new(),
            },
            dpu_cycles_per_packet: match totals.sent.packets > 0.0 {
                true => totals.dpu_cycles.iter().map(|(&category, &cycles)| (category, per_packet(cycles))).collect(),
                false => Vec::new(),
            },
            busy_dpu_cores: self.machine.dpu.filter(|_| known).map(|_| self.busy_dpu_cores()),
            busy_cores,
            idle_cores,
            idle_cycles_per_s: idle_cores.map(|idle| idle * self.machine.clock.get() as f64),
            pcie_bytes_per_payload_byte: per_octet(totals.pcie_tlp.values().sum(), &totals.sent),
            pcie_bytes_by_link: totals
                .pcie_tlp
                .iter()
                .filter_map(|(&link, &octets)| Some((link, per_octet(octets, &totals.sent)?)))
                .collect(),
            pcie_crossings: per_octet(totals.pcie_payload, &totals.sent),
            utilisation,
            bottleneck,
            next_bottleneck,
            spread: self.machine.spread,
            bound,
            events: engine.events(),
        }
    }

    /// Cores' worth of time spent, whatever their stations are called.
    fn busy_cores(&self) -> f64 {
        let cores = f64::from(self.machine.cores);
        if self.scenario.host.stack.is_polling() {
            // Cores that poll leave nothing to anybody.
            return cores;
        }
        let stations = self.machine.platform.stations.iter().zip(&self.busy.0);
        let busy: f64 = stations.filter(|(station, _)| is_core(station)).map(|(_, busy)| busy).sum();
        (busy / self.busy.1).min(cores)
    }

    /// The same of DPUs' cores.
    fn busy_dpu_cores(&self) -> f64 {
        let stations = self.machine.platform.stations.iter().zip(&self.busy.0);
        let busy: f64 =
            stations.filter(|(station, _)| station.resource == Resource::DpuCore).map(|(_, busy)| busy).sum();
        busy / self.busy.1
    }

    fn class(&self, index: usize) -> ClassRecord {
        let class = &self.machine.classes[index];
        let estimate = self.run.estimate.and_then(|all| {
            let of =
                ratio(self.engine, self.run.cut, Some(index), |ps, counts| (counts.octets as f64, ps as f64 * 1e-12));
            of.map(|of| RateEstimate { half_width: of.half_width.filter(|_| all.half_width.is_some()), ..of })
        });
        let sent = &self.totals.by_class[index];
        ClassRecord {
            name: class.name.clone(),
            direction: class.direction,
            rates: rates(estimate, sent),
            packets_per_s: packet_rate(estimate, sent),
            offered_gbps: offered_gbps(class),
            latency: self.latency(index),
            loss: self.loss(Some(index)),
            balance: self.balance(index),
        }
    }

    /// Whether latency and loss are those of a steady state.
    fn is_steady(&self) -> bool {
        self.run.estimate.is_some() && self.run.stop != Stop::Growing
    }

    fn latency(&self, class: usize) -> Option<Latency> {
        let latency = self.engine.observer.latency(class);
        if latency.is_empty() || !self.is_steady() {
            return None;
        }
        let from = self.run.window[0].batches;
        let mean =
            ratio(self.engine, from, Some(class), |_, counts| (counts.latency_ps as f64 * 1e-3, counts.packets as f64));
        Some(Latency {
            mean_ns: latency.mean(),
            mean_half_width_ns: mean.and_then(|mean| mean.half_width),
            p50_ns: latency.value_at_quantile(0.5) as f64,
            p99_ns: latency.value_at_quantile(0.99) as f64,
            p999_ns: latency.value_at_quantile(0.999) as f64,
            n: latency.len(),
        })
    }

    /// Loss of one class or of all, while it was measured; its interval is that of batches.
    fn loss(&self, class: Option<usize>) -> Option<Loss> {
        if !self.scenario.is_open() || !self.is_steady() {
            return None;
        }
        let classes = class.map_or(0..self.machine.classes.len(), |class| class..class + 1);
        let balances = classes.map(|class| self.balance(class));
        let (dropped, ended) = balances.fold((0, 0), |(dropped, ended), balance| {
            (dropped + balance.dropped, ended + balance.dropped + balance.carried)
        });
        let from = self.run.window[0].batches;
        let batches =
            ratio(self.engine, from, class, |_, counts| (counts.lost as f64, (counts.lost + counts.packets) as f64));
        let half_width = batches.and_then(|batches| batches.half_width);
        (ended > 0).then(|| Loss { share: dropped as f64 / ended as f64, half_width })
    }

    fn balance(&self, class: usize) -> Balance {
        let [start, end] = &self.run.window;
        let counts = end.counts[class].since(start.counts[class]);
        Balance {
            offered: end.started[class] - start.started[class],
            carried: counts.packets,
            dropped: counts.lost,
            in_flight: [start.in_flight(class), end.in_flight(class)],
        }
    }
}

fn offered_gbps(class: &Class) -> Option<f64> {
    let octets = class.mean(|send| send.total(|p| p.goodput).get() as f64) / class.packets_per_send();
    Some(class.offered_pps()? * octets * 8e-9)
}

/// So much for each octet of goodput; absent where there is none.
fn per_octet(amount: f64, sent: &Sent) -> Option<f64> {
    (sent.goodput() > 0.0).then(|| amount / sent.goodput())
}

/// A rate of goodput on every basis.
fn rates(goodput: Option<RateEstimate>, sent: &Sent) -> Vec<Rate> {
    let rate = |(basis, octets): (_, f64)| {
        let (goodput, share) = (goodput?, per_octet(octets, sent)?);
        let half_width_gbps = goodput.half_width.map(|width| width * share * 8e-9);
        Some(Rate { basis, gbps: goodput.per_second * share * 8e-9, half_width_gbps })
    };
    BASES.into_iter().zip(sent.octets).filter_map(rate).collect()
}

fn packet_rate(goodput: Option<RateEstimate>, sent: &Sent) -> Option<f64> {
    Some(goodput?.per_second * per_octet(sent.packets, sent)?)
}
