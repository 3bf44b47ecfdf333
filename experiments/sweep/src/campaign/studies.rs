//! What can be simulated at the points of a scenario file.

use espsim_model::control::simulate_failover_unless;
use espsim_model::scenario::{Event, Scenario};
use espsim_model::simulate_unless;
use espsim_model::traffic::{SendCall, Traffic};

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::points::study::{ResultKind, Study};
use crate::points::{Point, cost, doubt};
use crate::store::point_table::{OF_FAILOVER, OF_RUN};
use crate::store::points_csv::POINTS;
use crate::store::timeline_csv::TIMELINE;

/// The most packets of a run: an hour.
const MOST_PACKETS: f64 = 1e10;
/// The most messages of a run.
const MOST_MESSAGES: f64 = 1e9;
/// Messages that move an SA, at the most: its inbound one's, read, deleted, refused, negotiated anew.
const MESSAGES_PER_SA: f64 = 5.0;

/// The study of `run`.
pub static RUN: Study = Study {
    kind: ResultKind::Run,
    simulate: |scenario, profile, seed, stop| Ok(simulate_unless(scenario, profile, seed, stop)?.map(Into::into)),
    drawn: doubt::of_run,
    cost: cost::of_run,
    check: has_no_events,
    csv: &[POINTS, OF_RUN],
};

/// The study of `failover`.
pub static FAILOVER: Study = Study {
    kind: ResultKind::Failover,
    simulate: |scenario, profile, seed, stop| {
        Ok(simulate_failover_unless(scenario, profile, seed, stop)?.map(Into::into))
    },
    drawn: doubt::of_failover,
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
        return is_affordable(file, point);
    }
    let message = format!("`failover.event` is empty in series `{}`: at least one event", point.place.series);
    let help = "[[failover.event]]\nwhat = \"link-down\"\nat = \"100 ms\"";
    Err(file.failure("failover", message).with_help(Some(help.into())))
}

/// Refuses what would take hours: a failover has no limit of packets, it goes on for its span.
fn is_affordable(file: &ScenarioFile, point: &Point) -> Result<(), Failure> {
    let (packets, messages) = (packets(&point.scenario), messages(&point.scenario));
    for (number, what, most) in
        [(packets, "packets", MOST_PACKETS), (messages, "messages to the kernel", MOST_MESSAGES)]
    {
        if number > most {
            let message =
                format!("`failover.span`: this takes about {number:.1e} {what}, in each run: at most {most:.0e}");
            let help = "a shorter failover.span, a lower traffic.rate, fewer SAs or fewer events".to_owned();
            return Err(file.failure("failover.span", message).with_help(Some(help)));
        }
    }
    Ok(())
}

/// Packets that come within the span.
fn packets(scenario: &Scenario) -> f64 {
    let per_second = |class: &Traffic| {
        let sends = class.sends(scenario.encapsulation(class).as_ref(), None);
        let weight: f64 = sends.iter().map(|send| f64::from(send.weight)).sum();
        let octets = |send: &SendCall| f64::from(send.weight) * send.segments[0].0.on(class.rate_basis).get() as f64;
        let mean = sends.iter().map(octets).sum::<f64>() / weight;
        class.offered().map_or(0.0, |rate| rate.as_bps() as f64 / 8.0 / mean)
    };
    scenario.classes().iter().map(per_second).sum::<f64>() * scenario.failover.span.as_seconds()
}

/// Messages if every event moves every SA.
fn messages(scenario: &Scenario) -> f64 {
    let span = scenario.failover.span.as_seconds();
    let times = |event: &Event| {
        let left = (span - event.at.as_seconds()).max(0.0);
        let between = event.every.or(event.mtbf).map_or(f64::INFINITY, |time| time.as_seconds());
        1.0 + left / between
    };
    let events: f64 = scenario.failover.event.iter().map(times).sum();
    events * MESSAGES_PER_SA * f64::from(scenario.sa.count)
}

/// What a scenario file is for: `failover` where something happens in any series, else `run`.
pub fn study_of(file: &ScenarioFile) -> &'static Study {
    let mut layers = std::iter::once(&file.base).chain(file.series.iter().map(|series| &series.values));
    if layers.any(|layer| layer.contains_key("failover.event")) { &FAILOVER } else { &RUN }
}
