//! A measured parameter of the model, and whether it is a measurement at all.

use espsim_model::profile::Estimate;

/// A parameter of the model, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Its key path.
    pub key: &'static str,
    /// Cycles, or cycles per octet: median over passes with its 95 % interval.
    pub cycles: Estimate,
    /// How it was computed.
    pub method: &'static str,
}

impl Term {
    /// Why this is no measurement of a cost, if it is none.
    pub fn fault(&self) -> Option<String> {
        let Estimate { value, low, high, .. } = self.cycles;
        let (low, high) = (low.unwrap_or(value), high.unwrap_or(value));
        let ends = format!("{value:.3} ({low:.3} to {high:.3}) cycles");
        match () {
            () if ![value, low, high].iter().all(|end| end.is_finite()) => Some("nothing was measured".into()),
            () if low <= 0.0 => Some(format!("{ends}: the interval covers zero")),
            () if high - low > value => Some(format!("{ends}: the interval is wider than the value")),
            () => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Term {
        let cycles = Estimate { value, low: Some(low), high: Some(high), n: Some(9) };
        Term { key: "stack.send", cycles, method: "" }
    }

    #[test]
    fn what_is_no_measurement_says_why() {
        assert_eq!(estimate(900.0, 850.0, 980.0).fault(), None);
        let fault = |value, low, high| estimate(value, low, high).fault().unwrap();
        assert!(fault(-10.0, -50.0, 30.0).contains("covers zero"));
        assert!(fault(100.0, 0.0, 90.0).contains("covers zero"));
        assert!(fault(100.0, 20.0, 130.0).contains("wider than the value"));
        assert_eq!(fault(f64::NAN, f64::NAN, f64::NAN), "nothing was measured");
    }
}
