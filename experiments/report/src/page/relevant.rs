//! Which published measurements tell of the designs of a folder.

use std::collections::BTreeSet;

use espsim_sweep::store::manifest::Manifest;

/// The parameters that say what a folder is of.
const PLACEMENT: &str = "placement";
const STACK: &str = "host.stack";

/// Placements and stacks of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    placements: BTreeSet<String>,
    stacks: BTreeSet<String>,
}

/// A family of measurements, and the placements and stacks whose mechanisms they test; empty for all.
const FAMILIES: [(&str, &[&str], &[&str]); 14] = [
    ("pcie-model", &[], &[]),
    ("pcie-nic", &[], &[]),
    ("pcie-bandwidth", &[], &[]),
    ("pcie-latency", &[], &[]),
    ("pcie-window", &[], &[]),
    ("pcie-elsewhere", &[], &[]),
    ("aead", &["host", "dpu", "crypto"], &[]),
    ("stack", &["host", "inline-crypto", "inline-packet", "clear"], &["kernel"]),
    ("forwarding", &["host", "inline-crypto", "inline-packet", "clear"], &["kernel"]),
    ("vector", &["host", "lookaside"], &["vector"]),
    ("lookaside", &["lookaside", "crypto"], &[]),
    ("sa-cache", &["inline-crypto", "inline-packet", "hairpin", "dpu"], &[]),
    ("sa-lock", &["host", "inline-crypto", "inline-packet"], &["kernel"]),
    ("limits", &[], &[]),
];

impl About {
    /// What a manifest says.
    pub fn of(manifest: &Manifest) -> Self {
        let values = |key: &str| -> BTreeSet<String> {
            let common = manifest.parameters.get(key).into_iter();
            let own = manifest.points.iter().filter_map(|point| point.parameters.get(key));
            let swept = manifest.axes.iter().filter_map(|axis| axis.get(key)).flatten().cloned();
            common.chain(own).map(|parameter| parameter.shown()).chain(swept).collect()
        };
        About { placements: values(PLACEMENT), stacks: values(STACK) }
    }

    /// Whether a family's measurements test mechanisms of these; all do where the folder does not say what it is of.
    pub fn concerns(&self, family: &str) -> bool {
        let Some((_, placements, stacks)) = FAMILIES.iter().find(|(name, ..)| *name == family) else { return true };
        let meets = |wanted: &[&str], there: &BTreeSet<String>| {
            wanted.is_empty() || there.is_empty() || wanted.iter().any(|one| there.contains(*one))
        };
        meets(placements, &self.placements) && meets(stacks, &self.stacks)
    }
}

#[cfg(test)]
mod tests {
    use espsim_model::placement::Placement;

    use super::*;

    #[test]
    fn a_card_is_not_told_of_by_nics_caches() {
        let of = |placement: &str, stack: &str| About {
            placements: BTreeSet::from([placement.to_owned()]),
            stacks: BTreeSet::from([stack.to_owned()]),
        };
        let card = of("lookaside", "vector");
        assert!(card.concerns("lookaside") && card.concerns("vector") && card.concerns("pcie-bandwidth"));
        assert!(!card.concerns("sa-cache") && !card.concerns("stack") && !card.concerns("aead"));
        assert!(of("host", "kernel").concerns("aead") && !of("host", "kernel").concerns("vector"));
        assert!(About::default().concerns("vector"), "nothing is known");
    }

    #[test]
    fn families_and_placements_are_those_there_are() {
        for (family, placements, _) in FAMILIES {
            assert!(crate::families::FAMILIES.iter().any(|known| known.name == family), "{family}");
            assert!(placements.iter().all(|one| Placement::ALL.iter().any(|known| known.name() == *one)), "{family}");
        }
    }
}
