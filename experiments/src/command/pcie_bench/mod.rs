//! `espsim pcie-bench`: a DMA device that reads and writes host memory, as the public pcie-bench measures it (R. Neugebauer
//! et al., SIGCOMM 2018), on a machine of the library or one's own; or beside what that tool has measured.

pub mod args;
pub mod file;
mod machine;
mod output;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use espsim_report::families::Family;
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::Failure;
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::store::destination::Destination;
use espsim_sweep::store::folder::Files;
use espsim_sweep::store::journal::Header;
use espsim_sweep::store::manifest::{Captioned, Manifest};
use espsim_sweep::store::names::{MANIFEST, TABLE};
use espsim_sweep::store::validation::{self, Role, Row};
use rayon::prelude::*;

use crate::bench::measured::{self, Measured};
use crate::bench::nfp6000;
use crate::bench::test::Test;
use crate::command::validate::{figure, report};
use crate::console::again::resume_line;
use crate::console::deliver::{Made, deliver};
use crate::console::{Format, say};
use args::{BenchArgs, Cache, Pattern, PcieBenchArgs, Sizes};
use file::BenchFile;
use machine::{Machine, Parts};
use output::Point;

/// Every point, in the columns of the public tool's data.
const POINTS: &str = "points.csv";
/// Every row of a comparison.
const ROWS: &str = "against.csv";
/// The most points of one command.
const MOST_POINTS: usize = 4096;
/// The largest error that counts as agreement, as of `pcie-bandwidth` and `pcie-latency`.
const TOLERANCE: f64 = 0.05;
/// What a comparison is called.
const AGAINST: Family = Family {
    name: "pcie-bench",
    title: "Measured PCIe transfers and the model",
    x_label: "Transfer (B)",
    y_label: "Payload (Gb/s), latency (ns)",
};

/// Runs `espsim pcie-bench`.
///
/// # Errors
/// [`Failure`] for what makes no machine or no transfer, files that cannot be read or written, or a signal that tells the
/// process to end; what was simulated until then is kept.
pub fn pcie_bench(args: &PcieBenchArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let file = args.file.as_deref().map(BenchFile::read).transpose()?.unwrap_or_default();
    let bench = args.bench.clone().over(file.bench);
    let parts = Parts::read(&bench)?;
    let asked = match &args.against {
        Some(path) => {
            let read = measured::folder(path)?;
            read.notes.iter().for_each(|note| say(&format!("espsim: {note}")));
            of_system(path, read.rows, args.system.as_deref())?
        }
        None => asked(&bench)?,
    };
    let pool = threads(args.work.jobs)?;
    let stop = Stop::listen()?;
    let mut folder = Destination::new(args.folder.out.as_deref(), "pcie-bench", args.folder.resume).prepare()?;
    let target = folder.target().to_owned();
    let simulations = Simulations::take_up(&mut folder, &Header::of_many(ResultKind::PcieBench), None, &stop)?;
    let given = pool.install(|| given(&parts, &bench, &asked, &simulations)).and_then(|given| {
        simulations.close(&folder)?;
        Ok(given)
    });
    let (machine, given) = match given {
        Ok(given) => given,
        // A point that cannot be: there is nothing to go on with.
        Err(refusal) if refusal.code() == 2 => {
            folder.give_up();
            return Err(refusal);
        }
        Err(stopped) => {
            say(&format!("espsim: to go on: {}", resume_line(&command, &target)));
            return Err(stopped);
        }
    };
    let manifest = Manifest {
        title: file.title.or_else(|| Some("PCIe transfers".into())),
        question: file
            .question
            .or_else(|| Some("What does a device get through its slot, and how long does it wait?".into())),
        ..Manifest::of(ResultKind::PcieBench, &command, &time)
    };
    let (files, printed) = match args.against.is_some() {
        true => compared(&machine, &asked, &given, manifest, args.work.format)?,
        false => simulated(&machine, asked, &given, manifest, args.work.format)?,
    };
    let what = format!("{} points", given.len());
    deliver(folder, &files, &printed, &Made { what, started, host: None, deciding: &[] })
}

