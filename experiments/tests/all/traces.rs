//! Traces of packets: what the program reads of captures and tables, and what it makes of them.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::common::sweep::{refuse, run, succeed};

fn seed(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/trace").join(name)).unwrap()
}

fn scenario(more: &str) -> String {
    format!(
        "title = \"t\"\n[traffic]\ndirection = \"encrypt\"\narrival = \"trace\"\ntrace = \"trace\"\n{more}\n\
         [[series]]\nname = \"host\"\nplacement = \"host\"\n[[series]]\nname = \"packet\"\nplacement = \"inline-packet\"\n"
    )
}

/// The points and the manifest of a trace.
fn points(trace: &[u8], more: &str) -> (String, String) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("trace"), trace).unwrap();
    fs::write(folder.path().join("s.toml"), scenario(more)).unwrap();
    succeed(&mut run(folder.path(), "s.toml", &["--out", "out"]));
    let read = |name: &str| fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    (read("points.csv"), read("manifest.json"))
}

/// A capture in either format and a table of the same packets are the same traffic, under names that differ by content.
#[test]
fn a_capture_and_a_table_of_the_same_packets_give_the_same() {
    let all = ["pcap", "pcapng", "csv"].map(|name| points(&seed(name), ""));
    let without_ids = |points: &str| -> Vec<Vec<String>> {
        let mut rows = csv::Reader::from_reader(points.as_bytes());
        let headings = rows.headers().unwrap().clone();
        let kept = |i: usize| !headings[i].contains("id");
        rows.records()
            .map(|row| row.unwrap().iter().enumerate().filter(|(i, _)| kept(*i)).map(|(_, v)| v.to_owned()).collect())
            .collect()
    };
    assert_eq!(without_ids(&all[0].0), without_ids(&all[1].0));
    let hashes = all.each_ref().map(|(_, manifest)| {
        let (_, after) = manifest.split_once("trace#").expect("the hash stands behind the name");
        after[..16].to_owned()
    });
    assert!(hashes.iter().all(|hash| hash.chars().all(|c| c.is_ascii_hexdigit())), "{hashes:?}");
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2]);
}

/// What is wrong in a trace is named by packet or line, and a trace that has changed is another one.
#[test]
fn what_is_wrong_in_a_trace_is_named_by_packet_or_line() {
    let folder = TempDir::new().unwrap();
    let refused = |trace: &[u8], expected: &[&str]| {
        fs::write(folder.path().join("trace"), trace).unwrap();
        fs::write(folder.path().join("s.toml"), scenario("")).unwrap();
        refuse(&mut run(folder.path(), "s.toml", &["--out", "out"]), expected);
    };
    let capture = seed("pcap");
    refused(&capture[..capture.len() - 10], &["trace: packet 24: the capture ends within a block"]);
    refused(&capture[..24], &["trace: 0 IP packets: at least 2"]);
    refused(b"time_ns,length_bytes,flow\n1,64,1\n2,sixty,1\n", &["trace: line 3", "sixty"]);
    refused(b"time_ns,length_bytes,flow\n5,64,1\n2,64,1\n", &["trace: line 3: a time before the first"]);
    refused(b"hello\n", &["trace: line 1", "`time_ns`"]);
    let table = "time_ns,length_bytes,flow\n1,64,1\n2,64,1\n";
    fs::write(folder.path().join("trace"), table).unwrap();
    let set = ["--out", "out", "--set", "traffic.trace=trace#0123456789abcdef"];
    fs::write(folder.path().join("s.toml"), scenario("").replace("trace = \"trace\"\n", "")).unwrap();
    refuse(&mut run(folder.path(), "s.toml", &set), &["another trace", "0123456789abcdef"]);
    fs::write(folder.path().join("s.toml"), scenario("").replace("trace = \"trace\"\n", "trace = \"nothing\"\n"))
        .unwrap();
    refuse(&mut run(folder.path(), "s.toml", &["--out", "out"]), &["cannot read trace nothing"]);
}
