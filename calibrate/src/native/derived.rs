//! What only a guest can tell, in cycles of the host's own kernel: the guest's cycles times what this kernel takes longer
//! than the guest's for the same operations.

use espsim_model::profile::{Delay, Estimate, Profile, SaCost};
use espsim_model::units::Cycles;

use super::derive::{Rows, terms};
use super::measurement::Measurement;
use super::rounds::What;
use super::send::BATCH;
use crate::sa_path::stack::Fitted;
use crate::sa_path::what;
use crate::term::Term;

/// What a guest is asked for, in the order of a profile.
const OF_GUESTS: [&str; 3] = ["stack.xfrm", "stack.xfrm_offload", "stack.xfrm_offload_segment"];
/// What both kernels were measured at alike.
const ALIKE: [&str; 3] = ["stack.send", "stack.segment", "stack.forward"];

/// This kernel's cycles or times over a guest's, of several operations.
#[derive(Debug, Clone, PartialEq)]
struct Ratio {
    value: f64,
    low: f64,
    high: f64,
    of: String,
}

impl Ratio {
    /// The geometric mean of ratios with what each is of, and the range that they span; nothing of none.
    fn of(ratios: &[(&str, f64)]) -> Option<Self> {
        let logarithms: f64 = ratios.iter().map(|(_, ratio)| ratio.ln()).sum();
        let ends =
            ratios.iter().fold((f64::INFINITY, 0.0), |(low, high), (_, ratio)| (ratio.min(low), ratio.max(high)));
        let names: Vec<String> = ratios.iter().map(|(name, ratio)| format!("{name} {ratio:.2}")).collect();
        let value = (logarithms / ratios.len() as f64).exp();
        value.is_finite().then(|| Ratio { value, low: ends.0, high: ends.1, of: names.join(", ") })
    }

    /// In words, as a source has them.
    fn in_words(&self) -> String {
        format!("times {:.2}, this kernel over the guest's ({}); low and high span that range", self.value, self.of)
    }
}

/// Puts what a guest measured into a profile that has this kernel's own costs: what was measured here stays. Says what was
/// not taken, and why. `guest` names the guest's kernel.
pub fn derive(measurement: &Measurement, fitted: &Fitted, guest: &str, profile: &mut Profile) -> Vec<String> {
    let here = terms(&measurement.rows);
    let there = |key: &str| fitted.stack.iter().find(|row| row.0 == key);
    let alike = |key: &&'static str| {
        let own = here.iter().find(|term| term.key == *key && term.fault().is_none())?;
        let &(_, cycles, method) = there(key)?;
        let is_known = Term { key, cycles, method }.fault().is_none();
        is_known.then_some((*key, own.cycles.value / cycles.value))
    };
    let ratios: Vec<_> = ALIKE.iter().filter_map(alike).chain(datagrams(measurement, there("stack.send"))).collect();
    let Some(ratio) = Ratio::of(&ratios).filter(|_| ratios.len() > 1) else {
        return vec![format!(
            "costs of ESP in the guest: too little of this kernel and of {guest} is known to compare them"
        )];
    };
    let mut lacking = Vec::new();
    for key in OF_GUESTS {
        if here.iter().any(|term| term.key == key && term.fault().is_none()) {
            continue;
        }
        let Some(&(key, cycles, method)) = there(key) else { continue };
        match (Term { key, cycles, method }).fault() {
            Some(why) => lacking.push(format!("{key} in the guest: {why}")),
            None => put(profile, key, &cycles, &ratio, &format!("{guest}: {method}")),
        }
    }
    lacking.extend(control(measurement, fitted, guest, profile));
    lacking
}

