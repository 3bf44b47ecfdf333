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
pub(super) const DRAWS: u32 = 40;
/// The seed of these draws.
pub(super) const SEED: u64 = 1;
/// Parts of equal chance that the model's own error is taken in.
const PARTS: u32 = 20;
/// What lies outside of a band, of one.
const OUTSIDE: f64 = 0.05;

/// How far the model is off by other families of the kind.
#[derive(Debug, Deserialize)]
struct Deviation {
    family: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads the table"))]
    kind: String,
    deviation: f64,
}

/// The shipped table.
///
/// # Errors
/// [`Failure`] if it cannot be read: a fault of the program.
fn deviations() -> Result<Vec<Deviation>, Failure> {
    read("discrepancy.csv", include_str!("../../../validation/discrepancy.csv"))
}

/// Standard deviation of the logarithm of the model over truth that the model's own error has in a family; of a user's own rows
/// that of what cores carry.
///
/// # Errors
/// As [`deviations`].
fn deviation(family: &str) -> Result<f64, Failure> {
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

#[cfg(test)]
mod tests {
    use super::super::all_rows;
    use super::*;

    /// The share of a normal's values that lie within one deviation.
    const ONE: f64 = 0.6827;
    /// Half of the last digit of the table.
    const ROUNDED: f64 = 0.000_51;

    /// The error that this share of the predicted rows of some families keeps within, families alike.
    fn error(families: &[&Vec<Row>]) -> f64 {
        let of = |rows: &&Vec<Row>| {
            let errors = rows.iter().filter(|row| row.role == Role::Predicted);
            let errors: Vec<f64> = errors.map(|row| (row.simulated / row.published).ln().abs()).collect();
            let weight = 1.0 / errors.len() as f64;
            errors.into_iter().map(move |error| (error, weight)).collect::<Vec<_>>()
        };
        let mut all: Vec<(f64, f64)> = families.iter().flat_map(of).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let enough = ONE * families.len() as f64 - 1e-9;
        let mut below = 0.0;
        let reached = all.iter().find(|(_, weight)| {
            below += weight;
            below >= enough
        });
        reached.unwrap().0
    }

    /// No family has a say in its own: each deviation is that of the others of its kind.
    #[test]
    fn deviations_are_those_of_the_other_families() {
        let table = deviations().unwrap();
        let rows = |family: &str| all_rows().iter().find(|rows| rows.first().is_some_and(|row| row.family == family));
        let predicted = all_rows().iter().filter(|rows| rows.iter().any(|row| row.role == Role::Predicted)).count();
        assert_eq!(table.len(), predicted);
        for kind in Discrepancy::ALL {
            let of = |left_out: &str| {
                let others = table.iter().filter(|of| of.kind == kind.name() && of.family != left_out);
                error(&others.map(|of| rows(&of.family).unwrap()).collect::<Vec<_>>())
            };
            for family in table.iter().filter(|of| of.kind == kind.name()) {
                let (known, found) = (family.deviation, of(&family.family));
                assert!((known - found).abs() < ROUNDED, "{}: {known} and {found:.4}", family.family);
            }
            let (known, found) = (kind.deviation(), of(""));
            assert!((known - found).abs() < ROUNDED, "{}: {known} and {found:.4}", kind.name());
        }
    }

    /// What a 95 % band is worth: most predicted rows lie in theirs, and it is narrow enough to say something.
    #[test]
    fn most_rows_lie_in_their_bands_and_bands_are_narrow() {
        let headline = espsim_sweep::store::headline::Headline::of(all_rows()).unwrap();
        let (share, half) = (headline.within_band.unwrap(), headline.median_band.unwrap());
        assert!((0.80..=0.98).contains(&share) && half <= 0.30, "{share} within, of ±{half}");
    }

    #[test]
    fn a_band_has_the_quantiles_of_both_errors_together() {
        let [low, high] = band(10.0, &[], 0.1);
        assert!((low / 10.0 - (-0.196f64).exp()).abs() < 1e-3 && (high / 10.0 - 0.196f64.exp()).abs() < 1e-3);
        // Two normal errors of the same size are one that is larger by the root of two.
        let normal = Normal::standard();
        let draws: Vec<f64> =
            (0..200).map(|i| (0.1 * normal.inverse_cdf((f64::from(i) + 0.5) / 200.0)).exp()).collect();
        let [low, high] = band(10.0, &draws, 0.1);
        assert!((high.ln() - 10f64.ln() - 0.277).abs() < 0.01 && (low.ln() - 10f64.ln() + 0.277).abs() < 0.01);
    }
}
