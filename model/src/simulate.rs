//! One simulation: a resolved scenario and a seed in, a record out.

use std::collections::BTreeMap;

use crate::assembly::{Assembly, COMPLETION_CORE, CORE, interval};
use crate::bound::{Bound, OFFERED_LOAD, bound};
use crate::carried::falls_short;
use crate::engine::Engine;
use crate::engine::program::{Arrivals, Workload};
use crate::engine::steady::{RateEstimate, coarsen, mser5, rate};
use crate::engine::trace::{Tracer, Untraced};
use crate::profile::Profile;
use crate::record::{Latency, Loss, Rate, Record, Stop, Utilisation, WAITS};
use crate::route::{Account, Category, Charge, Compiled};
use crate::scenario::{Invalid, RunParams, Scenario, Stack};
use crate::traffic::{Arrival, Basis};
use crate::units::Time;

/// Batches before the first look at warm-up and interval.
const FIRST_LOOK: usize = 100;
/// Batches that the interval is computed from: few enough to be long and hardly correlated (Schmeiser, "Batch size
/// effects in the analysis of simulation output", Operations Research 30, 1982, advises 10 to 30).
const INTERVAL_BATCHES: usize = 30;
/// From this utilisation on a station counts as what limits throughput.
const FULL: f64 = 0.97;
/// Events per packet after which a run counts as going nowhere: far above any route's length.
pub(crate) const EVENTS_PER_PACKET: u64 = 256;

/// Simulates a scenario on a host.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`].
pub fn simulate(scenario: &Scenario, profile: &Profile, seed: u64) -> Result<Record, Invalid> {
    scenario.check(profile)?;
    let assembly = Assembly::new(scenario, profile);
    let compiled = assembly.floor.compile(&assembly.routes.iter().flatten().collect::<Vec<_>>());
    let mut engine = engine(scenario, &assembly, &compiled, seed);
    let bound = bound(scenario, &assembly);
    let overload = Overload::new(&bound, &compiled.accounts);
    let run = run_to_width(&mut engine, &scenario.run, &overload);
    let mut measured = Measured::between(&run, &engine, &compiled.accounts);
    measured.falls_short = run.estimate.is_some_and(|estimate| overload.falls_short(estimate));
    engine.drain();
    let mut totals = Totals::of(&engine.visits(), &compiled.accounts);
    totals.add_spinning(&engine, &assembly);
    Ok(record(scenario, &assembly, seed, &engine, run, measured, totals, bound))
}

/// The engine of a scenario, ready to run.
pub fn engine(scenario: &Scenario, assembly: &Assembly, compiled: &Compiled, seed: u64) -> Engine {
    traced_engine(scenario, assembly, compiled, seed, Untraced)
}

/// The same with a tracer.
pub fn traced_engine<T: Tracer>(
    scenario: &Scenario,
    assembly: &Assembly,
    compiled: &Compiled,
    seed: u64,
    tracer: T,
) -> Engine<T> {
    let traffic = &scenario.traffic;
    let interval = interval(scenario, assembly).map_or(0, Time::as_ps).max(1);
    let arrivals = match traffic.arrival {
        Arrival::Saturate => Arrivals::Closed { jobs_per_flow: assembly.jobs_per_flow(traffic.window) },
        Arrival::Constant => Arrivals::Constant { interval },
        Arrival::Poisson => Arrivals::Poisson { mean: interval },
    };
    let workload = Workload {
        flows: assembly.flows.clone(),
        keys: assembly.keys.clone(),
        starts: compiled.starts.chunks(assembly.sends.len()).map(<[u32]>::to_vec).collect(),
        weights: assembly.send_weights(),
        arrivals,
    };
    // A batch of a quarter of what is in flight: shorter ones would see the bursts in which packets come out.
    let segments = assembly.sends.iter().map(|send| send.count()).max().unwrap_or(1);
    let in_flight = match traffic.arrival {
        Arrival::Saturate => {
            assembly.jobs_per_flow(traffic.window).saturating_mul(traffic.flows).saturating_mul(segments)
        }
        Arrival::Constant | Arrival::Poisson => segments,
    };
    let batch = (in_flight / 4).max(4 * segments).clamp(256, 16_384);
    Engine::traced(compiled.program.clone(), workload, seed, batch, tracer)
}

