//! `espsim validate`: published measurements, side by side with the model.
//!
//! A family is one kind of measurement on one kind of machine. Its machine has one set of parameters, from sources or
//! fitted on the rows that say so; all other rows are predictions, and a row that the model misses stays a miss.

mod aead;
pub mod args;
mod figure;
mod forwarding;
mod limits;
mod lookaside;

mod pcie_bench;
mod pcie_model;
mod pcie_nic;
mod published;
mod report;
mod stack;
mod vector;

use espsim_report::families::{FAMILIES, Family};
use espsim_sweep::failure::{Failure, nearest};
use espsim_sweep::store::folder::Folder;
use espsim_sweep::store::names::TABLE;
use espsim_sweep::store::validation::{self, Role, Row};
use rayon::prelude::*;

use crate::console::{Format, print, say};
use args::ValidateArgs;

/// Simulates the rows of a family.
fn rows(family: &Family) -> Result<Vec<Row>, Failure> {
    match family.name {
        "pcie-model" => pcie_model::rows(),
        "pcie-nic" => pcie_nic::rows(),
        "pcie-bandwidth" => pcie_bench::bandwidth(),
        "pcie-latency" => pcie_bench::latency(),
        "pcie-window" => pcie_bench::window(),
        "aead" => aead::rows(),
        "stack" => stack::rows(),
        "forwarding" => forwarding::rows(),
        "vector" => vector::rows(),
        "lookaside" => lookaside::rows(),
        "limits" => limits::rows(),
        other => Err(Failure::new(format!("nothing simulates the family `{other}`"))),
    }
}

/// Runs `espsim validate`.
///
/// # Errors
/// [`Failure`] for an unknown family or an output folder that cannot be written; a miss is no failure.
pub fn validate(args: &ValidateArgs) -> Result<(), Failure> {
    let families = chosen(&args.only)?;
    let out = args.out.as_deref().map_or_else(|| Folder::create_numbered("validation"), Folder::create)?;
    let results: Result<Vec<Vec<Row>>, Failure> = families.par_iter().map(|family| rows(family)).collect();
    let results = results?;
    let csv = report::csv(results.iter().flatten())?;
    out.write("validation.csv", &csv)?;
    out.write(TABLE, &validation::csv(results.iter().flatten())?)?;
    let mut files = vec!["validation.csv".to_owned(), TABLE.to_owned()];
    for (family, rows) in families.iter().zip(&results) {
        if let Some(svg) = figure::draw(family, rows)? {
            let name = format!("{}.svg", family.name);
            out.write(&name, svg.as_bytes())?;
            files.push(name);
        }
    }
    let folder = out.commit()?;
    match args.format {
        Format::Table => print(report::tables(&families, &results).as_bytes())?,
        Format::Csv => print(&csv)?,
        Format::Json => print(report::json(results.iter().flatten()).as_bytes())?,
    }
    say(&format!("espsim: wrote {} in {}", files.join(", "), folder.display()));
    Ok(())
}

fn chosen(only: &[String]) -> Result<Vec<&'static Family>, Failure> {
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(Failure::new(format!("there is no family `{unknown}`; there are {}", names.join(", ")))
            .with_help(nearest(unknown, &names)));
    }
    Ok(FAMILIES.iter().filter(|family| only.is_empty() || only.iter().any(|name| name == family.name)).collect())
}
