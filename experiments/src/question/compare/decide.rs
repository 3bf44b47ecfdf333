//! Simulates what closed forms do not decide: where the best designs are close to each other, or what is not known of the
//! machine leaves open which is best; and one row as a check of closed forms.

use espsim_model::profile::Profile;
use espsim_model::record::Record;
use espsim_model::resource::Resource;
use espsim_model::traffic::Basis;
use espsim_sweep::campaign::simulations::{NoRecord, Simulations};
use espsim_sweep::failure::Failure;
use rayon::prelude::*;

use super::grid::{At, Entry, Grid};

/// Designs that are within this share of the best are simulated.
const CLOSE: f64 = 0.1;
/// A design that wins at a rate is simulated where closed forms leave it less room than so many times the load: queues may not
/// carry what stations do.
const LITTLE_ROOM: f64 = 1.25;
/// A simulation may put another design ahead, which is then simulated as well; so often at most.
const ROUNDS: usize = 4;

/// Simulates what decides, on all threads of the current pool.
///
/// # Errors
/// [`Failure`] where the process is told to end, or what has ended cannot be kept.
pub fn simulate(grid: &mut Grid, profile: &Profile, seed: u64, simulations: &Simulations<'_>) -> Result<(), Failure> {
    let mut wanted = check_row(grid);
    for _ in 0..ROUNDS {
        let wrong: Vec<usize> = (0..grid.designs.len()).filter(|&design| is_wrong(grid, design)).collect();
        for rate in 0..grid.axes.rates.len() {
            let places: Vec<At> = grid.places(rate).collect();
            wanted.extend(places.into_iter().flat_map(|at| open(grid, &wrong, at)));
        }
        wanted.retain(|&number| grid.entries[number].record.is_none());
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            break;
        }
        let under = simulations.begin(wanted.len(), "points");
        let run = |&number: &usize| {
            let scenario = &grid.entries[number].point.scenario;
            let record = simulations.record(scenario, profile, seed).map_err(NoRecord::into_failure)?;
            under.step();
            Ok(record)
        };
        let records: Result<Vec<Record>, Failure> = wanted.par_iter().with_max_len(1).map(run).collect();
        for (number, record) in wanted.drain(..).zip(records?) {
            grid.entries[number].record = Some(record);
        }
    }
    Ok(())
}

/// Every design over packet sizes, in the middle of cores, saturating; else at the highest rate with most cores.
fn check_row(grid: &Grid) -> Vec<usize> {
    let [rates, cores] = [grid.axes.rates.len(), grid.axes.cores.len()];
    let place = grid.middle().unwrap_or(At { rate: rates - 1, packet: 0, cores: cores - 1 });
    let packets = 0..grid.axes.packets.len();
    let at = packets.map(|packet| At { packet, ..place });
    at.flat_map(|at| (0..grid.designs.len()).map(move |design| (design, at)))
        .map(|(design, at)| grid.number(design, at))
        .collect()
}

/// Points of a place whose simulation may change who is best: of each stack the best and the next, where they are close, where
/// draws leave it open, or where the best may fall short of the load.
fn open(grid: &Grid, wrong: &[usize], at: At) -> Vec<usize> {
    let mut found = Vec::new();
    for (_, designs) in grid.stacks() {
        let cell = grid.cell(&designs, at);
        let is_close = cell.margin().is_some_and(|margin| margin <= CLOSE);
        // What limits all of them alike, such as the wire, is no question of who is best.
        let limit = |design: &usize| grid.entry(*design, at).form.tightest().0;
        let all = || cell.best.iter().chain(&cell.next).map(limit);
        let is_shared = cell.best.len() > 1 && all().all(|of| of == limit(&cell.best[0]) && of != Resource::Core);
        let is_tight = |design: &usize| grid.entry(*design, at).form.room() < LITTLE_ROOM;
        let may_fall_short = cell.carried && cell.best.iter().any(|best| is_tight(best) || wrong.contains(best));
        if !(is_close && !is_shared || cell.is_open() || may_fall_short) {
            continue;
        }
        found.extend(cell.best.iter().chain(&cell.next).map(|&design| grid.number(design, at)));
    }
    found
}

/// Whether some simulation of a design came to so much less than its closed form that this says nothing of it elsewhere: misses
/// of SA contexts, for one, are no station's.
fn is_wrong(grid: &Grid, design: usize) -> bool {
    let each = grid.entries.len() / grid.designs.len();
    let of_design = &grid.entries[design * each..(design + 1) * each];
    of_design
        .iter()
        .filter(|entry| entry.record.is_some())
        .any(|entry| entry.goodput().is_some_and(|(gbps, _)| gbps < (1.0 - CLOSE) * entry.form.goodput_gbps))
}

/// How far closed forms are off from simulations: of how many points, the median and the most, of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Off {
    /// Points that were simulated.
    pub simulated: usize,
    /// All points.
    pub of: usize,
    /// Median.
    pub median: f64,
    /// Most.
    pub most: f64,
}

/// How far closed forms are off where they were checked; `None` where nothing was simulated.
pub fn off(grid: &Grid) -> Option<Off> {
    let of = |entry: &Entry| {
        let record = entry.record.as_ref()?;
        Some((entry.form.goodput_gbps / record.rate(Basis::Goodput)?.gbps - 1.0).abs())
    };
    let simulated = grid.entries.iter().filter(|entry| entry.record.is_some()).count();
    let mut all: Vec<f64> = grid.entries.iter().filter_map(of).filter(|off| off.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    let median = *all.get(all.len() / 2)?;
    Some(Off { simulated, of: grid.entries.len(), median, most: *all.last()? })
}
