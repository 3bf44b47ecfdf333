//! What jobs an engine is given: sources, the flows that they are on, and when they start.

use super::program::Pc;
use super::recorded::Recorded;

/// When jobs start, on which flow, and of which size.
#[derive(Debug, Clone, Default)]
pub struct Workload {
    /// The row of `starts` that each flow uses; flows of a source stand together.
    pub flows: Vec<u16>,
    /// The key that each flow looks up.
    pub keys: Vec<u32>,
    /// Where a job starts, by row and then size.
    pub starts: Vec<Vec<Pc>>,
    /// Sources of jobs, one for each traffic class, in the order of their flows.
    pub sources: Vec<Source>,
}

impl Workload {
    /// One source with a single size, whose flows are all alike and start at the first operation.
    pub fn single(flows: u32, arrivals: Arrivals) -> Self {
        Workload {
            flows: vec![0; flows as usize],
            keys: vec![0; flows as usize],
            starts: vec![vec![0]],
            sources: vec![Source::of(flows, arrivals)],
        }
    }
}

/// What starts jobs of one traffic class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its flows.
    pub flows: u32,
    /// Relative frequency of each size.
    pub weights: Vec<u32>,
    /// Packets of a job of each size.
    pub packets: Vec<u32>,
    /// When jobs start.
    pub arrivals: Arrivals,
    /// Jobs of one flow that come one after the other.
    pub train: Train,
    /// What was recorded; empty unless that is what comes.
    pub recorded: Recorded,
}

/// Jobs of one flow that come one after the other at an offered rate, as a sender's burst brings them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Train {
    /// How many.
    pub jobs: u32,
    /// Picoseconds between two of them; no more than between two jobs on average.
    pub spacing: u64,
}

impl Source {
    /// One of so many flows with a single size.
    pub fn of(flows: u32, arrivals: Arrivals) -> Self {
        let recorded = Recorded::default();
        Source { flows, weights: vec![1], packets: vec![1], arrivals, train: Train::NONE, recorded }
    }
}

impl Arrivals {
    /// Mean picoseconds between two jobs; `None` of a closed loop.
    pub const fn mean(self) -> Option<u64> {
        match self {
            Arrivals::Closed { .. } => None,
            Arrivals::Constant { interval: mean }
            | Arrivals::Poisson { mean }
            | Arrivals::OnOff { mean, .. }
            | Arrivals::Bursts { mean, .. }
            | Arrivals::Recorded { mean, .. } => Some(mean),
        }
    }

    /// When what was recorded at a time comes, in picoseconds: earlier or later as the rate is another one.
    pub fn replayed_at(self, at: u64) -> u64 {
        match self {
            Arrivals::Recorded { mean, was } if mean != was => {
                let scaled = u128::from(at) * u128::from(mean) / u128::from(was.max(1));
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
            _ => at,
        }
    }

    /// Whether each train is on a flow drawn at random.
    pub const fn draws_flows(self) -> bool {
        matches!(self, Arrivals::Poisson { .. } | Arrivals::OnOff { .. } | Arrivals::Bursts { .. })
    }

    /// Trains that come one after the other, on average.
    pub const fn trains(self) -> u32 {
        match self {
            Arrivals::Bursts { trains, .. } => trains,
            _ => 1,
        }
    }
}

impl Train {
    /// Each job by itself.
    pub const NONE: Train = Train { jobs: 1, spacing: 0 };
}

/// When jobs start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// So many jobs on each flow at all times.
    Closed {
        /// Jobs of each flow.
        jobs_per_flow: u32,
    },
    /// One every interval, on the flows in turn; of trains the first ones.
    Constant {
        /// Picoseconds between two.
        interval: u64,
    },
    /// A Poisson process, each on a flow drawn at random; of trains the gaps between them are drawn.
    Poisson {
        /// Mean picoseconds between two.
        mean: u64,
    },
    /// As `Poisson` while it is on, and none while it is off: an interrupted Poisson process (Kuczura, Bell System
    /// Technical Journal 52, 1973). Both times are drawn from exponential distributions.
    OnOff {
        /// Mean picoseconds between two, off times included.
        mean: u64,
        /// Mean time for which it is on.
        on: u64,
        /// Mean time for which it is off.
        off: u64,
    },
    /// As `Poisson`, but bursts of a geometrically distributed number of trains, each train on a flow drawn at random:
    /// batch arrivals.
    Bursts {
        /// Mean picoseconds between two jobs.
        mean: u64,
        /// Trains of a burst on average.
        trains: u32,
    },
    /// As they were recorded, once, faster or slower.
    Recorded {
        /// Mean picoseconds between two.
        mean: u64,
        /// The same as it was recorded.
        was: u64,
    },
}
