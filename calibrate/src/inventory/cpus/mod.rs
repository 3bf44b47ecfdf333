//! How the CPUs of this host belong together: hardware threads of a core, core complexes, packages, memory nodes, kinds of
//! cores.

mod read;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::Fact;
use crate::host::cpu_list;

pub use read::topology_of;

/// The CPUs of a host, hardware threads each, as the kernel numbers them; groups are lists such as `0-3,8`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    /// CPUs that the process may use: affinity and control group allow them.
    pub usable: String,
    /// CPUs that are in use.
    pub online: Fact<String>,
    /// Hardware threads of each core.
    pub cores: Fact<Vec<String>>,
    /// CPUs that share a last-level cache.
    pub complexes: Fact<Vec<String>>,
    /// CPUs of each socket.
    pub packages: Fact<Vec<String>>,
    /// CPUs of each memory node; nodes without CPUs are left out.
    pub nodes: Fact<Vec<String>>,
    /// Kinds of cores, the fastest first.
    pub kinds: Fact<Vec<Kind>>,
}

/// Cores that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// `performance`, `efficiency` or `low power` where the kernel says so, `capacity N` of 1024 by its measure of a core's
    /// speed, or `all alike`.
    pub name: String,
    /// Its CPUs.
    pub cpus: String,
}

/// The topology of this host, as far as the calling thread may use it.
pub fn topology() -> Topology {
    topology_of(std::path::Path::new("/"), &crate::host::usable_cpus())
}

impl Topology {
    /// The usable CPUs in the order in which they are made busy: the fastest kind first, one hardware thread of every core
    /// before the second one of any, as the kernel numbers them. All as numbered where the host does not tell.
    pub fn order(&self) -> Vec<usize> {
        let mut usable = cpu_list(&self.usable).unwrap_or_default();
        usable.sort_by_key(|&cpu| (self.thread(cpu), self.kind(cpu), cpu));
        usable
    }

    /// How many of [`Topology::order`] are on cores of their own.
    pub fn separate(&self) -> usize {
        self.order().into_iter().filter(|&cpu| self.thread(cpu) == 0).count()
    }

    /// The CPU that single values are measured on: of the fastest kind, the last core that the process may use, since the
    /// first ones serve most interrupts.
    pub fn representative(&self) -> Option<usize> {
        let order = self.order();
        let best = order.first().map(|&cpu| self.kind(cpu))?;
        order.into_iter().rfind(|&cpu| self.thread(cpu) == 0 && self.kind(cpu) == best)
    }

    /// A pair of usable hardware threads of one core, if there is one.
    pub fn siblings(&self) -> Option<[usize; 2]> {
        let usable = cpu_list(&self.usable).unwrap_or_default();
        let pair = |core: &String| {
            let mut threads = cpu_list(core)?.into_iter().filter(|cpu| usable.contains(cpu));
            Some([threads.next()?, threads.next()?])
        };
        self.cores.known()?.iter().rev().find_map(pair)
    }

    /// The number of a CPU's kind, 0 for the fastest.
    pub fn kind(&self, cpu: usize) -> usize {
        let kinds = self.kinds.known().map_or(&[][..], Vec::as_slice);
        kinds.iter().position(|kind| holds(&kind.cpus, cpu)).unwrap_or(0)
    }

    /// Where a CPU is, in words: `CPU 3 (core of CPUs 3,35; package 0; node 0; kind performance)`, as far as it is known.
    pub fn place(&self, cpu: usize) -> String {
        let number = |groups: &Fact<Vec<String>>| groups.known()?.iter().position(|group| holds(group, cpu));
        let core = self.cores.known().and_then(|cores| cores.iter().find(|core| holds(core, cpu)));
        let kind = self.kinds.known().and_then(|kinds| kinds.get(self.kind(cpu)));
        let known = [
            core.filter(|threads| threads.contains(['-', ','])).map(|threads| format!("core of CPUs {threads}")),
            number(&self.packages).map(|package| format!("package {package}")),
            number(&self.nodes).map(|node| format!("node {node}")),
            kind.map(|kind| format!("kind {}", kind.name)),
        ];
        let known: Vec<String> = known.into_iter().flatten().collect();
        if known.is_empty() { format!("CPU {cpu}") } else { format!("CPU {cpu} ({})", known.join("; ")) }
    }

    /// What cannot be measured with these CPUs, a sentence each.
    pub fn limits(&self) -> Vec<String> {
        let count = |list: &str| cpu_list(list).map_or(0, |cpus| cpus.len());
        let usable = count(&self.usable);
        let online = self.online.known().map_or(usable, |online| count(online));
        let mut limits = Vec::new();
        if usable < online {
            let text = format!("{usable} of {online} CPUs may be used (affinity or cpuset), {}", self.usable);
            limits.push(format!("{text}: speeds of more busy cores are extrapolated"));
        } else if usable == 1 {
            limits.push("one CPU: how cores slow each other cannot be measured; it is extrapolated".to_owned());
        }
        let groups = [("cores", &self.cores), ("complexes", &self.complexes), ("packages", &self.packages)];
        let unknown = |(name, groups): (&str, &Fact<Vec<String>>)| Some(format!("{name}: {}", groups.reason()?));
        limits.extend(groups.into_iter().filter_map(unknown).map(|why| format!("topology is not known, {why}")));
        limits
    }

    /// Cores that share a last-level cache with a CPU, and cores of its socket; hardware threads of a core count once.
    pub fn shared_by(&self, cpu: usize) -> (Option<u32>, Option<u32>) {
        let cores = |groups: &Fact<Vec<String>>| {
            let group = groups.known()?.iter().find(|group| holds(group, cpu))?;
            let is_first = |cpu: &usize| {
                let core = self.cores.known()?.iter().find(|core| holds(core, *cpu))?;
                Some(cpu_list(core)?.into_iter().min() == Some(*cpu))
            };
            Some(cpu_list(group)?.iter().filter(|cpu| is_first(cpu).unwrap_or(true)).count() as u32)
        };
        (cores(&self.complexes), cores(&self.packages))
    }

    /// Which hardware thread of its core a CPU is, of those that may be used.
    fn thread(&self, cpu: usize) -> usize {
        let cores = self.cores.known().map_or(&[][..], Vec::as_slice);
        let Some(core) = cores.iter().find(|core| holds(core, cpu)) else { return 0 };
        let before = |other: &usize| *other < cpu && holds(&self.usable, *other);
        cpu_list(core).unwrap_or_default().iter().filter(|other| before(other)).count()
    }
}

fn holds(list: &str, cpu: usize) -> bool {
    cpu_list(list).is_some_and(|cpus| cpus.contains(&cpu))
}
