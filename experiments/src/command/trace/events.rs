//! The trace as JSON in the Trace Event Format, which Perfetto and Chrome show.
//!
//! Two views of the same hops: under `packets` a thread for each packet, from its start to its end with all its waits; and
//! under the owners of stations a thread for each unit, with whom it serves. Arrows tie a packet's visits together.
//! Format: "Trace Event Format" (Chromium project), JSON object format, events `X`, `i`, `s`, `t`, `f`, `M`.

use espsim_model::resource::Owner;
use espsim_model::trace::{Hop, Job, Trace, Visit};
use espsim_model::units::{Bytes, Time};
use espsim_sweep::failure::Failure;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::About;
use super::tracks::{PACKETS, Track, Tracks, number, process, station_name};

/// One event. Times are microseconds with digits down to the picosecond.
#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ph: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    /// The arrow that an event is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    /// Where an arrow ends: at the slice around its end, not the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'static str>,
    /// How far an instant reaches: over its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    args: Map<String, Value>,
}

impl<'a> Event<'a> {
    fn new(ph: &'static str, name: &'a str, track: &Track) -> Self {
        let (pid, tid) = (track.pid, track.tid);
        Event { name, cat: "", ph, ts: None, dur: None, pid, tid, id: None, bp: None, s: None, args: Map::new() }
    }

    fn complete(name: &'a str, cat: &'static str, track: &Track, from: Time, to: Time) -> Self {
        Event { cat, ts: Some(us(from)), dur: Some(us(duration(from, to))), ..Event::new("X", name, track) }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.args.insert(key.to_owned(), value.into());
        self
    }
}

/// Microseconds. The nearest floating-point number is written with as many digits as tell it apart: six behind the
/// point, up to 1000 s.
fn us(time: Time) -> f64 {
    time.as_ps() as f64 / 1e6
}

/// Nanoseconds, as Perfetto rounds them when it reads microseconds.
fn rounded(time: Time) -> f64 {
    (us(time) * 1000.0).round()
}

/// A slice's duration. Perfetto rounds beginning and duration, each for itself, and leaves out a slice that begins before
/// the last one on its thread has ended. So a duration is moved by up to half a nanosecond where slices that touch would
/// overlap; `served_ns` is exact.
fn duration(from: Time, to: Time) -> Time {
    let shown = (rounded(to) - rounded(from)) as u64 * 1000;
    Time::from_ps((to - from).as_ps().clamp(shown.saturating_sub(499), shown + 499))
}

/// The whole trace. The same trace gives the same text.
///
/// # Errors
/// [`Failure`] if an event cannot be encoded.
pub fn json(about: &About, traced: &Trace) -> Result<String, Failure> {
    let tracks = Tracks::new(traced);
    let encode = |error: serde_json::Error| Failure::new(format!("cannot encode the trace: {error}"));
    let mut lines = Lines(Vec::new());
    lines.names(&tracks).map_err(encode)?;
    for (i, job) in traced.jobs.iter().enumerate() {
        lines.packet(traced, job, &tracks.jobs[i]).map_err(encode)?;
        for (j, visit) in job.visits().enumerate() {
            lines.visit(job, visit, tracks.unit(i, j)).map_err(encode)?;
        }
        lines.arrow(traced, i, &tracks).map_err(encode)?;
    }
    let other = json!({
        "program": concat!("espsim ", env!("CARGO_PKG_VERSION")),
        "scenario": about.scenario,
        "point": about.point,
        "profile": about.profile,
        "seed": about.seed,
        "after": about.after,
    });
    let events = lines.0.join(",\n");
    Ok(format!("{{\"displayTimeUnit\":\"ns\",\"otherData\":{other},\"traceEvents\":[\n{events}\n]}}\n"))
}

/// One event a line.
struct Lines(Vec<String>);

type Written = Result<(), serde_json::Error>;

impl Lines {
    fn push(&mut self, event: &Event<'_>) -> Written {
        self.0.push(serde_json::to_string(event)?);
        Ok(())
    }

    /// Names and order of processes and threads.
    fn names(&mut self, tracks: &Tracks) -> Written {
        let owners = Owner::ALL.map(|owner| (process(owner), owner.name()));
        for (pid, name) in [(PACKETS, "packets")].into_iter().chain(owners) {
            let track = Track { pid, tid: 0, name: name.to_owned() };
            if tracks.jobs.iter().chain(&tracks.units).any(|other| other.pid == pid) {
                self.push(&Event::new("M", "process_name", &track).with("name", name))?;
                self.push(&Event::new("M", "process_sort_index", &track).with("sort_index", pid))?;
            }
        }
        for track in tracks.jobs.iter().chain(&tracks.units) {
            self.push(&Event::new("M", "thread_name", track).with("name", track.name.as_str()))?;
            self.push(&Event::new("M", "thread_sort_index", track).with("sort_index", track.tid))?;
        }
        Ok(())
    }

