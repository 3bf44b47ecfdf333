//! `espsim trace`: some packets through the stations, as a file for ui.perfetto.dev or chrome://tracing.

mod events;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use espsim_model::trace::{Trace, trace as record};

use crate::calibrate::output::{Partial, absent};
use crate::cli::TraceArgs;
use crate::input::{Failure, nearest};
use crate::outcome::seed;
use crate::points::{Point, points};
use crate::profile_choice::{measured, named};
use crate::run::print;
use crate::scenario_file::ScenarioFile;

/// Traces some sends of one point of a scenario file.
///
/// # Errors
/// [`Failure`] for anything that keeps the trace from being made or written; then nothing is written.
pub fn trace(args: &TraceArgs) -> Result<(), Failure> {
    let file = ScenarioFile::read(&args.scenario)?;
    absent(&[&args.out])?;
    let profile = match args.profile.as_ref().or(file.profile.as_ref()) {
        Some(name) => named(name)?,
        None => measured(&mut |message| eprintln!("espsim: {message}"))?,
    };
    let points = points(&file, &args.settings, &profile.profile)?;
    let point = chosen(&file, &points, args.series.as_deref())?;
    let partial = Partial::create(&args.out)?;
    let seed = seed(args.seed.unwrap_or(file.seed), 0);
    let trace = record(&point.scenario, &profile.profile, seed, args.after, args.packets as usize)
        .map_err(|error| Failure::new(error.to_string()))?;
    let json = events::json(&trace, &heading(point))
        .map_err(|error| Failure::new(format!("cannot encode the trace: {error}")))?;
    partial.commit(&args.out, &json)?;
    print(format!("{}\n{}\n", heading(point), first_send(&trace)).as_bytes());
    eprintln!(
        "espsim: {} sends in {} steps; wrote {}, to be opened in ui.perfetto.dev or chrome://tracing",
        trace.sends.len(),
        trace.steps.len(),
        args.out.display()
    );
    Ok(())
}

/// The last point of a series: that with the last swept values, in most files the largest packets.
fn chosen<'a>(file: &ScenarioFile, points: &'a [Point], series: Option<&str>) -> Result<&'a Point, Failure> {
    let first = file.series.first().map_or("", |series| series.name.as_str());
    let name = series.unwrap_or(first);
    points.iter().rfind(|point| point.series == name).ok_or_else(|| {
        let known: Vec<&str> = file.series.iter().map(|series| series.name.as_str()).collect();
        let message = format!("no series `{name}` in {}: {}", file.path.display(), known.join("; "));
        Failure::new(message).with_help(nearest(name, &known))
    })
}

/// What is traced.
fn heading(point: &Point) -> String {
    let coordinates = point.coordinates.iter().map(crate::points::shown);
    std::iter::once(point.series.clone()).chain(coordinates).collect::<Vec<_>>().join(", ")
}

/// The steps of the first send, of its segments only the first.
fn first_send(trace: &Trace) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(["At us", "Station", "What", "Payload B", "Waited ns", "Served ns"]);
    for i in [0, 3, 4, 5] {
        if let Some(column) = table.column_mut(i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let Some(first) = trace.sends.first() else { return table };
    for step in trace.steps.iter().filter(|step| step.send == 0 && step.part <= 1) {
        let payload = step.payload.get();
        table.add_row([
            format!("{:.3}", (step.start - first.start).as_ns() * 1e-3),
            step.name.to_owned(),
            step.label.to_owned(),
            if payload > 0 { payload.to_string() } else { String::new() },
            format!("{:.1}", (step.start - step.arrival).as_ns()),
            format!("{:.1}", (step.end - step.start).as_ns()),
        ]);
    }
    table
}
