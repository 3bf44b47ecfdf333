//! What readers of formats make.

use std::path::Path;

use espsim_sweep::failure::Failure;
use espsim_sweep::store::validation::Role;

use crate::rows::OwnRow;

/// Rows, and what was left out and why.
#[derive(Debug, Default)]
pub struct Imported {
    /// The rows.
    pub rows: Vec<OwnRow>,
    /// For people.
    pub notes: Vec<String>,
}

impl Imported {
    /// These and others.
    pub fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.notes.extend(other.notes);
    }
}

/// A row of which more is said later.
pub fn row(series: &str, x: Option<f64>, published: f64, unit: &str, source: String, assumed: String) -> OwnRow {
    OwnRow {
        line: 0,
        id: String::new(),
        series: series.to_owned(),
        x,
        published,
        unit: unit.to_owned(),
        role: Role::Predicted,
        source,
        assumed,
        scenario: String::new(),
        algorithm: None,
        direction: None,
    }
}

/// Lines of a text with where each begins.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let begins = at;
        at += line.len();
        (begins, line.trim_end_matches(['\n', '\r']))
    })
}

/// What is wrong with a line.
pub fn wrong(path: &Path, text: &str, (at, line): (usize, &str), what: &str) -> Failure {
    let number = text[..at].matches('\n').count() + 1;
    Failure::at(path, text, at..at + line.len(), format!("{}:{number}: {what}", path.display()))
}

/// Numbers that something can have been measured as, whatever its unit.
pub const POSSIBLE: std::ops::Range<f64> = 1e-3..1e15;

/// A number above zero.
///
/// # Errors
/// What it is instead.
pub fn positive(cell: &str) -> Result<f64, String> {
    let value = cell.trim().parse::<f64>().ok().filter(|value| POSSIBLE.contains(value));
    value.ok_or_else(|| format!("`{cell}` is no number above zero, below 1e15"))
}
