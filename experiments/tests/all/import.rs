//! `espsim import` and what reads its rows: golden outputs, `fit` and `validate --against`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::{espsim, text};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import").join(name)
}

fn run(folder: &TempDir, words: &[&str]) -> (Option<i32>, String, String) {
    let output = espsim(folder).args(words).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn import(folder: &TempDir, format: &str, name: &str, more: &[&str]) -> String {
    let (file, out) = (data(name), format!("{format}.csv"));
    let words = ["import", format, file.to_str().unwrap(), "--out", &out];
    let (code, _, said) = run(folder, &[&words[..], more].concat());
    assert_eq!(code, Some(0), "{said}");
    fs::read_to_string(folder.path().join(out)).unwrap()
}

/// What is written, to the octet.
#[test]
fn every_format_gives_the_rows_that_are_expected() {
    let folder = TempDir::new().unwrap();
    for (format, name, more) in [
        ("openssl-speed", "speed.txt", &["--source", "a host at 3.2 GHz"][..]),
        ("dpdk-crypto-perf", "crypto-perf.csv", &[]),
        ("iperf3", "iperf3.json", &["--scenario", "placement=host; host.cores={x}"]),
        ("csit", "csit", &[]),
        ("pcie-bench", "pcie-bench", &[]),
    ] {
        let golden = data(&format!("golden-{format}.csv"));
        let written = import(&folder, format, name, more);
        if std::env::var_os("ESPSIM_BLESS").is_some() {
            fs::write(&golden, &written).unwrap();
        }
        assert_eq!(written, fs::read_to_string(&golden).unwrap(), "{format}");
    }
    // Printed where no file is named, and no file is replaced.
    let file = data("speed.txt");
    let (code, printed, _) = run(&folder, &["import", "openssl-speed", file.to_str().unwrap()]);
    assert!(code == Some(0) && printed.starts_with("id,series,x,published,unit,role,"), "{printed}");
    let again = ["import", "openssl-speed", file.to_str().unwrap(), "--out", "openssl-speed.csv"];
    let (code, _, said) = run(&folder, &again);
    assert!(code == Some(2) && said.contains("exists already"), "{said}");
}

#[test]
fn what_is_broken_is_refused_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let broken = fs::read_to_string(data("speed.txt")).unwrap().replace("+H:16", "+X:16");
    fs::write(folder.path().join("speed.txt"), broken).unwrap();
    let (code, _, said) = run(&folder, &["import", "openssl-speed", "speed.txt", "--out", "rows.csv"]);
    assert!(code == Some(2) && unbroken(&said).contains("speed.txt:3"), "{said}");
    assert!(!folder.path().join("rows.csv").exists());
    let (code, _, said) = run(&folder, &["import", "openssl-speed", "speed.txt", "--algorithm", "rot13"]);
    assert!(code == Some(2) && said.contains("there is no cipher `rot13`"), "{said}");
    let (code, _, said) = run(&folder, &["import", "pcie-bench", "."]);
    assert!(code == Some(2) && said.contains("no table *.csv of pcie-bench"), "{said}");
}

