//! Calibrations as tables.

use std::fmt::Write;

use comfy_table::Table;
use espsim_calibrate::{Calibration, HeldOut, Verdict};
use espsim_model::preset::Evidence;
use espsim_model::profile::{AeadCost, Algorithm, Direction, Profile};
use espsim_model::units::Bytes;
use espsim_report::profile::{heading, single_values};
use espsim_report::text_table::table;

/// Plaintext sizes that costs are shown at.
const SIZES: [u64; 4] = [64, 576, 1408, 8192];

/// What a calibration ends with: costs of the best implementation, fits, noise, and what was left out.
pub fn summary(calibration: &Calibration) -> String {
    let (profile, report) = (&calibration.profile, &calibration.report);
    let mut text = heading(profile);
    let mut header = vec!["Algorithm".to_owned(), String::new(), "Backend".into()];
    header.extend(SIZES.iter().map(|size| format!("{size} B ns")));
    header.extend(["GB/s at 1408 B", "Worst residual", "At"].map(str::to_owned));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut costs = table(header, &[3, 4, 5, 6, 7, 8, 9]);
    for cost in measured(profile) {
        let ns = |octets: u64| (cost.cycles(Bytes::new(octets)) / profile.host.clock(1, Some(cost.algorithm))).as_ns();
        let fit = report.fits.iter().find(|fit| {
            (fit.algorithm, fit.backend, fit.direction) == (cost.algorithm, cost.backend.as_str(), cost.direction)
        });
        let mut row = vec![cost.algorithm.name().to_owned(), cost.direction.name().to_owned(), cost.backend.clone()];
        row.extend(SIZES.map(|octets| format!("{:.0}", ns(octets))));
        row.push(format!("{:.2}", 1408.0 / ns(1408)));
        row.push(fit.map_or_else(String::new, |fit| format!("{:.1} %", 100.0 * fit.worst_residual)));
        row.push(fit.map_or_else(String::new, |fit| format!("{} B", fit.worst_at)));
        costs.add_row(row);
    }
    let _ = writeln!(text, "\n{costs}");
    let _ = writeln!(text, "\n{}", scalars_measured(profile));
    text.push_str(&memory(calibration));
    text.push_str(&devices(profile));
    let bad: Vec<String> = (report.fits.iter())
        .filter(|fit| fit.worst_residual > BAD_FIT)
        .map(|fit| {
            let at = format!("{:.0} % at {} B", 100.0 * fit.worst_residual, fit.worst_at);
            format!("{} {} {} ({at})", fit.algorithm.name(), fit.direction.name(), fit.backend)
        })
        .collect();
    if !bad.is_empty() {
        let _ = writeln!(text, "\ncoefficients alone are off for: {}{}", bad.join(", "), corrected(profile));
    }
    if let Verdict::Noisy { reasons, advice } = report.verdict() {
        for reason in &reasons {
            let _ = writeln!(text, "\nnot to be trusted: {reason}");
        }
        let _ = writeln!(text, "\nwhat helps: {}", advice.join("; "));
    }
    text
}

/// What the profile does about coefficients that are off.
fn corrected(profile: &Profile) -> &'static str {
    match profile.aead.iter().any(|cost| !cost.residuals.is_empty()) {
        true => "; the residuals in the profile make up for that",
        false => "; a full calibration keeps residuals, which make up for that",
    }
}

/// Residuals beyond which a fit is called bad: the goal for predictions.
const BAD_FIT: f64 = espsim_calibrate::GOAL;

/// Copy, checksum, allocation, bandwidth and caches; nothing after a quick calibration.
fn memory(calibration: &Calibration) -> String {
    let report = &calibration.report;
    if report.memory.is_empty() {
        return String::new();
    }
    let mut table = table(["Memory, by size", "Copy ns", "Checksum ns"], &[0, 1, 2]);
    for row in &report.memory {
        table.add_row([format!("{} B", row.octets), format!("{:.1}", row.copy_ns), format!("{:.1}", row.checksum_ns)]);
    }
    let mut text = format!("\n{table}\n");
    if let (Some(allocation), Some(stream)) = (report.allocation_ns, report.stream) {
        let _ = writeln!(text, "a buffer of 2 KiB: {allocation:.0} ns; all cores stream {stream:.0} GB/s");
    }
    let caches: Vec<String> =
        report.caches.iter().map(|cache| format!("L{} {} KiB", cache.level, cache.octets / 1024)).collect();
    let _ = writeln!(text, "data caches: {}", caches.join(", "));
    text
}

