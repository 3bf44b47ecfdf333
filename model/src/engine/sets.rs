//! Caches whose places are in sets: a key has its set by hash and may lie nowhere else.

use super::program::{Cache, Replacement};
use super::random::Stream;

const NONE: u32 = u32::MAX;

impl Cache {
    /// Sets that its places are in; one where a key may lie in any place.
    pub fn sets(&self) -> u32 {
        self.ways.map_or(1, |ways| self.capacity.max(1).div_ceil(ways.max(1)))
    }

    /// The set of a key: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), so that no step of keys keeps to a few sets.
    pub fn set_of(&self, key: u32) -> u32 {
        let mut z = u64::from(key).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % u64::from(self.sets())) as u32
    }

    /// Places of a set: those of all sets are its capacity, and no two sets differ by more than one.
    pub fn places(&self, set: u32) -> u32 {
        let capacity = self.capacity.max(1);
        capacity / self.sets() + u32::from(set < capacity % self.sets())
    }

    /// Keys of each set.
    fn keys_by_set(&self) -> Vec<u32> {
        let mut keys = vec![0; self.sets() as usize];
        (0..self.keys).for_each(|key| keys[self.set_of(key) as usize] += 1);
        keys
    }

    /// Keys that it can hold at a time: of each set as many as the set has places.
    pub fn can_hold(&self) -> u32 {
        self.keys_by_set().into_iter().zip(0..).map(|(keys, set)| keys.min(self.places(set))).sum()
    }

    /// The share of hits where each lookup is of any key with the same probability, whatever was looked up before: of a set
    /// with more keys than places, places / keys are there (the independent reference model; W. F. King, "Analysis of
    /// paging algorithms", IFIP 1971).
    pub fn uniform_hits(&self) -> f64 {
        f64::from(self.can_hold()) / f64::from(self.keys.max(1))
    }
}

/// The sets of a cache.
#[derive(Debug, Clone)]
pub(super) struct Sets {
    cache: Cache,
    /// Keys by place, set after set, in each the last used first.
    held: Vec<u32>,
}

impl Sets {
    pub fn new(cache: Cache) -> Self {
        Sets { cache, held: vec![NONE; cache.capacity.max(1) as usize] }
    }

    /// Whether the key was held; it is now.
    pub fn lookup(&mut self, key: u32, stream: &mut Stream) -> bool {
        let (capacity, sets, set) = (self.cache.capacity.max(1), self.cache.sets(), self.cache.set_of(key));
        let first = set * (capacity / sets) + set.min(capacity % sets);
        let places = &mut self.held[first as usize..(first + self.cache.places(set)) as usize];
        if let Some(at) = places.iter().position(|&held| held == key) {
            places[..=at].rotate_right(1);
            return true;
        }
        let free = places.iter().position(|&held| held == NONE);
        let goes = free.unwrap_or_else(|| match self.cache.replacement {
            Replacement::Lru => places.len() - 1,
            Replacement::Random => stream.below(places.len() as u64) as usize,
        });
        places[goes] = key;
        places[..=goes].rotate_right(1);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Purpose;

    fn cache(capacity: u32, keys: u32, ways: Option<u32>) -> Cache {
        Cache { capacity, keys, ways, replacement: Replacement::Lru }
    }

    fn misses(cache: Cache, mut key: impl FnMut(u32, &mut Stream) -> u32) -> f64 {
        let (mut sets, mut stream, mut keys) =
            (Sets::new(cache), Stream::new(1, Purpose::Lookups), Stream::new(2, Purpose::Lookups));
        let missed = (0..200_000).filter(|&i| !sets.lookup(key(i, &mut keys), &mut stream));
        missed.count() as f64 / 2e5
    }

    #[test]
    fn places_are_divided_among_sets_and_none_is_lost() {
        for (capacity, ways) in [(1, 4), (15, 4), (16, 4), (2048, 4), (7, 1)] {
            let cache = cache(capacity, 100, Some(ways));
            assert_eq!((0..cache.sets()).map(|set| cache.places(set)).sum::<u32>(), capacity);
            assert!((0..cache.sets()).all(|set| (1..=ways).contains(&cache.places(set))));
        }
        assert_eq!(cache(16, 100, None).can_hold(), 16);
    }

    #[test]
    fn uniform_lookups_hit_as_the_sets_hold() {
        for keys in [1500, 2048, 3000, 6000] {
            for replacement in [Replacement::Lru, Replacement::Random] {
                let cache = Cache { replacement, ..cache(2048, keys, Some(4)) };
                let missed = misses(cache, |_, stream| stream.below(u64::from(keys)) as u32);
                assert!((missed - (1.0 - cache.uniform_hits())).abs() < 0.01, "{keys} {replacement:?}: {missed}");
            }
        }
    }

    /// In turn, the keys of a set with more of them than places always miss: of Poisson many, those of sets with too many.
    #[test]
    fn in_turn_sets_bend_where_one_list_falls_off_a_cliff() {
        let share = |keys: u32| misses(cache(2048, keys, Some(4)), |i, _| i % keys);
        let (few, full, many) = (share(1200), share(2048), share(4000));
        assert!(few > 0.05 && few < full && full < many && full < 0.7, "{few} {full} {many}");
    }
}
