//! The manifest: everything that a run depended on.

use std::collections::BTreeMap;

use espsim_model::layers::Origin;
use espsim_model::profile::Profile;
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::campaign::Campaign;
use crate::points::shown;
use crate::replications::Replications;

/// A manifest as JSON; its keys are in alphabetical order. The time and the command are its only values that differ between
/// equal runs.
#[derive(Serialize)]
pub struct Manifest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    axes: Option<Value>,
    command: &'a [String],
    host: Value,
    kind: &'static str,
    number_of_points: usize,
    parameters: BTreeMap<&'a str, Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Points<'a>>,
    profile: Value,
    program: Value,
    replications: &'a Replications,
    scenario: Value,
    seed: u64,
    time: &'a str,
}

#[derive(Serialize)]
struct Parameter {
    origin: String,
    value: String,
}

/// SHA-256 of a text, in hexadecimal.
pub fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<'a> Manifest<'a> {
    /// The manifest of a campaign, the command line and its start in RFC 3339. `stops` says for each point why its runs
    /// ended;
    /// without it, the manifest has the swept values instead of every point.
    pub fn new(
        campaign: &'a Campaign<'a>,
        command: &'a [String],
        time: &'a str,
        stops: Option<&'a [Vec<String>]>,
    ) -> Self {
        let file = campaign.points.file;
        Manifest {
            axes: stops.is_none().then(|| axes(campaign)),
            command,
            host: json!({ "os": std::env::consts::OS, "architecture": std::env::consts::ARCH }),
            kind: campaign.study.kind,
            number_of_points: campaign.points.len(),
            parameters: parameters(campaign.common.iter()),
            points: stops.map(|stops| Points { campaign, stops }),
            profile: json!({
                "from": campaign.profile.from,
                "sha256": hash(&campaign.profile.text),
                "values": profile_json(&campaign.profile.profile),
            }),
            program: json!({ "name": "espsim", "version": env!("CARGO_PKG_VERSION"), "build": build() }),
            replications: &file.replications,
            scenario: json!({
                "file": file.path.file_name().map(|name| name.to_string_lossy()),
                "sha256": hash(&file.text),
                "title": file.title,
                "question": file.question,
                "text": file.text,
            }),
            seed: campaign.seed,
            time,
        }
    }
}

/// Points, each made when it is written.
struct Points<'a> {
    campaign: &'a Campaign<'a>,
    stops: &'a [Vec<String>],
}

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.stops.len()).map(|i| Point { of: self, i }))
    }
}

struct Point<'a> {
    of: &'a Points<'a>,
    i: usize,
}

impl Serialize for Point<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            parameters: BTreeMap<&'a str, Parameter>,
            series: &'a str,
            stop: &'a [String],
        }
        let campaign = self.of.campaign;
        // It was checked before it was simulated.
        let point = campaign.points.resolve(self.i).map_err(S::Error::custom)?;
        let own = point.values.iter().filter(|(key, _)| !campaign.common.contains_key(*key));
        let entry = Entry { parameters: parameters(own), series: &point.place.series, stop: &self.of.stops[self.i] };
        entry.serialize(serializer)
    }
}

fn parameters<'a>(
    values: impl Iterator<Item = (&'a String, &'a (toml::Value, Origin))>,
) -> BTreeMap<&'a str, Parameter> {
    values
        .map(|(key, (value, origin))| (key.as_str(), Parameter { origin: origin.to_string(), value: shown(value) }))
        .collect()
}

/// Swept keys with their values.
fn axes(campaign: &Campaign<'_>) -> Value {
    let axes = campaign.points.file.sweep.axes.iter();
    axes.map(|axis| {
        let values = |i| axis.values(i).map(shown).collect::<Vec<_>>();
        axis.keys.iter().enumerate().map(|(i, key)| (key.clone(), json!(values(i)))).collect::<serde_json::Map<_, _>>()
    })
    .collect()
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
