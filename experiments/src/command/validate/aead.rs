//! AEAD by buffer size, as throughput or as cycles of a call: a fixed cost and one per octet, each series fitted on two
//! sizes, and eight cores eight times as fast as one.

use std::collections::BTreeMap;

use espsim_model::uncertainty::{Draw, draws};
use espsim_sweep::failure::Failure;

use super::band::{DRAWS, SEED};
use super::published::{Published, read};
use super::{Role, Row, band};
use crate::fitting::machine::ERROR;

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
    compared(published, "aead", TOLERANCE)
}

/// Rows of a family beside the two costs of their series, each through the two that are fitted; with bands from what those two
/// may be.
///
/// # Errors
/// As of [`band::banded`].
pub(super) fn compared(published: Vec<Published>, family: &'static str, tolerance: f64) -> Result<Vec<Row>, Failure> {
    let costs = costs(&published, None);
    let drawn: Vec<Costs> = draws(DRAWS, SEED).map(|draw| self::costs(&published, Some(&draw))).collect();
    let mut ratios = BTreeMap::new();
    let rows = published.into_iter().filter_map(|row| {
        let (octets, of) = (row.x?, if row.of.is_empty() { &row.series } else { &row.of });
        let one = |costs: &Costs| Some(taken(&row.unit, octets, costs.get(of)?.of(octets)));
        let now = one(&costs)?;
        // Costs that are less than nothing are none.
        let possible = |ratio: &f64| *ratio > 0.0;
        let of_draws: Vec<f64> = drawn.iter().filter_map(|costs| Some(one(costs)? / now)).filter(possible).collect();
        ratios.insert(row.id.clone(), of_draws);
        // Cores do not slow each other where caches hold what they work on.
        let simulated = now * row.cores.unwrap_or(1.0);
        let tolerance = if row.cores.is_some() { SCALED_TOLERANCE } else { tolerance };
        Some(row.row(family, simulated, Some(tolerance), true))
    });
    let rows = rows.collect();
    band::banded(rows, |row| ratios.get(&row.id).cloned().unwrap_or_default())
}

/// By series.
type Costs = BTreeMap<String, Cost>;

/// The two costs of each series through what is published of two sizes, or through what a draw has instead.
fn costs(published: &[Published], draw: Option<&Draw>) -> Costs {
    let mut fitted: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in published.iter().filter(|row| row.role == Role::Fitted) {
        let off = draw.map_or(1.0, |draw| draw.measured(&row.id, ERROR));
        fitted.entry(&row.series).or_default().extend(row.x.map(|x| (x, taken(&row.unit, x, row.published * off))));
    }
    let through = |(series, points): (&str, Vec<(f64, f64)>)| match points[..] {
        [a, b] => Some((series.to_owned(), Cost::through(a, b))),
        _ => None,
    };
    fitted.into_iter().filter_map(through).collect()
}
