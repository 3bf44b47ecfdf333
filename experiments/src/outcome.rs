//! What a sweep gave: records by point and replication, and their summary.

use std::sync::atomic::{AtomicUsize, Ordering};

use espsim_model::engine::steady::t_95;
use espsim_model::profile::Profile;
use espsim_model::record::{Metric, Record};
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::traffic::Basis;
use rayon::prelude::*;

use crate::input::Failure;
use crate::points::Point;

/// What one simulation gave, whatever was simulated.
pub trait Observation: Send {
    /// Seed of the run.
    fn seed(&self) -> u64;
    /// Every number as a flat list, in a fixed order.
    fn metrics(&self) -> Vec<Metric>;
    /// What limited throughput; empty where that is not asked.
    fn bottleneck(&self) -> &'static str;
    /// Why the run ended.
    fn stop(&self) -> &'static str;
}

impl Observation for Record {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn metrics(&self) -> Vec<Metric> {
        self.metrics()
    }

    fn bottleneck(&self) -> &'static str {
        self.bottleneck
    }

    fn stop(&self) -> &'static str {
        self.stop.name()
    }
}

/// A point's records, one per replication.
#[derive(Debug, Clone)]
pub struct Outcome<R = Record> {
    /// The point.
    pub point: Point,
    /// One record for each replication, in order.
    pub records: Vec<R>,
    /// The same point on profiles that are drawn from the profile's intervals; empty unless asked for.
    pub drawn: Vec<R>,
}

/// Where a metric lies for most of the drawn profiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// 2.5 % quantile.
    pub low: f64,
    /// 97.5 % quantile.
    pub high: f64,
    /// Profiles.
    pub n: usize,
}

/// A value with the half-width of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Mean over replications.
    pub value: f64,
    /// Half-width: over replications if there are several, else that of the one run.
    pub half_width: Option<f64>,
}

impl Summary {
    /// Of values and half-widths, one for each replication; `None` for none.
    pub fn of(runs: &[(f64, Option<f64>)]) -> Option<Self> {
        let n = runs.len() as f64;
        let value = runs.iter().map(|(value, _)| value).sum::<f64>() / n;
        let half_width = match runs {
            [] => return None,
            [(_, half_width)] => *half_width,
            several => {
                let squares: f64 = several.iter().map(|(run, _)| (run - value).powi(2)).sum();
                Some(t_95(several.len() - 1) * (squares / (n - 1.0) / n).sqrt())
            }
        };
        Some(Summary { value, half_width })
    }
}

/// The seed of a replication: the same for every point, so that designs are compared under common random numbers.
/// Mixed by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), so that neighbouring seeds have nothing in common.
pub fn seed(base: u64, replication: u32) -> u64 {
    let mut z = base.wrapping_add(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(replication) + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What is simulated at every point.
pub struct Runs<'a> {
    /// The host.
    pub profile: &'a Profile,
    /// The same host as uncertain as its intervals say; empty to leave that out.
    pub drawn: &'a [Profile],
    /// Base of all seeds.
    pub seed: u64,
    /// Replications on the host.
    pub replications: u32,
}

impl Runs<'_> {
    /// Simulations of one point.
    pub fn per_point(&self) -> usize {
        self.replications as usize + self.drawn.len()
    }

    /// Profile and seed of the simulations of a point. Drawn profiles all run under the first seed, so that they differ
    /// by the profile alone.
    fn each(&self) -> impl Iterator<Item = (&Profile, u64)> {
        let replications = (0..self.replications).map(|replication| (self.profile, seed(self.seed, replication)));
        replications.chain(self.drawn.iter().map(|profile| (profile, seed(self.seed, 0))))
    }
}

/// A simulation of one scenario on one host under one seed.
pub type Simulate<R> = fn(&Scenario, &Profile, u64) -> Result<R, Invalid>;

/// Simulates every point over `jobs` threads. The result is in the points' order whatever the threads do; `progress` is
/// told how many runs are done.
///
/// # Errors
/// [`Failure`] if the threads cannot be started or a point fails its check.
pub fn simulate_all<R: Observation>(
    points: Vec<Point>,
    runs: &Runs<'_>,
    jobs: usize,
    simulate: Simulate<R>,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Outcome<R>>, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| Failure::new(format!("cannot start {jobs} threads: {error}")))?;
    let done = AtomicUsize::new(0);
    let all: Vec<(usize, &Profile, u64)> =
        (0..points.len()).flat_map(|point| runs.each().map(move |(profile, seed)| (point, profile, seed))).collect();
    let records: Result<Vec<R>, Failure> = pool.install(|| {
        all.par_iter()
            .with_max_len(1)
            .map(|&(point, profile, seed)| {
                let record =
                    simulate(&points[point].scenario, profile, seed).map_err(|error| Failure::new(error.to_string()));
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                record
            })
            .collect()
    });
    let mut records = records?.into_iter();
    Ok(points
        .into_iter()
        .map(|point| Outcome {
            point,
            records: records.by_ref().take(runs.replications as usize).collect(),
            drawn: records.by_ref().take(runs.drawn.len()).collect(),
        })
        .collect())
}

impl<R: Observation> Outcome<R> {
    /// Where a metric lies for 95 % of the drawn profiles; `None` where none were drawn or it was not always observed.
    pub fn band(&self, name: &str, basis: Option<Basis>) -> Option<Band> {
        let values: Option<Vec<f64>> = self.drawn.iter().map(|record| metric(record, name, basis)).collect();
        let mut values = values.filter(|values| !values.is_empty())?;
        values.sort_by(f64::total_cmp);
        // Linear interpolation between order statistics (Hyndman and Fan, 1996, definition 7).
        let quantile = |p: f64| {
            let place = p * (values.len() - 1) as f64;
            let (below, share) = (place.floor() as usize, place.fract());
            let above = (below + 1).min(values.len() - 1);
            values[below] + share * (values[above] - values[below])
        };
        Some(Band { low: quantile(0.025), high: quantile(0.975), n: values.len() })
    }

    /// A metric's summary; `None` where it was not observed in every replication.
    pub fn summary(&self, name: &str, basis: Option<Basis>) -> Option<Summary> {
        let runs: Option<Vec<_>> = (self.records.iter())
            .map(|record| {
                let metrics = record.metrics().into_iter();
                let mut named = metrics.filter(|m| m.name == name && (basis.is_none() || m.basis == basis));
                named.next().map(|m| (m.value, m.half_width))
            })
            .collect();
        Summary::of(&runs?)
    }
}

fn metric(record: &impl Observation, name: &str, basis: Option<Basis>) -> Option<f64> {
    let metrics = record.metrics();
    let found = metrics.iter().find(|m| m.name == name && (basis.is_none() || m.basis == basis));
    found.map(|metric| metric.value)
}
