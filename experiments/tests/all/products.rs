//! Values that are allowed each by itself and not together are refused before they take memory.
#![cfg(target_os = "linux")]

use std::fs;

use tempfile::TempDir;

use crate::common::sweep::{Used, assert_refused, program, with_usage};

/// What refusing may take, in MiB: the file itself, some ten thousand lines, is most of it.
const MOST: u64 = 300;

/// A command refuses a scenario with all of `expected`, and takes little memory for it.
fn refused(command: &str, scenario: &str, expected: &[&str]) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let mut command_line = program(folder.path(), &[command, "s.toml", "--profile", "preset:zen4", "--out", "out"]);
    let (output, Used { mib: used, .. }) = with_usage(&mut command_line);
    assert_refused(&command_line, &output, &[&["s.toml:"], expected].concat());
    assert!(!folder.path().join("out").exists());
    println!("{command}, {}: at most {used} MiB", expected[0]);
    assert!((1..MOST).contains(&used), "{used} MiB, at most {MOST}");
}

#[test]
fn rows_times_sizes() {
    let head = "placement = \"host\"\nsa.count = 1024\nhost.cores = 128";
    let sizes: Vec<String> = (0..1200).map(|i| format!("{{ weight = 1, size = \"{} B\" }},\n", 64 + i)).collect();
    let mix = format!("{head}\n[traffic]\nflows = 1024\nmix = [\n{}]\n", sizes.join(""));
    refused("run", &mix, &["`traffic.mix` is 1200 sizes", "128 cores with 1 NICs", "153600 routes", "at most 30000"]);
}

#[test]
fn rows_times_sizes_times_ways_of_a_failover() {
    let sizes: Vec<String> = (0..200).map(|i| format!("{{ weight = 1, size = \"{} B\" }},\n", 64 + i)).collect();
    let head = "placement = \"host\"\nhost.cores = 64\n[traffic]\narrival = \"poisson\"\nrate = \"1 Gbps\"";
    let event = "[failover]\nspan = \"20 ms\"\n[[failover.event]]\nwhat = \"rekey\"\nat = \"1 ms\"\n";
    let mix = format!("{head}\nmix = [\n{}]\n{event}", sizes.join(""));
    refused("failover", &mix, &["`traffic.mix` is 200 sizes", "6 ways of a failover", "76800 routes"]);
}

#[test]
fn jobs_in_flight() {
    let window = "placement = \"host\"\n[host]\ncores = 256\n[traffic]\nwindow = 1000000\n";
    refused("run", window, &["`traffic.window` is 1000000", "host.cores, 256", "256000000 packets", "at most 4000000"]);
    let queue = "placement = \"host\"\n[host]\ncores = 64\n[traffic]\narrival = \"poisson\"\nrate = \"900 Gbps\"\n\
                 queue = 100000\n";
    refused("run", queue, &["`traffic.queue` is 100000", "host.cores, 64", "6400000 packets"]);
}

#[test]
fn happenings_of_all_events() {
    let event = "[[failover.event]]\nwhat = \"rekey\"\nat = \"0 ms\"\nevery = \"100 us\"\n";
    let head = "placement = \"inline-packet\"\n[traffic]\narrival = \"poisson\"\nrate = \"1 Gbps\"\n[failover]\nspan = \"1 s\"\n";
    let many = format!("{head}{}", event.repeat(100));
    refused("failover", &many, &["`failover.event` is 100 events", "1000100 times", "at most 100000"]);
    let each = format!("sa.count = 1000000\n{head}{event}");
    refused("failover", &each, &["1 events", "10001 times to 1000000 SAs", "at most 1000000000"]);
}

#[test]
fn swept_values_times_skips() {
    let values: Vec<String> = (1..=20_000).map(|n| n.to_string()).collect();
    let skips: String = (1..=2000).map(|n| format!("[[sweep.skip]]\n\"traffic.queue\" = {n}\n")).collect();
    let sweep = format!("placement = \"host\"\n[sweep]\n\"traffic.queue\" = [{}]\n{skips}", values.join(","));
    refused("run", &sweep, &["`sweep.skip`: 2000 entries", "40000000", "at most 10000000"]);
    let axis = |key: &str, from: u32, n: u32| {
        format!("\"{key}\" = [{}]\n", (from..from + n).map(|n| n.to_string()).collect::<Vec<_>>().join(","))
    };
    let (window, queue) = (axis("traffic.window", 1, 3000), axis("traffic.queue", 1, 3000));
    let skips: String = (1..=1200).map(|n| format!("[[sweep.skip]]\n\"traffic.queue\" = {n}\n")).collect();
    let product = format!("placement = \"host\"\n[sweep]\n{window}{queue}{skips}");
    refused("run", &product, &["1200 entries x 9000000 combinations x 1 series", "at most 10000000000"]);
}

/// Packets of 1000 octets (l3) come encrypted in frames that take more of the wire than those in the clear.
#[test]
fn a_rate_above_the_incoming_wire() {
    let scenario = |direction: &str, rate: &str| {
        format!(
            "placement = \"host\"\nnic.line_rate = \"10 Gbps\"\n[run]\nmax_packets = 20000\n[traffic]\n\
             direction = \"{direction}\"\narrival = \"constant\"\nrate = \"{rate}\"\npacket = \"1000 B\"\nrate_basis = \"l3\"\n"
        )
    };
    let expected = ["`traffic.rate` is 9.7 Gbps", "at most 9.6", "incoming wire carries (10 Gb/s"];
    refused("run", &scenario("forward", "9.7 Gbps"), &expected);
    refused("run", &scenario("receive", "9.6 Gbps"), &["`traffic.rate` is 9.6 Gbps", "at most 9."]);
    for (direction, rate) in [("forward", "9.6 Gbps"), ("receive", "9 Gbps"), ("transmit", "20 Gbps")] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("s.toml"), scenario(direction, rate)).unwrap();
        crate::common::sweep::succeed(&mut crate::common::sweep::run(folder.path(), "s.toml", &["--out", "out"]));
    }
}
