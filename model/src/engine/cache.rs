//! Caches of keys: which are held, which goes when a new one comes, and who waits for one that is being filled.

use std::collections::VecDeque;

use super::program::{self, Pc, Replacement};
use super::random::Stream;
use super::sets::Sets;

const NONE: u32 = u32::MAX;

/// A cache. Keys are small numbers, so that a lookup is an array access.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    replacement: Replacement,
    capacity: usize,
    /// Whether there is room for all keys, so that none ever goes and it never matters which was used last.
    keeps_all: bool,
    /// Where a key may not lie in every place; then what follows up to `oldest` is not used.
    sets: Option<Sets>,
    /// Place of each key in `held`, or `NONE`.
    place: Vec<u32>,
    /// Keys that are held.
    held: Vec<u32>,
    /// Per place: its neighbours in the order of use, older and newer; a ring whose oldest is `oldest`.
    older: Vec<u32>,
    newer: Vec<u32>,
    oldest: u32,
    /// Keys whose misses are being filled; few at a time.
    pending: Vec<u32>,
    /// Jobs that wait for such a key, and where they go on.
    waiting: Vec<(u32, u32, Pc)>,
}

impl Cache {
    pub fn new(cache: program::Cache) -> Self {
        let sets = cache.ways.filter(|&ways| ways < cache.capacity).map(|_| Sets::new(cache));
        let capacity = cache.capacity.max(1) as usize;
        Cache {
            keeps_all: sets.is_none() && cache.capacity >= cache.keys,
            sets,
            replacement: cache.replacement,
            capacity,
            place: vec![NONE; cache.keys as usize],
            held: Vec::with_capacity(capacity),
            older: Vec::with_capacity(capacity),
            newer: Vec::with_capacity(capacity),
            oldest: NONE,
            pending: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Whether a miss of the key is being filled.
    pub fn is_pending(&self, key: u32) -> bool {
        !self.pending.is_empty() && self.pending.contains(&key)
    }

    /// A job waits for a key that is being filled, to go on at `hit`.
    pub fn wait(&mut self, key: u32, job: u32, hit: Pc) {
        self.waiting.push((key, job, hit));
    }

    /// A key's miss will be filled; lookups of it wait until then.
    pub fn begin_fill(&mut self, key: u32) {
        self.pending.push(key);
    }

    /// A key is there: those that wait for it are ready, in the order in which they came.
    pub fn fill(&mut self, key: u32, ready: &mut VecDeque<(u32, Pc)>) {
        if let Some(at) = self.pending.iter().position(|&pending| pending == key) {
            self.pending.swap_remove(at);
        }
        self.waiting.retain(|&(wanted, job, hit)| {
            if wanted == key {
                ready.push_back((job, hit));
            }
            wanted != key
        });
    }

    /// Whether a key is held that never goes, as there is room for all, and nothing is being filled.
    #[inline(always)]
    pub fn is_kept(&self, key: u32) -> bool {
        self.keeps_all && self.pending.is_empty() && self.place[key as usize] != NONE
    }

    /// Whether the key was held; it is now.
    pub fn lookup(&mut self, key: u32, stream: &mut Stream) -> bool {
        if let Some(sets) = &mut self.sets {
            return sets.lookup(key, stream);
        }
        let place = self.place[key as usize];
        if place != NONE {
            self.touch(place);
            return true;
        }
        let place = if self.held.len() < self.capacity {
            self.add(key)
        } else {
            let place = match self.replacement {
                Replacement::Lru => self.oldest,
                Replacement::Random => stream.below(self.capacity as u64) as u32,
            };
            self.place[self.held[place as usize] as usize] = NONE;
            self.held[place as usize] = key;
            self.touch(place);
            place
        };
        self.place[key as usize] = place;
        false
    }

    /// A new place, the newest.
    fn add(&mut self, key: u32) -> u32 {
        let place = self.held.len() as u32;
        self.held.push(key);
        let oldest = if self.oldest == NONE { place } else { self.oldest };
        let newest = if self.oldest == NONE { place } else { self.older[oldest as usize] };
        self.older.push(newest);
        self.newer.push(oldest);
        self.newer[newest as usize] = place;
        self.older[oldest as usize] = place;
        self.oldest = oldest;
        place
    }

    /// Makes a place the newest: takes it out of the ring and puts it before the oldest.
    fn touch(&mut self, place: u32) {
        if place == self.oldest {
            self.oldest = self.newer[place as usize];
            return;
        }
        let (older, newer) = (self.older[place as usize], self.newer[place as usize]);
        self.newer[older as usize] = newer;
        self.older[newer as usize] = older;
        let (oldest, newest) = (self.oldest, self.older[self.oldest as usize]);
        self.newer[newest as usize] = place;
        self.older[oldest as usize] = place;
        self.older[place as usize] = newest;
        self.newer[place as usize] = oldest;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;
    use crate::engine::random::Purpose;

    fn cache(capacity: u32, keys: u32, replacement: Replacement) -> Cache {
        Cache::new(program::Cache { capacity, keys, ways: None, replacement })
    }

    proptest! {
        /// The ring agrees with a list that is searched and rotated.
        #[test]
        fn lru_is_a_list_in_order_of_use(capacity in 1..6u32, keys in prop::collection::vec(0..9u32, 1..200)) {
            let mut stream = Stream::new(1, Purpose::Lookups);
            let mut ours = cache(capacity, 9, Replacement::Lru);
            let mut list: VecDeque<u32> = VecDeque::new();
            for key in keys {
                let found = list.iter().position(|&held| held == key);
                prop_assert_eq!(ours.lookup(key, &mut stream), found.is_some());
                match found {
                    Some(at) => { list.remove(at); }
                    None if list.len() == capacity as usize => { list.pop_front(); }
                    None => {}
                }
                list.push_back(key);
            }
        }
    }

    #[test]
    fn uniform_lookups_hit_as_often_as_the_cache_is_large() {
        for replacement in [Replacement::Lru, Replacement::Random] {
            let mut stream = Stream::new(1, Purpose::Lookups);
            let mut cache = cache(64, 256, replacement);
            let hits = (0..100_000).filter(|_| {
                let key = stream.below(256) as u32;
                cache.lookup(key, &mut stream)
            });
            let ratio = hits.count() as f64 / 1e5;
            assert!((ratio - 0.25).abs() < 0.01, "{replacement:?}: {ratio}");
        }
    }

    #[test]
    fn a_cycle_longer_than_an_lru_cache_never_hits() {
        let mut stream = Stream::new(1, Purpose::Lookups);
        let mut cache = cache(8, 9, Replacement::Lru);
        assert!((0..900).all(|i| !cache.lookup(i % 9, &mut stream)));
    }
}
