//! `espsim compare`: which design does best where, where one passes the other, and what that depends on.

mod args;
mod breakeven;
pub mod grid;
mod output;
mod sensitivity;
mod words;

use std::path::Path;
use std::time::Instant;

use espsim_model::profile::Profile;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::points::{check_series, not_to_be_had};
use espsim_sweep::store::destination::Destination;
use espsim_sweep::store::journal::Header;

use crate::console::again::resume_line;
use crate::console::deliver::{Made, deliver, printed};
use crate::console::say;
use crate::host_profile::{HostName, checked, warn_beyond};

pub use args::CompareArgs;

/// What is compared without a scenario file: the four placements on the default hardware.
const DEFAULT: &str = include_str!("default.toml");

/// Takes designs out of the file that are not to be had: their names, and why.
fn leave_out(file: &mut ScenarioFile, args: &CompareArgs) -> Vec<(String, String)> {
    let reasons: Vec<Option<String>> =
        (0..file.series.len()).map(|series| not_to_be_had(file, series, &args.base.settings)).collect();
    let mut reasons = reasons.into_iter();
    let mut absent = Vec::new();
    file.series.retain(|series| match reasons.next().flatten() {
        Some(reason) => {
            absent.push((series.name.clone(), reason));
            false
        }
        None => true,
    });
    absent
}

/// Compares and writes a folder.
///
/// # Errors
/// [`Failure`] for anything that keeps the comparison from being made or written; then nothing is written.
pub fn compare(args: &CompareArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let mut file = match &args.scenario {
        Some(path) => ScenarioFile::read(path)?,
        None => ScenarioFile::parse(Path::new("compare.toml"), DEFAULT.to_owned())?,
    };
    let stop = Stop::listen()?;
    let place = Destination::new(args.folder.out.as_deref(), "compare", args.folder.resume);
    (0..file.series.len()).try_for_each(|series| check_series(&file, series, &args.base.settings))?;
    let absent = leave_out(&mut file, args);
    let check = |profile: &Profile| match grid::middle(&file, args, &args.base.settings, profile)?.len() {
        0 | 1 if absent.is_empty() => {
            Err(file.failure("series", "a comparison needs at least two designs: [[series]] twice or more"))
        }
        0 => Err(Failure::new(format!("no design is to be had: {}", absent[0].1))),
        _ => Ok(()),
    };
    let name = args.base.profile.as_ref().or(file.profile.as_ref());
    let name = HostName { name, of: place.taken_up(), settings: &args.base.of_profile };
    let (profile, mut folder) = stop.uninterested(|| checked(&name, check, || place.prepare()))?;
    let target = folder.target().to_owned();
    let seed = args.base.seed.unwrap_or(file.seed);
    let header = Header::of_question(ResultKind::Compare, "compare.toml", &file.source.text, seed, &profile);
    let simulations = Simulations::take_up(&mut folder, &header, Some(&profile.text), &stop)?;
    let go_on = |_: &Failure| say(&format!("espsim: to go on: {}", resume_line(&command, &target)));
    let grid = grid::simulate_grid(&file, args, &profile.profile, &simulations).inspect_err(go_on)?;
    let sensitivity = sensitivity::sensitivity(&file, args, &profile.profile, &simulations).inspect_err(go_on)?;
    simulations.close(&folder)?;
    let output = output::Output {
        break_evens: breakeven::break_evens(&grid),
        logca: breakeven::logca(&grid, &profile.profile),
        sensitivity,
        grid: &grid,
        absent: &absent,
        settings: &args.base.settings,
        profile: &profile,
        seed,
    };
    let files = output.files(&command, &time)?;
    let most_cores = grid.simulated.iter().map(|simulated| simulated.point.scenario.host.cores).max();
    warn_beyond(&profile, most_cores.unwrap_or(0));
    let what = format!("{} points", grid.simulated.len());
    let made = Made { what, started, host: Some(&profile), deciding: &output.sensitivity.deciding(&profile.profile) };
    deliver(folder, &files, printed(&files, &output.text(), args.work.format), &made)
}
