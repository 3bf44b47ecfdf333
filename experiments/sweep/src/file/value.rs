//! Values of parameters as users write them.

use espsim_model::layers::MOST_DEPTH;
use espsim_model::units::{BitRate, Bytes, Hertz, Share, Time};
use serde::Serialize;
use toml::Value;

use crate::visible::{escaped, is_refused};

/// A `--set key=value`.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Key path.
    pub key: String,
    /// Value: TOML if it is, else a string.
    pub value: Value,
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl std::str::FromStr for Setting {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not key=value"))?;
        let key = key.trim();
        if key.is_empty() || key.split('.').any(str::is_empty) {
            return Err(format!("`{key}` is not a key, such as nic.line_rate"));
        }
        if key.split('.').count() > MOST_DEPTH {
            return Err(format!("`{key}` is not a key: more than {MOST_DEPTH} parts"));
        }
        let value = value.trim();
        let parsed = value.parse().unwrap_or_else(|_| Value::String(value.to_owned()));
        if key.chars().any(is_refused) || has_refused(&parsed) {
            let shown = escaped(text);
            return Err(format!("`{shown}` has a control character or one that changes the direction of writing"));
        }
        Ok(Setting { key: key.to_owned(), value: parsed })
    }
}

fn has_refused(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().any(is_refused),
        Value::Array(items) => items.iter().any(has_refused),
        Value::Table(table) => table.iter().any(|(key, value)| key.chars().any(is_refused) || has_refused(value)),
        _ => false,
    }
}

/// A swept value as a quantity, with its unit; `None` for other text.
pub fn quantity(value: &Value) -> Option<(&'static str, f64)> {
    match value {
        Value::Integer(n) => Some(("", *n as f64)),
        Value::Float(n) => Some(("", *n)),
        Value::String(text) => None
            .or_else(|| text.parse::<Bytes>().ok().map(|n| ("B", n.get() as f64)))
            .or_else(|| text.parse::<BitRate>().ok().map(|n| ("Gb/s", n.as_gbps())))
            .or_else(|| text.parse::<Time>().ok().map(|n| ("us", n.as_ns() * 1e-3)))
            .or_else(|| text.parse::<Hertz>().ok().map(|n| ("GHz", n.get() as f64 * 1e-9)))
            .or_else(|| text.parse::<Share>().ok().map(|n| ("%", n.fraction() * 100.0))),
        _ => None,
    }
}

/// A swept value as a number for an axis: sizes in B, rates in Gb/s, times in us, frequencies in GHz, shares in %.
pub fn number(value: &Value) -> Option<f64> {
    quantity(value).map(|(_, number)| number)
}

/// The name of one of several in files.
pub fn variant(of: impl Serialize) -> String {
    Value::try_from(of).as_ref().map_or_else(|_| String::new(), shown)
}

/// A value as it is shown: strings without quotes.
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
