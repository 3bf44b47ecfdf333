//! An output folder, read: manifest, points, figures, tables, profile.

use std::fs;
use std::path::{Path, PathBuf};

use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{ProfileChoice, from_file};
use espsim_sweep::file::scenario_file::{PlotKind, PlotSpec, ScenarioFile};
use espsim_sweep::store::manifest::{Captioned, Manifest, ResultKind};
use espsim_sweep::store::names::{JOURNAL, MANIFEST, TABLE, slug};

use super::answer::sentence;
use super::before;
use super::csv_table::csv_table;
use super::figure::rewrite;
use super::parts::{Figure, Table};
use super::points::Points;
use super::words::plural;

/// Figures of more octets stay in their file.
const MOST_OCTETS: usize = 4 << 20;

/// What every point came to.
const POINTS: &str = "points.csv";

/// What a folder holds.
pub struct Results {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Points of a run, failover or comparison.
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
    let points = points(folder, &manifest)?;
    let profile = match manifest.kind.has_points() || folder.join("profile.toml").exists() {
        true => Some(from_file(&required(folder, "profile.toml")?)?),
        false => None,
    };
    let figures = figures(folder, &manifest)?;
    let tables = if manifest.kind.has_points() { Vec::new() } else { tables(folder, &manifest)? };
    Ok(Results { manifest, points, profile, figures, tables })
}

/// The points of a folder that has some; what a comparison is limited by is in them too.
fn points(folder: &Path, manifest: &Manifest) -> Result<Option<Points>, Failure> {
    let is_there = folder.join(POINTS).exists();
    if !(manifest.kind.has_points() || manifest.kind == ResultKind::Compare && is_there) {
        return Ok(None);
    }
    let path = required(folder, POINTS)?;
    let mut points = Points::read(&path)?;
    let there = points.points.len();
    if let Some(named) = manifest.number_of_points.filter(|named| *named != there) {
        let message = format!("{} has {}, the manifest names {named}", path.display(), plural(there, "point"));
        return Err(Failure::new(message).with_help(Some("the file is damaged or of another run: run it again".into())));
    }
    if manifest.kind == ResultKind::Failover {
        before::fill_in(&folder.join("timeline.csv"), manifest, &mut points)?;
    }
    Ok(Some(points))
}

fn read_manifest(folder: &Path) -> Result<Manifest, Failure> {
    if !folder.is_dir() {
        let what = if folder.exists() { "is no folder" } else { "does not exist" };
        return Err(Failure::new(format!("{} {what}", folder.display())).with_help(Some(
            "give the output folder of `espsim run`, `failover`, `plan`, `compare`, `validate` or `pcie-bench`, such as out/three-pass".into(),
        )));
    }
    let path = required(folder, MANIFEST)?;
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
    let help = if !inside.is_empty() {
        format!("there are results in {}", inside.join(", "))
    } else if name == MANIFEST && folder.join(JOURNAL).exists() {
        "it is a shard of a sweep, or a run that was interrupted: `espsim merge` joins shards, `--resume` goes on"
            .to_owned()
    } else {
        "a result is what `espsim run`, `failover`, `plan`, `compare`, `validate` or `pcie-bench` wrote".to_owned()
    };
    Err(Failure::new(format!("{} is no complete result: {name} is missing", folder.display())).with_help(Some(help)))
}

/// Folders one level down that have a manifest, the first few.
fn results_inside(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut inside: Vec<String> =
        entries.filter(|path| path.join(MANIFEST).is_file()).map(|path| path.display().to_string()).collect();
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
            figures.push(Figure { file, caption, ..Figure::default() });
            continue;
        }
        let label = Some(caption.as_str()).filter(|caption| !caption.is_empty());
        let drawing = rewrite(&path, &text, figures.len() + 1, label)?;
        let found =
            if drawing.finding.is_empty() { String::new() } else { format!("{}: {}", drawing.title, drawing.finding) };
        let caption = if caption.is_empty() { drawing.title } else { caption };
        figures.push(Figure { file, caption, svg: drawing.svg, found, data: drawing.data });
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

/// What is drawn over what; the title stands in the figure.
fn caption(plot: &PlotSpec) -> String {
    if plot.kind != PlotKind::Curves {
        return format!("{}.", sentence(&plot.title));
    }
    format!("{} over {}.", sentence(&plot.y_label), in_mid_sentence(&plot.x_label))
}

/// A label without the capital that it begins with; names and abbreviations keep theirs.
fn in_mid_sentence(label: &str) -> String {
    let first = label.split(' ').next().unwrap_or_default();
    let is_plain = first.chars().skip(1).all(|c| c.is_lowercase()) && first.chars().count() > 1;
    let mut chars = label.chars();
    match chars.next().filter(|_| is_plain) {
        Some(capital) => capital.to_lowercase().chain(chars).collect(),
        None => label.to_owned(),
    }
}

fn tables(folder: &Path, manifest: &Manifest) -> Result<Vec<Table>, Failure> {
    // A validation leads with families, each a row; its other tables have a row for each series.
    if manifest.kind == ResultKind::Validate && !manifest.tables.is_empty() {
        return manifest.tables.iter().map(|table| csv_table(&named(folder, &table.file)?, table)).collect();
    }
    let unnamed = Captioned { file: TABLE.into(), caption: String::new() };
    let (main, others): (Vec<&Captioned>, Vec<&Captioned>) =
        manifest.tables.iter().partition(|table| table.file == TABLE);
    let main = main.first().copied().unwrap_or(&unnamed);
    std::iter::once(main).chain(others).map(|table| csv_table(&named(folder, &table.file)?, table)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_lose_the_capital_that_only_begins_them() {
        let labels = ["Inner IP packet (B)", "CPU (%)", "SAs", "Max_Read_Request_Size (B)", "X", "Größe", ""];
        let words = labels.map(in_mid_sentence);
        assert_eq!(words, ["inner IP packet (B)", "CPU (%)", "SAs", "Max_Read_Request_Size (B)", "X", "größe", ""]);
    }
}
