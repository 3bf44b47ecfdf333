//! A scenario file: parameters, series and sweeps, and which figures to draw.

use std::collections::BTreeMap;
use std::path::Path;

use espsim_model::layers::{Layer, Origin, flatten};
use espsim_model::traffic::Basis;
use serde::Deserialize;
use toml::{Table, Value};

use crate::failure::{Failure, nearest, read_text};
use crate::file::replications::Replications;
use crate::file::source::{Source, syntax};
use crate::file::sweep::Sweep;
use crate::file::value::{number, shown};

/// The longest name of a figure, in letters: less than file systems take, for what is put around it.
const LONGEST_NAME: usize = 200;

/// A parsed scenario file.
#[derive(Debug, Clone)]
pub struct ScenarioFile {
    /// Its text.
    pub source: Source,
    /// Title of figures and tables.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// The profile that it asks for, such as `preset:haswell`.
    pub profile: Option<String>,
    /// Base of all seeds.
    pub seed: u64,
    /// Independent runs of each point.
    pub replications: Replications,
    /// Parameters common to all points.
    pub base: Layer,
    /// Named sets of parameters that are compared.
    pub series: Vec<Series>,
    /// What is varied.
    pub sweep: Sweep,
    /// Figures.
    pub plots: Vec<PlotSpec>,
}

/// A named set of parameters: one curve.
#[derive(Debug, Clone)]
pub struct Series {
    /// Name in tables and legends.
    pub name: String,
    /// Its parameters.
    pub values: Layer,
}

/// A figure: one metric over one swept key, or bars at one combination of swept values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlotSpec {
    /// File name without its ending.
    pub file: String,
    /// Title.
    pub title: String,
    /// What is drawn.
    #[serde(default)]
    pub kind: PlotKind,
    /// The swept key on the x axis; bars have none.
    #[serde(default)]
    pub x: String,
    /// Label of the x axis, with unit.
    #[serde(default)]
    pub x_label: String,
    /// Scale of the x axis.
    #[serde(default)]
    pub x_scale: Scale,
    /// The metric on the y axis; bars have none.
    #[serde(default)]
    pub y: String,
    /// Which basis of it, where there are several.
    #[serde(default)]
    pub basis: Option<Basis>,
    /// Label of the y axis, with unit and basis.
    #[serde(default)]
    pub y_label: String,
    /// Scale of the y axis.
    #[serde(default)]
    pub y_scale: Scale,
    /// What the swept value is multiplied by for display, such as 0.001 for KB from B.
    #[serde(default = "one")]
    pub x_factor: f64,
    /// What the metric is multiplied by for display, such as 0.001 for us from ns.
    #[serde(default = "one")]
    pub y_factor: f64,
    /// A value that is asked for, as the axis shows it: drawn as a line.
    #[serde(default)]
    pub goal: Option<f64>,
    /// Other swept keys held at one value each, as text.
    #[serde(default)]
    pub only: BTreeMap<String, String>,
}

/// What a figure draws.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlotKind {
    /// A metric over a swept key, a curve for each series.
    #[default]
    Curves,
    /// Core cycles per packet by category, a bar for each series.
    Cycles,
    /// How busy stations are, of each series the busiest.
    Stations,
    /// PCIe octets for each octet of payload by pass, a bar for each series.
    Passes,
}

fn one() -> f64 {
    1.0
}

/// Scale of an axis.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// Linear; a vertical axis starts at zero.
    #[default]
    Linear,
    /// Logarithmic, ticks at the data or at powers of two.
    Log2,
    /// Logarithmic, ticks at 1, 2 and 5 times powers of ten.
    Log10,
}

