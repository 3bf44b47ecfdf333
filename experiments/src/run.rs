//! `espsim run`: a scenario file in, a folder of results out.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use comfy_table::Table;
use espsim_model::simulate;
use espsim_model::uncertainty::draw as draw_profiles;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Format, RunArgs};
use crate::export::points_csv;
use crate::figures::draw;
use crate::folder::{Folder, default_target};
use crate::input::Failure;
use crate::manifest::Manifest;
use crate::outcome::{Observation, Outcome, Runs, Simulate, simulate_all};
use crate::points::{Point, points};
use crate::profile_choice::{measured, named, stand_in};
use crate::scenario_file::ScenarioFile;
use crate::table::table;

/// What a command simulates at every point of a scenario file, and what it shows besides points, manifest and the
/// figures that the file asks for.
pub struct Study<R> {
    /// The command, as the manifest names it.
    pub kind: &'static str,
    /// The simulation.
    pub simulate: Simulate<R>,
    /// Refuses a file whose points are for another command.
    pub check: fn(&ScenarioFile, &[Point]) -> Result<(), Failure>,
    /// The table on standard output.
    pub table: fn(&ScenarioFile, &[Outcome<R>]) -> Table,
    /// Further files, by name; the text is small print for figures.
    pub files: MakeFiles<R>,
}

/// Names and contents.
pub type Files = Vec<(String, Vec<u8>)>;

/// Makes files of outcomes, with small print for figures.
pub type MakeFiles<R> = fn(&ScenarioFile, &[Outcome<R>], &str) -> Result<Files, Failure>;

/// Runs a scenario file.
///
/// # Errors
/// [`Failure`] for anything that keeps the results from being written; then nothing is.
pub fn run(args: &RunArgs, command: Vec<String>) -> Result<(), Failure> {
    let throughput = Study { kind: "run", simulate, check: has_no_events, table, files: |_, _, _| Ok(Vec::new()) };
    run_study(args, command, &throughput)
}

fn has_no_events(file: &ScenarioFile, points: &[Point]) -> Result<(), Failure> {
    match points.iter().all(|point| point.scenario.failover.event.is_empty()) {
        true => Ok(()),
        false => Err(file
            .failure(
                "failover.event",
                "`failover.event`: something happens in this scenario, which `run` does not show",
            )
            .with_help(Some(format!("espsim failover {}", file.path.display())))),
    }
}

/// Runs a scenario file for a study.
///
/// # Errors
/// As [`run`].
pub fn run_study<R: Observation>(args: &RunArgs, command: Vec<String>, study: &Study<R>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let file = ScenarioFile::read(args.scenario())?;
    let target = args.out.clone().unwrap_or_else(|| default_out(&file));
    let named = match args.profile.as_ref().or(file.profile.as_ref()) {
        Some(name) => Some(named(name)?),
        None => None,
    };
    // Everything that the user wrote is checked before the folder is made or the host is measured.
    let stand_in = if named.is_none() { Some(stand_in()?) } else { None };
    if let Some(profile) = named.as_ref().or(stand_in.as_ref()) {
        (study.check)(&file, &points(&file, &args.settings, &profile.profile)?)?;
    }
    let folder = Folder::create(&target)?;
    let profile = match named {
        Some(choice) => choice,
        None => measured(&mut |message| eprintln!("espsim: {message}"))?,
    };
    if let Some(warning) = profile.other_machine() {
        eprintln!("espsim: {warning}");
    }
    let points = points(&file, &args.settings, &profile.profile)?;
    let seed = args.seed.unwrap_or(file.seed);
    let drawn = args.uncertainty.map_or_else(Vec::new, |n| draw_profiles(&profile.profile, n, seed));
    let runs = Runs { profile: &profile.profile, drawn: &drawn, seed, replications: file.replications };
    let outcomes = simulate_points(points, &runs, study.simulate, args.jobs)?;
    let csv = points_csv(&file, &outcomes)?;
    let manifest =
        Manifest { kind: study.kind, file: &file, profile: &profile, seed, outcomes: &outcomes, command, time }
            .to_json();
    folder.write("points.csv", &csv)?;
    folder.write("manifest.json", manifest.as_bytes())?;
    folder.write("profile.toml", profile.text.as_bytes())?;
    let mut files = vec!["points.csv".to_owned(), "manifest.json".into(), "profile.toml".into()];
    let footnote = format!("espsim {} · profile {} · seed {seed}", env!("CARGO_PKG_VERSION"), profile.summary());
    for plot in &file.plots {
        let name = format!("{}.svg", plot.file);
        folder.write(&name, draw(&file, plot, &outcomes, &footnote)?.as_bytes())?;
        files.push(name);
    }
    for (name, content) in (study.files)(&file, &outcomes, &footnote)? {
        folder.write(&name, &content)?;
        files.push(name);
    }
    folder.commit()?;
    match args.format {
        Format::Table => print(format!("{}\n", (study.table)(&file, &outcomes)).as_bytes()),
        Format::Csv => print(&csv),
        Format::Json => print(manifest.as_bytes()),
    }
    eprintln!(
        "espsim: {} points in {:.1} s on {}; wrote {} in {}",
        outcomes.len(),
        started.elapsed().as_secs_f64(),
        profile.summary(),
        files.join(", "),
        target.display()
    );
    Ok(())
}

fn default_out(file: &ScenarioFile) -> PathBuf {
    default_target(&file.path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy()))
}

fn simulate_points<R: Observation>(
    points: Vec<Point>,
    runs: &Runs<'_>,
    simulate: Simulate<R>,
    jobs: Option<u16>,
) -> Result<Vec<Outcome<R>>, Failure> {
    let jobs = jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from);
    let total = (points.len() * runs.per_point()) as u64;
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    // The template is constant; a wrong one would fall back to the default bar.
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {eta} left") {
        bar.set_style(style);
    }
    let outcomes = simulate_all(points, runs, jobs, simulate, &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    outcomes
}

/// Prints to standard output; a reader that has gone away is no error.
pub fn print(bytes: &[u8]) {
    let _ = std::io::stdout().lock().write_all(bytes);
}
