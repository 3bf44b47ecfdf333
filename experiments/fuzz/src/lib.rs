//! Every parser of what a user gives, by name: the code that the program runs, up to where simulating would begin; and
//! one, `machine`, that simulates.
//!
//! Fuzzing and property tests call the same functions. A parser may refuse anything, with a [`Failure`]; it must not
//! panic, take long or take much memory, whatever it is given.

use std::path::Path;
use std::sync::LazyLock;

use clap::Parser;
use espsim::args::{Cli, Command};
use espsim::bench::measured;
use espsim::command::fit::FitFile;
use espsim::command::import::{self, Format, How};
use espsim::command::pcie_bench::file::BenchFile;
use espsim::command::{calibrate, merge};
use espsim::question::compare::grid;
use espsim::question::plan::bill::Line;
use espsim::question::plan::prices::Prices;
use espsim::question::plan::question::Question;
use espsim::rows;
use espsim_model::engine::recorded::Recording;
use espsim_model::preset::PresetKind;
use espsim_model::run::simulate;
use espsim_model::uncertainty::draw;
use espsim_report::page::{figure, points::Points as Csv, read::Results, render};
use espsim_report::profile::tables;
use espsim_sweep::campaign::studies::{FAILOVER, RUN};
use espsim_sweep::failure::{Failure, text};
use espsim_sweep::file::own_preset;
use espsim_sweep::file::profile::{ProfileChoice, from_text, stand_in};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::trace;
use espsim_sweep::file::value::Setting;
use espsim_sweep::points::id::Id;
use espsim_sweep::points::{Kept, Points, points};
use espsim_sweep::store::journal::{Finished, with_checksum};
use espsim_sweep::store::manifest::Manifest;
use espsim_sweep::store::names::JOURNAL;
use espsim_sweep::store::point_table::PointTable;

/// A parser of octets that anybody may have written.
pub type Parse = fn(&[u8]) -> Result<(), Failure>;

/// The parsers.
pub const PARSERS: [(&str, Parse); 20] = [
    ("scenario", scenario),
    ("settings", settings),
    ("machine", machine),
    ("trace", packets),
    ("profile", profile),
    ("preset", preset),
    ("prices", prices),
    ("fit", fit),
    ("command", command),
    ("report", report),
    ("table", table),
    ("figure", svg),
    ("journal", journal),
    ("rows", own_rows),
    ("openssl", |input| imported(Format::OpensslSpeed, input)),
    ("crypto", |input| imported(Format::DpdkCryptoPerf, input)),
    ("iperf", |input| imported(Format::Iperf3, input)),
    ("csit", |input| imported(Format::Csit, input)),
    ("pcie", transfers),
    ("bench", bench),
];

/// Points of a scenario that are resolved, spread over all.
const MOST_POINTS: usize = 64;
/// Packets that a machine is given.
const THOUSAND: u64 = 1_000;

/// The profile that scenarios are resolved for.
static HOST: LazyLock<ProfileChoice> = LazyLock::new(|| stand_in().expect("the shipped preset is a profile"));

/// Gives octets to a parser and, if it refuses them, shows why, as the program does. What it says is returned.
///
/// # Panics
/// If the parser does, or if it refuses without a word or with another exit code than 2.
pub fn check(parse: Parse, input: &[u8]) -> Option<String> {
    let failure = parse(input).err()?;
    assert!(!failure.to_string().trim().is_empty(), "a refusal says why");
    assert_eq!(failure.code(), 2, "{failure}");
    Some(format!("{:?}", miette::Report::new(failure)))
}

/// A scenario file, for `run`, `failover`, `compare` and `trace`.
fn scenario(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("scenario.toml");
    resolve(&ScenarioFile::parse(path, text(path, input.to_vec())?)?, &[])
}

/// Resolves and checks some points of a file.
fn resolve(file: &ScenarioFile, settings: &[Setting]) -> Result<(), Failure> {
    // To look at ten million combinations for what is left out takes a second.
    if file.sweep.has_skips() && file.sweep.combinations().saturating_mul(file.series.len() as u64) > 100_000 {
        return Ok(());
    }
    let kept = Kept::new(file)?;
    let points = Points::new(file, settings, &HOST.profile, &kept);
    for i in (0..points.len()).step_by(points.len().div_ceil(MOST_POINTS)) {
        let point = points.resolve(i)?;
        let study = if point.scenario.failover.event.is_empty() { &RUN } else { &FAILOVER };
        (study.check)(file, &point)?;
        (study.cost)(&point.scenario);
        Id::of_point(study.kind.name(), "", &point.values);
    }
    Ok(())
}

