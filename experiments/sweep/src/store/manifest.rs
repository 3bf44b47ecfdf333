//! `manifest.json`: everything that the results in a folder depended on, as it is written and read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use espsim_model::layers;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::file::value::variant;
use crate::store::version;

pub use crate::points::study::ResultKind;

/// The version of the format that is written and read. A manifest of the first format has none.
pub const FORMAT: u32 = 3;

/// A manifest. The time and the command are its only values that differ between equal runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Manifest {
    /// Version of the format.
    pub format: u32,
    /// The command that made the folder.
    pub kind: ResultKind,
    /// Title; that of the scenario if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The question; that of the scenario if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The answer of `plan` and `compare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The command line: program name and arguments.
    pub command: Vec<String>,
    /// When it was started, RFC 3339.
    pub time: Option<String>,
    /// The program.
    pub program: Option<Program>,
    /// The machine that it ran on.
    pub host: Option<Host>,
    /// The scenario file.
    pub scenario: Option<Scenario>,
    /// The profile that was used.
    pub profile: Option<NamedProfile>,
    /// Keys of the profile's values that decide the answer, the first one most; empty where none does, or in folders of
    /// before this was known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deciding: Vec<String>,
    /// What was set over the file, as `key=value`.
    pub settings: Vec<String>,
    /// Base of all seeds.
    pub seed: Option<u64>,
    /// Replications of each point.
    pub replications: Option<Replications>,
    /// Machines that were drawn from what the values may be, for the bands of results.
    pub drawn: u32,
    /// How many points there are.
    pub number_of_points: Option<usize>,
    /// Parameters that are the same at every point.
    pub parameters: BTreeMap<String, Parameter>,
    /// What each point has of its own; of a large sweep, nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<PointParameters>,
    /// Of a large sweep, every axis: its keys and their values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub axes: Vec<BTreeMap<String, Vec<String>>>,
    /// Files of the folder, where it is named what all of them are: whatever else is in it is not of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<String>>,
    /// Figures, in the order of the report.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Captioned>,
    /// Tables besides `table.csv`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Captioned>,
    /// What a plan or a comparison says besides.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// How often each point was simulated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Replications {
    /// So often.
    Fixed(u32),
    /// Until the mean was known.
    Until {
        /// Fewest runs.
        min: u32,
        /// Most runs.
        max: u32,
        /// Target for the half-width of the interval, relative to the mean.
        #[serde(default)]
        half_width: String,
        /// The metric that must be known.
        #[serde(default)]
        metric: String,
    },
}

impl fmt::Display for Replications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Replications::Fixed(n) => write!(f, "{n}"),
            Replications::Until { min, max, .. } => write!(f, "{min} to {max}"),
        }
    }
}

/// The program that wrote the folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Hash of the model.
    #[serde(default)]
    pub model: String,
    /// How it was compiled: profile, processor features, flags.
    #[serde(default)]
    pub build: BTreeMap<String, String>,
}

/// The machine that a program ran on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    #[serde(default)]
    pub architecture: String,
}

/// Which profile was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedProfile {
    /// A file's name, `preset:NAME` or `measured`.
    pub from: String,
    /// SHA-256 of its text.
    pub sha256: Option<String>,
    /// All of it.
    #[serde(default)]
    pub values: Value,
}

/// The scenario file as it was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scenario {
    /// Name of the file.
    pub file: Option<String>,
    /// SHA-256 of its text.
    pub sha256: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// The question that it answers.
    pub question: Option<String>,
    /// Its text.
    pub text: Option<String>,
}

/// A resolved value and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// The value as it is shown; numbers and lists as JSON has them.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

impl Parameter {
    /// The value in words.
    pub fn shown(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }
}

/// Where a parameter comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The program's defaults.
    Default,
    /// A preset.
    Preset {
        /// What of: `nic`, `accelerator`, `pcie`, `mix`.
        kind: String,
        /// Its name, or the path of a user's own.
        name: String,
        /// The source that it names; empty where it names none.
        source: String,
    },
    /// The scenario file.
    Scenario,
    /// A series or sweep of the scenario file.
    Sweep,
    /// The command line.
    Set,
}

impl Origin {
    /// The source that a preset names; empty for all else.
    pub fn source(&self) -> &str {
        match self {
            Origin::Preset { source, .. } => source,
            _ => "",
        }
    }
}

/// Without the source.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Preset { kind, name, .. } => write!(f, "preset {kind} {name}"),
            other => f.write_str(&variant(other)),
        }
    }
}

impl From<&layers::Origin> for Origin {
    fn from(origin: &layers::Origin) -> Self {
        match origin {
            layers::Origin::Default => Origin::Default,
            layers::Origin::Preset { kind, name, source, .. } => {
                Origin::Preset { kind: kind.name().into(), name: name.to_string(), source: source.to_string() }
            }
            layers::Origin::Scenario => Origin::Scenario,
            layers::Origin::Sweep => Origin::Sweep,
            layers::Origin::Set => Origin::Set,
        }
    }
}

/// What one point has of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PointParameters {
    /// Its parameters.
    pub parameters: BTreeMap<String, Parameter>,
    /// Name of its series.
    pub series: String,
    /// Why each of its runs ended.
    pub stop: Vec<String>,
}

/// A file with a caption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Captioned {
    /// Its name in the folder.
    pub file: String,
    /// What it shows.
    #[serde(default)]
    pub caption: String,
}

impl Captioned {
    /// A file and what it shows.
    pub fn new(file: &str, caption: &str) -> Self {
        Captioned { file: file.into(), caption: caption.into() }
    }
}

impl Manifest {
    /// Reads a manifest; `path` is for messages.
    ///
    /// # Errors
    /// [`Failure`] at the place that is no JSON or not what a manifest has there, and for another version of the format.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let damaged = |error: serde_json::Error| {
            let line_start =
                text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
            let at = (line_start + error.column().saturating_sub(1)).min(text.len());
            let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            Failure::at(path, text, at..at, format!("{}: {error}", path.display()))
                .with_help(Some("the manifest is damaged or of another program: run the scenario again".into()))
        };
        version::check(path, "manifest", version::of(text).map_err(damaged)?, FORMAT)?;
        serde_json::from_str(text).map_err(damaged)
    }

    /// Title of the report.
    pub fn title(&self) -> &str {
        let scenario = self.scenario.as_ref().and_then(|scenario| scenario.title.as_deref());
        self.title.as_deref().or(scenario).filter(|title| !title.is_empty()).unwrap_or("Untitled")
    }

    /// The question; empty if none was asked.
    pub fn question(&self) -> &str {
        let scenario = self.scenario.as_ref().and_then(|scenario| scenario.question.as_deref());
        self.question.as_deref().or(scenario).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_the_committed_one() {
        version::assert_schema("manifest", &schemars::schema_for!(Manifest));
    }

    #[test]
    fn other_formats_are_named() {
        let refused = |text: &str| Manifest::parse(Path::new("manifest.json"), text).unwrap_err().to_string();
        let older = "manifest.json: this manifest was written by an older espsim: its format is 1, this program's is 3";
        assert_eq!(refused(r#"{"kind": "run"}"#), older);
        let newer = "manifest.json: this manifest was written by a newer espsim: its format is 9, this program's is 3";
        // Whatever else a newer one says.
        assert_eq!(refused(r#"{"format": 9, "kind": "weather", "points": 3}"#), newer);
    }
}