/// A datagram among many of a call, without its share of the call, here over there: there the host's system call was added
/// to it.
fn datagrams(
    measurement: &Measurement,
    there: Option<&(&'static str, Estimate, &'static str)>,
) -> Option<(&'static str, f64)> {
    let rows = Rows(&measurement.rows);
    let call = rows.over_passes(|pass| rows.single(What::SystemCall, pass)).value;
    let many = BATCH as u32;
    let here = rows.over_passes(|pass| rows.by_octets(What::Datagram, many, pass).0).value - call / f64::from(many);
    let ratio = here / (there?.1.value - call);
    (ratio.is_finite() && ratio > 0.0).then_some(("datagram", ratio))
}

fn put(profile: &mut Profile, key: &str, there: &Estimate, ratio: &Ratio, method: &str) {
    let scaled = |end: Option<f64>, by: f64| end.map(|end| end * by);
    let cycles = Estimate {
        value: there.value * ratio.value,
        low: scaled(there.low, ratio.low),
        high: scaled(there.high, ratio.high),
        n: there.n,
    };
    if let Some(cost) = profile.stack_cost_mut(key) {
        cost.0 = cycles.value;
    }
    if key == "stack.xfrm" {
        // What was measured of ESP in software has the request to the cipher in it.
        profile.stack.crypto_request = Cycles(0.0);
        profile.intervals.remove("stack.crypto_request");
        profile.sources.insert("stack.crypto_request".to_owned(), "derived: part of stack.xfrm".to_owned());
    }
    profile.intervals.insert(key.to_owned(), cycles);
    let formula = format!("derived: {:.0} cycles in {method}; {}", there.value, ratio.in_words());
    profile.sources.insert(key.to_owned(), formula);
}

/// The control path by the ratio of its own requests; why not, if it cannot be.
fn control(measurement: &Measurement, fitted: &Fitted, guest: &str, profile: &mut Profile) -> Option<String> {
    let there = fitted.sa.as_ref()?;
    let own = |name: &str| measurement.control.iter().find(|row| row.what == name).map(|row| &row.delay);
    let pairs = [
        (what::POLICY, &there.policy),
        (what::NOTIFICATION, &there.notification),
        (what::ADD, &there.add),
        (what::GET, &there.get),
    ];
    let alike = |(name, there): (&'static str, &Delay)| {
        Some((name, own(name)?.median().as_seconds() / there.median().as_seconds())).filter(|(_, ratio)| *ratio > 0.0)
    };
    let Some(ratio) = Ratio::of(&pairs.into_iter().filter_map(alike).collect::<Vec<_>>()) else {
        return Some(format!("[sa] in the guest: no request of this kernel is known to compare {guest} with"));
    };
    let scale = |delay: &Delay| Delay {
        n: delay.n,
        mean: delay.mean.scale(ratio.value),
        median_interval: (delay.median_interval.0.scale(ratio.low), delay.median_interval.1.scale(ratio.high)),
        quantiles: delay.quantiles.iter().map(|&(share, time)| (share, time.scale(ratio.value))).collect(),
    };
    let measured = |name: &str, there: &Delay| own(name).cloned().unwrap_or_else(|| scale(there));
    profile.sa = Some(SaCost {
        // netdevsim's number of SAs is its own, no NIC's.
        table: None,
        add: measured(what::ADD, &there.add),
        add_offload: scale(&there.add_offload),
        refuse: scale(&there.refuse),
        delete: scale(&there.delete),
        policy: measured(what::POLICY, &there.policy),
        get: measured(what::GET, &there.get),
        rekey: scale(&there.rekey),
        migrate: there.migrate.as_ref().map(scale),
        notification: measured(what::NOTIFICATION, &there.notification),
    });
    let formula = format!(
        "derived: requests by netlink in {guest}, from send to acknowledgement, {}; a real NIC's firmware adds to what is \
         offloaded",
        ratio.in_words()
    );
    profile.sources.retain(|key, source| !key.starts_with("sa.") || source.starts_with("measured: "));
    profile.sources.insert("sa".to_owned(), formula);
    None
}

