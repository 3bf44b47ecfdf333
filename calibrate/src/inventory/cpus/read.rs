//! Topology from sysfs (Linux `Documentation/admin-guide/cputopology.rst`, `Documentation/ABI/stable/sysfs-devices-node`).

use std::path::Path;

use super::{Kind, Topology};
use crate::host::cpu_list;
use crate::inventory::fact::{Fact, number, text};
use crate::inventory::iommu::names;

/// The CPUs of the host whose `sys` lies in `root`, of which the process may use some.
pub fn topology_of(root: &Path, usable: &[usize]) -> Topology {
    let folder = root.join("sys/devices/system/cpu");
    let online = text(&folder, "online");
    let all = online.known().and_then(|list| cpu_list(list)).unwrap_or_else(|| usable.to_vec());
    let of = |cpu: usize| folder.join(format!("cpu{cpu}"));
    // `core_cpus_list` since Linux 5.3, `thread_siblings_list` before.
    let threads = |cpu| match text(&of(cpu).join("topology"), "core_cpus_list") {
        Fact::Unknown(_) => text(&of(cpu).join("topology"), "thread_siblings_list"),
        known => known,
    };
    let package = |cpu| number::<u32>(&of(cpu).join("topology"), "physical_package_id");
    Topology {
        usable: list(usable),
        online,
        cores: groups(&all, threads),
        complexes: groups(&all, |cpu| last_level(&of(cpu).join("cache"))),
        packages: packages(&all, package),
        nodes: nodes(&root.join("sys/devices/system/node")),
        kinds: kinds(root, &all),
    }
}

/// The lists that CPUs name, each once, in the order of their first CPU.
fn groups(cpus: &[usize], of: impl Fn(usize) -> Fact<String>) -> Fact<Vec<String>> {
    let mut groups: Vec<String> = Vec::new();
    for &cpu in cpus {
        match of(cpu) {
            Fact::Known(group) if cpu_list(&group).is_some_and(|group| group.contains(&cpu)) => {
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
            Fact::Known(group) => return Fact::unknown(format!("CPU {cpu} is not in its own list `{group}`")),
            Fact::Unknown(reason) => return Fact::unknown(format!("CPU {cpu}: {}", reason.unknown)),
        }
    }
    Fact::Known(groups)
}

/// The CPUs that share the highest level of cache.
fn last_level(cache: &Path) -> Fact<String> {
    let of = |index: u32| {
        let folder = cache.join(format!("index{index}"));
        Some((*number::<u8>(&folder, "level").known()?, folder))
    };
    match (0..8).filter_map(of).max_by_key(|(level, _)| *level) {
        Some((_, folder)) => text(&folder, "shared_cpu_list"),
        None => Fact::unknown("cache: not shown"),
    }
}

fn packages(cpus: &[usize], of: impl Fn(usize) -> Fact<u32>) -> Fact<Vec<String>> {
    let mut packages: std::collections::BTreeMap<u32, Vec<usize>> = std::collections::BTreeMap::new();
    for &cpu in cpus {
        match of(cpu) {
            Fact::Known(package) => packages.entry(package).or_default().push(cpu),
            Fact::Unknown(reason) => return Fact::unknown(format!("CPU {cpu}: {}", reason.unknown)),
        }
    }
    Fact::Known(packages.into_values().map(|cpus| list(&cpus)).collect())
}

fn nodes(folder: &Path) -> Fact<Vec<String>> {
    names(folder).and_then(|names| {
        let number = |name: &String| name.strip_prefix("node")?.parse::<u32>().ok();
        let mut numbers: Vec<u32> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        let cpus = |node: &u32| text(&folder.join(format!("node{node}")), "cpulist").known().cloned();
        Fact::Known(numbers.iter().filter_map(cpus).collect())
    })
}

/// Hybrid Intel CPUs have a counter unit for each kind (Linux `arch/x86/events/intel/core.c`); elsewhere the scheduler's
/// `cpu_capacity` tells kinds apart (Linux `Documentation/scheduler/sched-capacity.rst`).
fn kinds(root: &Path, cpus: &[usize]) -> Fact<Vec<Kind>> {
    let unit = |(name, unit): (&str, &str)| {
        let cpus = text(&root.join("sys/devices").join(unit), "cpus").known()?.clone();
        Some(Kind { name: name.to_owned(), cpus })
    };
    let units = [("performance", "cpu_core"), ("efficiency", "cpu_atom"), ("low power", "cpu_lowpower")];
    let hybrid: Vec<Kind> = units.into_iter().filter_map(unit).collect();
    if !hybrid.is_empty() {
        return Fact::Known(hybrid);
    }
    let capacity = |cpu: usize| {
        let folder = root.join("sys/devices/system/cpu").join(format!("cpu{cpu}"));
        if folder.is_dir() { number::<u32>(&folder, "cpu_capacity").known().copied().unwrap_or(0) } else { u32::MAX }
    };
    let mut capacities: Vec<u32> = cpus.iter().map(|&cpu| capacity(cpu)).collect();
    if capacities.contains(&u32::MAX) {
        return Fact::unknown("sysfs does not show the CPUs");
    }
    capacities.sort_unstable_by(|a, b| b.cmp(a));
    capacities.dedup();
    if let [_] = capacities[..] {
        return Fact::Known(vec![Kind { name: "all alike".into(), cpus: list(cpus) }]);
    }
    let kind = |of: u32| {
        let cpus: Vec<usize> = cpus.iter().copied().filter(|&cpu| capacity(cpu) == of).collect();
        Kind { name: format!("capacity {of}"), cpus: list(&cpus) }
    };
    Fact::Known(capacities.into_iter().map(kind).collect())
}

/// A list as the kernel writes it.
fn list(cpus: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &cpu in cpus {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == cpu => *last = cpu,
            _ => ranges.push((cpu, cpu)),
        }
    }
    let text =
        |&(first, last): &(usize, usize)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    ranges.iter().map(text).collect::<Vec<_>>().join(",")
}
