//! `espsim pcie-bench` as a user meets it.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::common::message::unbroken;
use crate::common::{espsim, text};

fn bench(folder: &TempDir, args: &[&str]) -> (Option<i32>, String, String) {
    let output = espsim(folder).arg("pcie-bench").args(args).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn rows(csv: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect()
}

/// The machine of the published measurements meets those that it is fitted on, and comparing with itself is no error.
#[test]
fn the_published_device_is_the_default_and_points_can_be_compared() {
    let folder = TempDir::new().unwrap();
    let args =
        ["--test", "read-bandwidth,read-latency", "--size", "64,2048", "--out", "a", "--format", "csv", "--jobs", "1"];
    let (code, printed, said) = bench(&folder, &args);
    assert_eq!(code, Some(0), "{said}");
    let header = "system,test,pattern,cache,win_bytes,size_bytes,bw_gbps,mtrans_per_s,avg_ns,bound_gbps";
    assert_eq!(printed.lines().next(), Some(header));
    let value = |i: usize, column: usize| rows(&printed)[i][column].parse::<f64>().unwrap();
    // experiments/validation/pcie_bench.csv, within what a whole number of tags leaves.
    assert!((value(0, 6) / 31.906 - 1.0).abs() < 0.02 && (value(2, 8) / 554.7 - 1.0).abs() < 0.05, "{printed}");
    assert!(value(0, 6) <= value(0, 9) * 1.001, "{printed}");
    for file in ["points.csv", "table.csv", "manifest.json", "bandwidth.svg", "latency.svg", "journal"] {
        assert!(folder.path().join("a").join(file).exists(), "{file}");
    }
    let (_, again, _) = bench(
        &folder,
        &["--test", "read-bandwidth,read-latency", "--size", "64,2048", "--out", "b", "--format", "csv", "--jobs", "2"],
    );
    assert_eq!(printed, again);
    let (code, compared, said) = bench(&folder, &["--against", "a/points.csv", "--out", "c", "--format", "csv"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(rows(&compared).len() == 4 && !compared.contains("MISS"), "{compared}");
    let report = espsim(&folder).args(["report", "a"]).output().unwrap();
    assert!(report.status.success(), "{}", text(&report.stderr));
    let html = fs::read_to_string(folder.path().join("a/report.html")).unwrap();
    assert!(html.contains("nfp6000 with") && html.contains("<svg"));
}

/// Rows of the public data beside the model, each with its error.
#[test]
fn public_tables_are_compared_by_row() {
    let folder = TempDir::new().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import/pcie-bench");
    let (code, printed, said) = bench(&folder, &["--against", data.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 rows in a cache that the device has warmed or thrashed are left out"), "{said}");
    for series in
        ["read bandwidth, warm, window 8192 B, random", "write and read latency, warm, window 8192 B, sequential"]
    {
        assert!(printed.contains(series), "{series}: {printed}");
    }
    let two = "system,test,pattern,cache,win_bytes,size_bytes,bw_gbps\na-host,BW_DMA_RD,Rand,HWarm,8192,64,31.9\n\
               b-host,BW_DMA_RD,Rand,HWarm,8192,64,20\n";
    fs::write(folder.path().join("two.csv"), two).unwrap();
    let (_, printed, said) = bench(&folder, &["--against", "two.csv", "--format", "csv", "--out", "two"]);
    assert!(rows(&printed).len() == 2 && said.contains("has 2 systems"), "{said}");
    let (_, printed, _) =
        bench(&folder, &["--against", "two.csv", "--system", "a-", "--format", "csv", "--out", "one"]);
    assert!(rows(&printed).len() == 1 && printed.contains("a-host"), "{printed}");
    let (code, _, said) = bench(&folder, &["--against", "two.csv", "--system", "c-"]);
    assert!(code == Some(2) && said.contains("there are a-host, b-host"), "{said}");
    let (code, _, said) = bench(&folder, &["--against", data.to_str().unwrap(), "--size", "64"]);
    assert!(code == Some(2) && said.contains("cannot be used with"), "{said}");
}

#[test]
fn links_tags_and_iommu_are_what_they_are_said_to_be() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str, more: &[&str]| {
        let args = ["--size", "64", "--format", "csv", "--out", name];
        let (code, printed, said) = bench(&folder, &[&args[..], more].concat());
        assert_eq!(code, Some(0), "{said}");
        let row = rows(&printed)[0].clone();
        row[6].parse::<f64>().unwrap_or_else(|_| row[8].parse().unwrap())
    };
    let plain = at("plain", &["--device", "connectx-6-dx", "--slot", "gen3-x8", "--tags", "16"]);
    // Few tags limit, so that twice as many give twice as much.
    let twice = at("twice", &["--device", "connectx-6-dx", "--slot", "gen3-x8", "--tags", "32"]);
    assert!((twice / plain - 2.0).abs() < 0.02, "{plain} {twice}");
    let small = at("small", &["--iommu", "--window", "64 KiB"]);
    let large = at("large", &["--iommu", "--window", "16 MiB"]);
    assert!(large < 0.5 * small, "{small} {large}");
    let narrow = at("narrow", &["--lanes", "1", "--device", "connectx-6-dx"]);
    // One lane of Gen4 is 16 GT/s.
    assert!(narrow < 16.0, "{narrow}");
    // A host without direct cache access has nothing of the device's in its cache.
    let cached = at("cached", &["--test", "read-latency", "--profile", "preset:haswell"]);
    let uncached = at("uncached", &["--test", "read-latency", "--profile", "preset:zen4"]);
    assert!(uncached > cached + 20.0, "{cached} {uncached}");
}

#[test]
fn a_file_says_the_same_as_options() {
    let folder = TempDir::new().unwrap();
    let file =
        "kind = \"pcie-bench\"\ntitle = \"Ours\"\ntest = \"write-bandwidth\"\nsize = [\"64..256\"]\nmps = \"128 B\"\n";
    fs::write(folder.path().join("bench.toml"), file).unwrap();
    let (code, of_file, said) = bench(&folder, &["bench.toml", "--format", "csv", "--out", "file"]);
    assert_eq!(code, Some(0), "{said}");
    let words =
        ["--test", "write-bandwidth", "--size", "64,128,256", "--mps", "128 B", "--format", "csv", "--out", "words"];
    assert_eq!(of_file, bench(&folder, &words).1);
    let manifest = fs::read_to_string(folder.path().join("file/manifest.json")).unwrap();
    assert!(manifest.contains("\"kind\": \"pcie-bench\"") && manifest.contains("\"title\": \"Ours\""));
    // Options go over the file.
    let (_, over, _) = bench(&folder, &["bench.toml", "--size", "64", "--format", "csv", "--out", "over"]);
    assert_eq!(over.lines().collect::<Vec<_>>(), of_file.lines().take(2).collect::<Vec<_>>());
    let run = espsim(&folder).args(["run", "bench.toml", "--profile", "preset:zen4"]).output().unwrap();
    let said = unbroken(&text(&run.stderr));
    assert!(run.status.code() == Some(2) && said.contains("espsim pcie-bench bench.toml"), "{said}");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    for (args, says) in [
        (&["--size", "2048..64"][..], "the range goes down"),
        (&["--size", "9 KiB"], "no size: 1 to"),
        (&["--mps", "300 B"], "128, 256, 512"),
        (&["--device", "nfp600"], "nfp600"),
        (&["--slot", "gen3x8"], "did you mean `gen3-x8`?"),
        (&["--iommu-entries", "5"], "--iommu"),
        (&["--size", "64 KiB"], "no size"),
        (&["--size", "65536"], "more than the window of 8192 B"),
        (&["--iommu", "--pattern", "sequential", "--window", "64 MiB"], "sequential pattern over 16384 pages"),
        (&["--against", "nowhere.csv"], "nowhere.csv"),
        (&["--profile", "preset:zen44"], "zen44"),
    ] {
        let (code, _, said) = bench(&folder, args);
        assert!(code == Some(2) && unbroken(&said).contains(says), "{args:?}: {said}");
    }
    let mut left = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.all(|name| name == "out" || name == "cache"));
}

/// What cannot be leaves nothing behind that the next command would have to go on with.
#[test]
fn a_refused_transfer_leaves_no_folder() {
    let folder = TempDir::new().unwrap();
    let (code, _, said) = bench(&folder, &["--window", "1B", "--out", "out"]);
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{said}");
    let (code, _, said) = bench(&folder, &["--size", "64", "--out", "out"]);
    assert_eq!(code, Some(0), "{said}");
}
