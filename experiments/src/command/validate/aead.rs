//! AEAD by buffer size, as throughput or as cycles of a call: a fixed cost and one per octet, each series fitted on two
//! sizes, and eight cores eight times as fast as one.

use std::collections::BTreeMap;

use espsim_sweep::failure::Failure;

use super::published::{Published, read};
use super::{Role, Row};

/// The largest relative error that counts as agreement.
pub(super) const TOLERANCE: f64 = 0.15;
/// Of several cores by what one was measured to do.
const SCALED_TOLERANCE: f64 = 0.10;

/// What one call takes, in the inverse of the unit of rates, or in cycles.
struct Cost {
    fixed: f64,
    per_octet: f64,
}

impl Cost {
    /// Through two points: octets, and what one call takes.
    fn through((a, taken_a): (f64, f64), (b, taken_b): (f64, f64)) -> Self {
        let per_octet = (taken_b - taken_a) / (b - a);
        Cost { fixed: taken_a - per_octet * a, per_octet }
    }

    fn of(&self, octets: f64) -> f64 {
        self.fixed + self.per_octet * octets
    }
}

/// What a call takes of a rate of octets, and the rate of what a call takes; cycles are given as what a call takes.
fn taken(unit: &str, octets: f64, value: f64) -> f64 {
    if unit == "cycles" { value } else { octets / value }
}

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("aead.csv", include_str!("../../../validation/aead.csv"))?;
    Ok(compared(published, "aead", TOLERANCE))
}

/// Rows of a family beside the two costs of their series, each through the two that are fitted.
pub(super) fn compared(published: Vec<Published>, family: &'static str, tolerance: f64) -> Vec<Row> {
    let mut fitted: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in published.iter().filter(|row| row.role == Role::Fitted) {
        fitted.entry(&row.series).or_default().extend(row.x.map(|x| (x, taken(&row.unit, x, row.published))));
    }
    let costs: BTreeMap<String, Cost> = fitted
        .into_iter()
        .filter_map(|(series, points)| match points[..] {
            [a, b] => Some((series.to_owned(), Cost::through(a, b))),
            _ => None,
        })
        .collect();
    let rows = published.into_iter().filter_map(|row| {
        let (octets, of) = (row.x?, if row.of.is_empty() { &row.series } else { &row.of });
        let one = taken(&row.unit, octets, costs.get(of)?.of(octets));
        // Cores do not slow each other where caches hold what they work on.
        let simulated = one * row.cores.unwrap_or(1.0);
        let tolerance = if row.cores.is_some() { SCALED_TOLERANCE } else { tolerance };
        Some(row.row(family, simulated, Some(tolerance), true))
    });
    rows.collect()
}
