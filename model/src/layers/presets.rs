//! Presets as layers: the library's, and a user's own.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use toml::{Table, Value};

use super::{Doubt, Layer, LayerError, Origin, PRESET_KEYS, flatten, renamed};
use crate::preset::{self, Preset, PresetKind};
use crate::scenario::parameters;

/// What a preset says at a place.
type Laid = BTreeMap<(&'static str, &'static str), Layer>;

/// Every preset at every place where it may be named: the same for every scenario.
static PRESETS: LazyLock<Laid> = LazyLock::new(|| {
    let places = PRESET_KEYS.into_iter();
    places
        .flat_map(|(place, kind)| kind.files().iter().map(move |(name, _)| (place, kind, *name)))
        .filter_map(|(place, kind, name)| Some(((place, name), shipped(place, kind, name)?)))
        .collect()
});

/// Presets of a user's own, by kind and by the name that overrides have for them.
pub type Own = BTreeMap<(PresetKind, String), Preset>;

/// The kind of preset that a key names, however it is spelt: `nic[1].preset`, `pcie.nic.preset`, `traffic.mix`.
pub fn names_preset(key: &str) -> Option<PresetKind> {
    let key = parameters::without_numbers(key);
    let key = renamed::spelt_now(&key).unwrap_or_else(|| key.into_owned());
    if key == MIX {
        return Some(PresetKind::Mix);
    }
    let place = key.strip_suffix(".preset")?;
    PRESET_KEYS.iter().find(|(known, _)| *known == place).map(|(_, kind)| *kind)
}

/// The key that names a mix.
const MIX: &str = "traffic.mix";

/// What a preset says at a place; `None` for a name that is none.
pub(super) fn named<'a>(place: &'static str, kind: PresetKind, name: &'a str, own: &Own) -> Option<Cow<'a, Layer>> {
    match PRESETS.get(&(place, name)) {
        Some(layer) => Some(Cow::Borrowed(layer)),
        None => find_own(own, kind, name)
            .map(|preset| Cow::Owned(laid(place, preset, |key| own_origin(place, kind, preset, key)))),
    }
}

fn find_own<'a>(own: &'a Own, kind: PresetKind, name: &str) -> Option<&'a Preset> {
    // To look needs a key of its own, and nearly no scenario has any.
    if own.is_empty() { None } else { own.get(&(kind, name.to_owned())) }
}

/// What a shipped preset says, at a place.
fn shipped(place: &str, kind: PresetKind, name: &str) -> Option<Layer> {
    let preset = preset::load(kind, name).ok()?;
    Some(laid(place, preset, |key| shipped_origin(place, kind, preset, key)))
}

fn laid(place: &str, preset: &Preset, origin: impl Fn(&str) -> Origin) -> Layer {
    let values = flatten(&preset.values, &Origin::Default).into_iter();
    values.map(|(key, (value, _))| (format!("{place}.{key}"), (value, origin(&key)))).collect()
}

/// Where the value at a key of a shipped preset comes from. Every point has it: nothing is copied.
fn shipped_origin(place: &str, kind: PresetKind, preset: &'static Preset, key: &str) -> Origin {
    let source = preset.source(key).unwrap_or_default();
    let doubt = Doubt::of(place, kind, preset, key).map(Arc::new);
    Origin::Preset { kind, name: Cow::Borrowed(&preset.name), source: source.into(), doubt }
}

/// The same of a user's own.
fn own_origin(place: &str, kind: PresetKind, preset: &Preset, key: &str) -> Origin {
    let source = preset.source(key).unwrap_or_default().to_owned();
    let doubt = Doubt::of(place, kind, preset, key).map(Arc::new);
    Origin::Preset { kind, name: preset.name.clone(), source: source.into(), doubt }
}

/// `traffic.packet = "1400 B"` is a mix of one size; `traffic.mix = "simple-imix"` is a preset.
pub(super) fn resolve_mix(values: &mut Layer, overrides: &Layer, own: &Own) -> Result<(), LayerError> {
    let (packet, mix) = (overrides.get("traffic.packet"), overrides.get("traffic.mix"));
    let default_packet = values.remove("traffic.packet");
    match (packet, mix) {
        (Some(_), Some((Value::String(_) | Value::Array(_), _))) => Err(LayerError::Value {
            key: "traffic.packet".into(),
            message: "there is a traffic.mix too: give one or the other".into(),
        }),
        (None, Some((Value::String(name), _))) => {
            let (preset, origin) = match find_own(own, PresetKind::Mix, name) {
                Some(preset) => (preset, own_origin(MIX, PresetKind::Mix, preset, "packet")),
                None => {
                    let named = preset::load(PresetKind::Mix, name);
                    let preset = named.map_err(|error| LayerError::Preset { key: MIX.to_owned(), error })?;
                    (preset, shipped_origin(MIX, PresetKind::Mix, preset, "packet"))
                }
            };
            for (from, to) in [("packet", MIX), ("basis", "traffic.size_basis")] {
                if let Some(value) = preset.values.get(from) {
                    values.insert(to.to_owned(), (value.clone(), origin.clone()));
                }
            }
            Ok(())
        }
        (None, Some(_)) => Ok(()),
        (Some(_), _) | (None, None) => {
            if let Some((size, origin)) = default_packet {
                let entry = Table::from_iter([("weight".to_owned(), Value::Integer(1)), ("size".to_owned(), size)]);
                values.insert("traffic.mix".into(), (Value::Array(vec![Value::Table(entry)]), origin));
            }
            Ok(())
        }
    }
}