/// What stands after `--set`, one a line, over the defaults.
fn settings(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("scenario.toml");
    let settings: Result<Vec<Setting>, String> =
        text(path, input.to_vec())?.split('\n').take(MOST_POINTS).map(str::parse).collect();
    let settings = settings.map_err(Failure::new)?;
    for setting in &settings {
        // A journal keeps settings as text.
        let again: Setting = setting.to_string().parse().map_err(Failure::new)?;
        assert_eq!(format!("{again:?}"), format!("{setting:?}"), "{setting}");
    }
    resolve(&ScenarioFile::parse(path, String::new())?, &settings)
}

/// What stands after `--set`, one a line, over the defaults: builds and compiles the machine and runs a thousand packets, of
/// which each class keeps every one.
fn machine(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("scenario.toml");
    let typed = text(path, input.to_vec())?;
    let settings: Result<Vec<Setting>, String> = typed.split('\n').take(MOST_POINTS).map(str::parse).collect();
    let file = ScenarioFile::parse(path, String::new())?;
    let mut scenario = points(&file, &settings.map_err(Failure::new)?, &HOST.profile)?.remove(0).scenario;
    (RUN.cost)(&scenario);
    scenario.run.max_packets = THOUSAND;
    let record = simulate(&scenario, &HOST.profile, 1).map_err(|invalid| Failure::new(invalid.to_string()))?;
    for class in &record.classes {
        let b = class.balance;
        assert_eq!(b.offered + b.in_flight[0], b.carried + b.dropped + b.in_flight[1], "{class:?}");
    }
    Ok(())
}

/// A trace of packets, for `run`.
fn packets(input: &[u8]) -> Result<(), Failure> {
    let trace = trace::parse(Path::new("trace"), input)?;
    let (mut playback, mut block, mut jobs) = (trace.play(), Vec::new(), 0);
    loop {
        playback.next(&mut block).expect("what was read once can be read again");
        assert!(block.iter().all(|job| usize::from(job.size) < trace.mix().len()), "sizes are those of the mix");
        jobs += block.len() as u64;
        if block.is_empty() {
            break;
        }
    }
    assert_eq!(jobs, trace.packets());
    Ok(())
}

/// A profile, for every command and for `calibrate --show` and `--diff`.
fn profile(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("host.toml");
    let choice = from_text(path, text(path, input.to_vec())?)?;
    tables(&choice.profile);
    calibrate::diff::rows::rows(&choice.profile, &HOST.profile, 0.05).iter().for_each(|row| drop(row.cells()));
    let drawn = draw(&choice.profile, 2, 1);
    let file = ScenarioFile::parse(Path::new("scenario.toml"), String::new())?;
    for profile in drawn.iter().chain([&choice.profile]) {
        // That a cipher has no cost is an error of the scenario.
        let _ = points(&file, &[], profile);
    }
    // A profile that is written can be read again.
    let written = choice.profile.to_toml().map_err(|error| Failure::new(error.to_string()))?;
    if let Err(failure) = from_text(path, written.clone()) {
        panic!("{failure}: {written}");
    }
    Ok(())
}

/// A preset of one's own, of each kind.
fn preset(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("mine.toml");
    let text = text(path, input.to_vec())?;
    let kinds = [PresetKind::Nic, PresetKind::Accelerator, PresetKind::Pcie, PresetKind::Mix];
    // What is a preset of one kind is mostly none of another.
    let read = kinds.map(|kind| own_preset::parse(kind, path, text.clone()));
    read.into_iter().find(Result::is_ok).unwrap_or_else(|| own_preset::parse(PresetKind::Nic, path, text)).map(|_| ())
}

/// A file of rows, for `fit`.
fn fit(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("rows.toml");
    let file = FitFile::parse(path, &text(path, input.to_vec())?)?;
    file.keys(&HOST.profile)?;
    file.row.iter().try_for_each(|row| file.scenario(row, &HOST.profile).map(|_| ()))
}

/// A CSV file of a user's rows, for `fit` and `validate --against`, up to what each simulates. What is written of it is the same.
fn own_rows(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("rows.csv");
    let all = rows::parse(path, &text(path, input.to_vec())?)?;
    let written = String::from_utf8(rows::csv(&all)?).expect("what was text is text");
    rows::parse(path, &written).unwrap_or_else(|failure| panic!("{failure}: {written}"));
    rows::curves(path, &all)?;
    for row in all.iter().take(MOST_POINTS) {
        // Files that a cell names are not read here.
        if !row.scenario.is_empty() && !row.scenario.contains(".toml") {
            rows::cell::scenario(path, row, &[], &HOST.profile)?;
        }
    }
    Ok(())
}

/// What a tool has measured, for `import`; rows of it can be read again.
fn imported(format: Format, input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("measured");
    let how = How { source: Some("here".into()), scenario: None, ..How::default() };
    let all = import::parse(format, path, &text(path, input.to_vec())?, &how)?;
    let written = String::from_utf8(rows::csv(&all.rows)?).expect("what was text is text");
    rows::parse(path, &written).unwrap_or_else(|failure| panic!("{failure}: {written}"));
    Ok(())
}

