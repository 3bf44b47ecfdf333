//! Profiles in words and tables.

use std::fmt::Write;

use comfy_table::Table;
use espsim_model::preset::Evidence;
use espsim_model::profile::{Anchored, Estimate, Profile};

use crate::text_table::table;
use crate::trust;

/// An estimate with its interval.
pub fn estimate(estimate: &Estimate, digits: usize) -> String {
    match (estimate.low, estimate.high) {
        (Some(low), Some(high)) => format!("{:.digits$} ({low:.digits$} to {high:.digits$})", estimate.value),
        _ => format!("{:.digits$}", estimate.value),
    }
}

/// Everything in a profile.
pub fn tables(profile: &Profile) -> String {
    let mut text = heading(profile);
    // Writing to a string does not fail.
    let counts: Vec<String> = trust::counts(profile).iter().map(|(kind, n)| format!("{n} {}", kind.name())).collect();
    let _ = writeln!(text, "values: {}, of {}", counts.join(", "), profile.values().len());
    let _ = writeln!(text, "\nAEAD, cycles per operation\n{}", aead(profile));
    let _ = writeln!(text, "\nOne value each\n{}", scalars(profile));
    for (key, rows) in profile.host.scaling_tables().into_iter().filter(|(_, rows)| !rows.is_empty()) {
        let mut scaling = table(["Busy cores", "Speed of each", "95 % interval"], &[0, 1, 2]);
        for row in rows {
            let ends = row.low.zip(row.high).map(|(low, high)| format!("{low:.3} to {high:.3}"));
            scaling.add_row([row.cores.to_string(), format!("{:.3}", row.speed), ends.unwrap_or_default()]);
        }
        let _ = writeln!(text, "\n{key}\n{scaling}");
    }
    if let Some(record) = profile.calibration.as_ref().filter(|record| !record.anchors.is_empty()) {
        let _ = writeln!(text, "\nThe model beside real traffic\n{}", anchors(&record.anchors));
    }
    if let Some(inventory) = &profile.inventory {
        let _ = writeln!(text, "\nInventory\n{}", toml::to_string_pretty(inventory).unwrap_or_default());
    }
    text
}

/// What a profile is of and how it was measured, in lines.
pub fn heading(profile: &Profile) -> String {
    let host = &profile.host;
    let ddio = if host.ddio { "DDIO" } else { "no DDIO" };
    let mut text = format!("{}: {} cores at {}, {ddio}\n", host.model, host.cores, host.frequency);
    if let Some(name) = &profile.filled_from {
        let _ = writeln!(text, "what is not this host's own is that of preset:{name}");
    }
    match &profile.calibration {
        Some(record) => {
            let _ = writeln!(text, "{} calibration by espsim {} at {}", record.kind, record.program, record.time);
            let _ = writeln!(text, "verdict: {}", record.verdict);
            for skipped in &record.skipped {
                let _ = writeln!(text, "not measured: {skipped}");
            }
        }
        None => text.push_str("a preset or a profile without a record of its calibration\n"),
    }
    text
}

/// Real traffic of one core beside what the model made of it.
pub fn anchors(anchors: &[Anchored]) -> Table {
    let header = ["One core, end to end", "Cycles a packet, measured", "Simulated", "Error"];
    let mut table = table(header, &[1, 2, 3]);
    for one in anchors {
        let error = format!("{:+.1} %", 100.0 * one.error());
        table.add_row([one.what.clone(), estimate(&one.measured, 0), format!("{:.0}", one.simulated), error]);
    }
    table
}

fn aead(profile: &Profile) -> Table {
    let header = [
        "Algorithm",
        "",
        "Backend",
        "Stride",
        "Per operation",
        "Octet",
        "Tail block",
        "Partial block",
        "n",
        "Evidence",
    ];
    let mut table = table(header, &[3, 4, 5, 6, 7, 8]);
    for cost in &profile.aead {
        let curve = &cost.curve;
        table.add_row([
            cost.algorithm.name().to_owned(),
            cost.direction.name().to_owned(),
            cost.backend.clone(),
            curve.stride.to_string(),
            estimate(&curve.per_operation, 0),
            estimate(&curve.per_octet, 4),
            estimate(&curve.per_tail_block, 1),
            estimate(&curve.per_partial_block, 0),
            curve.per_octet.n.map_or_else(String::new, |n| n.to_string()),
            profile.evidence(&cost.key()).name().to_owned(),
        ]);
    }
    table
}

/// Single values: key, value, unit, and how well it is known.
pub fn single_values(profile: &Profile) -> Vec<(String, f64, &'static str, Evidence)> {
    let (host, memory) = (&profile.host, &profile.memory);
    let stack = profile.stack_costs().into_iter().map(|(key, cost)| (key, cost.0, "cycles"));
    let others = [
        ("host.frequency", host.frequency.get() as f64, "Hz"),
        ("memory.copy", memory.copy.0, "cycles/B"),
        ("memory.checksum", memory.checksum.0, "cycles/B"),
        ("memory.bandwidth", memory.bandwidth.as_gbps(), "Gb/s"),
    ];
    let others = others.map(|(key, value, unit)| (key.to_owned(), value, unit));
    let known = |(key, value, unit): (String, f64, &'static str)| {
        let evidence = profile.evidence(&key);
        (key, value, unit, evidence)
    };
    others.into_iter().chain(stack).map(known).collect()
}

fn scalars(profile: &Profile) -> Table {
    let mut table = table(["Value", "", "Unit", "95 % interval", "n", "Evidence", "Method or source"], &[1, 3, 4]);
    for (key, value, unit, from) in single_values(profile) {
        let interval = profile.intervals.get(&key);
        let ends = interval.and_then(|i| Some(format!("{:.5} to {:.5}", i.low?, i.high?)));
        let source = profile.source(&key).unwrap_or_default().to_owned();
        table.add_row([
            key,
            format!("{value:.5}").trim_end_matches('0').trim_end_matches('.').to_owned(),
            unit.to_owned(),
            ends.unwrap_or_default(),
            interval.and_then(|i| i.n).map_or_else(String::new, |n| n.to_string()),
            from.name().to_owned(),
            source.chars().take(100).collect(),
        ]);
    }
    table
}
