//! Presets of a user's own: a TOML file, named wherever a shipped preset may be.
//!
//! A name that ends in `.toml` is a path: in a scenario file relative to that file, on the command line to the current
//! folder. A file is read and checked once, so that all points have the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use espsim_model::layers::{self, Layer, LayerError, Origin, Own, PRESET_KEYS};
use espsim_model::preset::{self, Preset, PresetError, PresetKind};
use espsim_model::scenario::parameters::parameters;
use toml::{Table, Value};

use crate::failure::{Failure, explain, nearest, read_text};
use crate::file::source::{Source, syntax};

/// How names end that are paths.
const ENDING: &str = ".toml";

static KEPT: Mutex<BTreeMap<(PresetKind, PathBuf), Preset>> = Mutex::new(BTreeMap::new());

/// Reads what overrides name by path, and puts in place of each name the path that it was read from; `scenario` is the path
/// of the scenario file.
///
/// # Errors
/// [`Failure`] for a file that cannot be read or is no preset, at the key that is wrong.
pub fn read_named(overrides: &mut Layer, scenario: &Path) -> Result<Own, Failure> {
    let mut own = Own::new();
    for (key, (value, origin)) in overrides.iter_mut() {
        let Value::String(name) = value else { continue };
        let Some(kind) = layers::names_preset(key).filter(|_| name.ends_with(ENDING)) else { continue };
        let folder = match origin {
            Origin::Set => None,
            _ => scenario.parent(),
        };
        let path = folder.unwrap_or(Path::new("")).join(&*name);
        let preset = kept(kind, &path)?;
        *name = path.display().to_string();
        own.insert((kind, name.clone()), preset);
    }
    Ok(own)
}

/// A preset by its shipped name, or by the path of a file.
///
/// # Errors
/// [`Failure`] for a name that is none, or as [`read_named`].
pub fn named(kind: PresetKind, name: &Path) -> Result<Preset, Failure> {
    let text = name.to_string_lossy();
    if text.ends_with(ENDING) {
        return kept(kind, name);
    }
    preset::load(kind, &text).cloned().map_err(|error| {
        let (message, help) = explain(&LayerError::Preset { key: String::new(), error });
        Failure::new(message).with_help(help)
    })
}

fn kept(kind: PresetKind, path: &Path) -> Result<Preset, Failure> {
    let mut all = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let key = (kind, path.to_owned());
    if let Some(preset) = all.get(&key) {
        return Ok(preset.clone());
    }
    let what = format!("read {} preset", kind.name());
    let preset = parse(kind, path, read_text(&what, path)?)?;
    all.insert(key, preset.clone());
    Ok(preset)
}

/// The preset that a text is; `path` is for messages.
///
/// # Errors
/// [`Failure`] at the key that is wrong.
pub fn parse(kind: PresetKind, path: &Path, text: String) -> Result<Preset, Failure> {
    let table: Table = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
    let source = Source::toml(path, text)?;
    let name = path.display().to_string();
    let preset = preset::own(kind, &name, table).map_err(|error| refused(&source, &error))?;
    check(kind, &source, &preset)?;
    Ok(preset)
}

fn refused(source: &Source, error: &PresetError) -> Failure {
    match error {
        PresetError::Base(unknown) => {
            let (message, help) = explain(&LayerError::Preset { key: "base".into(), error: unknown.clone() });
            source.failure("base", format!("`base`: {message}")).with_help(help)
        }
        PresetError::Form { key, .. } => source.failure(key, error.to_string()),
    }
}

/// Checks a preset's values as those of a scenario that has no others.
fn check(kind: PresetKind, source: &Source, preset: &Preset) -> Result<(), Failure> {
    let place = match kind {
        PresetKind::Mix => return check_mix(source, preset),
        _ => PRESET_KEYS.iter().find(|(_, of)| *of == kind).map_or("", |(place, _)| *place),
    };
    let known: Vec<String> = parameters()
        .filter_map(|parameter| Some(parameter.key().strip_prefix(place)?.strip_prefix('.')?.to_owned()))
        .collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let keys = layers::flatten(&preset.values, &Origin::Default);
    if let Some(key) = keys.keys().find(|key| !known.contains(&key.as_str())) {
        let message = format!("`{key}` is no key of a preset of kind {}", kind.name());
        return Err(source.failure(key, message).with_help(nearest(key, &known)));
    }
    let wrong = |key: &str, message: String| {
        let own = key.strip_prefix(place).and_then(|key| key.strip_prefix('.')).unwrap_or(key);
        source.failure(own, message.replace(key, own))
    };
    let explained = |error: LayerError| {
        let (message, help) = explain(&error);
        wrong(error.key(), message).with_help(help)
    };
    let name = preset.name.to_string();
    let overrides = Layer::from([(format!("{place}.preset"), (name.clone().into(), Origin::Set))]);
    let own = Own::from([((kind, name), preset.clone())]);
    let scenario = layers::resolve_with(&overrides, &own).and_then(|values| layers::scenario(&values));
    let scenario = scenario.map_err(explained)?;
    scenario.check_devices().map_err(|error| wrong(&error.key, error.to_string()))
}

