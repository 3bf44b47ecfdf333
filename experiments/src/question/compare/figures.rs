//! Figures of a comparison: a map for each rate, a tornado for each pair.

use espsim_report::designs::design_of;
use espsim_report::plot::{HeatCell, HeatMap, HeatPanel, Tornado, Words, heat_map_svg, tornado_svg};
use espsim_sweep::file::value::shown;

use super::cell::{CLEAR, Cell};
use super::grid::{At, Grid};
use super::sensitivity::Sensitivity;
use super::tables::{amount, heading, margin};
use super::words::stack_name;

/// Where the numbers of a map are.
const DATA: &str = "table.csv";
/// Parameters that are drawn; all are in the CSV.
const MOST_BARS: usize = 12;
/// Swings below this share of the answer are not drawn.
const LEAST_SWING: f64 = 1e-3;
/// A ratio that some parameter brings this close to one is shown with the line of no advantage.
const NEAR_ONE: f64 = 1.1;

/// The map of a rate, with a panel for each stack.
pub(super) fn map(grid: &Grid, rate: usize, footnote: &str) -> String {
    let axes = &grid.axes;
    let stacks = grid.stacks();
    let panel = |(stack, designs): &(&str, Vec<usize>)| {
        let places = (0..axes.cores.len()).flat_map(|n| (0..axes.packets.len()).map(move |packet| (packet, n)));
        let cells = places.map(|(packet, cores)| cell(grid, designs, At { rate, packet, cores }));
        let name = if stacks.len() > 1 { stack_name(stack).to_owned() } else { String::new() };
        HeatPanel { name, cells: cells.collect() }
    };
    let colours = grid.designs.iter().map(|design| design.colour).max().map_or(0, |most| most + 1);
    let label = |colour| {
        let design = grid.designs.iter().find(|design| design.colour == colour)?;
        Some((design.label.clone(), design_of(&grid.file, &design.name)))
    };
    let words = Words { data: DATA.into(), ..Words::new(&heading(grid, rate), &winners(grid, rate), footnote) };
    let map = HeatMap {
        words,
        x: ("Inner IP packet".into(), axes.packets.iter().map(shown).collect()),
        y: ("Cores".into(), axes.cores.iter().map(u32::to_string).collect()),
        names: (0..colours).map(|i| label(i).unwrap_or_default()).collect(),
        panels: stacks.iter().map(panel).collect(),
        hatched: format!("best in fewer than {:.0} % of draws", CLEAR * 100.0),
        empty: "Empty cells: no design carries the load.".into(),
    };
    heat_map_svg(&map)
}

/// Who does best in how many cells of each stack.
fn winners(grid: &Grid, rate: usize) -> String {
    let stacks = grid.stacks();
    let of = |(stack, designs): &(&str, Vec<usize>)| {
        let places = grid.places(rate);
        let cells: Vec<Cell> = places.map(|at| grid.cell(designs, at)).collect();
        let alone = |design: usize| cells.iter().filter(|cell| cell.carried && cell.best == [design]).count();
        let (most, best) = designs.iter().map(|&design| (alone(design), design)).max()?;
        let name = if stacks.len() > 1 { format!("{}: ", stack_name(stack)) } else { String::new() };
        let best = &grid.designs[best].label;
        (most > 0).then(|| format!("{name}{best} is best in {most} of {} cells", cells.len()))
    };
    let all: Vec<String> = stacks.iter().filter_map(of).collect();
    if all.is_empty() { grid.file.question.clone() } else { format!("{}.", all.join("; ")) }
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
pub(super) fn tornado(grid: &Grid, s: &Sensitivity, footnote: &str) -> String {
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
    let most = bars.first().map_or_else(
        || "nothing moves it".to_owned(),
        |(_, low, high)| {
            format!("{} alone moves it from {:.2} to {:.2}", s.bars[0].key, low.min(*high), low.max(*high))
        },
    );
    let finding = format!("{}, saturating: {first} carries {:.2} times as much; {most}.", s.place, s.ratio);
    let note =
        format!("Each parameter 20 % either way; * over its range in the profile. {} others change nothing.", s.idle);
    let title = format!("What moves the advantage of {first} over {second} most");
    let figure = Tornado {
        words: Words { notes: vec![note], data: "sensitivity.csv".into(), ..Words::new(&title, &finding, footnote) },
        label: format!("Goodput of {first} over that of {second}"),
        value: s.ratio,
        bars,
        line: reaches_one.then(|| (1.0, "no advantage".into())),
    };
    tornado_svg(&figure)
}
