//! All that is measured natively, pass after pass, each in namespaces, devices and sockets of its own: where memory lies
//! moves costs by more than rounds within one pass show.

use std::fs;

use espsim_model::profile::Conditions;
use serde::{Deserialize, Serialize};

use super::esp::{self, Esp};
use super::lines::{self, LineTransfer};
use super::rounds::{self, Row};
use super::site::Site;
use super::{anchor, calls, path, send};
use crate::clock::core_frequency;
use crate::gate::Watch;
use crate::pin_to_last_core;
use crate::sa_path::ControlRow;
use crate::sa_path::control_path::delay;
use crate::sa_path::error::SaPathError;
use crate::sample::{median, nine_tenths};
use crate::steady::Steady;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Passes. Of fifteen, the fourth and the twelfth bound the median with 96 % confidence: what lies elsewhere in memory, or
    /// comes from a neighbour, is in some of them.
    pub passes: usize,
    /// Rounds over everything in a pass.
    pub rounds: usize,
}

impl Plan {
    /// Some seventeen seconds.
    pub const FULL: Plan = Plan { passes: 15, rounds: 15 };
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The kernel's release.
    pub kernel: String,
    /// The core's frequency, Hz: median over passes.
    pub hertz: u64,
    /// The kind of device that drops what is sent.
    pub device: String,
    /// Cycles, one value a pass.
    pub rows: Vec<Row>,
    /// Requests of the control path of SAs, by the names of [`crate::sa_path::what`].
    pub control: Vec<ControlRow>,
    /// Cache lines between cores.
    pub lines: Vec<LineTransfer>,
    /// What went on meanwhile.
    pub conditions: Conditions,
    /// What was not measured, and why.
    pub skipped: Vec<String>,
}

/// Measures in this process, which must be privileged to make network namespaces. `progress` is told what is going on.
///
/// # Errors
/// [`SaPathError`] if the kernel or the privileges lack something, or packets did not end where they should.
pub fn measure(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Measurement, SaPathError> {
    let watch = Watch::start();
    let mut passes = Vec::new();
    let mut pairs = Vec::new();
    for number in 1..=plan.passes {
        progress(&format!("the network stack of this kernel, pass {number} of {}", plan.passes));
        let pass = in_thread(|| pass(plan.rounds))?;
        // From here, where every core is seen.
        pairs.extend(lines::measure(pass.hertz));
        passes.push(pass);
    }
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned();
    let hertz = median(&passes.iter().map(|pass| pass.hertz).collect::<Vec<_>>());
    let lines = lines::over_passes(pairs.iter());
    progress("ESP in software and SAs");
    let esp = (0..plan.passes).map(|_| in_thread(|| protected(plan.rounds))).collect::<Result<Vec<_>, _>>();
    // What is known of the rest does not depend on it.
    let esp = esp
        .unwrap_or_else(|error| vec![Esp { lacks: vec![format!("ESP in software, SAs: {error}")], ..Esp::default() }]);
    let mut skipped = esp.first().map(|esp| esp.lacks.clone()).unwrap_or_default();
    let (protected, control) = (merged(esp.iter().map(|esp| esp.rows.clone())), controlled(&esp));
    if lines.is_empty() {
        skipped.push("cache lines between cores: this process may use one core".to_owned());
    }
    let change = nine_tenths(passes.iter().map(|pass| pass.change).collect());
    // Its own threads put each other off the core, to measure what that takes.
    let conditions = Conditions { frequency: Some(change), involuntary: None, ..watch.end() };
    let device = passes.first().map_or("", |pass| pass.device).to_owned();
    let rows = merged(passes.into_iter().map(|pass| pass.rows));
    Ok(Measurement {
        kernel,
        hertz: hertz as u64,
        device,
        rows: [rows, protected].concat(),
        control,
        lines,
        conditions,
        skipped,
    })
}

/// One pass.
struct Pass {
    rows: Vec<Row>,
    hertz: f64,
    /// The change of the frequency within a round, relative.
    change: f64,
    device: &'static str,
}

/// On a thread of its own, which enters namespaces and takes them along when it ends.
fn in_thread<T: Send>(work: impl FnOnce() -> Result<T, SaPathError> + Send) -> Result<T, SaPathError> {
    let panicked = || SaPathError::unavailable("the measuring thread stopped", "");
    let run = || {
        pin_to_last_core();
        work()
    };
    std::thread::scope(|scope| scope.spawn(run).join().map_err(|_| panicked())?)
}

fn pass(rounds: usize) -> Result<Pass, SaPathError> {
    let clock = |error: crate::CalibrateError| {
        SaPathError::unavailable(error.to_string(), "a host whose clock advances evenly")
    };
    let site = Site::build()?;
    let mut jobs = calls::jobs()?;
    jobs.extend(send::jobs(&site)?);
    jobs.extend(path::jobs(&site)?);
    jobs.extend(anchor::jobs(&site)?);
    let hertz = core_frequency().map_err(clock)?.get() as f64;
    let Steady { value: rows, change } = rounds::measure(&mut jobs, rounds)?;
    Ok(Pass { rows, hertz, change, device: site.kind })
}

fn protected(rounds: usize) -> Result<Esp, SaPathError> {
    esp::measure(&Site::build()?, rounds)
}

/// The control path, all passes together.
fn controlled(passes: &[Esp]) -> Vec<ControlRow> {
    let names = passes.first().map(|esp| esp.control.iter().map(|(what, _)| *what).collect::<Vec<_>>());
    let row = |what: &'static str| {
        let of = passes.iter().flat_map(|esp| esp.control.iter().filter(move |(other, _)| *other == what));
        let times: Vec<f64> = of.flat_map(|(_, times)| times.iter().copied()).collect();
        ControlRow { what: what.to_owned(), delay: delay(&times) }
    };
    names.unwrap_or_default().into_iter().map(row).collect()
}

/// Rows with a value of each pass.
fn merged(mut passes: impl Iterator<Item = Vec<Row>>) -> Vec<Row> {
    let mut merged = passes.next().unwrap_or_default();
    for pass in passes {
        for (row, other) in merged.iter_mut().zip(pass) {
            row.passes.extend(other.passes);
        }
    }
    merged
}
