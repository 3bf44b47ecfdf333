//! Why rows are missed by far, a line each: `misses.csv`.

use espsim_sweep::failure::Failure;
use espsim_sweep::store::headline::LARGE;
use espsim_sweep::store::validation::{Role, Row};
use serde::Deserialize;

use super::published::read;

/// Rows, by what their names begin with, and why they are missed.
#[derive(Debug, Deserialize)]
struct Reason {
    rows: String,
    why: String,
}

fn reasons() -> Result<Vec<Reason>, Failure> {
    read("misses.csv", include_str!("../../../validation/misses.csv"))
}

/// Whether a row is missed by so much that it has to be explained.
fn is_far(row: &Row) -> bool {
    row.role == Role::Predicted && row.error().abs() > LARGE
}

/// A line for each reason, with the rows that it is of.
///
/// # Errors
/// [`Failure`] if the table cannot be read: a fault of the program.
pub(super) fn lines<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<String, Failure> {
    let far: Vec<&Row> = rows.filter(|row| is_far(row)).collect();
    let line = |reason: &Reason| {
        let of = far.iter().filter(|row| row.id.starts_with(&reason.rows));
        let worst = of.clone().map(|row| row.error()).reduce(|a, b| if b.abs() > a.abs() { b } else { a })?;
        let (count, worst) = (of.count(), 100.0 * worst);
        let rows = if count == 1 { "1 row".to_owned() } else { format!("{count} rows, at most") };
        Some(format!(
            "off by more than {:.0} %: {} ({rows} {worst:+.1} %): {}\n",
            100.0 * LARGE,
            reason.rows,
            reason.why
        ))
    };
    Ok(reasons()?.iter().filter_map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::super::all_rows;
    use super::*;

    #[test]
    fn every_row_that_is_far_off_has_its_reason_and_no_reason_is_of_nothing() {
        let all: Vec<Row> = all_rows().concat();
        let reasons = reasons().unwrap();
        for row in all.iter().filter(|row| is_far(row)) {
            let of = reasons.iter().filter(|reason| row.id.starts_with(&reason.rows)).count();
            assert_eq!(of, 1, "{} is off by {:+.1} %", row.id, 100.0 * row.error());
        }
        for reason in &reasons {
            assert!(all.iter().any(|row| is_far(row) && row.id.starts_with(&reason.rows)), "{}", reason.rows);
        }
    }
}
