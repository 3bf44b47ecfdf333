//! The Trace Event Format (Google, "Trace Event Format", 2016): what chrome://tracing and Perfetto read.

use std::collections::BTreeMap;

use espsim_model::trace::{Step, Trace};
use espsim_model::units::Time;
use serde_json::{Value, json};

/// Processes of the trace: parts of the machine, in the order of the data path.
const PROCESSES: [&str; 5] = ["sends", "host", "PCIe", "accelerator", "NIC"];
/// Threads of a station with several units: more than any has.
const UNITS: usize = 1024;

/// The part of the machine that a station belongs to, by its number in [`PROCESSES`].
fn process(station: &str) -> usize {
    match station {
        name if name.contains("link") || name == "root complex" => 2,
        name if name.starts_with("accelerator") => 3,
        name if name.starts_with("NIC") || name.starts_with("wire") => 4,
        _ => 1,
    }
}

/// Microseconds, exact to the picosecond.
fn us(time: Time) -> f64 {
    time.as_ps() as f64 / 1e6
}

/// The trace as JSON.
///
/// # Errors
/// That of the encoder.
pub(super) fn json(trace: &Trace, title: &str) -> Result<String, serde_json::Error> {
    let threads = threads(&trace.steps);
    let mut events: Vec<Value> = Vec::new();
    for (pid, name) in PROCESSES.iter().enumerate() {
        events.push(json!({ "ph": "M", "name": "process_name", "pid": pid, "tid": 0, "args": { "name": name } }));
        events.push(
            json!({ "ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0, "args": { "sort_index": pid } }),
        );
    }
    events.extend(names(&trace.steps, &threads));
    for (i, send) in trace.sends.iter().enumerate() {
        let name = format!("send {i}");
        let at = |phase: &str, time: Time| json!({ "ph": phase, "cat": "send", "id": i, "name": name, "pid": 0, "tid": 0, "ts": us(time) });
        events.push(at("b", send.start));
        events.extend(send.end.map(|end| at("e", end)));
    }
    events.extend(trace.steps.iter().zip(&threads).map(|(step, tid)| {
        json!({
            "ph": "X",
            "name": step.label,
            "cat": if step.payload.get() > 0 { "payload crossing" } else { "step" },
            "pid": process(step.name),
            "tid": tid,
            "ts": us(step.start),
            "dur": us(step.end - step.start),
            "args": {
                "send": step.send,
                "part": step.part,
                "payload": step.payload.get(),
                "waited_ns": (step.start - step.arrival).as_ns(),
            },
        })
    }));
    events.extend(arrows(&trace.steps, &threads));
    let all = json!({ "displayTimeUnit": "ns", "otherData": { "title": title }, "traceEvents": events });
    Ok(serde_json::to_string(&all)? + "\n")
}

/// The thread of each step: one for each station, and one for each unit that is busy at a time where it has several.
fn threads(steps: &[Step]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|&i| (steps[i].start, steps[i].end, i));
    let mut busy: BTreeMap<u16, Vec<Time>> = BTreeMap::new();
    let mut threads = vec![0; steps.len()];
    for i in order {
        let step = &steps[i];
        let units = busy.entry(step.station).or_default();
        let unit = units.iter().position(|until| *until <= step.start).unwrap_or_else(|| {
            units.push(Time::ZERO);
            units.len() - 1
        });
        units[unit] = step.end;
        threads[i] = usize::from(step.station) * UNITS + unit + 1;
    }
    threads
}

/// Names of threads; stations of the same name are numbered.
fn names(steps: &[Step], threads: &[usize]) -> Vec<Value> {
    let used: BTreeMap<usize, &'static str> = steps.iter().zip(threads).map(|(step, tid)| (*tid, step.name)).collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let many = |name: &str| used.values().filter(|other| **other == name).count() > 1;
    let name = |(tid, name): (&usize, &&'static str)| {
        let n = seen.entry(name).or_default();
        *n += 1;
        let shown = if many(name) { format!("{name} {n}") } else { (*name).to_owned() };
        json!({ "ph": "M", "name": "thread_name", "pid": process(name), "tid": tid, "args": { "name": shown } })
    };
    used.iter().map(name).collect()
}

/// Arrows from step to step of each part; a part's first comes from the step that it was split from.
fn arrows(steps: &[Step], threads: &[usize]) -> Vec<Value> {
    let mut chains: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for (i, step) in steps.iter().enumerate() {
        chains.entry((step.send, step.part)).or_default().push(i);
    }
    let whole = |send: usize, before: Time| {
        let chain = chains.get(&(send, 0)).into_iter().flatten().copied();
        chain.filter(|&i| steps[i].end <= before).max_by_key(|&i| steps[i].end)
    };
    let mut events = Vec::new();
    for (number, ((send, part), chain)) in chains.iter().enumerate() {
        let origin = chain.first().filter(|_| *part > 0).and_then(|&first| whole(*send, steps[first].arrival));
        let all: Vec<usize> = origin.into_iter().chain(chain.iter().copied()).collect();
        for (place, &i) in all.iter().enumerate().filter(|_| all.len() > 1) {
            let phase = if place == 0 {
                "s"
            } else if place + 1 == all.len() {
                "f"
            } else {
                "t"
            };
            events.push(json!({
                "ph": phase,
                "bp": "e",
                "cat": "way",
                "name": "way",
                "id": number,
                "pid": process(steps[i].name),
                "tid": threads[i],
                "ts": us(steps[i].start),
            }));
        }
    }
    events
}
