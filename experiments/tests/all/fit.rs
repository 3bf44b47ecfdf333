//! `espsim fit`: values of a profile from measured rows.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::common::{espsim, text};

fn shipped() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fits/esp-on-ice-lake.toml");
    fs::read_to_string(path).unwrap()
}

fn fit(folder: &TempDir, rows: &str, more: &[&str]) -> (Option<i32>, String, String) {
    fs::write(folder.path().join("rows.toml"), rows).unwrap();
    let output = espsim(folder).args(["fit", "rows.toml"]).args(more).output().unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// What the rows say is met, what they do not say is predicted, and the profile has it with its doubt.
#[test]
fn the_shipped_rows_are_met_and_the_profile_is_used() {
    let folder = TempDir::new().unwrap();
    let (code, printed, said) = fit(&folder, &shipped(), &["--out", "fitted.toml"]);
    assert_eq!(code, Some(0), "{said}");
    let error = |row: &str| {
        let line = printed.lines().find(|line| line.contains(row)).unwrap();
        line.split('|').nth(5).unwrap().trim().trim_end_matches(" %").parse::<f64>().unwrap()
    };
    for row in ["in the clear, one CPU", "crypto offload, one CPU", "in software, one CPU"] {
        assert!(error(row).abs() < 0.2, "{printed}");
    }
    for row in ["packet offload, one CPU", "in software, four CPUs"] {
        assert!(error(row).abs() < 10.0, "{printed}");
    }
    let profile = fs::read_to_string(folder.path().join("fitted.toml")).unwrap();
    assert!(profile.contains("\"stack.crypto_request\" = \"derived: fitted"), "{profile}");
    let scenario = "placement = \"host\"\n[run]\nmax_packets = 20000\n";
    fs::write(folder.path().join("small.toml"), scenario).unwrap();
    let run = espsim(&folder).args(["run", "small.toml", "--profile", "fitted.toml"]).output().unwrap();
    assert!(run.status.success(), "{}", text(&run.stderr));
    // What is there stays.
    let (code, _, said) = fit(&folder, &shipped(), &["--out", "fitted.toml"]);
    assert!(code == Some(2) && said.contains("fitted.toml"), "{said}");
}

#[test]
fn rows_that_are_wrong_or_say_too_little_are_named() {
    let folder = TempDir::new().unwrap();
    let rows = shipped();
    let cases = [
        (rows.replace("\"stack.crypto_request\"", "\"stack.crypto_reqest\""), "did you mean `stack.crypto_request`?"),
        (rows.replace("\"stack.crypto_request\"", "\"stack.switch\""), "no row depends on request to the cipher"),
        (rows.replace("throughput = \"6 Gbps\"", "throughput = \"6 Gbps\"\npredict = true"), "as many rows"),
        (rows.replace("\"27.9 Gbps\"", "\"27.9 apples\""), "rows.toml"),
        (rows.replace("throughput = \"6 Gbps\"", ""), "one of them, above zero"),
        (rows.replace("scenario.placement = \"host\"", "scenario.placement = \"hots\""), "in software"),
        (rows.replace("throughput = \"27.9 Gbps\"", "throughput = \"2790 Gbps\""), "no value"),
        (rows.replace("[scenario]", "[scenery]"), "scenery"),
    ];
    for (rows, says) in cases {
        let (code, _, said) = fit(&folder, &rows, &["--out", "never.toml"]);
        let words = said.split(['\n', '│', ' ']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(code == Some(2) && words.contains(says), "{says}: {said}");
        assert!(!folder.path().join("never.toml").exists());
    }
}
