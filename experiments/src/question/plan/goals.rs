//! What a design must do, and whether a simulated point does it.

use espsim_model::carried::Load;
use espsim_model::record::Record;
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
    Loss(Share),
    /// Share of the offered rate that is carried: queues grow without end, though they were not full yet.
    Carried(Share),
    /// NICs have no room for all SAs.
    Room,
    /// Share of packets that queues before cores lose, by closed forms.
    Bursts(Share),
    /// How busy the tightest station is: so close to its limit that no run of affordable length shows what is lost.
    Busy(Share),
    /// 99 % quantile of latency; absent where no packet came out.
    Latency(Option<Time>),
    /// The least that latency can be, by closed forms: no hardware makes a packet faster than its way takes.
    Floor(Time),
    /// Anything: nothing could be estimated.
    Unknown,
}

impl std::fmt::Display for Missed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Missed::Loss(share) => write!(f, "loses {} %", significant(share.fraction() * 100.0)),
            Missed::Room => write!(f, "has no room for all SAs in its NICs"),
            Missed::Bursts(share) => {
                write!(f, "loses {} % in bursts, by closed forms", significant(share.fraction() * 100.0))
            }
            Missed::Carried(share) => write!(f, "carries {:.1} % of the load", share.fraction() * 100.0),
            Missed::Busy(share) => write!(f, "is {:.1} % busy, too close to its limit", share.fraction() * 100.0),
            Missed::Latency(Some(time)) => write!(f, "has a p99 latency of {} us", significant(time.as_ns() * 1e-3)),
            Missed::Floor(time) => {
                write!(
                    f,
                    "has a p99 latency of at least {} us, whatever the hardware",
                    significant(time.as_ns() * 1e-3)
                )
            }
            Missed::Latency(None) => write!(f, "lets no packet out"),
            Missed::Unknown => write!(f, "gives no estimate"),
        }
    }
}

/// Two significant digits and no exponent.
pub(super) fn significant(value: f64) -> String {
    let digits = if value > 0.0 { (1.0 - value.log10().floor()).clamp(0.0, 9.0) as usize } else { 0 };
    format!("{value:.digits$}")
}

impl Goals {
    /// The share of packets that must not be lost.
    pub fn lossless(&self) -> f64 {
        1.0 - self.loss.fraction()
    }

    /// The goal that a record misses worst, if it misses any; `chance` is a share of packets beyond what may be lost that is
    /// taken to be chance.
    pub fn missed(&self, record: &Record, chance: f64) -> Option<Missed> {
        let Some(load) = Load::of(record) else { return Some(Missed::Unknown) };
        if load.loss - chance > self.loss.fraction() {
            return Some(Missed::Loss(Share::from_fraction(load.loss)));
        }
        if load.falls_short(self.loss) {
            return Some(Missed::Carried(Share::from_fraction(load.carried / load.offered)));
        }
        let p99 = record.latency.map(|latency| Time::from_seconds(latency.p99_ns * 1e-9));
        if self.latency_p99.is_some_and(|most| p99.is_none_or(|p99| p99 > most)) {
            return Some(Missed::Latency(p99));
        }
        // A queue that fills slowly is not full at the end of a run, but will be: no station exceeds its bound.
        load.exceeds_bound(self.loss).then(|| Missed::Carried(Share::from_fraction(load.allowed / load.offered)))
    }
}
