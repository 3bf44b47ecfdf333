//! Time and the true core frequency.

use std::time::Instant;

use espsim_model::units::Hertz;

use crate::CalibrateError;

/// Dependent additions in one pass of the chain.
const CHAIN: u64 = 64_000;
/// Passes that are thrown away first, about 50 ms: a clock governor takes milliseconds to raise an idle core's frequency.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequency_is_one_that_a_core_has() {
        let hertz = core_frequency().unwrap().get();
        assert!((500_000_000..7_000_000_000).contains(&hertz), "{hertz}");
    }
}
