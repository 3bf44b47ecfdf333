//! `espsim calibrate`: measures this host, writes a profile, shows and compares profiles.

pub mod args;
pub mod diff;
mod figure;
#[cfg(target_os = "linux")]
mod native;
mod remote;
#[cfg(target_os = "linux")]
mod sa_path;
#[cfg(target_os = "linux")]
mod sa_path_tables;
pub mod show;

use std::time::Instant;

use espsim_calibrate::cpu_id::cpu_id;
use espsim_calibrate::{Calibration, Verdict};
use espsim_model::nearest::nearest;
use espsim_model::profile::CalibrationRecord;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

#[cfg(target_os = "linux")]
pub use self::native::native_inside;
#[cfg(target_os = "linux")]
pub use self::sa_path::{guest_inside, guest_launch};
use crate::console::{print, say};
use crate::host_profile::base;
use diff::{Allowed, Difference};

use args::{CalibrateArgs, CalibrationPart};
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{as_text, named};
use espsim_sweep::store::partial::{Partial, absent, in_the_way, write_new};

/// Runs `espsim calibrate`, of which `words` is the command line.
///
/// # Errors
/// [`Failure`] for a profile that cannot be read, a file that exists or cannot be written, or a host that cannot be
/// measured.
pub fn calibrate(args: &CalibrateArgs, words: &[String]) -> Result<(), Failure> {
    if let Some(host) = &args.ssh {
        return remote::calibrate(args, host, words);
    }
    if let Some(name) = &args.show {
        print(espsim_report::profile::tables(&named(name)?.profile).as_bytes())?;
        return Ok(());
    }
    if let Some([a, b]) = args.diff.as_deref() {
        let (first, second) = (named(a)?.profile, named(b)?.profile);
        let allowed = Allowed { margin: args.margin, apart: args.most_apart };
        let difference = Difference::of([a, b], [&first, &second], allowed);
        print(difference.table([a, b]).as_bytes())?;
        return difference.verdict();
    }
    match args.only {
        #[cfg(target_os = "linux")]
        Some(CalibrationPart::SaPath) => sa_path::measure(args),
        #[cfg(not(target_os = "linux"))]
        Some(CalibrationPart::SaPath) => Err(Failure::new("the SA path is that of Linux, and this is another system")),
        None => measure(args),
    }
}

fn measure(args: &CalibrateArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let figure = args.out.with_extension("svg");
    absent(&[&args.out, &figure])?;
    let partial = Partial::create(&args.out)?;
    let base = base()?.profile;
    say(&format!("espsim: what is not measured is taken from {}", nearest(&cpu_id()).in_words()));
    let bar = progress_bar();
    let mut tell = |message: &str| tell(&bar, message);
    let fail = |error: espsim_calibrate::CalibrateError| Failure::new(format!("calibration failed: {error}"));
    let mut calibration = match args.quick {
        true => espsim_calibrate::quick(&base, &mut tell),
        false => espsim_calibrate::full(&base, &mut tell),
    }
    .map_err(fail)?;
    tell("core frequency, copy and checksum, repeated");
    let conditions = espsim_calibrate::repeated::repeat(&mut calibration.profile).map_err(fail)?;
    calibration.report.conditions.insert("repeated".to_owned(), conditions);
    #[cfg(target_os = "linux")]
    let stack = (!args.quick).then(|| native::measure(&mut calibration, &mut tell)).transpose()?;
    tell("PCIe devices and network interfaces");
    calibration.profile.inventory = inventory()?;
    calibration.profile.calibration = Some(record(&calibration, args.quick));
    #[cfg(target_os = "linux")]
    if let (Some(stack), Some(record)) = (&stack, &mut calibration.profile.calibration) {
        stack.note(record);
    }
    let held_out = args.held_out.then(|| {
        tell("sizes that the fits have not seen");
        espsim_calibrate::held_out(&calibration)
    });
    bar.finish_and_clear();
    let text = as_text(&calibration.profile)?;
    let svg = figure::draw(&calibration);
    write_new(&figure, svg.as_bytes())?;
    if !partial.commit_new(&args.out, text.as_bytes())? {
        return Err(in_the_way(&args.out));
    }
    print(show::summary(&calibration).as_bytes())?;
    #[cfg(target_os = "linux")]
    if let Some(stack) = &stack {
        print(stack.table().as_bytes())?;
    }
    if let Some(rows) = &held_out {
        print(show::held_out(rows).as_bytes())?;
    }
    say(&format!(
        "espsim: calibrated in {:.0} s; wrote {} and {}; use it with --profile {}",
        started.elapsed().as_secs_f64(),
        args.out.display(),
        figure.display(),
        args.out.display()
    ));
    Ok(())
}

/// A line on a terminal that says what is going on; nothing in a pipe.
fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn tell(bar: &ProgressBar, message: &str) {
    bar.set_message(message.to_owned());
    bar.tick();
}

/// The inventory as the profile keeps it: what could not be read says why.
fn inventory() -> Result<Option<toml::Table>, Failure> {
    let text = espsim_calibrate::inventory::inventory()
        .to_toml()
        .map_err(|error| Failure::new(format!("cannot write the inventory as text: {error}")))?;
    text.parse().map(Some).map_err(|error| Failure::new(format!("cannot read the inventory back: {error}")))
}

fn record(calibration: &Calibration, quick: bool) -> CalibrationRecord {
    let report = &calibration.report;
    let mut skipped: Vec<String> = (report.skipped.iter())
        .map(|skipped| format!("{} of {}: {}", skipped.algorithm.name(), skipped.backend, skipped.reason))
        .collect();
    skipped.extend(report.limits.iter().cloned());
    let missing = report.scaling.iter().map(|scaling| scaling.missing.join("; ")).filter(|why| !why.is_empty());
    skipped.extend(missing.map(|why| format!("how cores slow each other: {why}")));
    skipped.push(format!("performance counters: {}", report.counters));
    skipped.push("what sources say is from a preset, memory.bandwidth among it".into());
    let disturbed = match report.verdict() {
        Verdict::Trusted => Vec::new(),
        Verdict::Noisy { reasons, .. } => reasons,
    };
    CalibrationRecord {
        program: env!("CARGO_PKG_VERSION").into(),
        time: jiff::Timestamp::now().to_string(),
        kind: if quick { "quick" } else { "full" }.into(),
        verdict: if disturbed.is_empty() {
            "trusted".into()
        } else {
            format!("noisy: {}", disturbed_parts(&disturbed))
        },
        measured_on: Some(report.measured_on.clone()),
        disturbed,
        skipped,
        conditions: report.conditions.clone(),
        anchors: Vec::new(),
    }
}

/// The parts that were disturbed, by name.
fn disturbed_parts(disturbed: &[String]) -> String {
    let parts: Vec<&str> = disturbed.iter().filter_map(|reason| Some(reason.split_once(':')?.0)).collect();
    format!("{} disturbed", parts.join(", "))
}
