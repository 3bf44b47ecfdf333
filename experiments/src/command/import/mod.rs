//! `espsim import`: measurements of public tools as rows that `espsim fit` and `espsim validate --against` read.
//!
//! A format is read strictly: a line that is not known or broken is an error with its place and what was expected, and then
//! nothing is written. What a format has that no row can be made of is left out and said to be.

mod csit;
mod dpdk_crypto_perf;
mod iperf3;
mod json;
pub mod measured;
mod openssl_speed;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use espsim_model::profile::{Algorithm, Direction};
use espsim_sweep::failure::{Failure, read_text};
use espsim_sweep::store::names::slug;
use espsim_sweep::store::partial::{absent, write_new};
use espsim_sweep::store::validation::Role;

use crate::bench;
use crate::console::{print, say};
use crate::rows::{self, OCTETS, OwnRow};
use measured::Imported;

/// What a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// openssl speed -mr: ciphers by size of buffers
    OpensslSpeed,
    /// dpdk-test-crypto-perf --ptest throughput --csv-friendly
    DpdkCryptoPerf,
    /// iperf3 --json: goodput
    Iperf3,
    /// CSIT (FD.io): a test's JSON file, or a folder of them
    Csit,
    /// The folder of a run of the public pcie-bench, for pcie-bench --against
    PcieBench,
}

/// Options of `espsim import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What the file is of
    #[arg(value_enum)]
    pub format: Format,
    /// The file, or the folder
    pub file: PathBuf,
    /// Write the rows; must not exist [default: print them]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How rows are made
    #[command(flatten)]
    pub how: How,
}

/// What the output of a tool does not say.
#[derive(Debug, Clone, Default, Args)]
pub struct How {
    /// Name of the curve [default: what the output calls it]
    #[arg(long, value_name = "NAME")]
    pub series: Option<String>,
    /// Where the measurement is from: the machine, its clock, who measured
    #[arg(long, value_name = "TEXT")]
    pub source: Option<String>,
    /// The cipher, where the output does not name one that espsim knows
    #[arg(long, value_name = "CIPHER", value_parser = rows::algorithm)]
    pub algorithm: Option<Algorithm>,
    /// seal or open, where the output does not say [default: seal]
    #[arg(long, value_name = "DIRECTION", value_parser = rows::direction)]
    pub direction: Option<Direction>,
    /// Rows that something is fitted on, by their x, such as 256,16384; two of a curve of sizes [default: the smallest and the
    /// largest multiple of 256, of rows with a scenario none]
    #[arg(long, value_name = "X", value_delimiter = ',')]
    pub fitted: Vec<u64>,
    /// What simulates each row, such as "gateway.toml; traffic.flows={x}": {x} is the row's x
    #[arg(long, value_name = "SCENARIO")]
    pub scenario: Option<String>,
}

/// Runs `espsim import`.
///
/// # Errors
/// [`Failure`] for what is not of the format, and files that cannot be read or written.
pub fn import(args: &ImportArgs) -> Result<(), Failure> {
    if let Some(out) = &args.out {
        absent(&[out])?;
    }
    let (text, notes, n) = match args.format {
        Format::PcieBench => {
            let read = bench::measured::folder(&args.file)?;
            (bench::measured::csv(&read.rows)?, read.notes, read.rows.len())
        }
        format => {
            let imported = parse_file(format, &args.file, &args.how)?;
            (rows::csv(&imported.rows)?, imported.notes, imported.rows.len())
        }
    };
    notes.iter().for_each(|note| say(&format!("espsim: {note}")));
    match &args.out {
        None => print(&text),
        Some(out) => {
            write_new(out, &text)?;
            say(&format!("espsim: wrote {n} rows to {}", out.display()));
            Ok(())
        }
    }
}

fn parse_file(format: Format, path: &Path, how: &How) -> Result<Imported, Failure> {
    if format != Format::Csit || !path.is_dir() {
        return parse(format, path, &read_text("read measurements", path)?, how);
    }
    let mut all = Imported::default();
    for file in json::files(path)? {
        all.append(csit::parse(&file, &read_text("read measurements", &file)?)?);
    }
    finished(path, all, how)
}

/// The rows of a text; `path` is for messages.
///
/// # Errors
/// [`Failure`] at what is not of the format.
pub fn parse(format: Format, path: &Path, text: &str, how: &How) -> Result<Imported, Failure> {
    let imported = match format {
        Format::OpensslSpeed => openssl_speed::parse(path, text)?,
        Format::DpdkCryptoPerf => dpdk_crypto_perf::parse(path, text)?,
        Format::Iperf3 => iperf3::parse(path, text)?,
        Format::Csit => csit::parse(path, text)?,
        Format::PcieBench => return bench::measured::parse(path, text).map(|_| Imported::default()),
    };
    finished(path, imported, how)
}

