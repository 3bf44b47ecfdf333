//! `timeline.csv`: one row for each point, replication and bin.

use espsim_model::control::{Bin, LOSSES, State, Timeline};

use crate::file::scenario_file::ScenarioFile;
use crate::points::outcome::Outcome;
use crate::points::study::Csv;
use crate::store::points_csv::{format_number, place_header, place_values};

/// The timelines of all points. Goodput is that of the bin, on the goodput basis; states are those at its end.
pub const TIMELINE: Csv = Csv { file: "timeline.csv", header, rows };

fn header(file: &ScenarioFile) -> Vec<String> {
    let mut header = place_header(file);
    header.extend(["replication", "end_ms", "goodput_gbps", "packets", "packets_in_software"].map(str::to_owned));
    header.extend(LOSSES.map(|loss| format!("lost_{}", loss.name())));
    header.push("cpu".into());
    header.extend(State::ALL.map(|state| format!("sas_{}", state.name())));
    header
}

fn rows(point: usize, outcome: &Outcome) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for (replication, run) in outcome.runs.iter().enumerate() {
        let mut head = place_values(point, &outcome.place);
        head.push(replication.to_string());
        if let Some(timeline) = &run.timeline {
            rows.extend(timeline.bins.iter().map(|bin| head.iter().cloned().chain(values(timeline, bin)).collect()));
        }
    }
    rows
}

fn values(timeline: &Timeline, bin: &Bin) -> impl Iterator<Item = String> {
    let head = [
        format_number(bin.end.as_ns() * 1e-6),
        format_number(timeline.goodput_gbps(bin)),
        bin.packets.to_string(),
        bin.software.to_string(),
    ];
    let lost = bin.lost.map(|n| n.to_string());
    let cpu = format_number(timeline.cpu(bin));
    head.into_iter().chain(lost).chain([cpu]).chain(bin.states.map(|n| n.to_string()))
}
