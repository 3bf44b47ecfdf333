//! The timeline as one figure: goodput, loss, CPU and SA states over a common time axis.

use espsim_model::control::{Bin, LOSSES, Loss, State, Timeline};
use espsim_model::units::Time;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;
use espsim_sweep::points::outcome::Outcome;
use espsim_sweep::store::names::slug;

use crate::plot::{Instant, Panel, Panels, Trace, panels_svg};

/// Labels of events would lie over each other beyond so many.
const MOST_LABELS: usize = 6;

/// Draws the timeline of one run.
///
/// # Errors
/// [`Failure`] if the drawing fails.
fn timeline_svg(file: &ScenarioFile, heading: &str, timeline: &Timeline, footnote: &str) -> Result<String, Failure> {
    let title = if heading.is_empty() { file.title.clone() } else { format!("{}: {heading}", file.title) };
    let panels = Panels {
        title,
        subtitle: file.question.clone(),
        x_label: "Time (ms)".into(),
        width: timeline.bin.as_ns() * 1e-6,
        panels: vec![goodput(timeline), loss(timeline), cpu(timeline), states(timeline)],
        instants: instants(timeline),
        footnote: footnote.to_owned(),
    };
    panels_svg(&panels).map_err(|error| Failure::new(format!("cannot draw the timeline: {error}")))
}

fn trace(name: &str, timeline: &Timeline, value: impl Fn(&Bin) -> f64) -> Trace {
    Trace { name: name.to_owned(), values: timeline.bins.iter().map(value).collect() }
}

fn panel(label: &str, colour: usize, top: Option<f64>, traces: Vec<Trace>) -> Panel {
    Panel { label: label.into(), traces, colour, top }
}

fn goodput(timeline: &Timeline) -> Panel {
    let software = |bin: &Bin| bin.software as f64 / bin.packets.max(1) as f64;
    let goodput = |bin: &Bin| timeline.goodput_gbps(bin);
    let device = trace("encrypted in the device", timeline, |bin| goodput(bin) * (1.0 - software(bin)));
    let host = trace("encrypted on the CPU", timeline, |bin| goodput(bin) * software(bin));
    panel("Goodput (Gb/s)", 0, None, vec![device, host])
}

fn loss(timeline: &Timeline) -> Panel {
    let name = |loss| match loss {
        Loss::NoCarrier => "no carrier",
        Loss::NoSa => "no SA",
        Loss::QueueFull => "queue full",
        Loss::InFlight => "in the NIC",
        Loss::Replayed => "replayed: dropped by the peer",
    };
    let per_second = |bin: &Bin, i: usize| bin.lost[i] as f64 / timeline.bin.as_seconds() * 1e-3;
    // What only some failovers have is no curve of the others.
    let has = |loss: &(usize, Loss)| loss.1 != Loss::Replayed || timeline.bins.iter().any(|bin| bin.lost[loss.0] > 0);
    let traces = LOSSES.into_iter().enumerate().filter(has);
    let traces = traces.map(|(i, loss)| trace(name(loss), timeline, |bin| per_second(bin, i)));
    panel("Lost (kpps)", 1, None, traces.collect())
}

fn cpu(timeline: &Timeline) -> Panel {
    let cores = if timeline.cores == 1 { "1 core".into() } else { format!("{} cores", timeline.cores) };
    let busy = trace(&format!("{cores} of the data path"), timeline, |bin| 100.0 * timeline.cpu(bin));
    panel("CPU (%)", 5, Some(100.0), vec![busy])
}

fn states(timeline: &Timeline) -> Panel {
    let name = |state| match state {
        State::Offloaded => "offloaded",
        State::Software => "installed in software",
        State::Fallback => "on the other NIC: CPU",
        State::Orphaned => "on the other NIC: dropped",
        State::InFlight => "deleted, not yet added",
        State::Missing => "gone, or at the old address",
        State::Replayed => "with numbers seen: dropped by the peer",
    };
    let has =
        |state: &(usize, State)| state.1 != State::Replayed || timeline.bins.iter().any(|bin| bin.states[state.0] > 0);
    let traces = State::ALL.into_iter().enumerate().filter(has);
    let traces = traces.map(|(i, state)| trace(name(state), timeline, |bin| f64::from(bin.states[i])));
    let sas: u32 = timeline.bins.first().map_or(0, |bin| bin.states.iter().sum());
    panel("SAs", 0, Some(f64::from(sas)), traces.collect())
}

fn instants(timeline: &Timeline) -> Vec<Instant> {
    let labelled = timeline.device_events.len() <= MOST_LABELS;
    let label = |what: &str, device: &str, ends: bool| match what {
        "rekey" | "accelerator-loss" if ends => "accelerator back".to_owned(),
        "rekey" | "accelerator-loss" => what.to_owned(),
        "route-change" => format!("route to {device}"),
        _ if ends => format!("{device} back"),
        _ => format!("{what}, {device}"),
    };
    let device_events = timeline.device_events.iter();
    device_events
        .map(|h| Instant {
            at: Time::from_ps(h.at).as_ns() * 1e-6,
            label: if labelled { label(h.what.name(), h.device.name(), h.ends) } else { String::new() },
        })
        .collect()
}

/// Draws a point, given how many there are and small print: name and SVG, or nothing of too many points.
pub type PointFigure = fn(&ScenarioFile, &Outcome, usize, &str) -> Result<Option<(String, String)>, Failure>;

/// Timelines are drawn for up to so many points; of more, the swept figures say more.
const MOST_FIGURES: usize = 12;

/// The timeline of a point's first replication.
pub fn timeline_figure(
    file: &ScenarioFile,
    outcome: &Outcome,
    points: usize,
    footnote: &str,
) -> Result<Option<(String, String)>, Failure> {
    let timeline = outcome.runs.first().and_then(|run| run.timeline.as_ref()).filter(|_| points <= MOST_FIGURES);
    let Some(timeline) = timeline else { return Ok(None) };
    let heading = heading(file, outcome);
    let svg = timeline_svg(file, &heading, timeline, footnote)?;
    let name = if points == 1 { "timeline".into() } else { slug(&format!("timeline-{heading}")) };
    Ok(Some((format!("{name}.svg"), svg)))
}

/// Series and swept values of a point.
fn heading(file: &ScenarioFile, outcome: &Outcome) -> String {
    let series = (file.series.len() > 1).then(|| outcome.place.series.clone());
    let values = file.sweep.keys().zip(&outcome.place.coordinates).map(|(key, value)| {
        let key = key.rsplit('.').next().unwrap_or(key);
        format!("{key} {}", shown(value))
    });
    series.into_iter().chain(values).collect::<Vec<_>>().join(", ")
}
