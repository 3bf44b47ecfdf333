//! `families.csv`: how far the model is off by family, of predicted rows alone, and all families with equal weight.

use serde::{Deserialize, Serialize, Serializer};

use super::validation::{Role, Row};
use crate::failure::Failure;
use crate::store::points_csv::four_digits;

/// An error within which a prediction is called good.
pub const GOOD: f64 = 0.10;
/// An error beyond which a row has to be explained.
pub const LARGE: f64 = 0.25;

/// Name of the row of all families.
pub const ALL: &str = "all";

/// How far the model is off the rows of a family; the row [`ALL`] has each family with the same weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilySummary {
    /// Its name.
    pub family: String,
    /// Rows that parameters were set by.
    pub fitted: u32,
    /// Rows that nothing was fitted to.
    pub predicted: u32,
    /// Values of published formulas.
    pub formula: u32,
    /// Rows of which only what limits is compared.
    pub direction: u32,
    /// Those of them where the same limits.
    pub same_limit: u32,
    /// Rows that are shown and not counted.
    pub comparators: u32,
    /// Median of the magnitudes of the relative errors of predicted rows, or of formulas where there are none.
    #[serde(serialize_with = "short")]
    pub median_error: Option<f64>,
    /// Share of the same rows within [`GOOD`].
    #[serde(serialize_with = "short")]
    pub within_tenth: Option<f64>,
    /// The largest relative error of the same rows, with its sign.
    #[serde(serialize_with = "short")]
    pub worst_error: Option<f64>,
    /// Whose it is.
    pub worst: String,
    /// Share of predicted rows that lie in the model's 95 % band; absent in files from before there were bands.
    #[serde(default, serialize_with = "short")]
    pub within_band: Option<f64>,
    /// Median half-width of these bands, relative to what the model says.
    #[serde(default, serialize_with = "short")]
    pub median_band: Option<f64>,
}

fn short<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    value.map(four_digits).serialize(serializer)
}

impl FamilySummary {
    /// Of the rows of one family.
    pub fn of(family: &str, rows: &[Row]) -> Self {
        let count = |role: Role| rows.iter().filter(|row| row.role == role).count() as u32;
        let (predicted, formula) = (count(Role::Predicted), count(Role::Formula));
        let judged = judged(rows);
        let worst = judged.iter().max_by(|a, b| a.error().abs().total_cmp(&b.error().abs()));
        let good = judged.iter().filter(|row| row.error().abs() <= GOOD).count();
        let directions = rows.iter().filter(|row| row.role == Role::Direction);
        FamilySummary {
            family: family.to_owned(),
            fitted: count(Role::Fitted),
            predicted,
            formula,
            direction: count(Role::Direction),
            same_limit: directions.filter(|row| row.agrees()).count() as u32,
            comparators: count(Role::Comparator),
            median_error: weighted_median(judged.iter().map(|row| (row.error().abs(), 1.0)).collect()),
            within_tenth: (!judged.is_empty()).then(|| good as f64 / judged.len() as f64),
            worst_error: worst.map(|row| row.error()),
            worst: worst.map_or_else(String::new, |row| row.id.clone()),
            within_band: share_in_band(rows),
            median_band: weighted_median(bands(rows).map(|half| (half, 1.0)).collect()),
        }
    }

    /// Whether it counts in the headline: measured and predicted, not computed with a formula.
    pub fn counts(&self) -> bool {
        self.predicted > 0
    }
}

/// Half-widths of the bands that predicted rows have.
fn bands(rows: &[Row]) -> impl Iterator<Item = f64> {
    rows.iter().filter(|row| row.role == Role::Predicted).filter_map(Row::half_width)
}

/// The share of predicted rows with a band that lie in theirs; `None` where none has one.
fn share_in_band(rows: &[Row]) -> Option<f64> {
    let predicted = rows.iter().filter(|row| row.role == Role::Predicted);
    let inside: Vec<bool> = predicted.filter_map(Row::is_in_band).collect();
    (!inside.is_empty()).then(|| inside.iter().filter(|inside| **inside).count() as f64 / inside.len() as f64)
}

/// Rows that tell how good the model is: the predicted ones, or formulas where there are none.
fn judged(rows: &[Row]) -> Vec<&Row> {
    let of = |role: Role| rows.iter().filter(|row| row.role == role).collect::<Vec<&Row>>();
    let predicted = of(Role::Predicted);
    if predicted.is_empty() { of(Role::Formula) } else { predicted }
}

