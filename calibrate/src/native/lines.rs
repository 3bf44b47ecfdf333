//! Moving a cache line between cores: two threads that write it in turn.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use core_affinity::CoreId;
use espsim_model::profile::Estimate;
use serde::{Deserialize, Serialize};

use crate::inventory::topology;
use crate::sample::{median, median_interval};

/// Turns of one round, there and back.
const TURNS: u32 = 500;
/// Rounds of a pair of cores.
const ROUNDS: usize = 31;
/// Pairs of each kind.
const PAIRS: usize = 3;
/// How long a partner may be away before the pair is given up: longer than a scheduler lets one wait.
const PATIENCE: u128 = 2_000;

/// How two cores lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Apart {
    /// They share the last-level cache.
    Cache,
    /// They share the socket, and have last-level caches of their own.
    Socket,
    /// They are on two sockets.
    Sockets,
}

impl Apart {
    /// The parameter of the model that the transfer is.
    pub const fn key(self) -> &'static str {
        match self {
            Apart::Cache => "stack.line_transfer",
            Apart::Socket => "stack.line_transfer_l3",
            Apart::Sockets => "stack.line_transfer_socket",
        }
    }
}

/// What moving a line took between cores that lie so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineTransfer {
    /// How the cores lie.
    pub apart: Apart,
    /// Cycles one way: median over passes and pairs with its 95 % interval.
    pub cycles: Estimate,
    /// Pairs of cores.
    pub pairs: Vec<(usize, usize)>,
    /// Why that need not hold.
    pub doubt: Option<String>,
}

/// Why what was measured need not hold: of a virtual machine's cores nobody knows where they lie, now or later.
pub(super) fn doubt() -> Option<&'static str> {
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let is_virtual = flags.split_whitespace().any(|flag| flag == "hypervisor");
    is_virtual.then_some("a hypervisor places the cores of this virtual machine, now here and now there")
}

/// One measured pair of cores.
pub(super) struct Pair {
    apart: Apart,
    cores: (usize, usize),
    cycles: f64,
}

/// Measures from the core that all is measured on to others, some of each kind; at a frequency in Hz.
pub(super) fn measure(hertz: f64) -> Vec<Pair> {
    let topology = topology();
    let Some(cpu) = topology.representative() else { return Vec::new() };
    let Some(here) = Place::read(cpu) else { return Vec::new() };
    let kind = |apart: Apart| {
        let lies_so = |other: &usize| Place::read(*other).is_some_and(|there| here.apart(&there) == Some(apart));
        let others = topology.order().into_iter().filter(|other| *other != cpu);
        others.filter(lies_so).take(PAIRS).map(|other| (apart, other)).collect::<Vec<_>>()
    };
    let pairs = [Apart::Cache, Apart::Socket, Apart::Sockets].into_iter().flat_map(kind);
    let pair = |(apart, other): (Apart, usize)| {
        let rounds = between(CoreId { id: cpu }, CoreId { id: other });
        (!rounds.is_empty()).then(|| Pair { apart, cores: (cpu, other), cycles: median(&rounds) * hertz })
    };
    pairs.filter_map(pair).collect()
}

/// What was measured of each kind in all passes: a virtual machine's cores may lie elsewhere in each.
pub(super) fn over_passes<'a>(pairs: impl Iterator<Item = &'a Pair> + Clone) -> Vec<LineTransfer> {
    let kind = |apart: Apart| {
        let of = pairs.clone().filter(|pair| pair.apart == apart);
        let cycles: Vec<f64> = of.clone().map(|pair| pair.cycles).collect();
        let cores: BTreeSet<(usize, usize)> = of.map(|pair| pair.cores).collect();
        let (low, high) = median_interval(&cycles);
        let n = Some(cycles.len() as u32);
        let estimate = Estimate { value: median(&cycles), low: Some(low), high: Some(high), n };
        (!cycles.is_empty()).then(|| LineTransfer {
            apart,
            cycles: estimate,
            pairs: cores.into_iter().collect(),
            doubt: doubt().map(str::to_owned),
        })
    };
    [Apart::Cache, Apart::Socket, Apart::Sockets].into_iter().filter_map(kind).collect()
}

