//! What the engine's counts mean: packets by way, losses by cause, work by core.

use super::failover_paths::{Exit, FailoverPaths};
use super::life_cycle::STATES;
use super::timeline::{Bin, LOSSES, Loss};
use crate::engine::Engine;
use crate::engine::program::Pc;
use crate::route::{Charge, Compiled, PoolId, StationId};
use crate::scenario::Device;
use crate::traffic::Basis;
use crate::units::{Bytes, Time};

/// What one operation counts.
#[derive(Debug, Clone, Copy)]
enum Counted {
    Sent {
        device: Device,
        software: bool,
        goodput: Bytes,
    },
    /// It has left, and the peer will not have it.
    Refused {
        device: Device,
    },
    Lost(Loss, u64),
    Worked {
        core: usize,
        ps: u64,
    },
}

/// A core of the data path.
#[derive(Debug, Clone)]
struct CoreWork {
    station: StationId,
    /// Where visits wait for locks: the pool whose holding is the work.
    held: Option<PoolId>,
    /// Work that has come to it since the bin began.
    arrived: u64,
    /// Work that waited, or time that it had been held, when the bin began.
    before: u64,
}

/// Turns counts of operations into bins.
#[derive(Debug, Clone)]
pub struct Sampler {
    counted: Vec<(Pc, u64, Counted)>,
    cores: Vec<CoreWork>,
    bin: Bin,
}

impl Sampler {
    /// A sampler of a program's operations.
    pub fn new(failover_paths: &FailoverPaths, compiled: &Compiled) -> Self {
        let machine = &failover_paths.machine;
        let station = |core: u32| &machine.platform.stations[core as usize];
        let cores = (0..machine.cores).map(|core| CoreWork {
            station: StationId(core as u16),
            held: station(core).held,
            arrived: 0,
            before: 0,
        });
        let routes = machine.routes.iter().enumerate();
        let path_of_route: Vec<usize> =
            routes.flat_map(|(path, routes)| std::iter::repeat_n(path, routes.len())).collect();
        let mut counted = Vec::new();
        for (pc, account) in compiled.accounts.iter().enumerate() {
            let Some(account) = account else { continue };
            let job = compiled.ends.partition_point(|&end| end as usize <= pc);
            let exit = failover_paths.exit(path_of_route[job]);
            let worked = account.busy.filter(|(station, _)| u32::from(station.0) < machine.cores);
            let worked =
                worked.map(|(station, time)| Counted::Worked { core: usize::from(station.0), ps: time.as_ps() });
            let charged = account.charges.iter().filter_map(|charge| of_charge(charge, exit));
            counted.extend(worked.into_iter().chain(charged).map(|what| (pc as Pc, 0, what)));
        }
        Sampler { counted, cores: cores.collect(), bin: Bin::default() }
    }

    /// Counts what has happened since the last time, while NICs were `up` or not: what has left a NIC that was not is
    /// lost.
    pub fn collect(&mut self, engine: &Engine, up: [bool; 2]) {
        for (pc, last, what) in &mut self.counted {
            let visits = engine.visits_of(*pc);
            let n = visits - std::mem::replace(last, visits);
            match *what {
                Counted::Sent { device, .. } | Counted::Refused { device } if !up[device.index()] => {
                    self.bin.lost[Loss::InFlight as usize] += n;
                }
                Counted::Refused { .. } => self.bin.lost[Loss::Replayed as usize] += n,
                Counted::Sent { software, goodput, .. } => {
                    self.bin.packets += n;
                    self.bin.goodput = self.bin.goodput + goodput * n;
                    self.bin.software += if software { n } else { 0 };
                }
                Counted::Lost(loss, packets) => self.bin.lost[loss as usize] += n * packets,
                Counted::Worked { core, ps } => self.cores[core].arrived += n * ps,
            }
        }
    }

    /// Counts work that the first core has been given beside the packets'.
    pub fn add_work(&mut self, time: Time) {
        self.cores[0].arrived += time.as_ps();
    }

    /// Ends the bin.
    pub fn end(&mut self, engine: &Engine, up: [bool; 2], now: u64, states: [u32; STATES]) -> Bin {
        self.collect(engine, up);
        let mut busy = 0;
        for core in &mut self.cores {
            let arrived = std::mem::take(&mut core.arrived);
            busy += match core.held {
                // What came, less what waits longer than before: what was done.
                None => {
                    let waiting = engine.free_at_ps(core.station.0).saturating_sub(now);
                    (arrived + std::mem::replace(&mut core.before, waiting)).saturating_sub(waiting)
                }
                Some(pool) => {
                    let held = engine.held_ps(pool.0);
                    held - std::mem::replace(&mut core.before, held)
                }
            };
        }
        let bin = Bin { end: Time::from_ps(now), busy: Time::from_ps(busy), states, ..self.bin };
        self.bin = Bin::default();
        bin
    }
}

fn of_charge(charge: &Charge, exit: Exit) -> Option<Counted> {
    match (charge, exit) {
        (Charge::Sent(packet), Exit::Offloaded(device) | Exit::Software(device)) => {
            let software = matches!(exit, Exit::Software(_));
            Some(Counted::Sent { device, software, goodput: packet.on(Basis::Goodput) })
        }
        (Charge::Sent(_), Exit::Replayed(device)) => Some(Counted::Refused { device }),
        (Charge::Dropped(n), Exit::NoCarrier) => Some(Counted::Lost(LOSSES[0], u64::from(*n))),
        (Charge::Dropped(n), Exit::NoSa) => Some(Counted::Lost(LOSSES[1], u64::from(*n))),
        (Charge::Dropped(n), _) => Some(Counted::Lost(LOSSES[2], u64::from(*n))),
        _ => None,
    }
}