/// Devices and interfaces in a line each.
fn devices(profile: &Profile) -> String {
    let Some(inventory) = &profile.inventory else { return String::new() };
    let list = |key: &str| inventory.get(key).and_then(|v| v.as_array()).cloned().unwrap_or_default();
    let field = |entry: &toml::Value, key: &str| match entry.get(key) {
        Some(toml::Value::String(text)) => text.clone(),
        Some(toml::Value::Table(unknown)) => {
            unknown.get("unknown").map_or("?".into(), |why| format!("unknown ({why})"))
        }
        Some(other) => other.to_string(),
        None => "none".into(),
    };
    let mut text = String::new();
    for device in list("devices") {
        let [address, kind, driver] = ["address", "kind", "driver"].map(|key| field(&device, key));
        let _ = writeln!(text, "PCIe device {address}: {kind}, driver {driver}");
    }
    for interface in list("interfaces") {
        let _ = writeln!(text, "interface {}: PCIe device {}", field(&interface, "name"), field(&interface, "device"));
    }
    for shared in list("shared_uplinks") {
        let _ = writeln!(text, "shared uplink: {shared}");
    }
    text
}

fn measured(profile: &Profile) -> Vec<&AeadCost> {
    let is_measured = |cost: &&AeadCost| profile.evidence(&cost.key()) == Evidence::Measured;
    let mut costs: Vec<&AeadCost> = profile.aead.iter().filter(is_measured).collect();
    let place = |algorithm: Algorithm| Algorithm::ALL.iter().position(|a| *a == algorithm);
    costs.sort_by_key(|cost| (place(cost.algorithm), cost.direction != Direction::Seal));
    costs
}

fn scalars_measured(profile: &Profile) -> Table {
    let mut table = table(["Value", "", "Unit", "95 % interval"], &[1, 3]);
    for (key, value, unit, _) in single_values(profile).into_iter().filter(|row| row.3 == Evidence::Measured) {
        let ends = profile.intervals.get(&key).and_then(|i| Some(format!("{:.5} to {:.5}", i.low?, i.high?)));
        table.add_row([key, format!("{value:.5}"), unit.to_owned(), ends.unwrap_or_default()]);
    }
    for (key, rows) in profile.host.scaling_tables() {
        for row in rows {
            let ends = row.low.zip(row.high).map(|(low, high)| format!("{low:.3} to {high:.3}"));
            let name = format!("{key}: {} busy cores", row.cores);
            table.add_row([name, format!("{:.3}", row.speed), String::new(), ends.unwrap_or_default()]);
        }
    }
    table
}

/// Predictions for sizes that the fits have not seen.
pub fn held_out(rows: &[HeldOut]) -> String {
    let mut table = table(["Algorithm", "", "Backend", "Sizes", "Worst error", "At", "Within 10 %"], &[3, 4, 5, 6]);
    let mut seen: Vec<(Algorithm, Direction, &str)> = Vec::new();
    for row in rows {
        let key = (row.algorithm, row.direction, row.backend.as_str());
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let of: Vec<&HeldOut> =
            rows.iter().filter(|row| (row.algorithm, row.direction, row.backend.as_str()) == key).collect();
        let Some(worst) = of.iter().max_by(|a, b| a.error().abs().total_cmp(&b.error().abs())) else { continue };
        table.add_row([
            row.algorithm.name().to_owned(),
            row.direction.name().to_owned(),
            row.backend.clone(),
            of.len().to_string(),
            format!("{:+.1} %", 100.0 * worst.error()),
            format!("{} B", worst.octets),
            of.iter().filter(|row| row.within_goal()).count().to_string(),
        ]);
    }
    format!("\nsizes that the fits have not seen\n{table}\n")
}
