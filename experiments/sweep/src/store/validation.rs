//! `table.csv`: how far the model is off, in one row for all published values of a kind. It is what is kept as reference;
//! `validation.csv` has every value.

use serde::{Deserialize, Serialize, Serializer};

use crate::failure::Failure;
use crate::store::points_csv::four_digits;

/// What a row's published value is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A parameter of the machine is set by it.
    Fitted,
    /// The model predicts it.
    Predicted,
    /// It was computed with a published formula.
    Formula,
    /// Only what limits is compared.
    Direction,
    /// Of another kind than the model is of, or with something in it that the model has not: it is shown and not counted.
    Comparator,
}

impl Role {
    /// The name used in tables and files.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Fitted => "fitted",
            Role::Predicted => "predicted",
            Role::Formula => "formula",
            Role::Direction => "direction",
            Role::Comparator => "comparator",
        }
    }
}

/// One published value and what the model says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its family.
    pub family: &'static str,
    /// Unique name.
    pub id: String,
    /// The curve that it lies on.
    pub series: String,
    /// Where on the curve: octets, cores.
    pub x: Option<f64>,
    /// The published value.
    pub published: f64,
    /// The model's value.
    pub simulated: f64,
    /// The least that the model says in 95 % of cases where its parameters and itself are as doubtful as they are; absent of
    /// what is no prediction.
    pub low: Option<f64>,
    /// The most.
    pub high: Option<f64>,
    /// Unit of all, with the basis of a rate.
    pub unit: String,
    /// What the published value is used for.
    pub role: Role,
    /// The largest relative error that counts as agreement; absent where what limits is compared.
    pub tolerance: Option<f64>,
    /// For [`Role::Direction`]: whether the same thing limits.
    #[serde(skip)]
    pub same_limit: bool,
    /// Where the published value is from.
    pub source: String,
    /// What was assumed because the source leaves it out.
    pub assumed: String,
}

impl Row {
    /// Relative error of the model.
    pub fn error(&self) -> f64 {
        self.simulated / self.published - 1.0
    }

    /// Whether the published value lies in the model's band; `None` where there is no band.
    pub fn is_in_band(&self) -> Option<bool> {
        Some((self.low?..=self.high?).contains(&self.published))
    }

    /// Half of the width of the model's band, relative to its value.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / (2.0 * self.simulated))
    }

    /// The kind of its series: what stands before the first comma of its name.
    pub fn kind(&self) -> &str {
        self.series.split(',').next().unwrap_or_default()
    }

    /// Whether model and publication agree.
    pub fn agrees(&self) -> bool {
        match self.tolerance {
            Some(tolerance) => self.error().abs() <= tolerance,
            None => self.same_limit,
        }
    }
}

/// Values of one family and kind of series that are used for the same and held to the same tolerance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesSummary {
    /// Their family.
    pub family: String,
    /// What stands before the first comma of their series' names.
    pub series: String,
    /// What they are used for.
    pub role: Role,
    /// How many.
    pub rows: u32,
    /// How many of them the model agrees with.
    pub within: u32,
    /// The largest relative error that counts as agreement; absent where what limits is compared.
    #[serde(serialize_with = "short")]
    pub tolerance: Option<f64>,
    /// The lowest relative error; absent where what limits is compared.
    #[serde(serialize_with = "short")]
    pub low_error: Option<f64>,
    /// The highest.
    #[serde(serialize_with = "short")]
    pub high_error: Option<f64>,
    /// The mean of all.
    #[serde(serialize_with = "short")]
    pub mean_error: Option<f64>,
    /// The name of the value with the largest error, whatever its sign; empty where no error can be seen.
    pub worst: String,
}

impl SeriesSummary {
    /// Whether the model says what was measured or computed by others, and nothing was fitted to it.
    pub fn is_prediction(&self) -> bool {
        matches!(self.role, Role::Predicted | Role::Formula)
    }

    /// The largest error, whatever its sign.
    pub fn worst_error(&self) -> Option<f64> {
        let (low, high) = (self.low_error?, self.high_error?);
        Some(if low.abs() > high.abs() { low } else { high })
    }

