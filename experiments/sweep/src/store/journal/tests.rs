//! Journals: what comes back, what is lost, and which are refused.

use espsim_model::record::Metric;
use tempfile::TempDir;

use super::*;

fn id(n: u128) -> Id {
    format!("{n:x}").parse().unwrap()
}

fn run(value: f64) -> Run {
    Run { seed: 7, metrics: vec![Metric::plain("throughput", value, "Gb/s")], ..Run::default() }
}

fn journal(lines: &[Vec<u8>]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(crate::store::names::JOURNAL);
    std::fs::write(&path, lines.concat()).unwrap();
    (folder, path)
}

#[test]
fn numbers_come_back_to_the_last_bit() {
    let values = [0.1 + 0.2, 1.0 / 3.0, 5e-324, 1.797e308, -0.0];
    let lines: Vec<Vec<u8>> = (0..).zip(values).map(|(n, value)| run_line(id(n), &run(value))).collect();
    let (_folder, path) = journal(&lines);
    let mut finished = Finished::default();
    assert_eq!(finished.add(&path).unwrap().runs, values.len());
    for (n, value) in (0..).zip(values) {
        let (read, line) = finished.read(id(n)).unwrap().unwrap();
        assert_eq!(read.metrics[0].value.to_bits(), value.to_bits());
        assert_eq!(line, lines[n as usize]);
    }
    let (_folder, path) = journal(&[run_line(id(1), &run(f64::NAN))]);
    let mut finished = Finished::default();
    finished.add(&path).unwrap();
    assert!(finished.read(id(1)).unwrap().unwrap().0.metrics[0].value.is_nan());
}

#[test]
fn other_formats_are_named_and_the_schema_is_the_committed_one() {
    let refused = |json: &str| {
        let (_folder, path) = journal(&[with_checksum(&format!("{HEADER} {json}")).into_bytes()]);
        let (all, first) = (Finished::default().add(&path).unwrap_err(), first_header(&path).unwrap_err());
        assert_eq!(all.to_string(), first.to_string());
        all.to_string()
    };
    let older = refused(r#"{"format":1,"kind":"run","shard":{"number":1,"of":2}}"#);
    assert!(older.ends_with("this journal was written by an older espsim: its format is 1, this program's is 2"));
    let newer = refused(r#"{"format":3,"kind":"weather"}"#);
    assert!(newer.ends_with("this journal was written by a newer espsim: its format is 3, this program's is 2"));
    assert!(refused(r#"{"format":2}"#).contains("missing field"));
    version::assert_schema("journal-header", &schemars::schema_for!(Header));
}

/// Wherever a line is cut or an octet changed, exactly what stands there is lost.
#[test]
fn a_torn_or_damaged_line_is_dropped_and_no_other() {
    let lines: Vec<Vec<u8>> = (0..3).map(|n| run_line(id(n), &run(n as f64))).collect();
    let whole = lines.concat();
    for cut in 0..whole.len() {
        let (_folder, path) = journal(&[whole[..cut].to_vec()]);
        let mut finished = Finished::default();
        let found = finished.add(&path).unwrap();
        let length = lines[0].len();
        assert_eq!(found.runs, cut / length, "cut at {cut}");
        assert_eq!((found.end, found.torn), ((cut - cut % length) as u64, (cut % length) as u64));
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        let (_folder, path) = journal(&[changed]);
        let mut finished = Finished::default();
        let found = finished.add(&path).unwrap();
        let hit = at / lines[0].len();
        let present: Vec<bool> = (0..3).map(|n| finished.contains(id(n))).collect();
        // Without the end of a line it and the next one are one, of a wrong checksum.
        let both = at % lines[0].len() == lines[0].len() - 1;
        let expected: Vec<bool> = (0..3).map(|n| n != hit && !(both && n == hit + 1)).collect();
        assert_eq!(present, expected, "octet {at}");
        assert_eq!(found.damaged.is_empty(), !expected[2], "octet {at}");
    }
}