/// Where a core is (sysfs: Documentation/ABI/stable/sysfs-devices-system-cpu).
#[derive(Debug, PartialEq)]
struct Place {
    siblings: String,
    cache: String,
    socket: String,
}

impl Place {
    fn read(core: usize) -> Option<Self> {
        let read = |name: &str| fs::read_to_string(format!("/sys/devices/system/cpu/cpu{core}/{name}")).ok();
        let last = (0..8).rev().find_map(|index| read(&format!("cache/index{index}/shared_cpu_list")))?;
        Some(Place {
            siblings: read("topology/thread_siblings_list")?,
            cache: last,
            socket: read("topology/physical_package_id")?,
        })
    }

    /// None for threads of one core.
    fn apart(&self, other: &Self) -> Option<Apart> {
        match () {
            () if self.siblings == other.siblings => None,
            () if self.socket != other.socket => Some(Apart::Sockets),
            () if self.cache != other.cache => Some(Apart::Socket),
            () => Some(Apart::Cache),
        }
    }
}

/// A line by itself: two, since some CPUs fetch them in pairs.
#[repr(align(128))]
struct Line(AtomicU32);

/// Seconds of one way, in each round; nothing if one of the cores has other work.
fn between(one: CoreId, other: CoreId) -> Vec<f64> {
    let line = Line(AtomicU32::new(0));
    let line = &line;
    std::thread::scope(|scope| {
        let answering = scope.spawn(move || {
            core_affinity::set_for_current(other);
            (0..ROUNDS).all(|_| (0..TURNS).all(|turn| pass_on(line, 2 * turn + 1, answer(turn))))
        });
        let asking = scope.spawn(move || {
            core_affinity::set_for_current(one);
            let round = |_| {
                let start = Instant::now();
                let done = (0..TURNS).all(|turn| pass_on(line, if turn == 0 { 0 } else { 2 * turn }, 2 * turn + 1))
                    && wait_for(line, 0);
                done.then(|| start.elapsed().as_secs_f64() / f64::from(2 * TURNS))
            };
            (0..ROUNDS).map_while(round).collect::<Vec<_>>()
        });
        let (answered, rounds) = (answering.join(), asking.join());
        if matches!(answered, Ok(true)) { rounds.unwrap_or_default() } else { Vec::new() }
    })
}

/// What the other thread writes after a turn; the last one is what a round begins with.
const fn answer(turn: u32) -> u32 {
    if turn + 1 == TURNS { 0 } else { 2 * turn + 2 }
}

/// Waits for a number and writes the next one.
fn pass_on(line: &Line, expected: u32, next: u32) -> bool {
    let came = wait_for(line, expected);
    line.0.store(next, Ordering::Release);
    came
}

fn wait_for(line: &Line, expected: u32) -> bool {
    let mut looks = 0u32;
    let mut since = None;
    while line.0.load(Ordering::Acquire) != expected {
        std::hint::spin_loop();
        looks += 1;
        // The clock is asked seldom, or it would be what is measured.
        if looks.is_multiple_of(65_536) && since.get_or_insert_with(Instant::now).elapsed().as_millis() > PATIENCE {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(siblings: &str, cache: &str, socket: &str) -> Place {
        Place { siblings: siblings.into(), cache: cache.into(), socket: socket.into() }
    }

    #[test]
    fn cores_lie_as_sysfs_says() {
        let here = place("0,32", "0-7,32-39", "0");
        assert_eq!(here.apart(&place("0,32", "0-7,32-39", "0")), None, "threads of one core");
        assert_eq!(here.apart(&place("1,33", "0-7,32-39", "0")), Some(Apart::Cache));
        assert_eq!(here.apart(&place("9,41", "8-15,40-47", "0")), Some(Apart::Socket));
        assert_eq!(here.apart(&place("70", "64-71", "1")), Some(Apart::Sockets));
    }

    #[test]
    fn a_line_takes_some_nanoseconds_between_cores() {
        let cores = core_affinity::get_core_ids().unwrap();
        let [one, other, ..] = cores[..] else { return };
        let rounds = between(one, other);
        // Other tests run beside this one; none takes two seconds of a core.
        assert_eq!(rounds.len(), ROUNDS);
        let fastest = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        assert!((2e-9..5e-6).contains(&fastest), "{fastest} s");
    }
}
