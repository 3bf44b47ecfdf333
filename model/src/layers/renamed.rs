//! Keys and values of older files, as they are spelt now.

use super::{Layer, LayerError};

/// Other spellings of a key, or of the keys below one.
const ALIASES: [(&str, &str); 4] = [
    ("host.nics", "nic.count"),
    ("lookaside.devices", "accelerator.count"),
    ("pcie.nic", "nic.pcie"),
    ("pcie.accelerator", "accelerator.pcie"),
];

/// Keys that are no more, and what to write instead.
const REPLACED: [(&str, &str); 2] = [
    ("standby", "a NIC of its own: [[nic]] for the first one, and [[nic]] with standby = true for the second"),
    ("pcie.standby", "the second NIC's own table: [nic.pcie] below [[nic]] with standby = true"),
];

/// Values that are those of another key by now, and what to write instead.
const REPLACED_VALUES: [(&str, &[&str], &str); 1] =
    [("failover.daemon", &["own-core", "shared"], "failover.daemon_cpu; failover.daemon says which daemon it is")];

/// A key as it is spelt now, if this is an older spelling.
pub(super) fn spelt_now(key: &str) -> Option<String> {
    let below = |name: &str| key.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    ALIASES.iter().find_map(|(old, new)| Some(format!("{new}{}", below(old)?)))
}

/// The overrides with each key as it is spelt now.
pub(super) fn renamed(overrides: &Layer) -> Result<Layer, LayerError> {
    let mut layer = Layer::new();
    for (key, entry) in overrides {
        let below = |name: &str| key.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some((_, instead)) = REPLACED.iter().find(|(name, _)| below(name).is_some()) {
            return Err(LayerError::Value { key: key.clone(), message: format!("is now {instead}") });
        }
        let is_old = |(name, old): (&str, &[&str])| name == key && entry.0.as_str().is_some_and(|v| old.contains(&v));
        if let Some((_, _, instead)) = REPLACED_VALUES.iter().find(|(name, old, _)| is_old((name, old))) {
            return Err(LayerError::Value { key: key.clone(), message: format!("{} is now {instead}", entry.0) });
        }
        let new = spelt_now(key);
        if let Some(new) = new.as_ref().filter(|new| overrides.contains_key(*new)) {
            return Err(LayerError::Value { key: key.clone(), message: format!("is `{new}`, which is given too") });
        }
        layer.insert(new.unwrap_or_else(|| key.clone()), entry.clone());
    }
    Ok(layer)
}
