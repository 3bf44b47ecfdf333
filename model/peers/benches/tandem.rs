//! How fast each simulator goes through the same tandem, side by side.
//!
//! The simulators take turns: each repeat runs all of them one after the other, and ratios are taken within a repeat, so
//! that what slows this machine for a while slows both sides of a ratio. Building a simulation is not timed. Every repeat
//! checks that all have found the same.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use espsim_peers::{Outcome, SIMULATORS, Tandem};

/// Runs the same closed tandem of four stations in espsim's engine and in its peers.
#[derive(Parser)]
struct Options {
    /// Departures of each run; four visits each
    #[arg(long, default_value_t = 250_000)]
    departures: u64,
    /// Repeats, of which the median is shown
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// Few repeats of short runs
    #[arg(long, conflicts_with_all = ["departures", "repeats"])]
    quick: bool,
    /// Fails unless espsim is so many times as fast as a peer in the median of every row, e.g. desru=3
    #[arg(long, value_name = "PEER=RATIO", value_parser = requirement)]
    require: Vec<(usize, f64)>,
    /// What cargo tells every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A peer's place among the simulators, and a ratio.
fn requirement(text: &str) -> Result<(usize, f64), String> {
    let (name, ratio) = text.split_once('=').ok_or("expected PEER=RATIO")?;
    let peers = &SIMULATORS[1..];
    let peer = peers.iter().position(|peer| peer.name == name).ok_or_else(|| {
        let names: Vec<&str> = peers.iter().map(|peer| peer.name).collect();
        format!("no peer is called {name}; there are {}", names.join(" and "))
    })?;
    let ratio = ratio.parse().map_err(|_| format!("{ratio} is no number"))?;
    Ok((peer + 1, ratio))
}

/// Nanoseconds per visit of each simulator, by repeat.
type Repeats = [Vec<f64>; SIMULATORS.len()];

fn measure(tandem: &Tandem, repeats: u32) -> Repeats {
    let mut times = Repeats::default();
    // The first round warms caches and is not counted.
    for repeat in 0..=repeats {
        let mut found: Option<Outcome> = None;
        for (simulator, times) in SIMULATORS.iter().zip(&mut times) {
            let simulation = (simulator.build)(tandem);
            let start = Instant::now();
            let outcome = simulation();
            let elapsed = start.elapsed();
            if repeat > 0 {
                times.push(elapsed.as_secs_f64() * 1e9 / outcome.visits as f64);
            }
            let first = found.get_or_insert(outcome);
            let (expected, same) = (tandem.visits(), (outcome.departures, outcome.end));
            assert_eq!((outcome.visits, same), (expected, (first.departures, first.end)), "{}", simulator.name);
        }
    }
    times
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (departures, repeats) = if options.quick { (50_000, 5) } else { (options.departures, options.repeats) };

    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let head =
        ["service", "customers", "simulator", "ns per visit", "million events/s", "espsim is faster by", "range"];
    table.set_header(head);
    table.column_iter_mut().skip(3).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let mut least = [f64::INFINITY; SIMULATORS.len()];
    for exponential in [false, true] {
        for customers in [64, 1024, 65536] {
            let times = measure(&Tandem { customers, departures, exponential, seed: 1 }, repeats);
            for (index, simulator) in SIMULATORS.iter().enumerate() {
                let ratios: Vec<f64> = times[index].iter().zip(&times[0]).map(|(peer, ours)| peer / ours).collect();
                let (time, ratio) = (median(&times[index]), median(&ratios));
                least[index] = least[index].min(ratio);
                let lowest = ratios.iter().copied().fold(f64::INFINITY, f64::min);
                let highest = ratios.iter().copied().fold(0.0, f64::max);
                table.add_row([
                    if exponential { "exponential" } else { "constant" }.to_owned(),
                    customers.to_string(),
                    simulator.name.to_owned(),
                    format!("{time:.1}"),
                    format!("{:.2}", 1e3 / time),
                    if index == 0 { String::new() } else { format!("{ratio:.1}") },
                    if index == 0 { String::new() } else { format!("{lowest:.1} to {highest:.1}") },
                ]);
            }
        }
    }
    println!("{table}\n");
    println!("Medians of {repeats} repeats in turn. A visit of a customer to a station is one event everywhere.");

    let mut met = true;
    for (index, simulator) in SIMULATORS.iter().enumerate().skip(1) {
        println!("espsim is at least {:.1} times as fast as {}, in every row.", least[index], simulator.name);
        for (_, ratio) in options.require.iter().filter(|(peer, _)| *peer == index) {
            if least[index] < *ratio {
                println!("REQUIRED: {ratio} times.");
                met = false;
            }
        }
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
