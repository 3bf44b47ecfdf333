//! Layers of values: defaults, presets, scenario file, series, sweep, command line; the last one to speak wins.
//!
//! Every layer is flat: key path to value and origin. Laid over each other they give one [`Scenario`] and the origin of
//! every value in it.

mod doubt;
mod lists;
mod presets;
mod renamed;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

pub use doubt::{Doubt, Doubts};
pub use presets::{Own, names_preset};
use serde::Deserialize;
use toml::{Table, Value};

use crate::preset::{self, PresetKind, UnknownPreset};
use crate::scenario::Scenario;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// The program's defaults.
    Default,
    /// A preset, with the source that it names.
    Preset {
        /// Its kind.
        kind: PresetKind,
        /// Its name, such as `connectx-6-dx`; of a user's own its path.
        name: Cow<'static, str>,
        /// The source.
        source: Cow<'static, str>,
        /// What the value may be instead; absent of what is known without error.
        doubt: Option<Arc<Doubt>>,
    },
    /// The scenario file.
    Scenario,
    /// A series or sweep of the scenario file.
    Sweep,
    /// The command line.
    Set,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::Preset { kind, name, source, .. } => write!(f, "preset {} {name}: {source}", kind.name()),
            Origin::Scenario => write!(f, "scenario"),
            Origin::Sweep => write!(f, "sweep"),
            Origin::Set => write!(f, "set"),
        }
    }
}

/// Values by key path, each with its origin.
pub type Layer = BTreeMap<String, (Value, Origin)>;

/// What is wrong with a layered value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// A value that a type refuses, or a key that no type knows.
    #[error("`{key}`: {message}")]
    Value {
        /// Key path, as far as it is known.
        key: String,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// A name that is no preset.
    #[error("`{key}`: {error}")]
    Preset {
        /// Key path.
        key: String,
        /// The unknown name.
        error: UnknownPreset,
    },
}

impl LayerError {
    /// The key path that the error is about.
    pub fn key(&self) -> &str {
        match self {
            LayerError::Value { key, .. } | LayerError::Preset { key, .. } => key,
        }
    }
}

/// Flattens a table. Arrays stay whole, so that a later layer replaces them whole, but for those of tables that may be
/// lists ([`LISTS`]): of those each has its keys.
pub fn flatten(table: &Table, origin: &Origin) -> Layer {
    fn walk(prefix: &str, table: &Table, origin: &Origin, into: &mut Layer) {
        for (key, value) in table {
            let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                Value::Table(inner) => walk(&path, inner, origin, into),
                Value::Array(tables) if LISTS.contains(&path.as_str()) && tables.iter().all(Value::is_table) => {
                    for (i, table) in tables.iter().filter_map(Value::as_table).enumerate() {
                        walk(&format!("{path}[{i}]"), table, origin, into);
                    }
                }
                other => {
                    into.insert(path, (other.clone(), origin.clone()));
                }
            }
        }
    }
    let mut layer = Layer::new();
    walk("", table, origin, &mut layer);
    layer
}

/// Tables in tables that a key path may go through: more than a scenario has.
pub const MOST_DEPTH: usize = 16;

/// Where presets may be named, and of which kind. A slot's default is the one its device names.
pub const PRESET_KEYS: [(&str, PresetKind); 5] = [
    ("nic", PresetKind::Nic),
    ("accelerator", PresetKind::Accelerator),
    ("nic.pcie", PresetKind::Pcie),
    ("accelerator.pcie", PresetKind::Pcie),
    ("pcie.uplink", PresetKind::Pcie),
];

/// Tables that may be lists: `[nic]` is one, `[[nic]]` one of several. Keys of the first one are `nic[0].count` and so
/// on; what stands at `nic.count` beside them is said of each that says nothing else.
pub const LISTS: [&str; 3] = ["nic", "accelerator", "traffic"];

/// More than a scenario has of anything in a list.
const MOST_IN_LIST: usize = 64;

/// The program's defaults, flat: the same for every scenario.
static DEFAULTS: LazyLock<Layer> = LazyLock::new(|| flatten(&preset::defaults().values, &Origin::Default));
/// The program's defaults, with the presets that they name and not what those say.
pub fn defaults() -> &'static Layer {
    &DEFAULTS
}

/// Lays `overrides` over the presets that they name and the defaults. The result has every key of a scenario.
///
/// # Errors
/// [`LayerError`] for an unknown preset, a preset name that is not a string, or a key that is no more.
pub fn resolve(overrides: &Layer) -> Result<Layer, LayerError> {
    resolve_with(overrides, &Own::new())
}

/// The same where presets of a user's own may be named too.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_with(overrides: &Layer, own: &Own) -> Result<Layer, LayerError> {
    let overrides = &renamed::renamed(overrides)?;
    match overrides.keys().any(|key| key.contains('[')) {
        true => lists::resolve(overrides, own),
        false => resolve_one(overrides, own),
    }
}

