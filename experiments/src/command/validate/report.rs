//! Rows as tables, CSV and JSON.

use std::collections::BTreeMap;
use std::fmt::Write;

use comfy_table::Table;
use espsim_report::families::Family;
use espsim_report::text_table;
use espsim_sweep::failure::Failure;
use espsim_sweep::store::headline::{FamilySummary, Headline};
use espsim_sweep::store::points_csv::csv_rows;
use espsim_sweep::store::validation::{Role, Row};
use serde_json::{Value, json};

/// Rows of a family that are shown one by one; of a larger family, the worst of each kind of series.
const SHOWN: usize = 60;

fn verdict(row: &Row) -> &'static str {
    match (row.agrees(), row.role) {
        (_, Role::Comparator) => "not counted",
        (false, _) => "MISS",
        (true, Role::Direction) => "same limit",
        (true, _) => "within",
    }
}

/// A table for each family, then totals and misses.
///
/// # Errors
/// [`Failure`] if the reasons of misses cannot be read.
pub fn tables(families: &[&Family], results: &[Vec<Row>]) -> Result<String, Failure> {
    let mut text = String::new();
    for (family, rows) in families.iter().zip(results) {
        let all = rows.len() <= SHOWN;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}: {}{}", family.name, family.title, if all { "" } else { " (worst row of each)" });
        let _ = writeln!(text, "{}\n", table(if all { rows.iter().collect() } else { worst(rows) }));
    }
    let _ = writeln!(text, "{}\n{LEGEND}", totals(families, results));
    for rows in results {
        text.push_str(&misses(rows));
    }
    text.push_str(&super::misses::lines(results.iter().flatten())?);
    text.extend(Headline::of(results).map(|headline| format!("\n{}\n", headline.in_words())));
    Ok(text)
}

/// How many rows the model agrees with, by what they are used for.
pub fn answer(results: &[Vec<Row>]) -> String {
    let of = |role: Role| {
        let rows = results.iter().flatten().filter(|row| row.role == role);
        (rows.clone().filter(|row| row.agrees()).count(), rows.count())
    };
    let [(_, fitted), (predicted, measured), (given, formulas), (same, directions)] =
        [Role::Fitted, Role::Predicted, Role::Formula, Role::Direction].map(of);
    let headline = Headline::of(results).map_or_else(String::new, |headline| headline.in_words() + " ");
    format!(
        "{headline}{predicted} of {measured} measurements that nothing was fitted to are predicted within the tolerance of their \
         kind, and {given} of {formulas} values of published formulas; of {directions} reports {same} have the same limit. \
         {fitted} rows were fitted."
    )
}

/// A line for each miss; of a large family, for each series that has some.
fn misses(rows: &[Row]) -> String {
    let misses: Vec<&Row> = rows.iter().filter(|row| !row.agrees() && row.role != Role::Comparator).collect();
    let percent = |row: &Row| format!("{:+.1} %", 100.0 * row.error());
    if rows.len() <= SHOWN {
        return misses.iter().map(|row| format!("miss: {} {}\n", row.id, percent(row))).collect();
    }
    let mut by_series: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in misses {
        by_series.entry(&row.series).or_default().push(row);
    }
    let worst = |rows: &[&Row]| rows.iter().map(|row| row.error()).reduce(|a, b| if b.abs() > a.abs() { b } else { a });
    by_series
        .iter()
        .map(|(series, rows)| {
            let worst = 100.0 * worst(rows).unwrap_or_default();
            format!("miss: {} rows of {series}, worst {worst:+.1} %\n", rows.len())
        })
        .collect()
}

/// The row with the largest error of each kind of series: what stands before the first comma of its name.
fn worst(rows: &[Row]) -> Vec<&Row> {
    let mut by_series: BTreeMap<&str, &Row> = BTreeMap::new();
    for row in rows {
        let worst = by_series.entry(row.kind()).or_insert(row);
        if row.error().abs() > worst.error().abs() {
            *worst = row;
        }
    }
    by_series.into_values().collect()
}

