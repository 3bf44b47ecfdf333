//! `espsim trace`: the file against the Trace Event Format and against what a packet's way must be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::{espsim, text};

fn trace(folder: &TempDir, scenario: &str, arguments: &[&str]) -> Output {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(format!("{scenario}.toml"));
    let mut command = espsim(folder);
    command.arg("trace").arg(file).args(["--profile", "preset:zen4"]).args(arguments);
    command.output().unwrap()
}

fn events(folder: &TempDir, scenario: &str, arguments: &[&str]) -> Vec<Value> {
    let output = trace(folder, scenario, &[arguments, &["--out", "trace.json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let path = folder.path().join("trace.json");
    let parsed: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    fs::remove_file(path).unwrap();
    let events = parsed["traceEvents"].as_array().unwrap().clone();
    is_the_format(&events);
    never_overlaps(&events);
    arrows_join_slices(&events);
    events
}

fn phase(event: &Value) -> &str {
    event["ph"].as_str().unwrap()
}

fn thread(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap())
}

/// Picoseconds: whole ones, or the digits would not be exact.
fn ps(value: &Value) -> u64 {
    let ps = value.as_f64().unwrap() * 1e6;
    assert!((ps - ps.round()).abs() < 0.01, "{value} is no whole number of picoseconds");
    ps.round() as u64
}

/// The fields that the Trace Event Format requires of each phase, and no phase that is not expected.
fn is_the_format(events: &[Value]) {
    let mut seen = BTreeSet::new();
    for event in events {
        let has = |keys: &[&str]| keys.iter().all(|key| event.get(key).is_some());
        assert!(event["name"].is_string() && has(&["ph", "pid", "tid"]), "{event}");
        let whole = match phase(event) {
            "X" => has(&["cat", "ts", "dur"]) && event["dur"].as_f64().unwrap() >= 0.0,
            "i" => has(&["cat", "ts"]) && event["s"] == "t",
            "s" | "t" => has(&["cat", "ts", "id"]),
            "f" => has(&["cat", "ts", "id"]) && event["bp"] == "e",
            "M" => match event["name"].as_str().unwrap() {
                "process_name" | "thread_name" => event["args"]["name"].is_string(),
                "process_sort_index" | "thread_sort_index" => event["args"]["sort_index"].is_u64(),
                _ => false,
            },
            _ => false,
        };
        assert!(whole, "{event}");
        seen.insert(phase(event));
    }
    assert_eq!(seen, ["M", "X", "f", "i", "s", "t"].into());
    let named: BTreeSet<_> = events.iter().filter(|e| e["name"] == "thread_name").map(thread).collect();
    assert!(events.iter().filter(|e| phase(e) != "M").all(|e| named.contains(&thread(e))), "a thread has no name");
}

/// On every thread slices nest or follow each other, once they are rounded to nanoseconds as Perfetto does.
fn never_overlaps(events: &[Value]) {
    let mut threads: BTreeMap<_, Vec<(i64, i64)>> = BTreeMap::new();
    for event in events.iter().filter(|event| phase(event) == "X") {
        let ns = |key: &str| (event[key].as_f64().unwrap() * 1000.0).round() as i64;
        threads.entry(thread(event)).or_default().push((ns("ts"), ns("ts") + ns("dur")));
    }
    for slices in threads.values_mut() {
        slices.sort_by_key(|(from, to)| (*from, -to));
        let mut around: Vec<(i64, i64)> = Vec::new();
        for &(from, to) in slices.iter() {
            while around.last().is_some_and(|(_, end)| *end <= from) {
                around.pop();
            }
            assert!(around.last().is_none_or(|(_, end)| to <= *end), "{from} to {to} in {around:?}");
            around.push((from, to));
        }
    }
}

/// Every arrow has one beginning and one end, goes forward in time, and touches slices where they begin.
fn arrows_join_slices(events: &[Value]) {
    let slices: BTreeSet<_> =
        events.iter().filter(|e| phase(e) == "X").map(|e| (thread(e), e["ts"].to_string())).collect();
    let mut arrows: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for event in events.iter().filter(|event| ["s", "t", "f"].contains(&phase(event))) {
        assert!(slices.contains(&(thread(event), event["ts"].to_string())), "{event}");
        arrows.entry(event["id"].as_u64().unwrap()).or_default().push(event);
    }
    for stops in arrows.values() {
        let phases: String = stops.iter().map(|event| phase(event)).collect();
        assert!(phases.starts_with('s') && phases.ends_with('f'), "{phases}");
        assert!(phases[1..phases.len() - 1].chars().all(|phase| phase == 't'), "{phases}");
        assert!(stops.windows(2).all(|pair| ps(&pair[0]["ts"]) <= ps(&pair[1]["ts"])));
    }
}

/// What stations did for one send and all its parts.
struct Sent<'a> {
    visits: Vec<&'a Value>,
    /// Goodput octets of its packets.
    goodput: u64,
    packets: usize,
    /// From start to end, in ps.
    time: u64,
}

/// The sends of a trace, by their number.
fn sends(events: &[Value]) -> BTreeMap<u64, Sent<'_>> {
    let number = |name: &str| -> u64 { name.trim_start_matches("packet ").split('.').next().unwrap().parse().unwrap() };
    let mut sends: BTreeMap<u64, Sent<'_>> = BTreeMap::new();
    for whole in events.iter().filter(|e| phase(e) == "X" && e["cat"] == "packet") {
        let name = whole["name"].as_str().unwrap();
        let entry = sends.entry(number(name)).or_insert(Sent { visits: vec![], goodput: 0, packets: 0, time: 0 });
        entry.time = entry.time.max(ps(&whole["dur"]));
        if let Some(goodput) = whole["args"]["goodput_octets"].as_u64() {
            entry.goodput += goodput;
            entry.packets += 1;
        }
    }
    for visit in events.iter().filter(|e| phase(e) == "X" && e["args"]["packet"].is_string()) {
        sends.get_mut(&number(visit["args"]["packet"].as_str().unwrap())).unwrap().visits.push(visit);
    }
    sends
}

