//! How fast each simulator goes through the same tandem, side by side.
//!
//! espsim, espsim with an event for every visit, and a peer run directly one after the other, and the peers take turns;
//! ratios are taken within such a round, so that what slows this machine for a while slows all sides. Building a
//! simulation is not timed. Every run is checked to have found the same.
//!
//! Requirements are held against an event for every visit, as the peers have, with constant service times, which the data
//! path's stations have. Exponential ones are drawn by the same generator in every simulator; what that costs is in each time
//! and brings all ratios nearer to one.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use espsim_peers::{ESPSIM, PEERS, Simulator, Tandem};

/// Runs the same closed tandem of four stations in espsim's engine and in its peers.
#[derive(Parser)]
struct Options {
    /// Departures of each run, of four visits each
    #[arg(long, default_value_t = 250_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    departures: u64,
    /// Rounds with each peer, of which medians are taken
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
    /// Short: 9 repeats of 50 000 departures
    #[arg(long, conflicts_with_all = ["departures", "repeats"])]
    quick: bool,
    /// Fails unless espsim, with an event for every visit, is so many times as fast as a peer with constant service times,
    /// whatever the number of customers; e.g. desru=3
    #[arg(long, value_name = "PEER=RATIO", value_parser = requirement)]
    require: Vec<(usize, f64)>,
    /// What cargo tells every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// A peer's place in [`PEERS`], and a ratio.
fn requirement(text: &str) -> Result<(usize, f64), String> {
    let (name, ratio) = text.split_once('=').ok_or("expected PEER=RATIO")?;
    let peer = PEERS.iter().position(|peer| peer.name == name);
    let peer =
        peer.ok_or_else(|| format!("no peer is called {name}; there are {}", PEERS.map(|peer| peer.name).join(", ")))?;
    Ok((peer, ratio.parse().map_err(|_| format!("{ratio} is no number"))?))
}

/// Nanoseconds per visit of one run, and when its simulated time ended.
fn run(simulator: &Simulator, tandem: &Tandem) -> (f64, u64) {
    let simulation = (simulator.build)(tandem);
    let start = Instant::now();
    let outcome = simulation();
    let elapsed = start.elapsed();
    let done = (outcome.visits, outcome.departures);
    assert_eq!(done, (tandem.visits(), tandem.all_departures()), "{}, {tandem:?}", simulator.name);
    (elapsed.as_secs_f64() * 1e9 / outcome.visits as f64, outcome.end)
}

/// What a table names first: `espsim` and `espsim-unfused`.
const OURS: usize = ESPSIM.len();
/// Which of them has an event for every visit.
const UNFUSED: usize = 1;

/// Nanoseconds per visit of espsim, unfused too, and of a peer, one directly after the other.
type Round = [f64; OURS + 1];

/// Rounds with each peer.
fn measure(tandem: &Tandem, repeats: u32) -> [Vec<Round>; PEERS.len()] {
    let mut rounds = PEERS.map(|_| Vec::new());
    // The first round warms caches and is not counted.
    for repeat in 0..=repeats {
        for (peer, rounds) in PEERS.iter().zip(&mut rounds) {
            let [fused, unfused] = &ESPSIM;
            let round = [fused, unfused, peer].map(|simulator| run(simulator, tandem));
            assert!(round.iter().all(|(_, end)| *end == round[0].1), "{}, {tandem:?}", peer.name);
            if repeat > 0 {
                rounds.push(round.map(|(time, _)| time));
            }
        }
    }
    rounds
}

/// The least, the median and the greatest.
fn spread(values: impl IntoIterator<Item = f64>) -> [f64; 3] {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let median = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
    [sorted[0], median, sorted[sorted.len() - 1]]
}

/// Adds a row for each simulator; returns how many times as fast as each peer espsim is, fused and not, as medians.
fn compare(tandem: &Tandem, repeats: u32, table: &mut Table) -> [[f64; OURS]; PEERS.len()] {
    let rounds = measure(tandem, repeats);
    let mut add = |name: &str, time: f64, ratios: [String; OURS]| {
        let service = if tandem.exponential { "exponential" } else { "constant" };
        let figures = [format!("{time:.1}"), format!("{:.2}", 1e3 / time)];
        table.add_row(
            [service.to_owned(), tandem.customers.to_string(), name.to_owned()]
                .into_iter()
                .chain(figures)
                .chain(ratios),
        );
    };
    for (index, ours) in ESPSIM.iter().enumerate() {
        let [_, time, _] = spread(rounds.iter().flatten().map(|round| round[index]));
        add(ours.name, time, Default::default());
    }
    std::array::from_fn(|peer| {
        let [_, time, _] = spread(rounds[peer].iter().map(|round| round[OURS]));
        let ratios: [_; OURS] =
            std::array::from_fn(|ours| spread(rounds[peer].iter().map(|round| round[OURS] / round[ours])));
        let words = ratios.map(|[low, ratio, high]| format!("{ratio:.1} ({low:.1} to {high:.1})"));
        add(PEERS[peer].name, time, words);
        ratios.map(|[_, ratio, _]| ratio)
    })
}

fn main() -> ExitCode {
    let options = Options::parse();
    let (departures, repeats) = if options.quick { (50_000, 9) } else { (options.departures, options.repeats) };
    let mut table = Table::new();
    let head =
        ["service", "customers", "simulator", "ns/visit", "million visits/s", "espsim/peer", "espsim-unfused/peer"];
    table.load_style(ASCII_MARKDOWN).set_header(head);
    table.column_iter_mut().skip(3).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let ratios = [false, true].map(|exponential| {
        [64, 1024, 65536]
            .map(|customers| compare(&Tandem { customers, departures, exponential, seed: 1 }, repeats, &mut table))
    });
    println!("{table}\n");
    println!(
        "Medians and ranges of {repeats} rounds. Unfused, a visit of a customer to a station is one event, as in each peer."
    );

    let mut met = true;
    for (index, peer) in PEERS.iter().enumerate() {
        for (ours, simulator) in ESPSIM.iter().enumerate() {
            let [[low, _, high], [random_low, _, random_high]] =
                ratios.each_ref().map(|rows| spread(rows.iter().map(|row| row[index][ours])));
            println!(
                "{}/{}: {low:.1} to {high:.1} with constant, {random_low:.1} to {random_high:.1} with exponential service",
                simulator.name, peer.name
            );
        }
        let event_by_event = ratios[0].iter().map(|row| row[index][UNFUSED]).fold(f64::INFINITY, f64::min);
        for (_, ratio) in options.require.iter().filter(|(of, ratio)| *of == index && event_by_event < *ratio) {
            println!("  missed: {ratio} is required with constant service, an event for each visit");
            met = false;
        }
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
