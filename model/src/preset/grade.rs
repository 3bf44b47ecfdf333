//! How far a device's preset is to be trusted: how many of the values that decide what it carries are no estimates.

use std::fmt;

use toml::Value;

use super::{Evidence, Preset, PresetKind};

/// Values that decide what a NIC carries, and how much of it by itself.
const NIC: [&str; 17] = [
    "line_rate",
    "packet_rate",
    "ring",
    "descriptor",
    "receive_descriptor",
    "completion",
    "completion_batch",
    "read_tags",
    "tso",
    "rss_esp",
    "slot",
    "esp.algorithms",
    "esp.rate",
    "esp.packet_rate",
    "esp.packet_offload",
    "esp.sa_capacity",
    "esp.sa_cache",
];

/// The same of a lookaside accelerator.
const ACCELERATOR: [&str; 10] = [
    "algorithms",
    "kernel_algorithms",
    "engines",
    "rate",
    "operation_rate",
    "latency",
    "ring",
    "request",
    "coalesce_time",
    "slot",
];

/// How many of the values that decide are measured, published or derived. Values that a device does not have do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grade {
    /// Those that are.
    pub known: usize,
    /// All of them.
    pub of: usize,
}

impl Grade {
    /// Of a preset; `None` for a kind of which no values are named as decisive.
    pub fn of(kind: PresetKind, preset: &Preset) -> Option<Self> {
        let decisive: &[&str] = match kind {
            PresetKind::Nic => &NIC,
            PresetKind::Accelerator => &ACCELERATOR,
            PresetKind::Pcie | PresetKind::Mix | PresetKind::Cpu => return None,
        };
        let there: Vec<&&str> = decisive.iter().filter(|key| preset.value(key).is_some()).collect();
        let known = there.iter().filter(|key| preset.evidence(key) != Evidence::Estimate).count();
        Some(Grade { known, of: there.len() })
    }

    /// A letter: A where at least three quarters are known, B half, C a quarter, D less.
    pub const fn letter(self) -> char {
        match 4 * self.known {
            n if n >= 3 * self.of => 'A',
            n if n >= 2 * self.of => 'B',
            n if n >= self.of => 'C',
            _ => 'D',
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} of {})", self.letter(), self.known, self.of)
    }
}

impl Preset {
    /// The value at a key path.
    pub fn value(&self, key: &str) -> Option<&Value> {
        let mut parts = key.split('.');
        let first = self.values.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    /// How well a value is known. What has no source is an estimate.
    pub fn evidence(&self, key: &str) -> Evidence {
        self.source(key).map_or(Evidence::Estimate, Evidence::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::{load, own};

    #[test]
    fn a_grade_follows_from_the_sources_alone() {
        let text = "base = \"connectx-6-dx\"\nring = 512\ndescriptor = \"64 B\"\n[sources]\nring = \"measured: by us\"";
        let mine = own(PresetKind::Nic, "my.toml", text.parse().unwrap()).unwrap();
        let base = Grade::of(PresetKind::Nic, load(PresetKind::Nic, "connectx-6-dx").unwrap()).unwrap();
        let mine = Grade::of(PresetKind::Nic, &mine).unwrap();
        // The ring was published and is measured; the descriptor was published and has no source by now.
        assert_eq!((mine.known, mine.of), (base.known - 1, base.of));
        let letters = [(3, 4), (2, 4), (1, 4), (0, 4)].map(|(known, of)| Grade { known, of }.letter());
        assert_eq!(letters, ['A', 'B', 'C', 'D']);
        assert_eq!(Grade { known: 9, of: 16 }.to_string(), "B (9 of 16)");
    }

    #[test]
    fn what_a_nic_does_not_have_does_not_count() {
        let plain = Grade::of(PresetKind::Nic, load(PresetKind::Nic, "nic-40g").unwrap()).unwrap();
        assert_eq!(plain.of, NIC.iter().filter(|key| !key.starts_with("esp.")).count());
    }
}
