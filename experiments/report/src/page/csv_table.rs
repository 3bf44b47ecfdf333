//! CSV files of a plan or comparison as tables.

use std::path::Path;

use espsim_sweep::failure::Failure;
use espsim_sweep::store::csv_text::{Rows, is_no_number};
use espsim_sweep::store::manifest::Captioned;

use super::parts::{Cell, Class, MOST_ROWS, Table};
use super::words::significant;

/// Significant digits that a table shows; the file has them all.
const DIGITS: i32 = 4;

/// A file, the column that tells which rows say nothing, whether they do, and what is said of those left out.
type Empty = (&'static str, &'static str, fn(&str) -> bool, &'static str);

/// Rows that say nothing.
const EMPTY: [Empty; 2] = [
    ("breakeven.csv", "break-even", |cell| cell == "never" || cell == "-", "where the order does not change"),
    ("sensitivity.csv", "swing", |cell| cell.parse() == Ok(0.0), "of what does not move the answer"),
];

/// A CSV file as a table.
///
/// # Errors
/// [`Failure`] for a file that cannot be read or is no CSV.
pub fn csv_table(path: &Path, named_file: &Captioned) -> Result<Table, Failure> {
    let mut file = Rows::open(path)?;
    let headings = file.headings.clone();
    let empty =
        EMPTY.iter().find(|(file, heading, ..)| *file == named_file.file && headings.iter().any(|h| h == heading));
    let (mut rows, mut all, mut left_out): (Vec<Vec<String>>, _, _) = (Vec::new(), 0, 0);
    // Of each column, whether it has text, and the first that is NaN or infinite, with its line.
    let mut columns: Vec<(bool, Option<(u64, String)>)> = vec![(false, None); headings.len()];
    while let Some(row) = file.next_row()? {
        for ((has_text, wrong), cell) in columns.iter_mut().zip(row.cells()).filter(|(_, cell)| !cell.is_empty()) {
            *has_text |= cell.parse::<f64>().is_err();
            if wrong.is_none() && is_no_number(cell) {
                *wrong = Some((row.line(), cell.to_owned()));
            }
        }
        if empty.is_some_and(|(_, heading, is_empty, _)| is_empty(row.text(heading))) {
            left_out += 1;
            continue;
        }
        all += 1;
        if all <= MOST_ROWS {
            rows.push(row.cells().map(str::to_owned).collect());
        }
    }
    let numbers = columns.into_iter().filter(|(has_text, _)| !has_text);
    if let Some((line, cell)) = numbers.filter_map(|(_, wrong)| wrong).min() {
        return Err(Failure::new(format!("{}:{line}: `{cell}` is no number", path.display())));
    }
    let columns = headings.iter().enumerate().map(|(i, heading)| match is_number(&rows, i) {
        true => (heading, Class::Number),
        false => (heading, Class::Text),
    });
    let caption = if named_file.caption.is_empty() { "Results" } else { named_file.caption.as_str() };
    let mut table = Table::new(caption, columns);
    for row in &rows {
        table.push(row.iter().map(|cell| Cell::from(readable(cell))).collect());
    }
    table.cut(all, &named_file.file);
    if let Some((.., which)) = empty.filter(|_| left_out > 0) {
        let rows = if left_out == 1 { "row" } else { "rows" };
        let are = if left_out == 1 { "is" } else { "are" };
        table.remark(format!("{left_out} {rows} {which} {are} left out; {} has them.", named_file.file));
    }
    Ok(table)
}

fn is_number(rows: &[Vec<String>], column: usize) -> bool {
    let mut cells = rows.iter().map(|row| &row[column]).filter(|cell| !cell.is_empty()).peekable();
    cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
}

/// A number with the digits that can be read, and never with more than it has.
fn readable(cell: &str) -> String {
    let (Ok(value), Some((_, decimals))) = (cell.parse::<f64>(), cell.split_once('.')) else { return cell.to_owned() };
    if !value.is_finite() || !decimals.bytes().all(|octet| octet.is_ascii_digit()) {
        return cell.to_owned();
    }
    if decimals.bytes().all(|octet| octet == b'0') {
        return format!("{value:.0}");
    }
    let short = significant(value, DIGITS);
    let kept = short.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if kept > decimals.len() { cell.to_owned() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_invented() {
        assert_eq!(
            ["42.8", "78.7", "9.0", "12.00", "2.123456789", "1234.5678", "0.00", "7", "-0.5", "1.5e-3", "a.b", "NaN"]
                .map(readable),
            ["42.8", "78.7", "9", "12", "2.123", "1235", "0", "7", "-0.5", "1.5e-3", "a.b", "NaN"]
        );
    }

    #[test]
    fn rows_that_say_nothing_stay_in_the_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let table = |file: &str, text: &str| {
            let path = folder.path().join(file);
            std::fs::write(&path, text).unwrap();
            let table = csv_table(&path, &Captioned { file: file.into(), caption: "c".into() }).unwrap();
            serde_json::to_value(table).unwrap()
        };
        let crossings = table("breakeven.csv", "at,break-even\na,-\nb,never\nc,800 B\n");
        assert_eq!(crossings["rows"].as_array().unwrap().len(), 1);
        let remark = "2 rows where the order does not change are left out; breakeven.csv has them.";
        assert_eq!(crossings["remarks"][0], remark);
        let swings = table("sensitivity.csv", "parameter,swing\na,0.1\nb,0\n");
        assert_eq!(swings["rows"].as_array().unwrap().len(), 1);
        let other = table("other.csv", "parameter,swing\na,0.1\nb,0\n");
        assert_eq!(other["rows"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_number_is_refused_and_text_comes_back() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("t.csv");
        let table = |text: &str| {
            std::fs::write(&path, text).unwrap();
            csv_table(&path, &Captioned { file: "t.csv".into(), caption: "c".into() })
        };
        for wrong in ["NaN", "inf", "-Infinity"] {
            let failure = table(&format!("a,b\nx,1\ny,{wrong}\n")).map(drop).unwrap_err();
            assert_eq!(failure.to_string(), format!("{}:3: `{wrong}` is no number", path.display()));
        }
        let text = serde_json::to_value(table("a,b\nnan,1\n'=1+1,2\n").unwrap()).unwrap().to_string();
        assert!(text.contains("\"=1+1\"") && text.contains("nan"), "{text}");
    }
}
