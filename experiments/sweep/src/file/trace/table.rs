//! Tables of packets: CSV with a heading of `time_ns`, `length_bytes` and `flow`.

use std::io::Read;

use espsim_model::traffic::TraceBuilder;
use serde::Deserialize;

use super::{Wrong, take};

/// One packet.
#[derive(Deserialize)]
struct Row {
    /// When it came, in nanoseconds since any moment before.
    time_ns: u64,
    /// Its IP packet.
    length_bytes: u16,
    /// A number that packets of its flow have in common.
    flow: u32,
}

/// The longest time that fits the clock.
const LONGEST_NS: u64 = 1_000_000_000_000_000;

/// Reads a table to its end.
pub(super) fn read(octets: impl Read, trace: &mut TraceBuilder) -> Result<(), Wrong> {
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(octets);
    let headings = rows.headers().map_err(|error| Wrong::line(1, error.to_string()))?.clone();
    if let Some(missing) =
        ["time_ns", "length_bytes", "flow"].into_iter().find(|name| !headings.iter().any(|h| h == *name))
    {
        return Err(Wrong::line(1, format!("neither a capture nor a table with a column `{missing}`")));
    }
    let mut record = csv::StringRecord::new();
    let mut first = None;
    loop {
        let line = rows.position().line();
        let wrong = |message: String| Wrong::line(line, message);
        if !rows.read_record(&mut record).map_err(|error| wrong(error.to_string()))? {
            return Ok(());
        }
        let row: Row = record.deserialize(Some(&headings)).map_err(|error| wrong(error.to_string()))?;
        let since = row.time_ns.checked_sub(*first.get_or_insert(row.time_ns)).filter(|since| *since <= LONGEST_NS);
        let since = since.ok_or_else(|| wrong("a time before the first, or eleven days after it".into()))?;
        take(trace, since * 1000, row.length_bytes, row.flow).map_err(wrong)?;
    }
}
