//! Crypto workers: which cores they are, what waits for them, and where packets come back to.

use super::{Builder, Path};
use crate::profile::Profile;
use crate::resource::Resource;
use crate::route::{OrderId, Platform, PoolId, StationId};
use crate::scenario::Scenario;
use crate::stack::Stack;
use crate::traffic::Direction;

/// Packets of a thread's ring for each direction: 64 frames (`CRYPTO_SW_SCHEDULER_QUEUE_SIZE`, VPP
/// src/plugins/crypto_sw_scheduler/crypto_sw_scheduler.h) of 64 packets (`VNET_CRYPTO_FRAME_SIZE`, src/vnet/crypto/crypto.h),
/// as they are where it matters: under a load that fills them.
pub(super) const WORKER_RING: u32 = 64 * 64;

/// What cores that do the cipher of others have.
pub(super) struct WorkerQueues {
    /// These cores.
    pub cores: Vec<StationId>,
    /// Work items of the kernel.
    pub items: Option<PoolId>,
    /// Orders of outbound and of inbound packets: in the kernel one each, of a thread each in VPP.
    orders: Vec<[OrderId; 2]>,
}

impl WorkerQueues {
    pub fn place(s: &Scenario, profile: &Profile, cores: &[StationId], platform: &mut Platform) -> Option<Self> {
        let workers = s.crypto_workers()? as usize;
        let kernel = s.host.stack == Stack::Kernel;
        // `padata_init`, Linux kernel/padata.c: work items for all of the kernel, as many as the machine may have CPUs.
        let cpus = profile.host.cores.max(s.host.cores);
        Some(WorkerQueues {
            cores: cores[cores.len() - workers..].to_vec(),
            items: kernel.then(|| platform.pool(Resource::WorkerQueue, cpus)),
            // An instance of padata for each direction and cipher, whatever SA and core (`pcrypt_create_aead`).
            orders: (0..if kernel { 1 } else { cores.len() }).map(|_| [platform.order(), platform.order()]).collect(),
        })
    }

    /// The order that packets keep which a path's core hands over.
    pub fn order(&self, path: &Path, direction: Direction) -> OrderId {
        let of_core = self.orders[usize::from(path.core).min(self.orders.len() - 1)];
        of_core[usize::from(direction.is_inbound())]
    }
}

impl Builder<'_> {
    /// The core that packets of an SA come back to which a core has handed over. In the kernel SAs take turns, from the second
    /// CPU on (`pcrypt_aead_init_tfm`, Linux crypto/pcrypt.c); in VPP threads take their frames back themselves.
    pub(super) fn returns(&self, sa: usize, core: u32) -> u32 {
        let s = self.scenario;
        match s.crypto_workers() {
            Some(_) if s.host.stack == Stack::Kernel => ((sa + 1) % s.flow_cores() as usize) as u32,
            _ => core,
        }
    }
}
