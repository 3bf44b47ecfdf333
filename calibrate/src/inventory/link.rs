//! Speed and width of a PCIe link, as sysfs tells them.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use espsim_model::hardware::pcie::SlotParams;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::fact::{self, Fact};

/// Transfers per second of one lane by PCIe generation, in MT/s (Base Specification 6.0, Link Capabilities Register,
/// section 7.5.3.6: Supported Link Speeds Vector).
const MEGATRANSFERS: [u32; 6] = [2_500, 5_000, 8_000, 16_000, 32_000, 64_000];

/// Fastest generation that the model's link knows.
const FASTEST_GENERATION: u32 = 5;
/// The width that the specification has and the model's link does not.
const TWELVE_LANES: u32 = 12;

/// Speed of one lane: one of those that the Base Specification has. Written as `8.0 GT/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkSpeed {
    generation: u32,
}

impl LinkSpeed {
    /// PCIe generation that introduced this speed, 1 to 6.
    pub fn generation(self) -> u32 {
        self.generation
    }

    /// Million transfers per second.
    pub fn megatransfers(self) -> u32 {
        MEGATRANSFERS[self.generation as usize - 1]
    }
}

impl fmt::Display for LinkSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} GT/s", f64::from(self.megatransfers()) / 1000.0)
    }
}

impl FromStr for LinkSpeed {
    type Err = String;

    /// Reads `8.0 GT/s PCIe`, and `8 GT/s` as kernels before 5.7 wrote it (`pci_speed_string`, drivers/pci/probe.c).
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no PCIe link speed");
        let value = text.trim().trim_end_matches("PCIe").trim_end().strip_suffix("GT/s").ok_or_else(wrong)?;
        let value: f64 = value.trim().parse().map_err(|_| wrong())?;
        let index = MEGATRANSFERS.iter().position(|&speed| f64::from(speed) == value * 1000.0).ok_or_else(wrong)?;
        Ok(LinkSpeed { generation: index as u32 + 1 })
    }
}

impl Serialize for LinkSpeed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LinkSpeed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A link of PCI Express: what it runs at and what the component at this end of it can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Negotiated speed of one lane, GT/s (`current_link_speed`; Link Status Register, section 7.5.3.8).
    pub speed: Fact<LinkSpeed>,
    /// Negotiated lanes (`current_link_width`; Link Status Register).
    pub lanes: Fact<u32>,
    /// Highest speed of one lane, GT/s (`max_link_speed`; Link Capabilities Register, section 7.5.3.6).
    pub max_speed: Fact<LinkSpeed>,
    /// Most lanes (`max_link_width`; Link Capabilities Register).
    pub max_lanes: Fact<u32>,
}

impl Link {
    /// Reads the four attributes of one device's folder in sysfs (Documentation/ABI/testing/sysfs-bus-pci,
    /// drivers/pci/pci-sysfs.c).
    pub(super) fn read(folder: &Path) -> Self {
        Link {
            speed: speed(folder, "current_link_speed"),
            lanes: lanes(folder, "current_link_width"),
            max_speed: speed(folder, "max_link_speed"),
            max_lanes: lanes(folder, "max_link_width"),
        }
    }

    /// Whether the link runs slower or narrower than this end of it can: a slot with fewer lanes, a power state, a
    /// fault. Absent where a value is not known.
    pub fn is_degraded(&self) -> Option<bool> {
        let slower = self.speed.known()? < self.max_speed.known()?;
        Some(slower || self.lanes.known()? < self.max_lanes.known()?)
    }

    /// `base` with the negotiated generation and lanes, as far as they are known and the model has them.
    pub(super) fn lay_over(&self, base: &SlotParams) -> SlotParams {
        let generation = self.speed.known().map(|speed| speed.generation().min(FASTEST_GENERATION));
        let lanes = self.lanes.known().copied().filter(|&lanes| lanes != TWELVE_LANES);
        SlotParams {
            generation: generation.unwrap_or(base.generation),
            lanes: lanes.unwrap_or(base.lanes),
            ..base.clone()
        }
    }
}

fn speed(folder: &Path, name: &str) -> Fact<LinkSpeed> {
    present(folder, name).and_then(|text| match text.as_str() {
        "Unknown" | "Unknown speed" => Fact::unknown(format!("{name}: the kernel cannot tell")),
        text => text.parse::<LinkSpeed>().map_err(|reason| format!("{name}: {reason}")).into(),
    })
}

/// Widths that the Link Status Register can tell; 0 stands for no link, 255 for a width that the kernel does not know.
fn lanes(folder: &Path, name: &str) -> Fact<u32> {
    present(folder, name).and_then(|text| match text.parse() {
        Ok(lanes @ (1 | 2 | 4 | 8 | 12 | 16 | 32)) => Fact::Known(lanes),
        Ok(0) => Fact::unknown(format!("{name}: no link")),
        Ok(255) => Fact::unknown(format!("{name}: the kernel cannot tell")),
        _ => Fact::unknown(format!("{name}: `{text}` is no PCIe link width")),
    })
}

/// The kernel shows link attributes of functions with a PCI Express capability only.
fn present(folder: &Path, name: &str) -> Fact<String> {
    if folder.is_dir() && !folder.join(name).exists() {
        return Fact::unknown(format!("{name}: no such file, so this is no PCI Express function for the kernel"));
    }
    fact::text(folder, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_those_of_the_specification() {
        for (text, generation) in [("2.5 GT/s PCIe", 1), ("8 GT/s", 3), ("16.0 GT/s PCIe", 4), ("64.0 GT/s", 6)] {
            assert_eq!(text.parse::<LinkSpeed>().unwrap().generation(), generation, "{text}");
        }
        for text in ["", "GT/s", "7.0 GT/s", "8.0 GB/s", "nan GT/s", "Unknown"] {
            assert!(text.parse::<LinkSpeed>().is_err(), "{text}");
        }
        assert_eq!("32.0 GT/s PCIe".parse::<LinkSpeed>().unwrap().to_string(), "32.0 GT/s");
    }
}
