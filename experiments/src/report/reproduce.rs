//! How a folder can be made again.

use serde::Serialize;

use super::manifest::{Kind, Manifest, Program};
use super::read::Results;
use crate::manifest::hash;
use crate::quote::shell_words;

/// What the section says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reproduce {
    /// The command line as it was; empty if the manifest does not tell.
    command: String,
    /// A command that gives the same from the scenario below and the folder's profile; empty where there is none.
    again: String,
    /// Names and values: program, seed, hashes.
    facts: Vec<(String, String)>,
    /// The scenario's text; empty if there is none.
    scenario: String,
    /// Name of the scenario file.
    scenario_file: String,
}

/// How to make the folder again.
pub fn reproduce(results: &Results) -> Reproduce {
    let manifest = &results.manifest;
    let scenario = manifest.scenario.clone().unwrap_or_default();
    Reproduce {
        command: shell_words(manifest.command.iter().map(String::as_str)),
        again: again(manifest),
        facts: facts(results),
        scenario: scenario.text.unwrap_or_default(),
        scenario_file: scenario.file.unwrap_or_else(|| "scenario.toml".into()),
    }
}

/// The command for a copy of the scenario and the folder's `profile.toml`.
fn again(manifest: &Manifest) -> String {
    let (Some(scenario), Some(seed)) = (&manifest.scenario, manifest.seed) else { return String::new() };
    let verb = match manifest.kind {
        Kind::Run => "run",
        Kind::Failover => "failover",
        Kind::Plan | Kind::Compare => return String::new(),
    };
    let file = scenario.file.as_deref().unwrap_or("scenario.toml");
    let mut words = ["espsim", verb, file, "--profile", "profile.toml", "--seed"].map(str::to_owned).to_vec();
    words.push(seed.to_string());
    words.extend(manifest.settings.iter().flat_map(|setting| ["--set".to_owned(), setting.clone()]));
    if manifest.drawn > 0 {
        words.extend(["--uncertainty".to_owned(), manifest.drawn.to_string()]);
    }
    shell_words(words.iter().map(String::as_str))
}

fn facts(results: &Results) -> Vec<(String, String)> {
    let manifest = &results.manifest;
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        facts.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value)));
    };
    fact("Simulated by", manifest.program.as_ref().map(program));
    fact("Report by", Some(format!("espsim {}", env!("CARGO_PKG_VERSION"))));
    fact("Started", manifest.time.clone());
    fact("Seed", manifest.seed.map(|seed| seed.to_string()));
    fact("Replications", manifest.replications.map(|n| n.to_string()));
    let host = results.profile.as_ref().map(|profile| profile.profile.host.model.clone());
    fact("Host", host);
    let profile = manifest.profile.as_ref();
    fact("Profile", profile.map(|profile| profile.from.clone()));
    fact("Profile, SHA-256", profile.and_then(|profile| profile.sha256.clone()));
    fact("Scenario, SHA-256", manifest.scenario.as_ref().and_then(|scenario| scenario.sha256.clone()));
    facts
}

fn program(program: &Program) -> String {
    let text = |key: &str| program.build.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    let mut details: Vec<String> = ["profile", "rustflags"].into_iter().filter_map(text).map(str::to_owned).collect();
    if !program.model.is_empty() {
        details.push(format!("model {}", program.model));
    }
    format!("{} {} ({})", program.name, program.version, details.join(", ")).replace(" ()", "")
}

/// What does not fit together in a folder, in words.
pub fn contradictions(results: &Results) -> Vec<String> {
    let recorded = results.manifest.profile.as_ref().and_then(|profile| profile.sha256.as_deref());
    let Some(recorded) = recorded else { return Vec::new() };
    match &results.profile {
        Some(profile) if hash(&profile.text) != recorded => vec![
            "profile.toml in the folder is not the one that was used: its hash is another than the manifest's. Costs \
             below are those of the file."
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_results_is_repeated_and_paths_are_not() {
        let text = r#"{
            "command": ["target/espsim", "merge", "a", "b", "--out", "x", "--jobs", "2"],
            "seed": 7, "scenario": {"file": "gso.toml"}, "settings": ["a=\"b c\"", "d=1"], "drawn": 4
        }"#;
        let manifest = Manifest::parse(std::path::Path::new("manifest.json"), text).unwrap();
        assert_eq!(
            again(&manifest),
            "espsim run gso.toml --profile profile.toml --seed 7 --set 'a=\"b c\"' --set d=1 --uncertainty 4"
        );
    }
}
