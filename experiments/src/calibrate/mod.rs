//! `espsim calibrate`: measures this host, writes a profile, shows and compares profiles.

mod diff;
mod figure;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use espsim_calibrate::{Calibration, Verdict};
use espsim_model::profile::{CalibrationRecord, Profile};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::CalibrateArgs;
use crate::input::Failure;
use crate::profile_choice::{named, stand_in};
use crate::run::print;

/// Runs `espsim calibrate`.
///
/// # Errors
/// [`Failure`] for a profile that cannot be read, a file that exists or cannot be written, or a host that cannot be
/// measured.
pub fn calibrate(args: &CalibrateArgs) -> Result<(), Failure> {
    if let Some(name) = &args.show {
        print(show::tables(&named(name)?.profile).as_bytes());
        return Ok(());
    }
    if let Some([a, b]) = args.diff.as_deref() {
        let (first, second) = (named(a)?.profile, named(b)?.profile);
        print(diff::table([a, b], &first, &second).as_bytes());
        return Ok(());
    }
    measure(args)
}

fn measure(args: &CalibrateArgs) -> Result<(), Failure> {
    let started = Instant::now();
    let figure = args.out.with_extension("svg");
    // Before anything is measured: an hour's work must not end at a file that is in the way.
    for path in [&args.out, &figure] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("{} exists already", path.display()))
                .with_help(Some("give another file with --out, or remove it".into())));
        }
    }
    // Shows that the folder can be written to.
    let partial = Partial::create(&args.out)?;
    let base = stand_in()?.profile;
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let mut say = |message: &str| {
        bar.set_message(message.to_owned());
        bar.tick();
    };
    let fail = |error: espsim_calibrate::CalibrateError| Failure::new(format!("calibration failed: {error}"));
    let mut calibration = match args.quick {
        true => espsim_calibrate::quick(&base, &mut say),
        false => espsim_calibrate::full(&base, &mut say),
    }
    .map_err(fail)?;
    say("core frequency, copy and checksum, repeated");
    espsim_calibrate::repeated::repeat(&mut calibration.profile).map_err(fail)?;
    say("PCIe devices and network interfaces");
    calibration.profile.inventory = inventory()?;
    calibration.profile.calibration = Some(record(&calibration, args.quick));
    let held_out = args.held_out.then(|| {
        say("sizes that the fits have not seen");
        espsim_calibrate::held_out(&calibration)
    });
    bar.finish_and_clear();
    let text = calibration
        .profile
        .to_toml()
        .map_err(|error| Failure::new(format!("cannot write the profile as text: {error}")))?;
    // What is written can be read again.
    Profile::from_toml(&text).map_err(|error| Failure::new(format!("the measured profile is unusable: {error}")))?;
    let svg = figure::draw(&calibration)?;
    fs::write(&figure, svg).map_err(|error| Failure::io("write", &figure, &error))?;
    partial.commit(&args.out, &text)?;
    print(show::summary(&calibration).as_bytes());
    if let Some(rows) = &held_out {
        print(show::held_out(rows).as_bytes());
    }
    eprintln!(
        "espsim: calibrated in {:.0} s; wrote {} and {}; use it with --profile {}",
        started.elapsed().as_secs_f64(),
        args.out.display(),
        figure.display(),
        args.out.display()
    );
    Ok(())
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
    skipped.push(format!("performance counters: {}", report.counters));
    skipped.push("network stack (stack.*) and memory.bandwidth: taken from a preset, as the sources say".into());
    CalibrationRecord {
        program: env!("CARGO_PKG_VERSION").into(),
        time: jiff::Timestamp::now().to_string(),
        kind: if quick { "quick" } else { "full" }.into(),
        verdict: match report.verdict() {
            Verdict::Trusted => "trusted".into(),
            Verdict::Noisy { reasons, .. } => format!("noisy: {}", reasons.join("; ")),
        },
        skipped,
    }
}

/// A file under a temporary name beside its target, removed again unless committed.
struct Partial(PathBuf);

impl Partial {
    fn create(target: &Path) -> Result<Self, Failure> {
        let name = target.file_name().ok_or_else(|| Failure::new(format!("{} is no file name", target.display())))?;
        let path = target.with_file_name(format!(".{}.partial-{}", name.to_string_lossy(), std::process::id()));
        fs::write(&path, "").map_err(|error| Failure::io("write", target, &error))?;
        Ok(Partial(path))
    }

    fn commit(self, target: &Path, text: &str) -> Result<(), Failure> {
        fs::write(&self.0, text).map_err(|error| Failure::io("write", target, &error))?;
        fs::rename(&self.0, target).map_err(|error| Failure::io("write", target, &error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone already if it was committed.
        let _ = fs::remove_file(&self.0);
    }
}