/// The names of a send's payload crossings, and how often each octet crossed in all.
fn crossings(send: &Sent<'_>) -> (BTreeSet<String>, f64) {
    let crossing = send.visits.iter().filter(|visit| visit["cat"] == "crossing");
    let names = crossing.clone().map(|visit| visit["name"].as_str().unwrap().to_owned()).collect();
    let octets: u64 = crossing.map(|visit| visit["args"]["payload_octets"].as_u64().unwrap()).sum();
    (names, octets as f64 / send.goodput as f64)
}

#[test]
fn three_passes_are_seen_and_one() {
    let folder = TempDir::new().unwrap();
    let three = ["payload, RAM to card", "payload, RAM to NIC", "payload, card to RAM"];
    let cases: [(&str, &[&str]); 5] = [
        ("host", &["payload, RAM to NIC"]),
        ("lookaside, own slot", &three),
        ("lookaside, shared uplink", &three),
        ("inline, crypto offload", &["payload, RAM to NIC"]),
        ("inline, packet offload", &["payload, RAM to NIC"]),
    ];
    for (series, names) in cases {
        for (gso, transport) in [("off", "udp"), ("64 KiB", "tcp")] {
            let kernel = ["--set", "host.stack=kernel", "--set", "traffic.direction=transmit"];
            let arguments = ["--series", series, "--packets", "6", "--set", "traffic.packet=1446 B"];
            let transport = format!("traffic.transport={transport}");
            let arguments = [&arguments[..], &kernel, &["--set", &transport]].concat();
            let gso = format!("offload.gso={gso}");
            let events = events(&folder, "three-pass", &[&arguments[..], &["--set", &gso]].concat());
            let sends = sends(&events);
            assert_eq!(sends.len(), 6, "{series}");
            for send in sends.values() {
                let (seen, times) = crossings(send);
                assert_eq!(seen, names.iter().map(|name| (*name).to_owned()).collect(), "{series} {gso}");
                assert_eq!(times, names.len() as f64, "{series} {gso}");
                // Nothing is lost on the way: GSO of 64 KiB is 46 segments of 1394 octets of TCP payload, with their headers.
                let (segments, octets) = if gso == "offload.gso=off" { (1, 1418) } else { (46, 46 * 1394) };
                assert_eq!((send.packets, send.goodput), (segments, octets), "{series} {gso}");
                // A single packet is in one place at a time.
                let served: u64 = send.visits.iter().map(|visit| ps(&visit["dur"])).sum();
                assert!(send.packets > 1 || served <= send.time, "{series}: {served} of {}", send.time);
            }
        }
    }
}

