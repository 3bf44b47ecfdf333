//! The comparison in words.

use espsim_model::logca::LogCa;
use espsim_model::units::{BitRate, Bytes};

use super::breakeven::{At, BreakEven, Quantity};
use super::grid::{Grid, SATURATE};
use super::sensitivity::Sensitivity;

/// Swings below this share of the answer are not worth a word.
const LEAST_SWING: f64 = 0.01;

/// A rate as it is written in text.
pub(super) fn with_unit(rate: &str) -> String {
    rate.parse::<BitRate>().map_or_else(|_| rate.to_owned(), |rate| rate.to_string())
}

/// Who leads where, and where that changes.
pub(super) fn paragraph(grid: &Grid, found: &[BreakEven], logca: Option<&LogCa>, moved: &Sensitivity) -> String {
    let mut text = Vec::new();
    for (rate, name) in grid.axes.rates.iter().enumerate() {
        text.push(leaders(grid, rate, name));
    }
    text.extend(packets(grid, found));
    text.extend(cores(grid, found));
    text.extend(everywhere(grid, found));
    if let Some(logca) = logca {
        text.push(closed_form(logca));
    }
    let (first, second) = &moved.pair;
    let top: Vec<String> = moved
        .bars
        .iter()
        .take(3)
        .filter(|bar| bar.swing() >= LEAST_SWING * moved.ratio)
        .map(|bar| format!("{} ({:.2} to {:.2})", bar.key, bar.ratio_low, bar.ratio_high))
        .collect();
    text.push(format!(
        "At {} {first} carries {:.2} times as much as {second}; what moves that most is {}.",
        moved.at,
        moved.ratio,
        top.join(", ")
    ));
    text.join(" ")
}

/// How many cells of a map each design leads, alone or with others, of those that any design carries.
fn leaders(grid: &Grid, rate: usize, name: &str) -> String {
    let (packets, cores) = (grid.axes.packets.len(), grid.axes.cores.len());
    let places = (0..packets).flat_map(|packet| (0..cores).map(move |n| (packet, n)));
    let carried: Vec<_> = places.map(|(p, n)| grid.cell(rate, p, n)).filter(|cell| cell.carried).collect();
    let leads = |i: usize| carried.iter().filter(move |cell| cell.leaders.contains(&i));
    let mut leading: Vec<(usize, usize, &String)> = (grid.designs.iter().enumerate())
        .map(|(i, design)| (leads(i).count(), leads(i).filter(|cell| cell.leaders.len() > 1).count(), design))
        .filter(|(n, ..)| *n > 0)
        .collect();
    leading.sort_by_key(|(n, ..)| std::cmp::Reverse(*n));
    let list: Vec<String> = leading
        .iter()
        .map(|(n, shared, design)| match shared {
            0 => format!("{design} in {n}"),
            shared if shared == n => format!("{design} in {n}, shared"),
            shared => format!("{design} in {n}, {shared} of them shared"),
        })
        .collect();
    let all = packets * cores;
    let at = if name == SATURATE { "Saturating".to_owned() } else { format!("At {}", with_unit(name)) };
    match carried.len() {
        0 => format!("{at} no design carries the load at any of {all} combinations of packet size and cores."),
        n if n < all => format!(
            "{at} some design carries the load at {n} of {all} combinations of packet size and cores; the best is {}.",
            list.join("; ")
        ),
        _ => format!("{at}, of {all} combinations of packet size and cores the best is {}.", list.join("; ")),
    }
}

/// Each pair's break-even packet size with the most cores, and in cycles.
fn packets(grid: &Grid, found: &[BreakEven]) -> Vec<String> {
    let most = grid.axes.cores.last().map(|n| At::Cores(*n));
    let told = found.iter().filter(|f| match f.quantity {
        Quantity::Goodput => Some(f.at) == most,
        Quantity::Cycles => true,
    });
    told.filter(|f| !f.crossings.is_empty()).map(|f| sentence(grid, f)).collect()
}

