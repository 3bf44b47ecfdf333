//! `espsim compare`: winners are best, break-evens lie where closed forms say, bytes do not depend on threads.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use crate::common::{espsim, text};

type Row = BTreeMap<String, String>;

fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(|row| row.unwrap()).collect()
}

fn compare(folder: &TempDir, out: &str, args: &[&str]) -> String {
    let done = espsim(folder).args(["compare", "--out", out]).args(args).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    text(&done.stdout)
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// Points by series of a place of the grid, for a metric on a basis.
fn of_place(points: &[Row], cell: &Row, metric: &str, basis: &str) -> BTreeMap<String, f64> {
    let here = |row: &&Row| {
        row["metric"] == metric
            && row["basis"] == basis
            && row["series"].starts_with(&cell["stack"])
            && row["traffic.rate"] == cell["rate"]
            && row["traffic.packet"] == cell["packet"]
            && row["host.cores"] == cell["cores"]
    };
    points.iter().filter(here).map(|row| (row["series"].clone(), number(row, "value"))).collect()
}

fn manifest(folder: &TempDir, out: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.path().join(out).join("manifest.json")).unwrap()).unwrap()
}

const GRID: [&str; 8] =
    ["--profile", "preset:zen4", "--packets", "128B,1446B", "--cores", "1,4", "--rates", "saturate,20Gbps"];

