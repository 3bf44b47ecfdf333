//! `espsim validate` as a user meets it, and the verdicts that the reference output records.

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use crate::common::text;

fn validate(folder: &TempDir, args: &[&str]) -> std::process::Output {
    crate::common::espsim(folder).arg("validate").args(args).output().unwrap()
}

/// Rows and misses by family.
fn counts(csv: &str) -> BTreeMap<String, (usize, usize)> {
    let mut counts = BTreeMap::new();
    for record in csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap) {
        let (rows, misses): &mut (usize, usize) = counts.entry(record[0].to_owned()).or_default();
        *rows += 1;
        *misses += usize::from(&record[10] == "MISS");
    }
    counts
}

#[test]
fn every_family_is_held_to_publications_the_same_way_each_time() {
    let folder = TempDir::new().unwrap();
    let first = validate(&folder, &["--out", "a", "--format", "csv", "--jobs", "1"]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    let second = validate(&folder, &["--out", "b", "--format", "csv", "--jobs", "2"]);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(first.stdout, fs::read(folder.path().join("a/validation.csv")).unwrap());
    let counts = counts(&text(&first.stdout));
    // The published formulas are ours, row by row.
    assert_eq!(counts["pcie-model"], (2160, 0));
    assert_eq!(counts["pcie-nic"], (594, 0));
    // One CPU fitted, the others predicted.
    assert_eq!(counts["stack"], (24, 0));
    // VPP without a card fitted, with one predicted, and the right one faster.
    assert_eq!(counts["vector"], (5, 0));
    assert_eq!(counts["pcie-latency"], (21, 0));
    // Misses that are known, and no others.
    assert_eq!(counts["pcie-bandwidth"], (222, 38));
    assert_eq!(counts["pcie-elsewhere"], (222, 81));
    assert_eq!(counts["pcie-window"], (338, 23));
    // All of XDP within tolerance; most of what the NIC forwards with rules that the model does not fetch is missed.
    assert_eq!(counts["sa-cache"], (14, 6));
    // Those of the lock taken twice are within tolerance, of the lock taken once four are missed.
    assert_eq!(counts["sa-lock"], (12, 4));
    assert_eq!(counts["aead"], (100, 9));
    assert_eq!(counts["forwarding"], (12, 2));
    assert_eq!(counts["lookaside"], (7, 2));
    assert_eq!(counts["limits"], (6, 0));
    for figure in ["aead.svg", "forwarding.svg", "pcie-model.svg", "pcie-nic.svg", "stack.svg"] {
        assert!(fs::read_to_string(folder.path().join("a").join(figure)).unwrap().contains("published"), "{figure}");
    }
}

#[test]
fn a_miss_is_shown_and_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let output = validate(&folder, &["--only", "forwarding"]);
    assert!(output.status.success());
    let table = text(&output.stdout);
    let sums: Vec<&str> = table.lines().skip_while(|line| !line.starts_with("| Family")).collect();
    assert!(sums[0].contains("In band") && sums[2].contains("100 %") && sums[2].contains('±'), "{table}");
    assert!(sums[..3].iter().all(|line| line.chars().count() <= 100), "{table}");
    assert!(table.contains("lie in the model's 95 % bands"), "{table}");
    assert!(table.contains("MISS") && table.contains("miss: XDP-LINUXFWD-6c-single +12.4 %"), "{table}");
    assert!(!table.contains("aead"));
    assert!(folder.path().join("out/validation/forwarding.svg").exists());
    let json: serde_json::Value =
        serde_json::from_slice(&validate(&folder, &["--only", "stack", "--format", "json"]).stdout).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 24);
    // A prediction has a band around it, and what is fitted has none.
    for row in json.as_array().unwrap() {
        let [low, simulated, high] = ["low", "simulated", "high"].map(|key| row[key].as_f64());
        match row["role"].as_str() {
            Some("predicted") => assert!(low < simulated && simulated < high, "{row}"),
            _ => assert!(low.is_none() && high.is_none(), "{row}"),
        }
    }
}

/// A finished folder is taken up again: what it has is not simulated again, and what the user put there stays.
#[test]
fn another_family_is_added_to_a_finished_folder() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join("out/validation").join(name);
    let lines = || fs::read_to_string(at("journal")).unwrap().lines().count();
    assert!(validate(&folder, &["--only", "limits"]).status.success());
    let before = lines();
    fs::write(at("profile.toml"), "mine").unwrap();
    let both = validate(&folder, &["--only", "limits", "--only", "forwarding", "--resume"]);
    assert!(both.status.success(), "{}", text(&both.stderr));
    assert!(before > 4 && lines() > before, "{before} lines, then {}", lines());
    assert_eq!(counts(&fs::read_to_string(at("validation.csv")).unwrap()).len(), 2);
    assert_eq!(fs::read_to_string(at("profile.toml")).unwrap(), "mine");
    // Of another command nothing can be taken up.
    let plan = ["plan", "--rate", "1Gbps", "--profile", "preset:zen4", "--out", "out/validation", "--resume"];
    let refused = crate::common::espsim(&folder).args(plan).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is of espsim validate, not of espsim plan"), "{}", text(&refused.stderr));
}

#[test]
fn a_validation_has_a_report() {
    let folder = TempDir::new().unwrap();
    assert!(validate(&folder, &["--only", "forwarding"]).status.success());
    let done = crate::common::espsim(&folder).args(["report", "out/validation"]).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let html = fs::read_to_string(folder.path().join("out/validation/report.html")).unwrap();
    assert!(html.contains("8 of 10 measurements that nothing was fitted to") && html.contains("<svg"));
}

#[test]
fn an_unknown_family_is_named_with_the_nearest() {
    let folder = TempDir::new().unwrap();
    let output = validate(&folder, &["--only", "lookasid"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("`lookasid`") && message.contains("did you mean `lookaside`?"), "{message}");
    assert!(!folder.path().join("out").exists());
}
