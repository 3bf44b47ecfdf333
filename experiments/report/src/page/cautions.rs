//! What a reader must know together with the answer.

use espsim_model::profile::{Estimate, Profile};
use espsim_model::uncertainty::is_scalar;
use espsim_sweep::file::profile::ProfileChoice;
use espsim_sweep::store::manifest::Manifest;

use super::words::plural;
use crate::profile::single_values;
use crate::trust;

/// The parameter that says how many cores there are.
const CORES: &str = "host.cores";

/// Cautions about a profile that so many draws were made from.
pub fn cautions(choice: &ProfileChoice, drawn: u32) -> Vec<String> {
    let noisy = trust::disturbed(&choice.from, &choice.profile);
    noisy.into_iter().chain((drawn > 0).then(|| varied(&choice.profile, drawn))).collect()
}

/// That points are of more cores than were measured together.
pub fn beyond(choice: &ProfileChoice, manifest: &Manifest) -> Option<String> {
    let own = manifest.points.iter().filter_map(|point| point.parameters.get(CORES));
    let swept =
        manifest.axes.iter().filter_map(|axis| axis.get(CORES)).flatten().filter_map(|cores| cores.parse().ok());
    let cores = manifest.parameters.get(CORES).into_iter().chain(own).filter_map(|cores| cores.shown().parse().ok());
    trust::beyond(&choice.from, &choice.profile, cores.chain(swept).max()?)
}

/// How many of the costs were drawn at all.
fn varied(profile: &Profile, drawn: u32) -> String {
    let is_drawn = |estimate: &Estimate| estimate.low.is_some() && estimate.high.is_some();
    let coefficients = profile.aead.iter().flat_map(|cost| cost.curve.coefficients().map(|(_, estimate)| estimate));
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
        "Of the profile's {}, {with} {} an interval that {drawn} draws were made from{others}.",
        plural(all, "cost"),
        if with == 1 { "has" } else { "have" }
    )
}

#[cfg(test)]
mod tests {
    use espsim_model::profile::CalibrationRecord;
    use espsim_sweep::file::profile::named;

    use super::*;

    #[test]
    fn what_was_disturbed_or_not_varied_is_said() {
        let mut choice = named("preset:zen4").unwrap();
        assert!(cautions(&choice, 0).is_empty());
        let record = |verdict: &str| CalibrationRecord {
            program: String::new(),
            time: String::new(),
            kind: "quick".into(),
            verdict: verdict.into(),
            measured_on: None,
            disturbed: Vec::new(),
            skipped: Vec::new(),
            conditions: std::collections::BTreeMap::new(),
            anchors: Vec::new(),
        };
        choice.profile.calibration = Some(record("trusted"));
        assert!(cautions(&choice, 0).is_empty());
        choice.profile.calibration = Some(record("noisy: it drifted"));
        let said = cautions(&choice, 40);
        assert!(said[0].contains("(noisy: it drifted)"), "{said:?}");
        assert!(said[1].contains("an interval that 40 draws were made from; the other "), "{said:?}");
    }

    #[test]
    fn points_of_more_cores_than_were_measured_are_said() {
        let mut choice = named("preset:zen4").unwrap();
        let text = r#"{"format": 3, "parameters": {"host.cores": {"value": "2", "origin": "scenario"}},
            "points": [{"parameters": {"host.cores": {"value": "16", "origin": "sweep"}}}, {}]}"#;
        let manifest = Manifest::parse(std::path::Path::new("manifest.json"), text).unwrap();
        assert_eq!(beyond(&choice, &manifest), None);
        choice.profile.calibration = Some(CalibrationRecord {
            program: String::new(),
            time: String::new(),
            kind: "full".into(),
            verdict: "trusted".into(),
            measured_on: None,
            disturbed: Vec::new(),
            skipped: Vec::new(),
            conditions: std::collections::BTreeMap::new(),
            anchors: Vec::new(),
        });
        assert!(beyond(&choice, &manifest).unwrap().contains("up to 16"));
    }
}
