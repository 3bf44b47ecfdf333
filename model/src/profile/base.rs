//! Profiles that say only what differs from a preset: `base = "zen4"`.

use toml::{Table, Value};

use super::evidence::{GIVEN, nearest_source};
use super::{Profile, ProfileError, relative};
use crate::preset::{PresetKind, text};

/// The key that names the preset.
pub const KEY: &str = "base";
/// Tables of single values.
const TABLES: [&str; 6] = ["host", "memory", "stack", "xdp", "vector", "sa"];

/// The whole of a profile: what the file leaves out is the base preset's, with its sources and intervals, times the factors
/// that the file gives under `[relative]`. A table without a base stays as it is.
///
/// # Errors
/// [`ProfileError`] for a base that is no CPU preset, and factors that cannot be used.
pub fn filled(mut given: Table) -> Result<Table, ProfileError> {
    let name = match given.remove(KEY) {
        None if given.contains_key(relative::KEY) => {
            return Err(ProfileError::Keys { missing: vec![KEY.into()], unknown: Vec::new() });
        }
        None => return Ok(given),
        Some(Value::String(name)) => name,
        Some(other) => return Err(ProfileError::Base { name: other.to_string() }),
    };
    let name = name.strip_prefix("preset:").unwrap_or(&name).to_owned();
    let base = text(PresetKind::Cpu, &name).map_err(|_| ProfileError::Base { name: name.clone() })?;
    let mut base = Profile::from_toml(base)?;
    if let Some(factors) = given.remove(relative::KEY) {
        relative::apply(&mut base, &name, factors)?;
    }
    base.filled_from = Some(name);
    let mut whole =
        Table::try_from(base).map_err(|error| ProfileError::Syntax { message: error.to_string(), span: None })?;
    replace_rows(&mut whole, &mut given);
    replace_values(&mut whole, &given);
    for (key, value) in given {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(whole)), Value::Table(given)) => whole.extend(given),
            (_, value) => drop(whole.insert(key, value)),
        }
    }
    Ok(whole)
}

/// Forgets what the base says of single values that the file gives: its sources and intervals are of others.
fn replace_values(whole: &mut Table, given: &Table) {
    let own = given.get("sources").and_then(Value::as_table).cloned().unwrap_or_default();
    for (table, values) in TABLES.iter().filter_map(|table| Some((table, given.get(*table)?.as_table()?))) {
        for name in values.keys() {
            let key = format!("{table}.{name}");
            if let Some(intervals) = whole.get_mut("intervals").and_then(Value::as_table_mut) {
                intervals.remove(&key);
            }
            let own = |key: &str| own.get(key).and_then(Value::as_str);
            if let Some(sources) = whole.get_mut("sources").and_then(Value::as_table_mut) {
                sources.remove(&key);
                if nearest_source(&key, own).is_none() {
                    sources.insert(key, GIVEN.into());
                }
            }
        }
    }
}

/// Costs of ciphers replace all of the base's for the same algorithm and direction; of the same implementation a row need
/// only say what differs.
fn replace_rows(whole: &mut Table, given: &mut Table) {
    let Some(Value::Array(rows)) = given.get_mut("aead") else { return };
    let field = |row: &Value, name: &str| row.get(name).cloned();
    let alike = |a: &Value, b: &Value, names: &[&str]| names.iter().all(|name| field(a, name) == field(b, name));
    let Some(Value::Array(base)) = whole.get("aead") else { return };
    let mut base = base.clone();
    for row in rows.iter_mut() {
        let same = base.iter().find(|base| alike(base, row, &["algorithm", "direction", "backend"])).cloned();
        if let (Some(Value::Table(same)), Some(own)) = (same, row.as_table_mut()) {
            complete(own, same);
        }
    }
    base.retain(|base| !rows.iter().any(|row| alike(base, row, &["algorithm", "direction"])));
    let source_of = |row: &Value| {
        let [algorithm, direction, backend] = ["algorithm", "direction", "backend"]
            .map(|name| field(row, name).and_then(|v| Some(v.as_str()?.to_owned())));
        Some(format!("aead.{}.{}.{}", algorithm?, direction?, backend?))
    };
    let kept: Vec<String> = base.iter().filter_map(source_of).collect();
    let own = given.get("sources").and_then(Value::as_table).cloned().unwrap_or_default();
    let rows = given.get("aead").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(sources) = whole.get_mut("sources").and_then(Value::as_table_mut) {
        // Of a row, or of one of its coefficients.
        let is_kept = |key: &str| kept.iter().any(|kept| key.strip_prefix(kept.as_str()).is_some_and(of_row));
        sources.retain(|key, _| !key.starts_with("aead.") || is_kept(key));
        for key in rows.iter().filter_map(source_of) {
            if nearest_source(&key, |key| own.get(key).and_then(Value::as_str)).is_none() {
                sources.insert(key, GIVEN.into());
            }
        }
    }
    given.insert("aead".into(), Value::Array([rows, base].concat()));
}

/// Whether what follows the key path of a row ends it or goes on below it.
fn of_row(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('.')
}

/// Gives a row what it lacks; what was measured beside a curve that is another by now is left out.
fn complete(own: &mut Table, same: Table) {
    let is_same_curve = !own.contains_key("curve");
    for (key, value) in same {
        match (own.get_mut(&key), value) {
            (Some(Value::Table(own)), Value::Table(same)) => {
                for (key, value) in same {
                    own.entry(key).or_insert(value);
                }
            }
            (None, value) if key != "residuals" || is_same_curve => drop(own.insert(key, value)),
            _ => {}
        }
    }
}
