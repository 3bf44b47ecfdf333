//! Which network controllers and accelerators this host has, how they are attached, and what they offload.
//!
//! Nothing is guessed: what the system does not tell, to this user or in this container, is a [`Fact::Unknown`] with
//! its reason.

mod config;
mod cpus;
mod device;
pub(crate) mod ethtool;
mod fact;
mod interface;
mod iommu;
mod link;
mod netlink;
#[cfg(all(test, unix))]
mod tests;
mod topology;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use cpus::{Kind, Topology, topology, topology_of};
pub use device::{Device, DeviceKind, Port, VirtualFunctions};
pub use fact::{Fact, Reason};
pub use interface::{FEATURES, Feature, Features, Interface};
pub use iommu::{Iommu, IommuMode};
pub use link::{Link, LinkSpeed};
pub use topology::SharedUplink;

/// What a host has that carries or encrypts packets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Whole parts of the system that could not be read: path to reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, String>,
    /// How CPUs belong together; absent in inventories from before it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topology: Option<Topology>,
    /// How DMA is translated.
    pub iommu: Iommu,
    /// Network controllers and accelerators, by address; virtual functions are counted at their physical function.
    #[serde(default)]
    pub devices: Vec<Device>,
    /// Network interfaces of this namespace, by name.
    #[serde(default)]
    pub interfaces: Vec<Interface>,
    /// Links that several of the devices share.
    #[serde(default)]
    pub shared_uplinks: Vec<SharedUplink>,
}

/// The inventory of this host.
pub fn inventory() -> Inventory {
    // One socket for all interfaces; without it every feature names the reason.
    let mut ethtool = ethtool::Ethtool::open();
    inventory_of(Path::new("/"), &mut |name| match &mut ethtool {
        Ok(ethtool) => ethtool.features(name),
        Err(reason) => Err(reason.clone()),
    })
}

/// The inventory of the host whose `sys` and `proc` lie in `root`. `features` tells the features of an interface by the
/// kernel's names, or why it cannot.
pub fn inventory_of(root: &Path, features: &mut dyn FnMut(&str) -> Features) -> Inventory {
    let mut missing = BTreeMap::new();
    let mut entries = |folder: &str| match iommu::names(&root.join(folder)) {
        Fact::Known(names) => names,
        Fact::Unknown(reason) => {
            missing.insert(format!("/{folder}"), reason.unknown);
            Vec::new()
        }
    };
    let functions = entries("sys/bus/pci/devices");
    let interfaces = entries("sys/class/net");
    let mut devices = Vec::new();
    for address in functions {
        match device(root, &address) {
            Ok(device) => devices.extend(device),
            Err(reason) => {
                missing.insert(format!("/sys/bus/pci/devices/{address}"), reason);
            }
        }
    }
    let net = root.join("sys/class/net");
    // Beside the interfaces lie files, such as `bonding_masters`.
    let interfaces = interfaces.iter().filter(|name| net.join(name).is_dir());
    Inventory {
        topology: Some(topology_of(root, &crate::host::usable_cpus())),
        iommu: Iommu::read(root),
        interfaces: interfaces.map(|name| Interface::read(&net.join(name), features(name))).collect(),
        shared_uplinks: topology::shared_uplinks(&devices),
        devices,
        missing,
    }
}

/// One function, if it is of a kind that counts and no virtual function of another one.
fn device(root: &Path, address: &str) -> Result<Option<Device>, String> {
    let folder = root.join("sys/bus/pci/devices").join(address);
    let folder = folder.canonicalize().map_err(|error| fact::cause(&error))?;
    let class = match fact::text(&folder, "class") {
        Fact::Known(class) => class,
        Fact::Unknown(reason) => return Err(reason.unknown),
    };
    let kind = DeviceKind::of(&class).filter(|_| !folder.join("physfn").exists());
    Ok(kind.map(|kind| Device::read(address.to_owned(), kind, class, &folder)))
}

impl Inventory {
    /// Reads an inventory from TOML text.
    ///
    /// # Errors
    /// The parser's, for a text that is not TOML or not an inventory.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The inventory as TOML text.
    ///
    /// # Errors
    /// None in practice: every field has a TOML form.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Uplinks that a network controller shares with an accelerator: there a lookaside card and the NIC take bandwidth
    /// from each other.
    pub fn contended_uplinks(&self) -> impl Iterator<Item = &SharedUplink> {
        self.shared_uplinks.iter().filter(|uplink| {
            let mut sharing = self.devices.iter().filter(|device| uplink.devices.contains(&device.address));
            let networks = sharing.clone().filter(|device| device.kind == DeviceKind::Network).count();
            networks > 0 && sharing.any(|device| device.kind != DeviceKind::Network)
        })
    }

    /// Everything that is not known, as key path and reason.
    ///
    /// # Errors
    /// As [`Inventory::to_toml`].
    pub fn unknowns(&self) -> Result<Vec<(String, String)>, toml::ser::Error> {
        let mut found = self.missing.iter().map(|(path, reason)| (path.clone(), reason.clone())).collect();
        for (key, value) in toml::Table::try_from(self)?.iter().filter(|(key, _)| *key != "missing") {
            collect_unknowns(key, value, &mut found);
        }
        Ok(found)
    }
}

/// Lists' elements are named by their address or name where they have one.
fn collect_unknowns(path: &str, value: &toml::Value, found: &mut Vec<(String, String)>) {
    match value {
        toml::Value::Table(table) => {
            if let Some(reason) = table.get("unknown").and_then(toml::Value::as_str) {
                found.push((path.to_owned(), reason.to_owned()));
                return;
            }
            for (key, value) in table {
                collect_unknowns(&format!("{path}.{key}"), value, found);
            }
        }
        toml::Value::Array(values) => {
            for (i, value) in values.iter().enumerate() {
                let name = ["address", "name"].iter().find_map(|key| value.get(key).and_then(toml::Value::as_str));
                collect_unknowns(&format!("{path}[{}]", name.map_or(i.to_string(), str::to_owned)), value, found);
            }
        }
        _ => {}
    }
}
