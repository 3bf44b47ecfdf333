//! `espsim validate`: published measurements, side by side with the model.
//!
//! A family is one kind of measurement on one kind of machine. Its machine has one set of parameters, from sources or
//! fitted on the rows that say so; all other rows are predictions, and a row that the model misses stays a miss.

mod aead;
pub mod args;
mod band;
pub mod figure;
mod misses;
mod own;
mod pcie_bench;
mod pcie_model;
mod pcie_nic;
mod published;
pub mod report;
mod sa_lock;
mod simulated;

use std::time::Instant;

use espsim_report::families::{FAMILIES, Family};
use espsim_sweep::campaign::simulations::Simulations;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::threads::threads;
use espsim_sweep::failure::{Failure, nearest};
use espsim_sweep::points::study::ResultKind;
use espsim_sweep::store::destination::Destination;
use espsim_sweep::store::folder::Files;
use espsim_sweep::store::headline::{self, FamilySummary, Headline};
use espsim_sweep::store::journal::Header;
use espsim_sweep::store::manifest::{Captioned, Manifest};
use espsim_sweep::store::names::{MANIFEST, TABLE};
use espsim_sweep::store::validation::{self, Role, Row};
use rayon::prelude::*;

use crate::console::again::resume_line;
use crate::console::deliver::{Made, deliver};
use crate::console::{Format, say};
use args::ValidateArgs;
use own::Own;

/// Every row.
const ROWS: &str = "validation.csv";
/// How far the model is off, by family.
const SUMMARY: &str = "families.csv";
/// The figure of all errors.
const ERRORS: &str = "errors.svg";

/// Simulates the rows of a family.
fn rows(family: &Family, simulations: &Simulations<'_>) -> Result<Vec<Row>, Failure> {
    match family.name {
        "pcie-model" => pcie_model::rows(),
        "pcie-nic" => pcie_nic::rows(),
        "pcie-bandwidth" => pcie_bench::bandwidth(simulations),
        "pcie-latency" => pcie_bench::latency(simulations),
        "pcie-elsewhere" => pcie_bench::elsewhere(simulations),
        "pcie-window" => pcie_bench::window(simulations),
        "aead" => aead::rows(),
        "sa-lock" => sa_lock::rows(simulations),
        other => simulated::rows(other, simulations),
    }
}

/// Runs `espsim validate`.
///
/// # Errors
/// [`Failure`] for an unknown family, an output folder that cannot be written, or a signal that tells the process to end;
/// what was simulated until then is kept. A miss is no failure.
pub fn validate(args: &ValidateArgs, command: Vec<String>) -> Result<(), Failure> {
    let started = Instant::now();
    let time = jiff::Timestamp::now().to_string();
    let own = args.against.as_deref().map(|path| Own::read(path, args)).transpose()?;
    let families = own.as_ref().map_or_else(|| chosen(&args.only), |own| Ok(own.families()))?;
    let pool = threads(args.work.jobs)?;
    let stop = Stop::listen()?;
    let mut folder = Destination::new(args.folder.out.as_deref(), "validation", args.folder.resume).prepare()?;
    let target = folder.target().to_owned();
    let simulations = Simulations::take_up(&mut folder, &Header::of_many(ResultKind::Validate), None, &stop)?;
    let simulated = pool.install(|| simulated(&families, own.as_ref(), &simulations)).and_then(|results| {
        simulations.close(&folder)?;
        Ok(results)
    });
    let results = simulated.inspect_err(|_| say(&format!("espsim: to go on: {}", resume_line(&command, &target))))?;
    let all = || results.iter().flatten();
    let manifest = Manifest::of(ResultKind::Validate, &command, &time);
    let files = files(&families, &results, if own.is_some() { of_own(manifest) } else { manifest })?;
    let printed = match args.work.format {
        Format::Table => report::tables(&families, &results)?.into_bytes(),
        Format::Csv => report::csv(all())?,
        Format::Json => report::json(all()).into_bytes(),
    };
    deliver(
        folder,
        &files,
        &printed,
        &Made { what: format!("{} rows", all().count()), started, host: None, deciding: &[] },
    )
}