/// A table of the public pcie-bench, for `import` and `pcie-bench --against`.
fn transfers(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("measured.csv");
    measured::parse(path, &text(path, input.to_vec())?).map(drop)
}

/// A file for `pcie-bench`.
fn bench(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("bench.toml");
    BenchFile::parse(path, text(path, input.to_vec())?).map(drop)
}

/// A price file, for `plan`.
fn prices(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("prices.toml");
    let prices = Prices::parse(path, &text(path, input.to_vec())?)?;
    let line = |item| Line { item, model: Some("connectx-7".to_owned()), of_host: 256, all: 4096, spare: 1 };
    let bill = ["host", "core", "nic"].map(line);
    prices.price(&bill).shown(bill.len());
    prices.power(&bill).shown(bill.len());
    Ok(())
}

/// A command line, a word a line, up to where files would be read.
fn command(input: &[u8]) -> Result<(), Failure> {
    let typed = text(Path::new("command"), input.to_vec())?;
    let words = std::iter::once("espsim").chain(typed.split('\n'));
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        // Help and version are errors in clap's eyes, with exit code 0.
        Err(error) if error.exit_code() == 0 => return Ok(()),
        Err(error) => return Err(Failure::new(error.to_string()).with_code(error.exit_code() as u8)),
    };
    let defaults = ScenarioFile::parse(Path::new("scenario.toml"), String::new())?;
    match &cli.command {
        Command::Run(args) | Command::Failover(args) => resolve(&defaults, &args.base.settings),
        Command::Submit(args) => resolve(&defaults, &args.base.settings),
        Command::Trace(args) => resolve(&defaults, &args.base.settings),
        Command::Plan(args) => Question::new(args)?.check(&HOST.profile),
        Command::Compare(args) => grid::at_middle(&defaults, args, &args.base.settings, &HOST.profile).map(|_| ()),
        _ => Ok(()),
    }
}

/// A manifest, a line without anything in it, and points, for `report`.
fn report(input: &[u8]) -> Result<(), Failure> {
    let input = text(Path::new("manifest.json"), input.to_vec())?;
    let (json, csv) = input.split_once("\n\n").unwrap_or((&input, ""));
    let manifest = Manifest::parse(Path::new("manifest.json"), json)?;
    let points = match manifest.kind.has_points() {
        true => Some(Csv::from_csv(csv.as_bytes(), Path::new("points.csv"))?),
        false => None,
    };
    let profile = Some(HOST.clone());
    render::html(&Results { manifest, points, profile, figures: Vec::new(), tables: Vec::new() }).map(|_| ())
}

/// A table of points, as scripts and tests read it.
fn table(input: &[u8]) -> Result<(), Failure> {
    let table = PointTable::from_csv(input, Path::new("table.csv"))?;
    table.rows.iter().try_for_each(|row| row.number("goodput_gbps").map(drop))
}

/// A figure, for `report`.
fn svg(input: &[u8]) -> Result<(), Failure> {
    let path = Path::new("figure.svg");
    figure::rewrite(path, &text(path, input.to_vec())?, 1, None).map(|_| ())
}

/// A journal, for `--resume` and `merge`. Checksums are put before lines that begin with a space; with random ones no line
/// would ever be read.
fn journal(input: &[u8]) -> Result<(), Failure> {
    let mut octets = Vec::new();
    for line in input.split_inclusive(|octet| *octet == b'\n') {
        match std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix(' ')?.strip_suffix('\n')) {
            Some(content) => octets.extend(with_checksum(content).into_bytes()),
            None => octets.extend(line),
        }
    }
    let folder = tempfile::tempdir_in(memory()).map_err(|error| Failure::io("make", &memory(), &error))?;
    let path = folder.path().join(JOURNAL);
    std::fs::write(&path, &octets).map_err(|error| Failure::io("write", &path, &error))?;
    let mut finished = Finished::default();
    let parts = merge::read(&[folder.path().to_owned()], &mut finished)?;
    for line in String::from_utf8_lossy(&octets).lines() {
        if let Some(id) = line.split(' ').nth(1).and_then(|name| name.parse().ok()) {
            finished.read(id)?;
        }
    }
    let header = &parts[0].header;
    header.shard.map(|shard| shard.points(&[]));
    draw(&HOST.profile, header.drawn, header.seed);
    let settings: Result<Vec<Setting>, String> = header.settings.iter().map(|setting| setting.parse()).collect();
    resolve(&ScenarioFile::parse(Path::new(&header.file), header.text.clone())?, &settings.map_err(Failure::new)?)
}

/// A folder for files that are gone the next moment: in memory, where there is one.
fn memory() -> std::path::PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() }
}