/// Pairs whose lead never changes.
fn everywhere(grid: &Grid, found: &[BreakEven]) -> Vec<String> {
    let goodput: Vec<&BreakEven> =
        found.iter().filter(|f| matches!(f.at, At::Cores(_)) && f.quantity == Quantity::Goodput).collect();
    let mut pairs: Vec<(usize, usize)> = goodput.iter().map(|f| f.pair).collect();
    pairs.dedup();
    let mut told: Vec<(usize, Vec<&str>)> = Vec::new();
    for pair in pairs {
        let of_pair = goodput.iter().filter(|f| f.pair == pair);
        let leaders: Vec<usize> = of_pair.clone().filter_map(|f| f.first).collect();
        let one = leaders.first().filter(|first| leaders.iter().all(|leader| leader == *first));
        let Some(&leader) = one.filter(|_| of_pair.clone().all(|f| f.crossings.is_empty())) else { continue };
        let other = grid.designs[if leader == pair.0 { pair.1 } else { pair.0 }].as_str();
        match told.iter_mut().find(|(known, _)| *known == leader) {
            Some((_, others)) => others.push(other),
            None => told.push((leader, vec![other])),
        }
    }
    let sentence = |(leader, others): (usize, Vec<&str>)| {
        format!(
            "Saturating, {} carries as much as {} or more at every packet size.",
            grid.designs[leader],
            others.join(", ")
        )
    };
    told.into_iter().map(sentence).collect()
}

/// One break-even in a sentence.
fn sentence(grid: &Grid, found: &BreakEven) -> String {
    let name = |i: usize| &grid.designs[i];
    let by = match found.quantity {
        Quantity::Goodput => format!("goodput of {}", found.at),
        Quantity::Cycles => "cycles per packet".into(),
    };
    let crossings = found.crossings.iter().enumerate();
    let mut changes: Vec<String> =
        crossings.map(|(i, crossing)| format!("{} from {:.0} B on", name(found.leader(i + 1)), crossing.at)).collect();
    let last = found.leader(found.crossings.len());
    changes
        .extend(found.equal_from.map(|place| format!("{} as much from {:.0} B on", name(found.other(last)), place.at)));
    format!("By {by}, {} leads for small packets, {}.", name(found.leader(0)), changes.join(", then "))
}

/// With how many cores designs carry as much of the largest packets as the one that leads with fewer.
fn cores(grid: &Grid, found: &[BreakEven]) -> Vec<String> {
    let Some(largest) = grid.axes.octets().last().map(|size| At::Packet(Bytes::new(*size as u64))) else {
        return Vec::new();
    };
    let told = found.iter().filter(|f| f.at == largest && f.crossings.is_empty());
    let behind: Vec<(usize, usize, f64)> =
        told.filter_map(|f| Some((f.leader(0), f.other(f.leader(0)), f.equal_from?.at))).collect();
    let leads = |design: usize| behind.iter().all(|(_, other, _)| *other != design);
    let mut groups: Vec<(usize, f64, Vec<&str>)> = Vec::new();
    for &(leader, other, at) in behind.iter().filter(|(leader, ..)| leads(*leader)) {
        match groups.iter_mut().find(|(of, from, _)| (*of, *from) == (leader, at)) {
            Some((.., others)) => others.push(&grid.designs[other]),
            None => groups.push((leader, at, vec![&grid.designs[other]])),
        }
    }
    let sentence = |(leader, at, others): (usize, f64, Vec<&str>)| {
        let carry = if others.len() == 1 { "carries" } else { "carry" };
        let (others, leader) = (others.join(", "), &grid.designs[leader]);
        format!("Of {largest} packets {others} {carry} as much as {leader} from {at} cores on.")
    };
    groups.into_iter().map(sentence).collect()
}

fn closed_form(logca: &LogCa) -> String {
    let cycles = match logca.break_even_cycles() {
        Some(octets) => format!("a card saves cycles from {octets:.0} encrypted octets on"),
        None => "a card never saves cycles".into(),
    };
    let time = match logca.break_even_time() {
        Some(octets) => format!("a caller that waits has its packet sooner from {octets:.0} octets on"),
        None => format!(
            "a caller that waits never has its packet sooner: one engine is {:.2} times as fast as a core",
            logca.acceleration
        ),
    };
    format!("In closed form (LogCA) {cycles}, and {time}.")
}