    fn of(rows: &[&Row]) -> Option<Self> {
        let first = rows.first()?;
        let errors = || rows.iter().map(|row| to_hundredth_of_percent(row.error()));
        let mean = to_hundredth_of_percent(rows.iter().map(|row| row.error()).sum::<f64>() / rows.len() as f64);
        let worst = rows.iter().zip(errors()).reduce(|a, b| if b.1.abs() > a.1.abs() { b } else { a });
        let worst = worst.filter(|(_, error)| *error != 0.0 && first.tolerance.is_some());
        Some(SeriesSummary {
            family: first.family.to_owned(),
            series: first.kind().to_owned(),
            role: first.role,
            rows: rows.len() as u32,
            within: rows.iter().filter(|row| row.agrees()).count() as u32,
            tolerance: first.tolerance,
            low_error: first.tolerance.and_then(|_| errors().reduce(f64::min)),
            high_error: first.tolerance.and_then(|_| errors().reduce(f64::max)),
            mean_error: first.tolerance.map(|_| mean),
            worst: worst.map_or_else(String::new, |(row, _)| row.id.clone()),
        })
    }
}

/// In four digits.
fn short<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(four_digits).serialize(serializer)
}

/// No tolerance is finer, and below it errors are those of arithmetic. Zero has no sign.
fn to_hundredth_of_percent(error: f64) -> f64 {
    (error * 1e4).round() / 1e4 + 0.0
}

/// Rows by kind, in the order of their first ones.
fn kinds<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<SeriesSummary> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    let is_same =
        |a: &Row, b: &Row| (a.family, a.kind(), a.role, a.tolerance) == (b.family, b.kind(), b.role, b.tolerance);
    for row in rows {
        match groups.iter_mut().find(|group| is_same(group[0], row)) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.iter().filter_map(|group| SeriesSummary::of(group)).collect()
}

/// The table of these rows.
///
/// # Errors
/// [`Failure`] if it cannot be encoded.
pub fn csv<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<Vec<u8>, Failure> {
    let encode = |error: &dyn std::fmt::Display| Failure::new(format!("cannot encode rows: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    kinds(rows).iter().try_for_each(|kind| writer.serialize(kind)).map_err(|error| encode(&error))?;
    writer.into_inner().map_err(|error| encode(&error))
}

/// Reads a table; columns are found by their names.
///
/// # Errors
/// What is wrong: a column that is missing, a value that is no number.
pub fn read(csv: &str) -> Result<Vec<SeriesSummary>, csv::Error> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::store) fn row(id: &str, series: &str, role: Role, simulated: f64, tolerance: Option<f64>) -> Row {
        Row {
            family: "aead",
            id: id.into(),
            series: series.into(),
            x: None,
            published: 100.0,
            simulated,
            low: None,
            high: None,
            unit: "MB/s".into(),
            role,
            tolerance,
            same_limit: true,
            source: String::new(),
            assumed: String::new(),
        }
    }

    #[test]
    fn values_of_a_kind_make_one_row_that_can_be_read_again() {
        let rows = [
            row("a", "seal, one thread", Role::Predicted, 112.346, Some(0.15)),
            row("b", "seal, two threads", Role::Predicted, 80.0, Some(0.15)),
            row("c", "seal", Role::Fitted, 99.999_99, Some(0.15)),
            row("d", "what limits", Role::Direction, 300.0, None),
        ];
        let text = String::from_utf8(csv(rows.iter()).unwrap()).unwrap();
        assert_eq!(
            text,
            "family,series,role,rows,within,tolerance,low_error,high_error,mean_error,worst\n\
             aead,seal,predicted,2,1,0.15,-0.2,0.1235,-0.0383,b\n\
             aead,seal,fitted,1,1,0.15,0,0,0,\n\
             aead,what limits,direction,1,1,,,,,\n"
        );
        let again = read(&text).unwrap();
        assert_eq!(again, kinds(rows.iter()));
        assert_eq!((again[0].worst_error(), again[0].is_prediction()), (Some(-0.2), true));
        assert_eq!((again[1].is_prediction(), again[2].worst_error()), (false, None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let row = |header: &str, cells: &str| read(&format!("{header}\n{cells}\n")).unwrap_err().to_string();
        let header = "family,series,role,rows,within,tolerance,low_error,high_error,mean_error,worst";
        assert!(row("family,series", "aead,seal").contains("missing field `role`"));
        assert!(row(header, "aead,seal,fitted,many,1,0.15,0,0,0,c").contains("field 3: invalid digit"));
        assert!(row(header, "aead,seal,fitted,1,1,0.15,0,low,0,c").contains("field 7: invalid float"));
    }
}
