//! Published values, as they lie in `experiments/validation`.

use espsim_sweep::failure::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Role, Row};
use crate::rows::OwnRow;

/// One published value.
#[derive(Debug, Clone, Deserialize)]
pub struct Published {
    /// Unique name.
    pub id: String,
    /// The curve that it lies on.
    pub series: String,
    /// Where on the curve.
    #[serde(default)]
    pub x: Option<f64>,
    /// What limited, where that is all that is compared.
    #[serde(default)]
    pub limit: String,
    /// The value.
    pub published: f64,
    /// Its unit.
    pub unit: String,
    /// What it is used for.
    pub role: Role,
    source: String,
    assumed: String,
    /// The series whose costs it is of, where those are not its own.
    #[serde(default)]
    pub of: String,
    /// Cores, where they are more than one.
    #[serde(default)]
    pub cores: Option<f64>,
}

impl From<&OwnRow> for Published {
    fn from(row: &OwnRow) -> Self {
        Published {
            id: row.id.clone(),
            series: row.series.clone(),
            x: row.x,
            limit: String::new(),
            published: row.published,
            unit: row.unit.clone(),
            role: row.role,
            source: row.source.clone(),
            assumed: row.assumed.clone(),
            of: String::new(),
            cores: None,
        }
    }
}

impl Published {
    /// The row with the model's value beside it.
    pub fn row(self, family: &'static str, simulated: f64, tolerance: Option<f64>, same_limit: bool) -> Row {
        Row {
            family,
            role: self.role,
            id: self.id,
            series: self.series,
            x: self.x,
            published: self.published,
            simulated,
            low: None,
            high: None,
            unit: self.unit,
            tolerance,
            same_limit,
            source: self.source,
            assumed: self.assumed,
        }
    }
}

/// The rows of an embedded table.
///
/// # Errors
/// [`Failure`] names the table and the line: a fault of the program, that its tests would have found.
pub fn read<T: DeserializeOwned>(name: &str, text: &str) -> Result<Vec<T>, Failure> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(format!("{name}: {error}")))
}

/// The first row of which this is so.
///
/// # Errors
/// [`Failure`] where there is none: as of [`read`].
pub fn find(rows: &[Published], is_it: impl Fn(&Published) -> bool) -> Result<&Published, Failure> {
    let row = rows.iter().find(|row| is_it(row));
    row.ok_or_else(|| Failure::new("a row that a parameter is set by is missing"))
}
