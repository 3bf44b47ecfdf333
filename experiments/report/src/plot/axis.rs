//! Where ticks stand and where a value lies between the ends of its axis.

use super::canvas::{TEXT, width};
use super::paper::Scale;

/// Ticks at the data's own values up to so many.
const OWN_TICKS: usize = 12;
/// Pixels between two labels of a horizontal axis.
const BETWEEN: i32 = 8;
/// What stands for zero on a logarithmic axis is this much below the least value that is not.
const BELOW: f64 = 10.0;

/// Ends and ticks of an axis.
#[derive(Debug, Clone)]
pub(super) struct Ticks {
    scale: Scale,
    low: f64,
    high: f64,
    /// Where zero stands on a logarithmic axis that has it: at its low end.
    zero: bool,
    /// Tick values and labels, ascending.
    pub labelled: Vec<(f64, String)>,
}

impl Ticks {
    /// A horizontal axis of so many pixels: from the least to the greatest value, ticks at the values themselves if they are
    /// few.
    pub fn horizontal(scale: Scale, values: &[f64], pixels: i32) -> Self {
        let mut own = values.to_vec();
        own.sort_by(f64::total_cmp);
        own.dedup();
        let (low, high) = spread(scale, own[0], own[own.len() - 1]);
        let candidates = if own.len() <= OWN_TICKS { own } else { steps(scale, low, high) };
        let mut ticks = Ticks { scale, low, high, zero: false, labelled: Vec::new() };
        let mut free = i32::MIN;
        for value in candidates.into_iter().filter(|value| (low..=high).contains(value)) {
            let label = label(value);
            let half = width(&label, TEXT) / 2;
            let middle = (ticks.position(value) * f64::from(pixels)) as i32;
            if middle - half >= free {
                free = middle + half + BETWEEN;
                ticks.labelled.push((value, label));
            }
        }
        ticks
    }

    /// A linear axis from zero to exactly `end`.
    pub fn span(end: f64) -> Self {
        let labelled = steps(Scale::Linear, 0.0, end).into_iter().filter(|value| *value <= end * (1.0 + 1e-9));
        let labelled = labelled.map(|value| (value, label(value))).collect();
        Ticks { scale: Scale::Linear, low: 0.0, high: end, zero: false, labelled }
    }

    /// A vertical axis: from zero if linear, up to a round number above the greatest value. A logarithmic one has zero at its
    /// low end, a decade below all others, where it is among the values.
    pub fn vertical(scale: Scale, values: &[f64]) -> Self {
        if scale != Scale::Linear && values.contains(&0.0) {
            return Self::with_zero(scale, values);
        }
        let high = values.iter().copied().fold(f64::MIN, f64::max);
        let low = values.iter().copied().fold(f64::MAX, f64::min);
        let (low, high) = match scale {
            Scale::Linear if high <= 0.0 => (0.0, 1.0),
            Scale::Linear => (0.0, high),
            _ => spread(scale, low, high),
        };
        let candidates = steps(scale, low, high);
        let high = candidates.last().copied().filter(|_| scale == Scale::Linear).unwrap_or(high).max(high);
        let labelled = candidates.into_iter().map(|value| (value, label(value))).collect();
        Ticks { scale, low, high, zero: false, labelled }
    }

    fn with_zero(scale: Scale, values: &[f64]) -> Self {
        let others: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
        let mut ticks = Self::vertical(scale, if others.is_empty() { &[1.0] } else { &others });
        let lowest = 10f64.powf(ticks.low.log10().floor());
        ticks.labelled.retain(|(value, _)| *value >= lowest);
        ticks.low = lowest / BELOW;
        ticks.zero = true;
        ticks.labelled.insert(0, (0.0, label(0.0)));
        ticks
    }

    /// 0 at the axis's low end, 1 at its high end.
    pub fn position(&self, value: f64) -> f64 {
        if self.zero && value <= 0.0 {
            return 0.0;
        }
        let map = |value: f64| if self.scale == Scale::Linear { value } else { value.max(f64::MIN_POSITIVE).ln() };
        (map(value) - map(self.low)) / (map(self.high) - map(self.low))
    }
}

/// Ends with a little room; never equal.
fn spread(scale: Scale, low: f64, high: f64) -> (f64, f64) {
    match scale {
        Scale::Linear => {
            let room = if high > low { 0.03 * (high - low) } else { 0.5 * high.abs().max(1.0) };
            (low - room, high + room)
        }
        _ => {
            let room = if high > low { (high / low).powf(0.03) } else { 2.0 };
            (low / room, high * room)
        }
    }
}

