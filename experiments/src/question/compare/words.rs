//! The comparison in three sentences: who does best where, where one passes the other, and what moves that most.

use espsim_model::units::BitRate;

use super::axes::SATURATE;
use super::breakeven::{Along, BreakEven, Quantity};
use super::cell::{CLEAR, Cell};
use super::designs::Absent;
use super::grid::{At, Grid};
use super::sensitivity::Sensitivity;

/// Swings below this share of the ratio are not worth a word.
const LEAST_SWING: f64 = 0.01;
/// Parameters that are named.
const NAMED: usize = 2;

/// A rate as it is written in text.
pub(super) fn with_unit(rate: &str) -> String {
    rate.parse::<BitRate>().map_or_else(|_| rate.to_owned(), |rate| rate.to_string())
}

/// A stack in a heading.
pub(super) fn stack_name(stack: &str) -> &str {
    match stack {
        "kernel" => "Kernel",
        "vector" => "Userspace",
        "xdp" => "XDP",
        other => other,
    }
}

/// A stack within a sentence.
fn within(stack: &str) -> &str {
    match stack {
        "kernel" => "in the kernel",
        "vector" => "in userspace",
        "xdp" => "with XDP",
        other => other,
    }
}

/// A sentence's first letter in upper case.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The answer.
pub(super) fn answer(grid: &Grid, found: &[BreakEven], moved: &[Sensitivity], absent: &[Absent]) -> String {
    [winners(grid, absent), crossing(grid, found), movers(grid, moved)].join(" ")
}

/// Who does best at how many places of each stack.
fn winners(grid: &Grid, absent: &[Absent]) -> String {
    let stacks: Vec<String> = grid.stacks().iter().map(|(stack, designs)| best_of(grid, stack, designs)).collect();
    let absent: Vec<&str> = absent.iter().map(|absent| absent.design.as_str()).collect();
    let absent = match &absent[..] {
        [] => String::new(),
        [one] => format!("; {one} is not to be had"),
        several => format!("; {} are not to be had", several.join(", ")),
    };
    sentence(&format!("{}{absent}.", stacks.join("; ")))
}

fn best_of(grid: &Grid, stack: &str, designs: &[usize]) -> String {
    let places: Vec<At> = (0..grid.axes.rates.len()).flat_map(|rate| grid.places(rate)).collect();
    let cells: Vec<Cell> = places.iter().map(|&at| grid.cell(designs, at)).filter(|cell| cell.carried).collect();
    let alone = |design: usize| cells.iter().filter(|cell| cell.best == [design]).count();
    let shared = cells.iter().filter(|cell| cell.best.len() > 1).count();
    let open = cells.iter().filter(|cell| cell.is_open() && cell.best.len() == 1).count();
    let mut ranked: Vec<(usize, &str)> =
        designs.iter().map(|&design| (alone(design), grid.designs[design].label.as_str())).collect();
    ranked.retain(|(n, _)| *n > 0);
    ranked.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    let mut parts: Vec<String> = ranked.iter().map(|(n, label)| format!("{label} is best in {n}")).collect();
    if let (Some(first), true) = (parts.first_mut(), open > 0) {
        let least = CLEAR * 100.0;
        *first = format!("{first} (of all that are best, {open} in fewer than {least:.0} % of draws)");
    }
    if shared > 0 {
        parts.push(format!("several do alike in {shared}"));
    }
    if cells.len() < places.len() {
        parts.push(format!("none carries the load in {}", places.len() - cells.len()));
    }
    format!("{}, of {} places {}", within(stack), places.len(), listed(&parts))
}

/// `a, b and c`.
fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

/// The break-even that a reader asks for first: of goodput over packet sizes, with most cores; or that there is none.
fn crossing(grid: &Grid, found: &[BreakEven]) -> String {
    let goodput = |f: &&BreakEven| f.quantity == Quantity::Goodput && matches!(f.along, Along::Cores(_));
    let crossed: Vec<&BreakEven> = found.iter().filter(goodput).filter(|f| !f.crossings.is_empty()).collect();
    if found.is_empty() {
        return format!("Without the rate `{SATURATE}` no break-even is looked for.");
    }
    let largest = crossed.iter().max_by_key(|f| if let Along::Cores(n) = f.along { n } else { 0 });
    match largest {
        Some(f) => {
            let (name, at) = (|design: usize| &grid.designs[design].name, f.crossings[0].at);
            let draws = f.in_draws.map_or_else(String::new, |draws| {
                let (low, high, share) = (draws.low, draws.high, draws.share * 100.0);
                format!(" ({low:.0} to {high:.0} B in the {share:.0} % of draws in which it does)")
            });
            let others = match crossed.len() - 1 {
                0 => String::new(),
                n => format!("; breakeven.csv has {n} more"),
            };
            format!(
                "Saturating on {}, {} passes {} at {at:.0} B{draws}{others}.",
                f.along,
                name(f.leader(1)),
                name(f.leader(0))
            )
        }
        None => {
            let octets = grid.axes.octets();
            let [least, most] = [octets.first(), octets.last()].map(|end| end.copied().unwrap_or_default());
            format!(
                "Saturating, there is no crossing between any two designs of a stack from {least:.0} to {most:.0} B."
            )
        }
    }
}

/// What moves the ratio of each pair most.
fn movers(grid: &Grid, moved: &[Sensitivity]) -> String {
    let of = |s: &Sensitivity| {
        let [first, second] = [s.pair.0, s.pair.1].map(|design| &grid.designs[design].name);
        let worth = s.bars.iter().take(NAMED).filter(|bar| bar.swing() >= LEAST_SWING * s.ratio);
        let top: Vec<String> = worth
            .map(|bar| {
                let [low, high] = [bar.ratio_low.min(bar.ratio_high), bar.ratio_low.max(bar.ratio_high)];
                format!("{} ({low:.2} to {high:.2})", bar.key)
            })
            .collect();
        let top = if top.is_empty() { "on nothing".to_owned() } else { format!("most on {}", listed(&top)) };
        format!("at {} {first} carries {:.2} times as much as {second}, which hangs {top}", s.place, s.ratio)
    };
    match moved.is_empty() {
        true => "What moves that was not asked, as nothing saturates.".to_owned(),
        false => sentence(&format!("{}.", moved.iter().map(of).collect::<Vec<_>>().join("; "))),
    }
}