/// How a run went.
struct Run {
    stop: Stop,
    /// Batches cut as warm-up.
    cut: usize,
    estimate: Option<RateEstimate>,
    /// Operation counts when measuring began.
    visits_at_start: Vec<u64>,
}

/// Whether queues still grow: more is offered than carried, and nothing was dropped so far.
struct Overload {
    /// Goodput offered, in octets per second; absent when saturating.
    offered: Option<f64>,
    /// Closed forms allow less than is offered.
    is_certain: bool,
    /// Operations that drop packets.
    drops: Vec<usize>,
}

impl Overload {
    fn new(bound: &Bound, accounts: &[Option<Account>]) -> Self {
        let is_drop = |account: &Account| account.charges.iter().any(|charge| matches!(charge, Charge::Dropped(_)));
        Overload {
            offered: bound.offered_gbps().map(|gbps| gbps * 1e9 / 8.0),
            is_certain: bound.share_allowed() < 1.0,
            drops: (0..accounts.len()).filter(|&i| accounts[i].as_ref().is_some_and(is_drop)).collect(),
        }
    }

    fn queues_grow(&self, engine: &Engine, estimate: Option<RateEstimate>) -> bool {
        let visits = engine.visits();
        self.drops.iter().all(|&drop| visits[drop] == 0)
            && (self.is_certain || estimate.is_some_and(|estimate| self.falls_short(estimate)))
    }

    /// Whether a rate is below what is offered by more than chance.
    fn falls_short(&self, rate: RateEstimate) -> bool {
        self.offered.is_some_and(|offered| falls_short(offered, rate.per_second, rate.half_width))
    }
}

/// Runs until throughput's interval is narrow enough or a limit is met. Under overload the warm-up lasts until a queue is
/// full, however even throughput is before: loss and latency are those of full queues.
fn run_to_width(engine: &mut Engine, params: &RunParams, overload: &Overload) -> Run {
    let batch = u64::from(engine.observer.batch_packets());
    let max_events = params.max_packets.saturating_mul(EVENTS_PER_PACKET);
    let until = params.max_time.as_ps();
    let mut look = FIRST_LOOK;
    let mut warm: Option<Vec<u64>> = None;
    loop {
        let target = (look as u64 * batch).min(params.max_packets);
        let reached = engine.run(target, max_events, until) && target < params.max_packets;
        let batches: Vec<(f64, f64)> =
            engine.observer.batches().iter().map(|&(octets, ps)| (octets as f64, ps as f64 * 1e-12)).collect();
        let rates: Vec<f64> = batches.iter().map(|(octets, seconds)| octets / seconds.max(1e-12)).collect();
        let cut = mser5(&rates);
        if !reached {
            let cut = cut.unwrap_or(batches.len() / 2);
            let estimate = rate(&coarsen(&batches[cut..], INTERVAL_BATCHES));
            let stop = match estimate {
                Some(_) => Stop::Limit,
                None if engine.observer.packets() > 0 => Stop::WarmUp,
                None => Stop::Empty,
            };
            let visits_at_start = warm.unwrap_or_else(|| vec![0; engine.visits().len()]);
            return Run { stop, cut, estimate, visits_at_start };
        }
        if let Some(cut) = cut {
            let estimate = rate(&coarsen(&batches[cut..], INTERVAL_BATCHES));
            let narrow = estimate.is_some_and(|e| {
                e.half_width.is_some_and(|width| width <= params.half_width.fraction() * e.per_second)
            });
            match &warm {
                _ if overload.queues_grow(engine, estimate) => warm = None,
                Some(visits_at_start) if narrow => {
                    let visits_at_start = visits_at_start.clone();
                    return Run { stop: Stop::HalfWidth, cut, estimate, visits_at_start };
                }
                Some(_) => {}
                // Latency and loss are counted from the first look that finds the warm-up over.
                None => {
                    engine.observer.forget_latency();
                    warm = Some(engine.visits());
                }
            }
        }
        look += look.div_ceil(2);
    }
}

/// What was counted after the warm-up, before the drain.
struct Measured {
    sent: u64,
    dropped: u64,
    /// Less than what is offered was carried.
    falls_short: bool,
}

