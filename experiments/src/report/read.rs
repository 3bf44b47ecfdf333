//! An output folder, read: manifest, points, figures, tables, profile.

use std::fs;
use std::path::{Path, PathBuf};

use super::figure::rewrite;
use super::manifest::{Captioned, Manifest};
use super::page::{Cell, Column, Figure, MOST_ROWS, Table};
use super::points::Points;
use super::words::significant;
use crate::failover::slug;
use crate::input::Failure;
use crate::profile_choice::{ProfileChoice, from_file};
use crate::scenario_file::{PlotSpec, ScenarioFile};

/// Figures of more octets stay in their file.
const MOST_OCTETS: usize = 4 << 20;

/// The main table of a plan or comparison.
const MAIN_TABLE: &str = "table.csv";

/// What a folder holds.
pub struct Results {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Points of a run or failover.
    pub points: Option<Points>,
    /// The profile that was used; absent where a plan or comparison left none.
    pub profile: Option<ProfileChoice>,
    /// Figures in their order.
    pub figures: Vec<Figure>,
    /// Tables of a plan or comparison, the main one first.
    pub tables: Vec<Table>,
}

/// Reads an output folder.
///
/// # Errors
/// [`Failure`] that names what is missing or damaged.
pub fn read(folder: &Path) -> Result<Results, Failure> {
    let manifest = read_manifest(folder)?;
    let points = match manifest.kind.has_points() {
        true => Some(Points::read(&required(folder, "points.csv")?)?),
        false => None,
    };
    let profile = match manifest.kind.has_points() || folder.join("profile.toml").exists() {
        true => Some(from_file(&required(folder, "profile.toml")?)?),
        false => None,
    };
    let figures = figures(folder, &manifest)?;
    let tables = if manifest.kind.has_points() { Vec::new() } else { tables(folder, &manifest)? };
    Ok(Results { manifest, points, profile, figures, tables })
}

fn read_manifest(folder: &Path) -> Result<Manifest, Failure> {
    if !folder.is_dir() {
        let what = if folder.exists() { "is no folder" } else { "does not exist" };
        return Err(Failure::new(format!("{} {what}", folder.display())).with_help(Some(
            "give the output folder of `espsim run`, `failover`, `plan` or `compare`, such as out/three-pass".into(),
        )));
    }
    let path = required(folder, "manifest.json")?;
    let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
    Manifest::parse(&path, &text)
}

/// The path of a file that every result has.
fn required(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let path = folder.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let inside = results_inside(folder);
    let help = match inside.is_empty() {
        true => "a result is what `espsim run`, `failover`, `plan` or `compare` wrote".to_owned(),
        false => format!("there are results in {}", inside.join(", ")),
    };
    Err(Failure::new(format!("{} is no complete result: {name} is missing", folder.display())).with_help(Some(help)))
}

/// Folders one level down that have a manifest, the first few.
fn results_inside(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut inside: Vec<String> =
        entries.filter(|path| path.join("manifest.json").is_file()).map(|path| path.display().to_string()).collect();
    inside.sort();
    inside.truncate(5);
    inside
}

/// A file that the manifest names; only within the folder.
fn named(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    if Path::new(name).file_name().is_none_or(|plain| plain != name) {
        return Err(Failure::new(format!(
            "{}: manifest.json names `{name}`, which is no file of it",
            folder.display()
        )));
    }
    required(folder, name)
}

fn figures(folder: &Path, manifest: &Manifest) -> Result<Vec<Figure>, Failure> {
    let mut named_files = manifest.figures.clone();
    if manifest.kind.has_points() && named_files.is_empty() {
        named_files = of_scenario(folder, manifest)?;
    }
    let mut figures = Vec::new();
    for Captioned { file, caption } in named_files {
        let path = named(folder, &file)?;
        let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
        if text.len() > MOST_OCTETS {
            figures.push(Figure { file, caption, svg: String::new() });
            continue;
        }
        let label = Some(caption.as_str()).filter(|caption| !caption.is_empty());
        let drawing = rewrite(&path, &text, figures.len() + 1, label)?;
        let caption = if caption.is_empty() { drawing.title } else { caption };
        figures.push(Figure { file, caption, svg: drawing.svg });
    }
    Ok(figures)
}

