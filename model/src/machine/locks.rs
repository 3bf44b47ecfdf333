//! Locks of SAs that several cores take, each way.

use std::ops::Range;

use super::{Builder, Class, Path, Way, passes_lock};
use crate::engine::program;
use crate::hardware::core::SaLock;
use crate::placement::SaLimit;
use crate::profile::Profile;
use crate::resource::Resource;
use crate::route::{Platform, StationId};
use crate::scenario::{Lock, SOC_STACK, Scenario};
use crate::traffic::Direction;
use crate::units::{Cycles, Hertz};

/// How often a core waits for lines of an SA that it takes the lock of after another one: for the lock's, then at the same
/// time for those of the replay state and the counters (`struct xfrm_state`, Linux include/net/xfrm.h), which checks read
/// that the other core has written.
const SA_LINES: f64 = 2.0;

/// Which SAs several cores take the lock of: those that several send through, and those whose packets come to several
/// because the NIC or the core that it interrupts spreads them.
pub(super) struct Locks {
    outbound: Vec<bool>,
    inbound: Vec<bool>,
}

impl Locks {
    pub fn new(s: &Scenario, classes: &[Class], core_of_flow: &[u32], sa_of_flow: &[u32]) -> Self {
        let stack = if s.placement.encrypts_in_dpu() { SOC_STACK } else { s.host.stack };
        let locked = stack.locks_sas() && s.placement.has_sas();
        let shared = |inbound: bool| {
            let flows = classes.iter().filter(|class| class.direction.is_inbound() == inbound);
            let flows = flows.flat_map(|class| -> Range<u32> { class.flows.clone() });
            let mut pairs: Vec<(u32, u32)> =
                flows.map(|flow| (sa_of_flow[flow as usize], core_of_flow[flow as usize])).collect();
            pairs.sort_unstable();
            pairs.dedup();
            let mut cores = vec![0u32; s.sas() as usize];
            pairs.iter().for_each(|&(sa, _)| cores[sa as usize] += 1);
            cores.into_iter().map(|cores| locked && cores > 1).collect()
        };
        Locks { outbound: shared(false), inbound: shared(true) }
    }

    pub fn is_shared(&self, direction: Direction, sa: usize) -> bool {
        if direction.is_inbound() { self.inbound[sa] } else { self.outbound[sa] }
    }

    /// Places the locks, if some path passes one, of cores with this profile and clock.
    pub fn place(
        &self,
        s: &Scenario,
        profile: &Profile,
        clock: Hertz,
        paths: &[Path],
        cores: &[StationId],
        platform: &mut Platform,
    ) -> Option<StationId> {
        if !paths.iter().any(|path| path.shared && passes_lock(s, path.way)) {
            return None;
        }
        let_spin(cores, platform);
        platform.lock = lock(s, profile, clock);
        let locks = self.inbound.iter().chain(&self.outbound).filter(|shared| **shared).count() as u32;
        Some(platform.station(Resource::SaLock, locks))
    }
}

/// Lets cores spin: one that waits for a lock or an invalidation serves nobody else.
pub(super) fn let_spin(cores: &[StationId], platform: &mut Platform) {
    for core in cores {
        let station = &platform.stations[usize::from(core.0)];
        if station.held.is_none() {
            let pool = platform.pool(station.resource, 1);
            platform.stations[usize::from(core.0)].held = Some(pool);
        }
    }
}

impl Builder<'_> {
    /// How the packets of a path take the lock of their SA. What is sent takes it once, for its number and the counters
    /// (`xfrm_output_one`, Linux net/xfrm/xfrm_output.c). What is received takes it twice: before it is decrypted, to check
    /// state, window and lifetime; after it, to check and advance the window and count (`xfrm_input`, xfrm_input.c). What
    /// the NIC has decrypted takes it once for both where the kernel knows that nothing comes between.
    pub(super) fn takes(&self, lock: StationId, path: &Path) -> SaLock {
        let times = match path.way {
            _ if !self.classes[usize::from(path.class)].direction.is_inbound() => 1,
            Way::By(design) if design.encrypts_in_nic() => self.scenario.sa.lock_passes,
            _ => 2,
        };
        SaLock { lock, held: self.costs_of_esp().sa_lock * (1.0 / f64::from(times)), times }
    }

    /// Places the rates that SAs are held to, where they are: of as many SAs as flows use.
    pub(super) fn limit(&self, platform: &mut Platform) -> Option<SaLimit> {
        let sa = &self.scenario.sa;
        let limited = self.scenario.placement.has_sas() && (sa.rate.is_some() || sa.packet_rate.is_some());
        limited.then(|| {
            platform.burst = sa.burst;
            let (_, used) = self.sas_in_use();
            let stations = [(); 2].map(|()| platform.station(Resource::SaLimit, used as u32));
            SaLimit { stations, rate: sa.rate, packet_rate: sa.packet_rate }
        })
    }
}

/// What passing a lock takes on a host.
fn lock(s: &Scenario, profile: &Profile, clock: Hertz) -> program::LockTimes {
    let stack = &profile.stack;
    let waiter = match s.sa.lock {
        Lock::Queued => Cycles(0.0),
        Lock::Ticket => stack.lock_waiter,
    };
    let distances = [stack.line_transfer, stack.line_transfer_l3, stack.line_transfer_socket];
    let ps = |cycles: Cycles| (cycles / clock).as_ps();
    let cores = |cores: u32| cores.clamp(1, u32::from(u16::MAX)) as u16;
    program::LockTimes {
        moved: distances.map(|transfer| ps(transfer * SA_LINES)),
        waiter: ps(waiter),
        // Cores of a DPU share its last-level cache, whatever their numbers among all stations.
        group: if s.placement.encrypts_in_dpu() { u16::MAX } else { cores(profile.host.l3_cores) },
        socket: cores(profile.host.socket_cores.unwrap_or(u32::MAX)),
    }
}
