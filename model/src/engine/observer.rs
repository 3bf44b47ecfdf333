//! What is observed of departing packets: batches for the rate, a histogram for latency.

use hdrhistogram::Histogram;

/// Longest latency that the histogram tells apart, in ns; longer ones count as this.
const LONGEST_NS: u64 = 10_000_000_000;

/// Counts departures in batches of a fixed number of packets and their latencies.
#[derive(Debug, Clone)]
pub struct Observer {
    batch_packets: u32,
    packets_in_batch: u32,
    bytes_in_batch: u64,
    batch_start: u64,
    /// Goodput octets and picoseconds of each full batch.
    batches: Vec<(u64, u64)>,
    packets: u64,
    bytes: u64,
    latency: Histogram<u64>,
}

impl Observer {
    /// An observer that closes a batch every `batch_packets` packets.
    pub fn new(batch_packets: u32) -> Self {
        let latency = Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("bounds are constant and valid");
        Observer {
            batch_packets: batch_packets.max(1),
            packets_in_batch: 0,
            bytes_in_batch: 0,
            batch_start: 0,
            batches: Vec::with_capacity(4096),
            packets: 0,
            bytes: 0,
            latency,
        }
    }

    #[inline]
    pub(super) fn depart(&mut self, now: u64, born: u64, bytes: u32) {
        self.packets += 1;
        self.bytes += u64::from(bytes);
        self.bytes_in_batch += u64::from(bytes);
        self.packets_in_batch += 1;
        self.latency.saturating_record((now - born + 500) / 1000);
        if self.packets_in_batch == self.batch_packets {
            self.batches.push((self.bytes_in_batch, now - self.batch_start));
            self.packets_in_batch = 0;
            self.bytes_in_batch = 0;
            self.batch_start = now;
        }
    }

    /// Packets that have departed.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Goodput octets that have departed.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Packets of a batch.
    pub fn batch_packets(&self) -> u32 {
        self.batch_packets
    }

    /// Goodput octets and picoseconds of each full batch, from the start of the simulation.
    pub fn batches(&self) -> &[(u64, u64)] {
        &self.batches
    }

    /// Latencies in ns, from birth to departure, since the last [`Self::forget_latency`].
    pub fn latency(&self) -> &Histogram<u64> {
        &self.latency
    }

    /// Forgets the latencies so far: they belong to the warm-up.
    pub fn forget_latency(&mut self) {
        self.latency.reset();
    }
}
