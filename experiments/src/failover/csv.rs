//! `timeline.csv`: one row for each point, replication and bin.

use espsim_model::control::{Bin, LOSSES, State, Timeline};

use crate::export::format_number;
use crate::input::Failure;
use crate::outcome::Outcome;
use crate::points::shown;
use crate::scenario_file::ScenarioFile;

/// The timelines of all points. Goodput is that of the bin, on the goodput basis; states are those at its end.
pub(super) fn timeline_csv(file: &ScenarioFile, outcomes: &[Outcome<Timeline>]) -> Result<Vec<u8>, Failure> {
    let encode = |error: csv::Error| Failure::new(format!("cannot encode timeline.csv: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = ["point", "series"].map(str::to_owned).to_vec();
    header.extend(file.sweep.iter().map(|axis| axis.key.clone()));
    header.extend(["replication", "end_ms", "goodput_gbps", "packets", "packets_in_software"].map(str::to_owned));
    header.extend(LOSSES.map(|loss| format!("lost_{}", loss.name())));
    header.push("cpu".into());
    header.extend(State::ALL.map(|state| format!("sas_{}", state.name())));
    writer.write_record(&header).map_err(encode)?;
    for (i, outcome) in outcomes.iter().enumerate() {
        for (replication, timeline) in outcome.records.iter().enumerate() {
            let mut head = vec![i.to_string(), outcome.point.series.clone()];
            head.extend(outcome.point.coordinates.iter().map(shown));
            head.push(replication.to_string());
            for bin in &timeline.bins {
                let row = head.iter().cloned().chain(values(timeline, bin));
                writer.write_record(row).map_err(encode)?;
            }
        }
    }
    writer.into_inner().map_err(|error| Failure::new(format!("cannot encode timeline.csv: {error}")))
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
