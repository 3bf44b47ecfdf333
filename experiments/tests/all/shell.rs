//! Completions, manual, schema and listings.

use std::collections::BTreeSet;
use std::path::Path;

use espsim::command::list::SCENARIOS;
use espsim::command::schema::schema;
use espsim_model::scenario::parameters::parameters;
use tempfile::TempDir;

use crate::common::{espsim, text};

fn printed(args: &[&str]) -> String {
    let done = espsim(&TempDir::new().unwrap()).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
    text(&done.stdout)
}

fn valid(validator: &jsonschema::Validator, toml: &str) -> bool {
    let value: toml::Value = toml::from_str(toml).unwrap();
    validator.is_valid(&serde_json::to_value(value).unwrap())
}

/// A plot with these lines.
fn plot(lines: &str) -> String {
    format!("[[plot]]\n{lines}\ntitle = \"t\"\nx_label = \"x\"\ny = \"throughput\"\ny_label = \"y\"")
}

#[test]
fn every_shipped_scenario_is_valid_and_mistakes_are_not() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, content) in SCENARIOS {
        let value: toml::Value = toml::from_str(content).unwrap();
        let json = serde_json::to_value(value).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    for (good, wrong) in [
        ("[nic]\nline_rate = \"25 Gbps\"", "[nic]\nlin_rate = \"25 Gbps\""),
        ("[nic]\npreset = \"connectx-7\"", "[nic]\npreset = \"connectx\""),
        ("[offload]\ngso = \"off\"", "[offload]\ngso = \"of\""),
        ("[traffic]\nrate = \"1 Gbps\"", "[traffic]\nrate = \"1 GB\""),
        ("placement = \"host\"", "placement = \"hots\""),
        ("[host]\ncores = 4", "[host]\ncores = \"4\""),
        ("[sweep]\n\"host.cores\" = [1]", "[sweep]\n\"host.core\" = [1]"),
        ("[[series]]\nname = \"a\"\nnic.count = 2", "[[series]]\nnic.count = 2"),
        ("[pcie]\nroot_complex_rate = \"1 Mpps\"", "[pcie]\nroot_complex_rate = 1"),
        ("\"host.cores\" = 4", "\"host.core\" = 4"),
        ("[sweep.host]\ncores = [1, 2]", "[sweep.host]\ncors = [1, 2]"),
        ("[sweep]\n\"nic[1].ring\" = [65536]", "[sweep]\n\"nic[1].ring\" = [65537]"),
        ("[[series]]\nname = \"a\"\n\"nic[0].ring\" = 1", "[[series]]\nname = \"a\"\n\"nic[0].rings\" = 1"),
        ("[[sweep.point]]\n\"nic[0].esp.rate\" = \"1 Gbps\"", "[[sweep.point]]\n\"nic[0].esp.rate\" = 1"),
        ("[nic.pcie]\nlanes = 32", "[nic.pcie]\nlanes = 3"),
        ("[failover]\nbins = 10", "[failover]\nbins = 9"),
        ("[traffic]\nsize_basis = \"l3\"", "[traffic]\nsize_basis = \"wire\""),
        ("[[sweep.zip]]\n\"host.cores\" = [1, 2]", "[[sweep.zip]]\n\"host.cores\" = 1"),
        ("[[sweep.point]]\nnic.ring = 512", "[[sweep.point]]\nnic.ring = [512]"),
        ("[[sweep.skip]]\n\"host.cores\" = \">= 4\"", "[[sweep.skip]]\n\"host.core\" = \">= 4\""),
        ("[traffic]\nrate = \".5 Gbps\"", "[traffic]\nrate = \"1e3 Gbps\""),
        ("[host]\ncores = 256", "[host]\ncores = 0"),
        ("[sweep]\n\"nic.ring\" = [1]", "[sweep]\n\"nic.ring\" = [65537]"),
        ("[traffic]\nmix = [{ weight = 1, size = \"64 B\" }]", "[traffic]\nmix = [{ weight = 1, size = \"64\" }]"),
        ("[traffic]\nmix = \"simple-imix\"", "[traffic]\nmix = [{ size = \"64 B\" }]"),
        (
            "[[failover.event]]\nwhat = \"link-down\"\nat = \"1 ms\"\nfor = \"2 ms\"",
            "[[failover.event]]\nwhat = \"link-down\"\nat = \"1 ms\"\nfro = \"2 ms\"",
        ),
        ("failover.event = []", "[[failover.event]]\nwhat = \"link\"\nat = \"1 ms\""),
        ("[accelerator]\nalgorithms = [\"aes-128-gcm\"]", "[accelerator]\nalgorithms = [\"aes\"]"),
        (&plot("file = \"a-b\"\nx = \"host.cores\""), &plot("file = \"a/b\"\nx = \"host.cores\"")),
        (&plot("file = \"a\"\nx = \"host.cores\""), &plot("file = \"a\"\nx = \"host.core\"")),
        ("replications = { min = 3, max = 9, half_width = \"1 %\" }", "replications = { min = 3 }"),
    ] {
        assert!(valid(&validator, good), "{good}");
        assert!(!valid(&validator, wrong), "{wrong}");
    }
}

