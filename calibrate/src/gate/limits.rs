//! From which values on conditions make a measurement one that is not to be trusted.

use super::Conditions;

/// Largest share of the CPUs that others may have. Daemons of a host at rest have some hundredths; from a tenth on they
/// share caches, clock and power with what is measured.
const OTHERS: f64 = 0.10;
/// Largest steal: what the hypervisor takes comes back with other contents of the caches.
const STEAL: f64 = 0.01;
/// Largest share of time in which something waited for a CPU. Short-lived kernel threads leave 1 to 2 %.
const PRESSURE: f64 = 0.05;
/// Largest share of time in which a quota held the process back.
const THROTTLED: f64 = 0.005;
/// Most involuntary switches in a second of CPU time. Kernel threads make some, 46 to 50 on two CPUs of a virtual machine
/// with nothing else to do; a single process that competes for the core makes hundreds (slices of 3 ms, Linux
/// `kernel/sched/fair.c`). With the caches that have to be filled again (50 us, an estimate) so many take half a percent.
const INVOLUNTARY: f64 = 100.0;
/// Largest load for each CPU where the share of others is known: what has run within the last minute may be gone.
const LOAD: f64 = 1.5;
/// Largest load for each CPU where it is all that is known.
const LOAD_ALONE: f64 = 0.5;
/// Largest change of the core's frequency while a value is taken: within it cycles and times agree to what results are
/// stated with.
const FREQUENCY: f64 = 0.03;

/// Largest trusted median spread (median absolute deviation over median). A quiet core stays below 1 %; at 5 % the
/// median of 40 batches is still known to about 1.5 %, beyond it the fits follow the noise.
const SPREAD: f64 = 0.05;
/// Largest trusted drift between the first and the second half of the batches. Goals for predictions are 10 %: a clock
/// or a neighbour that moves results by half of that while they are measured leaves no room for the model's own error.
const DRIFT: f64 = 0.05;
/// Largest trusted share of outliers. Medians bear far more, but timer ticks and interrupts alone leave a few per cent:
/// at 15 % something else runs on the core.
const OUTLIERS: f64 = 0.15;

/// Why values are not to be trusted, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What was beyond its limit, with its value.
    pub text: String,
    /// What helps.
    pub advice: &'static str,
}

const OTHER_PROGRAMS: &str = "stop other programs, or pin them to other cores";
const OWN_CORES: &str = "in a virtual machine, use one with cores of its own";
const CLOCK: &str = "fix the clock (governor `performance`, no turbo), let the host cool, measure again";

/// What is beyond its limit; empty where values can be trusted.
pub fn reasons(conditions: &Conditions) -> Vec<Reason> {
    let c = conditions;
    let mut found = Vec::new();
    let mut say = |text: String, advice| found.push(Reason { text, advice });
    if let Some(by) = &c.emulated {
        say(format!("the CPU is emulated by {by}: times are the emulator's"), "measure on the host itself");
    }
    let per_cpu = c.load.map(|load| load / f64::from(c.online.max(1)));
    if beyond(per_cpu, if c.others.is_some() { LOAD } else { LOAD_ALONE }) {
        let load = c.load.unwrap_or_default();
        say(format!("load {load:.1} on {}", cpus(c.online)), "stop other programs, wait until the load has fallen");
    }
    if beyond(c.others, OTHERS) {
        say(format!("other processes had {} of {}", limited(c.others, OTHERS), cpus(c.cpus)), OTHER_PROGRAMS);
    }
    if beyond(c.steal, STEAL) {
        say(format!("the hypervisor took {} of the CPU time away", limited(c.steal, STEAL)), OWN_CORES);
    }
    // Of a few CPUs out of many it tells what happens on the others.
    if c.cpus >= c.online && beyond(c.pressure, PRESSURE) {
        say(format!("something waited for a CPU {} of the time", limited(c.pressure, PRESSURE)), OTHER_PROGRAMS);
    }
    if beyond(c.throttled, THROTTLED) {
        let text =
            format!("the control group's CPU quota held it back {} of the time", limited(c.throttled, THROTTLED));
        say(text, "measure without a CPU quota (cpu.max)");
    }
    if beyond(c.involuntary, INVOLUNTARY) {
        let often = c.involuntary.unwrap_or_default();
        say(format!("{often:.0} involuntary context switches per CPU second (limit {INVOLUNTARY:.0})"), OTHER_PROGRAMS);
    }
    if beyond(c.frequency, FREQUENCY) {
        say(format!("the core's frequency changed by {} within a value", limited(c.frequency, FREQUENCY)), CLOCK);
    }
    if beyond(c.spread, SPREAD) {
        say(format!("batches spread by {}", limited(c.spread, SPREAD)), OTHER_PROGRAMS);
    }
    if beyond(c.drift.map(f64::abs), DRIFT) {
        let way = if c.drift.is_some_and(|drift| drift < 0.0) { "faster" } else { "slower" };
        let by = limited(c.drift.map(f64::abs), DRIFT);
        say(format!("the second half was {way} than the first by {by}"), CLOCK);
    }
    if beyond(c.outliers, OUTLIERS) {
        let share = limited(c.outliers, OUTLIERS);
        say(
            format!("outliers are {share} of the batches"),
            "move interrupts away from the core; give a virtual machine cores of its own",
        );
    }
    found
}

