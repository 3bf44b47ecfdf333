//! Every value of a TOML text, with its key path; list elements as `key[i]`.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value's key path, its key if it is no element of a list, and the value.
type Visit<'a> = dyn FnMut(&str, Option<&Spanned<Cow<'_, str>>>, &Spanned<DeValue<'_>>) + 'a;

/// Visits every value of a table and what is in it.
pub(super) fn walk(prefix: &str, table: &DeTable<'_>, visit: &mut Visit<'_>) {
    for (key, value) in table {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        walk_value(&path, Some(key), value, visit);
    }
}

fn walk_value(path: &str, key: Option<&Spanned<Cow<'_, str>>>, value: &Spanned<DeValue<'_>>, visit: &mut Visit<'_>) {
    visit(path, key, value);
    match value.get_ref() {
        DeValue::Table(table) => walk(path, table, visit),
        DeValue::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| walk_value(&format!("{path}[{i}]"), None, item, visit));
        }
        _ => {}
    }
}
