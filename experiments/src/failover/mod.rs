//! `espsim failover`: a scenario file with events in; timelines, a table and swept figures out.

mod csv;
mod figure;
pub(crate) mod table;

use espsim_model::control::{Timeline, simulate_failover};

use crate::cli::RunArgs;
use crate::input::Failure;
use crate::outcome::{Observation, Outcome};
use crate::points::{Point, shown};
use crate::run::{Files, Study, run_study};
use crate::scenario_file::ScenarioFile;

/// Timelines are drawn for up to so many points; of more, the swept figures say more.
const MOST_FIGURES: usize = 12;

impl Observation for Timeline {
    fn seed(&self) -> u64 {
        self.seed
    }

    fn metrics(&self) -> Vec<espsim_model::record::Metric> {
        self.metrics()
    }

    fn bottleneck(&self) -> &'static str {
        ""
    }

    fn stop(&self) -> &'static str {
        "span"
    }
}

/// Runs a scenario file with events.
///
/// # Errors
/// [`Failure`] for anything that keeps the results from being written; then nothing is.
pub fn failover(args: &RunArgs, command: Vec<String>) -> Result<(), Failure> {
    let study = Study { kind: "failover", simulate: simulate_failover, check: has_events, table: table::table, files };
    run_study(args, command, &study)
}

fn has_events(file: &ScenarioFile, points: &[Point]) -> Result<(), Failure> {
    match points.iter().find(|point| point.scenario.failover.event.is_empty()) {
        None => Ok(()),
        Some(point) => {
            let message = format!("`failover.event` is empty in series `{}`: at least one event", point.series);
            let help = "[[failover.event]]\nwhat = \"link-down\"\nat = \"100 ms\"";
            Err(file.failure("failover", message).with_help(Some(help.into())))
        }
    }
}

fn files(file: &ScenarioFile, outcomes: &[Outcome<Timeline>], footnote: &str) -> Result<Files, Failure> {
    let mut files = vec![("timeline.csv".to_owned(), csv::timeline_csv(file, outcomes)?)];
    if outcomes.len() <= MOST_FIGURES {
        for outcome in outcomes {
            let Some(timeline) = outcome.records.first() else { continue };
            let svg = figure::timeline_svg(file, &heading(file, outcome), timeline, footnote)?;
            files.push((format!("{}.svg", file_name(file, outcome, outcomes.len())), svg.into_bytes()));
        }
    }
    Ok(files)
}

/// Series and swept values of a point.
fn heading(file: &ScenarioFile, outcome: &Outcome<Timeline>) -> String {
    let series = (file.series.len() > 1).then(|| outcome.point.series.clone());
    let values = file.sweep.iter().zip(&outcome.point.coordinates).map(|(axis, value)| {
        let key = axis.key.rsplit('.').next().unwrap_or(&axis.key);
        format!("{key} {}", shown(value))
    });
    series.into_iter().chain(values).collect::<Vec<_>>().join(", ")
}

fn file_name(file: &ScenarioFile, outcome: &Outcome<Timeline>, points: usize) -> String {
    if points == 1 {
        return "timeline".into();
    }
    format!("timeline-{}", slug(&heading(file, outcome)))
}

/// A name as a part of a file's name.
pub(crate) fn slug(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = plain.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}