/// The reasons that make a value of all cores not worth keeping: everything but how single batches lie, which has a gate
/// of its own there.
pub fn refusing(conditions: &Conditions) -> Vec<Reason> {
    reasons(&Conditions { spread: None, drift: None, outliers: None, ..conditions.clone() })
}

/// Whether a value is known and above its limit. One that is no number is.
fn beyond(value: Option<f64>, limit: f64) -> bool {
    value.is_some_and(|value| value.is_nan() || value > limit)
}

fn limited(value: Option<f64>, limit: f64) -> String {
    format!("{:.1} % (limit {:.1} %)", 100.0 * value.unwrap_or(f64::NAN), 100.0 * limit)
}

fn cpus(count: u32) -> String {
    if count == 1 { "1 CPU".into() } else { format!("{count} CPUs") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a host at rest that tells everything.
    fn at_rest() -> Conditions {
        Conditions {
            cpus: 2,
            online: 2,
            emulated: None,
            load: Some(0.3),
            others: Some(0.02),
            steal: Some(0.001),
            pressure: Some(0.01),
            throttled: Some(0.0),
            involuntary: Some(4.0),
            frequency: Some(0.002),
            spread: Some(0.004),
            drift: Some(-0.01),
            outliers: Some(0.05),
        }
    }

    fn texts(conditions: &Conditions) -> Vec<String> {
        reasons(conditions).into_iter().map(|reason| reason.text).collect()
    }

    #[test]
    fn a_host_at_rest_is_trusted() {
        assert_eq!(texts(&at_rest()), Vec::<String>::new());
        let silent = Conditions { cpus: 2, online: 2, ..Conditions::default() };
        assert!(texts(&silent).is_empty(), "what a system does not tell is no disturbance");
        let just_built = Conditions { load: Some(2.5), ..at_rest() };
        assert!(texts(&just_built).is_empty(), "the load of the last minute is gone: others had 2 %");
    }

    #[test]
    fn each_condition_alone_is_named_with_its_value() {
        let rest = at_rest();
        for (disturbed, says) in [
            (Conditions { load: Some(12.0), ..rest.clone() }, "load 12.0 on 2 CPUs"),
            (Conditions { load: Some(1.2), others: None, ..rest.clone() }, "load 1.2 on 2 CPUs"),
            (Conditions { emulated: Some("qemu-aarch64".into()), ..rest.clone() }, "emulated by qemu-aarch64"),
            (Conditions { others: Some(0.3), ..rest.clone() }, "other processes had 30.0 % (limit 10.0 %) of 2 CPUs"),
            (Conditions { steal: Some(0.08), ..rest.clone() }, "hypervisor took 8.0 %"),
            (Conditions { pressure: Some(0.4), ..rest.clone() }, "waited for a CPU 40.0 %"),
            (Conditions { throttled: Some(0.2), ..rest.clone() }, "quota held it back 20.0 %"),
            (Conditions { involuntary: Some(250.0), ..rest.clone() }, "250 involuntary"),
            (Conditions { frequency: Some(0.07), ..rest.clone() }, "frequency changed by 7.0 %"),
            (Conditions { spread: Some(0.2), ..rest.clone() }, "batches spread by 20.0 %"),
            (Conditions { drift: Some(-0.2), ..rest.clone() }, "faster than the first by 20.0 %"),
            (Conditions { drift: Some(0.2), ..rest.clone() }, "slower than the first by 20.0 %"),
            (Conditions { outliers: Some(0.3), ..rest.clone() }, "outliers are 30.0 %"),
            (Conditions { spread: Some(f64::NAN), ..rest.clone() }, "batches spread"),
        ] {
            let said = texts(&disturbed);
            assert!(said.len() == 1 && said[0].contains(says), "{said:?} should say {says}");
        }
    }

    #[test]
    fn pressure_elsewhere_is_not_that_of_a_few_cpus() {
        let elsewhere = Conditions { cpus: 2, online: 64, pressure: Some(0.9), load: Some(20.0), ..at_rest() };
        assert!(texts(&elsewhere).is_empty());
    }

    #[test]
    fn single_batches_do_not_refuse_what_has_rounds() {
        assert!(refusing(&Conditions { spread: Some(1.0), outliers: Some(1.0), ..at_rest() }).is_empty());
        assert_eq!(refusing(&Conditions { load: Some(12.0), ..at_rest() }).len(), 1);
    }
}
