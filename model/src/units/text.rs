//! Quantities as text: a number and a unit.

use std::fmt;

/// A string that is not the quantity it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {quantity}: write a number and a unit ({units}), for example \"{example}\"")]
pub struct UnitError {
    /// What was written.
    pub text: String,
    /// What was expected, with its article: "a bit rate".
    pub quantity: &'static str,
    /// The units that are allowed.
    pub units: String,
    /// A correct value.
    pub example: &'static str,
}

/// Splits `"1.5 us"` into its number and its unit and scales the number by the unit's factor.
pub(super) fn parse(
    text: &str,
    quantity: &'static str,
    units: &[(&str, f64)],
    example: &'static str,
) -> Result<f64, UnitError> {
    let error = || UnitError {
        text: text.to_owned(),
        quantity,
        units: units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>().join(", "),
        example,
    };
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(error)?;
    let number: f64 = trimmed[..split].parse().map_err(|_| error())?;
    let unit = trimmed[split..].trim_start();
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor).ok_or_else(error)?;
    let value = number * factor;
    // Above 2^53 the product no longer is an exact count of the base unit.
    if value.is_finite() && value <= 9e15 { Ok(value) } else { Err(error()) }
}

/// Decimals of a quantity that people read.
const DECIMALS: usize = 6;
/// Decimals of the largest unit that tell every count of the base unit.
const MOST_DECIMALS: usize = 15;

/// Writes a value with the largest unit that leaves at least 1 before the point, trailing zeros removed: six decimals, and
/// in the alternate form (`{:#}`) as many as it takes for `is_same` to hold of what is written.
pub(super) fn show(
    f: &mut fmt::Formatter<'_>,
    value: f64,
    units: &[(&str, f64)],
    is_same: impl Fn(&str) -> bool,
) -> fmt::Result {
    let (unit, factor) = units.iter().rev().find(|(_, factor)| value >= *factor).unwrap_or(&units[0]);
    let text = |decimals: usize| {
        let digits = format!("{:.decimals$}", value / factor);
        format!("{} {unit}", digits.trim_end_matches('0').trim_end_matches('.'))
    };
    if !f.alternate() {
        return f.write_str(&text(DECIMALS));
    }
    match (DECIMALS..=MOST_DECIMALS).map(text).find(|text| is_same(text)) {
        Some(text) => f.write_str(&text),
        // The base unit's number needs no factor.
        None => write!(f, "{value} {}", units[0].0),
    }
}
