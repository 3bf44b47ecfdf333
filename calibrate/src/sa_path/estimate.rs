//! Medians with intervals.

use espsim_model::profile::Estimate;

use crate::sample::{median, median_interval};

/// The median over rounds with its 95 % interval.
pub(super) fn of_rounds(rounds: &[f64]) -> Estimate {
    let (low, high) = median_interval(rounds);
    Estimate { value: median(rounds), low: Some(low), high: Some(high), n: Some(rounds.len() as u32) }
}