/// Every point that is asked for.
fn asked(args: &BenchArgs) -> Result<Vec<Measured>, Failure> {
    let list = |given: &[Sizes]| given.iter().flat_map(|sizes| sizes.0.clone()).collect::<Vec<u64>>();
    let sizes = if args.size.is_empty() { vec![64, 128, 256, 512, 1024, 2048] } else { list(&args.size) };
    let tests = if args.test.is_empty() { vec![Test::ReadBandwidth] } else { args.test.clone() };
    let caches = if args.cache.is_empty() { vec![Cache::Warm] } else { args.cache.clone() };
    let windows =
        if args.window.is_empty() { vec![8192] } else { args.window.iter().map(|window| window.get()).collect() };
    let n = [tests.len(), caches.len(), windows.len()].into_iter().fold(sizes.len(), usize::saturating_mul);
    if n > MOST_POINTS {
        return Err(Failure::new(format!(
            "{n} points: at most {MOST_POINTS} of tests, caches, windows and sizes together"
        )));
    }
    let random = args.pattern != Some(Pattern::Sequential);
    let system = "espsim".to_owned();
    let mut all = Vec::with_capacity(n);
    for test in tests {
        for cache in &caches {
            for &window in &windows {
                all.extend(sizes.iter().map(|&size| Measured {
                    system: system.clone(),
                    test,
                    random,
                    warm: *cache == Cache::Warm,
                    window,
                    size,
                    published: 0.0,
                }));
            }
        }
    }
    Ok(all)
}

/// Rows of one system: the machine is the same for all.
fn of_system(path: &Path, mut rows: Vec<Measured>, system: Option<&str>) -> Result<Vec<Measured>, Failure> {
    let all: BTreeSet<String> = rows.iter().map(|row| row.system.clone()).collect();
    let names = || all.iter().cloned().collect::<Vec<_>>().join(", ");
    if let Some(system) = system {
        rows.retain(|row| row.system.contains(system));
        if rows.is_empty() {
            let what = format!("no system's name contains `{system}`; there are {}", names());
            return Err(Failure::new(format!("{}: {what}", path.display())));
        }
    } else if all.len() > 1 {
        say(&format!(
            "espsim: {} has {} systems, held against one machine: {}; --system takes one",
            path.display(),
            all.len(),
            names()
        ));
    }
    Ok(rows)
}

fn given(
    parts: &Parts,
    args: &BenchArgs,
    asked: &[Measured],
    simulations: &Simulations<'_>,
) -> Result<(Machine, Vec<f64>), Failure> {
    let machine = parts.machine(args, simulations)?;
    asked.iter().try_for_each(|row| machine.check(row.size, row.window, row.random))?;
    let under = simulations.begin(asked.len(), "points");
    let one = |row: &Measured| {
        // Without direct cache access nothing of the device's is in the cache.
        let row = Measured { warm: row.warm && machine.ddio, ..row.clone() };
        row.simulated(simulations, &machine.bench).inspect(|_| under.step())
    };
    let given = asked.par_iter().with_max_len(1).map(one).collect::<Result<Vec<f64>, Failure>>()?;
    drop(under);
    Ok((machine, given))
}