impl ScenarioFile {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`Failure`] for a file that cannot be read, is not TOML, or whose own keys are wrong; parameters are checked when
    /// points are made.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = read_text("read scenario", path)?;
        Self::parse(path, text)
    }

    /// Parses the text of a scenario file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &Path, text: String) -> Result<Self, Failure> {
        let mut table: Table = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
        let source = Source::toml(path, text)?;
        let stem = path.file_stem().map_or_else(|| "scenario".into(), |stem| stem.to_string_lossy().into_owned());
        // What is left of the table are parameters of the scenario.
        let own = &mut table;
        // Files of another kind are of another command.
        if let Some(toml::Value::String(kind)) = own.get("kind") {
            let help = format!("espsim {kind} {}", path.display());
            let message = format!("`kind` is `{kind}`: this is no scenario of packets");
            return Err(source.failure("kind", message).with_help(Some(help)));
        }
        let title = take(&source, own, "title")?.unwrap_or(stem);
        let question = take(&source, own, "question")?.unwrap_or_default();
        let profile = take(&source, own, "profile")?;
        let seed = take(&source, own, "seed")?.unwrap_or(1);
        let replications = Replications::read(&source, own.remove("replications"))?;
        let plots = take(&source, own, "plot")?.unwrap_or_default();
        let series = series(&source, own.remove("series"))?;
        let names: Vec<&str> = series.iter().map(|series| series.name.as_str()).collect();
        let sweep = Sweep::read(&source, &names, own.remove("sweep"))?;
        let base = flatten(&table, &Origin::Scenario);
        let file = ScenarioFile { source, title, question, profile, seed, replications, base, series, sweep, plots };
        file.check_plots()?;
        Ok(file)
    }

    fn check_plots(&self) -> Result<(), Failure> {
        let keys: Vec<&str> = self.sweep.keys().collect();
        for (i, plot) in self.plots.iter().enumerate() {
            let wrong = |key: &str, message: String| self.failure(&format!("plot[{i}].{key}"), message);
            if plot.kind != PlotKind::Curves {
                self.check_bars(i, plot)?;
            } else {
                for (key, text) in
                    [("x", &plot.x), ("x_label", &plot.x_label), ("y", &plot.y), ("y_label", &plot.y_label)]
                {
                    if text.is_empty() {
                        return Err(self.failure(&format!("plot[{i}]"), format!("`plot` lacks `{key}`")));
                    }
                }
            }
            let x = (plot.kind == PlotKind::Curves).then_some(("x", &plot.x));
            for (place, key) in x.into_iter().chain(plot.only.keys().map(|key| ("only", key))) {
                if !keys.contains(&key.as_str()) {
                    let message = format!("`plot.{place}` is `{key}`, which is not swept: {}", keys.join(", "));
                    return Err(wrong(place, message).with_help(nearest(key, &keys)));
                }
            }
            let values = |key: &str| self.sweep.find(key).map(|(axis, k)| self.sweep.axes[axis].values(k));
            if let Some(text) = values(&plot.x).and_then(|mut values| values.find(|value| number(value).is_none())) {
                let message =
                    format!("`plot.x` is `{}`, which has values that are no numbers: {}", plot.x, shown(text));
                return Err(wrong("x", message));
            }
            for (key, wanted) in &plot.only {
                let known: Vec<String> = values(key).into_iter().flatten().map(shown).collect();
                if !known.contains(wanted) {
                    let message = format!("`plot.only` has `{key}` at `{wanted}`: {}", known.join(", "));
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    return Err(wrong("only", message).with_help(nearest(wanted, &known)));
                }
            }
            if plot.file.is_empty() || !plot.file.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
                let message = format!("`plot.file` is `{}`: letters, digits, `-` and `_`", plot.file);
                return Err(wrong("file", message));
            }
            if self.plots[..i].iter().any(|other| other.file == plot.file) || plot.file.len() > LONGEST_NAME {
                let message =
                    format!("`plot.file` is `{}`: a name of its own, at most {LONGEST_NAME} letters", plot.file);
                return Err(wrong("file", message));
            }
            for (key, factor) in [("x_factor", plot.x_factor), ("y_factor", plot.y_factor)] {
                if !(1e-18..=1e18).contains(&factor) {
                    let message = format!("`plot.{key}` is {factor}: 1e-18 to 1e18");
                    return Err(wrong(key, message));
                }
            }
        }
        Ok(())
    }

    /// Bars are of one combination of swept values, and have no axes to choose.
    fn check_bars(&self, i: usize, plot: &PlotSpec) -> Result<(), Failure> {
        for (key, is_there) in [("x", !plot.x.is_empty()), ("y", !plot.y.is_empty()), ("goal", plot.goal.is_some())] {
            if is_there {
                let message = format!("`plot.{key}` is of curves: a plot of another `kind` has none");
                return Err(self.failure(&format!("plot[{i}].{key}"), message));
            }
        }
        let free = self.sweep.naming_keys("").into_iter().filter_map(|n| self.sweep.keys().nth(n));
        match free.into_iter().find(|key| !plot.only.contains_key(*key)) {
            Some(key) => {
                let message = format!("`plot.only` lacks `{key}`: bars are of one value of every swept key");
                Err(self.failure(&format!("plot[{i}]"), message))
            }
            None => Ok(()),
        }
    }

    /// An error at a key of this file; at the file's start if the key is not in it.
    pub fn failure(&self, key: &str, message: impl Into<String>) -> Failure {
        self.source.failure(key, message)
    }
}

/// Takes a key of the file itself.
fn take<T: serde::de::DeserializeOwned>(source: &Source, table: &mut Table, key: &str) -> Result<Option<T>, Failure> {
    let wrong = |error: toml::de::Error| source.failure(key, format!("`{key}`: {}", error.message()));
    table.remove(key).map(|value| value.try_into().map_err(wrong)).transpose()
}

fn series(source: &Source, value: Option<Value>) -> Result<Vec<Series>, Failure> {
    if value.is_none() {
        return Ok(vec![Series { name: "all".into(), values: Layer::new() }]);
    }
    let mut series: Vec<Series> = Vec::new();
    for (i, mut table) in source.tables("series", value)?.into_iter().enumerate() {
        let Some(Value::String(name)) = table.remove("name") else {
            return Err(source.failure(&format!("series[{i}]"), "a series needs a `name`"));
        };
        if series.iter().any(|other| other.name == name) {
            return Err(source.failure(&format!("series[{i}].name"), format!("series `{name}` stands twice")));
        }
        series.push(Series { name, values: flatten(&table, &Origin::Sweep) });
    }
    match series.is_empty() {
        true => Err(source.failure("series", "`series` is empty: leave it out or give at least one")),
        false => Ok(series),
    }
}
