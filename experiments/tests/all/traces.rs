//! Traces of packets: what the program reads of captures and tables, and what it makes of them.

use std::fs;
use std::io::BufWriter;
use std::path::Path;

use tempfile::TempDir;

use crate::common::capture::Capture;
#[cfg(target_os = "linux")]
use crate::common::sweep::with_usage;
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

/// Packets at even times on five flows, as a table.
fn table(packets: u32) -> Vec<u8> {
    let rows = (0..packets).map(|i| format!("{},{},{}\n", i * 1000, [64, 576, 1428][i as usize % 3], i % 5));
    ["time_ns,length_bytes,flow\n".to_owned()].into_iter().chain(rows).collect::<String>().into_bytes()
}

/// An IPv4 packet of UDP as in the table, behind an Ethernet header and cut behind its own.
fn frame(i: u32) -> Vec<u8> {
    let l3 = [64u16, 576, 1428][i as usize % 3].to_be_bytes();
    let ip = [0x45, 0, l3[0], l3[1], 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1];
    [&[0; 12][..], &[0x08, 0x00], &ip, &[0x10, (i % 5) as u8, 0x14, 0x51, 0, 0, 0, 0]].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The same as pcap, of microseconds.
fn pcap(packets: u32) -> Vec<u8> {
    let header = words(&[0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, 1]);
    let record = |i| [words(&[0, i, 42, 14 + [64, 576, 1428][i as usize % 3]]), frame(i)].concat();
    [header].into_iter().chain((0..packets).map(record)).flatten().collect()
}

/// The same as pcapng, with the default unit of microseconds.
fn pcapng(packets: u32) -> Vec<u8> {
    let section = words(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28]);
    let interface = words(&[1, 20, 1, 65_535, 20]);
    let record = |i| {
        let length = 14 + [64, 576, 1428][i as usize % 3];
        [words(&[6, 76, 0, 0, i, 42, length]), frame(i), vec![0, 0], words(&[76])].concat()
    };
    [section, interface].into_iter().chain((0..packets).map(record)).flatten().collect()
}

/// A capture in either format and a table of the same packets are the same traffic, under names that differ by content.
#[test]
fn a_capture_and_a_table_of_the_same_packets_give_the_same() {
    let all = [pcap(30_000), pcapng(30_000), table(30_000)].map(|trace| points(&trace, ""));
    let values = |points: &str| -> Vec<Vec<String>> {
        let mut rows = csv::Reader::from_reader(points.as_bytes());
        let headings = rows.headers().unwrap().clone();
        let is_kept = |i: usize| !headings[i].contains("id");
        let kept = |row: csv::StringRecord| {
            row.iter().enumerate().filter(|(i, _)| is_kept(*i)).map(|(_, v)| v.to_owned()).collect()
        };
        rows.records().map(|row| kept(row.unwrap())).collect()
    };
    assert_eq!(values(&all[0].0), values(&all[1].0));
    assert_eq!(values(&all[0].0), values(&all[2].0));
    assert!(all[0].0.contains("goodput"));
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
    refused_as_short(folder.path());
    fs::write(folder.path().join("s.toml"), scenario("").replace("trace = \"trace\"\n", "trace = \"nothing\"\n"))
        .unwrap();
    refuse(&mut run(folder.path(), "s.toml", &["--out", "out"]), &["cannot read trace nothing"]);
}

/// What is too short to measure has a code of its own, and help that names its packets.
fn refused_as_short(folder: &Path) {
    fs::write(folder.join("trace"), table(100)).unwrap();
    fs::write(folder.join("s.toml"), scenario("")).unwrap();
    let output = run(folder, "s.toml", &["--out", "short"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("the trace has 100 packets") && said.contains("traffic.trace"), "{said}");
}

/// How many packets the longer one of two traces has; the variable is for long runs.
const PACKETS: (&str, u64) = ("ESPSIM_TEST_TRACE", 400_000);
/// What ten times the packets may take more, in MiB: chance of the allocator and of when memory is looked at.
const MORE: u64 = 4;

/// However long a trace is, no design takes more memory for it.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_a_trace() {
    let packets: u64 = std::env::var(PACKETS.0).map_or(PACKETS.1, |text| text.parse().unwrap());
    let folder = TempDir::new().unwrap();
    let on_off = Some((100e3, 100e3));
    for (name, packets) in [("shorter", packets / 10), ("longer", packets)] {
        let file = BufWriter::new(fs::File::create(folder.path().join(name)).unwrap());
        Capture { packets, flows: 1000, rate: 2e6, on_off, seed: 1 }.write(file).unwrap();
    }
    for design in ["host", "lookaside", "inline-crypto", "inline-packet"] {
        let of = format!(
            "title = \"t\"\nplacement = \"{design}\"\n[host]\ncores = 16\n[lookaside]\ndriver = \"complete\"\n\
             [traffic]\ndirection = \"encrypt\"\narrival = \"trace\"\n[[series]]\nname = \"s\"\n"
        );
        fs::write(folder.path().join("s.toml"), of).unwrap();
        let used = ["shorter", "longer"].map(|name| {
            let trace = format!("traffic.trace={name}");
            let out = format!("{design}-{name}");
            let mut command = run(folder.path(), "s.toml", &["--out", &out, "--jobs", "1", "--set", &trace]);
            let (output, used) = with_usage(&mut command);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            used
        });
        let [shorter, longer] = used;
        let seconds = longer.user_seconds;
        println!("{design}: {packets} packets in {seconds} s and {} MiB, a tenth in {} MiB", longer.mib, shorter.mib);
        assert!(longer.mib <= shorter.mib + MORE, "{design}: {used:?}");
    }
}
