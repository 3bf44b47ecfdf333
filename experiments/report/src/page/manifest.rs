//! `manifest.json`, read back, as `run`, `failover`, `plan` and `compare` write it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use espsim_sweep::failure::Failure;
use serde::Deserialize;

/// The command that made a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `espsim run`.
    #[default]
    Run,
    /// `espsim failover`.
    Failover,
    /// `espsim plan`.
    Plan,
    /// `espsim compare`.
    Compare,
}

impl Kind {
    /// Whether the folder has points, of which the report makes its own answer.
    pub fn has_points(self) -> bool {
        matches!(self, Kind::Run | Kind::Failover)
    }
}

/// What a folder says about itself. Keys that a report does not show may be there too.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// The command that made the folder.
    pub kind: Kind,
    /// Title; that of the scenario if absent.
    pub title: Option<String>,
    /// The question; that of the scenario if absent.
    pub question: Option<String>,
    /// The answer of `plan` and `compare`.
    pub answer: Option<String>,
    /// The command line: program name and arguments.
    pub command: Vec<String>,
    /// The program.
    pub program: Option<Program>,
    /// When it was started, RFC 3339.
    pub time: Option<String>,
    /// Base of all seeds.
    pub seed: Option<u64>,
    /// Replications of each point.
    pub replications: Option<Replications>,
    /// The profile that was used.
    pub profile: Option<NamedProfile>,
    /// Profiles that were drawn from its intervals.
    pub drawn: u32,
    /// How many points there are.
    pub number_of_points: Option<usize>,
    /// The scenario file.
    pub scenario: Option<Scenario>,
    /// What was set over it, as `key=value`.
    pub settings: Vec<String>,
    /// Parameters that are the same at every point.
    pub parameters: BTreeMap<String, Parameter>,
    /// Parameters that differ between points.
    pub points: Vec<PointParameters>,
    /// Figures, in the order of the report.
    pub figures: Vec<Captioned>,
    /// Tables besides `table.csv`.
    pub tables: Vec<Captioned>,
}

/// How often each point was simulated.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
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
    },
}

impl fmt::Display for Replications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Replications::Fixed(n) => write!(f, "{n}"),
            Replications::Until { min, max } => write!(f, "{min} to {max}"),
        }
    }
}

/// The program that wrote the folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Program {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Hash of the model.
    #[serde(default)]
    pub model: String,
    /// How it was compiled.
    #[serde(default)]
    pub build: BTreeMap<String, serde_json::Value>,
}

/// Which profile was used.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NamedProfile {
    /// A file's name, `preset:NAME` or `measured`.
    pub from: String,
    /// SHA-256 of its text.
    pub sha256: Option<String>,
}

/// The scenario file as it was.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Parameter {
    /// The value as it is shown; numbers and lists as JSON has them.
    pub value: serde_json::Value,
    /// `default`, `scenario`, `sweep`, `set` or `preset KIND NAME: SOURCE`.
    pub origin: String,
}

impl Parameter {
    /// The value in words.
    pub fn shown(&self) -> String {
        self.value.as_str().map_or_else(|| self.value.to_string(), str::to_owned)
    }
}

/// What one point has of its own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PointParameters {
    /// Its parameters.
    pub parameters: BTreeMap<String, Parameter>,
}

/// A file with a caption.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Captioned {
    /// Its name in the folder.
    pub file: String,
    /// What it shows.
    #[serde(default)]
    pub caption: String,
}

impl Manifest {
    /// Reads a manifest; `path` is for messages.
    ///
    /// # Errors
    /// [`Failure`] at the place that is no JSON or not what a manifest has there.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| {
            let line_start =
                text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
            let at = (line_start + error.column().saturating_sub(1)).min(text.len());
            let at = (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            Failure::at(path, text, at..at, format!("{}: {error}", path.display()))
                .with_help(Some("the manifest is damaged or of another program: run the scenario again".into()))
        })
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
