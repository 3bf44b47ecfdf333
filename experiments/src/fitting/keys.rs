//! Values of a profile that can be fitted, by their keys.

use espsim_model::profile::Profile;
use espsim_sweep::failure::{Failure, nearest};

/// The keys of a parameter, each of which the profile has: `stack.*` is all of a table.
///
/// # Errors
/// [`Failure`] for a key that the profile lacks, with the nearest that it has.
pub fn keys(profile: &Profile, parameter: &str, patterns: &[String]) -> Result<Vec<String>, Failure> {
    let stacks = profile.stack_costs().into_iter().map(|(key, _)| key);
    let known: Vec<String> = ["memory.copy", "memory.checksum"].map(str::to_owned).into_iter().chain(stacks).collect();
    let mut keys = Vec::new();
    for pattern in patterns {
        let before = keys.len();
        keys.extend(known.iter().filter(|key| match pattern.strip_suffix('*') {
            Some(prefix) => key.starts_with(prefix),
            None => *key == pattern,
        }));
        if keys.len() == before {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("parameter `{parameter}`: the profile has no `{pattern}`");
            return Err(Failure::new(message).with_help(nearest(pattern, &names)));
        }
    }
    Ok(keys.into_iter().cloned().collect())
}

/// A value of a profile by its key.
pub fn value_mut<'a>(profile: &'a mut Profile, key: &str) -> Option<&'a mut f64> {
    match key {
        "memory.copy" => Some(&mut profile.memory.copy.0),
        "memory.checksum" => Some(&mut profile.memory.checksum.0),
        _ => profile.stack_cost_mut(key).map(|cycles| &mut cycles.0),
    }
}

/// Multiplies the values of these keys.
pub fn scale(profile: &mut Profile, keys: &[String], factor: f64) {
    for key in keys {
        if let Some(value) = value_mut(profile, key) {
            *value *= factor;
        }
    }
}
