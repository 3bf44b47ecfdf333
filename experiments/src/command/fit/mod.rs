//! `espsim fit`: values of a profile from what was measured on a machine, with their doubt.

mod ciphers;
mod rows;

use std::path::PathBuf;

use clap::Args;
use comfy_table::Table;
use espsim_model::profile::{Estimate, Profile};
use espsim_model::scenario::Scenario;
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{as_text, named, stand_in};
use espsim_sweep::store::partial::{absent, write_new};
use rayon::prelude::*;

pub use self::rows::FitFile;
use self::rows::{Row, simulated};
use crate::console::{print, say};
use crate::fitting::keys::{scale, value_mut};
use crate::fitting::solve::{Fitted, Measured, solve};

/// Options of `espsim fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// The file of rows: what was measured, and which values of the profile are to be found; or a CSV file of a cipher's rates
    /// by size, such as espsim import openssl-speed writes, of which the cipher's cost is found
    pub file: PathBuf,
    /// The host to begin with: a profile or preset:NAME [default: what the file names]
    #[arg(long, value_name = "FILE")]
    pub profile: Option<String>,
    /// Write the profile with the values found; must not exist
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Runs `espsim fit`.
///
/// # Errors
/// [`Failure`] for files that are wrong, and rows that do not say enough.
pub fn fit(args: &FitArgs) -> Result<(), Failure> {
    if let Some(out) = &args.out {
        absent(&[out])?;
    }
    if args.file.extension().is_some_and(|extension| extension == "csv") {
        return of_ciphers(args);
    }
    let file = FitFile::read(&args.file)?;
    let base = match args.profile.as_ref().or(file.profile.as_ref()) {
        Some(name) => named(name)?.profile,
        None => stand_in()?.profile,
    };
    let parameters = file.keys(&base)?;
    let rows: Vec<(&Row, Scenario)> =
        file.row.iter().map(|row| Ok((row, file.scenario(row, &base)?))).collect::<Result<_, Failure>>()?;
    let (predicted, told): (Vec<_>, Vec<_>) = rows.iter().partition(|(row, _)| row.predict);
    let with = |factors: &[f64]| changed(&base, &parameters, factors);
    let model = |factors: &[f64], rows: &[&(&Row, Scenario)]| {
        let profile = with(factors);
        rows.par_iter().map(|(row, scenario)| simulated(row, scenario, &profile)).collect::<Result<Vec<f64>, Failure>>()
    };
    let measured: Vec<Measured> = told.iter().map(|(row, _)| row.measured()).collect();
    let names: Vec<String> = parameters.iter().map(|(name, _)| name.clone()).collect();
    let told_names: Vec<&str> = told.iter().map(|(row, _)| row.name.as_str()).collect();
    let fitted = solve(parameters.len(), &measured, |factors| model(factors, &told))
        .map_err(|error| Failure::new(format!("{}: {}", args.file.display(), error.explain(&names, &told_names))))?;
    let factors: Vec<f64> = fitted.iter().map(|fitted| fitted.factor).collect();
    print(format!("{}\n", values(&base, &parameters, &fitted)).as_bytes())?;
    for (what, rows) in [("Fitted", told), ("Predicted", predicted)] {
        if !rows.is_empty() {
            print(format!("{}\n", held_against(what, &rows, &model(&factors, &rows)?)).as_bytes())?;
        }
    }
    match &args.out {
        Some(out) => write(out, &sourced(with(&factors), &base, &parameters, &fitted, &file)),
        None => Ok(()),
    }
}

/// The same of ciphers alone.
fn of_ciphers(args: &FitArgs) -> Result<(), Failure> {
    let rows = crate::rows::read(&args.file)?;
    let mut profile = args.profile.as_ref().map_or_else(stand_in, |name| named(name))?.profile;
    let found = ciphers::put(&mut profile, &args.file, &rows)?;
    for table in ciphers::tables(&found, profile.host.frequency.get() as f64) {
        print(format!("{table}\n").as_bytes())?;
    }
    match &args.out {
        Some(out) => write(out, &profile),
        None => Ok(()),
    }
}

