//! How a folder can be made again.

use serde::Serialize;

use super::manifest::{CommandLine, Kind, Manifest, NamedProfile, Program};
use super::read::Results;
use crate::manifest::hash;
use crate::quote::shell_word;

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
    let command = match &manifest.command {
        Some(CommandLine::Words(words)) => words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "),
        Some(CommandLine::Line(line)) => line.clone(),
        None => String::new(),
    };
    Reproduce {
        command,
        again: again(manifest),
        facts: facts(results),
        scenario: scenario.text.unwrap_or_default(),
        scenario_file: scenario.file.unwrap_or_else(|| "scenario.toml".into()),
    }
}

/// Options of `run` and `failover` that change results.
const KEPT: [&str; 2] = ["--set", "--uncertainty"];

/// The command for a copy of the scenario and the folder's `profile.toml`.
fn again(manifest: &Manifest) -> String {
    let (Some(scenario), Some(seed)) = (&manifest.scenario, manifest.seed) else { return String::new() };
    let verb = match manifest.kind {
        Kind::Run => "run",
        Kind::Failover => "failover",
        Kind::Plan | Kind::Compare => return String::new(),
    };
    let file = scenario.file.as_deref().unwrap_or("scenario.toml");
    let mut words = vec!["espsim".to_owned(), verb.to_owned(), shell_word(file)];
    words.extend(["--profile", "profile.toml", "--seed", &seed.to_string()].map(str::to_owned));
    if let Some(CommandLine::Words(given)) = &manifest.command {
        let mut given = given.iter();
        while let Some(word) = given.next() {
            if KEPT.contains(&word.as_str()) {
                words.push(word.clone());
                words.extend(given.next().map(|value| shell_word(value)));
            } else if KEPT.iter().any(|option| word.starts_with(&format!("{option}="))) {
                words.push(shell_word(word));
            }
        }
    }
    words.join(" ")
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
    let (from, sha256) = match &manifest.profile {
        Some(NamedProfile::Parts { from, sha256 }) => (Some(from.clone()), sha256.clone()),
        Some(NamedProfile::Text(from)) => (Some(from.clone()), None),
        None => (None, None),
    };
    let host = results.profile.as_ref().map(|profile| profile.profile.host.model.clone());
    fact("Host", host);
    fact("Profile", from);
    fact("Profile, SHA-256", sha256);
    fact("Scenario, SHA-256", manifest.scenario.as_ref().and_then(|scenario| scenario.sha256.clone()));
    facts
}

fn program(program: &Program) -> String {
    match program {
        Program::Text(text) => text.clone(),
        Program::Parts { name, version, build } => {
            let text = |key: &str| build.get(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
            let build: Vec<&str> = ["profile", "target_features", "rustflags"].into_iter().filter_map(text).collect();
            let build = if build.is_empty() { String::new() } else { format!(" ({} build)", build.join(", ")) };
            format!("{name} {version}{build}")
        }
    }
}

/// What does not fit together in a folder, in words.
pub fn contradictions(results: &Results) -> Vec<String> {
    let recorded = match &results.manifest.profile {
        Some(NamedProfile::Parts { sha256: Some(sha256), .. }) => sha256,
        _ => return Vec::new(),
    };
    match &results.profile {
        Some(profile) if hash(&profile.text) != *recorded => vec![
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
    fn words_survive_a_shell() {
        assert_eq!(shell_word("nic.ring=512"), "nic.ring=512");
        assert_eq!(shell_word("nic.line_rate=\"25 Gbps\""), "'nic.line_rate=\"25 Gbps\"'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn what_changed_results_is_repeated_and_paths_are_not() {
        let text = r#"{
            "command": ["target/espsim", "run", "a/gso.toml", "--out", "x", "--set", "a=b c", "--set=d=1", "--jobs", "2"],
            "seed": 7, "scenario": {"file": "gso.toml"}
        }"#;
        let manifest = Manifest::parse(std::path::Path::new("manifest.json"), text).unwrap();
        assert_eq!(again(&manifest), "espsim run gso.toml --profile profile.toml --seed 7 --set 'a=b c' --set=d=1");
    }
}
