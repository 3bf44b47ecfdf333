//! Costs that are those of the base times a factor, by a rule that is stated: `[relative]`.
//!
//! A factor is for a value, a table of them or a group of ciphers, by key path (`stack`, `vector.forward`,
//! `aead.aes-128-gcm`); the nearest one counts. `waits` is for what a core waits for, whichever stack it is in: a time that
//! does not shrink with what the core does per cycle.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use toml::{Table, Value};

use super::evidence::nearest_source;
use super::{Estimate, Profile, ProfileError, UnknownKey};
use crate::preset::Evidence;
use crate::units::{Cycles, CyclesPerByte};

/// The table of factors in a file.
pub const KEY: &str = "relative";

/// The group of costs that are waiting: for a line of a cache, of memory or of another core, or for MMIO.
const WAITS: &str = "waits";
const WAITING: [&str; 8] = [
    "doorbell",
    "sa_l3",
    "sa_memory",
    "line_transfer",
    "line_transfer_l3",
    "line_transfer_socket",
    "lock_waiter",
    "crypto_submit_burst",
];

/// How much more a cost is than that of the base, with the ends of the range that it may have, and why.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Factor {
    factor: f64,
    low: f64,
    high: f64,
    source: String,
}

impl Factor {
    fn is_usable(&self) -> bool {
        0.01 <= self.low && self.low <= self.factor && self.factor <= self.high && self.high <= 100.0
    }

    /// The range is that of the base and that of the factor together, as of errors that have nothing to do with one another:
    /// the squares of their logarithms add up.
    fn scaled(&self, estimate: Estimate) -> Estimate {
        let value = estimate.value * self.factor;
        let end = |end: Option<f64>, by: f64| {
            let of = end.filter(|end| *end > 0.0).map_or(0.0, |end| (end / estimate.value).ln());
            f64::hypot(of, (by / self.factor).ln())
        };
        let below = end(estimate.low.filter(|low| *low < estimate.value), self.low);
        let above = end(estimate.high.filter(|high| *high > estimate.value), self.high);
        Estimate {
            value: rounded(value),
            low: Some(rounded(value * (-below).exp())),
            high: Some(rounded(value * above.exp())),
            n: None,
        }
    }

    /// An estimate where the factor or what it is of is one.
    fn source(&self, base: &str, of: Option<&str>) -> String {
        let of = of.unwrap_or("estimate: without a source");
        let is_estimate = [of, &self.source].iter().any(|source| Evidence::of(source) == Evidence::Estimate);
        let word = if is_estimate { "estimate" } else { "derived" };
        let why = self.source.trim_start_matches("estimate: ").trim_start_matches("derived: ");
        format!("{word}: preset:{base} times {} ({why}); there: {of}", self.factor)
    }
}

/// Three digits: more would look as if they were known.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let unit = 10f64.powi(value.abs().log10().floor() as i32 - 2);
    (value / unit).round() * unit
}

/// What `[relative]` takes, for editors.
pub fn json_schema() -> Json {
    json!({
        "type": "object",
        "description": "costs that are those of the base times a factor, by key path, table or group",
        "additionalProperties": {
            "type": "object",
            "required": ["factor", "low", "high", "source"],
            "properties": {
                "factor": { "type": "number" },
                "low": { "type": "number" },
                "high": { "type": "number" },
                "source": { "type": "string" },
            },
            "additionalProperties": false,
        },
    })
}

/// Changes the costs of a base by a file's factors.
///
/// # Errors
/// [`ProfileError`] for a factor of nothing that the base has, or one that is not between its ends.
pub fn apply(base: &mut Profile, name: &str, factors: Value) -> Result<(), ProfileError> {
    let syntax =
        |error: toml::de::Error| ProfileError::Syntax { message: format!("`{KEY}`: {}", error.message()), span: None };
    let factors: BTreeMap<String, Factor> = factors.try_into().map_err(syntax)?;
    check(base, &factors)?;
    scale_costs(base, name, &factors);
    scale_ciphers(base, name, &factors);
    if let (Some(factor), Some(sa)) = (factors.get("sa"), &mut base.sa) {
        sa.scale(factor.factor);
        let source = factor.source(name, base.sources.get("sa").map(String::as_str));
        base.sources.retain(|key, _| !key.starts_with("sa."));
        base.sources.insert("sa".into(), source);
    }
    Ok(())
}