impl Measured {
    fn between(run: &Run, engine: &Engine, accounts: &[Option<Account>]) -> Self {
        let mut measured = Measured { sent: 0, dropped: 0, falls_short: false };
        let visits = engine.visits().into_iter().zip(&run.visits_at_start).map(|(end, start)| end - start);
        for (n, account) in visits.zip(accounts) {
            for charge in account.iter().flat_map(|account| &account.charges) {
                match charge {
                    Charge::Sent(_) => measured.sent += n,
                    Charge::Dropped(packets) => measured.dropped += n * packets,
                    _ => {}
                }
            }
        }
        measured
    }
}

/// Sums over the whole drained run: every packet that was sent has paid everything it pays.
#[derive(Default)]
struct Totals {
    packets: f64,
    goodput: f64,
    l3: f64,
    l2: f64,
    wire: f64,
    cycles: BTreeMap<Category, f64>,
    busy: BTreeMap<u16, f64>,
    pcie_tlp: f64,
    pcie_payload: f64,
}

impl Totals {
    fn of(visits: &[u64], accounts: &[Option<Account>]) -> Self {
        let mut totals = Totals::default();
        for (&n, account) in visits.iter().zip(accounts) {
            let Some(account) = account else { continue };
            let n = n as f64;
            if let Some((station, time)) = account.busy {
                *totals.busy.entry(station.0).or_default() += n * time.as_seconds();
            }
            for charge in &account.charges {
                match charge {
                    Charge::Cycles(category, cycles) => *totals.cycles.entry(*category).or_default() += n * cycles.0,
                    Charge::PcieTlp(octets) => totals.pcie_tlp += n * octets,
                    Charge::PciePayload(octets) => totals.pcie_payload += n * octets.get() as f64,
                    Charge::Dropped(_) => {}
                    Charge::Sent(packet) => {
                        totals.packets += n;
                        totals.goodput += n * packet.on(Basis::Goodput).get() as f64;
                        totals.l3 += n * packet.on(Basis::L3).get() as f64;
                        totals.l2 += n * packet.on(Basis::L2).get() as f64;
                        totals.wire += n * packet.on(Basis::Wire).get() as f64;
                    }
                }
            }
        }
        totals
    }

