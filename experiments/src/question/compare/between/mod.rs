//! `espsim compare A B`: what differs between two folders of results, or between two profiles. It says what is so, and that
//! two things differ is no failure.

mod inputs;
mod moved;
mod results;

use std::path::Path;

use espsim_model::units::Share;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::named;
use espsim_sweep::store::names::MANIFEST;
use espsim_sweep::store::points_csv::csv_rows;

use crate::command::calibrate::diff::{Allowed, Difference};
use crate::console::{Format, print};
use moved::Moved;

/// How far values of two profiles may differ and still be equal, in percent, as in `calibrate --diff`.
const MARGIN: f64 = 0.05;
/// Rows that are printed for people; for programs all are.
const MOST_ROWS: usize = 40;

/// Prints what differs.
///
/// # Errors
/// [`Failure`] for what is neither a folder of results nor a profile, for one of each, and where it cannot be printed.
pub fn between(first: &Path, second: &Path, format: Format) -> Result<(), Failure> {
    match [first, second].map(|path| path.join(MANIFEST).is_file()) {
        [true, true] => folders(first, second, format),
        [false, false] if !first.is_dir() && !second.is_dir() => profiles(first, second, format),
        is_result => {
            let other = if is_result[0] { second } else { first };
            let help =
                "two folders that run, failover, plan or compare has written, or two profiles: files or preset:NAME";
            Err(Failure::new(format!("{} is no folder of results", other.display())).with_help(Some(help.into())))
        }
    }
}

fn profiles(first: &Path, second: &Path, format: Format) -> Result<(), Failure> {
    let names = [first, second].map(|path| path.display().to_string());
    let [a, b] = [named(&names[0])?.profile, named(&names[1])?.profile];
    let allowed = Allowed { margin: Share::from_fraction(MARGIN), apart: Share::from_fraction(1.0) };
    let difference = Difference::of([&names[0], &names[1]], [&a, &b], allowed);
    match format {
        Format::Table => print(difference.table([&names[0], &names[1]]).as_bytes()),
        Format::Csv => print(&csv_rows(difference.cells())?),
        Format::Json => print_json(&difference.cells()),
    }
}

fn folders(first: &Path, second: &Path, format: Format) -> Result<(), Failure> {
    let [a, b] = [results::read(first)?, results::read(second)?];
    let mut all = moved::moved(&a, &b);
    all.sort_by(Moved::by_size);
    match format {
        Format::Csv => print(&csv_rows(moved::cells(&all))?),
        Format::Json => print_json(&moved::cells(&all)),
        Format::Table => {
            let inputs = inputs::differences(&a.manifest, &b.manifest);
            print(moved::text([first, second], [&a, &b], &all, &inputs, MOST_ROWS).as_bytes())
        }
    }
}

/// Rows under their headings, as a list of objects.
fn print_json(rows: &[Vec<String>]) -> Result<(), Failure> {
    let Some((header, rows)) = rows.split_first() else { return Ok(()) };
    let object = |row: &Vec<String>| -> serde_json::Value {
        header
            .iter()
            .cloned()
            .zip(row.iter().map(|cell| cell.as_str().into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let list: Vec<serde_json::Value> = rows.iter().map(object).collect();
    let text = serde_json::to_string_pretty(&list);
    let text = text.map_err(|error| Failure::new(format!("cannot write JSON: {error}")))?;
    print(format!("{text}\n").as_bytes())
}