#[test]
fn every_direction_and_batch_is_traced() {
    let folder = TempDir::new().unwrap();
    let cases: [(&str, &[&str], &str); 6] = [
        ("receive", &["--series", "lookaside, own slot"], "payload, NIC to RAM"),
        ("gateway", &["--series", "vector, inline crypto"], "NIC encrypts"),
        ("gro", &["--series", "host", "--set", "offload.gro=64 KiB"], "deliver"),
        ("lookaside-modes", &[], "card encrypts"),
        ("mrrs", &[], "payload, RAM to NIC"),
        (
            "three-pass",
            &[
                "--set",
                "offload.gso=64 KiB",
                "--set",
                "traffic.transport=tcp",
                "--set",
                "host.stack=kernel",
                "--set",
                "traffic.direction=transmit",
                "--set",
                "traffic.arrival=poisson",
                "--set",
                "traffic.rate=1 Gbps",
                "--after",
                "2 ms",
            ],
            "segment, encrypt",
        ),
    ];
    for (scenario, arguments, hop) in cases {
        let events = events(&folder, scenario, &[arguments, &["--packets", "40"]].concat());
        assert_eq!(sends(&events).len(), 40, "{scenario}");
        assert!(events.iter().any(|event| event["name"] == hop), "{scenario} has no {hop}");
    }
}

#[test]
fn the_same_trace_has_the_same_bytes_and_a_table() {
    let folder = TempDir::new().unwrap();
    let arguments = [
        "--packets",
        "3",
        "--series",
        "lookaside, own slot",
        "--set",
        "host.stack=kernel",
        "--set",
        "traffic.direction=transmit",
        "--set",
        "offload.gso=off",
    ];
    let mut outputs = Vec::new();
    for out in ["a.json", "b.json"] {
        let output = trace(&folder, "three-pass", &[&arguments[..], &["--out", out]].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        outputs.push((fs::read(folder.path().join(out)).unwrap(), output.stdout));
    }
    assert!(outputs[0] == outputs[1]);
    let table = text(&outputs[0].1);
    for hop in
        ["send, submit to card", "payload, RAM to card", "card encrypts", "payload, card to RAM", "payload, RAM to NIC"]
    {
        assert!(table.contains(hop), "{table}");
    }
    let other = trace(&folder, "three-pass", &[&arguments[..], &["--out", "c.json", "--after", "5000"]].concat());
    assert!(other.status.success() && fs::read(folder.path().join("c.json")).unwrap() != outputs[0].0);
}

#[test]
fn what_cannot_be_traced_is_said() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("there.json"), "").unwrap();
    let cases: [(&str, &[&str], &str); 7] = [
        ("three-pass", &["--series", "hots"], "did you mean `host`?"),
        ("three-pass", &["--packets", "0"], "0 is not in 1..=10000"),
        ("three-pass", &["--after", "soon"], "a number of packets, or"),
        ("three-pass", &["--after", "1000000000000", "--set", "run.max_packets=2000"], "ends at `run.max_packets`"),
        (
            "three-pass",
            &["--after", "11 s", "--set", "run.max_time=10 s"],
            "the run ends at `run.max_time`, which is 10 s",
        ),
        ("three-pass", &["--out", "there.json"], "exists already"),
        ("failover", &[], "something happens in this scenario"),
    ];
    for (scenario, arguments, message) in cases {
        let output = trace(&folder, scenario, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(message), "{}", text(&output.stderr));
    }
    // Nothing is half-written.
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| name == "there.json" || name == "out"), "{left:?}");
    let out = folder.path().join("out");
    assert!(!out.exists() || fs::read_dir(out).unwrap().count() == 0);
}