    /// A core that waits for locks is busy for as long as it is held; what is not work it holds or awaits them.
    fn add_spinning(&mut self, engine: &Engine, assembly: &Assembly) {
        for (i, station) in assembly.floor.stations.iter().enumerate() {
            let Some(pool) = station.held else { continue };
            let held = Time::from_ps(engine.held_ps(pool.0)).as_seconds();
            let work = self.busy.insert(i as u16, held).unwrap_or(0.0);
            *self.cycles.entry(Category::Lock).or_default() += (held - work) * assembly.clock.get() as f64;
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn record(
    scenario: &Scenario,
    assembly: &Assembly,
    seed: u64,
    engine: &Engine,
    run: Run,
    measured: Measured,
    totals: Totals,
    bound: Bound,
) -> Record {
    // Without an estimate nothing that follows from a rate is known.
    let per_second = run.estimate.map(|e| e.per_second);
    let half_width = run.estimate.and_then(|e| e.half_width);
    let per_octet = |octets: f64| (totals.goodput > 0.0).then(|| octets / totals.goodput);
    let per_second_of = |octets: f64| Some(per_second? * per_octet(octets)?);
    let bases =
        [(Basis::Goodput, totals.goodput), (Basis::L3, totals.l3), (Basis::L2, totals.l2), (Basis::Wire, totals.wire)];
    let rates = bases.into_iter().filter_map(|(basis, octets)| {
        let width = |width: f64| Some(width * per_octet(octets)? * 8e-9);
        Some(Rate { basis, gbps: per_second_of(octets)? * 8e-9, half_width_gbps: half_width.and_then(width) })
    });
    let packets_per_s = per_second_of(totals.packets);
    // Utilisation law: rate times demand.
    let utilisation = packets_per_s.map_or_else(Vec::new, |rate| utilisation(assembly, &totals, rate));
    let cores = f64::from(scenario.host.cores);
    let busy_cores = packets_per_s.map(|rate| match scenario.host.stack {
        Stack::Kernel => busy_cores(assembly, &totals, rate).min(cores),
        // Cores that poll leave nothing to anybody.
        Stack::Vector => cores,
    });
    let idle_cores = busy_cores.map(|busy| cores - busy);
    let (bottleneck, next_bottleneck) = match packets_per_s {
        Some(_) => bottlenecks(scenario, &utilisation, &bound, measured.falls_short),
        None => (None, None),
    };
    let latency = engine.observer.latency();
    let saturating = scenario.traffic.arrival == Arrival::Saturate;
    let offered = measured.sent + measured.dropped;
    // What was counted while the warm-up lasted is of no steady state.
    let is_steady = per_second.is_some();
    Record {
        seed,
        stop: run.stop,
        packets: totals.packets as u64,
        warm_up_packets: run.cut as u64 * u64::from(engine.observer.batch_packets()),
        batches: run.estimate.map_or(0, |e| e.batches as u64),
        rates: rates.collect(),
        packets_per_s,
        latency: (is_steady && !latency.is_empty()).then(|| Latency {
            mean_ns: latency.mean(),
            p50_ns: latency.value_at_quantile(0.5) as f64,
            p99_ns: latency.value_at_quantile(0.99) as f64,
            p999_ns: latency.value_at_quantile(0.999) as f64,
            n: latency.len(),
        }),
        loss: (is_steady && !saturating && offered > 0)
            .then(|| Loss { share: measured.dropped as f64 / offered as f64, half_width: None }),
        cycles_per_packet: match totals.packets > 0.0 {
            true => totals.cycles.iter().map(|(&c, cycles)| (c, cycles / totals.packets)).collect(),
            false => Vec::new(),
        },
        busy_cores,
        idle_cores,
        idle_cycles_per_s: idle_cores.map(|idle| idle * assembly.clock.get() as f64),
        pcie_bytes_per_payload_byte: per_octet(totals.pcie_tlp),
        pcie_crossings: per_octet(totals.pcie_payload),
        utilisation,
        bottleneck,
        next_bottleneck,
        bound,
        events: engine.events(),
    }
}

/// Busy cores, whatever their stations are called.
fn busy_cores(assembly: &Assembly, totals: &Totals, packets_per_s: f64) -> f64 {
    let cores = assembly.floor.stations.iter().enumerate().filter(|(_, s)| [CORE, COMPLETION_CORE].contains(&s.name));
    let busy: f64 = cores.filter_map(|(i, _)| totals.busy.get(&(i as u16))).sum();
    busy / totals.packets.max(1.0) * packets_per_s
}

/// The busy share of each kind of station; of several stations of a name, the mean.
fn utilisation(assembly: &Assembly, totals: &Totals, packets_per_s: f64) -> Vec<Utilisation> {
    let mut kinds: Vec<(&'static str, f64, f64)> = Vec::new();
    for (i, station) in assembly.floor.stations.iter().enumerate() {
        let busy = totals.busy.get(&(i as u16)).copied().unwrap_or(0.0) / totals.packets.max(1.0) * packets_per_s;
        match kinds.iter_mut().find(|(name, ..)| *name == station.name) {
            Some((_, sum, units)) => {
                *sum += busy;
                *units += f64::from(station.units);
            }
            None => kinds.push((station.name, busy, f64::from(station.units))),
        }
    }
    let used = kinds.into_iter().filter(|(_, busy, _)| *busy > 0.0);
    // The rate is an estimate and may lie a little above what a full station serves.
    used.map(|(name, busy, units)| Utilisation { name, share: (busy / units).min(1.0) }).collect()
}

/// What limited throughput and what would be next: stations by how busy they were; where no station was full, that the
/// offered load was carried or that packets wait, and when saturating the tightest closed-form limit.
fn bottlenecks(
    scenario: &Scenario,
    utilisation: &[Utilisation],
    bound: &Bound,
    falls_short: bool,
) -> (Option<&'static str>, Option<&'static str>) {
    let mut stations: Vec<&Utilisation> = utilisation.iter().collect();
    stations.sort_by(|a, b| b.share.total_cmp(&a.share));
    let full = stations.first().filter(|first| first.share >= FULL).map(|first| first.name);
    let is_open = scenario.traffic.arrival != Arrival::Saturate;
    let offered = is_open.then_some(if falls_short { WAITS } else { OFFERED_LOAD });
    let bottleneck = full.or(offered).or_else(|| Some(bound.limits.first()?.name));
    (bottleneck, stations.iter().map(|u| u.name).find(|name| Some(*name) != bottleneck))
}
