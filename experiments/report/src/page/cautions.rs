//! What a reader must know together with the answer.

use espsim_model::profile::{Estimate, Profile};
use espsim_model::uncertainty::is_scalar;

use super::words::plural;
use crate::profile::single_values;

/// The verdict of a calibration that nothing disturbed.
const TRUSTED: &str = "trusted";

/// Cautions about a profile of which `drawn` others were drawn.
pub fn cautions(profile: &Profile, drawn: u32) -> Vec<String> {
    let verdict = profile.calibration.as_ref().map(|record| record.verdict.as_str());
    let noisy = verdict.filter(|verdict| *verdict != TRUSTED).map(|verdict| {
        format!(
            "The calibration of this host was disturbed ({verdict}): costs, and all that follows from them, may be off."
        )
    });
    noisy.into_iter().chain((drawn > 0).then(|| varied(profile, drawn))).collect()
}

/// How many of the costs were drawn at all.
fn varied(profile: &Profile, drawn: u32) -> String {
    let is_drawn = |estimate: &Estimate| estimate.low.is_some() && estimate.high.is_some();
    let coefficients =
        (profile.aead.iter()).flat_map(|cost| [&cost.fixed, &cost.per_byte, &cost.per_tail_block, &cost.partial_block]);
    let single = single_values(profile)
        .into_iter()
        .map(|(key, ..)| is_scalar(profile, &key) && profile.intervals.get(&key).is_some_and(is_drawn));
    let are_drawn: Vec<bool> = coefficients.map(is_drawn).chain(single).collect();
    let (with, all) = (are_drawn.iter().filter(|is| **is).count(), are_drawn.len());
    let others = match all - with {
        0 => String::new(),
        1 => "; the other was not varied".to_owned(),
        n => format!("; the other {n} were not varied, so that the true range is wider"),
    };
    format!(
        "Of the profile's {}, {with} {} an interval that {drawn} profiles were drawn from{others}.",
        plural(all, "cost"),
        if with == 1 { "has" } else { "have" }
    )
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;
    use espsim_model::profile::CalibrationRecord;

    use super::*;

    #[test]
    fn what_was_disturbed_or_not_varied_is_said() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        assert!(cautions(&profile, 0).is_empty());
        let record = |verdict: &str| CalibrationRecord {
            program: String::new(),
            time: String::new(),
            kind: "quick".into(),
            verdict: verdict.into(),
            measured_on: None,
            disturbed: Vec::new(),
            skipped: Vec::new(),
            conditions: std::collections::BTreeMap::new(),
        };
        profile.calibration = Some(record("trusted"));
        assert!(cautions(&profile, 0).is_empty());
        profile.calibration = Some(record("noisy: it drifted"));
        let said = cautions(&profile, 40);
        assert!(said[0].contains("(noisy: it drifted)"), "{said:?}");
        assert!(said[1].contains("an interval that 40 profiles were drawn from; the other "), "{said:?}");
    }
}
