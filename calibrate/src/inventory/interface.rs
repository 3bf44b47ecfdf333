//! Network interfaces and what their drivers offload.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::device::{file_name, is_function};
use super::fact::{self, Fact};

/// The features of the kernel that decide how ESP is placed (`netdev_features_strings`, net/ethtool/common.c). Among
/// them is crypto offload, `esp-hw-offload`; packet offload has no feature, only the attempt to add a state tells.
pub const FEATURES: [&str; 16] = [
    "esp-hw-offload",
    "esp-tx-csum-hw-offload",
    "tx-esp-segmentation",
    "tx-tcp-segmentation",
    "tx-tcp6-segmentation",
    "tx-udp-segmentation",
    "tx-generic-segmentation",
    "tx-checksum-ipv4",
    "tx-checksum-ipv6",
    "tx-checksum-ip-generic",
    "tx-checksum-fcoe-crc",
    "tx-checksum-sctp",
    "rx-checksum",
    "rx-gro",
    "rx-gro-hw",
    "hw-tc-offload",
];

/// State of a feature of a network interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Feature {
    /// On, and can be turned off.
    On,
    /// Off, and can be turned on.
    Off,
    /// Always on.
    FixedOn,
    /// Always off: the driver or the device has none.
    FixedOff,
}

/// All features of an interface by the kernel's names, or why they are not known.
pub type Features = Result<BTreeMap<String, Feature>, String>;

impl Feature {
    /// Whether the interface has the feature, turned on or not.
    pub fn is_available(self) -> bool {
        self != Feature::FixedOff
    }
}

/// One network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its name in this network namespace.
    pub name: String,
    /// Address of the PCI function behind it.
    pub device: Fact<String>,
    /// Link speed in Mb/s (`speed`, Documentation/ABI/testing/sysfs-class-net).
    pub speed_mbps: Fact<u32>,
    /// Largest packet in octets (`mtu`).
    pub mtu: Fact<u32>,
    /// State of each of [`FEATURES`].
    pub features: BTreeMap<String, Fact<Feature>>,
}

impl Interface {
    /// Reads one folder of `/sys/class/net`; `features` are all that the kernel tells of this interface by name.
    pub(super) fn read(folder: &Path, features: Features) -> Self {
        let state = |name: &str| match &features {
            Err(reason) => Fact::unknown(reason),
            Ok(known) => match known.get(name) {
                Some(&state) => Fact::Known(state),
                None => Fact::unknown("this kernel has no feature of that name"),
            },
        };
        Interface {
            name: file_name(folder),
            device: function(folder),
            speed_mbps: speed(folder),
            mtu: fact::number(folder, "mtu"),
            features: FEATURES.iter().map(|&name| (name.to_owned(), state(name))).collect(),
        }
    }
}

/// Virtio and other buses lie between the interface and its PCI function: the first one upwards counts.
fn function(folder: &Path) -> Fact<String> {
    match folder.join("device").canonicalize() {
        Ok(device) => match device.ancestors().find(|above| is_function(above)) {
            Some(function) => Fact::Known(file_name(function)),
            None => Fact::unknown("device: not on a PCI bus"),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Fact::unknown("device: a virtual interface"),
        Err(error) => Fact::unknown(format!("device: {}", fact::cause(&error))),
    }
}

/// The kernel writes -1 for a speed that the driver does not know, and refuses to read while the interface is down.
fn speed(folder: &Path) -> Fact<u32> {
    match std::fs::read_to_string(folder.join("speed")) {
        Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            Fact::unknown("speed: the interface is down, or its driver has no speed")
        }
        _ => fact::number::<i64>(folder, "speed").and_then(|speed| match u32::try_from(speed) {
            Ok(speed) => Fact::Known(speed),
            Err(_) => Fact::unknown("speed: the driver does not know it"),
        }),
    }
}
