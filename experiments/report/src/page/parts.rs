//! What the template shows.

use serde::Serialize;

/// Rows that a table shows; the files have the rest.
pub const MOST_ROWS: usize = 500;

/// Tables of more rows are folded.
pub const MOST_OPEN: usize = 20;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Column {
    heading: String,
    /// How the style sheet lays it out.
    class: &'static str,
}

impl Column {
    /// A column of words, aligned to the left.
    pub fn text(heading: &str) -> Self {
        Column { heading: heading.to_owned(), class: "text" }
    }

    /// A column of numbers, aligned to the right.
    pub fn number(heading: &str) -> Self {
        Column { heading: heading.to_owned(), class: "number" }
    }

    /// A column of sentences.
    pub fn long(heading: &str) -> Self {
        Column { heading: heading.to_owned(), class: "long" }
    }
}

/// A cell: what it says, and remarks below it in small print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    text: String,
    remarks: Vec<String>,
}

impl Cell {
    /// A cell with remarks.
    pub fn with_remarks(text: String, remarks: Vec<String>) -> Self {
        Cell { text, remarks }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell { text: text.to_owned(), remarks: Vec::new() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell { text, remarks: Vec::new() }
    }
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
    /// What was left out and where it is; what headings mean.
    remarks: Vec<String>,
}

impl Table {
    /// A table without rows.
    pub fn new(caption: &str, columns: Vec<Column>) -> Self {
        Table { caption: caption.to_owned(), columns, rows: Vec::new(), remarks: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Says how many rows there are in all, if some were left out.
    pub fn cut(&mut self, all: usize, file: &str) {
        if all > self.rows.len() {
            self.remark(format!("The first {} of {all} rows are shown; {file} has them all.", self.rows.len()));
        }
    }

    /// Adds a line below.
    pub fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }
}

/// A figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Its file.
    pub file: String,
    /// What it shows.
    pub caption: String,
    /// SVG markup, safe to stand in a page; empty if the figure is too large to.
    pub svg: String,
}