fn table(rows: Vec<&Row>) -> Table {
    let header = ["Series", "At", "Published", "Simulated", "Unit", "Error", "Tolerance", "Role", "Verdict"];
    let mut table = text_table::table(header, &[1, 2, 3, 5, 6]);
    let mut last = "";
    for row in rows {
        let series = if row.series == last { "" } else { &row.series };
        last = &row.series;
        table.add_row([
            series.to_owned(),
            row.x.map_or_else(|| row.id.clone(), |x| x.to_string()),
            format!("{:.4}", row.published).trim_end_matches('0').trim_end_matches('.').to_owned(),
            format!("{:.3}", row.simulated),
            row.unit.clone(),
            format!("{:+.1} %", 100.0 * row.error()),
            row.tolerance.map_or_else(|| "limit".into(), |tolerance| format!("{:.0} %", 100.0 * tolerance)),
            row.role.name().to_owned(),
            verdict(row).to_owned(),
        ]);
    }
    table
}

/// The sums of families, in 100 columns.
fn totals(families: &[&Family], results: &[Vec<Row>]) -> Table {
    let header = ["Family", "Fitted", "Predicted", "Median", "In 10 %", "Worst", "In band", "Band", "Limits"];
    let mut table = text_table::table(header, &[1, 2, 3, 4, 5, 6, 7]);
    let percent = |share: Option<f64>| share.map_or_else(String::new, |share| format!("{:.1} %", 100.0 * share));
    for (family, rows) in families.iter().zip(results) {
        let of = FamilySummary::of(family.name, rows);
        let formula = if of.formula > 0 { format!("{} (f)", of.formula) } else { of.predicted.to_string() };
        let limits = if of.direction > 0 { format!("{} of {}", of.same_limit, of.direction) } else { String::new() };
        table.add_row([
            of.family.clone(),
            of.fitted.to_string(),
            formula,
            percent(of.median_error),
            whole(of.within_tenth),
            of.worst_error.map_or_else(String::new, |error| format!("{:+.1} %", 100.0 * error)),
            whole(of.within_band),
            of.median_band.map_or_else(String::new, |half| format!("\u{b1}{:.0} %", 100.0 * half)),
            limits,
        ]);
    }
    table
}

/// What the sums of families mean.
const LEGEND: &str = "Median: half of the errors are less. In band: predicted rows in the model's 95 % band. Band: its median \
                      half-width.\n(f): by a formula.";

fn whole(share: Option<f64>) -> String {
    share.map_or_else(String::new, |share| format!("{:.0} %", 100.0 * share))
}

/// Every row in long form: a column for each of its values.
fn cells(row: &Row) -> [(&'static str, String); 15] {
    let text = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    let rounded = |number: Option<f64>| number.map_or_else(String::new, |number| format!("{number:.6}"));
    [
        ("family", row.family.to_owned()),
        ("id", row.id.clone()),
        ("series", row.series.clone()),
        ("x", text(row.x)),
        ("published", row.published.to_string()),
        ("simulated", format!("{:.6}", row.simulated)),
        ("unit", row.unit.clone()),
        ("error", format!("{:.4}", row.error())),
        ("tolerance", text(row.tolerance)),
        ("role", row.role.name().to_owned()),
        ("verdict", verdict(row).to_owned()),
        ("source", row.source.clone()),
        ("assumed", row.assumed.clone()),
        ("low", rounded(row.low)),
        ("high", rounded(row.high)),
    ]
}

/// Rows as a file.
///
/// # Errors
/// [`Failure`] if they cannot be encoded.
pub fn csv<'a>(rows: impl Iterator<Item = &'a Row>) -> Result<Vec<u8>, Failure> {
    let mut rows = rows.map(cells).peekable();
    let header = rows.peek().map(|cells| cells.iter().map(|(heading, _)| (*heading).to_owned()).collect());
    csv_rows(header.into_iter().chain(rows.map(|cells| cells.map(|(_, cell)| cell).to_vec())))
}

/// Every row as a JSON array.
pub fn json<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let with_verdict = |row: &Row| {
        let mut of = json!(row);
        (of["error"], of["verdict"]) = (json!(row.error()), json!(verdict(row)));
        of
    };
    format!("{:#}\n", Value::Array(rows.map(with_verdict).collect()))
}
