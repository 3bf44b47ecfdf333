//! Shipped presets: hardware, hosts and mixes as TOML, a source beside every number.

pub mod grade;
mod inherit;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

pub use inherit::{GIVEN, PresetError, own};
use toml::{Table, Value};

use crate::profile::{Profile, ProfileError, nearest_source};
use crate::stack::{self, Stack};

/// How well a value of a preset is known, from what is said of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// This project measured it.
    Measured,
    /// A specification, data sheet, paper or source code says it.
    Published,
    /// It is calculated from published values.
    Derived,
    /// It is estimated, all of it or a part.
    Estimate,
}

impl Evidence {
    /// Of a source. What is calculated or measured says so first; one estimate anywhere makes all of it an estimate, and
    /// what says nothing names a publication.
    pub fn of(source: &str) -> Self {
        // What a measurement left as it was says so before its own source.
        let source = match source.split_once("; ") {
            Some((words, source)) if words.starts_with("not measured here") => source,
            _ => source,
        };
        match source {
            _ if source.contains("estimate") => Evidence::Estimate,
            _ if source.starts_with("derived: ") => Evidence::Derived,
            _ if source.starts_with("measured: ") => Evidence::Measured,
            _ => Evidence::Published,
        }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Evidence::Measured => "measured",
            Evidence::Published => "published",
            Evidence::Derived => "derived",
            Evidence::Estimate => "estimate",
        }
    }
}

/// What a preset describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PresetKind {
    /// A network interface card.
    Nic,
    /// A lookaside accelerator.
    Accelerator,
    /// A PCIe slot.
    Pcie,
    /// A mix of packet sizes.
    Mix,
    /// A host's costs, in the form of a calibration profile.
    Cpu,
}

impl PresetKind {
    /// Every kind.
    pub const ALL: [PresetKind; 5] =
        [PresetKind::Nic, PresetKind::Accelerator, PresetKind::Pcie, PresetKind::Mix, PresetKind::Cpu];

    /// The kind's name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            PresetKind::Nic => "nic",
            PresetKind::Accelerator => "accelerator",
            PresetKind::Pcie => "pcie",
            PresetKind::Mix => "mix",
            PresetKind::Cpu => "cpu",
        }
    }

    /// Names of the shipped presets.
    pub fn names(self) -> Vec<&'static str> {
        self.files().iter().map(|(name, _)| *name).collect()
    }

    /// Names and texts of the shipped presets.
    pub const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            PresetKind::Nic => NICS,
            PresetKind::Accelerator => ACCELERATORS,
            PresetKind::Pcie => SLOTS,
            PresetKind::Mix => MIXES,
            PresetKind::Cpu => CPUS,
        }
    }
}

macro_rules! presets {
    ($folder:literal: $($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../presets/", $folder, "/", $name, ".toml")))),+]
    };
}

const NICS: &[(&str, &str)] = presets!(
    "nic": "connectx-6-dx", "connectx-7", "connectx-8", "bluefield-2", "bluefield-3", "innova-ipsec-40g", "x520", "x550",
    "ipu-e2000", "t6", "cn10k", "connectx-4", "connectx-4-lx", "connectx-5-ex", "xl710", "xxv710", "e810-cq", "e810-xxv",
    "ena-25g", "ena-200g", "gvnic", "nic-10g", "nic-25g", "nic-40g", "nic-100g", "nic-200g", "nic-400g",
);
const ACCELERATORS: &[(&str, &str)] = presets!(
    "accelerator": "qat-8970", "qat-8950", "qat-c62x-x16", "qat-c62x-dmi", "qat-c3xxx", "qat-4xxx", "octeon-cpt", "nitrox-v",
    "kunpeng-sec2", "eip93", "safexcel-eip197",
);
const SLOTS: &[(&str, &str)] = presets!(
    "pcie": "gen2-x8", "gen3-x4", "gen3-x8", "gen3-x16", "gen4-x8", "gen4-x16", "gen5-x8", "gen5-x16", "gen6-x16", "dmi3",
    "on-package",
);
const MIXES: &[(&str, &str)] = presets!("mix": "simple-imix");
const CPUS: &[(&str, &str)] = presets!(
    "cpu": "haswell", "broadwell", "skylake-sp", "cascade-lake", "ice-lake-sp", "sapphire-rapids", "emerald-rapids",
    "zen2", "zen3", "zen4", "zen5", "neoverse-n1", "neoverse-n2", "neoverse-v1", "neoverse-v2", "cortex-a53", "cortex-a72",
    "cortex-a78", "denverton", "tremont",
);

/// The scenario that files and presets are laid over.
const DEFAULTS: &str = include_str!("../presets/default.toml");

/// A preset's values and where each comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// Its name, or the path of a user's own.
    pub name: Cow<'static, str>,
    /// The last of its bases, or itself where it has none: what its estimates were made together with.
    pub family: Cow<'static, str>,
    /// Values, without the tables of sources and ranges.
    pub values: Table,
    /// Key path to source.
    pub sources: BTreeMap<String, String>,
    /// Key path to the least and the most that an estimate may be, each written as the value is.
    pub ranges: BTreeMap<String, [Value; 2]>,
}

