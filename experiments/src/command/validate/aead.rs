//! AEAD throughput by buffer size: a fixed cost and one per octet, each series fitted on two sizes that are multiples of
//! the widest stride (256 octets), so that no partial stride is in the fit.

use std::collections::BTreeMap;

use espsim_sweep::failure::Failure;

use super::published::{Published, read};
use super::{Role, Row};

/// The largest relative error that counts as agreement.
pub(super) const TOLERANCE: f64 = 0.15;

/// Nanoseconds of one call.
struct Cost {
    fixed: f64,
    per_byte: f64,
}

impl Cost {
    /// Through two points: (octets, MB/s).
    fn through((a, rate_a): (f64, f64), (b, rate_b): (f64, f64)) -> Self {
        // 1 MB/s is 1e-3 octets per ns.
        let (time_a, time_b) = (a / rate_a * 1e3, b / rate_b * 1e3);
        let per_byte = (time_b - time_a) / (b - a);
        Cost { fixed: time_a - per_byte * a, per_byte }
    }

    fn rate(&self, octets: f64) -> f64 {
        octets / (self.fixed + self.per_byte * octets) * 1e3
    }
}

pub(super) fn rows() -> Result<Vec<Row>, Failure> {
    let published: Vec<Published> = read("aead.csv", include_str!("../../../validation/aead.csv"))?;
    Ok(compared(published, "aead", TOLERANCE))
}

/// Rows of a family beside the two costs of their series, each through the two that are fitted.
pub(super) fn compared(published: Vec<Published>, family: &'static str, tolerance: f64) -> Vec<Row> {
    let mut fitted: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for row in published.iter().filter(|row| row.role == Role::Fitted) {
        fitted.entry(&row.series).or_default().extend(row.x.map(|x| (x, row.published)));
    }
    let costs: BTreeMap<String, Cost> = fitted
        .into_iter()
        .filter_map(|(series, points)| match points[..] {
            [a, b] => Some((series.to_owned(), Cost::through(a, b))),
            _ => None,
        })
        .collect();
    let rows = published.into_iter().filter_map(|row| {
        let rate = costs.get(&row.series)?.rate(row.x?);
        Some(row.row(family, rate, Some(tolerance), true))
    });
    rows.collect()
}
