//! `espsim compare`: which design does best where and by how much, where one passes the other, and what that depends on.

mod args;
mod axes;
mod between;
mod breakeven;
mod cell;
mod decide;
mod designs;
mod figures;
pub mod grid;
mod output;
mod sensitivity;
mod tables;
mod words;

use std::time::Instant;

use espsim_model::profile::Profile;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::points::doubt::Draws;
use espsim_sweep::points::outcome::seed;
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::store::destination::Destination;
use espsim_sweep::store::journal::Header;

use crate::console::again::resume_line;
use crate::console::deliver::{Made, deliver, printed};
use crate::console::say;
use crate::host_profile::{HostName, checked, warn_beyond};
use between::between;
use designs::{Compared, by_stack, pairs};
use grid::Grid;

pub use args::CompareArgs;

/// Compares and writes a folder.
///
/// # Errors
/// [`Failure`] for anything that keeps the comparison from being made or written; then nothing is written.
pub fn compare(args: &CompareArgs, command: Vec<String>) -> Result<(), Failure> {
    if let [first, second] = &args.of[..] {
        return between(first, second, args.work.format);
    }
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let compared = Compared::new(args, args.of.first().map(std::path::PathBuf::as_path))?;
    let file = &compared.file;
    let stop = Stop::listen()?;
    let place = Destination::new(args.folder.out.as_deref(), "compare", args.folder.resume);
    let check = |profile: &Profile| {
        let points = grid::at_middle(file, args, &args.base.settings, profile)?;
        compared.check()?;
        let stacks = by_stack(points.iter().map(|point| point.scenario.host.stack.name()));
        args.pair.as_ref().map_or(Ok(()), |pair| pairs(pair, &compared.designs, &stacks).map(drop))
    };
    let name = args.base.profile.as_ref().or(file.profile.as_ref());
    let name = HostName { name, of: place.taken_up(), settings: &args.base.of_profile };
    let (profile, mut folder) = stop.uninterested(|| checked(&name, check, || place.prepare()))?;
    let target = folder.target().to_owned();
    let base = args.base.seed.unwrap_or(file.seed);
    let header = Header::of_question(ResultKind::Compare, "compare.toml", &file.source.text, base, &profile);
    let simulations = Simulations::take_up(&mut folder, &header, Some(&profile.text), &stop)?;
    let go_on = |_: &Failure| say(&format!("espsim: to go on: {}", resume_line(&command, &target)));
    let (grid, sensitivities) = threads(args.work.jobs)?.install(|| {
        let places = grid::places(args)? * compared.designs.len();
        let draws = Draws::new(&profile.profile, args.draw.number(places), base);
        let mut grid = Grid::new(file, &compared.designs, args, &profile.profile, &draws)?;
        decide::simulate(&mut grid, &profile.profile, seed(base, 0), &simulations).inspect_err(go_on)?;
        let question = sensitivity::Question { args, profile: &profile.profile, grid: &grid };
        let sensitivities = question.sensitivities()?;
        Ok::<_, Failure>((grid, sensitivities))
    })?;
    simulations.close(&folder)?;
    let output = output::Output {
        break_evens: breakeven::break_evens(&grid),
        logca: breakeven::logca(&grid, &profile.profile),
        sensitivities,
        grid: &grid,
        absent: &compared.absent,
        settings: &args.base.settings,
        profile: &profile,
        seed: base,
    };
    let files = output.files(&command, &time)?;
    let most_cores = grid.entries.iter().map(|entry| entry.point.scenario.host.cores).max();
    warn_beyond(&profile, most_cores.unwrap_or(0));
    let made = Made { what: output.what(), started, host: Some(&profile), deciding: &output.deciding() };
    deliver(folder, &files, printed(&files, &output.text(), args.work.format), &made)
}
