//! Rows of measurements in a user's own file: what `espsim import` writes, and `fit` and `validate --against` read.
//!
//! A CSV file with the columns of `experiments/validation` and four more, all of which but the first five may be absent:
//! `scenario` says what a row simulates, `algorithm` and `direction` which cipher it is of.

pub mod cell;

use std::collections::HashSet;
use std::path::Path;

use espsim_model::profile::{Algorithm, Direction};
use espsim_sweep::failure::{Failure, nearest, read_text};
use espsim_sweep::store::csv_text;
use espsim_sweep::store::points_csv::{csv_of, format_number};
use espsim_sweep::store::validation::Role;

/// Columns in the order in which they are written.
pub const COLUMNS: [&str; 11] =
    ["id", "series", "x", "published", "unit", "role", "source", "assumed", "scenario", "algorithm", "direction"];
/// Those that every file has.
const NEEDED: [&str; 5] = ["id", "series", "published", "unit", "role"];
/// The unit of rows without a scenario: millions of octets a second.
pub const OCTETS: &str = "MB/s";

/// Numbers that can be measured in the units that there are, and written in nine digits.
const POSSIBLE: std::ops::Range<f64> = 1e-15..1e15;

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnRow {
    /// Its line in the file, from 1; 0 where it is of none.
    pub line: u64,
    /// Unique name.
    pub id: String,
    /// The curve that it lies on.
    pub series: String,
    /// Where on the curve: octets, streams.
    pub x: Option<f64>,
    /// The value, above zero.
    pub published: f64,
    /// Its unit, with the basis of a rate.
    pub unit: String,
    /// What it is used for: fitted or predicted.
    pub role: Role,
    /// Where it is from.
    pub source: String,
    /// What was assumed because the source leaves it out.
    pub assumed: String,
    /// What simulates it; empty where it lies on a curve of two costs.
    pub scenario: String,
    /// The cipher, where that is known.
    pub algorithm: Option<Algorithm>,
    /// Sealing or opening, where that is known.
    pub direction: Option<Direction>,
}

/// Reads a file.
///
/// # Errors
/// [`Failure`] at what is no such file.
pub fn read(path: &Path) -> Result<Vec<OwnRow>, Failure> {
    parse(path, &read_text("read rows", path)?)
}

/// Parses the text of a file; `path` is for messages.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, text: &str) -> Result<Vec<OwnRow>, Failure> {
    let mut table = csv_text::Rows::new(text.as_bytes(), path)?;
    let known = |heading: &&String| COLUMNS.contains(&heading.as_str());
    if let Some(unknown) = table.headings.iter().find(|heading| !known(heading)) {
        let expected = format!("`{unknown}` is none of {}", COLUMNS.join(", "));
        let bench = ["test", "Test"].iter().any(|of| table.headings.iter().any(|heading| heading == of));
        let help = match bench {
            true => Some("rows of the public pcie-bench are for espsim pcie-bench --against".to_owned()),
            false => nearest(unknown, &COLUMNS),
        };
        return Err(table.other_columns(&expected).with_help(help));
    }
    if let Some(missing) = NEEDED.iter().find(|needed| !table.headings.iter().any(|heading| heading == **needed)) {
        return Err(table.other_columns(&format!("`{missing}` is missing")));
    }
    let (mut rows, mut ids) = (Vec::new(), HashSet::new());
    while let Some(row) = table.next_row()? {
        let row = one(&row)?;
        if !ids.insert(row.id.clone()) {
            return Err(row.failure(path, &format!("the id `{}` stands twice: each row has its own", row.id)));
        }
        rows.push(row);
    }
    match rows.is_empty() {
        true => Err(Failure::new(format!("{}: there are no rows", path.display()))),
        false => Ok(rows),
    }
}

fn one(row: &csv_text::Row<'_>) -> Result<OwnRow, Failure> {
    let (id, series, unit) = (row.text("id"), row.text("series"), row.text("unit"));
    if let Some((column, _)) = [("id", id), ("series", series), ("unit", unit)].iter().find(|(_, cell)| cell.is_empty())
    {
        return Err(row.failure(&format!("`{column}` is empty")));
    }
    let published = row.number("published")?;
    if !POSSIBLE.contains(&published) {
        return Err(row.failure(&format!("`published` is {published}: a number above zero, below 1e15")));
    }
    let role = match row.text("role") {
        "fitted" => Role::Fitted,
        "predicted" => Role::Predicted,
        other => return Err(row.failure(&format!("`role` is `{other}`: fitted or predicted"))),
    };
    let x = row.optional("x")?;
    if let Some(x) = x.filter(|x| !POSSIBLE.contains(x)) {
        return Err(row.failure(&format!("`x` is {x}: a number above zero, below 1e15, or nothing")));
    }
    let named = |column: &str| Some(row.text(column)).filter(|cell| !cell.is_empty());
    let wrong = |message: String| row.failure(&message);
    Ok(OwnRow {
        line: row.line(),
        id: id.to_owned(),
        series: series.to_owned(),
        x,
        published,
        unit: unit.to_owned(),
        role,
        source: row.text("source").to_owned(),
        assumed: row.text("assumed").to_owned(),
        scenario: row.text("scenario").trim().to_owned(),
        algorithm: named("algorithm").map(algorithm).transpose().map_err(wrong)?,
        direction: named("direction").map(direction).transpose().map_err(wrong)?,
    })
}

/// A cipher by its name in files.
///
/// # Errors
/// What names there are.
pub fn algorithm(name: &str) -> Result<Algorithm, String> {
    let names = || Algorithm::ALL.map(Algorithm::name).join(", ");
    let found = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name);
    found.ok_or_else(|| format!("there is no cipher `{name}`; there are {}", names()))
}

