//! How far a profile is to be trusted, in sentences: what disturbed its calibration, what goes beyond it, and how much of it
//! is measured.

use espsim_model::preset::Evidence;
use espsim_model::profile::{Algorithm, Profile};

/// The verdict of a calibration that nothing disturbed.
const TRUSTED: &str = "trusted";

/// What disturbed the calibration of a profile, `from` its name; `None` where nothing did, or where it is a preset.
pub fn disturbed(from: &str, profile: &Profile) -> Option<String> {
    let record = profile.calibration.as_ref()?;
    let reasons = match &record.disturbed[..] {
        [] if record.verdict == TRUSTED => return None,
        [] => record.verdict.clone(),
        reasons => reasons.join("; "),
    };
    Some(format!(
        "{from}: its calibration was disturbed ({reasons}): costs, and all that follows from them, may be off; calibrate \
         again when the host is quiet"
    ))
}

/// That results are for more cores than a calibrated host's were measured together.
pub fn beyond(from: &str, profile: &Profile, cores: u32) -> Option<String> {
    profile.calibration.as_ref()?;
    let measured = profile.host.scaling.last().map_or(1, |row| row.cores);
    (cores > measured).then(|| {
        let together = match measured {
            1 => "one core was measured".to_owned(),
            n => format!("{n} cores were measured together"),
        };
        let range = profile.host.extrapolated(cores, Some(Algorithm::Aes128Gcm)).and_then(|speed| {
            Some(format!(", each to {:.2} ({:.2} to {:.2}) of its speed alone", speed.value, speed.low?, speed.high?))
        });
        format!(
            "{from}: {together}, results are for up to {cores}: how more of them slow each other is extrapolated{}",
            range.unwrap_or_default()
        )
    })
}

/// How many values of a profile are of which kind, the best known first.
pub fn counts(profile: &Profile) -> Vec<(Evidence, usize)> {
    let known: Vec<Evidence> = profile.values().iter().map(|key| profile.evidence(key)).collect();
    let kinds = [Evidence::Measured, Evidence::Derived, Evidence::Published, Evidence::Estimate];
    let count = |kind: Evidence| (kind, known.iter().filter(|of| **of == kind).count());
    kinds.map(count).into_iter().filter(|(_, n)| *n > 0).collect()
}

/// How much of a profile was measured on its host, and how well those values are known that decide an answer, if it is known
/// which do: `Measured: 8 of 163 values. Of the 6 that decide this answer 5 are estimates: ...`.
pub fn evidence(profile: &Profile, decisive: &[String]) -> String {
    let all = profile.values().len();
    let measured = counts(profile).iter().find(|(kind, _)| *kind == Evidence::Measured).map_or(0, |(_, n)| *n);
    let estimates: Vec<&str> =
        decisive.iter().filter(|key| profile.evidence(key) == Evidence::Estimate).map(String::as_str).collect();
    let deciding = match (decisive.len(), estimates.len()) {
        (0, _) => String::new(),
        (1, 0) => format!(" The one that decides this answer, {}, is none of the estimates.", decisive[0]),
        (1, _) => format!(" The one that decides this answer, {}, is an estimate.", decisive[0]),
        (n, 0) => format!(" Of the {n} that decide this answer none is an estimate."),
        (n, 1) => format!(" Of the {n} that decide this answer one is an estimate: {}.", estimates[0]),
        (n, m) => format!(" Of the {n} that decide this answer {m} are estimates: {}.", estimates.join(", ")),
    };
    format!("Measured: {measured} of the profile's {all} values.{deciding}")
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;
    use espsim_model::profile::{BEYOND, CalibrationRecord, Scaling};

    use super::*;

    fn record(verdict: &str, disturbed: &[&str]) -> CalibrationRecord {
        CalibrationRecord {
            program: String::new(),
            time: String::new(),
            kind: "quick".into(),
            verdict: verdict.into(),
            measured_on: None,
            disturbed: disturbed.iter().map(|&reason| reason.to_owned()).collect(),
            skipped: Vec::new(),
            conditions: std::collections::BTreeMap::new(),
            anchors: Vec::new(),
        }
    }

    #[test]
    fn what_disturbed_a_calibration_is_said_by_name() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        assert_eq!(disturbed("preset:zen4", &profile), None);
        profile.calibration = Some(record("trusted", &[]));
        assert_eq!(disturbed("a.toml", &profile), None);
        // As older profiles say it.
        profile.calibration = Some(record("noisy: it drifted", &[]));
        assert!(
            disturbed("a.toml", &profile)
                .unwrap()
                .starts_with("a.toml: its calibration was disturbed (noisy: it drifted)")
        );
        profile.calibration = Some(record("noisy", &["scaling: load 12", "ciphers: 4 % steal"]));
        assert!(disturbed("a.toml", &profile).unwrap().contains("(scaling: load 12; ciphers: 4 % steal)"));
    }

    #[test]
    fn cores_beyond_what_was_measured_are_said() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        assert_eq!(beyond("preset:zen4", &profile, 500), None, "a preset measured nothing");
        profile.calibration = Some(record("trusted", &[]));
        assert_eq!(beyond("a.toml", &profile, 1), None);
        assert!(beyond("a.toml", &profile, 2).unwrap().contains("one core was measured, results are for up to 2"));
        profile.host.scaling = vec![Scaling::exact(8, 0.9)];
        assert_eq!(beyond("a.toml", &profile, 8), None);
        assert!(beyond("a.toml", &profile, 16).unwrap().contains("8 cores were measured together"));
        profile.host.scaling_beyond = Some(BEYOND);
        let said = beyond("a.toml", &profile, 16).unwrap();
        assert!(said.ends_with("extrapolated, each to 0.87 (0.84 to 0.90) of its speed alone"), "{said}");
    }

    #[test]
    fn evidence_is_counted_by_key() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        let keys = |keys: &[&str]| keys.iter().map(|&key| key.to_owned()).collect::<Vec<_>>();
        assert!(evidence(&profile, &[]).starts_with("Measured: 0 of the profile's "));
        assert_eq!(counts(&profile).iter().map(|(_, n)| n).sum::<usize>(), profile.values().len());
        profile.sources.insert("stack.send".into(), "measured: on this host".into());
        profile.sources.insert("stack.segment".into(), "derived: twice the send".into());
        let said = evidence(&profile, &keys(&["stack.send", "stack.segment", "stack.doorbell", "stack.poll"]));
        assert!(said.starts_with("Measured: 1 of the profile's "), "{said}");
        assert!(
            said.ends_with("Of the 4 that decide this answer 2 are estimates: stack.doorbell, stack.poll."),
            "{said}"
        );
    }
}
