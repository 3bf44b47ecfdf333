//! How far the model is off published measurements: a summary of `espsim validate`.
//!
//! It is made of `results/validation/table.csv` as the program was built; the checks of every change compare that file
//! with what the model then gives.

use espsim_sweep::failure::Failure;
use espsim_sweep::store::validation::{Role, SeriesSummary, read};
use serde::Serialize;

use super::parts::{Cell, Class, Table};
use super::words::{listed, percent, plural};
use crate::families::FAMILIES;

const TABLE: &str = include_str!("../../../../results/validation/table.csv");

/// What the section says.
#[derive(Serialize)]
pub struct Validation {
    /// The result in words.
    pub text: String,
    /// A row for each family.
    pub table: Table,
}

/// The summary.
///
/// # Errors
/// [`Failure`] if the shipped table is not what it should be, which a test excludes.
pub fn validation() -> Result<Validation, Failure> {
    let kinds = read(TABLE).map_err(|what| Failure::new(format!("shipped results of validation: {what}")))?;
    Ok(Validation { text: in_words(&kinds), table: table(&kinds) })
}

/// The kind with the value that is off most of those that nothing was fitted to, and by how much.
fn worst<'a>(kinds: impl Iterator<Item = &'a SeriesSummary>) -> Option<(&'a SeriesSummary, f64)> {
    let errors = kinds.filter(|kind| kind.is_prediction()).filter_map(|kind| Some((kind, kind.worst_error()?)));
    errors.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))
}

fn in_percent(error: f64) -> String {
    // Of what is next to nothing the sign says nothing.
    let shown = format!("{:+.1} %", 100.0 * error);
    if shown[1..] == *"0.0 %" { "0.0 %".into() } else { shown }
}

fn in_words(kinds: &[SeriesSummary]) -> String {
    let within = |role: Role| {
        let of_role = || kinds.iter().filter(|kind| kind.role == role);
        (of_role().map(|kind| kind.within).sum::<u32>(), of_role().map(|kind| kind.rows as usize).sum())
    };
    let ((predicted, measured), (reproduced, formulas)) = (within(Role::Predicted), within(Role::Formula));
    let (measured, formulas) = (plural(measured, "measurement"), plural(formulas, "value"));
    let worst = worst(kinds.iter().filter(|kind| kind.role == Role::Predicted))
        .map_or_else(String::new, |(kind, error)| {
            format!("; the worst, {}, is off by {}", kind.worst, in_percent(error))
        });
    format!(
        "The model was held against published figures. Of {measured} that nothing was fitted to, the model \
         predicts {predicted} within the tolerance of their kind{worst}. Of {formulas} of published formulas it \
         gives {reproduced} within theirs. These are errors of the model on machines with known parameters; errors of \
         the parameters of your host come on top."
    )
}

fn table(kinds: &[SeriesSummary]) -> Table {
    let numbers = ["Rows", "Fitted", "Within", "Tolerance", "Worst error"].map(|heading| (heading, Class::Number));
    let columns = [("What", Class::Text)].into_iter().chain(numbers);
    let mut table = Table::new("Published figures and the model, by kind", columns);
    for family in &FAMILIES {
        let of: Vec<&SeriesSummary> = kinds.iter().filter(|kind| kind.family == family.name).collect();
        let rows =
            |is: &dyn Fn(&SeriesSummary) -> bool| of.iter().filter(|kind| is(kind)).map(|kind| kind.rows).sum::<u32>();
        let within: u32 = of.iter().map(|kind| kind.within).sum();
        let mut tolerances: Vec<f64> = of.iter().filter_map(|kind| kind.tolerance).collect();
        tolerances.sort_by(f64::total_cmp);
        tolerances.dedup();
        let tolerances: Vec<String> = tolerances.into_iter().map(percent).collect();
        let same_limit = tolerances.is_empty().then(|| "same limit".to_owned());
        table.push(vec![
            Cell::from(family.title),
            Cell::from(rows(&|_| true).to_string()),
            Cell::from(rows(&|kind| kind.role == Role::Fitted).to_string()),
            Cell::from(within.to_string()),
            Cell::from(same_limit.unwrap_or_else(|| listed(&tolerances))),
            Cell::from(worst(of.iter().copied()).map_or_else(String::new, |(_, error)| in_percent(error))),
        ]);
    }
    table.remark(
        "Worst error: of what was not fitted; a miss stays a miss. The command espsim validate shows every row with its source."
            .into(),
    );
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_results_are_of_the_families_there_are() {
        let kinds = read(TABLE).unwrap();
        for family in &FAMILIES {
            assert!(kinds.iter().any(|kind| kind.family == family.name), "{} has no rows", family.name);
        }
        assert!(kinds.iter().all(|kind| FAMILIES.iter().any(|family| family.name == kind.family)));
        assert!(kinds.iter().any(|kind| kind.within < kind.rows), "misses are shown");
    }

    #[test]
    fn words_count_what_was_predicted_and_not_what_was_fitted() {
        let csv = "family,series,role,rows,within,tolerance,low_error,high_error,mean_error,worst\n\
                   aead,s,fitted,1,0,0.1,0.9,0.9,0.9,a\n\
                   aead,s,predicted,2,1,0.1,-0.2,0.05,-0.075,c\n\
                   aead,s,formula,1,1,0.01,0,0,0,d\n";
        let text = in_words(&read(csv).unwrap());
        assert!(text.contains("Of 2 measurements that nothing was fitted to, the model predicts 1 within"), "{text}");
        assert!(text.contains("the worst, c, is off by -20.0 %"), "{text}");
        assert!(text.contains("Of 1 value of published formulas it gives 1"), "{text}");
    }
}