fn check(base: &Profile, factors: &BTreeMap<String, Factor>) -> Result<(), ProfileError> {
    let keys = base.values();
    let within = |group: &str| keys.iter().any(|key| key == group || key.starts_with(&format!("{group}.")));
    let is_cost = |group: &str| {
        ["stack", "xdp", "vector", "memory", "aead", "sa"].contains(&group.split('.').next().unwrap_or_default())
    };
    let unknown: Vec<UnknownKey> = factors
        .keys()
        .filter(|group| *group != WAITS && !(is_cost(group) && within(group)))
        .map(|group| UnknownKey {
            key: format!("{KEY}.{group}"),
            known: ["stack", "xdp", "vector", WAITS, "memory.copy", "memory.checksum", "aead", "sa"]
                .map(str::to_owned)
                .to_vec(),
        })
        .collect();
    if !unknown.is_empty() {
        return Err(ProfileError::Keys { missing: Vec::new(), unknown });
    }
    match factors.iter().find(|(_, factor)| !factor.is_usable()) {
        Some((group, wrong)) => Err(ProfileError::Value {
            key: format!("{KEY}.{group}"),
            value: wrong.factor.to_string(),
            allowed: "a factor from 0.01 to 100, between its ends `low` and `high`",
        }),
        None => Ok(()),
    }
}

/// The factor of a value: its own, that of waiting, or that of the nearest group around it.
fn factor<'a>(factors: &'a BTreeMap<String, Factor>, key: &str) -> Option<&'a Factor> {
    let waits = key.rsplit('.').next().is_some_and(|name| WAITING.contains(&name));
    let group = factors.get_key_value(key).map(|(key, _)| key.as_str());
    let group = group.or_else(|| factors.get_key_value(WAITS).filter(|_| waits).map(|(key, _)| key.as_str()));
    let group = group.or_else(|| nearest_source(key, |key| factors.get_key_value(key).map(|(key, _)| key.as_str())));
    factors.get(group?)
}

fn scale_costs(base: &mut Profile, name: &str, factors: &BTreeMap<String, Factor>) {
    let memory = [("memory.copy", base.memory.copy.0), ("memory.checksum", base.memory.checksum.0)];
    let memory = memory.map(|(key, cost)| (key.to_owned(), Cycles(cost)));
    for (key, Cycles(cost)) in base.stack_costs().into_iter().chain(memory) {
        // What a stack has no such cost of has none here either.
        let Some(factor) = factor(factors, &key).filter(|_| cost > 0.0) else { continue };
        let scaled = factor.scaled(base.intervals.get(&key).copied().unwrap_or(Estimate::exact(cost)));
        match key.as_str() {
            "memory.copy" => base.memory.copy = CyclesPerByte(scaled.value),
            "memory.checksum" => base.memory.checksum = CyclesPerByte(scaled.value),
            _ => base.stack_cost_mut(&key).into_iter().for_each(|place| *place = Cycles(scaled.value)),
        }
        let source = factor.source(name, base.source(&key));
        base.intervals.insert(key.clone(), scaled);
        base.sources.insert(key, source);
    }
}

fn scale_ciphers(base: &mut Profile, name: &str, factors: &BTreeMap<String, Factor>) {
    let mut sources = Table::new();
    for row in &mut base.aead {
        let key = row.key();
        let Some(factor) = factor(factors, &key) else { continue };
        for (coefficient, _) in row.curve.clone().coefficients() {
            let key = format!("{key}.{coefficient}");
            let of = nearest_source(&key, |key| base.sources.get(key).map(String::as_str));
            sources.insert(key, factor.source(name, of).into());
        }
        row.curve.coefficients_mut().into_iter().for_each(|coefficient| *coefficient = factor.scaled(*coefficient));
        row.residuals.iter_mut().for_each(|(_, cycles)| *cycles *= factor.factor);
    }
    for (key, source) in sources {
        base.sources.extend(source.as_str().map(|source| (key, source.to_owned())));
    }
}
