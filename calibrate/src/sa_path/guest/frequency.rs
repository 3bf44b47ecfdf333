//! The frequency of the core that guest and host share: each kernel's clock must find the same.

use espsim_model::units::Hertz;

use crate::clock::{core_frequency, core_frequency_in_guest};
use crate::pinned::on_last_core;
use crate::sa_path::{Measurement, SaPathError};

/// How far a guest's frequency may be from what the host's core was seen at.
pub(in crate::sa_path) const MOST: f64 = 0.03;

/// What the core that guests run on was seen at by the running kernel's clock. It is a range: a core's turbo comes and goes
/// within seconds, by a tenth where others share the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sa_path) struct Seen {
    /// The lowest.
    pub lowest: Hertz,
    /// The highest.
    pub highest: Hertz,
}

impl Seen {
    /// A short look and a long one, which is how a guest looks.
    pub(super) fn now() -> Result<Seen, SaPathError> {
        let look = |of: fn() -> Result<Hertz, crate::CalibrateError>| {
            let measured = on_last_core(move |_| of()).and_then(|frequency| frequency);
            measured.map_err(|error| SaPathError::unavailable(error.to_string(), "a host whose clock advances evenly"))
        };
        let (short, long) = (look(core_frequency)?, look(core_frequency_in_guest)?);
        Ok(Seen { lowest: short.min(long), highest: short.max(long) })
    }

    /// With what was seen at another time.
    fn and(self, other: Seen) -> Seen {
        Seen { lowest: self.lowest.min(other.lowest), highest: self.highest.max(other.highest) }
    }

    /// What was seen that is nearest to a frequency.
    fn nearest(self, to: Hertz) -> Hertz {
        to.clamp(self.lowest, self.highest)
    }
}

/// How far a guest's frequency is from the host's, as a part of the host's.
pub(in crate::sa_path) fn apart(guest: Hertz, host: Hertz) -> f64 {
    (guest.get() as f64 / host.get().max(1) as f64 - 1.0).abs()
}

/// A guest's measurement with the host's frequency beside its own, if the two agree: before the guest ran or after it.
pub(super) fn agreed(measurement: Measurement, before: Seen, after: Seen) -> Result<Measurement, SaPathError> {
    let guest = Hertz::new(measurement.frequency);
    let host = before.and(after).nearest(guest);
    if apart(guest, host) > MOST {
        return Err(SaPathError::Frequency { guest, host });
    }
    Ok(Measurement { host_frequency: Some(host.get()), ..measurement })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sa_path::measurement::tests::empty;

    /// A core whose turbo came or went while the guest ran.
    fn seen() -> (Seen, Seen) {
        let at = |lowest, highest| Seen { lowest: Hertz::new(lowest), highest: Hertz::new(highest) };
        (at(3_690_000_000, 3_690_000_000), at(3_700_000_000, 3_900_000_000))
    }

    fn at(hertz: u64) -> Measurement {
        Measurement { frequency: hertz, ..empty() }
    }

    #[test]
    fn a_guest_that_counts_fewer_cycles_is_refused_with_both_numbers() {
        for (guest, words) in [(2_080_000_000, ["2.08 GHz", "3.69 GHz"]), (4_100_000_000, ["4.10 GHz", "3.90 GHz"])] {
            let error = agreed(at(guest), seen().0, seen().1).unwrap_err();
            let text = error.to_string();
            assert!(words.iter().all(|word| text.contains(word)) && text.contains("at most 3 %"), "{text}");
            assert!(error.remedy().unwrap().contains("measure again"));
        }
    }

    #[test]
    fn a_guest_within_three_percent_is_taken_with_the_host_beside_it() {
        for (guest, host) in
            [(3_600_000_000, 3_690_000_000), (3_780_000_000, 3_780_000_000), (4_000_000_000, 3_900_000_000)]
        {
            let measurement = agreed(at(guest), seen().0, seen().1).unwrap();
            assert_eq!((measurement.frequency, measurement.host_frequency), (guest, Some(host)));
        }
    }
}
