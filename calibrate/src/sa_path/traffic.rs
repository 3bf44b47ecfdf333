//! Packets while SAs are moved, each looked at as it leaves.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use super::error::{Doing, SaPathError};
use super::failover::{Event, Fate, What};
use super::packet_socket::PacketSocket;
use super::site::{Port, SOURCE, Side, Site};
use super::stop;
use super::xfrm::Sa;

/// Between two packets, at least. With one packet under way at a time, each is found at once where it left.
const PACE: Duration = Duration::from_micros(100);
/// Starts every payload; seen on the wire, nothing has encrypted the packet.
const MARK: [u8; 8] = *b"espsim\xe5\x9e";

/// Packets of one SA after the other at a steady pace, each looked at as it leaves, and a record of all that happens.
/// It shares its thread with the daemon: what is due is sent between any two of the daemon's messages.
pub(super) struct Traffic {
    sas: Vec<(u32, UdpSocket)>,
    taps: [(PacketSocket, String); 2],
    start: Instant,
    /// Packets so far, which says whose turn it is.
    packets: usize,
    /// When the next is due.
    due: Duration,
    pub(super) events: Vec<Event>,
}

impl Traffic {
    pub(super) fn start(site: &Site, sas: &[Sa], target: &Port) -> Result<Self, SaPathError> {
        let mut sockets = Vec::new();
        for sa in sas {
            let socket = UdpSocket::bind((SOURCE, 0)).doing("bind a UDP socket")?;
            socket.connect((sa.destination, 9)).doing("connect a UDP socket")?;
            sockets.push((sa.spi, socket));
        }
        let tap = |port: &Port| Ok::<_, SaPathError>((PacketSocket::tap(port.index)?, port.name.clone()));
        let taps = [tap(site.port(Side::A))?, tap(target)?];
        Ok(Traffic { sas: sockets, taps, start: Instant::now(), packets: 0, due: Duration::ZERO, events: Vec::new() })
    }

    fn now_us(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1e6
    }

    /// Notes what the daemon did or heard, and sends what is due.
    pub(super) fn note(&mut self, sa: Option<u32>, request: &str, refusal: Option<String>) -> Result<f64, SaPathError> {
        let at_us = self.now_us();
        self.events.push(Event { at_us, sa, what: What::Control { request: request.to_owned(), refusal } });
        self.send_due()?;
        Ok(at_us)
    }

    /// Sends at the pace for a while.
    pub(super) fn flow(&mut self, time: Duration) -> Result<(), SaPathError> {
        let end = self.start.elapsed() + time;
        while self.start.elapsed() < end {
            self.send_due()?;
        }
        stop::check()
    }

    /// One packet if one is due. What is overdue is not made up for, so that the daemon gets on.
    fn send_due(&mut self) -> Result<(), SaPathError> {
        let elapsed = self.start.elapsed();
        if elapsed < self.due {
            return Ok(());
        }
        self.due = elapsed + PACE;
        let n = self.packets % self.sas.len();
        self.packets += 1;
        let (spi, socket) = &self.sas[n];
        let mut payload = [0x5a; 256];
        payload[..MARK.len()].copy_from_slice(&MARK);
        let at_us = self.now_us();
        // While an SA is missing the kernel may refuse; that is a packet lost.
        let _ = socket.send(&payload);
        let what = fate(&self.taps, *spi)?;
        self.events.push(Event { at_us, sa: Some(n as u32), what });
        Ok(())
    }
}

/// Where the packet just sent has left.
fn fate(taps: &[(PacketSocket, String); 2], spi: u32) -> Result<What, SaPathError> {
    let mut what = What::Packet { fate: Fate::Lost, sequence: None, device: None };
    let mut buffer = [0; 2048];
    for (tap, name) in taps {
        while let Some(frame) = tap.sent(&mut buffer)? {
            let Some(esp) = Esp::read(frame) else { continue };
            if esp.spi != spi {
                return Err(SaPathError::Contradiction {
                    what: "SPI of the packet just sent".into(),
                    expected: u64::from(spi),
                    found: u64::from(esp.spi),
                });
            }
            let fate = if esp.clear { Fate::Offloaded } else { Fate::Software };
            what = What::Packet { fate, sequence: Some(esp.sequence), device: Some(name.clone()) };
        }
    }
    Ok(what)
}

/// An ESP packet (RFC 4303 section 2) in an Ethernet frame.
struct Esp {
    spi: u32,
    sequence: u32,
    /// Whether the payload can be read.
    clear: bool,
}

impl Esp {
    /// Reads an IPv4 packet without options.
    fn read(frame: &[u8]) -> Option<Self> {
        const ETHERNET: usize = 14;
        const IP: usize = 20;
        /// SPI and sequence number, IV (RFC 4106 section 3.1), UDP header.
        const BEFORE_PAYLOAD: usize = 8 + 8 + 8;
        let esp = frame.get(ETHERNET + IP..)?;
        if frame[ETHERNET + 9] != 50 {
            return None;
        }
        let word = |at: usize| Some(u32::from_be_bytes(esp.get(at..at + 4)?.try_into().ok()?));
        let payload = esp.get(BEFORE_PAYLOAD..)?;
        Some(Esp { spi: word(0)?, sequence: word(4)?, clear: payload.starts_with(&MARK) })
    }
}
