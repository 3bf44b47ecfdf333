//! Where the model's value lies with 95 %: what doubt of parameters makes of it, and how far the model itself is off.
//!
//! How far the model is off is no parameter, and is not set by the rows that it is held against: each family has the deviation
//! that the others of its kind show (`discrepancy.csv`; a test computes it again).

use espsim_model::uncertainty::Discrepancy;
use espsim_sweep::failure::Failure;
use serde::Deserialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::published::read;
use super::{Role, Row};

/// Draws of a machine's parameters.
pub(super) const DRAWS: u32 = 60;
/// The seed of these draws.
pub(super) const SEED: u64 = 1;
/// Parts of equal chance that the model's own error is taken in.
const PARTS: u32 = 20;
/// What lies outside of a band, of one.
const OUTSIDE: f64 = 0.05;

/// How far the model is off by other families of the kind.
#[derive(Debug, Deserialize)]
pub(super) struct Deviation {
    pub family: String,
    pub kind: String,
    pub deviation: f64,
}

/// The shipped table.
///
/// # Errors
/// [`Failure`] if it cannot be read: a fault of the program.
pub(super) fn deviations() -> Result<Vec<Deviation>, Failure> {
    read("discrepancy.csv", include_str!("../../../validation/discrepancy.csv"))
}

/// Standard deviation of the logarithm of the model over truth that the model's own error has in a family; of a user's own rows
/// that of what cores carry.
///
/// # Errors
/// As [`deviations`].
pub(super) fn deviation(family: &str) -> Result<f64, Failure> {
    let found = deviations()?.into_iter().find(|of| of.family == family);
    Ok(found.map_or(Discrepancy::Cores.deviation(), |of| of.deviation))
}

/// Rows with bands: each of what the model says under each draw of its parameters over what it says.
///
/// # Errors
/// As [`deviations`].
pub(super) fn banded(rows: Vec<Row>, draws: impl Fn(&Row) -> Vec<f64>) -> Result<Vec<Row>, Failure> {
    let Some(first) = rows.first() else { return Ok(rows) };
    let deviation = deviation(first.family)?;
    let with = |row: Row| match row.role {
        Role::Predicted => {
            let [low, high] = band(row.simulated, &draws(&row), deviation);
            Row { low: Some(low), high: Some(high), ..row }
        }
        _ => row,
    };
    Ok(rows.into_iter().map(with).collect())
}

/// The band around a value: each draw together with each part of the model's own error.
fn band(value: f64, draws: &[f64], deviation: f64) -> [f64; 2] {
    let draws = if draws.is_empty() { &[1.0][..] } else { draws };
    let normal = Normal::standard();
    let part = |i: u32| (deviation * normal.inverse_cdf((f64::from(i) + 0.5) / f64::from(PARTS))).exp();
    let own: Vec<f64> = (0..PARTS).map(part).collect();
    let mut all: Vec<f64> = draws.iter().flat_map(|draw| own.iter().map(move |own| value * draw * own)).collect();
    all.sort_by(f64::total_cmp);
    let last = (all.len() - 1) as f64;
    [OUTSIDE / 2.0, 1.0 - OUTSIDE / 2.0].map(|share| all[(share * last).round() as usize])
}
