//! What two folders of results were made of, as far as it differs.

use std::collections::BTreeMap;

use espsim_sweep::store::manifest::{Manifest, Parameter};

/// Parameters that are named.
const MOST: usize = 8;

/// What differs, in a line each.
pub fn differences(a: &Manifest, b: &Manifest) -> Vec<String> {
    let model = |of: &Manifest| of.program.as_ref().map(|program| format!("{} ({})", program.version, program.model));
    let hash = |of: &Manifest| of.profile.as_ref().and_then(|profile| profile.sha256.clone());
    let name = |of: &Manifest| of.profile.as_ref().map(|profile| profile.from.clone());
    let seed = |of: &Manifest| of.seed.map(|seed| seed.to_string());
    let other_values = hash(a) != hash(b) && name(a) == name(b);
    let lines = [
        differ("command", Some(a.kind.name().into()), Some(b.kind.name().into())),
        differ("program and model", model(a), model(b)),
        differ("profile", name(a), name(b)),
        other_values.then(|| format!("profile: {}, with other values", name(a).unwrap_or_default())),
        differ("seed", seed(a), seed(b)),
    ];
    lines.into_iter().flatten().chain(parameters(&a.parameters, &b.parameters)).collect()
}

fn differ(what: &str, a: Option<String>, b: Option<String>) -> Option<String> {
    let shown = |of: Option<String>| of.unwrap_or_else(|| "none".into());
    (a != b).then(|| format!("{what}: {} and {}", shown(a), shown(b)))
}

/// Parameters that all points of either have, and that are not the same.
fn parameters(a: &BTreeMap<String, Parameter>, b: &BTreeMap<String, Parameter>) -> Vec<String> {
    let both = a.iter().filter_map(|(key, value)| Some((key, value, b.get(key)?)));
    let differing = both.filter(|(_, a, b)| a.value != b.value);
    let mut lines: Vec<String> =
        differing.map(|(key, a, b)| format!("{key}: {} and {}", a.shown(), b.shown())).collect();
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("{more} more parameters"));
    }
    lines
}
