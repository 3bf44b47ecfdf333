//! Each format as its tool writes it, damaged line by line.

use super::*;

const SPEED: &str = include_str!("../../../tests/data/import/speed.txt");
const PERF: &str = include_str!("../../../tests/data/import/crypto-perf.csv");
const IPERF: &str = include_str!("../../../tests/data/import/iperf3.json");
const CSIT: &str = include_str!("../../../tests/data/import/csit/ndrpdr.json");

fn imported(format: Format, text: &str) -> Result<Imported, Failure> {
    parse(format, Path::new("file"), text, &How::default())
}

/// What is said of a text with something else in place of a part.
fn refused(format: Format, text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    let failure = imported(format, &text.replacen(from, to, 1)).unwrap_err();
    let words = failure.to_string();
    format!("{words}\n{:?}", miette::Report::new(failure))
}

fn assert_said(cases: &[(String, &[&str])]) {
    for (said, parts) in cases {
        assert!(parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
    }
}

#[test]
fn sizes_of_openssl_become_megabytes_a_second() {
    let all = imported(Format::OpensslSpeed, SPEED).unwrap();
    let of: Vec<(f64, f64, Role)> = all.rows.iter().map(|row| (row.x.unwrap(), row.published, row.role)).collect();
    assert_eq!(of.len(), 6);
    assert_eq!(of[2], (256.0, 2918.427136, Role::Fitted));
    assert_eq!((of[1].2, of[5].2), (Role::Predicted, Role::Fitted));
    assert_eq!(all.rows[0].id, "aes-128-gcm-16");
    assert_eq!((all.rows[0].algorithm, all.rows[0].direction), (Some(Algorithm::Aes128Gcm), Some(Direction::Seal)));
    assert!(all.rows[0].assumed.contains("-aead") && all.rows[0].assumed.contains("seal"));
    assert!(all.notes[0].contains("1 lines of signatures"), "{:?}", all.notes);
}

#[test]
fn processes_together_are_no_cost_of_one_core() {
    let all = imported(Format::OpensslSpeed, include_str!("../../../tests/data/import/multi.txt")).unwrap();
    let [small, _] = &all.rows[..] else { panic!("{all:?}") };
    assert_eq!((small.published, small.algorithm, small.direction), (177.612352, None, None));
    assert!(small.assumed.contains("the sum of 2 processes"), "{}", small.assumed);
    assert!(all.notes[0].contains("choose those that are fitted with --fitted"), "{:?}", all.notes);
}

#[test]
fn what_is_wrong_with_openssl_is_said_with_the_line() {
    let said = |from: &str, to: &str| refused(Format::OpensslSpeed, SPEED, from, to);
    assert_said(&[
        (said("+H:16:64", "+H:16:sixty"), &["file:3", "+H has a size in octets"]),
        (said("+H:16:64:", "+H:16:64:128:"), &["file:4", "7 rates"]),
        (said("327938017.28", "fast"), &["file:4", "`fast` is no number above zero", "octets a second"]),
        (said("327938017.28", "0.00"), &["file:4", "above zero"]),
        (said("+H:", "+HH:"), &["file:3", "begins with +H, +F, +R, +DT or Got:"]),
        (said("+R:61283904", "+R:many"), &["file:2", "+R has a count"]),
        (said("+DT:", "The 'numbers' are in 1000s of bytes per second processed.\n+DT:"), &["file:1", "without -mr"]),
        (refused(Format::OpensslSpeed, "+F:1:sha256:1.0\n", "+F", "+F"), &["file:1", "before +H"]),
        (refused(Format::OpensslSpeed, "+H:16\n", "+H", "+H"), &["nothing that makes a row"]),
        (said("+F2:0:512", "+F:26:AES-128-GCM:1:1:1:1:1:1\n+F2:0:512"), &["aes-128-gcm-16 is there twice"]),
    ]);
}

#[test]
fn the_options_of_dpdk_name_the_cipher() {
    let all = imported(Format::DpdkCryptoPerf, PERF).unwrap();
    let row = &all.rows[1];
    assert_eq!((row.x, row.published, row.role), (Some(256.0), 20.791 * 125.0, Role::Fitted));
    assert_eq!(row.series, "crypto_aesni_mb, aes-gcm 16, core 3, burst 32");
    assert_eq!((row.algorithm, row.direction), (Some(Algorithm::Aes128Gcm), Some(Direction::Seal)));
    assert!(row.source.contains("aead aad size 16"), "{}", row.source);
    let older = PERF.replace(
        "3,64,32,10000000,10000000,0,0,14.925,7.642,154.106",
        "3;64;32;10000000;10000000;0;0;14.925;7.642;154.106",
    );
    assert_eq!(imported(Format::DpdkCryptoPerf, &older).unwrap().rows, all.rows);
    // Without its options the cipher is what the user says.
    let silent = PERF.lines().filter(|line| !line.starts_with("# ") && *line != "#").collect::<Vec<_>>().join("\n");
    assert_eq!(imported(Format::DpdkCryptoPerf, &silent).unwrap().rows[0].algorithm, None);
    let how = How { algorithm: Some(Algorithm::Aes256Gcm), direction: Some(Direction::Open), ..How::default() };
    let said = parse(Format::DpdkCryptoPerf, Path::new("file"), &silent, &how).unwrap();
    assert_eq!((said.rows[0].algorithm, said.rows[0].direction), (Some(Algorithm::Aes256Gcm), Some(Direction::Open)));
}

#[test]
fn what_is_wrong_with_dpdk_is_said_with_the_line() {
    let said = |from: &str, to: &str| refused(Format::DpdkCryptoPerf, PERF, from, to);
    assert_said(&[
        (said("cperf test: throughput", "cperf test: latency"), &["file:5", "`latency`", "only throughput"]),
        (said("Burst Size,Enq", "Burst,Enq"), &["file:25", "columns are not those that are known"]),
        (said("#lcore id", "# lcore id"), &["file:27", "--csv-friendly"]),
        (said("3,64,32,10000000,", "3,64,32,"), &["file:27", "9 columns: ten"]),
        (said("14.925,7.642", "14.925,8.642"), &["file:27", "14.925 million operations of 64 octets are 7.642 Gb/s"]),
        (said("3,256,32,", "3,256,many,"), &["file:28", "burst size is `many`"]),
        (said("EAL: Detected", "USER1 failed"), &["file:1", "nor a log such as"]),
    ]);
}

#[test]
fn goodput_is_what_the_receiver_got() {
    let all = imported(Format::Iperf3, IPERF).unwrap();
    let row = &all.rows[0];
    assert_eq!((row.x, row.published, &*row.unit), (Some(4.0), 9.39000000025, "Gb/s goodput"));
    assert!(row.source.contains("iperf 3.12") && row.id == "iperf3-tcp-4", "{row:?}");
    let how = How { scenario: Some("gateway.toml; traffic.flows={x}".into()), fitted: vec![4], ..How::default() };
    let with = parse(Format::Iperf3, Path::new("file"), IPERF, &how).unwrap();
    assert_eq!((&*with.rows[0].scenario, with.rows[0].role), ("gateway.toml; traffic.flows=4", Role::Fitted));
    let udp = IPERF.replace("\"TCP\"", "\"UDP\"").replace("\"sum_received\"", "\"sum\"");
    let udp = udp.replace("\"bits_per_second\": 9390000000.25", "\"bits_per_second\": 9e9, \"lost_percent\": 10");
    assert!((imported(Format::Iperf3, &udp).unwrap().rows[0].published - 8.1).abs() < 1e-9);
}

#[test]
fn what_is_wrong_with_iperf3_is_said_with_the_key() {
    let said = |from: &str, to: &str| refused(Format::Iperf3, IPERF, from, to);
    assert_said(&[
        (said("\"end\":", "\"error\": \"unable to connect\", \"end\":"), &["file: `error`", "unable to connect"]),
        (said("sum_received", "sum_recieved"), &["file: `end` has no `sum_received`"]),
        (said("9390000000.25", "\"fast\""), &["`end.sum_received.bits_per_second` is \"fast\": a number above zero"]),
        (said("\"sum_sent\"", "\"sum_received_bidir_reverse\""), &["--bidir"]),
        (said("\"num_streams\":\t4", "\"num_streams\":\t0"), &["`start.test_start.num_streams` is 0"]),
        (said("\"intervals\":\t[],", "\"intervals\":\t[,"), &["file:19", "expected value"]),
    ]);
}

#[test]
fn bounds_of_csit_become_millions_of_packets() {
    let all = imported(Format::Csit, CSIT).unwrap();
    let of: Vec<(&str, f64)> = all.rows.iter().map(|row| (&*row.unit, row.published)).collect();
    assert!(of.iter().all(|(unit, _)| *unit == "Mpps"));
    assert!((of[0].1 - 6.0123456).abs() < 1e-9 && (of[1].1 - 6.5123456).abs() < 1e-9, "{of:?}");
    assert_eq!(all.rows[0].x, Some(64.0));
    assert!(all.rows[0].assumed.contains("both directions together"));
}

#[test]
fn what_is_wrong_with_csit_is_said_with_the_key() {
    let said = |from: &str, to: &str| refused(Format::Csit, CSIT, from, to);
    assert_said(&[
        (said("\"1.4.0\"", "\"2.0.0\""), &["`version` is 2.0.0: 1.x is known"]),
        (said("\"passed\": true", "\"passed\": false"), &["a test that failed"]),
        (said("\"type\": \"ndrpdr\"", "\"type\": \"reconf\""), &["`result.type` is `reconf`: mrr, ndrpdr"]),
        (said("\"unit\": \"pps\"", "\"unit\": \"cps\""), &["`result.ndr.lower.rate.unit` is `cps`: pps"]),
        (said("\"lower\"", "\"low\""), &["`result.ndr` has no `lower`"]),
        (said("6012345.6", "-1"), &["`result.ndr.lower.rate.value` is -1: a number above zero"]),
    ]);
}

#[test]
fn two_sizes_are_fitted_or_none() {
    let fitted =
        |fitted: Vec<u64>| parse(Format::OpensslSpeed, Path::new("file"), SPEED, &How { fitted, ..How::default() });
    let roles = |all: Imported| {
        all.rows.iter().filter(|row| row.role == Role::Fitted).filter_map(|row| row.x).collect::<Vec<f64>>()
    };
    assert_eq!(roles(fitted(vec![64, 8192]).unwrap()), [64.0, 8192.0]);
    for (list, said) in
        [(vec![64], "two sizes"), (vec![64, 65], "takes two sizes of `AES-128-GCM`"), (vec![64, 64], "two sizes")]
    {
        let message = fitted(list).unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
    }
}