/// Predicted rows of all families, each family with the same weight, however many rows it has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Headline {
    /// Families that have predicted rows.
    pub families: usize,
    /// Their rows.
    pub rows: usize,
    /// Median of the magnitudes of the relative errors.
    pub median_error: f64,
    /// Share within [`GOOD`].
    pub within_tenth: f64,
    /// Share within the model's 95 % bands; absent where a family has none.
    pub within_band: Option<f64>,
    /// Median half-width of these bands.
    pub median_band: Option<f64>,
}

impl Headline {
    /// Of rows by family; `None` where nothing was predicted.
    pub fn of(families: &[Vec<Row>]) -> Option<Self> {
        let counted: Vec<&Vec<Row>> =
            families.iter().filter(|rows| rows.iter().any(|row| row.role == Role::Predicted)).collect();
        let shares: Option<Vec<f64>> = counted.iter().map(|rows| share_in_band(rows)).collect();
        let bands = counted.iter().flat_map(|rows| {
            let halves: Vec<f64> = bands(rows).collect();
            let weight = 1.0 / halves.len() as f64;
            halves.into_iter().map(move |half| (half, weight))
        });
        let median_band = weighted_median(bands.collect());
        let predicted = |rows: &Vec<Row>| {
            let errors = rows.iter().filter(|row| row.role == Role::Predicted).map(|row| row.error().abs());
            errors.collect::<Vec<f64>>()
        };
        let families: Vec<Vec<f64>> = families.iter().map(predicted).filter(|errors| !errors.is_empty()).collect();
        let weighted = |errors: &Vec<f64>| {
            let weight = 1.0 / errors.len() as f64;
            errors.iter().map(|&error| (error, weight)).collect::<Vec<_>>()
        };
        let all: Vec<(f64, f64)> = families.iter().flat_map(weighted).collect();
        let good = all.iter().filter(|(error, _)| *error <= GOOD).map(|(_, weight)| weight).sum::<f64>();
        Some(Headline {
            families: families.len(),
            rows: all.len(),
            within_tenth: good / families.len() as f64,
            median_error: weighted_median(all)?,
            within_band: shares.map(|shares| shares.iter().sum::<f64>() / shares.len() as f64),
            median_band,
        })
    }

    /// As a row of the table.
    pub fn summary(&self) -> FamilySummary {
        FamilySummary {
            family: ALL.to_owned(),
            fitted: 0,
            predicted: self.rows as u32,
            formula: 0,
            direction: 0,
            same_limit: 0,
            comparators: 0,
            median_error: Some(self.median_error),
            within_tenth: Some(self.within_tenth),
            worst_error: None,
            worst: String::new(),
            within_band: self.within_band,
            median_band: self.median_band,
        }
    }

    /// In a line.
    pub fn in_short(&self) -> String {
        let (median, share, good) = (100.0 * self.median_error, 100.0 * self.within_tenth, 100.0 * GOOD);
        let (families, rows) = (self.families, self.rows);
        format!(
            "{families} families alike: half of {rows} predicted rows within {median:.1} %, {share:.0} % within {good:.0} %"
        )
    }

    /// In a sentence.
    pub fn in_words(&self) -> String {
        let bands = self.within_band.zip(self.median_band).map_or_else(String::new, |(share, half)| {
            let (share, half) = (100.0 * share, 100.0 * half);
            format!(" {share:.0} % lie in the model's 95 % bands, of which half are narrower than \u{b1}{half:.0} %.")
        });
        format!(
            "With all {} families of measurements weighted equally, half of the {} predicted rows are within {:.1} %, and \
             {:.0} % of them within {:.0} %.{bands}",
            self.families,
            self.rows,
            100.0 * self.median_error,
            100.0 * self.within_tenth,
            100.0 * GOOD
        )
    }
}

/// The value that half of the weight lies below, or the middle of the two that part it; `None` of nothing.
fn weighted_median(mut values: Vec<(f64, f64)>) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    // Sums of many thirds and tenths are not quite what they should be.
    let (nearly, over) = (half * (1.0 - 1e-9), half * (1.0 + 1e-9));
    let from = |least: f64| {
        let mut below = 0.0;
        let reached = values.iter().find(|(_, weight)| {
            below += weight;
            below >= least
        });
        reached.or(values.last()).map(|(value, _)| *value)
    };
    Some((from(nearly)? + from(over)?) / 2.0)
}

