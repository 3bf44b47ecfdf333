//! The timeline as one figure: goodput, loss, CPU and SA states over a common time axis.

use espsim_model::control::{Bin, LOSSES, Loss, State, Timeline};
use espsim_model::units::Time;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;
use espsim_sweep::points::outcome::Outcome;
use espsim_sweep::store::names::slug;

use crate::designs::design_of;
use crate::plot::{Instant, Panel, Panels, Trace, Words, panels_svg};
use crate::words::{count, duration};

/// Labels of events would lie over each other beyond so many.
const MOST_LABELS: usize = 8;
/// The placement whose colour the CPU has.
const HOST: &str = "host";
/// Where the numbers of a timeline are.
const DATA: &str = "timeline.csv";

/// Draws the timeline of one run.
fn timeline_svg(file: &ScenarioFile, series: &str, heading: &str, timeline: &Timeline, footnote: &str) -> String {
    let title = if heading.is_empty() { file.title.clone() } else { format!("{}: {heading}", file.title) };
    let device = design_of(file, series);
    let words = Words { data: DATA.into(), ..Words::new(&title, &finding(timeline), footnote) };
    let panels = Panels {
        words,
        x_label: "Time (ms)".into(),
        width: timeline.bin.as_ns() * 1e-6,
        panels: vec![goodput(timeline, device.as_ref()), loss(timeline), cpu(timeline), states(timeline, device)],
        instants: instants(timeline),
    };
    panels_svg(&panels)
}

/// What came of it: packets lost, the longest outage, and when throughput was back.
fn finding(timeline: &Timeline) -> String {
    let metrics = timeline.metrics();
    let of = |name: &str| metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
    let lost = match of("packets_lost") {
        None => return String::new(),
        Some(0.0) => "No packet is lost".to_owned(),
        Some(1.0) => "One packet is lost".to_owned(),
        Some(n) => format!("{} packets are lost", count(n)),
    };
    let outage = of("outage_max").filter(|outage| *outage > 0.0);
    let outage = outage.map(|seconds| format!("; the worst SA is without service for {}", duration(seconds)));
    let back = match of("time_to_95") {
        Some(seconds) if seconds > 0.0 => format!("; throughput is back after {}", duration(seconds)),
        None if of("goodput_before").is_some() => "; throughput does not come back".to_owned(),
        _ => String::new(),
    };
    format!("{lost}{}{back}.", outage.unwrap_or_default())
}

fn trace(name: &str, timeline: &Timeline, value: impl Fn(&Bin) -> f64) -> Trace {
    Trace { name: name.to_owned(), design: None, values: timeline.bins.iter().map(value).collect() }
}

/// A trace in the colour of a placement.
fn of_design(design: Option<&String>, trace: Trace) -> Trace {
    Trace { design: design.cloned(), ..trace }
}

fn panel(label: &str, top: Option<f64>, traces: Vec<Trace>) -> Panel {
    Panel { label: label.into(), traces, top }
}

fn goodput(timeline: &Timeline, device: Option<&String>) -> Panel {
    let software = |bin: &Bin| bin.software as f64 / bin.packets.max(1) as f64;
    let goodput = |bin: &Bin| timeline.goodput_gbps(bin);
    let in_device = trace("encrypted in the device", timeline, |bin| goodput(bin) * (1.0 - software(bin)));
    let host = trace("encrypted on the CPU", timeline, |bin| goodput(bin) * software(bin));
    let traces = vec![of_design(device, in_device), of_design(Some(&HOST.into()), host)];
    panel("Goodput (Gb/s)", None, traces)
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
    let traces = LOSSES.into_iter().enumerate();
    let traces = traces.map(|(i, loss)| trace(name(loss), timeline, |bin| per_second(bin, i)));
    panel("Lost (kpps)", None, traces.collect())
}

fn cpu(timeline: &Timeline) -> Panel {
    let cores = if timeline.cores == 1 { "1 core".into() } else { format!("{} cores", timeline.cores) };
    let busy = trace(&format!("{cores} of the data path"), timeline, |bin| 100.0 * timeline.cpu(bin));
    panel("CPU (%)", Some(100.0), vec![of_design(Some(&HOST.into()), busy)])
}

fn states(timeline: &Timeline, device: Option<String>) -> Panel {
    let name = |state| match state {
        State::Offloaded => "offloaded",
        State::Software => "installed in software",
        State::Fallback => "on the other NIC: CPU",
        State::Orphaned => "on the other NIC: dropped",
        State::InFlight => "deleted, not yet added",
        State::Missing => "gone, or at the old address",
        State::Replayed => "with numbers seen: dropped by the peer",
    };
    let design = |state| match state {
        State::Offloaded => device.clone(),
        State::Software => Some(HOST.to_owned()),
        _ => None,
    };
    let traces = State::ALL.into_iter().enumerate();
    let traces = traces.map(|(i, state)| {
        of_design(design(state).as_ref(), trace(name(state), timeline, |bin| f64::from(bin.states[i])))
    });
    let sas: u32 = timeline.bins.first().map_or(0, |bin| bin.states.iter().sum());
    panel("SAs", Some(f64::from(sas)), traces.collect())
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
    let svg = timeline_svg(file, &outcome.place.series, &heading, timeline, footnote);
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
