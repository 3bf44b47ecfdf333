//! CSV files that are read, and text in them. A cell that begins with `=`, `+`, `-` or `@` and is no number is a formula to a spreadsheet; it is written
//! with a `'` before it, which spreadsheets take for "this is text", and read back without. So that every text comes back as
//! it was, one that has such a beginning after `'` gets one more. A lone `-` stands for nothing and stays.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use csv::StringRecord;

use crate::failure::Failure;

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

/// A CSV file, row by row. Columns are found by their headings.
pub struct Rows<'a, R> {
    /// Headings.
    pub headings: Vec<String>,
    path: &'a Path,
    reader: csv::Reader<R>,
}

impl<'a> Rows<'a, BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be read.
    pub fn open(path: &'a Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| Failure::io("read", path, &error))?;
        Rows::new(BufReader::new(file), path)
    }
}

impl<'a, R: Read> Rows<'a, R> {
    /// Of text; `path` is for messages.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be read.
    pub fn new(text: R, path: &'a Path) -> Result<Self, Failure> {
        let mut reader = csv::Reader::from_reader(text);
        let headings = reader.headers().map_err(|error| broken(path, &error))?;
        Ok(Rows { headings: headings.iter().map(|cell| read(cell).to_owned()).collect(), path, reader })
    }

    /// The next row.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be read.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, Failure> {
        let (headings, path, mut cells) = (&self.headings, self.path, StringRecord::new());
        let is_row = self.reader.read_record(&mut cells).map_err(|error| broken(path, &error))?;
        Ok(is_row.then_some(Row { headings, path, cells }))
    }

    /// What is said of a file whose columns are not those that are expected.
    pub fn other_columns(&self, expected: &str) -> Failure {
        Failure::new(format!("{}: columns are {}: {expected}", self.path.display(), self.headings.join(", ")))
    }
}

fn broken(path: &Path, error: &csv::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// A row.
pub struct Row<'a> {
    headings: &'a [String],
    path: &'a Path,
    cells: StringRecord,
}

impl Row<'_> {
    /// The cells in their order.
    pub fn cells(&self) -> impl Iterator<Item = &str> + Clone {
        self.cells.iter().map(read)
    }

    /// The cells with their headings.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.headings.iter().map(String::as_str).zip(self.cells())
    }

    /// What stands under a heading, the last one of that name; nothing where there is none.
    pub fn text(&self, heading: &str) -> &str {
        let column = self.headings.iter().rposition(|name| name == heading);
        column.and_then(|column| self.cells.get(column)).map_or("", read)
    }

    /// The same as a number.
    ///
    /// # Errors
    /// [`Failure`] for what is none, NaN and infinities included: what was not observed has no value.
    pub fn number(&self, heading: &str) -> Result<f64, Failure> {
        let text = self.text(heading);
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        value.ok_or_else(|| self.failure(&format!("`{text}` is no number")))
    }

    /// The same where there may be nothing.
    ///
    /// # Errors
    /// As [`Self::number`].
    pub fn optional(&self, heading: &str) -> Result<Option<f64>, Failure> {
        (!self.text(heading).is_empty()).then(|| self.number(heading)).transpose()
    }

    /// Its line in the file, from 1.
    pub fn line(&self) -> u64 {
        self.cells.position().map_or(0, csv::Position::line)
    }

    /// What is wrong in it.
    pub fn failure(&self, what: &str) -> Failure {
        Failure::new(format!("{}:{}: {what}", self.path.display(), self.line()))
    }
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