fn simulated(families: &[&Family], own: Option<&Own>, simulations: &Simulations<'_>) -> Result<Vec<Vec<Row>>, Failure> {
    let under = simulations.begin(families.len(), "families");
    let of_family = |family: &&Family| {
        let rows = own.map_or_else(|| rows(family, simulations), |own| own.rows(family, simulations));
        rows.inspect(|_| under.step())
    };
    families.par_iter().with_max_len(1).map(of_family).collect()
}

/// The files of the folder: every row, their summary, a figure for each family whose rows lie on curves, the manifest.
fn files(families: &[&Family], results: &[Vec<Row>], manifest: Manifest) -> Result<Files, Failure> {
    let all = || results.iter().flatten();
    let of_families = families.iter().zip(results).map(|(family, rows)| FamilySummary::of(family.name, rows));
    let summaries: Vec<FamilySummary> =
        of_families.chain(Headline::of(results).map(|headline| headline.summary())).collect();
    let mut files = vec![
        (ROWS.to_owned(), report::csv(all())?),
        (TABLE.to_owned(), validation::csv(all())?),
        (SUMMARY.to_owned(), headline::csv(&summaries)?),
        (ERRORS.to_owned(), figure::errors(families, results).into_bytes()),
    ];
    let mut figures = vec![Captioned::new(ERRORS, "Errors of predicted rows by family; the median is marked.")];
    for (family, rows) in families.iter().zip(results) {
        if let Some(svg) = figure::draw(family, rows) {
            let name = format!("{}.svg", family.name);
            figures.push(Captioned::new(&name, &format!("{}.", family.title)));
            files.push((name, svg.into_bytes()));
        }
    }
    let manifest = Manifest {
        title: manifest.title.or(Some("Published figures and the model".into())),
        question: manifest.question.or(Some("How far is the model off what others measured and published?".into())),
        answer: Some(report::answer(results)),
        figures,
        tables: vec![
            Captioned::new(SUMMARY, "By family, of predicted rows: how far the model is off."),
            Captioned::new(TABLE, "Rows of a kind, each with how far the model is off."),
        ],
        ..manifest
    };
    files.push((MANIFEST.to_owned(), manifest.naming(&files).to_json()?.into_bytes()));
    Ok(files)
}

/// The same about a user's own rows.
fn of_own(manifest: Manifest) -> Manifest {
    Manifest {
        title: Some("Measurements and the model".into()),
        question: Some("How far is the model off what was measured here?".into()),
        ..manifest
    }
}

fn chosen(only: &[String]) -> Result<Vec<&'static Family>, Failure> {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(Failure::new(format!("there is no family `{unknown}`; there are {}", names.join(", ")))
            .with_help(nearest(unknown, &names)));
    }
    Ok(FAMILIES.iter().filter(|family| only.is_empty() || only.iter().any(|name| name == family.name)).collect())
}

/// Every row of every family, simulated once for all tests.
#[cfg(test)]
fn all_rows() -> &'static [Vec<Row>] {
    static ROWS: std::sync::LazyLock<Vec<Vec<Row>>> = std::sync::LazyLock::new(|| {
        asked(|simulations| FAMILIES.iter().map(|family| rows(family, simulations)).collect::<Result<_, _>>().unwrap())
    });
    &ROWS
}

/// What is asked of simulations that a folder of its own keeps.
#[cfg(test)]
fn asked<T>(ask: impl FnOnce(&Simulations<'_>) -> T) -> T {
    let (outer, stop) = (tempfile::TempDir::new().unwrap(), Stop::default());
    let mut folder = espsim_sweep::store::folder::Folder::create(&outer.path().join("out")).unwrap();
    let header = Header::of_many(ResultKind::Validate);
    ask(&Simulations::take_up(&mut folder, &header, None, &stop).unwrap())
}