/// Files of a run, and what is printed.
fn simulated(
    machine: &Machine,
    asked: Vec<Measured>,
    given: &[f64],
    manifest: Manifest,
    format: Format,
) -> Result<(Files, Vec<u8>), Failure> {
    let points = asked.into_iter().zip(given).map(|(of, given)| {
        let case = Measured { warm: of.warm && machine.ddio, ..of.clone() }.case();
        let bound = (!of.test.is_latency()).then(|| machine.bench.bound(case).as_gbps());
        Point { of: Measured { published: *given, ..of }, bound }
    });
    let points: Vec<Point> = points.collect();
    let mut files =
        vec![(POINTS.to_owned(), output::points(&points)?), (TABLE.to_owned(), output::table_csv(&points)?)];
    let mut figures = Vec::new();
    for (latency, name, title) in [(false, "bandwidth.svg", "PCIe bandwidth"), (true, "latency.svg", "PCIe latency")] {
        if let Some(svg) = output::figure(&points, latency, title, &machine.title) {
            figures.push(Captioned::new(name, &format!("{title}: {}.", machine.title)));
            files.push((name.to_owned(), svg.into_bytes()));
        }
    }
    let manifest = Manifest {
        answer: Some(output::answer(&points, &machine.title)),
        figures,
        tables: vec![Captioned::new(TABLE, "Each point, with the closed-form bound of bandwidths.")],
        ..manifest
    };
    let manifest = manifest.naming(&files).to_json()?.into_bytes();
    let printed = match format {
        Format::Table => format!("{}\n{}\n", machine.title, output::text(&points)).into_bytes(),
        Format::Csv => output::points(&points)?,
        Format::Json => manifest.clone(),
    };
    files.push((MANIFEST.to_owned(), manifest));
    Ok((files, printed))
}

/// Files of a comparison, and what is printed.
fn compared(
    machine: &Machine,
    asked: &[Measured],
    given: &[f64],
    manifest: Manifest,
    format: Format,
) -> Result<(Files, Vec<u8>), Failure> {
    let fitted = if machine.is_published { nfp6000::fitted()? } else { Vec::new() };
    let rows: Vec<Row> = asked.iter().zip(given).map(|(row, given)| row_of(row, *given, &fitted)).collect();
    let results = vec![rows];
    let mut files = vec![
        (ROWS.to_owned(), report::csv(results[0].iter())?),
        (TABLE.to_owned(), validation::csv(results[0].iter())?),
    ];
    let mut figures = Vec::new();
    if let Some(svg) = figure::draw(&AGAINST, &results[0]) {
        figures.push(Captioned::new("against.svg", &format!("{}: {}.", AGAINST.title, machine.title)));
        files.push(("against.svg".to_owned(), svg.into_bytes()));
    }
    let manifest = Manifest {
        answer: Some(format!("{}. {}", machine.title, report::answer(&results))),
        figures,
        tables: vec![Captioned::new(TABLE, "Rows of a kind, each with how far the model is off.")],
        ..manifest
    };
    let printed = match format {
        Format::Table => format!("{}\n{}", machine.title, report::tables(&[&AGAINST], &results)?).into_bytes(),
        Format::Csv => report::csv(results[0].iter())?,
        Format::Json => report::json(results[0].iter()).into_bytes(),
    };
    let manifest = manifest.naming(&files).to_json()?.into_bytes();
    files.push((MANIFEST.to_owned(), manifest));
    Ok((files, printed))
}

fn row_of(row: &Measured, simulated: f64, fitted: &[Measured]) -> Row {
    let same = |other: &Measured| {
        (other.test, other.warm, other.window, other.size) == (row.test, row.warm, row.window, row.size)
            && (other.published / row.published - 1.0).abs() < 1e-3
    };
    let pattern = if row.random { "random" } else { "sequential" };
    Row {
        family: AGAINST.name,
        id: row.id(),
        series: format!("{}, {}, window {} B, {pattern}", row.test.words(), row.cache(), row.window),
        x: Some(row.size as f64),
        published: row.published,
        simulated,
        low: None,
        high: None,
        unit: if row.test.is_latency() { "ns".into() } else { "Gb/s payload".into() },
        role: if fitted.iter().any(same) { Role::Fitted } else { Role::Predicted },
        tolerance: Some(TOLERANCE),
        same_limit: true,
        source: row.system.clone(),
        assumed: String::new(),
    }
}