#[cfg(test)]
mod tests {
    use espsim_model::preset::Evidence;
    use espsim_model::profile::Conditions;
    use espsim_model::units::Time;

    use super::*;
    use crate::native::{Row, What};
    use crate::sa_path::ControlRow;

    fn estimate(value: f64, half: f64) -> Estimate {
        Estimate { value, low: Some(value - half), high: Some(value + half), n: Some(5) }
    }

    #[test]
    fn a_guest_s_cycles_become_this_kernel_s() {
        let row = |what, octets, cycles: f64| Row { what, packets: 1, octets, passes: vec![cycles; 9] };
        let calls = |octets: u32| row(What::Call, octets, 6000.0);
        // Four times as much as there, where a send has this kernel's system call in it: 2000 less 640.
        let datagram = |octets: u32| Row { packets: BATCH as u32, ..row(What::Datagram, octets, 5450.0) };
        let us = |us: u64| Delay::constant(Time::from_us(us));
        let measurement = Measurement {
            kernel: "6.18".into(),
            hertz: 3_700_000_000,
            device: "ifb".into(),
            rows: vec![calls(64), calls(1400), row(What::SystemCall, 0, 640.0), datagram(64), datagram(1400)],
            control: vec![ControlRow { what: what::POLICY.into(), delay: us(9) }],
            lines: Vec::new(),
            conditions: Conditions::default(),
            skipped: Vec::new(),
        };
        let base = espsim_model::preset::profile("zen4").unwrap().unwrap();
        let sa = SaCost { add: us(10), policy: us(3), ..base.sa.clone().unwrap() };
        let fitted = Fitted {
            stack: vec![
                ("stack.send", estimate(2000.0, 20.0), ""),
                ("stack.xfrm", estimate(400.0, 900.0), "a difference"),
                ("stack.xfrm_offload", estimate(500.0, 50.0), "ESP offloaded less plain"),
            ],
            sa: Some(sa),
            checks: Vec::new(),
        };
        let mut profile = base.clone();
        let lacking = derive(&measurement, &fitted, "a guest of Linux 6.12", &mut profile);
        let value = 500.0 * 12f64.sqrt();
        assert!((profile.stack.xfrm_offload.0 - value).abs() < 1e-9, "between three and four times as much");
        let interval = profile.intervals["stack.xfrm_offload"];
        assert!(
            (interval.low.unwrap() - 3.0 * 450.0).abs() < 1e-9 && (interval.high.unwrap() - 4.0 * 550.0).abs() < 1e-9
        );
        let source = &profile.sources["stack.xfrm_offload"];
        let formula = "derived: 500 cycles in a guest of Linux 6.12: ESP offloaded less plain; times 3.46, this kernel over the \
                       guest's (stack.send 3.00, datagram 4.00)";
        assert!(source.starts_with(formula), "{source}");
        assert_eq!(profile.evidence("stack.xfrm_offload"), Evidence::Derived);
        assert_eq!(profile.stack.xfrm, base.stack.xfrm);
        assert!(
            lacking.iter().any(|why| why.contains("stack.xfrm in the guest") && why.contains("covers zero")),
            "{lacking:?}"
        );
        let sa = profile.sa.as_ref().unwrap();
        assert_eq!((sa.policy.median(), sa.add.median()), (Time::from_us(9), Time::from_us(30)));
        assert_eq!(profile.evidence("sa.add"), Evidence::Derived);
        Profile::from_toml(&profile.to_toml().unwrap()).expect("the model takes it");
    }

    #[test]
    fn a_ratio_spans_what_it_was_measured_at() {
        let ratio = Ratio::of(&[("send", 2.0), ("segment", 8.0)]).unwrap();
        assert!((ratio.value - 4.0).abs() < 1e-12);
        assert_eq!((ratio.low, ratio.high, ratio.of.as_str()), (2.0, 8.0, "send 2.00, segment 8.00"));
        assert_eq!(Ratio::of(&[]), None);
    }
}
