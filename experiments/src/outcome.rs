//! What a sweep gave: records by point and replication, and their summary.

use std::sync::atomic::{AtomicUsize, Ordering};

use espsim_model::engine::steady::t_95;
use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::simulate;
use espsim_model::traffic::Basis;
use rayon::prelude::*;

use crate::input::Failure;
use crate::points::Point;

/// A point's records, one per replication.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The point.
    pub point: Point,
    /// One record for each replication, in order.
    pub records: Vec<Record>,
}

/// A value with the half-width of its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Mean over replications.
    pub value: f64,
    /// Half-width: over replications if there are several, else that of the one run.
    pub half_width: Option<f64>,
}

/// The seed of a replication: the same for every point, so that designs are compared under common random numbers.
/// Mixed by SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), so that neighbouring seeds have nothing in common.
pub fn seed(base: u64, replication: u32) -> u64 {
    let mut z = base.wrapping_add(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(u64::from(replication) + 1));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Simulates every point and replication over `jobs` threads. The result is in the points' order whatever the threads
/// do; `progress` is told how many runs are done.
///
/// # Errors
/// [`Failure`] if the threads cannot be started or a point fails its check.
pub fn simulate_all(
    points: Vec<Point>,
    profile: &Profile,
    base_seed: u64,
    replications: u32,
    jobs: usize,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Outcome>, Failure> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(jobs)
        .build()
        .map_err(|error| Failure::new(format!("cannot start {jobs} threads: {error}")))?;
    let done = AtomicUsize::new(0);
    let runs: Vec<(usize, u32)> =
        (0..points.len()).flat_map(|point| (0..replications).map(move |replication| (point, replication))).collect();
    let records: Result<Vec<Record>, Failure> = pool.install(|| {
        runs.par_iter()
            .with_max_len(1)
            .map(|&(point, replication)| {
                let record = simulate(&points[point].scenario, profile, seed(base_seed, replication))
                    .map_err(|error| Failure::new(error.to_string()));
                progress(done.fetch_add(1, Ordering::Relaxed) + 1);
                record
            })
            .collect()
    });
    let mut records = records?.into_iter();
    Ok(points
        .into_iter()
        .map(|point| Outcome { point, records: records.by_ref().take(replications as usize).collect() })
        .collect())
}

impl Outcome {
    /// A metric's summary; `None` where it was not observed in every replication.
    pub fn summary(&self, name: &str, basis: Option<Basis>) -> Option<Summary> {
        let metrics: Option<Vec<_>> = (self.records.iter())
            .map(|record| {
                record.metrics().into_iter().find(|m| m.name == name && (basis.is_none() || m.basis == basis))
            })
            .collect();
        let metrics = metrics?;
        let n = metrics.len() as f64;
        let value = metrics.iter().map(|m| m.value).sum::<f64>() / n;
        let half_width = match &metrics[..] {
            [] => None,
            [one] => one.half_width,
            several => {
                let squares: f64 = several.iter().map(|m| (m.value - value).powi(2)).sum();
                Some(t_95(several.len() - 1) * (squares / (n - 1.0) / n).sqrt())
            }
        };
        Some(Summary { value, half_width })
    }
}
