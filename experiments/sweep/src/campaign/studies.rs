//! What can be simulated at the points of a scenario file.

use espsim_model::control::simulate_failover;
use espsim_model::simulate;

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::points::study::{Kind, Study};
use crate::points::{Point, cost};
use crate::store::point_table::{OF_FAILOVER, OF_RUN};
use crate::store::points_csv::POINTS;
use crate::store::timeline_csv::TIMELINE;

/// The study of `run`.
pub static RUN: Study = Study {
    kind: Kind::Run,
    simulate: |scenario, profile, seed| simulate(scenario, profile, seed).map(Into::into),
    cost: cost::of_run,
    check: has_no_events,
    csv: &[POINTS, OF_RUN],
};

/// The study of `failover`.
pub static FAILOVER: Study = Study {
    kind: Kind::Failover,
    simulate: |scenario, profile, seed| simulate_failover(scenario, profile, seed).map(Into::into),
    cost: cost::of_failover,
    check: has_events,
    csv: &[POINTS, OF_FAILOVER, TIMELINE],
};

fn has_no_events(file: &ScenarioFile, point: &Point) -> Result<(), Failure> {
    match point.scenario.failover.event.is_empty() {
        true => Ok(()),
        false => Err(file
            .failure(
                "failover.event",
                "`failover.event`: something happens in this scenario, which `run` does not show",
            )
            .with_help(Some(format!("espsim failover {}", file.source.path.display())))),
    }
}

fn has_events(file: &ScenarioFile, point: &Point) -> Result<(), Failure> {
    if !point.scenario.failover.event.is_empty() {
        return Ok(());
    }
    let message = format!("`failover.event` is empty in series `{}`: at least one event", point.place.series);
    let help = "[[failover.event]]\nwhat = \"link-down\"\nat = \"100 ms\"";
    Err(file.failure("failover", message).with_help(Some(help.into())))
}

/// What a scenario file is for: `failover` where something happens in any series, else `run`.
pub fn study_of(file: &ScenarioFile) -> &'static Study {
    let mut layers = std::iter::once(&file.base).chain(file.series.iter().map(|series| &series.values));
    if layers.any(|layer| layer.contains_key("failover.event")) { &FAILOVER } else { &RUN }
}
