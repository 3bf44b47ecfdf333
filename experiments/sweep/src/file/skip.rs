//! Combinations that are left out.

use espsim_model::layers::{Origin, flatten};
use toml::{Table, Value};

use crate::failure::{Failure, nearest};
use crate::file::axis::{Axis, find, keys};
use crate::file::source::Source;
use crate::file::value::{quantity, shown};

/// One `[[sweep.skip]]`: what meets all of it is left out.
#[derive(Debug, Clone)]
pub(super) struct Skip {
    /// Series, by number; empty for all.
    series: Vec<usize>,
    conditions: Vec<Condition>,
}

/// A condition on the rows of axes, worked out for every row beforehand.
#[derive(Debug, Clone)]
enum Condition {
    /// Of one axis: the rows that meet it.
    Rows { axis: usize, meets: Vec<bool> },
    /// A comparison of two axes, by the numbers of their rows.
    Across { left: (usize, Vec<f64>), comparison: Comparison, right: (usize, Vec<f64>) },
}

/// Whether two numbers compare so.
type Comparison = fn(f64, f64) -> bool;

/// What says of values that they differ, numbers or not.
const DIFFERS: &str = "!=";

/// Signs, longer ones before their beginnings.
const SIGNS: [(&str, Comparison); 5] = [
    ("<=", |left, right| left <= right),
    (">=", |left, right| left >= right),
    (DIFFERS, |left, right| left != right),
    ("<", |left, right| left < right),
    (">", |left, right| left > right),
];

impl Skip {
    pub(super) fn read(file: &Source, names: &[&str], axes: &[Axis], i: usize, table: &Table) -> Result<Self, Failure> {
        let mut skip = Skip { series: Vec::new(), conditions: Vec::new() };
        for (key, (value, _)) in flatten(table, &Origin::Sweep) {
            let reader = Reader { file, axes, at: format!("sweep.skip[{i}].{key}"), key: &key };
            match key.as_str() {
                "series" => skip.series = reader.series(names, &value)?,
                _ => skip.conditions.push(reader.condition(&value)?),
            }
        }
        if skip.series.is_empty() && skip.conditions.is_empty() {
            return Err(
                file.failure(&format!("sweep.skip[{i}]"), "this entry says nothing: give a swept key or `series`")
            );
        }
        Ok(skip)
    }

    pub(super) fn matches(&self, series: usize, rows: &[usize]) -> bool {
        (self.series.is_empty() || self.series.contains(&series))
            && self.conditions.iter().all(|condition| match condition {
                Condition::Rows { axis, meets } => meets[rows[*axis]],
                Condition::Across { left, comparison, right } => {
                    comparison(left.1[rows[left.0]], right.1[rows[right.0]])
                }
            })
    }
}

/// Reads the condition on one key.
struct Reader<'a> {
    file: &'a Source,
    axes: &'a [Axis],
    at: String,
    key: &'a str,
}

impl Reader<'_> {
    fn failure(&self, message: String) -> Failure {
        self.file.failure(&self.at, message)
    }

    fn series(&self, names: &[&str], value: &Value) -> Result<Vec<usize>, Failure> {
        let find = |value: &Value| {
            let name = shown(value);
            names.iter().position(|known| *known == name).ok_or_else(|| {
                self.failure(format!("there is no series `{name}`; there are {}", names.join(", ")))
                    .with_help(nearest(&name, names))
            })
        };
        self.some(value)?.iter().map(find).collect()
    }

    /// The values of a list, which is not empty, or the one value.
    fn some<'v>(&self, value: &'v Value) -> Result<&'v [Value], Failure> {
        match one_or_more(value) {
            [] => Err(self.failure(format!("`{}` is an empty list, which leaves out nothing", self.key))),
            several => Ok(several),
        }
    }

    fn condition(&self, value: &Value) -> Result<Condition, Failure> {
        let Some((axis, key)) = find(self.axes, self.key) else {
            let keys: Vec<&str> = keys(self.axes).chain(["series"]).collect();
            let message = format!("`{}` is not swept: {}", self.key, keys.join(", "));
            return Err(self.failure(message).with_help(nearest(self.key, &keys)));
        };
        let values: Vec<&Value> = self.axes[axis].values(key).collect();
        let text = value.as_str().unwrap_or_default().trim_start();
        let compared = SIGNS.into_iter().find_map(|(sign, holds)| Some((sign, holds, text.strip_prefix(sign)?.trim())));
        if let Some((sign, holds, operand)) = compared {
            return self.comparison(axis, &values, (sign, holds), operand);
        }
        let mut meets = vec![false; values.len()];
        for wanted in self.some(value)? {
            let found: Vec<usize> = (0..values.len()).filter(|&row| is_same(values[row], wanted)).collect();
            if found.is_empty() {
                return Err(self.no_such(&values, &shown(wanted)));
            }
            found.into_iter().for_each(|row| meets[row] = true);
        }
        Ok(Condition::Rows { axis, meets })
    }

    fn comparison(
        &self,
        axis: usize,
        values: &[&Value],
        (sign, comparison): (&str, Comparison),
        operand: &str,
    ) -> Result<Condition, Failure> {
        if let Some((other, key)) = find(self.axes, operand) {
            let unit = quantity(values[0]).map(|(unit, _)| unit);
            let right: Vec<&Value> = self.axes[other].values(key).collect();
            let (left, right) = (self.numbers(values, unit)?, self.numbers(&right, unit)?);
            return Ok(Condition::Across { left: (axis, left), comparison, right: (other, right) });
        }
        let written = Value::String(operand.to_owned());
        let operand = operand.parse::<f64>().map_or(written, Value::Float);
        let meets = match (sign, quantity(&operand)) {
            // What is no number can still differ.
            (DIFFERS, _) => {
                if !values.iter().any(|value| is_same(value, &operand)) {
                    return Err(self.no_such(values, &shown(&operand)));
                }
                values.iter().map(|value| !is_same(value, &operand)).collect()
            }
            (_, Some((unit, number))) => {
                self.numbers(values, Some(unit))?.into_iter().map(|value| comparison(value, number)).collect()
            }
            (_, None) => {
                let message = format!("`{}` is neither a swept key nor a number with its unit", shown(&operand));
                let keys: Vec<&str> = keys(self.axes).collect();
                return Err(self.failure(message).with_help(nearest(&shown(&operand), &keys)));
            }
        };
        Ok(Condition::Rows { axis, meets })
    }

    fn numbers(&self, values: &[&Value], unit: Option<&str>) -> Result<Vec<f64>, Failure> {
        let number = |value: &&Value| {
            quantity(value)
                .filter(|(of, _)| Some(*of) == unit)
                .map(|(_, number)| number)
                .ok_or_else(|| self.failure(format!("`{}`: `{}` cannot be compared with that", self.key, shown(value))))
        };
        values.iter().map(number).collect()
    }

    fn no_such(&self, values: &[&Value], wanted: &str) -> Failure {
        let known: Vec<String> = values.iter().map(|value| shown(value)).collect();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        self.failure(format!("`{wanted}` is no value of `{}`: {}", self.key, known.join(", ")))
            .with_help(nearest(wanted, &names))
    }
}

fn one_or_more(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// Whether two values are the same, however they are written.
fn is_same(a: &Value, b: &Value) -> bool {
    a == b || quantity(a).is_some_and(|quantity_of_a| Some(quantity_of_a) == quantity(b))
}
