//! `espsim compare`: which design does best where, where one passes the other, and what that depends on.

mod args;
mod breakeven;
pub mod grid;
mod output;
mod sensitivity;
mod words;

use std::path::Path;
use std::time::Instant;

pub use args::CompareArgs;
use espsim_model::profile::Profile;

use crate::deliver::{Made, deliver};
use crate::folder::Folder;
use crate::input::Failure;
use crate::points::check_series;
use crate::profile_choice::checked;
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
    let create = || args.out.as_deref().map_or_else(|| Folder::create_numbered("compare"), Folder::create);
    (0..file.series.len()).try_for_each(|series| check_series(&file, series, &args.settings))?;
    let check = |profile: &Profile| match grid::middle(&file, args, &args.settings, profile)?.len() {
        0 | 1 => Err(file.failure("series", "a comparison needs at least two designs: [[series]] twice or more")),
        _ => Ok(()),
    };
    let name = args.profile.as_ref().or(file.profile.as_ref());
    let (profile, folder) = checked(name, check, create)?;
    let grid = grid::simulate_grid(&file, args, &profile.profile)?;
    let output = output::Output {
        break_evens: breakeven::break_evens(&grid),
        logca: breakeven::logca(&grid, &profile.profile),
        sensitivity: sensitivity::sensitivity(&file, args, &profile.profile)?,
        grid: &grid,
        settings: &args.settings,
        profile: &profile,
        seed: args.seed.unwrap_or(file.seed),
    };
    let files = output.files(&command, &time)?;
    let made = Made { what: format!("{} points", grid.simulated.len()), started, profile: &profile };
    deliver(folder, &files, &output.text(), args.format, &made)
}
