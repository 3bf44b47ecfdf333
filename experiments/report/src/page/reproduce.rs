//! How a folder can be made again.

use std::path::Path;

use espsim_sweep::file::hash::hash;
use espsim_sweep::points::doubt::{MOST_POINTS, USUAL};
use espsim_sweep::quote::shell_words;
use espsim_sweep::store::manifest::{Manifest, Program, ResultKind};
use serde_json::{Value, json};

use super::read::Results;

/// How to make the folder again, as the template shows it.
pub fn reproduce(results: &Results) -> Value {
    let manifest = &results.manifest;
    json!({
        // The command line as it was; empty if the manifest does not tell.
        "command": shell_words(manifest.command.iter().map(String::as_str)),
        // A command that gives the same from the scenario and the folder's profile; empty where there is none.
        "again": again(manifest),
        // Whether that command takes the scenario; a plan makes its own.
        "takes_scenario":
            manifest.kind.has_points() || manifest.command.iter().any(|word| is_scenario(manifest, word)),
        "facts": facts(results),
        "scenario": manifest.scenario.as_ref().and_then(|scenario| scenario.text.as_deref()).unwrap_or_default(),
        "scenario_file": scenario_file(manifest),
    })
}

/// The command for a copy of the scenario and the folder's `profile.toml`.
fn again(manifest: &Manifest) -> String {
    if matches!(manifest.kind, ResultKind::Plan | ResultKind::Compare) {
        return with_this_profile(manifest);
    }
    let (Some(_), Some(seed)) = (&manifest.scenario, manifest.seed) else { return String::new() };
    let file = scenario_file(manifest);
    let mut words =
        ["espsim", manifest.kind.name(), &file, "--profile", "profile.toml", "--seed"].map(str::to_owned).to_vec();
    words.push(seed.to_string());
    words.extend(manifest.settings.iter().flat_map(|setting| ["--set".to_owned(), setting.clone()]));
    let usual = if manifest.number_of_points.is_some_and(|n| n > MOST_POINTS) { 0 } else { USUAL };
    if manifest.drawn != usual {
        words.extend(["--draws".to_owned(), manifest.drawn.to_string()]);
    }
    shell_words(words.iter().map(String::as_str))
}

/// Options whose value a command that is given again does not take over: where it was, and how fast.
const LEFT_OUT: [&str; 3] = ["--profile", "--out", "--jobs"];

/// The words of a plan or comparison, with the folder's profile, and with the scenario by its bare name.
fn with_this_profile(manifest: &Manifest) -> String {
    let Some((_, old)) = manifest.command.split_first().filter(|(_, old)| !old.is_empty()) else {
        return String::new();
    };
    let (mut words, mut skip) = (vec!["espsim".to_owned()], false);
    for word in old {
        if std::mem::take(&mut skip) {
            continue;
        }
        let is_given =
            |option: &str| word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
        if LEFT_OUT.into_iter().any(is_given) {
            skip = !word.contains('=');
        } else {
            words.push(if is_scenario(manifest, word) { scenario_file(manifest) } else { word.clone() });
        }
    }
    words.extend(["--profile", "profile.toml"].map(str::to_owned));
    shell_words(words.iter().map(String::as_str))
}

/// Whether a word of the command line is the path of the scenario.
fn is_scenario(manifest: &Manifest, word: &str) -> bool {
    let name = manifest.scenario.as_ref().and_then(|scenario| scenario.file.as_deref());
    !word.starts_with('-') && name.is_some_and(|name| Path::new(word).file_name().is_some_and(|last| last == name))
}

fn scenario_file(manifest: &Manifest) -> String {
    let name = manifest.scenario.as_ref().and_then(|scenario| scenario.file.clone());
    name.unwrap_or_else(|| "scenario.toml".into())
}

/// Names and values: program, seed, hashes.
fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let Manifest { program, time, seed, replications, profile, scenario, .. } = &results.manifest;
    let facts = [
        ("Simulated by", program.as_ref().map(in_words)),
        ("Report by", Some(format!("espsim {}", env!("CARGO_PKG_VERSION")))),
        ("Started", time.clone()),
        ("Seed", seed.map(|seed| seed.to_string())),
        ("Replications", replications.as_ref().map(ToString::to_string)),
        ("Host", results.profile.as_ref().map(|profile| profile.profile.host.model.clone())),
        ("Profile", profile.as_ref().map(|profile| profile.from.clone())),
        ("Profile, SHA-256", profile.as_ref().and_then(|profile| profile.sha256.clone())),
        ("Scenario, SHA-256", scenario.as_ref().and_then(|scenario| scenario.sha256.clone())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?))).collect()
}

fn in_words(program: &Program) -> String {
    let text = |key: &str| program.build.get(key).map(String::as_str).filter(|text| !text.is_empty());
    let mut details: Vec<String> = ["profile", "rustflags"].into_iter().filter_map(text).map(str::to_owned).collect();
    if !program.model.is_empty() {
        details.push(format!("model {}", program.model));
    }
    format!("{} {} ({})", program.name, program.version, details.join(", ")).replace(" ()", "")
}

/// What does not fit together in a folder, in words.
pub fn contradictions(results: &Results) -> Vec<String> {
    let recorded = results.manifest.profile.as_ref().and_then(|profile| profile.sha256.as_deref());
    let is_other = recorded.zip(results.profile.as_ref()).is_some_and(|(hashed, there)| hash(&there.text) != hashed);
    let other = "profile.toml in the folder is not the one that was used: its hash is another than the manifest's. Costs \
                 below are those of the file.";
    is_other.then(|| other.to_owned()).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_results_is_repeated_and_paths_are_not() {
        let text = r#"{"format": 3,
            "command": ["target/espsim", "merge", "a", "b", "--out", "x", "--jobs", "2"],
            "seed": 7, "scenario": {"file": "gso.toml"}, "settings": ["a=\"b c\"", "d=1"], "drawn": 4
        }"#;
        let manifest = Manifest::parse(std::path::Path::new("manifest.json"), text).unwrap();
        assert_eq!(
            again(&manifest),
            "espsim run gso.toml --profile profile.toml --seed 7 --set 'a=\"b c\"' --set d=1 --draws 4"
        );
        let repeated = |text: &str| again(&Manifest::parse(std::path::Path::new("manifest.json"), text).unwrap());
        let plan = r#"{"format": 3, "kind": "plan", "command": ["/bin/espsim", "plan", "--profile", "preset:zen4", "--rate", "40 Gbps",
            "--out=x", "--jobs", "1", "--outer", "y"]}"#;
        assert_eq!(repeated(plan), "espsim plan --rate '40 Gbps' --outer y --profile profile.toml");
        let compare = r#"{"format": 3, "kind": "compare", "scenario": {"file": "gso.toml"},
            "command": ["espsim", "compare", "a/gso.toml", "--profile=p.toml", "--cores", "1,2", "--out", "x"]}"#;
        assert_eq!(repeated(compare), "espsim compare gso.toml --cores 1,2 --profile profile.toml");
        assert_eq!(repeated(r#"{"format": 3, "kind": "plan"}"#), "");
    }
}