#[test]
fn the_best_of_a_cell_is_the_best_of_its_points() {
    let folder = TempDir::new().unwrap();
    let printed = compare(&folder, "a", &[&GRID[..], &["--jobs", "1"]].concat());
    assert_eq!(printed, compare(&folder, "b", &[&GRID[..], &["--jobs", "2"]].concat()));
    let files =
        ["points.csv", "table.csv", "breakeven.csv", "sensitivity.csv", "winners-20gbps.svg", "sensitivity.svg"];
    for file in files {
        let read = |out: &str| std::fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("a") == read("b"), "{file}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 100 || !line.starts_with('|')), "{printed}");
    let points = rows(&folder.path().join("a/points.csv"));
    let cells = rows(&folder.path().join("a/table.csv"));
    // Two stacks by default.
    assert_eq!(cells.len(), 16);
    let (mut simulated, mut nobody) = (0, 0);
    for cell in cells {
        simulated += u32::from(cell["basis"] == "simulated");
        let of = |metric: &str, basis: &str| of_place(&points, &cell, metric, basis);
        let goodput = of("throughput", "goodput");
        if cell["carried"] == "false" {
            nobody += 1;
            assert!(cell["best"].is_empty() && cell["next"].is_empty() && cell["margin"].is_empty(), "{cell:?}");
            assert!(!cell["carries most"].is_empty(), "{cell:?}");
            continue;
        }
        // The stack has a column of its own.
        let winner = &format!("{}/{}", cell["stack"], cell["best"].split(" = ").next().unwrap());
        let wins = number(&cell, "wins in draws");
        assert!((0.0..=1.0).contains(&wins) && cell["carries most"].is_empty(), "{cell:?}");
        if cell["rate"] == "saturate" {
            let most = goodput.values().copied().fold(0.0, f64::max);
            assert!(goodput[winner] >= 0.97 * most, "{cell:?}");
            assert_eq!((cell["by"].as_str(), cell["carried in draws"].as_str()), ("goodput Gb/s", ""));
        } else {
            assert_eq!(cell["by"], "busy cores");
            assert!((0.0..=1.0).contains(&number(&cell, "carried in draws")), "{cell:?}");
            let busy = of("busy_cores", "");
            let carrying = busy.iter().filter(|(name, _)| goodput[*name] > 0.97 * goodput[winner]);
            let least = carrying.map(|(_, cores)| *cores).fold(f64::MAX, f64::min);
            assert!(busy[winner] <= 1.05 * least, "{cell:?}");
        }
        let best = number(&cell, "value");
        if !cell["next"].is_empty() && !cell["best"].contains(" = ") {
            let next = number(&cell, "next value");
            let ratio = if cell["by"] == "busy cores" { next / best } else { best / next };
            assert!((ratio - 1.0 - number(&cell, "margin")).abs() < 0.002, "{cell:?}");
        }
    }
    assert!(simulated > 0 && nobody > 0, "{simulated} simulated, {nobody} carried by none");
    let manifest = manifest(&folder, "a");
    assert_eq!((manifest["kind"].as_str(), manifest["drawn"].as_u64()), (Some("compare"), Some(200)));
    // Who is best, where one passes the other, what moves that.
    let answer = manifest["answer"].as_str().unwrap();
    assert_eq!(answer.matches(". ").count(), 2 + answer.matches("vs. ").count(), "{answer}");
    assert!(answer.contains("kernel/lookaside is not to be had"), "{answer}");
    let moved = rows(&folder.path().join("a/sensitivity.csv"));
    assert!(moved.len() > 10 && moved.iter().any(|row| row["ends"] == "range of the profile"));
    assert!(moved.iter().all(|row| number(row, "swing") > 0.0), "what moves nothing is left out");
}

/// Over every design and packet size, in the middle of the cores, closed forms are checked by simulations.
#[test]
fn closed_forms_are_within_5_percent_of_simulations() {
    let folder = TempDir::new().unwrap();
    compare(&folder, "a", &["--profile", "preset:zen4", "--rates", "saturate,10Gbps", "--cores", "2,8,16"]);
    let manifest = manifest(&folder, "a");
    let checked = &manifest["closed_forms"];
    assert!(checked["points_simulated"].as_u64().unwrap() >= 42, "seven designs of six sizes: {checked}");
    assert!(checked["points_simulated"].as_u64() < checked["points"].as_u64(), "{checked}");
    assert!(checked["goodput_off_most"].as_f64().unwrap() < 0.05, "{checked}");
    let points = rows(&folder.path().join("a/points.csv"));
    assert!(
        points.iter().any(|row| row["stop"] == "closed-form") && points.iter().any(|row| row["stop"] != "closed-form")
    );
}

#[test]
fn a_named_pair_is_moved_by_parameters_of_both() {
    let folder = TempDir::new().unwrap();
    let pair = ["--pair", "vector/lookaside,vector/host"];
    let small = ["--profile", "preset:zen4", "--packets", "128B", "--cores", "1", "--rates", "saturate"];
    compare(&folder, "a", &[&small[..], &pair].concat());
    let moved = rows(&folder.path().join("a/sensitivity.csv"));
    assert!(moved.iter().all(|row| row["first"] == "vector/lookaside" && row["second"] == "vector/host"));
    let keys = |prefix: &str| moved.iter().filter(|row| row["parameter"].starts_with(prefix)).count();
    assert!(keys("vector.crypto") > 0 && keys("aead.") > 0, "{moved:?}");
    // By labels in every stack that has both.
    compare(&folder, "b", &[&GRID[..], &["--pair", "host,inline-packet"]].concat());
    let firsts: std::collections::BTreeSet<String> =
        rows(&folder.path().join("b/sensitivity.csv")).into_iter().map(|row| row["first"].clone()).collect();
    assert_eq!(firsts.into_iter().collect::<Vec<_>>(), ["kernel/host", "vector/host"]);
    let wrong = espsim(&folder).args(["compare", "--out", "c", "--pair", "host,card"]).args(GRID).output().unwrap();
    assert!(wrong.status.code() == Some(2) && text(&wrong.stderr).contains("not two of the designs"));
}

/// A run under a name, with more options.
fn run(folder: &TempDir, out: &str, args: &[&str]) {
    std::fs::write(folder.path().join("small.toml"), include_str!("common/small.toml")).unwrap();
    let done = espsim(folder).args(["run", "small.toml", "--out", out]).args(args).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
}

#[test]
fn two_folders_tell_what_moved_and_whether_it_is_noise() {
    let folder = TempDir::new().unwrap();
    run(&folder, "a", &["--profile", "preset:zen4"]);
    run(&folder, "seed", &["--profile", "preset:zen4", "--seed", "9"]);
    run(&folder, "slow", &["--profile", "preset:haswell"]);
    let between = |args: &[&str]| {
        let done = espsim(&folder).arg("compare").args(args).output().unwrap();
        assert!(done.status.success(), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let same = between(&["a", "a"]);
    assert!(same.contains("They were made of the same.") && same.contains("0 moved beyond noise"), "{same}");
    let slow = between(&["a", "slow"]);
    assert!(slow.contains("profile: preset:zen4 and preset:haswell"), "{slow}");
    assert!(slow.lines().all(|line| line.chars().count() <= 100), "{slow}");
    let csv = between(&["a", "slow", "--format", "csv"]);
    let moved: Vec<Row> = csv::Reader::from_reader(csv.as_bytes()).deserialize().map(|row| row.unwrap()).collect();
    let throughput: Vec<&Row> = moved.iter().filter(|row| row["metric"] == "throughput").collect();
    assert_eq!(throughput.len(), 4, "two designs of two sizes: {csv}");
    assert!(throughput.iter().all(|row| row["noise"] == "beyond" && number(row, "change") < -0.1), "{csv}");
    let beyond: Vec<f64> =
        moved.iter().filter(|row| row["noise"] == "beyond").map(|row| number(row, "change").abs()).collect();
    assert!(beyond.windows(2).all(|pair| pair[0] >= pair[1]), "the largest first: {csv}");
    // Another seed is chance, and intervals say so.
    let seed = between(&["a", "seed", "--format", "csv"]);
    let rates = seed.lines().filter(|line| line.contains(",throughput,")).count();
    let noise = seed.lines().filter(|line| line.contains(",throughput,") && line.ends_with("within")).count();
    assert!(rates >= noise && noise + 1 >= rates, "{seed}");
    let json: serde_json::Value = serde_json::from_str(&between(&["a", "slow", "--format", "json"])).unwrap();
    assert_eq!(json[0]["noise"], "beyond");
    // Nothing is written.
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 4);
}

#[test]
fn two_profiles_are_told_apart_without_a_verdict() {
    let folder = TempDir::new().unwrap();
    let between = |args: &[&str]| espsim(&folder).arg("compare").args(args).output().unwrap();
    let done = between(&["preset:zen4", "preset:haswell"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let printed = text(&done.stdout);
    assert!(printed.contains("different hosts") && printed.contains("are apart"), "{printed}");
    let csv = text(&between(&["preset:zen4", "preset:haswell", "--format", "csv"]).stdout);
    assert!(csv.starts_with("value,first,second,unit,difference,intervals\n") && csv.lines().count() > 20, "{csv}");
    let mixed = between(&["preset:zen4", "."]);
    assert!(mixed.status.code() == Some(2) && text(&mixed.stderr).contains("no folder of results"));
}

#[test]
fn cycles_break_even_where_logca_says() {
    let folder = TempDir::new().unwrap();
    // A slow cipher: from some size on the card is worth its overhead.
    let slow = ["--profile", "preset:haswell", "--set", "sa.algorithm=aes-128-cbc-hmac-sha1-96", "--rates", "saturate"];
    let file = folder.path().join("pair.toml");
    let pair =
        "[[series]]\nname = \"host\"\nplacement = \"host\"\n[[series]]\nname = \"card\"\nplacement = \"lookaside\"\n";
    std::fs::write(&file, pair).unwrap();
    let sizes = "64B,96B,128B,192B,256B,320B,384B,448B,512B,640B,768B,1024B,1400B";
    let grid = [file.to_str().unwrap(), "--packets", sizes, "--cores", "1"];
    // Every interrupt tells of as much as it may: the closed form knows no other.
    let coalesced = ["accelerator.coalesce_responses=8", "accelerator.coalesce_time=1 ms", "nic.moderation_time=1 ms"];
    let full = coalesced.map(|setting| ["--set", setting]).concat();
    compare(&folder, "slow", &[&grid[..], &slow, &full].concat());
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("slow/manifest.json")).unwrap()).unwrap();
    let octets = manifest["logca"]["break_even_cycles_octets"].as_f64().unwrap();
    let table = rows(&folder.path().join("slow/breakeven.csv"));
    let cycles: Vec<&Row> = table.iter().filter(|row| row["compared by"] == "cycles per packet").collect();
    assert_eq!(cycles.len(), 1, "{table:?}");
    assert_eq!((cycles[0]["first leads"].as_str(), cycles[0]["then leads"].as_str()), ("host", "card"));
    let simulated = number(cycles[0], "break-even");
    // The closed form counts encrypted octets: the inner packet with its ESP trailer. Its cipher is linear; the profile's
    // has block steps and residuals.
    assert!((octets / (simulated + 10.0) - 1.0).abs() < 0.05, "{octets} against {simulated}");
}

#[test]
fn wrong_comparisons_are_refused() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("one.toml"), "[[series]]\nname = \"host\"\nplacement = \"host\"\n").unwrap();
    for (args, expected) in [
        (&["one.toml"][..], "at least two designs"),
        (&["--packets", "64"], "64"),
        (&["--rates", "40GB"], "a bit rate"),
        (&["--cores", "0"], "1 to 256"),
        (&["--packets", "9000B"], "the MTU of the wire"),
        (&["--pair", "host"], "not two of the designs"),
        (&["--stack", "bsd"], "bsd"),
    ] {
        let done =
            espsim(&folder).args(["compare", "--profile", "preset:zen4", "--out", "x"]).args(args).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{args:?}");
        assert!(text(&done.stderr).contains(expected), "{args:?}: {}", text(&done.stderr));
        assert!(!folder.path().join("x").exists());
    }
}