fn changed(base: &Profile, parameters: &[(String, Vec<String>)], factors: &[f64]) -> Profile {
    let mut profile = base.clone();
    for ((_, keys), factor) in parameters.iter().zip(factors) {
        scale(&mut profile, keys, *factor);
    }
    profile
}

/// By how much all parameters together change a key, with the ends of its interval.
fn factor_of(key: &str, parameters: &[(String, Vec<String>)], fitted: &[Fitted]) -> Fitted {
    let of_key = parameters.iter().zip(fitted).filter(|((_, keys), _)| keys.iter().any(|known| known == key));
    let (log, variance) = of_key.fold((0.0, 0.0), |(log, variance), (_, f)| {
        let half = (f.high / f.factor).ln();
        (log + f.factor.ln(), variance + half * half)
    });
    let half = variance.sqrt();
    Fitted { factor: log.exp(), low: (log - half).exp(), high: (log + half).exp() }
}

/// Each value as it was and as it is now: of a parameter of one key the value, of others the factor.
fn values(base: &Profile, parameters: &[(String, Vec<String>)], fitted: &[Fitted]) -> Table {
    let mut table = table(["Parameter", "Keys", "Was", "Is", "95 % interval"], &[]);
    for ((name, keys), f) in parameters.iter().zip(fitted) {
        let (unit, f) = match &keys[..] {
            [key] => {
                (value_mut(&mut base.clone(), key).map_or(1.0, |value| *value), factor_of(key, parameters, fitted))
            }
            _ => (1.0, *f),
        };
        let shown = |factor: f64| format!("{:.4}", unit * factor);
        let interval = format!("{} to {}", shown(f.low), shown(f.high));
        let keys = if keys.len() > 3 { format!("{} keys", keys.len()) } else { keys.join(", ") };
        let was = if unit == 1.0 { "1 (factor)".to_owned() } else { shown(1.0) };
        table.add_row([name.clone(), keys, was, shown(f.factor), interval]);
    }
    table
}

fn held_against(what: &str, rows: &[&(&Row, Scenario)], given: &[f64]) -> Table {
    let mut table = table([what, "Measured", "Model", "Unit", "Error"], &[1, 2, 4]);
    for ((row, _), given) in rows.iter().zip(given) {
        let value = row.measured().value;
        let error = format!("{:+.1} %", (given / value - 1.0) * 100.0);
        table.add_row([row.name.clone(), format!("{value:.3}"), format!("{given:.3}"), row.unit().to_owned(), error]);
    }
    table
}

/// The profile with intervals and with what its values come from.
fn sourced(
    mut profile: Profile,
    base: &Profile,
    parameters: &[(String, Vec<String>)],
    fitted: &[Fitted],
    file: &FitFile,
) -> Profile {
    let rows: Vec<&str> = file.row.iter().filter(|row| !row.predict).map(|row| row.name.as_str()).collect();
    for (_, keys) in parameters {
        for key in keys {
            let f = factor_of(key, parameters, fitted);
            let Some(was) = value_mut(&mut base.clone(), key).map(|value| *value) else { continue };
            let ends = Estimate {
                value: was * f.factor,
                low: Some(was * f.low),
                high: Some(was * f.high),
                n: Some(rows.len() as u32),
            };
            profile.intervals.insert(key.clone(), ends);
            let shared =
                if keys.len() > 1 { format!(", with {} others by one factor", keys.len() - 1) } else { String::new() };
            profile
                .sources
                .insert(key.clone(), format!("derived: fitted{shared} to {}: {}", file.title, rows.join("; ")));
        }
    }
    profile
}

fn write(out: &std::path::Path, profile: &Profile) -> Result<(), Failure> {
    write_new(out, as_text(profile)?.as_bytes())?;
    say(&format!("espsim: wrote {}; use it with --profile {}", out.display(), out.display()));
    Ok(())
}
