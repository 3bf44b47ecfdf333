//! The running kernel's network stack in a calibration: measured, put into the profile, shown with its anchors.

use std::fmt::Write;

use espsim_calibrate::Calibration;
use espsim_calibrate::native::anchor::{GOAL, anchored};
use espsim_calibrate::native::{Measurement, Outcome, apply, inside, measure_in_child};
use espsim_calibrate::sa_path::SaPathError;
use espsim_model::profile::{Anchored, CalibrationRecord};
use espsim_report::profile::estimate;
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;

/// Measures in this process, as the calibration has started it.
///
/// # Errors
/// [`Failure`] if nobody listens.
pub fn native_inside() -> Result<(), Failure> {
    inside().map_err(|error| Failure::new(format!("cannot tell what was measured: {error}")))
}

/// What became of the network stack.
pub enum Stack {
    /// It was measured: parameters, anchors, and what was lacking.
    Measured {
        /// Parameters, those too that were not taken.
        outcomes: Vec<Outcome>,
        /// Real traffic beside the model.
        anchors: Vec<Anchored>,
        /// What was not measured, and why.
        skipped: Vec<String>,
    },
    /// It was not, for this reason.
    Unavailable(String),
}

/// Measures the network stack and puts it into the profile; a host where that cannot be keeps the preset's.
///
/// # Errors
/// [`Failure`] if the model does not take what was measured.
pub fn measure(calibration: &mut Calibration, tell: &mut dyn FnMut(&str)) -> Result<Stack, Failure> {
    tell("the network stack of this kernel");
    let program =
        std::env::current_exe().map_err(|error| Failure::new(format!("cannot find this program: {error}")))?;
    match measure_in_child(&program, tell) {
        Ok(measurement) => taken(&measurement, calibration, tell),
        Err(error) => Ok(Stack::Unavailable(in_words(&error))),
    }
}

fn taken(
    measurement: &Measurement,
    calibration: &mut Calibration,
    tell: &mut dyn FnMut(&str),
) -> Result<Stack, Failure> {
    calibration.report.conditions.insert("stack".to_owned(), measurement.conditions.clone());
    let outcomes = apply(measurement, &mut calibration.profile);
    tell("one core end to end, simulated");
    let anchors = anchored(&calibration.profile, &measurement.rows).map_err(|error| Failure::new(error.to_string()))?;
    Ok(Stack::Measured { outcomes, anchors, skipped: measurement.skipped.clone() })
}

fn in_words(error: &SaPathError) -> String {
    let remedy = error.remedy().filter(|remedy| !remedy.is_empty());
    remedy.map_or_else(|| error.to_string(), |remedy| format!("{error}; {remedy}"))
}

impl Stack {
    /// Notes in a profile's record what was not measured, and the anchors.
    pub fn note(&self, record: &mut CalibrationRecord) {
        match self {
            Stack::Unavailable(why) => record.skipped.push(format!("network stack (stack.*): {why}")),
            Stack::Measured { outcomes, anchors, skipped } => {
                record.skipped.extend(skipped.iter().cloned());
                let faults = outcomes.iter().filter_map(|one| Some((one.term.key, one.fault.as_ref()?)));
                record.skipped.extend(faults.map(|(key, why)| format!("{key}: {why}")));
                record.anchors.clone_from(anchors);
            }
        }
    }

    /// What was measured and how the model stands to it, as tables.
    pub fn table(&self) -> String {
        let (outcomes, anchors) = match self {
            Stack::Unavailable(why) => return format!("\nthe network stack was not measured: {why}\n"),
            Stack::Measured { outcomes, anchors, .. } => (outcomes, anchors),
        };
        let mut parameters = table(["Network stack of this kernel", "Cycles", "Method"], &[1]);
        for Outcome { term, fault } in outcomes {
            let digits = if term.cycles.value < 10.0 { 3 } else { 0 };
            let method = match fault {
                None => term.method.to_owned(),
                Some(why) => format!("not taken: {why}"),
            };
            parameters.add_row([term.key.to_owned(), estimate(&term.cycles, digits), method]);
        }
        let mut text = format!("\n{parameters}\n");
        text.push_str(&anchor_table(anchors));
        text
    }
}

/// Real traffic of one core beside the model, and what is beyond the goal.
fn anchor_table(anchors: &[Anchored]) -> String {
    let mut text = format!("\n{}\n", espsim_report::profile::anchors(anchors));
    let missed = anchors.iter().filter(|one| one.error().abs() > GOAL).count();
    if missed > 0 {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{missed} of {} are beyond {:.0} %: the model does not describe this kernel well with these values",
            anchors.len(),
            100.0 * GOAL
        );
    }
    text
}