/// The same without lists.
fn resolve_one(overrides: &Layer, own: &Own) -> Result<Layer, LayerError> {
    let mut values = DEFAULTS.clone();
    for (place, kind) in PRESET_KEYS {
        let key = format!("{place}.preset");
        let device_slot = place.strip_suffix(".pcie").and_then(|device| {
            let (slot, _) =
                overrides.get(&format!("{device}.slot")).or_else(|| values.get(&format!("{device}.slot")))?;
            Some((format!("{device}.slot"), slot.clone()))
        });
        let named = overrides.get(&key).map(|(value, _)| (key.clone(), value.clone())).or(device_slot);
        let Some((key, name)) = named.or_else(|| values.get(&key).map(|(value, _)| (key.clone(), value.clone())))
        else {
            continue;
        };
        let Some(name) = name.as_str() else {
            return Err(LayerError::Value { key, message: "a preset's name is a string".into() });
        };
        match presets::named(place, kind, name, own) {
            Some(layer) => values.extend(layer.iter().map(|(key, entry)| (key.clone(), entry.clone()))),
            None => {
                let error = UnknownPreset { kind, name: name.to_owned() };
                return Err(LayerError::Preset { key, error });
            }
        }
    }
    for (key, entry) in overrides {
        values.insert(key.clone(), entry.clone());
    }
    values.retain(|key, _| !key.ends_with(".preset"));
    presets::resolve_mix(&mut values, overrides, own)?;
    Ok(values)
}

/// The scenario of resolved layers.
///
/// # Errors
/// [`LayerError::Value`] for the first key that is unknown, missing or has a value that its type refuses.
pub fn scenario(values: &Layer) -> Result<Scenario, LayerError> {
    // Keeping track of the path costs as much as everything else, and only an error needs it.
    let scenario = Scenario::deserialize(Value::Table(nested(values)?)).or_else(|_| tracked(values))?;
    Ok(Scenario { doubts: doubt::doubts(values), ..scenario })
}

/// The same, slowly, for the key that an error is at.
fn tracked(values: &Layer) -> Result<Scenario, LayerError> {
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(Value::Table(nested(values)?), &mut track);
    Scenario::deserialize(deserializer).map_err(|error: toml::de::Error| {
        // A mix of one size was written as `traffic.packet`.
        let path = track.path().to_string();
        let packet = values.get("traffic.mix").and_then(|(mix, _)| mix.as_array()).is_some_and(|mix| mix.len() == 1);
        let key = if packet && path == "traffic.mix[0].size" { "traffic.packet".into() } else { path };
        LayerError::Value { key, message: error.message().to_owned() }
    })
}

fn nested(values: &Layer) -> Result<Table, LayerError> {
    if let Some(path) = values.keys().find(|path| path.split('.').count() > MOST_DEPTH) {
        let message = format!("tables in more than {MOST_DEPTH} tables");
        return Err(LayerError::Value { key: path.clone(), message });
    }
    let sorted: Vec<(&str, &Value)> = values.iter().map(|(path, (value, _))| (path.as_str(), value)).collect();
    let mut whole = table(&sorted, 0)?;
    for list in LISTS {
        let items: Vec<Value> = (0..).map_while(|i| whole.remove(&format!("{list}[{i}]"))).collect();
        if !items.is_empty() {
            whole.insert(list.to_owned(), Value::Array(items));
        }
    }
    Ok(whole)
}

