//! `espsim compare`: which design does best where, where one passes the other, and what that depends on.

mod breakeven;
pub mod grid;
mod output;
mod sensitivity;
mod words;

use std::path::Path;
use std::time::Instant;

use crate::cli::{CompareArgs, Format};
use crate::folder::{Folder, default_target};
use crate::input::Failure;
use crate::profile_choice::{measured, named, stand_in};
use crate::run::{print, say};
use crate::scenario_file::ScenarioFile;

/// What is compared without a scenario file: the four placements on the default hardware.
const DEFAULT: &str = include_str!("default.toml");

/// Compares and writes a folder.
///
/// # Errors
/// [`Failure`] for anything that keeps the comparison from being made or written; then nothing is written.
pub fn compare(args: &CompareArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let file = match &args.scenario {
        Some(path) => ScenarioFile::read(path)?,
        None => ScenarioFile::parse(Path::new("compare.toml"), DEFAULT.to_owned())?,
    };
    let target = args.out.clone().unwrap_or_else(|| default_target("compare"));
    let named = args.profile.as_ref().or(file.profile.as_ref()).map(|name| named(name)).transpose()?;
    // What the user asks is checked before the folder is made or the host is measured.
    let checked = match &named {
        Some(profile) => profile.clone(),
        None => stand_in()?,
    };
    if grid::middle(&file, args, &args.settings, &checked.profile)?.len() < 2 {
        return Err(file.failure("series", "a comparison needs at least two designs: [[series]] twice or more"));
    }
    let folder = Folder::create(&target)?;
    let profile = match named {
        Some(profile) => profile,
        None => measured(&mut |message| say(&format!("espsim: {message}")))?,
    };
    if let Some(warning) = profile.other_machine() {
        say(&format!("espsim: {warning}"));
    }
    let grid = grid::simulate_grid(&file, args, &profile.profile)?;
    let output = output::Output {
        break_evens: breakeven::break_evens(&grid),
        logca: breakeven::logca(&grid, &profile.profile),
        sensitivity: sensitivity::sensitivity(&file, args, &profile.profile)?,
        grid: &grid,
        profile: &profile,
        seed: args.seed.unwrap_or(file.seed),
    };
    let files = output.files(&command, &time)?;
    for (name, content) in &files {
        folder.write(name, content)?;
    }
    folder.commit()?;
    let content = |name: &str| files.iter().find(|(file, _)| file == name).map_or(&[][..], |(_, content)| content);
    match args.format {
        Format::Table => print(output.text().as_bytes()),
        Format::Csv => print(content(output::TABLE)),
        Format::Json => print(content(output::MANIFEST)),
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    say(&format!(
        "espsim: {} points in {:.1} s on {}; wrote {} in {}",
        grid.simulated.len(),
        started.elapsed().as_secs_f64(),
        profile.summary(),
        names.join(", "),
        target.display()
    ));
    Ok(())
}
