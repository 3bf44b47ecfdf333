//! Lists of tables: what is said of all, and over it what is said of each.

use super::{LISTS, Layer, LayerError, MOST_IN_LIST, Own, resolve_one};

/// Lays overrides with keys such as `nic[1].latency` over presets and defaults, one of a list after the other.
pub(super) fn resolve(overrides: &Layer, own_presets: &Own) -> Result<Layer, LayerError> {
    let mut values = resolve_one(&without_lists(overrides), own_presets)?;
    for list in LISTS {
        let Some(n) = length(overrides, list)? else { continue };
        let dot = format!("{list}.");
        values.retain(|key, _| !key.starts_with(&dot));
        for i in 0..n {
            let own = format!("{list}[{i}].");
            // What is said of all, and over it what is said of this one.
            let mut one = without_lists(overrides);
            if list == "traffic" && ["mix", "packet"].iter().any(|size| overrides.contains_key(&format!("{own}{size}")))
            {
                one.retain(|key, _| !["traffic.mix", "traffic.packet"].contains(&key.as_str()));
            }
            let own_keys = overrides.iter().filter_map(|(key, entry)| Some((key.strip_prefix(&own)?, entry)));
            one.extend(own_keys.map(|(key, entry)| (format!("{dot}{key}"), entry.clone())));
            let named = |error| in_list(error, &dot, &own);
            let resolved = resolve_one(&one, own_presets).map_err(named)?;
            let kept =
                resolved.into_iter().filter_map(|(key, entry)| Some((key.strip_prefix(&dot)?.to_owned(), entry)));
            values.extend(kept.map(|(key, entry)| (format!("{own}{key}"), entry)));
        }
    }
    Ok(values)
}

/// How many a list has, if it is one.
fn length(overrides: &Layer, list: &str) -> Result<Option<usize>, LayerError> {
    let mut most = None;
    for key in overrides.keys().filter(|key| key.starts_with(list) && key[list.len()..].starts_with('[')) {
        let number = key[list.len() + 1..].split_once(']').and_then(|(number, _)| number.parse::<usize>().ok());
        match number.filter(|&number| number < MOST_IN_LIST) {
            Some(number) => most = most.max(Some(number + 1)),
            None => {
                let message = format!("numbers of a list are {list}[0] to {list}[{}]", MOST_IN_LIST - 1);
                return Err(LayerError::Value { key: key.clone(), message });
            }
        }
    }
    Ok(most)
}

fn without_lists(overrides: &Layer) -> Layer {
    let of_a_list =
        |key: &str| LISTS.iter().any(|list| key.strip_prefix(list).is_some_and(|rest| rest.starts_with('[')));
    overrides.iter().filter(|(key, _)| !of_a_list(key)).map(|(key, entry)| (key.clone(), entry.clone())).collect()
}

/// An error of one in a list, by the key that it has there.
fn in_list(mut error: LayerError, from: &str, to: &str) -> LayerError {
    let (LayerError::Value { key, .. } | LayerError::Preset { key, .. }) = &mut error;
    if let Some(rest) = key.strip_prefix(from) {
        *key = format!("{to}{rest}");
    }
    error
}
