//! The frequency of the core that guest and host share: each kernel's clock must find the same.

use espsim_model::units::Hertz;

use crate::clock::core_frequency;
use crate::pinned::on_last_core;
use crate::sa_path::{Measurement, SaPathError};

/// How far guest and host may be apart: more than a core's clock changes within a second or two.
pub(in crate::sa_path) const MOST: f64 = 0.03;

/// That of the core which guests run on, by the running kernel's clock.
pub(super) fn of_host() -> Result<Hertz, SaPathError> {
    let measured = on_last_core(|_| core_frequency()).and_then(|frequency| frequency);
    measured.map_err(|error| SaPathError::unavailable(error.to_string(), "a host whose clock advances evenly"))
}

/// How far a guest's frequency is from the host's, as a part of the host's.
pub(in crate::sa_path) fn apart(guest: Hertz, host: Hertz) -> f64 {
    (guest.get() as f64 / host.get().max(1) as f64 - 1.0).abs()
}

/// A guest's measurement with the host's frequency beside its own, if the two agree.
pub(super) fn agreed(measurement: Measurement, host: Hertz) -> Result<Measurement, SaPathError> {
    let guest = Hertz::new(measurement.frequency);
    if apart(guest, host) > MOST {
        return Err(SaPathError::Frequency { guest, host });
    }
    Ok(Measurement { host_frequency: Some(host.get()), ..measurement })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sa_path::measurement::tests::empty;

    fn at(hertz: u64) -> Measurement {
        Measurement { frequency: hertz, ..empty() }
    }

    #[test]
    fn a_guest_that_counts_fewer_cycles_is_refused_with_both_numbers() {
        for (guest, words) in [(2_080_000_000, "2.08 GHz"), (4_000_000_000, "4.00 GHz")] {
            let error = agreed(at(guest), Hertz::new(3_690_000_000)).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(words) && text.contains("3.69 GHz") && text.contains("at most 3 %"), "{text}");
            assert!(error.remedy().unwrap().contains("measure again"));
        }
    }

    #[test]
    fn a_guest_within_three_percent_is_taken_with_the_host_beside_it() {
        for guest in [3_600_000_000, 3_780_000_000] {
            let measurement = agreed(at(guest), Hertz::new(3_690_000_000)).unwrap();
            assert_eq!((measurement.frequency, measurement.host_frequency), (guest, Some(3_690_000_000)));
        }
    }
}
