//! What numbers of presets may be instead: as their ranges say, or what is assumed where an estimate has none.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use toml::Value;

use super::{Layer, Origin};
use crate::preset::{self, Evidence, Preset, PresetKind};
use crate::scenario::numbers::{Sense, sense};
use crate::scenario::parameters;

/// A cost that is an estimate without a range is taken to be so many times itself at the least and at the most, as most costs
/// in host presets are; a rate or a room the inverse. An estimate.
const ASSUMED: [f64; 2] = [0.6, 1.8];

/// What a number may be instead, in base units: picoseconds, octets, bits or packets per second, or pieces.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// What it is taken to be.
    pub value: f64,
    /// It is above this with 97.5 %.
    pub low: f64,
    /// It is below this with 97.5 %.
    pub high: f64,
    /// Which way it is worse.
    pub sense: Sense,
    /// How well it is known.
    pub evidence: Evidence,
    /// Names its error: one name, one error. A device errs as those do that are derived from it, and all slots of a host alike.
    pub error: String,
    /// Names what it has a part of its error in common with.
    pub cause: String,
}

/// Doubts by key. What is not here is exact: facts of specifications and drivers, and what the user says.
pub type Doubts = BTreeMap<String, Arc<Doubt>>;

impl Doubt {
    /// Of the number at a key of a preset that stands at a place; `None` of what is known without error.
    pub(super) fn of(place: &str, kind: PresetKind, preset: &Preset, key: &str) -> Option<Self> {
        let cause = match kind {
            // A root complex is one, whatever its slots.
            PresetKind::Pcie => kind.name().to_owned(),
            // What is no device's stands in the program's defaults.
            PresetKind::Mix => "host".to_owned(),
            _ => format!("{} {}", kind.name(), preset.family),
        };
        let full = if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        let evidence = preset.evidence(key);
        let sense = sense(&full)?;
        let number = |value: &Value| parameters::find(&full)?.takes.number(value);
        let value = number(preset.value(key)?)?;
        let [low, high] = match (preset.ranges.get(key), evidence) {
            (Some([low, high]), _) => [number(low)?, number(high)?],
            (None, Evidence::Estimate) => assumed(sense, value),
            (None, _) => return None,
        };
        Some(Doubt { value, low, high, sense, evidence, error: format!("{cause} {key}"), cause })
    }
}

fn assumed(sense: Sense, value: f64) -> [f64; 2] {
    let [low, high] = ASSUMED;
    match sense {
        Sense::Cost => [value * low, value * high],
        Sense::Capacity => [value / high, value / low],
    }
}

/// Of the program's defaults: the host's IOMMU and memory.
static DEFAULTS: LazyLock<Doubts> = LazyLock::new(|| {
    let preset = preset::defaults();
    let keys = super::defaults().keys();
    let of = |key: &String| Some((key.clone(), Arc::new(Doubt::of("", PresetKind::Mix, preset, key)?)));
    keys.filter_map(of).collect()
});

/// What may be otherwise of resolved values.
pub(super) fn doubts(values: &Layer) -> Doubts {
    let of = |(key, (_, origin)): (&String, &(Value, Origin))| {
        let doubt = match origin {
            Origin::Preset { doubt, .. } => doubt.as_ref(),
            Origin::Default => DEFAULTS.get(key),
            _ => None,
        };
        Some((key.clone(), doubt?.clone()))
    };
    values.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Own, resolve, resolve_with, scenario};
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> Layer {
        let one = |(key, value): &(&str, &str)| ((*key).to_owned(), (Value::from(*value), Origin::Set));
        pairs.iter().map(one).collect()
    }

    #[test]
    fn what_a_preset_has_a_range_for_is_in_doubt_and_what_the_user_says_is_not() {
        let of = |pairs| scenario(&resolve(&set(pairs)).unwrap()).unwrap().doubts;
        let doubts = of(&[("nic.preset", "connectx-6-dx")]);
        let rate = &doubts["nic.esp.rate"];
        assert_eq!((rate.low, rate.value, rate.high), (91e9, 100e9, 100e9));
        assert_eq!((rate.error.as_str(), rate.sense), ("nic connectx-6-dx esp.rate", Sense::Capacity));
        for exact in ["nic.line_rate", "nic.ring", "nic.pcie.lanes", "nic.pcie.max_payload_size", "host.cores"] {
            assert!(!doubts.contains_key(exact), "{exact}");
        }
        assert!(!of(&[("nic.esp.rate", "99 Gbps")]).contains_key("nic.esp.rate"));
        assert_eq!(doubts["pcie.iommu.walk"].cause, "host");
        // What all slots have of one root complex errs alike.
        assert_eq!(doubts["nic.pcie.read_latency"].error, doubts["accelerator.pcie.read_latency"].error);
    }

    #[test]
    fn a_preset_errs_as_the_one_that_it_is_derived_from() {
        let error = |nic: &str| {
            let doubts = scenario(&resolve(&set(&[("nic.preset", nic)])).unwrap()).unwrap().doubts;
            doubts["nic.esp.latency"].error.clone()
        };
        assert_eq!(error("bluefield-3"), error("connectx-7"));
        assert_ne!(error("bluefield-3"), error("t6"));
    }

    #[test]
    fn what_a_preset_of_ones_own_gives_without_a_source_is_taken_to_be_an_estimate() {
        let text = "base = \"nic-40g\"\nlatency = \"2 us\"\npacket_rate = \"10 Mpps\"\nring = 64\n[sources]\nring = \"measured: by us\"";
        let preset = preset::own(PresetKind::Nic, "my.toml", text.parse().unwrap()).unwrap();
        let own = Own::from([((PresetKind::Nic, "my.toml".to_owned()), preset)]);
        let values = resolve_with(&set(&[("nic[1].preset", "my.toml")]), &own).unwrap();
        let doubts = scenario(&values).unwrap().doubts;
        let ends = |key: &str| [doubts[key].low, doubts[key].high];
        assert_eq!(ends("nic[1].latency"), [1.2e6, 3.6e6]);
        assert!((ends("nic[1].packet_rate")[0] - 10e6 / 1.8).abs() < 1.0);
        assert_eq!(doubts["nic[1].latency"].error, "nic nic-40g latency");
        assert!(!doubts.contains_key("nic[1].ring"));
    }
}
