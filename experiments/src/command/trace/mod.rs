//! `espsim trace`: some packets of one point of a scenario file, hop by hop.

mod args;
mod events;
mod table;
mod tracks;

use std::path::PathBuf;

use espsim_model::profile::Profile;
use espsim_model::simulate;
use espsim_model::trace::{After, Trace};
use espsim_sweep::failure::{Failure, nearest};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;
use espsim_sweep::points::outcome::seed;
use espsim_sweep::points::{Kept, Point, Points, check_series};
use espsim_sweep::store::folder_names::default_file;
use espsim_sweep::store::partial::{Partial, absent, in_the_way};

use crate::console::{print, say};
use crate::host_profile::{HostName, checked};

pub use self::args::{Beginning, TraceArgs};

/// Packets that leave before a trace begins, whatever the warm-up.
const FEWEST_BEFORE: u64 = 1000;

/// Traces packets of a scenario file.
///
/// # Errors
/// [`Failure`] for anything that keeps the trace from being written; then nothing is.
pub fn trace(args: &TraceArgs) -> Result<(), Failure> {
    let file = ScenarioFile::read(&args.scenario)?;
    let target = args.out.clone().unwrap_or_else(|| default_out(&file));
    absent(&[&target])?;
    let check = |profile: &Profile| chosen(args, &file, profile).and_then(|point| is_reached(args, &point));
    let name = args.base.profile.as_ref().or(file.profile.as_ref());
    let (profile, ()) = checked(&HostName { name, of: None, settings: &args.base.of_profile }, check, || Ok(()))?;
    let point = chosen(args, &file, &profile.profile)?;
    // A folder that the user named must be there; the one that we named need not.
    if let (None, Some(parent)) = (&args.out, target.parent()) {
        std::fs::create_dir_all(parent).map_err(|error| Failure::io("create folder", parent, &error))?;
    }
    let partial = Partial::create(&target)?;
    // The same seed as that of the first replication of `run`.
    let base = args.base.seed.unwrap_or(file.seed);
    let seed = seed(base, 0);
    let invalid = |error: espsim_model::scenario::Invalid| Failure::new(error.to_string());
    let after = match args.after {
        Some(Beginning(after)) => after,
        None => {
            let record = simulate(&point.scenario, &profile.profile, seed).map_err(invalid)?;
            After::Packets(record.warm_up_packets.max(FEWEST_BEFORE))
        }
    };
    let sends = args.packets as usize;
    let traced = espsim_model::trace::trace(&point.scenario, &profile.profile, seed, sends, after).map_err(invalid)?;
    let about = About {
        scenario: file.title.clone(),
        point: place(args, &file, &point),
        profile: profile.summary(),
        seed: base,
        after: match after {
            After::Packets(packets) => format!("{packets} packets"),
            After::Time(time) => time.to_string(),
        },
    };
    let json = events::json(&about, &traced)?;
    let mut target = target;
    while !partial.commit_new(&target, json.as_bytes())? {
        // Another process may have taken the name that we chose.
        match &args.out {
            Some(out) => return Err(in_the_way(out)),
            None => target = default_out(&file),
        }
    }
    print(table::first(&about, &traced).as_bytes())?;
    if traced.sends() < sends {
        say(&format!("espsim: only {} of {sends} packets started", traced.sends()));
    }
    say(&format!(
        "espsim: {} packets, {} visits after {}; wrote {}: open it in ui.perfetto.dev",
        traced.sends(),
        visits(&traced),
        about.after,
        target.display()
    ));
    Ok(())
}

/// Refuses a beginning that the run does not come to: it would take as long as the run to find that out.
fn is_reached(args: &TraceArgs, point: &Point) -> Result<(), Failure> {
    let run = &point.scenario.run;
    let (after, key, most) = match args.after {
        Some(Beginning(After::Packets(packets))) if packets > run.max_packets => {
            (format!("{packets} packets"), "run.max_packets", run.max_packets.to_string())
        }
        Some(Beginning(After::Time(time))) if time > run.max_time => {
            (time.to_string(), "run.max_time", run.max_time.to_string())
        }
        _ => return Ok(()),
    };
    Err(Failure::new(format!("--after {after}: the run ends at `{key}`, which is {most}"))
        .with_help(Some(format!("give less, or --set {key}=..."))))
}

/// What was traced, in words.
struct About {
    scenario: String,
    /// Series and swept values.
    point: String,
    profile: String,
    seed: u64,
    after: String,
}

fn visits(traced: &Trace) -> usize {
    traced.jobs.iter().map(|job| job.visits().count()).sum()
}

fn default_out(file: &ScenarioFile) -> PathBuf {
    let stem = file.source.path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy());
    default_file(&format!("{stem}-trace"), ".json")
}

/// The last point of the series that is asked for, or of the first one: that of the last swept values, in most files the
/// largest packets.
fn chosen(args: &TraceArgs, file: &ScenarioFile, profile: &Profile) -> Result<Point, Failure> {
    let names: Vec<&str> = file.series.iter().map(|series| series.name.as_str()).collect();
    if let Some(name) = args.series.as_deref().filter(|name| !names.contains(name)) {
        let message = format!("no series is called `{name}`: {}", names.join("; "));
        return Err(file.failure("series", message).with_help(nearest(name, &names)));
    }
    let name = args.series.as_deref().or(names.first().copied()).unwrap_or_default();
    if let Some(series) = names.iter().position(|other| *other == name) {
        check_series(file, series, &args.base.settings)?;
    }
    let kept = Kept::new(file)?;
    let points = Points::new(file, &args.base.settings, profile, &kept);
    let Some(last) = (0..points.len()).rev().find(|&point| points.place(point).series == name) else {
        return Err(file.failure("sweep.skip", format!("`sweep.skip` leaves no point of series `{name}`")));
    };
    let point = points.resolve(last)?;
    if !point.scenario.failover.event.is_empty() {
        let message = "`failover.event`: something happens in this scenario, which `trace` does not show";
        return Err(file.failure("failover.event", message));
    }
    Ok(point)
}

/// Series and swept values of a point, or what `--set` gives instead.
fn place(args: &TraceArgs, file: &ScenarioFile, point: &Point) -> String {
    let values = file.sweep.keys().zip(&point.place.coordinates).map(|(key, value)| {
        let set = args.base.settings.iter().rev().find(|setting| setting.key == key);
        format!("{key} = {}", shown(set.map_or(value, |setting| &setting.value)))
    });
    std::iter::once(point.place.series.clone()).chain(values).collect::<Vec<_>>().join(", ")
}
