//! How far the model is off published measurements: a summary of `espsim validate`.
//!
//! The rows are those of `results/validation/validation.csv` as the program was built; the checks of every change
//! compare that file with what the model then gives.

use super::page::{Cell, Column, Table};
use super::words::{listed, percent, plural};
use crate::input::Failure;
use crate::validate::FAMILIES;

const ROWS: &str = include_str!("../../../results/validation/validation.csv");

/// One row of `validation.csv`.
struct Row {
    family: String,
    id: String,
    role: String,
    error: f64,
    tolerance: Option<f64>,
    agrees: bool,
}

/// What the section says.
pub struct Validation {
    /// The result in words.
    pub text: String,
    /// A row for each family.
    pub table: Table,
}

/// The summary.
///
/// # Errors
/// [`Failure`] if the shipped rows are not what they should be, which a test excludes.
pub fn validation() -> Result<Validation, Failure> {
    let rows = rows(ROWS)?;
    Ok(Validation { text: in_words(&rows), table: table(&rows) })
}

fn rows(csv: &str) -> Result<Vec<Row>, Failure> {
    let broken = |what: String| Failure::new(format!("shipped validation.csv: {what}"));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().map_err(|error| broken(error.to_string()))?.clone();
    let column = |name: &str| {
        header.iter().position(|heading| heading == name).ok_or_else(|| broken(format!("no column `{name}`")))
    };
    let [family, id, role] = [column("family")?, column("id")?, column("role")?];
    let [error, tolerance, verdict] = [column("error")?, column("tolerance")?, column("verdict")?];
    let number = |text: &str| text.parse::<f64>().map_err(|_| broken(format!("`{text}` is no number")));
    let row = |record: csv::StringRecord| {
        Ok(Row {
            family: record[family].to_owned(),
            id: record[id].to_owned(),
            role: record[role].to_owned(),
            error: number(&record[error])?,
            tolerance: if record[tolerance].is_empty() { None } else { Some(number(&record[tolerance])?) },
            agrees: &record[verdict] != "MISS",
        })
    };
    reader.records().map(|record| row(record.map_err(|error| broken(error.to_string()))?)).collect()
}

/// The row that is off most of those that nothing was fitted to.
fn worst<'a>(rows: impl Iterator<Item = &'a Row>) -> Option<&'a Row> {
    rows.filter(|row| matches!(row.role.as_str(), "predicted" | "formula"))
        .max_by(|a, b| a.error.abs().total_cmp(&b.error.abs()))
}

fn error(row: &Row) -> String {
    // Of what is next to nothing the sign says nothing.
    let shown = format!("{:+.1} %", 100.0 * row.error);
    if shown[1..] == *"0.0 %" { "0.0 %".into() } else { shown }
}

fn in_words(rows: &[Row]) -> String {
    let within = |role: &str| {
        let of_role = || rows.iter().filter(|row| row.role == role);
        (of_role().filter(|row| row.agrees).count(), of_role().count())
    };
    let ((predicted, measured), (reproduced, formulas)) = (within("predicted"), within("formula"));
    let (measured, formulas) = (plural(measured, "measurement"), plural(formulas, "value"));
    let predictions = rows.iter().filter(|row| row.role == "predicted");
    let worst =
        worst(predictions).map_or_else(String::new, |row| format!("; the worst, {}, is off by {}", row.id, error(row)));
    format!(
        "The model was held against published figures. Of {measured} that nothing was fitted to, the model \
         predicts {predicted} within the tolerance of their kind{worst}. Of {formulas} of published formulas it \
         gives {reproduced} within theirs. These are errors of the model on machines with known parameters; errors of \
         the parameters of your host come on top."
    )
}

fn table(rows: &[Row]) -> Table {
    let mut columns = vec![Column::text("What")];
    columns.extend(["Rows", "Fitted", "Within", "Tolerance", "Worst error"].map(Column::number));
    let mut table = Table::new("Published figures and the model, by kind", columns);
    for family in &FAMILIES {
        let of: Vec<&Row> = rows.iter().filter(|row| row.family == family.name).collect();
        let count = |is: &dyn Fn(&Row) -> bool| Cell::from(of.iter().filter(|row| is(row)).count().to_string());
        let mut tolerances: Vec<f64> = of.iter().filter_map(|row| row.tolerance).collect();
        tolerances.sort_by(f64::total_cmp);
        tolerances.dedup();
        let tolerances: Vec<String> = tolerances.into_iter().map(percent).collect();
        let same_limit = tolerances.is_empty().then(|| "same limit".to_owned());
        table.push(vec![
            Cell::from(family.title),
            Cell::from(of.len().to_string()),
            count(&|row| row.role == "fitted"),
            count(&|row| row.agrees),
            Cell::from(same_limit.unwrap_or_else(|| listed(&tolerances))),
            Cell::from(worst(of.iter().copied()).map_or_else(String::new, error)),
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
    fn shipped_rows_are_of_the_families_there_are() {
        let rows = rows(ROWS).unwrap();
        for family in &FAMILIES {
            assert!(rows.iter().any(|row| row.family == family.name), "{} has no rows", family.name);
        }
        assert!(rows.iter().all(|row| FAMILIES.iter().any(|family| family.name == row.family)));
        assert!(rows.iter().any(|row| !row.agrees), "misses are shown");
    }

    #[test]
    fn words_count_what_was_predicted_and_not_what_was_fitted() {
        let csv = "family,id,role,error,tolerance,verdict\n\
                   aead,a,fitted,0.9,0.1,MISS\n\
                   aead,b,predicted,0.05,0.1,within\n\
                   aead,c,predicted,-0.2,0.1,MISS\n\
                   aead,d,formula,0,0.01,within\n";
        let text = in_words(&rows(csv).unwrap());
        assert!(text.contains("Of 2 measurements that nothing was fitted to, the model predicts 1 within"), "{text}");
        assert!(text.contains("the worst, c, is off by -20.0 %"), "{text}");
        assert!(text.contains("Of 1 value of published formulas it gives 1"), "{text}");
        assert_eq!(
            rows("a,b\n").err().map(|error| error.to_string()).unwrap(),
            "shipped validation.csv: no column `family`"
        );
    }
}
