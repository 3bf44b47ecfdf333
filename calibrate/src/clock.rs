//! Time and the true core frequency.

use std::sync::OnceLock;
use std::time::Instant;

use espsim_model::units::Hertz;

use crate::CalibrateError;

/// Dependent additions in one pass of the chain, at least: about 17 us.
const CHAIN: u64 = 64_000;
/// Seconds of additions that are thrown away first: a clock governor takes milliseconds to raise an idle core's frequency.
const WARM_UP: f64 = 0.05;
/// Passes, of which the fastest counts: whatever disturbs a pass makes it slower.
pub const PASSES: usize = 200;
/// Passes that tell the frequency of a moment.
const MOMENT: usize = 12;
/// A pass lasts so many readings of the clock, at least. One of them is part of it, of which the least is subtracted.
const READINGS: f64 = 50.0;
/// Seconds of the longest passes where the kernel may be a guest's, at least.
const LONG: f64 = 0.01;
/// Passes of that length; in the same time, more of shorter ones.
const LONG_PASSES: usize = 20;

/// Seconds that `work` takes.
pub fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The core's frequency under load: additions that wait for each other take one cycle each on every current core, and
/// need no counter that a virtual machine may lack.
///
/// # Errors
/// [`CalibrateError::Clock`] if the result lies outside 0.1 to 10 GHz; without a chain for this architecture it is 0.
pub fn core_frequency() -> Result<Hertz, CalibrateError> {
    measured(|core| core.frequency(PASSES))
}

/// The same from within a kernel that may be a guest's, with 50 readings' time to 10 ms and more between two readings of
/// the clock: in a User-Mode Linux kernel each is a traced system call of some 14 us, as long as a short chain.
///
/// # Errors
/// As [`core_frequency`].
pub fn core_frequency_in_guest() -> Result<Hertz, CalibrateError> {
    measured(|core| core.frequency_in_guest(LONG_PASSES))
}

/// The frequency of this moment, Hz, on a core that has been busy: a fraction of a millisecond. Without a chain for this
/// architecture it is no number.
pub(crate) fn frequency_now() -> f64 {
    let core = Core::new(now, dependent_additions);
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        core.rate(core.length(0.0), MOMENT)
    } else {
        f64::NAN
    }
}

/// The core that this runs on.
type ThisCore = Core<fn() -> f64, fn(u64)>;

fn measured(frequency: impl FnOnce(&ThisCore) -> f64) -> Result<Hertz, CalibrateError> {
    if cfg!(not(any(target_arch = "x86_64", target_arch = "aarch64"))) {
        return Err(CalibrateError::Clock(0));
    }
    // To the kHz, which is more than the clock resolves and what a profile's text keeps.
    let hertz = (frequency(&Core::new(now, dependent_additions)) / 1e3).round() as u64 * 1000;
    if (100_000_000..10_000_000_000).contains(&hertz) {
        Ok(Hertz::new(hertz))
    } else {
        Err(CalibrateError::Clock(hertz))
    }
}

/// Seconds since this was first asked.
fn now() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// A core with its clock: seconds now, and additions that wait for each other.
struct Core<N, A> {
    now: N,
    add: A,
    /// Seconds that reading the clock takes, at least.
    reading: f64,
}

impl<N: Fn() -> f64, A: Fn(u64)> Core<N, A> {
    fn new(now: N, add: A) -> Self {
        let mut core = Core { now, add, reading: 0.0 };
        core.reading = core.fastest(0, 100);
        core
    }

    fn seconds(&self, additions: u64) -> f64 {
        let start = (self.now)();
        (self.add)(additions);
        (self.now)() - start
    }

    /// The fastest of several: one interruption must not decide.
    fn fastest(&self, additions: u64, passes: usize) -> f64 {
        (0..passes).map(|_| self.seconds(additions)).fold(f64::INFINITY, f64::min)
    }

    /// Additions per second of the fastest pass. With the least that a reading takes subtracted, still none is faster
    /// than the core.
    fn rate(&self, additions: u64, passes: usize) -> f64 {
        additions as f64 / (self.fastest(additions, passes) - self.reading)
    }

