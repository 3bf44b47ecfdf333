//! What a design must do, and whether a simulated point does it.

use espsim_model::record::Record;
use espsim_model::scenario::Scenario;
use espsim_model::units::{Share, Time};

/// What must hold at the offered load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goals {
    /// The largest share of packets that may be lost.
    pub loss: Share,
    /// The largest 99 % quantile of latency, where one is asked for.
    pub latency_p99: Option<Time>,
}

/// A goal that a point misses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missed {
    /// Share of packets lost.
    Loss(f64),
    /// Share of the offered rate that is carried: queues grow without end, though they were not full yet.
    Carried(f64),
    /// 99 % quantile of latency, in ns.
    Latency(f64),
}

impl std::fmt::Display for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Missed::Loss(share) => write!(f, "loses {} %", significant(share * 100.0)),
            Missed::Carried(share) => write!(f, "carries {:.1} % of the load", share * 100.0),
            Missed::Latency(ns) => write!(f, "p99 latency {} us", significant(ns * 1e-3)),
        }
    }
}

/// Two significant digits and no exponent.
pub(super) fn significant(value: f64) -> String {
    let digits = if value > 0.0 { (1.0 - value.log10().floor()).clamp(0.0, 9.0) as usize } else { 0 };
    format!("{value:.digits$}")
}

impl Goals {
    /// The goal that a record misses worst, if it misses any.
    pub fn missed(&self, record: &Record, offered_gbps: f64, scenario: &Scenario) -> Option<Missed> {
        let loss = record.loss.unwrap_or(0.0);
        if loss > self.loss.fraction() {
            return Some(Missed::Loss(loss));
        }
        let rate = record.rate(scenario.traffic.rate_basis);
        let (carried, half_width) = rate.map_or((0.0, 0.0), |rate| (rate.gbps, rate.half_width_gbps.unwrap_or(0.0)));
        // Of Poisson arrivals a finite run sees a little more or less than the mean.
        if carried + 2.0 * half_width < offered_gbps * (1.0 - self.loss.fraction()) {
            return Some(Missed::Carried(carried / offered_gbps));
        }
        let p99 = record.latency.map_or(f64::INFINITY, |latency| latency.p99_ns);
        let most = self.latency_p99.map_or(f64::INFINITY, Time::as_ns);
        (p99 > most).then_some(Missed::Latency(p99))
    }
}