/// Rows with what was said on the command line, and with names of their own.
fn finished(path: &Path, mut all: Imported, how: &How) -> Result<Imported, Failure> {
    if all.rows.is_empty() {
        return Err(Failure::new(format!("{}: there is nothing that makes a row", path.display())));
    }
    let several = all.rows.iter().any(|row| row.series != all.rows[0].series);
    for row in &mut all.rows {
        if let Some(name) = &how.series {
            row.series = if several { format!("{name}, {}", row.series) } else { name.clone() };
        }
        if let Some(source) = &how.source {
            row.source = format!("{source}; {}", row.source);
        }
        let x = row.x.map_or_else(String::new, |x| x.to_string());
        row.scenario = how.scenario.as_ref().map_or_else(String::new, |cell| cell.replace("{x}", &x));
        row.id = slug(&format!("{} {x}", row.series));
        if row.id.is_empty() {
            let what = format!("`{}` has neither letters nor digits to name a row by: give it a --series", row.series);
            return Err(Failure::new(format!("{}: {what}", path.display())));
        }
        if row.unit == OCTETS {
            row.algorithm = how.algorithm.or(row.algorithm);
            match (row.algorithm, row.direction.or(how.direction)) {
                (None, _) => row.direction = None,
                (Some(_), Some(direction)) => row.direction = Some(direction),
                (Some(_), None) => {
                    row.direction = Some(Direction::Seal);
                    row.assumed = with(&row.assumed, "seal: the output does not say which");
                }
            }
        }
    }
    all.rows.iter().enumerate().try_for_each(|(i, row)| {
        let twice = all.rows[..i].iter().any(|other| other.id == row.id);
        let what = format!("{} is there twice: give each file its own rows", row.id);
        if twice { Err(Failure::new(format!("{}: {what}", path.display()))) } else { Ok(()) }
    })?;
    let notes = mark_fitted(path, &mut all.rows, how)?;
    all.notes.extend(notes);
    Ok(all)
}

/// One assumption more.
fn with(assumed: &str, more: &str) -> String {
    if assumed.is_empty() { more.to_owned() } else { format!("{assumed}; {more}") }
}

/// The widest stride of the ciphers that are known: at its multiples no incomplete stride is in a fit.
const STRIDE: f64 = 256.0;

/// Marks two rows of each curve of sizes as fitted; what is not marked is said.
fn mark_fitted(path: &Path, rows: &mut [OwnRow], how: &How) -> Result<Vec<String>, Failure> {
    if how.scenario.is_some() || rows.iter().all(|row| row.unit != OCTETS) {
        let of = |x: u64| move |row: &OwnRow| row.x == Some(x as f64);
        if let Some(x) = how.fitted.iter().find(|x| !rows.iter().any(of(**x))) {
            return Err(Failure::new(format!("{}: --fitted {x}: no row has that x", path.display())));
        }
        let is_fitted = |row: &&mut OwnRow| how.fitted.iter().any(|x| of(*x)(row));
        rows.iter_mut().filter(is_fitted).for_each(|row| row.role = Role::Fitted);
        return Ok(Vec::new());
    }
    let mut notes = Vec::new();
    let names: std::collections::BTreeSet<String> =
        rows.iter().filter(|row| row.unit == OCTETS).map(|row| row.series.clone()).collect();
    for name in names {
        let sizes = || rows.iter().filter(|row| row.series == name).filter_map(|row| row.x);
        let ends = match how.fitted[..] {
            [a, b] if a != b => {
                let (a, b) = (a as f64, b as f64);
                if !sizes().any(|x| x == a) || !sizes().any(|x| x == b) {
                    let list: Vec<String> = sizes().map(|x| x.to_string()).collect();
                    let what = format!("--fitted takes two sizes of `{name}`: {}", list.join(", "));
                    return Err(Failure::new(format!("{}: {what}", path.display())));
                }
                Some((a, b))
            }
            [_, ..] => {
                let what = "--fitted takes two sizes, such as 256,16384, where no --scenario is given";
                return Err(Failure::new(format!("{}: {what}", path.display())));
            }
            [] => {
                let whole = || sizes().filter(|x| x % STRIDE == 0.0);
                Some((whole().fold(f64::INFINITY, f64::min), whole().fold(0.0, f64::max))).filter(|(a, b)| a < b)
            }
        };
        match ends {
            Some((a, b)) => {
                for row in rows.iter_mut().filter(|row| row.series == name && [Some(a), Some(b)].contains(&row.x)) {
                    row.role = Role::Fitted;
                }
            }
            None => notes.push(format!(
                "`{name}` has no two sizes that are multiples of 256: choose those that are fitted with --fitted"
            )),
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests;