    /// Additions of one pass, so that it lasts so many seconds and reading the clock is little beside it.
    fn length(&self, least: f64) -> u64 {
        let least = least.max(READINGS * self.reading);
        let mut additions = CHAIN;
        // Beyond that it is the clock that does not advance, or no core.
        while additions < CHAIN << 16 && self.fastest(additions, 3) < least {
            additions *= 2;
        }
        additions
    }

    fn warm_up(&self, additions: u64) {
        let mut warm = 0.0;
        while warm < WARM_UP {
            // A clock that does not advance must not keep it for ever.
            warm += self.seconds(additions).max(WARM_UP / 1e4);
        }
    }

    fn frequency(&self, passes: usize) -> f64 {
        let additions = self.length(0.0);
        self.warm_up(additions);
        self.rate(additions, passes)
    }

    /// The fastest of passes of several lengths: beside long ones no reading of the clock counts, short ones fit between
    /// the interruptions of a busy machine.
    fn frequency_in_guest(&self, passes: usize) -> f64 {
        let longest = self.length(LONG);
        self.warm_up(longest);
        let shortest = self.length(0.0).min(longest);
        let lengths = std::iter::successors(Some(longest), |length| (*length > shortest).then_some(length / 2));
        lengths.map(|length| self.rate(length, passes * (longest / length) as usize)).fold(0.0, f64::max)
    }
}

/// So many additions that wait for each other, in whole blocks of 64.
///
/// Register operands: additions of constants are folded by the renaming stage of some cores. The sum goes from block to
/// block, or blocks would overlap.
#[allow(unsafe_code, reason = "only an assembler block keeps the compiler from folding the chain")]
pub(crate) fn dependent_additions(count: u64) {
    let mut sum = 1u64;
    for _ in 0..count / 64 {
        // SAFETY: touches two registers that it declares, no memory, no stack.
        #[cfg(target_arch = "x86_64")]
        unsafe {
            std::arch::asm!(".rept 64", "add {0}, {1}", ".endr", inout(reg) sum, in(reg) 3u64, options(nomem, nostack));
        }
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        unsafe {
            std::arch::asm!(".rept 64", "add {0}, {0}, {1}", ".endr", inout(reg) sum, in(reg) 3u64,
                options(nomem, nostack));
        }
    }
    std::hint::black_box(&mut sum);
}

/// The frequency of the time stamp counter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeStampCounter {
    /// Ticks per second.
    pub frequency: Hertz,
    /// Whether the CPU names the frequency (leaf 15h or 16h); otherwise it was measured against the monotonic clock.
    pub named: bool,
}

/// The time stamp counter, where it is invariant: it ticks at one rate whatever the core's clock does (Intel SDM volume
/// 3 section 17.17.1; AMD APM volume 2 section 13.2.4). Its rate is not the core's.
#[cfg(target_arch = "x86_64")]
pub fn time_stamp_counter() -> Option<TimeStampCounter> {
    let cpu = raw_cpuid::CpuId::new();
    if !cpu.get_advanced_power_mgmt_info()?.has_invariant_tsc() {
        return None;
    }
    // Leaf 16h gives the processor's base frequency, which is the counter's where leaf 15h lacks the crystal's (Intel
    // SDM volume 3 section 18.7.3).
    let named = (cpu.get_tsc_info().and_then(|tsc| tsc.tsc_frequency()))
        .or_else(|| Some(u64::from(cpu.get_processor_frequency_info()?.processor_base_frequency()) * 1_000_000))
        .filter(|&hertz| hertz > 0);
    let hertz = match named {
        Some(hertz) => hertz,
        None => measured_ticks(),
    };
    Some(TimeStampCounter { frequency: Hertz::new(hertz), named: named.is_some() })
}

/// None but on x86.
#[cfg(not(target_arch = "x86_64"))]
pub fn time_stamp_counter() -> Option<TimeStampCounter> {
    None
}