/// Round values between the ends: 1-2-5 steps, powers of two, or 1, 2, 5 times powers of ten (powers of ten alone over
/// more than three decades).
fn steps(scale: Scale, low: f64, high: f64) -> Vec<f64> {
    match scale {
        Scale::Linear => {
            let raw = (high - low) / 6.0;
            let magnitude = 10f64.powf(raw.log10().floor());
            let step =
                [1.0, 2.0, 5.0, 10.0].map(|m| m * magnitude).into_iter().find(|step| *step >= raw).unwrap_or(raw);
            let first = (low / step).ceil() as i64;
            (first..=(high / step).ceil() as i64).map(|i| i as f64 * step).collect()
        }
        Scale::Log2 => {
            let powers = low.log2().ceil() as i32..=high.log2().floor() as i32;
            powers.map(|power| 2f64.powi(power)).collect()
        }
        Scale::Log10 => {
            let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
            let multiples: &[f64] = if high / low > 1e3 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            decades
                .flat_map(|decade| multiples.iter().map(move |m| m * 10f64.powi(decade)))
                .filter(|value| (low..=high).contains(value))
                .collect()
        }
    }
}

fn label(value: f64) -> String {
    // Steps are sums of decimal fractions: nine digits hide what binary leaves.
    let rounded: f64 = format!("{value:.9e}").parse().unwrap_or(value);
    if rounded == 0.0 { "0".into() } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_starts_at_zero_and_ends_above_the_data() {
        let ticks = Ticks::vertical(Scale::Linear, &[3.0, 97.0]);
        let labels: Vec<&str> = ticks.labelled.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0", "20", "40", "60", "80", "100"]);
        assert!(ticks.position(97.0) < 1.0 && ticks.position(0.0) == 0.0);
        assert_eq!(Ticks::vertical(Scale::Linear, &[1.0]).position(1.0), 1.0);
        assert_eq!(Ticks::vertical(Scale::Linear, &[0.0]).position(0.0), 0.0);
    }

    #[test]
    fn few_values_are_their_own_ticks() {
        let ticks = Ticks::horizontal(Scale::Log2, &[64.0, 1400.0, 256.0, 64.0], 500);
        let labels: Vec<&str> = ticks.labelled.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["64", "256", "1400"]);
    }

    #[test]
    fn no_tick_lies_outside_its_axis() {
        let values: Vec<f64> = (1..=32).map(f64::from).collect();
        for scale in [Scale::Linear, Scale::Log2, Scale::Log10] {
            let ticks = Ticks::horizontal(scale, &values, 500);
            assert!(ticks.labelled.len() > 2);
            assert!(ticks.labelled.iter().all(|(value, _)| (0.0..=1.0).contains(&ticks.position(*value))), "{scale:?}");
        }
    }

    #[test]
    fn labels_of_a_horizontal_axis_do_not_touch() {
        let values: Vec<f64> = (0..12).map(|i| 100_000.0 + f64::from(i)).collect();
        let ticks = Ticks::horizontal(Scale::Linear, &values, 480);
        let middle = |i: usize| ticks.position(ticks.labelled[i].0) * 480.0;
        let half = f64::from(width("100000", TEXT)) / 2.0;
        assert!((1..ticks.labelled.len()).all(|i| middle(i) - middle(i - 1) >= 2.0 * half), "{ticks:?}");
    }

    #[test]
    fn zero_has_a_place_on_a_logarithmic_axis_that_has_it() {
        let ticks = Ticks::vertical(Scale::Log10, &[0.0, 0.02, 30.0]);
        assert_eq!((ticks.position(0.0), ticks.labelled[0].1.as_str()), (0.0, "0"));
        assert!(ticks.position(0.02) > 0.1 && ticks.position(30.0) <= 1.0, "{ticks:?}");
        assert!(ticks.labelled.windows(2).all(|pair| ticks.position(pair[0].0) < ticks.position(pair[1].0)));
        assert_eq!(Ticks::vertical(Scale::Log10, &[0.0]).position(0.0), 0.0);
    }

    #[test]
    fn decades_are_split_when_few() {
        let labels = |high| Ticks::vertical(Scale::Log10, &[1.0, high]).labelled.len();
        assert_eq!(labels(100.0), 7);
        assert_eq!(labels(1e6), 7);
    }
}
