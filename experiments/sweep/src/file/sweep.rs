//! What a scenario file varies: axes, every combination of whose values is a point, and combinations that are left out.
//!
//! ```toml
//! [sweep]                                   # every value with every value of the other axes
//! "traffic.packet" = ["64 B", "1400 B"]
//!
//! [[sweep.zip]]                             # values that change together: the first with the first, and so on
//! "host.cores" = [1, 2, 4]
//! "traffic.flows" = [16, 32, 64]
//!
//! [[sweep.point]]                           # listed points: each gives the same keys
//! "nic.preset" = "nic-40g"
//! "sa.algorithm" = "aes-128-gcm"
//!
//! [[sweep.skip]]                            # left out: combinations that meet every condition of an entry
//! series = "host"
//! "host.cores" = ">= 4"                     # a value, a list of values, or a comparison with a value or a swept key
//! ```

use espsim_model::layers::{Origin, flatten};
use toml::{Table, Value};

use crate::failure::Failure;
use crate::file::axis::{Axis, Form, find, keys, listed, lists, zip};
use crate::file::skip::Skip;
use crate::file::source::Source;

/// The most combinations that are looked at, left out or not.
pub(crate) const MOST_COMBINATIONS: u64 = 100_000_000;

/// The most values that all conditions of `sweep.skip` are worked out for: up to 16 octets each.
const MOST_CONDITIONS: u64 = 10_000_000;
/// The most that combinations are held against entries of `sweep.skip`: minutes.
const MOST_COMPARISONS: u64 = 10_000_000_000;

/// Axes and what is left out.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// The axes, the last one fastest.
    pub axes: Vec<Axis>,
    skips: Vec<Skip>,
}

impl Sweep {
    /// Of axes with one key each.
    pub fn of(axes: impl IntoIterator<Item = (&'static str, Vec<Value>)>) -> Self {
        let axis = |(key, values): (&str, Vec<Value>)| Axis {
            keys: vec![key.to_owned()],
            rows: values.into_iter().map(|value| vec![value]).collect(),
            form: Form::Values,
        };
        Sweep { axes: axes.into_iter().map(axis).collect(), skips: Vec::new() }
    }

    /// Reads the `sweep` table of a file.
    ///
    /// # Errors
    /// [`Failure`] at the key that is wrong.
    pub(crate) fn read(file: &Source, series: &[&str], value: Option<Value>) -> Result<Self, Failure> {
        let Some(value) = value else { return Ok(Sweep::default()) };
        let Value::Table(mut table) = value else {
            return Err(file.failure("sweep", "`sweep` is a table of keys, each with a list of values"));
        };
        let mut tables = |name: &str| file.tables(&format!("sweep.{name}"), table.remove(name));
        let (zips, points, skips) = (tables("zip")?, tables("point")?, tables("skip")?);
        let mut sweep = Sweep::default();
        for (key, values) in lists(file, "sweep", &table)? {
            let rows = values.into_iter().map(|value| vec![value]).collect();
            sweep.axes.push(Axis { keys: vec![key], rows, form: Form::Values });
        }
        for (i, table) in zips.iter().enumerate() {
            sweep.axes.push(zip(file, i, table)?);
        }
        sweep.axes.extend(listed(file, &points)?);
        sweep.check_keys(file)?;
        if sweep.combinations() > MOST_COMBINATIONS {
            let message = format!("the sweep has {} combinations: at most {MOST_COMBINATIONS}", sweep.combinations());
            return Err(file.failure("sweep", message));
        }
        sweep.check_skips(file, series, &skips)?;
        for (i, table) in skips.iter().enumerate() {
            let skip = Skip::read(file, series, &sweep.axes, i, table)?;
            sweep.skips.push(skip);
        }
        Ok(sweep)
    }

    /// A condition is worked out for every value of its key, and every combination is held against every entry.
    fn check_skips(&self, file: &Source, series: &[&str], skips: &[Table]) -> Result<(), Failure> {
        let values = |key: &String| self.find(key).map_or(0, |(axis, _)| self.axes[axis].rows.len() as u64);
        let conditions = |table: &Table| flatten(table, &Origin::Sweep).keys().map(values).sum::<u64>();
        let (entries, combinations) = (skips.len() as u64, self.combinations());
        let held: u64 = skips.iter().map(conditions).fold(0, u64::saturating_add);
        if held > MOST_CONDITIONS {
            let message = format!(
                "`sweep.skip`: {entries} entries x the swept values of their keys are {held}: at most {MOST_CONDITIONS}"
            );
            return Err(file.failure("sweep.skip", message));
        }
        let compared = entries.saturating_mul(combinations).saturating_mul(series.len() as u64);
        if compared > MOST_COMPARISONS {
            let message = format!(
                "`sweep.skip`: {entries} entries x {combinations} combinations x {} series are {compared}: at most \
                 {MOST_COMPARISONS}",
                series.len()
            );
            return Err(file.failure("sweep.skip", message));
        }
        Ok(())
    }

    fn check_keys(&self, file: &Source) -> Result<(), Failure> {
        for (i, axis) in self.axes.iter().enumerate() {
            for (k, key) in axis.keys.iter().enumerate() {
                if self.axes[..i].iter().any(|other| other.keys.contains(key)) {
                    return Err(file.failure(&axis.place(k, 0), format!("`{key}` is swept twice")));
                }
            }
        }
        Ok(())
    }

    /// Every swept key, in the order of axes.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        keys(&self.axes)
    }

    /// The axis of a key, and which of its keys it is.
    pub fn find(&self, key: &str) -> Option<(usize, usize)> {
        find(&self.axes, key)
    }

    /// Combinations of all axes, those included that are left out.
    pub fn combinations(&self) -> u64 {
        self.axes.iter().fold(1, |n, axis| n.saturating_mul(axis.rows.len() as u64))
    }

    /// The row of each axis at a combination.
    pub fn rows(&self, mut combination: u64) -> Vec<usize> {
        let mut rows = vec![0; self.axes.len()];
        for (row, axis) in rows.iter_mut().zip(&self.axes).rev() {
            let n = axis.rows.len() as u64;
            *row = (combination % n) as usize;
            combination /= n;
        }
        rows
    }

    /// The values at these rows, in the order of [`Self::keys`].
    pub fn values<'a>(&'a self, rows: &'a [usize]) -> impl Iterator<Item = &'a Value> {
        self.axes.iter().zip(rows).flat_map(|(axis, &row)| &axis.rows[row])
    }

    /// Whether anything may be left out.
    pub fn has_skips(&self) -> bool {
        !self.skips.is_empty()
    }

    /// Whether a combination is left out in a series.
    pub fn is_skipped(&self, series: usize, rows: &[usize]) -> bool {
        self.skips.iter().any(|skip| skip.matches(series, rows))
    }

    /// The keys, by their number in [`Self::keys`], that a curve over `x` is named after: those that vary and that `x` does
    /// not tell.
    pub fn naming_keys(&self, x: &str) -> Vec<usize> {
        let mut number = 0;
        let mut naming = Vec::new();
        for axis in &self.axes {
            let told = axis.keys.iter().position(|key| key == x).is_some_and(|key| axis.tells_rows(key));
            for (k, key) in axis.keys.iter().enumerate() {
                if !told && key != x && !axis.is_constant(k) {
                    naming.push(number);
                }
                number += 1;
            }
        }
        naming
    }
}
