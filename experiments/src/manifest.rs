//! The manifest: everything that a run depended on.

use std::collections::BTreeMap;

use espsim_model::profile::Profile;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::input::Failure;
use crate::outcome::{Observation, Outcome};
use crate::points::shown;
use crate::profile_choice::ProfileChoice;
use crate::scenario_file::ScenarioFile;

/// What a manifest is made of.
pub struct Manifest<'a, R> {
    /// The command that made the folder: `run` or `failover`.
    pub kind: &'static str,
    /// The scenario file.
    pub file: &'a ScenarioFile,
    /// The profile and where it came from.
    pub profile: &'a ProfileChoice,
    /// Base of all seeds.
    pub seed: u64,
    /// What was simulated.
    pub outcomes: &'a [Outcome<R>],
    /// The command line, program name included.
    pub command: Vec<String>,
    /// Start of the run, RFC 3339.
    pub time: String,
}

#[derive(Serialize)]
struct Parameter {
    value: String,
    origin: String,
}

/// SHA-256 of a text, in hexadecimal.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A manifest with further keys.
///
/// # Errors
/// [`Failure`] if it is no JSON object.
pub fn extended(manifest: &str, more: Value) -> Result<String, Failure> {
    let broken = |error: serde_json::Error| Failure::new(format!("cannot write the manifest: {error}"));
    let mut all: serde_json::Map<String, Value> = serde_json::from_str(manifest).map_err(broken)?;
    all.extend(more.as_object().cloned().unwrap_or_default());
    Ok(serde_json::to_string_pretty(&all).map_err(broken)? + "\n")
}

impl<R: Observation> Manifest<'_, R> {
    /// The manifest as JSON. The time and the command are its only values that differ between equal runs.
    pub fn to_json(&self) -> String {
        let common = self.common_parameters();
        let points: Vec<Value> = self.outcomes.iter().map(|outcome| self.point(outcome, &common)).collect();
        let manifest = json!({
            "kind": self.kind,
            "program": { "name": "espsim", "version": env!("CARGO_PKG_VERSION"), "build": build() },
            "command": self.command,
            "time": self.time,
            "host": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
            "scenario": {
                "file": self.file.path.file_name().map(|name| name.to_string_lossy()),
                "sha256": hash(&self.file.text),
                "title": self.file.title,
                "question": self.file.question,
                "text": self.file.text,
            },
            "seed": self.seed,
            "replications": self.file.replications,
            "profile": {
                "from": self.profile.from,
                "sha256": hash(&self.profile.text),
                "values": profile_json(&self.profile.profile),
            },
            "parameters": common,
            "points": points,
        });
        // A JSON value of strings and numbers always has a text.
        serde_json::to_string_pretty(&manifest).unwrap_or_default() + "\n"
    }

    /// Parameters that are the same at every point.
    fn common_parameters(&self) -> BTreeMap<String, Parameter> {
        let Some(first) = self.outcomes.first() else { return BTreeMap::new() };
        (first.point.values.iter())
            .filter(|(key, entry)| self.outcomes.iter().all(|o| o.point.values.get(*key) == Some(entry)))
            .map(|(key, (value, origin))| (key.clone(), Parameter { value: shown(value), origin: origin.to_string() }))
            .collect()
    }

    fn point(&self, outcome: &Outcome<R>, common: &BTreeMap<String, Parameter>) -> Value {
        let own: BTreeMap<&String, Parameter> = (outcome.point.values.iter())
            .filter(|(key, _)| !common.contains_key(*key))
            .map(|(key, (value, origin))| (key, Parameter { value: shown(value), origin: origin.to_string() }))
            .collect();
        json!({
            "series": outcome.point.series,
            "parameters": own,
            "stop": outcome.records.iter().map(|record| record.stop()).collect::<Vec<_>>(),
        })
    }
}

fn profile_json(profile: &Profile) -> Value {
    // A profile is plain data; if it ever were not, the hash still names it.
    serde_json::to_value(profile).unwrap_or(Value::Null)
}

fn build() -> Value {
    json!({
        "profile": if cfg!(debug_assertions) { "debug" } else { "release" },
        "target_features": option_env!("CARGO_CFG_TARGET_FEATURE").unwrap_or("default"),
        "rustflags": option_env!("RUSTFLAGS").unwrap_or(""),
    })
}
