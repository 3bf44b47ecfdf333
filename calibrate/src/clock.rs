//! Time and the true core frequency.

use std::time::Instant;

use espsim_model::units::Hertz;

use crate::CalibrateError;

/// Dependent additions in one pass of the chain.
const CHAIN: u64 = 64_000;
/// Passes that are thrown away first, about 50 ms: a clock governor takes milliseconds to raise an idle core's
/// frequency.
const WARM_UP: usize = 2800;
/// Passes, of which the fastest counts: whatever disturbs a pass makes it slower.
pub const PASSES: usize = 200;

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
    let passes = (0..WARM_UP + PASSES).map(|_| seconds(dependent_additions));
    let best = passes.skip(WARM_UP).fold(f64::INFINITY, f64::min);
    let measured = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    // To the kHz, which is more than the clock resolves and what a profile's text keeps.
    let hertz = if measured { (CHAIN as f64 / best / 1e3).round() as u64 * 1000 } else { 0 };
    if (100_000_000..10_000_000_000).contains(&hertz) {
        Ok(Hertz::new(hertz))
    } else {
        Err(CalibrateError::Clock(hertz))
    }
}

/// Register operands: additions of constants are folded by the renaming stage of some cores. The sum goes from block to
/// block, or blocks would overlap.
#[allow(unsafe_code, reason = "only an assembler block keeps the compiler from folding the chain")]
fn dependent_additions() {
    let mut sum = 1u64;
    for _ in 0..CHAIN / 64 {
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
    use super::*;

    #[test]
    fn frequency_is_one_that_a_core_has() {
        let hertz = core_frequency().unwrap().get();
        assert!((500_000_000..7_000_000_000).contains(&hertz), "{hertz}");
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