/// A mix has its sizes and what they are counted on; scenarios check those.
fn check_mix(source: &Source, preset: &Preset) -> Result<(), Failure> {
    const KNOWN: [&str; 3] = ["title", "packet", "basis"];
    match preset.values.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        Some(key) => Err(source.failure(key, format!("`{key}` is no key of a mix")).with_help(nearest(key, &KNOWN))),
        None if !preset.values.contains_key("packet") => {
            Err(source.failure("packet", "`packet` is missing: the list of sizes and weights"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: PresetKind, text: &str) -> Result<Preset, Failure> {
        parse(kind, Path::new("my.toml"), text.to_owned())
    }

    fn refused(kind: PresetKind, text: &str) -> String {
        format!("{:?}", miette::Report::new(read(kind, text).unwrap_err()))
    }

    #[test]
    fn a_base_is_enough_and_without_one_all_must_be_there() {
        read(PresetKind::Nic, "base = \"connectx-7\"\nline_rate = \"400 Gbps\"").unwrap();
        read(PresetKind::Accelerator, "base = \"qat-8970\"\nengines = 10").unwrap();
        read(PresetKind::Pcie, "base = \"gen3-x16\"\nread_latency = \"600 ns\"").unwrap();
        read(PresetKind::Mix, "title = \"one\"\npacket = [{ weight = 1, size = \"64 B\" }]").unwrap();
        let said = refused(PresetKind::Nic, "title = \"mine\"\nline_rate = \"10 Gbps\"");
        assert!(said.contains("my.toml") && said.contains("missing field"), "{said}");
    }

    #[test]
    fn what_is_wrong_is_said_with_file_line_key_and_the_nearest_name() {
        let nic = |text: &str| refused(PresetKind::Nic, &format!("base = \"connectx-7\"\n{text}"));
        for (said, parts) in [
            (nic("rign = 5"), &["my.toml:2", "`rign`", "did you mean `ring`?"][..]),
            (nic("ring = 0"), &["my.toml:2", "`ring`", "1 to 65536"]),
            (nic("line_rate = \"4 apples\""), &["my.toml:2", "line_rate", "Gbps"]),
            (nic("[esp]\nsa_capcity = 5"), &["my.toml:3", "esp.sa_capcity", "did you mean `esp.sa_capacity`?"]),
            (nic("slot = \"gen3x8\""), &["my.toml:2", "slot", "did you mean `gen3-x8`?"]),
            (refused(PresetKind::Nic, "base = \"conectx-7\""), &["my.toml:1", "`base`", "did you mean `connectx-7`?"]),
            (refused(PresetKind::Mix, "title = \"a\""), &["packet"]),
        ] {
            assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        }
    }

    #[test]
    fn a_path_is_relative_to_the_file_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("my.toml"), "base = \"nic-40g\"\nring = 77").unwrap();
        let named = |origin: Origin| Layer::from([("nic.preset".to_owned(), (Value::from("my.toml"), origin))]);
        let mut overrides = named(Origin::Scenario);
        let own = read_named(&mut overrides, &folder.path().join("scenario.toml")).unwrap();
        let values = layers::resolve_with(&overrides, &own).unwrap();
        assert_eq!(values["nic.ring"].0.as_integer(), Some(77));
        // The command line's are not looked for there.
        let error = read_named(&mut named(Origin::Set), &folder.path().join("scenario.toml")).unwrap_err();
        assert!(error.to_string().contains("cannot read nic preset my.toml"), "{error}");
        // Nothing is read for names that are no paths.
        let mut shipped = Layer::from([("nic.preset".to_owned(), (Value::from("nic-40g"), Origin::Scenario))]);
        assert!(read_named(&mut shipped, Path::new("scenario.toml")).unwrap().is_empty());
    }
}