/// The table.
///
/// # Errors
/// [`Failure`] if it cannot be encoded.
pub fn csv(families: &[FamilySummary]) -> Result<Vec<u8>, Failure> {
    let encode = |error: &dyn std::fmt::Display| Failure::new(format!("cannot encode families: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    families.iter().try_for_each(|family| writer.serialize(family)).map_err(|error| encode(&error))?;
    writer.into_inner().map_err(|error| encode(&error))
}

/// Reads the table.
///
/// # Errors
/// What is wrong: a column that is missing, a value that is no number.
pub fn read(csv: &str) -> Result<Vec<FamilySummary>, csv::Error> {
    csv::Reader::from_reader(csv.as_bytes()).deserialize().collect()
}

#[cfg(test)]
mod tests {
    use super::super::validation::tests::row;
    use super::*;

    fn predicted(errors: &[f64]) -> Vec<Row> {
        let one = |error: &f64| row("a", "s", Role::Predicted, 100.0 * (1.0 + error), Some(0.1));
        errors.iter().map(one).collect()
    }

    #[test]
    fn a_family_of_many_rows_weighs_as_much_as_one_of_few() {
        let families = [predicted(&[0.01; 300]), predicted(&[0.2, -0.3]), predicted(&[0.4])];
        let headline = Headline::of(&families).unwrap();
        assert_eq!((headline.families, headline.rows), (3, 303));
        // Half of the weight lies up to 0.2, half from 0.3 on.
        assert!((headline.median_error - 0.25).abs() < 1e-9, "{headline:?}");
        assert!((headline.within_tenth - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn bands_count_by_family_and_only_of_what_was_predicted() {
        let banded = |errors: &[f64], half: f64| {
            let mut rows = predicted(errors);
            for row in &mut rows {
                (row.low, row.high) = (Some(row.simulated * (1.0 - half)), Some(row.simulated * (1.0 + half)));
            }
            rows
        };
        let mut first = banded(&[0.05, -0.2, 0.3, 0.01], 0.1);
        first.push(row("f", "s", Role::Fitted, 1000.0, Some(0.1)));
        let families = [first, banded(&[0.2], 0.4)];
        let summary = FamilySummary::of("aead", &families[0]);
        assert_eq!(summary.within_band, Some(0.5));
        assert!((summary.median_band.unwrap() - 0.1).abs() < 1e-9);
        let headline = Headline::of(&families).unwrap();
        assert_eq!(headline.within_band, Some(0.75));
        assert!((headline.median_band.unwrap() - 0.25).abs() < 1e-9, "{headline:?}");
        assert!(
            headline.in_words().ends_with("75 % lie in the model's 95 % bands, of which half are narrower than ±25 %.")
        );
        assert_eq!(Headline::of(&[predicted(&[0.1])]).unwrap().within_band, None);
    }

    #[test]
    fn of_an_even_number_the_median_is_between() {
        let summary = FamilySummary::of("aead", &predicted(&[0.09, -0.1, 0.3, 3.6]));
        assert!((summary.median_error.unwrap() - 0.2).abs() < 1e-9, "{summary:?}");
    }

    #[test]
    fn only_what_was_predicted_counts() {
        let mut rows = predicted(&[-0.06, 0.02, 0.3]);
        rows.push(row("f", "s", Role::Fitted, 1000.0, Some(0.1)));
        rows.push(row("c", "s", Role::Comparator, 1000.0, Some(0.1)));
        rows.push(row("d", "s", Role::Direction, 500.0, None));
        let summary = FamilySummary::of("aead", &rows);
        assert_eq!((summary.fitted, summary.predicted, summary.direction, summary.comparators), (1, 3, 1, 1));
        assert!((summary.median_error.unwrap() - 0.06).abs() < 1e-9);
        assert!((summary.worst_error.unwrap() - 0.3).abs() < 1e-9 && summary.same_limit == 1);
        assert_eq!(Headline::of(&[rows]).unwrap().rows, 3);
        assert_eq!(Headline::of(&[vec![row("f", "s", Role::Formula, 100.0, Some(0.01))]]), None);
    }

    #[test]
    fn the_table_can_be_read_again() {
        let summaries = [FamilySummary::of("aead", &predicted(&[0.125, -0.5]))];
        let text = String::from_utf8(csv(&summaries).unwrap()).unwrap();
        assert_eq!(read(&text).unwrap(), summaries);
        assert!(read("family,fitted\naead,1\n").is_err());
    }
}
