//! What is observed of packets that depart or are lost, by traffic class: batches for rates, a histogram for latency.

use hdrhistogram::Histogram;

/// Longest latency that the histogram tells apart, in ns; longer ones count as this.
const LONGEST_NS: u64 = 10_000_000_000;

/// Sums over the packets of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Packets that departed.
    pub packets: u64,
    /// Their octets of goodput.
    pub octets: u64,
    /// Their latencies, in picoseconds; wraps around, so that only differences mean something.
    pub latency_ps: u64,
    /// Packets that were lost.
    pub lost: u64,
}

impl Counts {
    /// What was added since `before`.
    pub fn since(self, before: Counts) -> Counts {
        Counts {
            packets: self.packets - before.packets,
            octets: self.octets - before.octets,
            latency_ps: self.latency_ps.wrapping_sub(before.latency_ps),
            lost: self.lost - before.lost,
        }
    }

    /// Both together.
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            packets: self.packets + other.packets,
            octets: self.octets + other.octets,
            latency_ps: self.latency_ps.wrapping_add(other.latency_ps),
            lost: self.lost + other.lost,
        }
    }
}

/// Counts departures of each class, in batches of a fixed number of packets of all classes, and their latencies.
#[derive(Debug, Clone)]
pub struct Observer {
    batch_packets: u32,
    packets_in_batch: u32,
    packets: u64,
    classes: Vec<Counts>,
    /// When each full batch ended, in picoseconds.
    ends: Vec<u64>,
    /// The sums at those times, class by class.
    sums: Vec<Counts>,
    /// Of each class.
    latency: Vec<Latencies>,
}

/// How many packets took how long, in the buckets of a [`Histogram`] of three digits: of equal width below [`EXACT`], and
/// of half as many to each power of two from there on.
#[derive(Debug, Clone)]
struct Latencies(Box<[u64]>);

/// Below so many ns each has a bucket of its own.
const EXACT: u64 = 2048;

impl Latencies {
    fn new() -> Self {
        Latencies(vec![0; Latencies::bucket(LONGEST_NS.next_power_of_two() - 1) + 1].into())
    }

    #[inline(always)]
    fn bucket(ns: u64) -> usize {
        let halvings = (ns | (EXACT - 1)).ilog2() - (EXACT - 1).ilog2();
        (u64::from(halvings) * (EXACT / 2) + (ns >> halvings)) as usize
    }

    /// The shortest of a bucket.
    fn shortest(bucket: usize) -> u64 {
        let bucket = bucket as u64;
        let halvings = (bucket / (EXACT / 2)).saturating_sub(1);
        (bucket - halvings * (EXACT / 2)) << halvings
    }

    #[inline(always)]
    fn count(&mut self, ns: u64) {
        match self.0.get_mut(Latencies::bucket(ns)) {
            Some(n) => *n += 1,
            None => self.0[Latencies::bucket(LONGEST_NS)] += 1,
        }
    }

    fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("bounds are constant and valid");
        for (bucket, &n) in self.0.iter().enumerate().filter(|(_, n)| **n > 0) {
            histogram.record_n(Latencies::shortest(bucket), n).expect("buckets are those of the histogram");
        }
        histogram
    }
}

impl Observer {
    /// An observer of so many classes that closes a batch every `batch_packets` packets.
    pub fn new(batch_packets: u32, classes: usize) -> Self {
        Observer {
            batch_packets: batch_packets.max(1),
            packets_in_batch: 0,
            packets: 0,
            classes: vec![Counts::default(); classes],
            ends: Vec::with_capacity(4096),
            sums: Vec::with_capacity(4096 * classes),
            latency: vec![Latencies::new(); classes],
        }
    }

    #[inline]
    pub(super) fn depart(&mut self, now: u64, born: u64, class: u8, bytes: u32) {
        let class = usize::from(class);
        let latency = now - born;
        let counts = &mut self.classes[class];
        counts.packets += 1;
        counts.octets += u64::from(bytes);
        counts.latency_ps = counts.latency_ps.wrapping_add(latency);
        self.latency[class].count((latency + 500) / 1000);
        self.packets += 1;
        self.packets_in_batch += 1;
        if self.packets_in_batch == self.batch_packets {
            self.packets_in_batch = 0;
            self.ends.push(now);
            self.sums.extend_from_slice(&self.classes);
        }
    }

    #[inline]
    pub(super) fn lose(&mut self, class: u8, packets: u32) {
        self.classes[usize::from(class)].lost += u64::from(packets);
    }

    /// Packets of all classes that have departed.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Goodput octets of all classes that have departed.
    pub fn bytes(&self) -> u64 {
        self.classes.iter().map(|class| class.octets).sum()
    }

    /// Sums so far, class by class.
    pub fn classes(&self) -> &[Counts] {
        &self.classes
    }

    /// Packets of a batch.
    pub fn batch_packets(&self) -> u32 {
        self.batch_packets
    }

    /// Full batches so far.
    pub fn batches(&self) -> usize {
        self.ends.len()
    }

    /// How long a full batch took, in picoseconds, and what was counted of a class in it.
    pub fn batch(&self, index: usize, class: usize) -> (u64, Counts) {
        let sums = |index: usize| self.sums[index * self.classes.len() + class];
        match index.checked_sub(1) {
            None => (self.ends[0], sums(0)),
            Some(before) => (self.ends[index] - self.ends[before], sums(index).since(sums(before))),
        }
    }

    /// As [`Self::batch`], of all classes together.
    pub fn batch_of_all(&self, index: usize) -> (u64, Counts) {
        let classes = (0..self.classes.len()).map(|class| self.batch(index, class));
        classes.reduce(|(time, all), (_, one)| (time, all.and(one))).unwrap_or_default()
    }

    /// Latencies in ns of a class, from birth to departure, since the last [`Self::forget_latency`].
    pub fn latency(&self, class: usize) -> Histogram<u64> {
        self.latency[class].histogram()
    }

    /// Forgets the latencies so far: they belong to the warm-up.
    pub fn forget_latency(&mut self) {
        self.latency.iter_mut().for_each(|latency| latency.0.fill(0));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is counted is what a histogram records, value by value.
        #[test]
        fn buckets_are_those_of_the_histogram(ns in prop::collection::vec((0..40u32, any::<u64>()), 1..50)) {
            let mut counted = Latencies::new();
            let mut recorded: Histogram<u64> = Histogram::new_with_bounds(1, LONGEST_NS, 3).unwrap();
            for (bits, value) in ns {
                let value = value >> (63 - bits);
                counted.count(value);
                recorded.saturating_record(value);
            }
            let counted = counted.histogram();
            prop_assert_eq!(counted.len(), recorded.len());
            prop_assert_eq!(counted.mean().to_bits(), recorded.mean().to_bits());
            for quantile in [0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
                let of = |histogram: &Histogram<u64>| histogram.value_at_quantile(quantile);
                prop_assert_eq!(of(&counted), of(&recorded));
            }
        }
    }
}
