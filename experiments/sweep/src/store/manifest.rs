//! The manifest: everything that a run depended on.

use std::collections::BTreeMap;

use espsim_model::layers::{Layer, Origin};
use espsim_model::profile::Profile;
use serde::ser::{Error, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::file::hash::hash;
use crate::file::profile::ProfileChoice;
use crate::file::replications::Replications;
use crate::file::scenario_file::ScenarioFile;
use crate::file::value::{Setting, shown};
use crate::points::Point;
use crate::points::id::PROGRAM;
use crate::points::outcome::Outcome;

/// A manifest as JSON; its keys are in alphabetical order. The time and the command are its only values that differ between
/// equal runs.
#[derive(Serialize)]
pub struct Manifest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    axes: Option<Value>,
    command: &'a [String],
    drawn: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<&'a [String]>,
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
    settings: Vec<String>,
    time: &'a str,
}

#[derive(Serialize)]
struct Parameter {
    origin: String,
    value: String,
}

/// What a manifest is about.
pub struct Subject<'a> {
    /// The command that made the folder: `run`, `failover`, `plan` or `compare`.
    pub kind: &'static str,
    /// The scenario file.
    pub file: &'a ScenarioFile,
    /// What was set over it.
    pub settings: &'a [Setting],
    /// The profile and where it came from.
    pub profile: &'a ProfileChoice,
    /// How many profiles were drawn from its intervals.
    pub drawn: usize,
    /// Base of all seeds.
    pub seed: u64,
    /// Parameters that are the same at every point.
    pub common: &'a Layer,
    /// How many points there are.
    pub number_of_points: usize,
}

/// Points, each made when it is written.
pub struct Points<'a> {
    /// Parameters that are the same at every point.
    pub common: &'a Layer,
    /// Makes a point by its number.
    pub resolve: &'a dyn Fn(usize) -> Result<Point, Failure>,
    /// Why each point's runs ended.
    pub stops: &'a [Vec<String>],
}

impl<'a> Manifest<'a> {
    /// The manifest of a folder, the command line and its start in RFC 3339. Without `points` it has the swept values
    /// instead of every point.
    pub fn new(of: &Subject<'a>, command: &'a [String], time: &'a str, points: Option<Points<'a>>) -> Self {
        let file = of.file;
        Manifest {
            axes: points.is_none().then(|| axes(file)),
            command,
            drawn: of.drawn,
            files: None,
            host: json!({ "os": std::env::consts::OS, "architecture": std::env::consts::ARCH }),
            kind: of.kind,
            number_of_points: of.number_of_points,
            parameters: parameters(of.common.iter()),
            points,
            profile: json!({
                "from": of.profile.from,
                "sha256": hash(&of.profile.text),
                "values": profile_json(&of.profile.profile),
            }),
            program: json!({ "name": "espsim", "version": PROGRAM.0, "model": PROGRAM.1, "build": build() }),
            replications: &file.replications,
            scenario: json!({
                "file": file.source.path.file_name().map(|name| name.to_string_lossy()),
                "sha256": hash(&file.source.text),
                "title": file.title,
                "question": file.question,
                "text": file.source.text,
            }),
            seed: of.seed,
            settings: of.settings.iter().map(ToString::to_string).collect(),
            time,
        }
    }

    /// The same with the names of all files of the folder: what else will be in it is not of the run.
    pub fn naming(self, files: &'a [String]) -> Self {
        Manifest { files: Some(files), ..self }
    }
}

/// What was simulated of points that are all at hand.
pub struct Known<'a> {
    /// The command that made the folder: `plan` or `compare`.
    pub kind: &'static str,
    /// The scenario file.
    pub file: &'a ScenarioFile,
    /// What was set over it.
    pub settings: &'a [Setting],
    /// The profile and where it came from.
    pub profile: &'a ProfileChoice,
    /// Base of all seeds.
    pub seed: u64,
    /// The points.
    pub points: Vec<&'a Point>,
    /// What each gave.
    pub outcomes: &'a [Outcome],
}

impl Known<'_> {
    /// Their manifest with further keys, as text, given the command line and its start in RFC 3339.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written as JSON.
    pub fn manifest(&self, command: &[String], time: &str, more: &Value) -> Result<String, Failure> {
        let mut common = None;
        self.points.iter().for_each(|point| keep_common(&mut common, &point.values));
        let common = common.unwrap_or_default();
        let &Known { kind, file, settings, profile, seed, .. } = self;
        let number_of_points = self.points.len();
        let subject = Subject { kind, file, settings, profile, drawn: 0, seed, common: &common, number_of_points };
        let stops: Vec<Vec<String>> = self.outcomes.iter().map(Outcome::stops).collect();
        let resolve = |i: usize| Ok(self.points[i].clone());
        let points = Points { common: &common, resolve: &resolve, stops: &stops };
        let broken = |error: serde_json::Error| Failure::new(format!("cannot write the manifest: {error}"));
        let mut all = serde_json::to_value(Manifest::new(&subject, command, time, Some(points))).map_err(broken)?;
        if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        Ok(serde_json::to_string_pretty(&all).map_err(broken)? + "\n")
    }
}

impl Serialize for Points<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry<'a> {
            parameters: BTreeMap<&'a str, Parameter>,
            series: &'a str,
            stop: &'a [String],
        }
        let mut list = serializer.serialize_seq(Some(self.stops.len()))?;
        for (i, stop) in self.stops.iter().enumerate() {
            // It was checked before it was simulated.
            let point = (self.resolve)(i).map_err(S::Error::custom)?;
            let own = point.values.iter().filter(|(key, _)| !self.common.contains_key(*key));
            list.serialize_element(&Entry { parameters: parameters(own), series: &point.place.series, stop })?;
        }
        list.end()
    }
}

/// Keeps of `common` what another point has too; all of the first one.
pub fn keep_common(common: &mut Option<Layer>, values: &Layer) {
    match common {
        None => *common = Some(values.clone()),
        Some(layer) => layer.retain(|key, entry| values.get(key) == Some(entry)),
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
fn axes(file: &ScenarioFile) -> Value {
    let axes = file.sweep.axes.iter();
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
        "target_features": env!("ESPSIM_TARGET_FEATURES"),
        "rustflags": option_env!("RUSTFLAGS").unwrap_or(""),
    })
}