/// Ticks per second over 20 ms: reading both clocks takes some 50 ns, which is 3 in a million.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "the counter has no safe reader")]
fn measured_ticks() -> u64 {
    // SAFETY: every x86-64 CPU has the instruction; it reads a register.
    let now = || unsafe { std::arch::x86_64::_rdtsc() };
    let (start, first) = (Instant::now(), now());
    while start.elapsed().as_millis() < 20 {
        std::hint::spin_loop();
    }
    let (ticks, elapsed) = (now().wrapping_sub(first), start.elapsed());
    (ticks as f64 / elapsed.as_secs_f64()).round() as u64
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn frequency_is_one_that_a_core_has() {
        let hertz = core_frequency().unwrap().get();
        assert!((500_000_000..7_000_000_000).contains(&hertz), "{hertz}");
    }

    /// A core of 3.69 GHz whose clock takes so many seconds to read.
    fn slow_to_read(time: &Cell<f64>, reading: f64) -> Core<impl Fn() -> f64, impl Fn(u64)> {
        let pass = |seconds: f64| time.set(time.get() + seconds);
        let now = move || {
            pass(reading / 2.0);
            let now = time.get();
            pass(reading / 2.0);
            now
        };
        Core::new(now, move |additions| pass(additions as f64 / 3.69e9))
    }

    /// What a traced system call takes in a User-Mode Linux kernel.
    const TRACED: f64 = 14e-6;

    #[test]
    fn a_clock_that_is_slow_to_read_leaves_the_frequency_what_it_is() {
        let time = Cell::new(0.0);
        let core = slow_to_read(&time, TRACED);
        for hertz in [core.frequency(PASSES), core.frequency_in_guest(LONG_PASSES)] {
            assert!((hertz / 3.69e9 - 1.0).abs() < 0.01, "{hertz}");
        }
    }

    #[test]
    fn a_short_chain_would_halve_it() {
        let time = Cell::new(0.0);
        let hertz = CHAIN as f64 / slow_to_read(&time, TRACED).fastest(CHAIN, PASSES);
        assert!((1.9e9..2.2e9).contains(&hertz), "{hertz}");
    }

    #[test]
    fn a_pass_in_a_guest_lasts_ten_milliseconds() {
        for reading in [25e-9, 1e-6, TRACED] {
            let time = Cell::new(0.0);
            let core = slow_to_read(&time, reading);
            let additions = core.length(LONG);
            assert!(additions as f64 / 3.69e9 > 0.99 * LONG, "{additions} additions where reading takes {reading} s");
        }
        let time = Cell::new(0.0);
        assert_eq!(slow_to_read(&time, 50e-9).length(0.0), CHAIN, "short where the clock is quick to read");
    }

    /// Another process has the core for 6 ms of every 8.
    #[test]
    fn a_guest_on_a_busy_machine_finds_its_frequency_between_interruptions() {
        let (time, work) = (Cell::new(0.0), Cell::new(0.0));
        let spend = |seconds: f64| {
            let before: f64 = work.get();
            work.set(before + seconds);
            let turns = (work.get() / 2e-3).floor() - (before / 2e-3).floor();
            time.set(time.get() + seconds + 6e-3 * turns);
        };
        let now = || {
            spend(TRACED / 2.0);
            let now = time.get();
            spend(TRACED / 2.0);
            now
        };
        let core = Core::new(now, |additions| spend(additions as f64 / 3.69e9));
        let hertz = core.frequency_in_guest(LONG_PASSES);
        assert!((hertz / 3.69e9 - 1.0).abs() < 0.01, "{hertz}");
        let longest = core.length(LONG);
        assert!(core.rate(longest, LONG_PASSES) < 0.5 * 3.69e9, "long passes alone would not");
    }

    #[test]
    fn a_clock_that_stands_still_is_an_end() {
        let core = Core::new(|| 0.0, |_| {});
        assert!(core.frequency(1).is_infinite() && core.frequency_in_guest(1).is_infinite());
    }

    #[test]
    fn time_stamp_counter_ticks_at_a_plausible_rate() {
        let Some(counter) = time_stamp_counter() else { return };
        let hertz = counter.frequency.get();
        assert!((500_000_000..7_000_000_000).contains(&hertz), "{hertz}");
        #[cfg(target_arch = "x86_64")]
        assert!((measured_ticks() as f64 / hertz as f64 - 1.0).abs() < 0.02, "named or measured, it is one rate");
    }
}
