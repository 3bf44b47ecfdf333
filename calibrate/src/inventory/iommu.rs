//! Whether DMA passes an IOMMU, and how.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::fact::{self, Fact};

/// How the host's IOMMU treats DMA of kernel drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IommuMode {
    /// There is none, or it is off: device addresses are physical addresses.
    Off,
    /// All groups have identity domains (`identity`): DMA passes untranslated.
    PassThrough,
    /// Translated, and unmapping waits for the invalidation (`DMA`; before Linux 5.15 that name covers both).
    Strict,
    /// Translated, and invalidations are batched (`DMA-FQ`).
    Lazy,
    /// Groups differ: see each device.
    Mixed,
}

/// The IOMMU of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iommu {
    /// The mode, from the groups' domain types, or else from the kernel command line.
    pub mode: Fact<IommuMode>,
    /// Units that the kernel drives (`/sys/class/iommu`, Documentation/ABI/testing/sysfs-class-iommu), by name.
    pub units: Fact<Vec<String>>,
    /// Groups of devices (`/sys/kernel/iommu_groups`, Documentation/ABI/testing/sysfs-kernel-iommu_groups).
    pub groups: Fact<u32>,
    /// Arguments of the kernel command line that have to do with it
    /// (Documentation/admin-guide/kernel-parameters.txt).
    pub arguments: Fact<Vec<String>>,
}

impl Iommu {
    pub(super) fn read(root: &Path) -> Self {
        let folder = root.join("sys/kernel/iommu_groups");
        let units = names(&root.join("sys/class/iommu"));
        let groups = names(&folder);
        let arguments = fact::text(&root.join("proc"), "cmdline").and_then(|line| Fact::Known(arguments(&line)));
        let domains: Option<BTreeSet<String>> = groups.known().and_then(|groups| {
            groups.iter().map(|group| fact::text(&folder.join(group), "type").known().cloned()).collect()
        });
        Iommu {
            mode: mode(domains.as_ref(), &units, &arguments),
            units,
            groups: groups.and_then(|groups| Fact::Known(groups.len() as u32)),
            arguments,
        }
    }
}

/// `domains` are the types of all groups, absent if there is a group whose type cannot be read.
fn mode(
    domains: Option<&BTreeSet<String>>,
    units: &Fact<Vec<String>>,
    arguments: &Fact<Vec<String>>,
) -> Fact<IommuMode> {
    if let Some(domains) = domains.filter(|domains| !domains.is_empty()) {
        let modes: Option<Vec<IommuMode>> = domains.iter().map(|domain| of_domain(domain)).collect();
        return match modes.as_deref() {
            Some([one]) => Fact::Known(*one),
            Some(_) => Fact::Known(IommuMode::Mixed),
            // Groups that a user space driver or a guest holds have types of their own.
            None if domains.len() > 1 => Fact::Known(IommuMode::Mixed),
            None => Fact::unknown(format!("iommu_groups: all have the domain type {domains:?}")),
        };
    }
    if units.known().is_some_and(Vec::is_empty) && domains.is_some() {
        return Fact::Known(IommuMode::Off);
    }
    let has = |wanted: &[&str]| {
        let given = arguments.known().map(Vec::as_slice).unwrap_or_default();
        given.iter().any(|argument| wanted.contains(&argument.as_str()))
    };
    if has(&["iommu=off", "intel_iommu=off", "amd_iommu=off"]) {
        Fact::Known(IommuMode::Off)
    } else if has(&["iommu=pt", "iommu.passthrough=1"]) {
        Fact::Known(IommuMode::PassThrough)
    } else {
        Fact::unknown("no group's domain type can be read and the kernel command line does not tell")
    }
}

/// Names of domain types: `iommu_group_show_type`, drivers/iommu/iommu.c.
fn of_domain(domain: &str) -> Option<IommuMode> {
    match domain {
        "identity" => Some(IommuMode::PassThrough),
        "DMA" => Some(IommuMode::Strict),
        "DMA-FQ" => Some(IommuMode::Lazy),
        _ => None,
    }
}

fn arguments(line: &str) -> Vec<String> {
    let ours = ["iommu=", "iommu.", "intel_iommu=", "amd_iommu=", "arm-smmu."];
    let matching = line.split_whitespace().filter(|argument| ours.iter().any(|prefix| argument.starts_with(prefix)));
    matching.map(str::to_owned).collect()
}

/// Names of the entries of a folder, sorted.
pub(super) fn names(folder: &Path) -> Fact<Vec<String>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => {
            let mut names: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            Fact::Known(names)
        }
        Err(error) => Fact::unknown(format!("{}: {}", super::device::file_name(folder), fact::cause(&error))),
    }
}
