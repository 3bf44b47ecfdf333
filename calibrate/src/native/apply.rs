//! Measured parameters in a profile.

use espsim_model::profile::Profile;
use espsim_model::units::{Cycles, CyclesPerByte};

use super::derive::terms;
use super::lines::LineTransfer;
use super::measurement::Measurement;
use crate::sa_path::what;
use crate::term::Term;

/// What became of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The parameter with its value.
    pub term: Term,
    /// Why it is not in the profile; nothing if it is.
    pub fault: Option<String>,
}

/// Puts what was measured into a profile, each value with interval and method. What is no measurement of a cost stays as it
/// was, and says so.
pub fn apply(measurement: &Measurement, profile: &mut Profile) -> Vec<Outcome> {
    let line = |line: &LineTransfer| {
        let method = "two threads that write one cache line in turn, one way";
        (Term { key: line.apart.key(), cycles: line.cycles, method }, line.doubt.clone())
    };
    let lines = measurement.lines.iter().map(line);
    let how = format!("measured: Linux {} of this host, {}", measurement.kernel, measurement.device);
    let one = |(term, doubt): (Term, Option<String>)| {
        let fault = term.fault().or(doubt);
        match &fault {
            None => put(profile, &term, &how),
            Some(why) => {
                let source = profile.sources.entry(term.key.to_owned()).or_default();
                *source = format!("{source}; measured natively and not taken: {why}");
            }
        }
        Outcome { term, fault }
    };
    let outcomes: Vec<Outcome> =
        terms(&measurement.rows).into_iter().map(|term| (term, None)).chain(lines).map(one).collect();
    if outcomes.iter().any(|outcome| outcome.term.key == "stack.xfrm" && outcome.fault.is_none()) {
        profile.stack.crypto_request = Cycles(0.0);
        profile.intervals.remove("stack.crypto_request");
        profile.sources.insert("stack.crypto_request".to_owned(), format!("{how}: part of stack.xfrm"));
    }
    control(measurement, profile, &how);
    outcomes
}

/// Puts the control path into a profile, as far as it was measured.
fn control(measurement: &Measurement, profile: &mut Profile, how: &str) {
    let Some(sa) = &mut profile.sa else { return };
    for row in &measurement.control {
        let (key, place) = match row.what.as_str() {
            what::ADD => ("sa.add", &mut sa.add),
            what::GET => ("sa.get", &mut sa.get),
            what::POLICY => ("sa.policy", &mut sa.policy),
            what::NOTIFICATION => ("sa.notification", &mut sa.notification),
            _ => continue,
        };
        *place = row.delay.clone();
        let method = "requests by netlink, from send to acknowledgement or notice";
        profile.sources.insert(key.to_owned(), format!("{how}: {method}"));
    }
}

fn put(profile: &mut Profile, term: &Term, how: &str) {
    match profile.stack_cost_mut(term.key) {
        Some(cost) => cost.0 = term.cycles.value,
        None => profile.memory.copy = CyclesPerByte(term.cycles.value),
    }
    profile.intervals.insert(term.key.to_owned(), term.cycles);
    profile.sources.insert(term.key.to_owned(), format!("{how}: {}", term.method));
}

#[cfg(test)]
mod tests {
    use espsim_model::preset::Evidence;
    use espsim_model::profile::{Conditions, Delay, Estimate};
    use espsim_model::units::Time;

    use super::*;
    use crate::native::{Apart, Row, What};
    use crate::sa_path::ControlRow;

    #[test]
    fn what_is_measured_replaces_what_was_there_and_what_is_not_says_why() {
        let calls = |octets: u32, cycles: f64| Row { what: What::Call, packets: 1, octets, passes: vec![cycles; 9] };
        let line = |value: f64, high: f64| LineTransfer {
            apart: Apart::Cache,
            cycles: Estimate { value, low: Some(100.0), high: Some(high), n: Some(9) },
            pairs: vec![(1, 0)],
            doubt: None,
        };
        let measurement = Measurement {
            kernel: "6.18".into(),
            hertz: 3_700_000_000,
            device: "ifb".into(),
            rows: vec![calls(64, 6000.0), calls(1400, 6200.0)],
            // Of a virtual machine whose cores came to lie on one and on two.
            lines: vec![line(300.0, 620.0)],
            control: vec![ControlRow { what: what::POLICY.into(), delay: Delay::constant(Time::from_us(9)) }],
            conditions: Conditions::default(),
            skipped: Vec::new(),
        };
        let base = espsim_model::preset::profile("zen4").unwrap().unwrap();
        let mut profile = base.clone();
        let outcomes = apply(&measurement, &mut profile);
        assert!((profile.stack.send.0 - 5990.4).abs() < 0.1, "{}", profile.stack.send.0);
        assert!(profile.sources["stack.send"].starts_with("measured: Linux 6.18 of this host, ifb: send calls"));
        assert_eq!(profile.evidence("stack.send"), Evidence::Measured);
        assert_eq!(profile.stack.line_transfer, base.stack.line_transfer);
        assert!(profile.sources["stack.line_transfer"].contains("wider than the value"));
        assert_eq!(profile.memory.copy, base.memory.copy, "nothing was measured of it");
        assert_eq!(outcomes.iter().filter(|outcome| outcome.fault.is_none()).count(), 1);
        let (sa, before) = (profile.sa.as_ref().unwrap(), base.sa.as_ref().unwrap());
        assert_eq!(sa.policy.median(), Time::from_us(9));
        assert_eq!(profile.evidence("sa.policy"), Evidence::Measured);
        assert_eq!(
            (&sa.add, profile.evidence("sa.add")),
            (&before.add, Evidence::Estimate),
            "nothing was measured of it"
        );
        Profile::from_toml(&profile.to_toml().unwrap()).expect("the model takes it");
    }
}
