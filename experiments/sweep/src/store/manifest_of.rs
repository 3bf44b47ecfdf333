//! Makes the manifest of what was simulated.

use std::collections::BTreeMap;

use espsim_model::layers::{self, Layer};
use serde_json::Value;

use crate::failure::Failure;
use crate::file::hash::hash;
use crate::file::profile::ProfileChoice;
use crate::file::replications;
use crate::file::scenario_file::ScenarioFile;
use crate::file::value::{Setting, shown};
use crate::points::Point;
use crate::points::id::PROGRAM;
use crate::points::outcome::Outcome;
use crate::store::folder::Files;
use crate::store::manifest::{
    FORMAT, Host, Manifest, NamedProfile, Parameter, PointParameters, Program, Replications, ResultKind, Scenario,
};
use crate::store::names::{JOURNAL, MANIFEST};

/// What a manifest is about.
pub struct Subject<'a> {
    /// The command that made the folder.
    pub kind: ResultKind,
    /// The scenario file.
    pub file: &'a ScenarioFile,
    /// What was set over it.
    pub settings: &'a [Setting],
    /// The profile and where it came from.
    pub profile: &'a ProfileChoice,
    /// How many machines were drawn from what its values may be.
    pub drawn: usize,
    /// Base of all seeds.
    pub seed: u64,
    /// Parameters that are the same at every point.
    pub common: &'a Layer,
    /// How many points there are.
    pub number_of_points: usize,
}

impl Subject<'_> {
    /// The manifest of a folder, given the command line and its start in RFC 3339. It has neither points nor axes yet.
    pub fn manifest(&self, command: &[String], time: &str) -> Manifest {
        let file = self.file;
        Manifest {
            scenario: Some(Scenario {
                file: file.source.path.file_name().map(|name| name.to_string_lossy().into_owned()),
                sha256: Some(hash(&file.source.text)),
                title: Some(file.title.clone()),
                question: Some(file.question.clone()),
                text: Some(file.source.text.clone()),
            }),
            profile: Some(NamedProfile {
                from: self.profile.from.clone(),
                sha256: Some(hash(&self.profile.text)),
                // A profile is plain data; if it ever were not, the hash still names it.
                values: serde_json::to_value(&self.profile.profile).unwrap_or(Value::Null),
            }),
            settings: self.settings.iter().map(ToString::to_string).collect(),
            seed: Some(self.seed),
            replications: Some(Replications::from(&file.replications)),
            drawn: self.drawn as u32,
            number_of_points: Some(self.number_of_points),
            parameters: parameters(self.common.iter()),
            ..Manifest::of(self.kind, command, time)
        }
    }
}

impl Manifest {
    /// The same with a point, of whose parameters those are left out that all points have.
    pub fn push(&mut self, point: &Point, common: &Layer, stop: Vec<String>) {
        let own = point.values.iter().filter(|(key, _)| !common.contains_key(*key));
        self.points.push(PointParameters { parameters: parameters(own), series: point.place.series.clone(), stop });
    }

    /// The same with swept keys and their values instead of points.
    pub fn set_axes(&mut self, file: &ScenarioFile) {
        let axis = |axis: &crate::file::axis::Axis| {
            let values = |i| axis.values(i).map(shown).collect::<Vec<_>>();
            axis.keys.iter().enumerate().map(|(i, key)| (key.clone(), values(i))).collect()
        };
        self.axes = file.sweep.axes.iter().map(axis).collect();
    }

    /// What every manifest has: the command that made the folder, as it was given, its start in RFC 3339, and the program.
    pub fn of(kind: ResultKind, command: &[String], time: &str) -> Self {
        Manifest {
            format: FORMAT,
            kind,
            command: command.to_vec(),
            time: Some(time.to_owned()),
            program: Some(program()),
            host: Some(Host { os: std::env::consts::OS.into(), architecture: std::env::consts::ARCH.into() }),
            ..Manifest::default()
        }
    }

    /// The same with the names of all files of the folder, itself and the journal among them.
    #[must_use]
    pub fn naming(self, files: &Files) -> Self {
        let own = [MANIFEST, JOURNAL].map(str::to_owned);
        Manifest { files: Some(files.iter().map(|(name, _)| name.clone()).chain(own).collect()), ..self }
    }

    /// As text.
    ///
    /// # Errors
    /// [`Failure`] if it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| Failure::new(format!("cannot write the manifest: {error}")))
    }
}

/// What was simulated of points that are all at hand.
pub struct Known<'a> {
    /// The command that made the folder: `plan` or `compare`.
    pub kind: ResultKind,
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
    /// Their manifest, given the command line and its start in RFC 3339.
    pub fn manifest(&self, command: &[String], time: &str) -> Manifest {
        let mut common = None;
        self.points.iter().for_each(|point| keep_common(&mut common, &point.values));
        let common = common.unwrap_or_default();
        let &Known { kind, file, settings, profile, seed, .. } = self;
        let number_of_points = self.points.len();
        let subject = Subject { kind, file, settings, profile, drawn: 0, seed, common: &common, number_of_points };
        let mut manifest = subject.manifest(command, time);
        for (point, outcome) in self.points.iter().zip(self.outcomes) {
            manifest.push(point, &common, outcome.stops());
        }
        manifest
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
    values: impl Iterator<Item = (&'a String, &'a (toml::Value, layers::Origin))>,
) -> BTreeMap<String, Parameter> {
    let parameter =
        |value: &toml::Value, origin: &layers::Origin| Parameter { value: shown(value).into(), origin: origin.into() };
    values.map(|(key, (value, origin))| (key.clone(), parameter(value, origin))).collect()
}

impl From<&replications::Replications> for Replications {
    fn from(replications: &replications::Replications) -> Self {
        match replications {
            replications::Replications::Fixed(n) => Replications::Fixed(*n),
            replications::Replications::Until(until) => Replications::Until {
                min: until.min,
                max: until.max,
                half_width: until.half_width.to_string(),
                metric: until.metric.clone(),
            },
        }
    }
}

fn program() -> Program {
    let build = [
        ("profile", if cfg!(debug_assertions) { "debug" } else { "release" }),
        ("target_features", env!("ESPSIM_TARGET_FEATURES")),
        ("rustflags", option_env!("RUSTFLAGS").unwrap_or("")),
    ];
    Program {
        name: "espsim".into(),
        version: PROGRAM.0.into(),
        model: PROGRAM.1.into(),
        build: build.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
    }
}