    /// A packet's own thread: all of its time, and in it every hop.
    fn packet(&mut self, traced: &Trace, job: &Job, track: &Track) -> Written {
        let mut whole = Event::complete(&track.name, "packet", track, job.starts, job.ends.unwrap_or(job.starts))
            .with("flow", job.flow);
        if let Some((packet, at)) = job.departure() {
            whole = whole
                .with("goodput_octets", packet.goodput.get())
                .with("frame_octets", packet.frame.get())
                .with("latency_ns", (at - job.starts).as_ns());
        }
        self.push(&whole)?;
        for hop in &job.hops {
            match hop {
                Hop::Visit(visit) => {
                    let station = station_name(traced, visit.station);
                    if visit.begins > visit.arrived {
                        let name = format!("waits for {station}");
                        self.push(&Event::complete(&name, "wait", track, visit.arrived, visit.begins))?;
                    }
                    let served = Event::complete(visit.label, kind(visit), track, visit.begins, visit.ends);
                    self.push(&arguments(served.with("station", station), visit))?;
                    if visit.leaves > visit.ends {
                        self.push(&Event::complete("latency", "latency", track, visit.ends, visit.leaves))?;
                    }
                }
                Hop::Wait { label, since, until } => {
                    let name = format!("waits for {label}");
                    self.push(&Event::complete(&name, "wait", track, *since, *until))?;
                }
                Hop::Departure { at, .. } => {
                    let left = Event::new("i", "packet has left", track);
                    self.push(&Event { cat: "packet", ts: Some(us(*at)), s: Some("t"), ..left })?;
                }
            }
        }
        Ok(())
    }

    /// A unit serves a packet.
    fn visit(&mut self, job: &Job, visit: &Visit, track: &Track) -> Written {
        let event = Event::complete(visit.label, kind(visit), track, visit.begins, visit.ends);
        self.push(&arguments(event.with("packet", number(&job.number)), visit))
    }

    /// The arrow along a job's visits; that of a part begins where its whole was, and ends where that goes on.
    fn arrow(&mut self, traced: &Trace, job: usize, tracks: &Tracks) -> Written {
        let own = &traced.jobs[job];
        let mut way = stops(traced, job, tracks);
        if let Some(whole) = own.part_of {
            let around = stops(traced, whole, tracks);
            let before = around.iter().rev().find(|(from, _)| *from < own.starts).copied();
            let behind = around.iter().find(|(from, _)| own.ends.is_some_and(|ends| *from >= ends)).copied();
            way = before.into_iter().chain(way).chain(behind).collect();
        }
        let name = format!("packet {}", number(&own.number));
        let last = way.len().saturating_sub(1);
        for (i, (at, track)) in way.iter().enumerate().filter(|_| last > 0) {
            let (ph, bp) = match i {
                0 => ("s", None),
                i if i == last => ("f", Some("e")),
                _ => ("t", None),
            };
            self.push(&Event { cat: "way", ts: Some(us(*at)), id: Some(job + 1), bp, ..Event::new(ph, &name, track) })?;
        }
        Ok(())
    }
}

/// Where arrows touch a job's visits: at their beginning. Visits that take no time have no slice to tie to.
fn stops<'a>(traced: &Trace, job: usize, tracks: &'a Tracks) -> Vec<(Time, &'a Track)> {
    let visits = traced.jobs[job].visits().enumerate();
    visits.filter(|(_, v)| v.ends > v.begins).map(|(j, visit)| (visit.begins, tracks.unit(job, j))).collect()
}

fn kind(visit: &Visit) -> &'static str {
    if visit.payload > Bytes::ZERO { "crossing" } else { "visit" }
}

fn arguments<'a>(event: Event<'a>, visit: &Visit) -> Event<'a> {
    let mut event = event
        .with("waited_ns", (visit.begins - visit.arrived).as_ns())
        .with("served_ns", (visit.ends - visit.begins).as_ns());
    if let Some(octets) = visit.octets {
        event = event.with("octets", octets.get());
    }
    if visit.payload > Bytes::ZERO {
        event = event.with("payload_octets", visit.payload.get());
    }
    if !visit.cycles.is_empty() {
        let cycles = visit.cycles.iter().map(|(category, cycles)| (category.name().to_owned(), json!(cycles.0)));
        event = event.with("cycles", Value::Object(cycles.collect()));
    }
    event
}
