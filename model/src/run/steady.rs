//! When a run has warmed up, and when it is long enough.

use crate::bound::Bound;
use crate::carried::falls_short;
use crate::engine::Engine;
use crate::engine::observer::Counts;
use crate::engine::steady::{RateEstimate, coarsen, mser5, rate};
use crate::record::Stop;
use crate::route::{Charge, Compiled};
use crate::scenario::{RunParams, Scenario};
use crate::traffic::Arrival;
use crate::units::Time;

/// Batches before the first look at warm-up and interval.
const FIRST_LOOK: usize = 100;
/// Batches that the interval is computed from: few enough to be long and hardly correlated (Schmeiser, "Batch size
/// effects in the analysis of simulation output", Operations Research 30, 1982, advises 10 to 30).
const INTERVAL_BATCHES: usize = 30;
/// Share of what came in by which packets under way may grow while a steady state is measured: so much, at the most, is
/// neither carried nor lost, and so far loss may be from what it would be in the end.
const MOST_GROWTH: f64 = 0.005;
/// Packets of growth that are chance in a run of any length.
const CHANCE_PACKETS: u64 = 64;

/// The state of an engine at a moment, for differences.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark {
    /// Picoseconds.
    pub now: u64,
    pub batches: usize,
    pub visits: Vec<u64>,
    pub counts: Vec<Counts>,
    /// Packets that each class has started.
    pub started: Vec<u64>,
    /// Work at each station that was not done, in picoseconds.
    pub backlog: Vec<u64>,
    /// How long each pool had been held.
    pub held: Vec<u64>,
    /// How long locks had been held.
    pub locked: u64,
}

impl Mark {
    pub fn of(engine: &Engine) -> Self {
        let (stations, pools) = engine.sizes();
        Mark {
            now: engine.now_ps(),
            batches: engine.observer.batches(),
            visits: engine.visits(),
            counts: engine.observer.classes().to_vec(),
            started: (0..engine.observer.classes().len()).map(|source| engine.started(source)).collect(),
            backlog: (0..stations).map(|station| engine.backlog_ps(station)).collect(),
            held: (0..pools).map(|pool| engine.held_ps(pool)).collect(),
            locked: engine.locked_ps(),
        }
    }

    /// The state before anything happened.
    pub fn start(engine: &Engine) -> Self {
        let (stations, pools) = engine.sizes();
        let classes = engine.observer.classes().len();
        Mark {
            visits: vec![0; engine.visits().len()],
            counts: vec![Counts::default(); classes],
            started: vec![0; classes],
            backlog: vec![0; stations.into()],
            held: vec![0; pools.into()],
            ..Mark::default()
        }
    }

    /// Packets of a class under way.
    pub fn in_flight(&self, class: usize) -> u64 {
        let Counts { packets, lost, .. } = self.counts[class];
        self.started[class] - packets - lost
    }

    /// Whether what is under way has grown since `before` by more than a steady state's comings and goings.
    fn has_grown_since(&self, before: &Mark) -> bool {
        (0..self.counts.len()).any(|class| {
            let growth = self.in_flight(class).saturating_sub(before.in_flight(class));
            let offered = self.started[class] - before.started[class];
            growth > CHANCE_PACKETS && growth as f64 > MOST_GROWTH * offered as f64
        })
    }
}

/// How a run went.
pub(super) struct SteadyRun {
    pub stop: Stop,
    /// Batches cut as warm-up.
    pub cut: usize,
    /// Goodput of all classes.
    pub estimate: Option<RateEstimate>,
    /// When measuring began and ended.
    pub window: [Mark; 2],
    /// Less than what is offered was carried.
    pub falls_short: bool,
}

/// What is known of a scenario's load beforehand.
struct Overload<'a> {
    /// Whether packets come at a rate.
    is_open: bool,
    /// Goodput offered, in octets per second; absent when saturating.
    offered: Option<f64>,
    /// Closed forms allow less than is offered without loss.
    is_certain: bool,
    /// Operations that drop packets.
    drops: Vec<u32>,
    scenario: &'a Scenario,
}

impl Overload<'_> {
    fn is_dropping(&self, engine: &Engine) -> bool {
        self.drops.iter().any(|&drop| engine.visits_of(drop) > 0)
    }

    /// Packets that all saturating senders have under way.
    fn window(&self) -> u64 {
        let each: u64 = self.scenario.classes().iter().map(|class| u64::from(class.window)).sum();
        each * u64::from(self.scenario.host.cores)
    }

    fn falls_short(&self, estimate: RateEstimate) -> bool {
        self.offered.is_some_and(|offered| falls_short(offered, estimate.per_second, estimate.half_width))
    }

    /// Whether more is offered than carried, and nothing was dropped so far: some queue still fills.
    fn fills(&self, engine: &Engine, estimate: Option<RateEstimate>) -> bool {
        !self.is_dropping(engine) && (self.is_certain || estimate.is_some_and(|estimate| self.falls_short(estimate)))
    }

    fn is_narrow(&self, estimate: Option<RateEstimate>) -> bool {
        let most = self.scenario.run.half_width.fraction();
        estimate.is_some_and(|e| e.half_width.is_some_and(|width| width <= most * e.per_second))
    }
}

