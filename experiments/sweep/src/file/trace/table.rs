//! Tables of packets: CSV with a heading of `time_ns`, `length_bytes` and `flow`.

use std::io::Read;

use espsim_model::traffic::{CapturedPacket, PacketReader};

use super::{PACKETS, Wrong, packet_at};

/// Columns: when a packet came, in nanoseconds since any moment before; octets of its IP packet; and a number that packets of
/// its flow have in common.
const COLUMNS: [&str; 3] = ["time_ns", "length_bytes", "flow"];

/// The longest time that fits the clock.
const LONGEST_NS: u64 = 1_000_000_000_000_000;

/// A table that is being read.
pub(super) struct Reader<R> {
    rows: csv::Reader<R>,
    /// Where its columns are.
    places: [usize; 3],
    record: csv::StringRecord,
    /// The first packet's time.
    first: Option<u64>,
}

impl<R: Read> Reader<R> {
    pub fn new(octets: R) -> Result<Self, Wrong> {
        let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(octets);
        let headings = rows.headers().map_err(|error| Wrong::line(1, error.to_string()))?;
        let mut places = [0; 3];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            let found = headings.iter().position(|heading| heading == name);
            let missing = || Wrong::line(1, format!("neither a capture nor a table with a column `{name}`"));
            *place = found.ok_or_else(missing)?;
        }
        Ok(Reader { rows, places, record: csv::StringRecord::new(), first: None })
    }

    /// The packet of the next row; `None` behind the last.
    fn row(&mut self) -> Result<Option<CapturedPacket>, Wrong> {
        let line = self.rows.position().line();
        let wrong = |message: String| Wrong::line(line, message);
        if !self.rows.read_record(&mut self.record).map_err(|error| wrong(error.to_string()))? {
            return Ok(None);
        }
        let field = |column: usize| number(&self.record, self.places[column], COLUMNS[column]).map_err(wrong);
        let (time, length, flow) = (field(0)?, field(1)?, field(2)?);
        let since = time.checked_sub(*self.first.get_or_insert(time)).filter(|since| *since <= LONGEST_NS);
        let since = since.ok_or_else(|| wrong("a time before the first, or eleven days after it".into()))?;
        let length = u16::try_from(length).map_err(|_| wrong(format!("length_bytes {length}: at most 65535")))?;
        let flow = u32::try_from(flow).map_err(|_| wrong(format!("flow {flow}: at most 4294967295")))?;
        packet_at(since * 1000, length, flow).map(Some).map_err(wrong)
    }

    fn read(&mut self, packets: &mut Vec<CapturedPacket>) -> Result<(), Wrong> {
        packets.clear();
        while packets.len() < PACKETS {
            let Some(packet) = self.row()? else { break };
            packets.push(packet);
        }
        Ok(())
    }
}

impl<R: Read + Send> PacketReader for Reader<R> {
    fn next(&mut self, block: &mut Vec<CapturedPacket>) -> Result<(), String> {
        self.read(block).map_err(|wrong| wrong.to_string())
    }
}

fn number(record: &csv::StringRecord, place: usize, name: &str) -> Result<u64, String> {
    let text = record.get(place).unwrap_or_default();
    text.parse().map_err(|_| format!("{name} `{text}`: a whole number"))
}
