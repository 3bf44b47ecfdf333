//! Profiles of older formats, in the words of today's.
//!
//! | format | what is new in it |
//! |---|---|
//! | 3 | `stack.xfrm_offload` and `stack.xfrm_offload_segment` beside `stack.xfrm`; `[sa]` |
//! | 4 | a source for every value instead of an `origin` for each table; curves apart from residuals; no defaults |

use toml::{Table, Value};

use super::evidence::nearest_source;
use super::{FORMAT, ProfileError};
use crate::preset::Evidence;
use crate::stack::{COSTS, Stack};

/// The oldest format that is read. The one before it has neither receiving nor the other direction of ciphers.
pub const OLDEST: u32 = 2;

/// What a profile of format 3 that does not say is taken to have, and why.
const HOST: [(&str, &str, &str); 5] = [
    ("iommu_per_slot", "true", "estimate: servers since Skylake-SP and Zen have several I/O stacks with a unit each"),
    ("l2", "\"1 MiB\"", "estimate: Skylake-SP to Zen 4 have this much"),
    ("l3", "\"32 MiB\"", "estimate: that of a core complex of Zen 3 or 4"),
    ("l3_cores", "8", "estimate: those of a core complex of Zen 3 or 4"),
    ("l3_ways", "16", "estimate: those of Zen 3 or 4"),
];

/// A profile of some format in today's.
///
/// # Errors
/// [`ProfileError`] for a format that is not read.
pub fn to_current(mut table: Table, found: i64) -> Result<Table, ProfileError> {
    match found {
        _ if found > i64::from(FORMAT) => return Err(ProfileError::Newer { found }),
        _ if found < i64::from(OLDEST) => return Err(ProfileError::Older { found }),
        _ if found == i64::from(FORMAT) => return Ok(table),
        2 => from_2(&mut table),
        _ => {}
    }
    from_3(&mut table);
    table.insert("format".into(), FORMAT.into());
    Ok(table)
}

/// Format 2 had one cost for ESP, whoever encrypts, paid by every segment too.
fn from_2(table: &mut Table) {
    let Some(xfrm) = table.get("stack").and_then(|stack| stack.get("xfrm")).cloned() else { return };
    for name in ["xfrm_offload", "xfrm_offload_segment"] {
        fill(table, "stack", name, xfrm.clone(), "estimate: as stack.xfrm, which was all of ESP in format 2");
    }
}

fn from_3(table: &mut Table) {
    for (name, value, source) in HOST {
        // Written above, so that they parse.
        if let Ok(value) = value.parse() {
            fill(table, "host", name, value, source);
        }
    }
    Stack::ALL.into_iter().for_each(|stack| costs(table, stack));
    if let Some(Value::Array(rows)) = table.remove("aead") {
        let rows = rows.into_iter().map(|row| curve(table, row)).collect();
        table.insert("aead".into(), Value::Array(rows));
    }
    if let Some(memory) = table.get_mut("memory").and_then(Value::as_table_mut) {
        memory.remove("origin");
    }
    let sa = table.get_mut("sa").and_then(Value::as_table_mut).and_then(|sa| sa.remove("origin"));
    match sa.as_ref().and_then(Value::as_str) {
        // An emulator's times are none.
        Some("emulated") => drop(table.remove("sa")),
        Some(origin) => say_guest(table, "sa", origin),
        None => {}
    }
}

/// Costs of a stack by their names of today, with estimates for those that it did not have.
fn costs(table: &mut Table, stack: Stack) {
    let Some(costs) = table.get_mut(stack.table()).and_then(Value::as_table_mut) else { return };
    let origin = costs.remove("origin");
    let mut renamed = Vec::new();
    for cost in COSTS.iter().filter(|cost| cost.stacks.contains(&stack)) {
        let Some(former) = cost.former.filter(|_| !costs.contains_key(cost.name)) else { continue };
        if let Some(value) = costs.remove(former) {
            costs.insert(cost.name.into(), value);
            renamed.push((format!("{}.{former}", stack.table()), cost.key(stack)));
        }
    }
    for what in ["sources", "intervals"] {
        let Some(of) = table.get_mut(what).and_then(Value::as_table_mut) else { continue };
        for (former, key) in &renamed {
            if let Some(value) = of.remove(former) {
                of.insert(key.clone(), value);
            }
        }
    }
    for cost in COSTS.iter().filter(|cost| cost.stacks.contains(&stack)) {
        if let Some(before) = cost.before(stack) {
            let source = "estimate: not in the profile, which is of a time before this cost";
            fill(table, stack.table(), cost.name, before.0.into(), source);
        }
    }
    if let Some(origin) = origin.as_ref().and_then(Value::as_str) {
        for cost in COSTS.iter().filter(|cost| cost.stacks.contains(&stack)) {
            say_guest(table, &cost.key(stack), origin);
        }
    }
}

/// What a User-Mode Linux guest gave is no measurement of this host.
fn say_guest(table: &mut Table, key: &str, origin: &str) {
    let Some(source) = table.get_mut("sources").and_then(|sources| sources.get_mut(key)) else { return };
    let Some(text) = source.as_str() else { return };
    let is_guest = matches!(origin, "guest-uml" | "measured-uml") && text.contains("User-Mode Linux");
    if is_guest && Evidence::of(text) != Evidence::Estimate {
        *source = Value::String(format!("estimate: {text}"));
    }
}

/// A cost of a cipher with its curve apart, and its source where it was measured.
fn curve(table: &mut Table, row: Value) -> Value {
    let Value::Table(mut row) = row else { return row };
    let names = [
        ("stride", "stride"),
        ("fixed", "per_operation"),
        ("per_byte", "per_octet"),
        ("per_tail_block", "per_tail_block"),
        ("partial_block", "per_partial_block"),
    ];
    let curve: Table = names.iter().filter_map(|(old, new)| Some(((*new).to_owned(), row.remove(*old)?))).collect();
    let origin = row.remove("origin");
    row.insert("curve".into(), Value::Table(curve));
    if origin.as_ref().and_then(Value::as_str) == Some("measured") {
        let part = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = format!("aead.{}.{}.{}", part("algorithm"), part("direction"), part("backend"));
        let sources = table.entry("sources").or_insert_with(|| Value::Table(Table::new()));
        let said = nearest_source(&key, |key| sources.get(key)?.as_str()).unwrap_or("by espsim calibrate").to_owned();
        if let Some(sources) = sources.as_table_mut().filter(|_| Evidence::of(&said) != Evidence::Measured) {
            sources.insert(key, Value::String(format!("measured: {said}")));
        }
    }
    Value::Table(row)
}

/// Gives a value to a table that is there, with its source, where it is missing.
fn fill(table: &mut Table, of: &str, name: &str, value: Value, source: &str) {
    let Some(values) = table.get_mut(of).and_then(Value::as_table_mut) else { return };
    if values.contains_key(name) {
        return;
    }
    values.insert(name.to_owned(), value);
    let sources = table.entry("sources").or_insert_with(|| Value::Table(Table::new()));
    if let Some(sources) = sources.as_table_mut() {
        sources.entry(format!("{of}.{name}")).or_insert_with(|| source.into());
    }
}
