//! Locks of SAs that several cores send through.

use super::{Class, Path, passes_lock};
use crate::profile::Profile;
use crate::resource::Resource;
use crate::route::{Platform, StationId};
use crate::scenario::{Lock, Scenario};
use crate::traffic::Direction;
use crate::units::{Hertz, Time};

/// Cache lines of an SA that move between cores with its lock: the lock with the sequence number, the replay state, the
/// counters (`struct xfrm_state`, Linux include/net/xfrm.h).
const SA_LINES: f64 = 3.0;

/// Which outbound SAs several cores send through. Received packets of an SA all come to the core that its SPI hashes to.
pub(super) struct Locks {
    shared: Vec<bool>,
    /// Cores that share such an SA, on average.
    sharers: f64,
}

impl Locks {
    pub fn new(s: &Scenario, classes: &[Class], core_of_flow: &[u32], sa_of_flow: &[u32]) -> Self {
        let mut pairs: Vec<(u32, u32)> = (classes.iter().filter(|class| !class.direction.is_inbound()))
            .flat_map(|class| class.flows.clone())
            .map(|flow| (sa_of_flow[flow as usize], core_of_flow[flow as usize]))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut cores = vec![0u32; s.sa.count as usize];
        pairs.iter().for_each(|&(sa, _)| cores[sa as usize] += 1);
        let locked = s.host.stack.locks_sas() && s.placement.has_sas();
        let shared: Vec<bool> = cores.iter().map(|&cores| locked && cores > 1).collect();
        let (sum, n) = (cores.iter().zip(&shared))
            .filter(|(_, shared)| **shared)
            .fold((0.0, 0.0), |(sum, n), (&cores, _)| (sum + f64::from(cores), n + 1.0));
        Locks { shared, sharers: if n > 0.0 { sum / n } else { 1.0 } }
    }

    pub fn is_shared(&self, direction: Direction, sa: usize) -> bool {
        !direction.is_inbound() && self.shared[sa]
    }

    /// Places the locks, if some path passes one, with how long each is held for a packet. A core that waits for one
    /// serves nobody else.
    pub fn place(
        &self,
        s: &Scenario,
        profile: &Profile,
        clock: Hertz,
        paths: &[Path],
        cores: &[StationId],
        platform: &mut Platform,
    ) -> Option<(StationId, Time)> {
        if !paths.iter().any(|path| path.shared && passes_lock(path.way)) {
            return None;
        }
        for core in cores {
            let resource = platform.stations[usize::from(core.0)].resource;
            platform.stations[usize::from(core.0)].held = Some(platform.pool(resource, 1));
        }
        let stack = &profile.stack;
        // A ticket lock's line is fetched by all waiters; the next holder's turn comes after half of them on average
        // (Boyd-Wickizer et al., "Non-scalable locks are dangerous", Linux Symposium 2012, section 3).
        let waiters = match s.sa.lock {
            Lock::Queued => 0.0,
            Lock::Ticket => (self.sharers - 1.0) / 2.0,
        };
        let held = (stack.sa_lock + stack.line_transfer * (SA_LINES + waiters)) / clock;
        let locks = self.shared.iter().filter(|shared| **shared).count() as u32;
        Some((platform.station(Resource::SaLock, locks), held))
    }
}