/// A direction by its name in files.
///
/// # Errors
/// What names there are.
pub fn direction(name: &str) -> Result<Direction, String> {
    let found = [Direction::Seal, Direction::Open].into_iter().find(|direction| direction.name() == name);
    found.ok_or_else(|| format!("`{name}` is no direction: seal or open"))
}

impl OwnRow {
    /// What is wrong in it.
    pub fn failure(&self, path: &Path, what: &str) -> Failure {
        Failure::new(format!("{}:{}: {what}", path.display(), self.line))
    }

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.series.clone(),
            self.x.map_or_else(String::new, format_number),
            format_number(self.published),
            self.unit.clone(),
            self.role.name().to_owned(),
            self.source.clone(),
            self.assumed.clone(),
            self.scenario.clone(),
            self.algorithm.map_or("", Algorithm::name).to_owned(),
            self.direction.map_or("", Direction::name).to_owned(),
        ]
    }
}

/// Rows as a file.
///
/// # Errors
/// [`Failure`] if they cannot be encoded.
pub fn csv(rows: &[OwnRow]) -> Result<Vec<u8>, Failure> {
    csv_of(&COLUMNS.map(str::to_owned), &rows.iter().map(OwnRow::cells).collect::<Vec<_>>())
}

/// Series of rows that lie on a curve of two costs, in the order of their first rows: each of two or more rows with sizes, in
/// the unit that such rows have.
///
/// # Errors
/// [`Failure`] at a row that has no size or another unit.
pub fn curves<'a>(path: &Path, rows: &'a [OwnRow]) -> Result<Vec<(&'a str, Vec<&'a OwnRow>)>, Failure> {
    let mut curves: Vec<(&str, Vec<&OwnRow>)> = Vec::new();
    for row in rows.iter().filter(|row| row.scenario.is_empty()) {
        if row.unit != OCTETS {
            let what = format!("`unit` is `{}`: {OCTETS} where no `scenario` says what is simulated", row.unit);
            return Err(row.failure(path, &what));
        }
        if row.x.is_none() {
            return Err(row.failure(path, "`x` is empty: the octets of a buffer, or a `scenario`"));
        }
        match curves.iter_mut().find(|(series, _)| *series == row.series) {
            Some((_, of)) => of.push(row),
            None => curves.push((&row.series, vec![row])),
        }
    }
    Ok(curves)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "id,series,x,published,unit,role,source,assumed,scenario,algorithm,direction\n";

    fn parsed(text: &str) -> Result<Vec<OwnRow>, Failure> {
        parse(Path::new("rows.csv"), text)
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = format!(
            "{HEADER}a-64,GCM,64,1234.5,MB/s,fitted,\"=ours, 2026\",,,aes-128-gcm,seal\nb,iperf3,,9.5,Gb/s goodput,predicted,,,placement=host; host.cores=4,,\n"
        );
        let rows = parsed(&text).unwrap();
        assert_eq!((rows[0].algorithm, rows[0].direction), (Some(Algorithm::Aes128Gcm), Some(Direction::Seal)));
        assert_eq!((rows[0].line, rows[1].line, rows[1].x), (2, 3, None));
        let written = String::from_utf8(csv(&rows).unwrap()).unwrap();
        assert!(written.contains("\"'=ours, 2026\""), "{written}");
        assert_eq!(parsed(&written).unwrap(), rows);
    }

    #[test]
    fn what_is_wrong_is_said_with_file_and_line() {
        let refused = |text: &str| parsed(text).unwrap_err().to_string();
        let row = |cells: &str| refused(&format!("{HEADER}{cells}\n"));
        for (said, parts) in [
            (row("a,s,64,0,MB/s,fitted,,,,,"), &["rows.csv:2", "above zero"][..]),
            (row("a,s,64,nan,MB/s,fitted,,,,,"), &["rows.csv:2", "`nan` is no number"]),
            (row("a,s,-1,1,MB/s,fitted,,,,,"), &["rows.csv:2", "`x` is -1"]),
            (row("a,s,64,1,MB/s,formula,,,,,"), &["rows.csv:2", "fitted or predicted"]),
            (row("a,s,64,1,MB/s,fitted,,,,rot13,"), &["rows.csv:2", "`rot13`", "aes-128-gcm"]),
            (row("a,s,64,1,MB/s,fitted,,,,,both"), &["rows.csv:2", "seal or open"]),
            (row("a,,64,1,MB/s,fitted,,,,,"), &["rows.csv:2", "`series` is empty"]),
            (row("a,s,64,1,MB/s,fitted,,,,,\na,s,65,1,MB/s,fitted,,,,,"), &["rows.csv:3", "stands twice"]),
            (refused(HEADER), &["rows.csv", "no rows"]),
            (refused("id,series\na,b\n"), &["rows.csv", "`published` is missing"]),
            (refused("id,seris\na,b\n"), &["rows.csv", "`seris` is none of"]),
        ] {
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
        let bench = format!("{:?}", miette::Report::new(parsed("Test,PAT\n").unwrap_err()));
        assert!(bench.contains("espsim pcie-bench --against"), "{bench}");
        let rows = parsed(&format!("{HEADER}a,s,64,1,Gb/s goodput,fitted,,,,,\n")).unwrap();
        let said = curves(Path::new("rows.csv"), &rows).unwrap_err().to_string();
        assert!(said.contains("rows.csv:2") && said.contains("MB/s where no `scenario`"), "{said}");
    }
}