impl Preset {
    /// Where a value comes from: the source of its key, or that of the nearest table around it.
    pub fn source(&self, key: &str) -> Option<&str> {
        nearest_source(key, |key| self.sources.get(key).map(String::as_str))
    }
}

/// A name that is no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no {} preset is called `{name}`", kind.name())]
pub struct UnknownPreset {
    /// The kind that was asked for.
    pub kind: PresetKind,
    /// The name that was asked for.
    pub name: String,
}

/// The text of a preset.
///
/// # Errors
/// [`UnknownPreset`] for a name that is none.
pub fn text(kind: PresetKind, name: &str) -> Result<&'static str, UnknownPreset> {
    let found = kind.files().iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    found.ok_or_else(|| UnknownPreset { kind, name: name.to_owned() })
}

/// A shipped preset, parsed once, when it is first asked for: sweeps ask for the same ones at every point, and all of them
/// take more memory than a sweep.
fn loaded(kind: PresetKind, name: &'static str) -> Option<&'static Preset> {
    type Key = (PresetKind, &'static str);
    static LOADED: LazyLock<BTreeMap<Key, (&'static str, OnceLock<Preset>)>> = LazyLock::new(|| {
        let all = PresetKind::ALL
            .into_iter()
            .flat_map(|kind| kind.files().iter().map(move |(name, text)| ((kind, *name), *text)));
        all.map(|(key, text)| (key, (text, OnceLock::new()))).collect()
    });
    let (text, place) = LOADED.get(&(kind, name))?;
    Some(place.get_or_init(|| match kind {
        PresetKind::Cpu => cpu(name),
        _ => inherit::shipped(kind, name, text),
    }))
}

/// The scenario that files and presets are laid over, with the sources of what is not a mere choice.
pub fn defaults() -> &'static Preset {
    static PARSED: LazyLock<Preset> = LazyLock::new(|| inherit::shipped(PresetKind::Mix, "default", DEFAULTS));
    &PARSED
}

/// A host with all that it has of others: their values and sources.
fn cpu(name: &'static str) -> Preset {
    let whole = profile(name).ok().and_then(Result::ok).and_then(|profile| profile.to_toml().ok());
    let mut preset = inherit::shipped(PresetKind::Cpu, name, &whole.unwrap_or_default());
    // What a stack has no such cost of stands there as zero.
    for stack in Stack::ALL {
        if let Some(costs) = preset.values.get_mut(stack.table()).and_then(Value::as_table_mut) {
            costs.retain(|name, _| stack::find(name).is_some_and(|cost| cost.stacks.contains(&stack)));
        }
    }
    preset
}

/// A hardware or mix preset.
///
/// # Errors
/// [`UnknownPreset`] for a name that is none.
pub fn load(kind: PresetKind, name: &str) -> Result<&'static Preset, UnknownPreset> {
    let known = kind.files().iter().find(|(known, _)| *known == name);
    let found = known.and_then(|(known, _)| loaded(kind, known));
    found.ok_or_else(|| UnknownPreset { kind, name: name.to_owned() })
}

/// A host preset as a profile, complete: most say only how they differ from another.
///
/// # Errors
/// [`ProfileError`] if the shipped file is wrong, which a test excludes.
pub fn profile(name: &str) -> Result<Result<Profile, ProfileError>, UnknownPreset> {
    let read = |text| Profile::from_toml(text).map(|whole| Profile { filled_from: None, ..whole });
    text(PresetKind::Cpu, name).map(read)
}

/// A host preset as a profile, read once; `None` for a name that is none.
pub fn shared_profile(name: &str) -> Option<&'static Profile> {
    static READ: LazyLock<BTreeMap<&'static str, OnceLock<Option<Profile>>>> =
        LazyLock::new(|| CPUS.iter().map(|(name, _)| (*name, OnceLock::new())).collect());
    READ.get(name)?.get_or_init(|| profile(name).ok()?.ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_says_how_well_a_value_is_known() {
        let mut found = std::collections::BTreeSet::new();
        let all = PresetKind::ALL.into_iter().flat_map(|kind| kind.names().into_iter().map(move |name| (kind, name)));
        for preset in all.filter_map(|(kind, name)| loaded(kind, name)).chain([defaults()]) {
            for (key, source) in &preset.sources {
                let evidence = Evidence::of(source);
                found.insert(evidence);
                let at = format!("{} {key}: {source}", preset.name);
                assert!(source.len() > 10, "{at}");
                // What was taken here says so first, and so does what is a difference, a product or a ratio of others.
                let measured = source.contains("this project's measurement");
                let derived = [", less ", " times ", "against", "rounded"].iter().any(|sign| source.contains(sign));
                assert!(evidence != Evidence::Published || !(measured || derived), "{at}");
            }
        }
        // A preset holds what others measured, or what follows from it: a measurement of one host belongs in a profile.
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [Evidence::Published, Evidence::Derived, Evidence::Estimate]);
    }
}
