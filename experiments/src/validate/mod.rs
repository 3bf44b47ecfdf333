//! `espsim validate`: published measurements, side by side with the model.
//!
//! A family is one kind of measurement on one kind of machine. Its machine has one set of parameters, from sources or
//! fitted on the rows that say so; all other rows are predictions, and a row that the model misses stays a miss.

mod aead;
mod figure;
mod forwarding;
mod limits;
mod lookaside;
mod machine;
mod pcie_bench;
mod pcie_model;
mod pcie_nic;
mod published;
mod report;
mod stack;
pub mod summary;

use rayon::prelude::*;

use crate::cli::{Format, ValidateArgs};
use crate::folder::Folder;
use crate::input::{Failure, nearest};
use crate::run::{print, say};

/// What a row's published value is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A parameter of the machine is set by it.
    Fitted,
    /// The model predicts it.
    Predicted,
    /// It was computed with a published formula.
    Formula,
    /// Only what limits is compared.
    Direction,
}

impl Role {
    /// The name used in tables and files.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Fitted => "fitted",
            Role::Predicted => "predicted",
            Role::Formula => "formula",
            Role::Direction => "direction",
        }
    }
}

/// One published value and what the model says.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its family.
    pub family: &'static str,
    /// Unique name.
    pub id: String,
    /// The curve that it lies on.
    pub series: String,
    /// Where on the curve: octets, cores.
    pub x: Option<f64>,
    /// The published value.
    pub published: f64,
    /// The model's value.
    pub simulated: f64,
    /// Unit of both, with the basis of a rate.
    pub unit: String,
    /// What the published value is used for.
    pub role: Role,
    /// The largest relative error that counts as agreement; absent where what limits is compared.
    pub tolerance: Option<f64>,
    /// For [`Role::Direction`]: whether the same thing limits.
    pub same_limit: bool,
    /// Where the published value is from.
    pub source: String,
    /// What was assumed because the source leaves it out.
    pub assumed: String,
}

impl Row {
    /// Relative error of the model.
    pub fn error(&self) -> f64 {
        self.simulated / self.published - 1.0
    }

    /// The kind of its series: what stands before the first comma of its name.
    pub fn kind(&self) -> &str {
        self.series.split(',').next().unwrap_or_default()
    }

    /// Whether model and publication agree.
    pub fn agrees(&self) -> bool {
        match self.tolerance {
            Some(tolerance) => self.error().abs() <= tolerance,
            None => self.same_limit,
        }
    }
}

/// A kind of measurement.
pub struct Family {
    /// Name on the command line and in files.
    pub name: &'static str,
    /// Title of its figure and table.
    pub title: &'static str,
    /// Label of `x`.
    pub x_label: &'static str,
    /// Label of the values.
    pub y_label: &'static str,
    rows: fn() -> Result<Vec<Row>, Failure>,
}

/// Every family, in the order of the report.
pub const FAMILIES: [Family; 10] = [
    Family {
        name: "pcie-model",
        title: "PCIe effective bandwidth: the published model",
        x_label: "Transfer (B)",
        y_label: "Payload (Gb/s)",
        rows: pcie_model::rows,
    },
    Family {
        name: "pcie-nic",
        title: "NIC on PCIe: the published model",
        x_label: "Frame without FCS (B)",
        y_label: "Payload (Gb/s)",
        rows: pcie_nic::rows,
    },
    Family {
        name: "pcie-bandwidth",
        title: "Measured PCIe bandwidth, Broadwell host",
        x_label: "Transfer (B)",
        y_label: "Payload (Gb/s)",
        rows: pcie_bench::bandwidth,
    },
    Family {
        name: "pcie-latency",
        title: "Measured PCIe latency, Broadwell host",
        x_label: "Transfer (B)",
        y_label: "Latency (ns)",
        rows: pcie_bench::latency,
    },
    Family {
        name: "pcie-window",
        title: "Measured PCIe bandwidth by window of host memory: the IO-TLB",
        x_label: "Window (KiB)",
        y_label: "Payload (Gb/s)",
        rows: pcie_bench::window,
    },
    Family {
        name: "aead",
        title: "AEAD on one thread",
        x_label: "Buffer (B)",
        y_label: "Throughput (MB/s)",
        rows: aead::rows,
    },
    Family {
        name: "stack",
        title: "TCP through ESP by number of CPUs",
        x_label: "CPUs",
        y_label: "Goodput (Gb/s)",
        rows: stack::rows,
    },
    Family {
        name: "forwarding",
        title: "Linux IPv4 forwarding by number of cores",
        x_label: "Cores",
        y_label: "Packet rate (Mpps)",
        rows: forwarding::rows,
    },
    Family {
        name: "lookaside",
        title: "Lookaside accelerators: waiting and interrupts",
        x_label: "",
        y_label: "",
        rows: lookaside::rows,
    },
    Family {
        name: "limits",
        title: "What limits: reports from the field",
        x_label: "",
        y_label: "",
        rows: limits::rows,
    },
];

/// Runs `espsim validate`.
///
/// # Errors
/// [`Failure`] for an unknown family or an output folder that cannot be written; a miss is no failure.
pub fn validate(args: &ValidateArgs) -> Result<(), Failure> {
    let families = chosen(&args.only)?;
    let out = args.out.as_deref().map_or_else(|| Folder::create_numbered("validation"), Folder::create)?;
    let results: Result<Vec<Vec<Row>>, Failure> = families.par_iter().map(|family| (family.rows)()).collect();
    let results = results?;
    let csv = report::csv(results.iter().flatten())?;
    out.write("validation.csv", &csv)?;
    out.write(summary::FILE, &summary::csv(results.iter().flatten())?)?;
    let mut files = vec!["validation.csv".to_owned(), summary::FILE.to_owned()];
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