/// Offered more than the SA contexts' cache lets through: what waits in the queues is neither carried nor lost.
const RECEIVE: &str = r#"
[traffic]
direction = "receive"
flows = 65536
[sa]
count = 16384
[[series]]
name = "inline"
placement = "inline-packet"
[[series]]
name = "host"
placement = "host"
"#;

#[test]
fn a_design_that_falls_short_of_the_load_wins_nowhere() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("receive.toml"), RECEIVE).unwrap();
    let grid = ["receive.toml", "--packets", "256B", "--rates", "45Gbps", "--cores", "32,64"];
    let printed = compare(&folder, "out", &[&grid[..], &["--profile", "preset:zen4"]].concat());
    let cells = rows(&folder.path().join("out/table.csv"));
    let of = |cores: &str| cells.iter().find(|cell| cell["cores"] == cores).unwrap();
    // The host carries it with all of its cores; before that nobody does, and who carries most is no winner.
    assert_eq!((of("64")["best"].as_str(), of("64")["carried"].as_str()), ("host", "true"), "{printed}");
    let few = of("32");
    assert_eq!((few["best"].as_str(), few["carried"].as_str()), ("", "false"), "{printed}");
    assert!(!few["carries most"].is_empty() && few["margin"].is_empty(), "{printed}");
}

