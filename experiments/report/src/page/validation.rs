//! How far the model is off published measurements: a summary of `espsim validate`.
//!
//! It is made of `results/validation/families.csv` as the program was built; the checks of every change compare that file
//! with what the model then gives.

use espsim_sweep::failure::Failure;
use espsim_sweep::store::headline::{ALL, FamilySummary, GOOD, read};
use serde::Serialize;

use super::parts::{Cell, Class, Table};
use super::relevant::About;
use super::words::{percent, plural};
use crate::families::FAMILIES;

const SUMMARY: &str = include_str!("../../../../results/validation/families.csv");

/// What the section says.
#[derive(Serialize)]
pub struct Validation {
    /// The result in words.
    pub text: String,
    /// A row for each family whose mechanisms the folder has.
    pub table: Table,
    /// The others, where there are some.
    pub others: Option<Table>,
}

/// The summary, for a folder that is about this.
///
/// # Errors
/// [`Failure`] if the shipped table is not what it should be, which a test excludes.
pub fn validation(about: &About) -> Result<Validation, Failure> {
    let families = read(SUMMARY).map_err(|what| Failure::new(format!("shipped results of validation: {what}")))?;
    let others = table("Other mechanisms", &families, &|family| !about.concerns(family));
    let table = table("Published figures and the model, mechanisms of these designs", &families, &|family| {
        about.concerns(family)
    });
    Ok(Validation { text: in_words(&families), table, others: (!others.is_empty()).then_some(others) })
}

fn in_percent(error: f64) -> String {
    // Of what is next to nothing the sign says nothing.
    let shown = format!("{:+.1} %", 100.0 * error);
    if shown[1..] == *"0.0 %" { "0.0 %".into() } else { shown }
}

fn in_words(families: &[FamilySummary]) -> String {
    let all = families.iter().find(|family| family.family == ALL);
    let headline = all.and_then(|all| {
        let (median, share) = (all.median_error?, all.within_tenth?);
        let rows = plural(all.predicted as usize, "measurement");
        Some(format!(
            "Of {rows} that nothing was fitted to, in families of the same weight, half are predicted within {:.1} %, and \
             {:.0} % of them within {:.0} %. ",
            100.0 * median,
            100.0 * share,
            100.0 * GOOD
        ) + &bands(all))
    });
    format!(
        "The model was held against published figures. {}These are errors of the model on machines with known parameters; \
         errors of the parameters of your host come on top.",
        headline.unwrap_or_default()
    )
}

/// How many lie in the model's bands, where there are some.
fn bands(all: &FamilySummary) -> String {
    let words = |(share, half): (f64, f64)| {
        let (share, half) = (100.0 * share, 100.0 * half);
        format!("{share:.0} % lie in the model's own 95 % bands, of which half are narrower than ±{half:.0} %. ")
    };
    all.within_band.zip(all.median_band).map_or_else(String::new, words)
}

fn table(caption: &str, families: &[FamilySummary], is_of: &dyn Fn(&str) -> bool) -> Table {
    let numbers = ["Fitted", "Predicted", "Median error", "Within 10 %", "Worst error", "In 95 % band", "Band"];
    let columns = [("What", Class::Text)].into_iter().chain(numbers.map(|heading| (heading, Class::Number)));
    let mut table = Table::new(caption, columns);
    let optional = |value: Option<f64>, show: fn(f64) -> String| Cell::from(value.map_or_else(String::new, show));
    for (family, of) in FAMILIES
        .iter()
        .filter(|family| is_of(family.name))
        .filter_map(|family| Some((family, families.iter().find(|summary| summary.family == family.name)?)))
    {
        let predicted = match (of.formula, of.direction) {
            (0, 0) => of.predicted.to_string(),
            (0, direction) if of.predicted == 0 => format!("{} of {direction} limits", of.same_limit),
            (0, direction) => format!("{} and {} of {direction} limits", of.predicted, of.same_limit),
            (formula, _) => format!("{formula} (formula)"),
        };
        table.push(vec![
            Cell::from(family.title),
            Cell::from(of.fitted.to_string()),
            Cell::from(predicted),
            optional(of.median_error, percent),
            optional(of.within_tenth, percent),
            optional(of.worst_error, in_percent),
            optional(of.within_band, percent),
            optional(of.median_band, |half| format!("±{:.0} %", 100.0 * half)),
        ]);
    }
    table.remark(
        "Errors are of predicted rows alone; a miss stays a miss. A band is where the model expects the truth with 95 %, by doubt of \
         parameters and by how far it is off elsewhere; its half-width is a median. The command espsim validate shows every row \
         with its source."
            .into(),
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_results_are_of_the_families_there_are() {
        let families = read(SUMMARY).unwrap();
        for family in &FAMILIES {
            assert!(families.iter().any(|row| row.family == family.name), "{} has no rows", family.name);
        }
        let known = |row: &FamilySummary| row.family == ALL || FAMILIES.iter().any(|family| family.name == row.family);
        assert!(families.iter().all(known));
    }

    /// What a reader is told of the model has to be so.
    #[test]
    fn the_headline_is_what_is_asked_of_the_model() {
        let families = read(SUMMARY).unwrap();
        let all = families.iter().find(|row| row.family == ALL).unwrap();
        assert!(all.median_error.unwrap() <= 0.08 && all.within_tenth.unwrap() >= 0.75, "{all:?}");
        assert!((0.80..=0.98).contains(&all.within_band.unwrap()) && all.median_band.unwrap() <= 0.30, "{all:?}");
        assert!(families.iter().any(|row| row.worst_error.is_some_and(|error| error.abs() > 0.5)), "misses are shown");
    }

    #[test]
    fn words_say_what_was_predicted_and_not_what_was_fitted() {
        let csv = "family,fitted,predicted,formula,direction,same_limit,comparators,median_error,within_tenth,worst_error,worst\n\
                   aead,3,2,0,0,0,0,0.05,0.5,-0.2,c\n\
                   limits,0,0,0,4,3,0,,,,\n\
                   all,0,2,0,0,0,0,0.05,0.5,,\n";
        let families = read(csv).unwrap();
        let text = in_words(&families);
        assert!(
            text.contains("Of 2 measurements that nothing was fitted to, in families of the same weight"),
            "{text}"
        );
        assert!(text.contains("within 5.0 %, and 50 % of them within 10 %"), "{text}");
    }
}