/// Figures of a run: those that the scenario asks for, in its order, then the others by name.
fn of_scenario(folder: &Path, manifest: &Manifest) -> Result<Vec<Captioned>, Failure> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::io("read folder", folder, &error))?;
    let mut files: Vec<String> = (entries.flatten())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".svg"))
        .collect();
    // By name, then by series where the name tells one.
    files.sort();
    let scenario = manifest.scenario.as_ref();
    let text = scenario.and_then(|scenario| scenario.text.clone()).unwrap_or_default();
    // A scenario of another version may not be one of this version; its figures then come by name.
    let parsed = ScenarioFile::parse(Path::new("scenario.toml"), text).ok();
    let (plots, series) = parsed.map_or_else(Default::default, |file| (file.plots, file.series));
    let slugs: Vec<String> = series.iter().map(|series| format!("timeline-{}", slug(&series.name))).collect();
    files.sort_by_key(|file| of_series(file, &slugs));
    let mut captioned: Vec<Captioned> = Vec::new();
    for plot in &plots {
        let file = format!("{}.svg", plot.file);
        required(folder, &file)?;
        files.retain(|other| *other != file);
        captioned.push(Captioned { file, caption: caption(plot) });
    }
    captioned.extend(files.into_iter().map(|file| Captioned { file, caption: String::new() }));
    Ok(captioned)
}

/// The series that a timeline is of: that with the longest name that the file's name starts with.
fn of_series(file: &str, slugs: &[String]) -> Option<usize> {
    let starts = |slug: &String| file.strip_prefix(slug.as_str()).is_some_and(|rest| rest.starts_with(['-', '.']));
    (0..slugs.len()).filter(|&i| starts(&slugs[i])).max_by_key(|&i| slugs[i].len())
}

fn caption(plot: &PlotSpec) -> String {
    format!("{}. {} over {}.", plot.title, plot.y_label, plot.x_label)
}

fn tables(folder: &Path, manifest: &Manifest) -> Result<Vec<Table>, Failure> {
    let unnamed = Captioned { file: MAIN_TABLE.into(), caption: String::new() };
    let (main, others): (Vec<&Captioned>, Vec<&Captioned>) =
        manifest.tables.iter().partition(|table| table.file == MAIN_TABLE);
    let main = main.first().copied().unwrap_or(&unnamed);
    std::iter::once(main).chain(others).map(|table| csv_table(folder, table)).collect()
}

/// A CSV file as a table: numbers to four significant digits, the file has them all.
fn csv_table(folder: &Path, named_file: &Captioned) -> Result<Table, Failure> {
    let path = named(folder, &named_file.file)?;
    let broken = |error: csv::Error| Failure::new(format!("{}: {error}", path.display()));
    let mut reader = csv::Reader::from_path(&path).map_err(broken)?;
    let headings: Vec<String> = reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let (mut rows, mut all) = (Vec::new(), 0);
    for record in reader.records() {
        let record = record.map_err(broken)?;
        all += 1;
        if all <= MOST_ROWS {
            rows.push(record);
        }
    }
    let is_number = |column: usize| {
        let mut cells = rows.iter().map(|row| &row[column]).filter(|cell| !cell.is_empty()).peekable();
        cells.peek().is_some() && cells.all(|cell| cell.parse::<f64>().is_ok())
    };
    let columns = headings.iter().enumerate().map(|(i, heading)| match is_number(i) {
        true => Column::number(heading),
        false => Column::text(heading),
    });
    let caption = if named_file.caption.is_empty() { "Results" } else { named_file.caption.as_str() };
    let mut table = Table::new(caption, columns.collect());
    for row in &rows {
        table.push(row.iter().map(|cell| Cell::from(readable(cell))).collect());
    }
    table.cut(all, &named_file.file);
    Ok(table)
}

fn readable(cell: &str) -> String {
    match cell.parse::<f64>() {
        Ok(value) if value.is_finite() && cell.contains('.') => significant(value, 4),
        _ => cell.to_owned(),
    }
}