/// What no stack has is left out of a comparison, and a run of it says what it simulates instead.
#[test]
fn what_is_not_to_be_had_is_said_with_its_reason() {
    let folder = TempDir::new().unwrap();
    let args = ["compare", "--profile", "preset:zen4", "--packets", "512B", "--rates", "saturate", "--cores", "2"];
    let compared = espsim(&folder).args(args).args(["--out", "compared"]).output().unwrap();
    let printed = text(&compared.stdout);
    assert!(compared.status.success(), "{}", text(&compared.stderr));
    assert_eq!(printed.matches("Not to be had: kernel/lookaside: `sa.algorithm`").count(), 1, "{printed}");
    assert!(printed.contains("A host") && !printed.contains("vector/lookaside is not"), "{printed}");
    std::fs::write(folder.path().join("card.toml"), "placement = \"lookaside\"\n[run]\nmax_packets = 20000\n").unwrap();
    let run = espsim(&folder).args(["run", "card.toml", "--profile", "preset:zen4"]).output().unwrap();
    assert!(run.status.success() && text(&run.stderr).contains("all is not to be had"), "{}", text(&run.stderr));
    let none = ["compare", "card.toml", "--profile", "preset:zen4", "--out", "none"];
    let none = espsim(&folder).args(none).output().unwrap();
    assert!(
        none.status.code() == Some(2) && text(&none.stderr).contains("no design is to be had"),
        "{}",
        text(&none.stderr)
    );
}
