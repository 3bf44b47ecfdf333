//! Figures of a comparison: a map for each rate, a tornado for each pair.

use espsim_report::plot::{HeatCell, HeatMap, HeatPanel, Tornado, heat_map_svg, tornado_svg};
use espsim_sweep::failure::Failure;
use espsim_sweep::file::value::shown;

use super::cell::CLEAR;
use super::grid::{At, Grid};
use super::sensitivity::Sensitivity;
use super::tables::{amount, heading, margin};
use super::words::stack_name;

/// Parameters that are drawn; all are in the CSV.
const MOST_BARS: usize = 12;
/// Swings below this share of the answer are not drawn.
const LEAST_SWING: f64 = 1e-3;
/// A ratio that some parameter brings this close to one is shown with the line of no advantage.
const NEAR_ONE: f64 = 1.1;

/// The map of a rate, with a panel for each stack.
///
/// # Errors
/// [`Failure`] if it cannot be drawn.
pub(super) fn map(grid: &Grid, rate: usize, footnote: &str) -> Result<String, Failure> {
    let axes = &grid.axes;
    let stacks = grid.stacks();
    let panel = |(stack, designs): &(&str, Vec<usize>)| {
        let places = (0..axes.cores.len()).flat_map(|n| (0..axes.packets.len()).map(move |packet| (packet, n)));
        let cells = places.map(|(packet, cores)| cell(grid, designs, At { rate, packet, cores }));
        let name = if stacks.len() > 1 { stack_name(stack).to_owned() } else { String::new() };
        HeatPanel { name, cells: cells.collect() }
    };
    let colours = grid.designs.iter().map(|design| design.colour).max().map_or(0, |most| most + 1);
    let label = |colour| grid.designs.iter().find(|design| design.colour == colour);
    let map = HeatMap {
        title: heading(grid, rate),
        subtitle: grid.file.question.clone(),
        x: ("Inner IP packet".into(), axes.packets.iter().map(shown).collect()),
        y: ("Cores".into(), axes.cores.iter().map(u32::to_string).collect()),
        names: (0..colours).map(|i| label(i).map_or_else(String::new, |design| design.label.clone())).collect(),
        panels: stacks.iter().map(panel).collect(),
        hatched: format!("best in fewer than {:.0} % of draws", CLEAR * 100.0),
        empty: "empty: no design carries it".into(),
        footnote: footnote.to_owned(),
    };
    heat_map_svg(&map).map_err(|error| Failure::new(format!("cannot draw the map: {error}")))
}

fn cell(grid: &Grid, designs: &[usize], at: At) -> HeatCell {
    let cell = grid.cell(designs, at);
    let Some(value) = cell.value.filter(|_| cell.carried) else { return HeatCell::default() };
    HeatCell {
        colours: cell.best.iter().map(|&design| grid.designs[design].colour).collect(),
        text: format!("{} {}", amount(value), margin(&cell)),
        margin: if cell.best.len() > 1 { Some(0.0) } else { cell.margin() },
        hatched: cell.is_open(),
    }
}

/// What moves the ratio of a pair.
///
/// # Errors
/// [`Failure`] if it cannot be drawn.
pub(super) fn tornado(grid: &Grid, s: &Sensitivity, footnote: &str) -> Result<String, Failure> {
    let drawn = s.bars.iter().filter(|bar| bar.swing() > LEAST_SWING * s.ratio).take(MOST_BARS);
    let mark = |assumed: bool| if assumed { "" } else { " *" };
    let bars: Vec<(String, f64, f64)> = drawn
        .map(|bar| {
            let name = format!("{}{}: {} to {}", bar.key, mark(bar.assumed), bar.low, bar.high);
            (name, bar.ratio_low, bar.ratio_high)
        })
        .collect();
    let reaches_one = bars.iter().any(|(_, low, high)| low.min(*high) < NEAR_ONE);
    let [first, second] = [s.pair.0, s.pair.1].map(|design| &grid.designs[design].name);
    let figure = Tornado {
        title: format!("What moves the advantage of {first} over {second} most"),
        subtitle: format!(
            "{}, saturating. Each parameter 20 % either way; * over its range in the profile; {} others change nothing",
            s.place, s.idle
        ),
        label: format!("Goodput of {first} over that of {second}"),
        value: s.ratio,
        bars,
        line: reaches_one.then(|| (1.0, "no advantage".into())),
        footnote: footnote.to_owned(),
    };
    tornado_svg(&figure).map_err(|error| Failure::new(format!("cannot draw the sensitivity: {error}")))
}
