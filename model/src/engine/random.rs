//! Random streams: one per purpose, so that every design under one seed sees the same arrivals, sizes and flows.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};

/// Draws made at a time: a batch costs less than single calls spread over the event loop.
const BATCH: usize = 256;

/// What a stream is for. The number is part of the results' definition and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Times between arrivals of this source.
    Arrivals(u8),
    /// Packet sizes of this source's mix.
    Sizes(u8),
    /// Which flow the next packet of this source belongs to.
    Flows(u8),
    /// How long this source is on and off, and how many trains its bursts have.
    Bursts(u8),
    /// What is looked up in caches, and what they forget.
    Lookups,
    /// How long locks take to be passed on.
    Locks,
    /// When random events of a failover scenario happen.
    Events,
    /// How long the messages of the control path take.
    Messages,
    /// Service times of the server with this number.
    Service(u16),
}

impl Purpose {
    fn stream(self) -> u64 {
        match self {
            Purpose::Arrivals(source) => 0x100 * u64::from(source) + 1,
            Purpose::Sizes(source) => 0x100 * u64::from(source) + 2,
            Purpose::Flows(source) => 0x100 * u64::from(source) + 3,
            Purpose::Bursts(source) => 0x100 * u64::from(source) + 7,
            Purpose::Lookups => 4,
            Purpose::Locks => 8,
            Purpose::Events => 5,
            Purpose::Messages => 6,
            Purpose::Service(server) => 0x1_0000 + u64::from(server),
        }
    }
}

/// A stream of numbers for one purpose under one seed: ChaCha with 8 rounds, whose 64-bit stream number separates
/// purposes and whose output is the same on every machine.
#[derive(Debug, Clone)]
pub struct Stream {
    generator: ChaCha8Rng,
    exponential: Box<[f64; BATCH]>,
    exponential_next: usize,
    uniform: Box<[u64; BATCH]>,
    uniform_next: usize,
}

impl Stream {
    /// The stream of a purpose under a seed.
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(purpose.stream());
        Stream {
            generator,
            exponential: Box::new([0.0; BATCH]),
            exponential_next: BATCH,
            uniform: Box::new([0; BATCH]),
            uniform_next: BATCH,
        }
    }

    /// An exponential draw with the given mean, to the nearest picosecond.
    #[inline]
    pub fn exponential(&mut self, mean_ps: u64) -> u64 {
        if self.exponential_next == BATCH {
            self.draw_exponential();
        }
        let draw = self.exponential[self.exponential_next];
        self.exponential_next += 1;
        (mean_ps as f64 * draw + 0.5) as u64
    }

    /// A geometric draw of at least 1 with the given mean: an exponential one cut into steps.
    pub fn geometric(&mut self, mean: u32) -> u32 {
        const SCALE: f64 = (1u64 << 40) as f64;
        let step = -(1.0 - 1.0 / f64::from(mean.max(1))).ln();
        1 + (self.exponential(SCALE as u64) as f64 / SCALE / step) as u32
    }

    /// A uniform draw from `0..n`, by the multiply-shift method: bias below `n / 2^64`.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        if self.uniform_next == BATCH {
            self.draw_uniform();
        }
        let draw = self.uniform[self.uniform_next];
        self.uniform_next += 1;
        ((u128::from(draw) * u128::from(n)) >> 64) as u64
    }

    #[inline(never)]
    fn draw_exponential(&mut self) {
        self.exponential.fill_with(|| Exp1.sample(&mut self.generator));
        self.exponential_next = 0;
    }

    #[inline(never)]
    fn draw_uniform(&mut self) {
        self.uniform.fill_with(|| self.generator.next_u64());
        self.uniform_next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reproducible_and_differ_by_purpose_and_seed() {
        let draw = |seed, purpose| {
            let mut stream = Stream::new(seed, purpose);
            (0..600).map(|_| stream.below(1 << 40)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, Purpose::Arrivals(0)), draw(7, Purpose::Arrivals(0)));
        assert_ne!(draw(7, Purpose::Arrivals(0)), draw(7, Purpose::Sizes(0)));
        assert_ne!(draw(7, Purpose::Arrivals(0)), draw(8, Purpose::Arrivals(0)));
        assert_ne!(draw(7, Purpose::Service(0)), draw(7, Purpose::Service(1)));
    }

    #[test]
    fn exponential_draws_have_the_mean_and_variance_of_the_distribution() {
        let mut stream = Stream::new(1, Purpose::Arrivals(0));
        let n = 400_000;
        let draws: Vec<f64> = (0..n).map(|_| stream.exponential(1_000_000) as f64 / 1e6).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n - 1);
        // 99.9 % intervals: 3.29 standard errors; the variance of (x - 1)^2 is 8.
        assert!((mean - 1.0).abs() < 3.29 / f64::from(n).sqrt(), "{mean}");
        assert!((variance - 1.0).abs() < 3.29 * (8.0 / f64::from(n)).sqrt(), "{variance}");
    }
}