/// Runs until throughput's interval is narrow enough or a limit is met. Under overload the warm-up lasts until queues are
/// full, however even throughput is before: loss and latency are those of full queues. `None` where it is stopped.
pub(super) fn run_to_width(
    engine: &mut Engine,
    scenario: &Scenario,
    bound: &Bound,
    compiled: &Compiled,
    is_stopped: &dyn Fn() -> bool,
) -> Option<SteadyRun> {
    let is_drop = |i: &usize| {
        let charges = compiled.accounts[*i].as_ref().map_or(&[][..], |account| &account.charges);
        charges.iter().any(|charge| matches!(charge, Charge::Dropped(_)))
    };
    let overload = Overload {
        is_open: scenario.is_open(),
        offered: bound.offered_gbps().map(|gbps| gbps * 1e9 / 8.0),
        is_certain: bound.share_without_loss() < 1.0,
        drops: (0..compiled.accounts.len()).filter(is_drop).map(|i| i as u32).collect(),
        scenario,
    };
    let replayed = engine.end_of_records().map(|end| length_of_replay(scenario, end));
    let params = replayed.as_ref().unwrap_or(&scenario.run);
    let batch = u64::from(engine.observer.batch_packets());
    let max_events = params.max_packets.saturating_mul(super::EVENTS_PER_PACKET);
    let mut look = FIRST_LOOK;
    // Batches of a time when queues still grew.
    let mut grown = 0;
    let mut warm: Option<Mark> = None;
    loop {
        let target = (look as u64 * batch).min(params.max_packets);
        let until = params.max_time.as_ps();
        let reached = super::run_unless(engine, target, max_events, until, is_stopped)? && target < params.max_packets;
        let n = engine.observer.batches();
        let cut = mser5(&goodput_rates(engine));
        let from = cut.unwrap_or(n / 2).max(grown);
        let estimate = estimate(engine, from.min(n));
        if !reached {
            return Some(overload.stopped(engine, from, estimate, warm));
        }
        let now = Mark::of(engine);
        match &warm {
            _ if cut.is_none() => {}
            _ if overload.fills(engine, estimate) => {
                warm = None;
                grown = n;
            }
            Some(start) if overload.is_open && now.has_grown_since(start) => {
                engine.observer.forget_latency();
                grown = n;
                warm = Some(now);
            }
            Some(start) if replayed.is_none() && overload.is_narrow(estimate) => {
                let window = [start.clone(), now];
                let falls_short = estimate.is_some_and(|estimate| overload.falls_short(estimate));
                return Some(SteadyRun { stop: Stop::HalfWidth, cut: from, estimate, window, falls_short });
            }
            Some(_) => {}
            // Latency and loss are counted from the first look that finds the warm-up over.
            None => {
                engine.observer.forget_latency();
                warm = Some(now);
            }
        }
        look += look.div_ceil(2);
    }
}

/// Traces are gone through once, however soon their mean is known, and then to the last packet under way. What other classes
/// offer has no end: then only until the last of a trace.
fn length_of_replay(scenario: &Scenario, end: u64) -> RunParams {
    let all = scenario.traffic.iter().all(|class| class.arrival == Arrival::Trace);
    let max_time = Time::from_ps(if all { u64::MAX } else { end });
    RunParams { max_packets: u64::MAX, max_time, ..scenario.run.clone() }
}

impl Overload<'_> {
    /// A run that met a limit before it was long enough.
    fn stopped(&self, engine: &Engine, cut: usize, estimate: Option<RateEstimate>, warm: Option<Mark>) -> SteadyRun {
        let now = Mark::of(engine);
        let was_warm = warm.is_some();
        // Until its window has turned over, a saturating sender fills queues, faster than they are emptied.
        let estimate = estimate.filter(|_| self.is_open || was_warm || engine.observer.packets() >= 2 * self.window());
        let start = warm.unwrap_or_else(|| Mark::start(engine));
        // A short run that never was found warm grows from nothing to what is always under way.
        let grows = self.is_open
            && now.has_grown_since(&start)
            && (was_warm || self.is_certain || self.fills(engine, estimate));
        let stop = match estimate {
            Some(_) if grows => Stop::Growing,
            Some(_) => Stop::Limit,
            None if engine.observer.packets() > 0 => Stop::WarmUp,
            None => Stop::Empty,
        };
        let falls_short = estimate.is_some_and(|estimate| self.falls_short(estimate));
        // Of a state that is not steady there is no interval.
        let estimate = estimate.map(|e| RateEstimate { half_width: e.half_width.filter(|_| !grows), ..e });
        SteadyRun { stop, cut, estimate, window: [start, now], falls_short }
    }
}

/// Octets of goodput per second in each batch.
fn goodput_rates(engine: &Engine) -> Vec<f64> {
    let rate = |index| {
        let (ps, counts) = engine.observer.batch_of_all(index);
        counts.octets as f64 / (ps as f64 * 1e-12).max(1e-12)
    };
    (0..engine.observer.batches()).map(rate).collect()
}

fn estimate(engine: &Engine, from: usize) -> Option<RateEstimate> {
    ratio(engine, from, None, |ps, counts| (counts.octets as f64, ps as f64 * 1e-12))
}

/// The ratio of two sums over the batches from one on, of one class or of all.
pub(super) fn ratio(
    engine: &Engine,
    from: usize,
    class: Option<usize>,
    of: impl Fn(u64, Counts) -> (f64, f64),
) -> Option<RateEstimate> {
    let batch = |index| match class {
        Some(class) => engine.observer.batch(index, class),
        None => engine.observer.batch_of_all(index),
    };
    let pairs: Vec<(f64, f64)> = (from..engine.observer.batches())
        .map(|index| {
            let (ps, counts) = batch(index);
            of(ps, counts)
        })
        .collect();
    rate(&coarsen(&pairs, INTERVAL_BATCHES))
}
