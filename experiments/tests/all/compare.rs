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

#[test]
fn the_best_of_a_cell_is_the_best_of_its_points() {
    let folder = TempDir::new().unwrap();
    let grid = ["--profile", "preset:zen4", "--packets", "128B,1446B", "--cores", "1,4", "--rates", "saturate,20Gbps"];
    let printed = compare(&folder, "a", &[&grid[..], &["--jobs", "1"]].concat());
    assert_eq!(printed, compare(&folder, "b", &[&grid[..], &["--jobs", "2"]].concat()));
    for file in ["points.csv", "table.csv", "breakeven.csv", "sensitivity.csv", "winners-20gbps.svg", "sensitivity.svg"]
    {
        let read = |out: &str| std::fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("a") == read("b"), "{file}");
    }
    let points = rows(&folder.path().join("a/points.csv"));
    let cells = rows(&folder.path().join("a/table.csv"));
    assert_eq!(cells.len(), 8);
    for cell in cells {
        let of = |metric: &str, basis: &str| -> BTreeMap<String, f64> {
            let here = |row: &&Row| {
                row["metric"] == metric
                    && row["basis"] == basis
                    && row["traffic.rate"] == cell["rate"]
                    && row["traffic.packet"] == cell["packet"]
                    && row["host.cores"] == cell["cores"]
            };
            points.iter().filter(here).map(|row| (row["series"].clone(), number(row, "value"))).collect()
        };
        let named = if cell["carried"] == "true" { "best" } else { "carries most" };
        let winner = cell[named].split(" = ").next().unwrap();
        let other = if named == "best" { "carries most" } else { "best" };
        assert!(!winner.is_empty() && cell[other].is_empty(), "{cell:?}");
        let goodput = of("throughput", "goodput");
        if cell["rate"] == "saturate" || cell["carried"] == "false" {
            let most = goodput.values().copied().fold(0.0, f64::max);
            assert!(goodput[winner] >= 0.97 * most, "{cell:?}");
            assert_eq!(cell["by"], "goodput Gb/s");
        } else {
            let (busy, loss) = (of("busy_cores", ""), of("loss", ""));
            assert!(loss[winner] <= 1e-3, "{cell:?}");
            let carrying =
                busy.iter().filter(|(name, _)| loss[*name] <= 1e-3 && goodput[*name] > 0.97 * goodput[winner]);
            let least = carrying.map(|(_, cores)| *cores).fold(f64::MAX, f64::min);
            assert!(busy[winner] <= 1.05 * least, "{cell:?}");
        }
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("a/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["kind"], "compare");
    assert!(manifest["answer"].as_str().unwrap().contains("Saturating"));
    // The preset has a range for each cost of the stack; what has none is varied by an assumption, and that is said.
    let moved = rows(&folder.path().join("a/sensitivity.csv"));
    assert!(moved.len() > 30 && moved.iter().any(|row| row["ends"].starts_with("assumed")));
    assert!(moved.windows(2).all(|pair| number(&pair[0], "swing") >= number(&pair[1], "swing")));
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
        (&["--packets", "9000B"], "too big for the MTU under ESP"),
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
    assert!(!few["carries most"].is_empty() && printed.contains("carries most"), "{printed}");
}

/// What no stack has is left out of a comparison, and a run of it says what it simulates instead.
#[test]
fn what_is_not_to_be_had_is_said_with_its_reason() {
    let folder = TempDir::new().unwrap();
    let args = ["compare", "--profile", "preset:zen4", "--packets", "512B", "--rates", "saturate", "--cores", "2"];
    let compared = espsim(&folder).args(args).args(["--out", "compared"]).output().unwrap();
    let printed = text(&compared.stdout);
    assert!(compared.status.success(), "{}", text(&compared.stderr));
    assert!(
        printed.contains("| Not to be had |") && printed.contains("| lookaside     | - | `sa.algorithm`"),
        "{printed}"
    );
    assert!(printed.contains("host") && !printed.contains("lookaside ="), "{printed}");
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
