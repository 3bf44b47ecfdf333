//! `espsim failover`: a scenario file with events in; timelines, a table and swept figures out.

mod csv;
mod figure;
pub(crate) mod table;

use espsim_model::control::simulate_failover_unless;
use espsim_model::scenario::{Event, Scenario};
use espsim_model::traffic::{Send, Traffic};

use crate::cli::RunArgs;
use crate::cost;
use crate::export::POINTS;
use crate::input::Failure;
use crate::manifest::hash;
use crate::outcome::Outcome;
use crate::point_table::OF_FAILOVER;
use crate::points::{Point, shown};
use crate::run::run_study;
use crate::scenario_file::ScenarioFile;
use crate::stop::Stop;
use crate::study::Study;

/// The most packets of a run: an hour.
const MOST_PACKETS: f64 = 1e10;
/// The most messages of a run.
const MOST_MESSAGES: f64 = 1e9;
/// Messages that move an SA, at the most: read, deleted, refused, added.
const MESSAGES_PER_SA: f64 = 4.0;

/// Timelines are drawn for up to so many points; of more, the swept figures say more.
const MOST_FIGURES: usize = 12;
/// The longest name that is a part of a file's name: file systems take 255 octets, and more is put around it.
const LONGEST_SLUG: usize = 120;

/// The study of `failover`.
pub static FAILOVER: Study = Study {
    kind: "failover",
    simulate: |scenario, profile, seed, stop| {
        Ok(simulate_failover_unless(scenario, profile, seed, stop)?.map(Into::into))
    },
    cost: cost::of_failover,
    check: has_events,
    columns: table::COLUMNS,
    csv: &[POINTS, OF_FAILOVER, csv::TIMELINE],
    figure: Some(timeline_figure),
};

/// Runs a scenario file with events.
///
/// # Errors
/// As [`crate::run::run`].
pub fn failover(args: &RunArgs, command: Vec<String>) -> Result<(), Failure> {
    run_study(args, &command, &FAILOVER, &Stop::listen()?)
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
        let sends = class.sends(scenario.encapsulation().as_ref(), None);
        let weight: f64 = sends.iter().map(|send| f64::from(send.weight)).sum();
        let octets = |send: &Send| f64::from(send.weight) * send.segments[0].0.on(class.rate_basis).get() as f64;
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

/// The timeline of a point's first replication.
fn timeline_figure(
    file: &ScenarioFile,
    outcome: &Outcome,
    points: usize,
    footnote: &str,
) -> Result<Option<(String, String)>, Failure> {
    let timeline = outcome.runs.first().and_then(|run| run.timeline.as_ref()).filter(|_| points <= MOST_FIGURES);
    let Some(timeline) = timeline else { return Ok(None) };
    let svg = figure::timeline_svg(file, &heading(file, outcome), timeline, footnote)?;
    Ok(Some((format!("{}.svg", file_name(file, outcome, points)), svg)))
}

/// Series and swept values of a point.
fn heading(file: &ScenarioFile, outcome: &Outcome) -> String {
    let series = (file.series.len() > 1).then(|| outcome.place.series.clone());
    let values = file.sweep.keys().zip(&outcome.place.coordinates).map(|(key, value)| {
        let key = key.rsplit('.').next().unwrap_or(key);
        format!("{key} {}", shown(value))
    });
    series.into_iter().chain(values).collect::<Vec<_>>().join(", ")
}

fn file_name(file: &ScenarioFile, outcome: &Outcome, points: usize) -> String {
    if points == 1 {
        return "timeline".into();
    }
    slug(&format!("timeline-{}", heading(file, outcome)))
}

/// A name as a part of a file's name. What is too long for one is cut, and told from others by a hash of the whole name.
pub(crate) fn slug(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    let slug = words.join("-").to_lowercase();
    match slug.len() > LONGEST_SLUG {
        true => format!("{}-{}", slug[..LONGEST_SLUG].trim_end_matches('-'), &hash(name)[..8]),
        false => slug,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_stay_different() {
        assert_eq!(slug("timeline-Own Slot, cores 2"), "timeline-own-slot-cores-2");
        let (a, b) = (slug(&format!("{}a", "n".repeat(300))), slug(&format!("{}b", "n".repeat(300))));
        assert!(a != b && a.len() < 150, "{a} {b}");
    }
}
