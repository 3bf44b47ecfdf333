//! Axes of a sweep: keys and their values, as a file writes them.

use espsim_model::layers::{Origin, flatten};
use toml::{Table, Value};

use crate::failure::Failure;
use crate::file::source::Source;
use crate::file::value::shown;

/// Keys that change together, and their values in order: one row for each step.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Key paths.
    pub keys: Vec<String>,
    /// A value for every key.
    pub rows: Vec<Vec<Value>>,
    pub(super) form: Form,
}

/// How an axis is written, which says where its values stand in the file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Values,
    Zip(usize),
    Points,
}

impl Axis {
    /// Where the value of a key in a row stands in the file.
    pub fn place(&self, key: usize, row: usize) -> String {
        let key = &self.keys[key];
        match self.form {
            Form::Values => format!("sweep.{key}[{row}]"),
            Form::Zip(i) => format!("sweep.zip[{i}].{key}[{row}]"),
            Form::Points => format!("sweep.point[{row}].{key}"),
        }
    }

    /// The values of a key, in order.
    pub fn values(&self, key: usize) -> impl Iterator<Item = &Value> {
        self.rows.iter().map(move |row| &row[key])
    }

    /// Whether a key has one value only.
    pub(super) fn is_constant(&self, key: usize) -> bool {
        self.values(key).all(|value| *value == self.rows[0][key])
    }

    /// Whether every row has a value of its own for a key, so that it says which row it is.
    pub(super) fn tells_rows(&self, key: usize) -> bool {
        let mut values: Vec<String> = self.values(key).map(shown).collect();
        values.sort_unstable();
        values.windows(2).all(|pair| pair[0] != pair[1])
    }
}

/// Every key of some axes, in their order.
pub(super) fn keys(axes: &[Axis]) -> impl Iterator<Item = &str> {
    axes.iter().flat_map(|axis| axis.keys.iter().map(String::as_str))
}

/// The axis of a key, and which of its keys it is.
pub(super) fn find(axes: &[Axis], key: &str) -> Option<(usize, usize)> {
    (axes.iter().enumerate()).find_map(|(i, axis)| Some((i, axis.keys.iter().position(|swept| swept == key)?)))
}

/// Keys, each with a list of at least one value.
pub(super) fn lists(file: &Source, place: &str, table: &Table) -> Result<Vec<(String, Vec<Value>)>, Failure> {
    let mut lists = Vec::new();
    for (key, (value, _)) in flatten(table, &Origin::Sweep) {
        let at = format!("{place}.{key}");
        let Value::Array(values) = value else {
            return Err(file.failure(&at, format!("`{at}` is a list of values: [..]")));
        };
        if values.is_empty() {
            return Err(file.failure(&at, format!("`{at}` is empty: at least one value")));
        }
        lists.push((key, values));
    }
    Ok(lists)
}

/// An axis of values that change together.
pub(super) fn zip(file: &Source, i: usize, table: &Table) -> Result<Axis, Failure> {
    let place = format!("sweep.zip[{i}]");
    let (keys, columns): (Vec<String>, Vec<Vec<Value>>) = lists(file, &place, table)?.into_iter().unzip();
    let Some(first) = columns.first() else {
        return Err(file.failure(&place, "this entry is empty: keys, each with a list of values"));
    };
    for (key, column) in keys.iter().zip(&columns) {
        if column.len() != first.len() {
            let (n, of, other) = (column.len(), first.len(), &keys[0]);
            let message = format!("`{key}` has {n} values and `{other}` has {of}: what changes together has as many");
            return Err(file.failure(&format!("{place}.{key}"), message));
        }
    }
    let rows = (0..first.len()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect();
    Ok(Axis { keys, rows, form: Form::Zip(i) })
}

/// The axis of points that are listed; none of no points.
pub(super) fn listed(file: &Source, points: &[Table]) -> Result<Option<Axis>, Failure> {
    let mut keys: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (i, table) in points.iter().enumerate() {
        let values = flatten(table, &Origin::Sweep);
        if i == 0 {
            keys = values.keys().cloned().collect();
        }
        let place = format!("sweep.point[{i}]");
        if let Some(missing) = keys.iter().find(|key| !values.contains_key(*key)) {
            return Err(
                file.failure(&place, format!("this point has no `{missing}`: listed points give the same keys"))
            );
        }
        if let Some(further) = values.keys().find(|key| !keys.contains(key)) {
            let message = format!("`{further}` is not given by the first point: listed points give the same keys");
            return Err(file.failure(&format!("{place}.{further}"), message));
        }
        rows.push(values.into_values().map(|(value, _)| value).collect());
    }
    if !rows.is_empty() && keys.is_empty() {
        return Err(file.failure("sweep.point[0]", "a listed point gives at least one key"));
    }
    Ok((!rows.is_empty()).then_some(Axis { keys, rows, form: Form::Points }))
}
