//! Packets that are in no cache: as a network card without direct cache access leaves them in memory.

use std::cell::Cell;

use espsim_model::profile::{Direction, Estimate};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::aead::Context;
use crate::fit::resample;
use crate::sample::{median, timed};
use crate::{host, packets};

/// Packets in a batch: long beside the clock's resolution at the smallest size.
const PACKETS: u64 = 16;
/// Batches of a size.
const BATCHES: u64 = 24;
/// How much larger than the last-level cache the pool is, and what is walked through to empty the caches.
const POOL_FACTOR: u64 = 2;
/// Bounds of the pool, in octets: a host may hide its cache, or show one of another socket's size.
const POOL: std::ops::RangeInclusive<u64> = (64 << 20)..=(512 << 20);
/// Octets of a cache line.
const LINE: usize = 64;
const RESAMPLES: usize = 200;

/// Memory larger than the last-level cache, twice: packets lie scattered in the one, walking through the other evicts
/// them.
pub(crate) struct Pool {
    packets: Vec<u8>,
    other: Vec<u8>,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        let octets = (host::last_level_cache() * POOL_FACTOR).clamp(*POOL.start(), *POOL.end()) as usize;
        // Not zero: pages of zeros may all be one until they are written.
        Pool { packets: vec![1; octets], other: vec![1; octets] }
    }

    /// Seconds per operation on packets in memory, one value a batch. Every packet is used once; those to open are
    /// sealed first, then all are evicted, both outside the measured time. The order is scattered, so that prefetching
    /// helps within packets, not from one to the next.
    pub(crate) fn measure(
        &mut self,
        context: &dyn Context,
        direction: Direction,
        icv: usize,
        octets: u64,
        refused: &Cell<bool>,
    ) -> Vec<f64> {
        let length = octets as usize + icv;
        let slot = length.next_multiple_of(LINE);
        let slots = self.packets.len() / slot;
        // About the golden ratio of the slots, and odd: steps visit each of them once if it has no common factor.
        let step = (1..).map(|i| (slots as f64 * 0.618) as usize + i).find(|&step| coprime(step, slots)).unwrap_or(1);
        let at = |packet: u64| (packet as usize).wrapping_mul(step) % slots * slot;
        if direction == Direction::Open {
            for packet in 0..PACKETS * BATCHES {
                let start = at(packet);
                packets::seal(context, icv, packet, &mut self.packets[start..start + length]);
            }
        }
        self.other.iter_mut().step_by(LINE).for_each(|octet| *octet = octet.wrapping_add(1));
        std::hint::black_box(&mut self.other);
        let batch = |batch: u64| {
            let seconds = timed(|| {
                for packet in batch * PACKETS..(batch + 1) * PACKETS {
                    let start = at(packet);
                    packets::run(context, direction, icv, packet, &mut self.packets[start..start + length], refused);
                }
            });
            seconds / PACKETS as f64
        };
        (0..BATCHES).map(batch).collect()
    }
}

fn coprime(a: usize, b: usize) -> bool {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a == 1
}

/// Cycles per octet that `cold` batches take beyond `warm` ones: difference of medians with the 95 % interval of the
/// bootstrap over both.
pub(crate) fn added(cold: &[f64], warm: &[f64], octets: u64) -> Estimate {
    let difference = |cold: &[f64], warm: &[f64]| (median(cold) - median(warm)) / octets as f64;
    let mut generator = ChaCha8Rng::seed_from_u64(2);
    let mut all: Vec<f64> =
        (0..RESAMPLES).map(|_| difference(&resample(cold, &mut generator), &resample(warm, &mut generator))).collect();
    all.sort_by(f64::total_cmp);
    let value = difference(cold, warm);
    let quantile = |q: f64| all[((all.len() - 1) as f64 * q).round() as usize];
    Estimate {
        value,
        low: Some(quantile(0.025).min(value)),
        high: Some(quantile(0.975).max(value)),
        n: Some(cold.len() as u32),
    }
}

#[cfg(test)]
mod tests {
    use espsim_model::profile::Algorithm;

    use super::*;
    use crate::aead::{BACKENDS, icv_length};

    #[test]
    fn cold_packets_are_valid_and_apart() {
        let mut pool = Pool { packets: vec![1; 8 << 20], other: vec![1; 1 << 16] };
        for algorithm in Algorithm::ALL {
            let context = BACKENDS.iter().find_map(|backend| backend.context(algorithm).ok()).unwrap();
            let refused = Cell::new(false);
            let batches = pool.measure(&*context, Direction::Open, icv_length(algorithm), 1440, &refused);
            assert_eq!(batches.len(), BATCHES as usize);
            assert!(!refused.get(), "two packets in one slot would not open");
        }
        assert!(coprime(9, 16) && !coprime(6, 16));
    }

    #[test]
    fn what_is_added_is_the_difference() {
        let added = added(&[300.0, 310.0, 290.0], &[100.0, 101.0, 99.0], 100);
        assert_eq!(added.value, 2.0);
        assert!(added.low.unwrap() < 2.0 && added.high.unwrap() > 2.0);
    }
}
