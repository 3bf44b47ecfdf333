//! `espsim trace`: three passes are three crossings, no unit serves two at a time, and the file is what viewers read.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{espsim, text};
use serde_json::Value;
use tempfile::TempDir;

fn trace(folder: &TempDir, out: &str, args: &[&str]) -> Vec<Value> {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/three-pass.toml");
    let done = espsim(folder)
        .arg("trace")
        .arg(scenario)
        .args(["--profile", "preset:zen4", "--packets", "10", "--out", out])
        .args(args)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let json: Value = serde_json::from_slice(&std::fs::read(folder.path().join(out)).unwrap()).unwrap();
    json["traceEvents"].as_array().unwrap().clone()
}

fn steps(events: &[Value]) -> impl Iterator<Item = &Value> {
    events.iter().filter(|event| event["ph"] == "X")
}

#[test]
fn the_passes_of_a_design_are_its_crossings() {
    let folder = TempDir::new().unwrap();
    // Goodput of the last size of the sweep, 1446 B: less 20 B of IP and 8 B of UDP.
    let payload = 1418;
    for (series, passes) in [("lookaside, own slot", 3), ("host", 1), ("inline, packet offload", 1)] {
        let events = trace(&folder, &format!("{series}.json"), &["--series", series, "--set", "offload.gso=off"]);
        let mut moved: BTreeMap<u64, u64> = BTreeMap::new();
        for step in steps(&events) {
            *moved.entry(step["args"]["send"].as_u64().unwrap()).or_default() +=
                step["args"]["payload"].as_u64().unwrap();
        }
        assert_eq!(moved.len(), 10);
        assert!(moved.values().all(|octets| *octets == passes * payload), "{series}: {moved:?}");
    }
}

#[test]
fn nothing_overlaps_on_a_thread_and_every_event_has_what_viewers_need() {
    let folder = TempDir::new().unwrap();
    let events = trace(&folder, "a.json", &["--series", "lookaside, shared uplink"]);
    assert_eq!(events, trace(&folder, "b.json", &["--series", "lookaside, shared uplink"]));
    let mut busy: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    for event in &events {
        assert!(event["name"].is_string() && event["pid"].is_u64() && event["tid"].is_u64(), "{event}");
        let ts = event["ts"].as_f64();
        match event["ph"].as_str().unwrap() {
            "M" => assert!(event["args"].is_object()),
            "X" => {
                let (start, length) = (ts.unwrap(), event["dur"].as_f64().unwrap());
                let thread = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
                busy.entry(thread).or_default().push((start, start + length));
            }
            "b" | "e" | "s" | "t" | "f" => assert!(ts.is_some() && event["id"].is_u64()),
            other => panic!("{other}"),
        }
    }
    assert!(busy.len() > 8);
    for spans in busy.values_mut() {
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 1e-6), "{spans:?}");
    }
    // A super-packet's segments start from arrows out of its send call.
    let ends = |phase: &str| events.iter().filter(|event| event["ph"] == phase).count();
    assert!(ends("s") == ends("f") && ends("s") > 10);
    let named = |name: &str| events.iter().any(|event| event["name"] == name);
    assert!(["card reads payload", "card writes payload", "NIC reads payload"].into_iter().all(named));
}

#[test]
fn a_wrong_series_is_named_and_nothing_is_overwritten() {
    let folder = TempDir::new().unwrap();
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/three-pass.toml");
    let run = |args: &[&str]| {
        let mut command = espsim(&folder);
        command.arg("trace").arg(&scenario).args(["--profile", "preset:zen4", "--out", "x.json"]).args(args);
        command.output().unwrap()
    };
    let done = run(&["--series", "hots"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("did you mean `host`"), "{}", text(&done.stderr));
    assert!(!folder.path().join("x.json").exists());
    std::fs::write(folder.path().join("x.json"), "mine").unwrap();
    assert_eq!(run(&[]).status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(folder.path().join("x.json")).unwrap(), "mine");
}