/// The table of the paths that have the same `start` octets; they are sorted, so that those of a table in it stand together.
fn table(mut entries: &[(&str, &Value)], start: usize) -> Result<Table, LayerError> {
    let mut table_of = Table::new();
    while let Some((path, value)) = entries.first() {
        let (key, inner) = match path[start..].find('.') {
            None => (&path[start..], None),
            Some(length) => (&path[start..start + length], Some(start + length + 1)),
        };
        let count = inner.map_or(1, |inner| entries.partition_point(|(other, _)| other.starts_with(&path[..inner])));
        let (these, rest) = entries.split_at(count);
        entries = rest;
        let value = match inner {
            None => (*value).clone(),
            Some(inner) => Value::Table(table(these, inner)?),
        };
        if table_of.insert(key.to_owned(), value).is_some() {
            let key = path[..start + key.len()].to_owned();
            return Err(LayerError::Value { key, message: "a value, where a table is expected".into() });
        }
    }
    Ok(table_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Layer {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (Value::String((*value).to_owned()), Origin::Set)))
            .collect()
    }

    #[test]
    fn defaults_are_a_scenario() {
        let values = resolve(&Layer::new()).unwrap();
        scenario(&values).unwrap();
    }

    #[test]
    fn a_later_layer_wins_and_says_so() {
        let values = resolve(&set(&[("nic.preset", "nic-40g"), ("nic.line_rate", "25 Gbps")])).unwrap();
        assert_eq!(values["nic.line_rate"].1, Origin::Set);
        assert!(matches!(values["nic.ring"].1, Origin::Preset { .. }));
        let scenario = scenario(&values).unwrap();
        assert_eq!(scenario.nic[0].line_rate.as_gbps(), 25.0);
        assert!(scenario.nic[0].esp.is_none());
    }

    #[test]
    fn a_preset_of_ones_own_stands_where_a_shipped_one_may() {
        let text = "base = \"nic-40g\"\nring = 64\nslot = \"gen5-x16\"\n[sources]\nring = \"measured: by us\"";
        let preset = preset::own(PresetKind::Nic, "my.toml", text.parse().unwrap()).unwrap();
        let own = Own::from([((PresetKind::Nic, "a/my.toml".to_owned()), preset)]);
        for key in ["nic.preset", "nic[0].preset"] {
            let values = resolve_with(&set(&[(key, "a/my.toml")]), &own).unwrap();
            let ring = values.iter().find(|(key, _)| key.ends_with(".ring") && key.starts_with("nic")).unwrap().1;
            assert_eq!(ring.1.to_string(), "preset nic my.toml: measured: by us");
            let nic = &scenario(&values).unwrap().nic[0];
            assert_eq!((nic.ring, nic.line_rate.as_gbps(), nic.pcie.generation), (64, 40.0, 5));
        }
        assert!(resolve(&set(&[("nic.preset", "a/my.toml")])).is_err());
        let kinds = ["nic[1].preset", "pcie.nic.preset", "traffic.mix", "nic.ring"].map(names_preset);
        assert_eq!(kinds, [Some(PresetKind::Nic), Some(PresetKind::Pcie), Some(PresetKind::Mix), None]);
    }

    #[test]
    fn a_device_brings_its_slot() {
        let values = resolve(&set(&[("accelerator.preset", "qat-4xxx")])).unwrap();
        let named = values["accelerator.pcie.lanes"].1.to_string();
        assert!(named.starts_with("preset pcie on-package"), "{named}");
        let values = resolve(&set(&[("nic.preset", "nic-40g"), ("pcie.nic.preset", "gen5-x16")])).unwrap();
        assert_eq!(scenario(&values).unwrap().nic[0].pcie.generation, 5);
    }

    #[test]
    fn a_list_has_what_is_said_of_all_and_what_is_said_of_one() {
        let table: Table = "[[nic]]\npreset = \"nic-40g\"\n[[nic]]\nstandby = true\npcie.lanes = 4\n".parse().unwrap();
        let mut layer = flatten(&table, &Origin::Scenario);
        layer.extend(set(&[("nic.latency", "1 us")]));
        let nics = scenario(&resolve(&layer).unwrap()).unwrap().nic;
        assert_eq!((nics.len(), nics[0].standby, nics[1].standby), (2, false, true));
        assert!(nics[0].esp.is_none() && nics[1].esp.is_some());
        assert_eq!((nics[0].pcie.lanes, nics[1].pcie.lanes), (8, 4));
        assert!(nics.iter().all(|nic| nic.latency == "1 us".parse().unwrap()));
        let error = resolve(&set(&[("nic[1].preset", "nic-4g")])).unwrap_err();
        assert_eq!(error.key(), "nic[1].preset");
    }

    #[test]
    fn other_spellings_mean_the_same_and_what_is_replaced_says_by_what() {
        let layer = Layer::from([("host.nics".to_owned(), (Value::Integer(3), Origin::Set))]);
        assert_eq!(scenario(&resolve(&layer).unwrap()).unwrap().nic[0].count, 3);
        let error = resolve(&set(&[("standby.preset", "nic-40g")])).unwrap_err();
        assert!(error.to_string().contains("standby = true"), "{error}");
    }

    #[test]
    fn wrong_values_are_named_by_key() {
        let wrong = |pairs| resolve(&set(pairs)).and_then(|values| scenario(&values)).unwrap_err();
        assert_eq!(wrong(&[("nic.line_rate", "25 GB")]).key(), "nic.line_rate");
        assert_eq!(wrong(&[("nic.lin_rate", "25 Gbps")]).key(), "nic.lin_rate");
        assert_eq!(wrong(&[("nic.preset", "nic-4g")]).key(), "nic.preset");
        assert_eq!(wrong(&[("traffic.packet", "64")]).key(), "traffic.packet");
        assert_eq!(wrong(&[("traffic.packet", "64 B"), ("traffic.mix", "simple-imix")]).key(), "traffic.packet");
        assert_eq!(wrong(&[("traffic", "64 B")]).key(), "traffic");
        assert_eq!(wrong(&[("nic.line_rate.of", "64 B")]).key(), "nic.line_rate");
        let deep = ["nic"; MOST_DEPTH + 1].join(".");
        assert_eq!(wrong(&[(&deep, "1")]).key(), deep);
    }
}