#[test]
fn the_listing_has_every_scenario_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, SCENARIOS.iter().map(|(name, _)| (*name).to_owned()).collect());
}

#[test]
fn shells_readers_and_editors_get_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        assert!(["plan", "compare", "calibrate"].iter().all(|command| script.contains(command)), "{shell}");
        assert!(!script.contains("guest-launch") && !script.contains("guest-inside"), "{shell}");
    }
    let manual = printed(&["man"]);
    for command in
        ["run", "failover", "plan", "compare", "calibrate", "validate", "report", "trace", "list", "schema", "merge"]
    {
        assert!(manual.contains(&format!("espsim\\-{command}")), "{command}");
    }
    assert!(!manual.contains("guest\\-launch") && !manual.contains("guest\\-inside"));
    assert!(!manual.contains("espsim\\-help"), "there is no such page");
    let headings: Vec<&str> = manual.lines().filter(|line| line.starts_with(".TH ")).collect();
    let version = concat!("\"espsim ", env!("CARGO_PKG_VERSION"), "\"");
    assert!(headings.len() > 10 && headings.iter().all(|heading| heading.contains(version)), "{headings:?}");
    // The lines of an example stay lines.
    let run = printed(&["man", "run"]);
    let example = run.split_once("\n.nf\n").and_then(|(_, rest)| rest.split_once("\n.fi\n")).unwrap().0;
    assert!(example.contains("\n  [sweep]") && example.contains("\n  [[series]]"), "{example}");
    assert!(printed(&["man", "plan"]).contains("latency"));
    assert!(printed(&["run", "--help"]).contains("[sweep]"));
    let json: serde_json::Value = serde_json::from_str(&printed(&["schema"])).unwrap();
    assert_eq!(json["properties"]["nic"]["anyOf"][0]["properties"]["ring"]["type"], "integer");
    let listed = printed(&["list", "parameters"]);
    assert!(listed.contains("simple-imix") && listed.contains("1 to 256"), "{listed}");
    assert!(listed.contains("traffic.rate") && listed.contains("inline-packet"), "{listed}");
    // One place says what is allowed and what it means: listing and schema have the same.
    let ring = &json["properties"]["nic"]["anyOf"][0]["properties"]["ring"];
    assert_eq!((&ring["minimum"], &ring["maximum"]), (&1.into(), &65_536.into()));
    let columns: Vec<&str> = listed.lines().nth(1).unwrap().split('|').map(str::trim).collect();
    assert_eq!(columns, ["", "Key", "Default", "Takes", "Meaning", ""]);
    for parameter in parameters() {
        let key = parameter.key();
        assert!(listed.contains(&format!("| {key} ")), "{key}");
        let described = json["$defs"]["values"]["properties"][&key]["description"].as_str().unwrap();
        assert!(described.starts_with(parameter.meaning), "{key}: {described}");
    }
    let overview = printed(&["list"]);
    assert!(overview.contains("three-pass") && overview.matches("source: ").count() > 10, "{overview}");
}

/// Editors accept what the program does: whole profiles and those with a base.
#[test]
fn the_schema_of_profiles_takes_what_the_program_takes() {
    let schema: serde_json::Value = serde_json::from_str(&printed(&["schema", "profile"])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, text) in espsim_model::preset::PresetKind::Cpu.files() {
        assert!(valid(&validator, text), "{name}");
    }
    assert!(valid(&validator, "format = 4\nbase = \"zen4\"\n[stack]\nxfrm = 900\n"));
    for wrong in [
        "format = 4\n[stack]\nxfrm = 900\n",
        "format = 4\nbase = \"zen44\"\n",
        "format = 4\nbase = \"zen4\"\n[stack]\nxfrn = 900\n",
        "format = 4\nbase = \"zen4\"\n[host]\nfrequency = \"3 Gbps\"\n",
        "base = \"zen4\"\n",
    ] {
        assert!(!valid(&validator, wrong), "{wrong}");
    }
}
