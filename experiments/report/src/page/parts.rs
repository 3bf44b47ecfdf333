//! What the template shows.

use serde::Serialize;

/// Rows that a table shows; the files have the rest.
pub const MOST_ROWS: usize = 500;

/// Columns that can be read on a phone.
pub const MOST_COLUMNS: usize = 8;

/// Tables of more rows are folded.
pub const MOST_OPEN: usize = 24;

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

    /// The place of a column; its heading may name unit or basis behind the name.
    fn column(&self, name: &str) -> Option<usize> {
        let is = |heading: &str| heading == name || heading.starts_with(&format!("{name} ("));
        self.columns.iter().position(|(heading, _)| is(heading))
    }

    /// Whether there are columns of all these names.
    pub fn has_all(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.column(name).is_some())
    }

    /// Those columns that a reader needs first, where there are more than fit a phone; all of them stay in the full table.
    pub fn narrowed(&self, wanted: &[&str]) -> Option<Table> {
        if self.columns.len() <= MOST_COLUMNS {
            return None;
        }
        let mut kept: Vec<usize> = wanted.iter().filter_map(|name| self.column(name)).take(MOST_COLUMNS).collect();
        if kept.is_empty() {
            let differs = |column: &usize| self.rows.iter().any(|row| row[*column] != self.rows[0][*column]);
            kept = std::iter::once(0).chain((1..self.columns.len()).filter(differs)).take(MOST_COLUMNS).collect();
        }
        let pick = |row: &Vec<Cell>| kept.iter().map(|&column| row[column].clone()).collect();
        let mut table = Table::new(&self.caption, kept.iter().map(|&column| self.columns[column].clone()));
        table.rows = self.rows.iter().map(pick).collect();
        table.remarks.clone_from(&self.remarks);
        Some(table)
    }

    /// The same under another caption.
    #[must_use]
    pub fn called(mut self, caption: &str) -> Table {
        caption.clone_into(&mut self.caption);
        self
    }

    /// What it is of.
    pub fn caption(&self) -> &str {
        &self.caption
    }

    /// Adds a line below.
    pub fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }
}

/// A figure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Its file.
    pub file: String,
    /// What it shows.
    pub caption: String,
    /// SVG markup, safe to stand in a page; empty if the figure is too large to.
    pub svg: String,
    /// Its title and finding; empty if it tells none.
    pub found: String,
    /// Where its numbers are; empty if it does not say.
    pub data: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: usize) -> Table {
        let headings = (0..columns).map(|i| (format!("c{i} (unit)"), Class::Text));
        let row = |n: usize| {
            (0..columns).map(|i| Cell::from(if i == 1 { "same".into() } else { format!("{n}/{i}") })).collect()
        };
        Table::new("t", headings).with_rows((0..2).map(row))
    }

    #[test]
    fn a_wide_table_is_narrowed_to_what_is_wanted_or_differs() {
        assert_eq!(table(MOST_COLUMNS).narrowed(&[]), None);
        let headings = |table: Table| table.columns.into_iter().map(|(heading, _)| heading).collect::<Vec<_>>();
        assert_eq!(headings(table(12).narrowed(&["c11", "c2", "none"]).unwrap()), ["c11 (unit)", "c2 (unit)"]);
        let differing = table(12).narrowed(&[]).unwrap();
        assert_eq!(differing.rows[1][1].text, "1/2", "what is the same everywhere is left out");
        assert_eq!(headings(differing).len(), MOST_COLUMNS);
    }
}
