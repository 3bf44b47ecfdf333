//! Sums over a whole drained run: every packet that was sent has paid everything it pays.

use std::collections::BTreeMap;

use super::steady::Mark;
use crate::engine::Engine;
use crate::engine::program::Op;
use crate::machine::Machine;
use crate::resource::Resource;
use crate::route::{Category, Charge, Compiled, Station};
use crate::traffic::{Basis, Packet};
use crate::units::Time;

/// Bases of results, in their order.
pub(super) const BASES: [Basis; 5] = [Basis::Goodput, Basis::L3, Basis::ClearL2, Basis::L2, Basis::Wire];

/// Packets sent, and their octets on each basis.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    pub packets: f64,
    pub octets: [f64; BASES.len()],
}

impl Sent {
    fn add(&mut self, packet: &Packet, n: f64) {
        self.packets += n;
        for (octets, basis) in self.octets.iter_mut().zip(BASES) {
            *octets += n * packet.on(basis).get() as f64;
        }
    }

    /// Octets of goodput.
    pub fn goodput(&self) -> f64 {
        self.octets[0]
    }
}

/// Sums over a run.
#[derive(Default)]
pub(super) struct Totals {
    pub sent: Sent,
    pub by_class: Vec<Sent>,
    pub cycles: BTreeMap<Category, f64>,
    /// Those of DPUs' cores.
    pub dpu_cycles: BTreeMap<Category, f64>,
    /// TLP octets by link and direction.
    pub pcie_tlp: BTreeMap<Resource, f64>,
    pub pcie_payload: f64,
}

impl Totals {
    pub fn of(engine: &Engine, machine: &Machine, compiled: &Compiled) -> Self {
        let mut totals = Totals { by_class: vec![Sent::default(); machine.classes.len()], ..Totals::default() };
        for (pc, (&n, account)) in engine.visits().iter().zip(&compiled.accounts).enumerate() {
            let Some(account) = account.as_ref().filter(|_| n > 0) else { continue };
            let n = n as f64;
            for charge in &account.charges {
                match charge {
                    Charge::Cycles(category, cycles) => *totals.cycles.entry(*category).or_default() += n * cycles.0,
                    Charge::DpuCycles(category, cycles) => {
                        *totals.dpu_cycles.entry(*category).or_default() += n * cycles.0;
                    }
                    Charge::PcieTlp(octets) => {
                        // They are charged where a link is visited.
                        let Some((link, _)) = account.busy else { continue };
                        let link = machine.platform.stations[usize::from(link.0)].resource;
                        *totals.pcie_tlp.entry(link).or_default() += n * octets;
                    }
                    Charge::PciePayload(octets) => totals.pcie_payload += n * octets.get() as f64,
                    Charge::Dropped(_) => {}
                    Charge::Sent(packet) => {
                        totals.sent.add(packet, n);
                        if let Op::Depart { class, .. } = compiled.program.ops[pc] {
                            totals.by_class[usize::from(class)].add(packet, n);
                        }
                    }
                }
            }
        }
        totals.add_spinning(engine, machine, compiled);
        totals
    }

    /// A core that waits for locks is busy for as long as it is held; what is not work it holds or awaits them.
    fn add_spinning(&mut self, engine: &Engine, machine: &Machine, compiled: &Compiled) {
        let work = work(&engine.visits(), &vec![0; engine.visits().len()], machine, compiled);
        for (station, work) in machine.platform.stations.iter().zip(work) {
            let Some(pool) = station.held else { continue };
            let held = Time::from_ps(engine.held_ps(pool.0)).as_seconds();
            let (cycles, clock) = match station.resource {
                Resource::DpuCore => (&mut self.dpu_cycles, machine.dpu.map_or(machine.clock, |dpu| dpu.clock)),
                _ => (&mut self.cycles, machine.clock),
            };
            *cycles.entry(Category::Lock).or_default() += (held - work) * clock.get() as f64;
        }
    }
}

/// Seconds of work that came to each station between two counts of visits.
fn work(after: &[u64], before: &[u64], machine: &Machine, compiled: &Compiled) -> Vec<f64> {
    let mut work = vec![0.0; machine.platform.stations.len()];
    for ((&after, &before), account) in after.iter().zip(before).zip(&compiled.accounts) {
        if let Some((station, time)) = account.as_ref().and_then(|account| account.busy) {
            work[usize::from(station.0)] += (after - before) as f64 * time.as_seconds();
        }
    }
    work
}

/// Seconds for which each station was busy in a window: what came to it, and what was left before less what is left now.
pub(super) fn busy(window: &[Mark; 2], machine: &Machine, compiled: &Compiled) -> Vec<f64> {
    let [start, end] = window;
    let mut busy = work(&end.visits, &start.visits, machine, compiled);
    for (i, station) in machine.platform.stations.iter().enumerate() {
        busy[i] = match station.held {
            Some(pool) => {
                let pool = usize::from(pool.0);
                Time::from_ps(end.held[pool] - start.held[pool]).as_seconds()
            }
            None if station.resource == Resource::SaLimit => busy[i],
            None if station.resource == Resource::SaLock => Time::from_ps(end.locked - start.locked).as_seconds(),
            None => busy[i] + Time::from_ps(start.backlog[i]).as_seconds() - Time::from_ps(end.backlog[i]).as_seconds(),
        };
    }
    busy
}

/// Whether a station is a core of the data path.
pub(super) fn is_core(station: &Station) -> bool {
    matches!(station.resource, Resource::Core | Resource::CompletionCore | Resource::CryptoWorkers)
}
