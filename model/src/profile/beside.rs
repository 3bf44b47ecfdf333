//! Values that are written with what is known of them beside them, as in the shipped CPUs:
//! `send = { value = 3100, low = 2200, high = 5000, source = "..." }`. A cipher that names no direction is meant both ways.

use serde_json::{Value as Json, json};
use toml::{Table, Value};

use super::{ProfileError, UnknownKey};
use crate::units::{BitRate, Hertz};

/// Tables of single values.
const TABLES: [&str; 5] = ["host", "memory", "stack", "xdp", "vector"];
/// Values that are estimates with ends in any profile; only a source may stand with them besides.
const ESTIMATES: [&str; 2] = ["host.siblings", "host.scaling_beyond"];
/// What may be said of a value.
const PARTS: [&str; 4] = ["value", "low", "high", "source"];
/// What may be said of a cipher's coefficient but its value.
const COEFFICIENTS: [&str; 4] = ["per_operation", "per_octet", "per_tail_block", "per_partial_block"];

/// Puts intervals and sources where profiles have them, under `[intervals]` and `[sources]`.
///
/// # Errors
/// [`ProfileError`] for something else beside a value, or an end that is no number of its unit.
pub fn taken_apart(profile: &mut Table) -> Result<(), ProfileError> {
    let mut known = Known::default();
    for table in TABLES {
        for (name, value) in profile.get_mut(table).and_then(Value::as_table_mut).into_iter().flatten() {
            known.take(&format!("{table}.{name}"), value)?;
        }
    }
    if let Some(Value::Array(rows)) = profile.get_mut("aead") {
        let both: Vec<Value> = rows.drain(..).flat_map(both_directions).collect();
        rows.extend(both);
        rows.iter_mut().for_each(|row| known.take_row(row));
    }
    for (table, entries) in [("intervals", known.intervals), ("sources", known.sources)] {
        if entries.is_empty() {
            continue;
        }
        if let Value::Table(place) = profile.entry(table).or_insert_with(|| Table::new().into()) {
            place.extend(entries);
        }
    }
    Ok(())
}

/// What stood beside values.
#[derive(Default)]
struct Known {
    intervals: Table,
    sources: Table,
}

impl Known {
    fn take(&mut self, key: &str, value: &mut Value) -> Result<(), ProfileError> {
        let Value::Table(parts) = value else { return Ok(()) };
        if !parts.contains_key("value") {
            return Ok(());
        }
        if let Some(other) = parts.keys().find(|part| !PARTS.contains(&part.as_str()) && *part != "n") {
            let key = format!("{key}.{other}");
            let unknown = vec![UnknownKey { key, known: PARTS.map(str::to_owned).to_vec() }];
            return Err(ProfileError::Keys { missing: Vec::new(), unknown });
        }
        self.sources.extend(parts.remove("source").map(|source| (key.to_owned(), source)));
        if ESTIMATES.contains(&key) {
            return Ok(());
        }
        if parts.contains_key("low") || parts.contains_key("high") {
            let mut interval = Table::new();
            for (part, value) in parts.iter() {
                interval.insert(part.clone(), number(key, value)?);
            }
            self.intervals.insert(key.to_owned(), interval.into());
        }
        if let Some(alone) = parts.remove("value") {
            *value = alone;
        }
        Ok(())
    }

    fn take_row(&mut self, row: &mut Value) {
        let field = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
        let names = ["algorithm", "direction", "backend"].map(|name| field(row, name));
        let [Some(algorithm), Some(direction), Some(backend)] = names else { return };
        let key = format!("aead.{algorithm}.{direction}.{backend}");
        let source = row.as_table_mut().and_then(|row| row.remove("source"));
        self.sources.extend(source.map(|source| (key.clone(), source)));
        let Some(Value::Table(curve)) = row.get_mut("curve") else { return };
        for name in COEFFICIENTS {
            match curve.get_mut(name) {
                Some(Value::Table(parts)) => {
                    self.sources.extend(parts.remove("source").map(|source| (format!("{key}.{name}"), source)));
                }
                Some(number @ (Value::Float(_) | Value::Integer(_))) => {
                    *number = Table::from_iter([("value".to_owned(), number.clone())]).into();
                }
                _ => {}
            }
        }
    }
}

/// A cipher that names no direction as one for each.
fn both_directions(row: Value) -> Vec<Value> {
    match row {
        Value::Table(row) if !row.contains_key("direction") => ["seal", "open"]
            .map(|direction| {
                let mut row = row.clone();
                row.insert("direction".into(), direction.into());
                Value::Table(row)
            })
            .to_vec(),
        row => vec![row],
    }
}

/// The number that an interval has for a value, in its base unit.
fn number(key: &str, value: &Value) -> Result<Value, ProfileError> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    let wrong =
        |error: crate::units::UnitError| ProfileError::Syntax { message: format!("`{key}`: {error}"), span: None };
    let number = match key {
        "host.frequency" | "host.avx_frequency" => text.parse::<Hertz>().map_err(wrong)?.get() as f64,
        "memory.bandwidth" => text.parse::<BitRate>().map_err(wrong)?.as_bps() as f64,
        _ => return Ok(value.clone()),
    };
    Ok(number.into())
}

/// Takes what may stand beside values into the schema of a profile's tables, for editors.
pub fn take_in(properties: &mut Json) {
    for table in TABLES {
        let values = properties[table]["properties"].as_object_mut();
        for (name, value) in values.into_iter().flatten() {
            let alone = value.clone();
            let with = json!({
                "type": "object",
                "required": ["value"],
                "properties": { "value": alone, "low": alone, "high": alone, "source": { "type": "string" } },
                "additionalProperties": false,
            });
            if ESTIMATES.contains(&format!("{table}.{name}").as_str()) {
                value["properties"]["source"] = json!({ "type": "string" });
            } else {
                *value = json!({ "description": alone["description"], "anyOf": [alone, with] });
            }
        }
    }
    let row = &mut properties["aead"]["items"]["properties"];
    row["source"] = json!({ "type": "string", "description": "where its costs come from" });
    for name in COEFFICIENTS {
        let coefficient = &mut row["curve"]["properties"][name];
        coefficient["properties"]["source"] = json!({ "type": "string" });
        *coefficient =
            json!({ "description": coefficient["description"], "anyOf": [coefficient, { "type": "number" }] });
    }
}