/// What the rows say of a cipher stands in the profile, in place of the preset's, and a run uses it.
#[test]
fn an_imported_cipher_becomes_the_cost_of_a_profile() {
    let folder = TempDir::new().unwrap();
    import(&folder, "openssl-speed", "speed.txt", &["--source", "a host at 3.2 GHz"]);
    let fit = ["fit", "openssl-speed.csv", "--profile", "preset:zen4", "--out", "mine.toml"];
    let (code, printed, said) = run(&folder, &fit);
    assert_eq!(code, Some(0), "{said}");
    let error = |row: &str| {
        let line = printed.lines().find(|line| line.contains(row)).unwrap_or_else(|| panic!("{row}: {printed}"));
        line.split('|').nth(4).unwrap().trim().trim_end_matches(" %").parse::<f64>().unwrap()
    };
    assert!(error("aes-128-gcm-256 ").abs() < 0.2 && error("aes-128-gcm-16384 ").abs() < 0.2, "{printed}");
    let profile = fs::read_to_string(folder.path().join("mine.toml")).unwrap();
    let parsed: toml::Table = profile.parse().unwrap();
    let of = |direction: &str| {
        let all = parsed["aead"].as_array().unwrap().iter();
        let named = |cost: &&toml::Value, key: &str, value: &str| cost[key].as_str() == Some(value);
        all.filter(|cost| named(cost, "algorithm", "aes-128-gcm") && named(cost, "direction", direction))
            .map(|cost| cost["backend"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("seal").iter().filter(|backend| *backend == "aes-128-gcm").count(), 1, "{:?}", of("seal"));
    assert!(!of("seal").contains(&"ring".to_owned()) && of("open").contains(&"ring".to_owned()));
    assert!(
        profile.contains("derived: fitted to openssl-speed.csv: aes-128-gcm-256, aes-128-gcm-16384; a host at 3.2 GHz")
    );
    fs::write(
        folder.path().join("small.toml"),
        "placement = \"host\"\ntraffic.direction = \"encrypt\"\nhost.stack = \"vector\"\n[run]\nmax_packets = 20000\n",
    )
    .unwrap();
    let (code, _, said) = run(&folder, &["run", "small.toml", "--profile", "mine.toml"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn rows_of_sizes_and_of_scenarios_are_held_against_the_model() {
    let folder = TempDir::new().unwrap();
    import(&folder, "openssl-speed", "speed.txt", &[]);
    let (code, printed, said) =
        run(&folder, &["validate", "--against", "openssl-speed.csv", "--out", "sizes", "--format", "csv"]);
    assert_eq!(code, Some(0), "{said}");
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(printed.as_bytes()).records().map(Result::unwrap).collect();
    assert!(rows.len() == 6 && rows.iter().all(|row| &row[0] == "sizes"), "{printed}");
    assert!(folder.path().join("sizes/sizes.svg").exists());
    let (code, _, said) = run(&folder, &["report", "sizes"]);
    assert_eq!(code, Some(0), "{said}");

    fs::write(folder.path().join("my.toml"), "placement = \"clear\"\n[run]\nmax_packets = 20000\n").unwrap();
    let scenarios = "id,series,published,unit,role,scenario\n\
                     file,a,9,Gb/s goodput,predicted,my.toml; host.cores=1\n\
                     settings,b,1,Mpps,predicted,placement=host; run.max_packets=20000\n";
    fs::write(folder.path().join("own.csv"), scenarios).unwrap();
    let against = ["validate", "--against", "own.csv"];
    let (code, _, said) = run(&folder, &against);
    assert!(code == Some(2) && unbroken(&said).contains("own.csv:2: its `scenario` is of a host"), "{said}");
    let with = ["--profile", "preset:zen4", "--tolerance", "20 %", "--format", "json"];
    let (code, printed, said) = run(&folder, &[&against[..], &with].concat());
    assert_eq!(code, Some(0), "{said}");
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let all = json.as_array().unwrap();
    assert!(
        all.len() == 2 && all.iter().all(|row| row["simulated"].as_f64().unwrap() > 0.1 && row["tolerance"] == 0.2)
    );
}

#[test]
fn rows_that_cannot_be_compared_are_named() {
    let folder = TempDir::new().unwrap();
    let header = "id,series,x,published,unit,role,scenario\n";
    for (rows, parts) in [
        ("a,s,64,1,MB/s,fitted,\nb,s,256,2,MB/s,predicted,\n", &["own.csv:2", "has 1 rows whose role is fitted"][..]),
        ("a,s,,1,MB/s,fitted,\n", &["own.csv:2", "the octets of a buffer"]),
        ("a,s,64,1,Gb/s goodput,fitted,\n", &["own.csv:2", "MB/s where no `scenario`"]),
        ("a,s,64,1,Mpps,predicted,placement=hots\n", &["own.csv:2", "hots"]),
        ("a,s,64,1,Mpps,predicted,nowhere.toml\n", &["own.csv:2", "nowhere.toml"]),
    ] {
        fs::write(folder.path().join("own.csv"), format!("{header}{rows}")).unwrap();
        let (code, _, said) = run(&folder, &["validate", "--against", "own.csv", "--profile", "preset:zen4"]);
        let said = unbroken(&said);
        assert!(code == Some(2) && parts.iter().all(|part| said.contains(part)), "{parts:?}: {said}");
    }
    assert!(!folder.path().join("out").exists());
}

/// Measured goodput by its file of rows finds a value of the profile.
#[test]
fn rows_of_a_file_are_fitted_too() {
    let folder = TempDir::new().unwrap();
    let rows = "id,series,x,published,unit,role,scenario\n\
                one,clear,1,27.9,Gb/s goodput,fitted,placement=clear; traffic.packet=1500 B\n\
                two,clear,2,55.8,Gb/s goodput,predicted,placement=clear; traffic.packet=1500 B; host.cores=2; traffic.flows=2\n";
    fs::write(folder.path().join("rows.csv"), rows).unwrap();
    let file = "title = \"ours\"\nprofile = \"preset:ice-lake-sp\"\nrows = \"rows.csv\"\n[parameters]\n\"stack in all\" = [\"stack.*\"]\n\
                [scenario]\nhost.cores = 1\nnic.preset = \"connectx-6-dx\"\ntraffic.direction = \"receive\"\ntraffic.flows = 1\n\
                traffic.transport = \"tcp\"\n";
    fs::write(folder.path().join("fit.toml"), file).unwrap();
    let (code, printed, said) = run(&folder, &["fit", "fit.toml", "--out", "fitted.toml"]);
    assert_eq!(code, Some(0), "{said}");
    let line = |row: &str| printed.lines().find(|line| line.contains(row)).unwrap().to_owned();
    assert!(line("one").contains("27.9") && line("two").contains("Gb/s goodput"), "{printed}");
    let profile = fs::read_to_string(folder.path().join("fitted.toml")).unwrap();
    assert!(profile.contains("derived: fitted") && profile.contains("ours: one"), "{profile}");
}
