//! What the template shows.

use serde::Serialize;

/// Rows that a table shows; the files have the rest.
pub const MOST_ROWS: usize = 500;

/// Tables of more rows are folded.
pub const MOST_OPEN: usize = 20;

/// How the style sheet lays out a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Words, aligned to the left.
    Text,
    /// Numbers, aligned to the right.
    Number,
    /// Sentences.
    Long,
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
    columns: Vec<(String, Class)>,
    rows: Vec<Vec<Cell>>,
    /// What was left out and where it is; what headings mean.
    remarks: Vec<String>,
}

impl Table {
    /// A table without rows, given the heading of each column.
    pub fn new(caption: &str, columns: impl IntoIterator<Item = (impl Into<String>, Class)>) -> Self {
        let columns = columns.into_iter().map(|(heading, class)| (heading.into(), class)).collect();
        Table { caption: caption.to_owned(), columns, rows: Vec::new(), remarks: Vec::new() }
    }

    /// The same with rows.
    #[must_use]
    pub fn with_rows(mut self, rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        self.rows.extend(rows);
        self
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
