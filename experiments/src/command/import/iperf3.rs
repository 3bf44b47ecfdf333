//! `iperf3 --json` (ESnet iperf 3, the object that a client or server prints at the end): `start.test_start` has what was
//! asked for, `end.sum_received.bits_per_second` what all streams together received, in bits a second of payload.
//! Where UDP has `end.sum` alone, its rate is what was sent and its loss `lost_percent`.

use std::path::Path;

use espsim_sweep::failure::Failure;

use super::json::{self, At};
use super::measured::{Imported, row};

/// The row of an output, in Gb/s of payload.
///
/// # Errors
/// [`Failure`] for what is no such output, or one of a test that failed.
pub fn parse(path: &Path, text: &str) -> Result<Imported, Failure> {
    let document = json::parse(path, text)?;
    let all = At::new(path, &document);
    if let Some(error) = all.get("error") {
        return Err(error.failure(&format!("says that the test failed: {}", error.text()?)));
    }
    let (start, end) = (all.need("start")?, all.need("end")?);
    let asked = start.need("test_start")?;
    let protocol = asked.need("protocol")?.text()?;
    let streams = asked.need("num_streams")?.positive()?;
    if end.get("sum_received_bidir_reverse").is_some() {
        return Err(end.failure("has two directions (--bidir): import a test of each"));
    }
    let rate = match (end.get("sum_received"), end.get("sum")) {
        (Some(received), _) => received.need("bits_per_second")?.positive()?,
        (None, Some(sum)) if protocol == "UDP" => {
            let lost = sum.need("lost_percent")?;
            let share = lost.positive().unwrap_or(0.0) / 100.0;
            if share >= 1.0 {
                return Err(lost.failure("says that nothing arrived"));
            }
            sum.need("bits_per_second")?.positive()? * (1.0 - share)
        }
        _ => return Err(end.failure("has no `sum_received`: what the receiver got")),
    };
    let version = start.need("version")?.text()?;
    let block = asked.need("blksize")?.positive()?;
    let seconds = asked.need("duration")?.positive()?;
    let series = format!("iperf3 {protocol}");
    let source = format!("{version} --json, {protocol}, blocks of {block} B, {seconds} s");
    let assumed = "x is the number of streams; MTU, cipher and cores are not said".to_owned();
    let mut imported = Imported::default();
    imported.rows.push(row(&series, Some(streams), rate * 1e-9, "Gb/s goodput", source, assumed));
    Ok(imported)
}
