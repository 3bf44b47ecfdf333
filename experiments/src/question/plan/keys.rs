//! Keys of a scenario that a plan sets.

use toml::{Table, Value};

/// The key that says which stack a host has.
pub(super) const STACK: &str = "host.stack";
/// The key that says which kind of NIC there is.
pub(super) const NIC: &str = "nic.preset";
/// The key that says which kind of accelerator there is.
pub(super) const CARD: &str = "accelerator.preset";
/// Sets a dotted key of a table; what stands in the way is replaced.
pub(super) fn insert(table: &mut Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}
