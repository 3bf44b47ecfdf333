//! Captures: pcap and pcapng (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).

use std::io::Read;

use espsim_model::traffic::{CapturedPacket, PacketReader};
use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{Block, Linktype, PcapBlockOwned, PcapError, create_reader};

use super::headers::packet;
use super::{PACKETS, Wrong, packet_at};

/// What a reader holds: a block with the largest packet that interfaces capture (`MAXIMUM_SNAPLEN` of libpcap), and room.
const BUFFER: usize = 1 << 20;
/// The longest capture that fits the clock.
const LONGEST_PS: i128 = 1_000_000_000_000_000_000;

/// Whether octets begin as a capture does: with a magic number of pcap, in either order and unit, or a section header.
pub(super) fn is_capture(start: &[u8]) -> bool {
    const MAGIC: [[u8; 4]; 6] = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0x34, 0xcd, 0xb2, 0xa1],
        [0x0a, 0x0d, 0x0d, 0x0a],
    ];
    start.get(..4).is_some_and(|first| MAGIC.iter().any(|magic| magic == first))
}

/// An interface of a capture: its headers, and ticks of its clock in a second.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    per_second: u128,
}

impl Interface {
    /// Of pcapng: `if_tsresol` is a power of ten, or of two where its highest bit is set.
    fn new(link: Linktype, resolution: u8) -> Option<Self> {
        let power = u32::from(resolution & 0x7f);
        let base: u128 = if resolution & 0x80 == 0 { 10 } else { 2 };
        let per_second = base.checked_pow(power).filter(|per_second| *per_second <= 1 << 64)?;
        Some(Interface { link, per_second })
    }

    fn picoseconds(&self, ticks: u128) -> u128 {
        const SECOND: u128 = 1_000_000_000_000;
        // A division of 128 bits takes as long as all else of a packet.
        match self.per_second {
            1_000_000_000 => ticks * 1000,
            1_000_000 => ticks * 1_000_000,
            per_second => ticks.saturating_mul(SECOND) / per_second,
        }
    }
}

/// A capture that is being read.
pub(super) struct Reader {
    blocks: Box<dyn PcapReaderIterator + Send>,
    capture: Capture,
}

/// Where it is.
#[derive(Default)]
struct Capture {
    interfaces: Vec<Interface>,
    /// Packets so far, those that are not of IP too.
    packets: usize,
    /// Picoseconds of the first packet's time.
    first: Option<i128>,
}

impl Reader {
    pub fn new(octets: impl Read + Send + 'static) -> Result<Self, Wrong> {
        let blocks = create_reader(BUFFER, octets).map_err(|error| Wrong::packet(0, said(&error)))?;
        Ok(Reader { blocks, capture: Capture::default() })
    }

    fn read(&mut self, packets: &mut Vec<CapturedPacket>) -> Result<(), Wrong> {
        let Reader { blocks, capture } = self;
        packets.clear();
        while packets.len() < PACKETS {
            match blocks.next() {
                Ok((offset, block)) => {
                    packets.extend(capture.block(&block)?);
                    blocks.consume(offset);
                }
                Err(PcapError::Eof) => break,
                Err(PcapError::Incomplete(_)) => {
                    let refilled = blocks.refill().map_err(|error| said(&error));
                    refilled.map_err(|message| Wrong::packet(capture.packets + 1, message))?;
                }
                Err(error) => return Err(Wrong::packet(capture.packets + 1, said(&error))),
            }
        }
        Ok(())
    }
}

impl PacketReader for Reader {
    fn next(&mut self, block: &mut Vec<CapturedPacket>) -> Result<(), String> {
        self.read(block).map_err(|wrong| wrong.to_string())
    }
}

fn said<T>(error: &PcapError<T>) -> &'static str {
    match error {
        PcapError::Eof => "the capture is empty",
        PcapError::BufferTooSmall => "a block of more than 1 MiB",
        PcapError::UnexpectedEof | PcapError::Incomplete(_) => "the capture ends within a block",
        PcapError::ReadError => "it cannot be read",
        PcapError::HeaderNotRecognized => "neither pcap nor pcapng",
        PcapError::NomError(..) | PcapError::OwnedNomError(..) => "no block of a capture",
    }
}

impl Capture {
    /// The packet of a block, if there is one of IP.
    fn block(&mut self, block: &PcapBlockOwned<'_>) -> Result<Option<CapturedPacket>, Wrong> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let resolution = if header.is_nanosecond_precision() { 9 } else { 6 };
                self.interfaces.extend(Interface::new(header.network, resolution));
            }
            PcapBlockOwned::Legacy(frame) => {
                let interface = self.interface(0)?;
                let ticks = u128::from(frame.ts_sec) * interface.per_second + u128::from(frame.ts_usec);
                return self.frame(interface, ticks, frame.data, frame.origlen);
            }
            // Interfaces are numbered anew in each section.
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(block)) => {
                let interface = Interface::new(block.linktype, block.if_tsresol);
                let wrong = || Wrong::packet(self.packets + 1, format!("a clock of if_tsresol {}", block.if_tsresol));
                self.interfaces.push(interface.ok_or_else(wrong)?);
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                let ticks = u128::from(block.ts_high) << 32 | u128::from(block.ts_low);
                let interface = self.interface(block.if_id)?;
                return self.frame(interface, ticks, block.data, block.origlen);
            }
            PcapBlockOwned::NG(Block::SimplePacket(_)) => {
                return Err(Wrong::packet(self.packets + 1, "a simple packet block, which has no time"));
            }
            PcapBlockOwned::NG(_) => {}
        }
        Ok(None)
    }

    fn interface(&self, number: u32) -> Result<Interface, Wrong> {
        let wrong = || Wrong::packet(self.packets + 1, format!("interface {number}, which is not described"));
        self.interfaces.get(number as usize).copied().ok_or_else(wrong)
    }

    /// The packet of a frame of which `data` was captured; what is not of IP is passed over.
    fn frame(
        &mut self,
        interface: Interface,
        ticks: u128,
        data: &[u8],
        length: u32,
    ) -> Result<Option<CapturedPacket>, Wrong> {
        self.packets += 1;
        let wrong = |message: String| Wrong::packet(self.packets, message);
        let ps = i128::try_from(interface.picoseconds(ticks)).unwrap_or(i128::MAX);
        let since = ps.saturating_sub(*self.first.get_or_insert(ps));
        // Several queues of a NIC are not captured in the order of time.
        let at = since + LONGEST_PS / 1_000_000;
        if !(0..=LONGEST_PS).contains(&at) {
            return Err(wrong("more than a second before, or eleven days after the first".into()));
        }
        match packet(interface.link, data, length).map_err(wrong)? {
            Some((l3, flow)) => packet_at(at as u64, l3, flow).map(Some).map_err(wrong),
            None => Ok(None),
        }
    }
}
