//! A traffic class: its sends, how often each is made, and when.

use std::ops::Range;

use crate::engine::program::{Arrivals, Train};
use crate::engine::recorded::Recorded;
use crate::scenario::Scenario;
use crate::traffic::{Arrival, Direction, Packet, SendCall, Traffic, Transport};
use crate::units::Time;

/// ACKs of TCP.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ack {
    /// One of them.
    pub packet: Packet,
    /// Segments that one acknowledges, where they do not merge here.
    pub every: u32,
}

impl Ack {
    /// One for two segments (RFC 5681 section 4.2), or for each packet that the receiver has merged: Linux counts what GRO
    /// has merged as more than two and acknowledges it at once (`__tcp_ack_snd_check`, net/ipv4/tcp_input.c).
    fn of(s: &Scenario, class: &Traffic) -> Option<Self> {
        if class.transport != Transport::Tcp || !class.acks || !s.placement.has_network() {
            return None;
        }
        let packet = Packet::new(class.headers(), (class.family, Transport::Tcp), s.encapsulation(class).as_ref());
        let train = match class.direction {
            Direction::Transmit => s.sends(class).iter().map(SendCall::count).max().unwrap_or(1),
            _ => s.train(class).jobs,
        };
        let merged = if s.offload.gro.0.is_some() && class.direction != Direction::Receive { train } else { 1 };
        Some(Ack { packet, every: merged.max(2) })
    }
}

/// A traffic class as the machine carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct Class {
    /// Name in results.
    pub name: String,
    /// Which way packets go.
    pub direction: Direction,
    /// Sends of the mix.
    pub sends: Vec<SendCall>,
    /// How often each is made.
    pub weights: Vec<u32>,
    /// Its flows, by number.
    pub flows: Range<u32>,
    /// When jobs start.
    pub arrivals: Arrivals,
    /// Packets of one flow that come one after the other.
    pub train: Train,
    /// Packets as they were recorded, where that is how they come.
    pub recorded: Recorded,
    /// Whether received packets merge (GRO).
    pub merges: bool,
    /// Whether they are of a stream (TCP), not datagrams.
    pub stream: bool,
    /// ACKs that come back, where there are some.
    pub ack: Option<Ack>,
}

impl Class {
    pub(crate) fn new(s: &Scenario, class: &Traffic, first: u32) -> Self {
        let sends = s.sends(class);
        let weights = Traffic::send_weights(&sends);
        let mut built = Class {
            name: class.name().to_owned(),
            direction: class.direction,
            flows: first..first + class.flows,
            arrivals: Arrivals::Closed { jobs_per_flow: 1 },
            train: s.train(class),
            recorded: Recorded(class.replayed().map(|trace| trace.clone() as _)),
            merges: s.merges(class),
            stream: class.transport == Transport::Tcp,
            ack: Ack::of(s, class),
            sends,
            weights,
        };
        let interval = class.offered().map(|rate| {
            let octets = built.mean(|send| send.total(|p| p.on(class.rate_basis)).get() as f64);
            Time::from_seconds(octets * 8.0 / rate.as_bps() as f64).as_ps().max(1)
        });
        built.arrivals = match (class.arrival, interval) {
            (Arrival::Constant, Some(interval)) => Arrivals::Constant { interval },
            (Arrival::Poisson, Some(mean)) => Arrivals::Poisson { mean },
            (Arrival::OnOff, Some(mean)) => {
                let time = |time: Option<Time>| time.map_or(1, Time::as_ps);
                Arrivals::OnOff { mean, on: time(class.on), off: time(class.off) }
            }
            (Arrival::Trace, _) => {
                let was = class.replayed().map_or(1, |trace| trace.interval().as_ps());
                Arrivals::Recorded { mean: interval.unwrap_or(was), was }
            }
            (Arrival::Bursts, Some(mean)) => Arrivals::Bursts { mean, trains: class.burst.unwrap_or(1) },
            _ => Arrivals::Closed { jobs_per_flow: built.jobs_per_flow(class.window, s.host.cores) },
        };
        built
    }

    /// Its jobs that are under way at a time, at the most; `None` where they come at a rate.
    pub(super) fn most_jobs(&self) -> Option<u64> {
        match self.arrivals {
            Arrivals::Closed { jobs_per_flow } => Some(u64::from(jobs_per_flow) * self.flows.len() as u64),
            _ => None,
        }
    }

    /// The class as its ACKs see it: they go the other way and do not merge.
    pub(super) fn back(&self) -> Class {
        let direction = match self.direction {
            Direction::Transmit => Direction::Receive,
            Direction::Receive => Direction::Transmit,
            Direction::Encrypt | Direction::Both => Direction::Decrypt,
            Direction::Decrypt => Direction::Encrypt,
        };
        Class { direction, merges: false, ack: None, ..self.clone() }
    }

    /// The mean over sends of what `of` says of one.
    pub fn mean(&self, of: impl Fn(&SendCall) -> f64) -> f64 {
        let total: f64 = self.weights.iter().map(|&w| f64::from(w)).sum();
        self.sends.iter().zip(&self.weights).map(|(send, &weight)| of(send) * f64::from(weight)).sum::<f64>() / total
    }

    /// Jobs in flight on each flow that put `window` packets in flight on each core.
    fn jobs_per_flow(&self, window: u32, cores: u32) -> u32 {
        let packets = self.mean(|send| f64::from(send.count()));
        let in_flight = f64::from(window) * f64::from(cores);
        (in_flight / packets / self.flows.len() as f64).ceil().max(1.0) as u32
    }

    /// Packets of a mean send.
    pub fn packets_per_send(&self) -> f64 {
        self.mean(|send| f64::from(send.count()))
    }

    /// Packets per second offered; `None` when saturating.
    pub fn offered_pps(&self) -> Option<f64> {
        Some(self.packets_per_send() / Time::from_ps(self.arrivals.mean()?).as_seconds())
    }

    /// The most segments of a send.
    pub fn most_segments(&self) -> u32 {
        self.sends.iter().map(SendCall::count).max().unwrap_or(1)
    }
}
