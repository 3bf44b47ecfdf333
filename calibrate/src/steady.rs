//! Values in cycles, on cores whose clock moves: with the frequency of the moment that they are taken in.

use crate::clock::frequency_now;

/// Largest change of the core's frequency while a value is taken: beyond it seconds are of two clocks.
const CHANGE: f64 = 0.03;
/// How often a value is taken again.
const AGAIN: usize = 3;

/// A value, and what the core's frequency did while it was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Steady<T> {
    /// The value.
    pub(crate) value: T,
    /// The frequency after it over the one before it, less 1, as a magnitude.
    pub(crate) change: f64,
}

/// Takes a value, which is told the core's frequency in Hz; again where the frequency changed meanwhile, a few times.
pub(crate) fn steadily<T, E>(take: impl FnMut(f64) -> Result<T, E>) -> Result<Steady<T>, E> {
    by(frequency_now, take)
}

fn by<T, E>(mut frequency: impl FnMut() -> f64, mut take: impl FnMut(f64) -> Result<T, E>) -> Result<Steady<T>, E> {
    let mut tries = 0;
    let mut before = frequency();
    loop {
        let value = take(before)?;
        let after = frequency();
        let change = (after / before - 1.0).abs();
        // No clock at all is said by whoever asks for its frequency.
        if change.is_nan() || change <= CHANGE || tries == AGAIN {
            return Ok(Steady { value, change });
        }
        (before, tries) = (after, tries + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was taken where the clock reads these values in turn, the last one for ever.
    fn taken(readings: &[f64]) -> Steady<f64> {
        let mut readings = readings.iter().copied();
        let mut last = 0.0;
        by(
            || {
                last = readings.next().unwrap_or(last);
                last
            },
            Ok::<f64, ()>,
        )
        .unwrap()
    }

    #[test]
    fn a_value_of_two_clocks_is_taken_again() {
        assert_eq!(taken(&[3e9, 3.01e9]).value, 3e9);
        assert_eq!(taken(&[3e9, 3.3e9, 3.3e9]), Steady { value: 3.3e9, change: 0.0 });
    }

    #[test]
    fn a_clock_that_never_rests_is_told() {
        let restless = taken(&[1e9, 2e9, 1e9, 2e9, 1e9, 2e9]);
        assert!(restless.change > CHANGE, "{restless:?}");
    }
}
