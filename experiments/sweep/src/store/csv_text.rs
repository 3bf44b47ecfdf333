//! Text in CSV files. A cell that begins with `=`, `+`, `-` or `@` and is no number is a formula to a spreadsheet; it is written
//! with a `'` before it, which spreadsheets take for "this is text", and read back without. So that every text comes back as
//! it was, one that has such a beginning after `'` gets one more. A lone `-` stands for nothing and stays.

use csv::StringRecord;

/// A cell as it is written.
pub fn written(mut cell: String) -> String {
    let is_plain = !cell.starts_with('\'') && (cell == "-" || cell.parse::<f64>().is_ok());
    if is_formula_after_quotes(&cell) && !is_plain {
        cell.insert(0, '\'');
    }
    cell
}

/// A cell as it was before it was written.
pub fn read(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|_| is_formula_after_quotes(cell)).unwrap_or(cell)
}

/// The same with all cells of a row.
pub fn read_row(row: &StringRecord) -> StringRecord {
    let mut read_row: StringRecord = row.iter().map(read).collect();
    read_row.set_position(row.position().cloned());
    read_row
}

/// What keeps a cell from being a number that something can be computed from: NaN and infinities, which parsers take.
pub fn is_no_number(cell: &str) -> bool {
    cell.parse::<f64>().is_ok_and(|value| !value.is_finite())
}

fn is_formula_after_quotes(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_and_none_is_a_formula() {
        let parts = ["'", "=", "+", "-", "@", "1", ".5", "e3", "a", ""];
        for a in parts {
            for b in parts {
                for c in parts {
                    let cell = format!("{a}{b}{c}");
                    let there = written(cell.clone());
                    assert_eq!(read(&there), cell, "{there}");
                    let is_formula = there.starts_with(['=', '+', '-', '@']);
                    assert!(!is_formula || there == "-" || there.parse::<f64>().is_ok(), "{there}");
                }
            }
        }
        assert_eq!(
            ["-0.5", "+3", "-", "=1+1", "it's", "'=x"].map(|cell| written(cell.into())),
            ["-0.5", "+3", "-", "'=1+1", "it's", "''=x"]
        );
    }
}
