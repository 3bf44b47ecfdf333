//! Where ESP crypto runs: one short file per design, headed by its facts, and the table of all.
//!
//! A placement is a route: what a send visits, in order. Hardware says what each visit costs; a placement only says
//! which visits there are.

mod acks;
mod clear;
mod crypto;
mod design;
mod dpu;
mod fragments;
mod hairpin;
mod host;
mod inbound;
mod inline_crypto;
mod inline_packet;
mod lookaside;
mod workers;

pub use acks::Acks;
pub use design::{Agent, Design, Orphan, Placement};
pub use dpu::Dpu;
pub use workers::Workers;

use crate::esp::{CipherSizes, ESP_TRAILER};
use crate::hardware::accelerator::Accelerator;
use crate::hardware::core::Core;
use crate::hardware::nic::Nic;
use crate::hardware::wire;
use crate::placement::inbound::Leaving;
use crate::route;
use crate::route::{Category, GateId, Hop, PoolId, Route, StationId};
use crate::scenario::WhenFull;
use crate::stack::Stack;
use crate::stack::StackCost;
use crate::traffic::{Direction, Fit, Packet, SendCall};
use crate::units::{BitRate, Bytes, Cycles, PacketRate, Time};

impl Placement {
    /// The route of a send, or of a packet that comes in.
    pub fn route(self, direction: Direction, send: &SendCall, h: &Host<'_>) -> Route {
        let n = send.count();
        // Packets come in one by one.
        let packet = &send.segments[0].0;
        let Some(design) = self.carries(packet) else { return h.too_big(direction, send) };
        let comes_in = direction.is_inbound();
        let numbered = route![
            h.limited(send, if comes_in { Some(packet) } else { None }),
            if h.numbered { Hop::Tally(n).into() } else { Route::default() },
            if comes_in { h.sequence_number() } else { Route::default() },
        ];
        match direction {
            Direction::Transmit => {
                route![h.admitted(n, route![numbered, (design.transmit)(send, h)]), h.acknowledges(n, None)]
            }
            Direction::Receive => route![numbered, (design.receive)(packet, h)],
            Direction::Encrypt | Direction::Both => {
                route![numbered, (design.encrypt)(packet, h), h.acknowledges(1, None)]
            }
            Direction::Decrypt => route![numbered, (design.decrypt)(packet, h), h.acknowledges(1, None)],
        }
    }
}

impl Placement {
    /// The design that a packet goes by; none for one that is dropped as it does not fit the MTU. What is to be fragmented
    /// after encryption the kernel leaves to software with crypto offload and drops with packet offload
    /// (`xfrm_dev_offload_ok`, `xfrm_output`: XFRMOUTERROR, EHOSTUNREACH; Linux net/xfrm), and no NIC finds the SA of
    /// fragments that come in.
    fn carries(self, packet: &Packet) -> Option<&'static Design> {
        match packet.fit {
            Fit::TooBig => None,
            Fit::Fragments(_) if self.encapsulates_in_nic() => None,
            Fit::Fragments(_) if self.encrypts_in_nic() => Some(Placement::HOST.0),
            Fit::Fragments(_) if self.encrypts_in_dpu() => Some(Placement::DPU_CORES.0),
            Fit::Whole | Fit::Clamped | Fit::Fragments(_) => Some(self.0),
        }
    }
}

/// What the NIC is asked to do, where it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NicFeatures {
    /// Segment clear super-packets (TSO).
    pub tso: bool,
    /// Segment ESP super-packets.
    pub esp_gso: bool,
    /// Fill in transport checksums of clear packets.
    pub checksum: bool,
    /// Fill in inner transport checksums before encryption.
    pub esp_checksum: bool,
}

/// The hardware as one core sees it.
#[derive(Debug, Clone)]
pub struct Host<'a> {
    /// The core.
    pub core: Core<'a>,
    /// The NIC.
    pub nic: Nic,
    /// The lookaside accelerator.
    pub accelerator: Accelerator,
    /// What the NIC is asked to do.
    pub features: NicFeatures,
    /// What the cipher adds to a packet.
    pub sizes: CipherSizes,
    /// Packets that may be under way at an offered rate.
    pub admission: Option<PoolId>,
    /// Where packets of the core's polls merge (GRO), where they do.
    pub merging: Option<Merging>,
    /// Where those merge that come back from the accelerator.
    pub merging_of_card: Option<Merging>,
    /// What carries packets.
    pub stack: Stack,
    /// Whether packets go on to a NIC after their poll.
    pub forwards: bool,
    /// Whether the path leads through an accelerator.
    pub by_accelerator: bool,
    /// Whether a core touches all of a received packet, to copy it or for its cipher, and not its headers alone.
    pub touches_all: bool,
    /// IPsec policy lookup of a forwarded packet, where there are policies.
    pub policy: Costs,
    /// Hooks that every packet passes: netfilter, connection tracking.
    pub hooks: Costs,
    /// A tunnel inside ESP, where there is one.
    pub tunnel: Costs,
    /// What a packet waits for the state of its SA, on average.
    pub sa_state: Cycles,
    /// Octets to encrypt below which a packet stays on the CPU.
    pub smallest: Bytes,
    /// Copies of each buffer by the core where there is no network, half before and half after.
    pub copies: u32,
    /// The core that accelerators interrupt, and synchronous callers' threads.
    pub completion: Core<'a>,
    /// Threads that wait for the accelerator, where they do.
    pub threads: Option<PoolId>,
    /// What a core does when the accelerator's ring is full.
    pub when_full: WhenFull,
    /// ACKs of TCP that come back for what is carried, where there are some.
    pub acks: Option<Acks>,
    /// Whether packets are counted by SA, as they take sequence numbers.
    pub numbered: bool,
    /// What each SA is held to, where it is.
    pub limit: Option<SaLimit>,
    /// Octets that a receive call takes, of a stream; a datagram takes one of its own.
    pub reads: Option<Bytes>,
    /// Packets of an inbound SA's replay window, where packets may come out of order.
    pub replay_window: Option<u32>,
    /// The core that hands received packets on to this one, where one does.
    pub steered: Option<Steered<'a>>,
    /// Cores that do the cipher in this one's place, where some do.
    pub workers: Option<Workers<'a>>,
    /// The DPU that the NIC is, where it does ESP.
    pub dpu: Option<Box<Dpu<'a>>>,
}

/// The rates that each SA is held to.
#[derive(Debug, Clone, Copy)]
pub struct SaLimit {
    /// The stations that stand for them.
    pub stations: [StationId; 2],
    /// Of inner IP packets.
    pub rate: Option<BitRate>,
    /// Of packets, whatever their size.
    pub packet_rate: Option<PacketRate>,
}

/// How received packets come from another core (RPS, cpumap, VPP's handoff).
#[derive(Debug, Clone, Copy)]
pub struct Steered<'a> {
    /// The core that the NIC interrupts.
    pub dispatcher: Core<'a>,
    /// Polls of what was handed on.
    pub polling: GateId,
    /// Packets that wait for them.
    pub backlog: PoolId,
    /// Whether that core has looked up the packet's route, and so found its SA to be this one's.
    pub routed: bool,
}

/// The most data in one buffer of a socket.
const FRAGMENT: Bytes = Bytes::new(32 << 10);

/// Work by category.
pub type Costs = Vec<(Category, Cycles)>;

/// Where packets merge, and how many of a full poll do, whose end ends merging too.
#[derive(Debug, Clone, Copy)]
pub struct Merging {
    /// The gate.
    pub gate: GateId,
    /// Packets of one merged packet, on average.
    pub packets: u32,
}

impl Host<'_> {
    /// A send's place among those under way, if there is a limit; what finds none is dropped.
    pub fn admitted(&self, n: u32, route: Route) -> Route {
        match self.admission {
            Some(queue) => route![Hop::AcquireOrDrop(queue, n, n), route, Hop::Release(queue, n)],
            None => route,
        }
    }

    /// What the SA's limits let pass, before it costs anything: what comes in is limited where it comes from, and what goes
    /// out is taken to be limited before it is sent. Of what comes in, one packet.
    fn limited(&self, send: &SendCall, packet: Option<&Packet>) -> Route {
        let Some(SaLimit { stations, rate, packet_rate }) = self.limit else { return Route::default() };
        let (n, l3) = packet.map_or_else(|| (send.count(), send.total(|p| p.l3)), |p| (1, p.l3));
        let by_octets = rate.map(|rate| l3 / rate);
        let by_packets = packet_rate.map(|rate| Time::from_ps(rate.interval().as_ps() * u64::from(n)));
        let times = (0..).zip(stations).zip([by_octets, by_packets]);
        let limit = |((rate, station), time): ((u8, StationId), Option<Time>)| {
            Some(Hop::Limit(route::Limit { station, rate, time: time?, packets: n, drops: self.nic.drops }))
        };
        Route(times.filter_map(limit).collect())
    }

    /// The sequence number that the peer has given a packet, where it matters.
    fn sequence_number(&self) -> Route {
        let window = self.replay_window.or_else(|| self.dpu.as_ref()?.soc.replay_window);
        window.map_or_else(Route::default, |_| Hop::Number.into())
    }

    /// The packet passes its SA's replay window, once it is out of its poll.
    fn in_replay_window(&self) -> Route {
        self.replay_window.map_or_else(Route::default, |window| Hop::InWindow(window).into())
    }

    /// Segmentation in software: the core sends, then works on each segment, which goes on by itself. A single packet
    /// is worked on in the send call. `segment` gives a segment's further cycles and the rest of its route. With
    /// threads that wait, a segment waits for its thread first. `labels` say what the core does with a single packet and
    /// with a segment.
    fn software_segments(
        &self,
        send: &SendCall,
        labels: [&'static str; 2],
        segment: impl Fn(&Packet) -> (Costs, Route),
    ) -> Route {
        let head = self.send_costs(send);
        let octets = send.total(|p| p.goodput);
        let count = send.count();
        if count == 1 {
            let (costs, rest) = segment(&send.segments[0].0);
            let work = Hop::Serve(self.core.work(labels[0], &[head, costs].concat()));
            return route![self.thread(), work, self.core.reads_application(octets), rest];
        }
        let parts = send.segments.iter().map(|(packet, n)| {
            let (mut costs, rest) = segment(packet);
            costs.push((Category::Segment, self.core.costs.segment));
            (route![self.thread(), Hop::Serve(self.core.work(labels[1], &costs)), rest], *n)
        });
        let work = Hop::Serve(self.core.work("send", &head));
        route![work, self.core.reads_application(octets), Hop::Split(parts.collect())]
    }

    /// Segmentation in the NIC: the core sends once with `costs`, the NIC reads headers once and each segment's payload.
    /// `headers` are those of the super-packet.
    fn nic_segments(&self, send: &SendCall, costs: Costs, headers: Bytes, encrypt: bool) -> Route {
        let head = self.send_costs(send);
        // Headers, and payload in pages of 32 KiB (`SKB_FRAG_PAGE_ORDER`, Linux net/core/sock.c).
        let buffers = match send.count() {
            1 => 1,
            _ => 1 + send.total(|p| p.goodput).pieces(FRAGMENT) as u32,
        };
        let mut costs = costs;
        if self.core.mapping.is_some() && buffers > 1 {
            costs.push((Category::Transmit, self.core.map(f64::from(buffers - 1))));
        }
        let segments = match send.segments[..] {
            [(p, 1)] => {
                let (dma, frames) = (headers + p.goodput, [p.frame]);
                route![
                    self.nic.copies_in(dma, &frames, &p, &self.core),
                    self.nic.fetch_descriptors(dma, &frames, &p),
                    self.nic_transmits(&self.nic, dma, &frames, &p, encrypt)
                ]
            }
            _ => {
                let nic = self.nic.by_pointers();
                let part = |p: &Packet| self.nic_transmits(&nic, p.goodput, &[p.frame], p, encrypt);
                let parts = send.segments.iter().map(|(p, n)| (part(p), *n));
                route![nic.fetch_super_packet(headers), Hop::Split(parts.collect())]
            }
        };
        route![
            Hop::Serve(self.core.work("send", &[head, costs].concat())),
            self.core.reads_application(send.total(|p| p.goodput)),
            Hop::Acquire(self.nic.ring, 1),
            segments,
            self.nic.complete(&self.core, 1, buffers),
        ]
    }

    /// A packet goes out from a descriptor of its own: the NIC reads `dma` octets, encrypts if it is to, sends.
    fn nic_sends(&self, p: &Packet, dma: Bytes, encrypt: bool) -> Route {
        route![Hop::Acquire(self.nic.ring, p.fragments()), self.nic_takes(p, dma, &p.frames(), encrypt)]
    }

    /// With places in the ring: the NIC reads `dma` octets and sends them in these frames.
    fn nic_takes(&self, p: &Packet, dma: Bytes, frames: &[Bytes], encrypt: bool) -> Route {
        let n = frames.len() as u32;
        route![
            self.nic.copies_in(dma, frames, p, &self.core),
            self.nic.fetch_descriptors(dma, frames, p),
            self.nic_transmits(&self.nic, dma, frames, p, encrypt),
            self.nic.complete(&self.core, n, n)
        ]
    }

    /// The same for a packet that came in by the wire and left merged with others, of which it is a `share`.
    fn nic_takes_share(&self, p: &Packet, leaving: &Leaving, share: f64) -> Route {
        let costs = StackCost { complete: self.core.costs.complete * share, ..self.core.costs.clone() };
        let mapping = self.core.mapping.map(|mapping| mapping.times(share));
        let core = Core { costs: &costs, mapping, ..self.core };
        let nic = self.nic.by_pointers();
        let fetched = nic.fetch_descriptors(leaving.dma, &leaving.frames, p);
        let sent = self.nic_transmits(&nic, leaving.dma, &leaving.frames, p, leaving.encrypt);
        route![fetched, sent, nic.complete(&core, 1, 1)]
    }

    /// One send call, with the copy of its payload and the hooks on its way.
    fn send_costs(&self, send: &SendCall) -> Costs {
        [self.core.send(send.total(|p| p.goodput)).to_vec(), self.hooks.clone(), self.tunnel.clone()].concat()
    }

    /// Handing a packet to the NIC's driver; the doorbell is rung once for all segments of a send, or once per poll.
    fn driver_costs(&self, segments: u32) -> Costs {
        let costs = self.core.costs;
        let mut driver = vec![self.core.hand_over()];
        if !self.stack.rings_once_per_poll() {
            driver.push((Category::Doorbell, costs.doorbell * (1.0 / f64::from(segments))));
        }
        driver
    }

    fn thread(&self) -> Route {
        self.threads.map_or_else(Route::default, |threads| Hop::Acquire(threads, 1).into())
    }

    /// ESP without the cipher, for packets that the host or an accelerator encrypts.
    fn xfrm(&self) -> Costs {
        self.esp(self.core.costs.xfrm)
    }

    /// ESP without the cipher, for packets that the NIC encrypts.
    fn xfrm_offload(&self) -> Costs {
        self.esp(self.core.costs.xfrm_offload)
    }

    /// The same for each of so many segments that the host makes of a super-packet, on average.
    fn xfrm_offload_segment(&self, segments: u32) -> Costs {
        let costs = self.core.costs;
        let others = costs.xfrm_offload_segment * f64::from(segments.saturating_sub(1));
        self.esp(Cycles((costs.xfrm_offload.0 + others.0) / f64::from(segments.max(1))))
    }

    fn esp(&self, cycles: Cycles) -> Costs {
        [vec![(Category::Xfrm, cycles)], self.sa_state()].concat()
    }

    /// Waiting for the state of the packet's SA, where not all of it fits the caches.
    fn sa_state(&self) -> Costs {
        let waits = self.sa_state.0 > 0.0;
        waits.then_some((Category::SaState, self.sa_state)).into_iter().collect()
    }

    /// The CPU's own cipher: a request, and the octets.
    fn software_cipher(&self, p: &Packet) -> Costs {
        [vec![(Category::CryptoRequest, self.core.costs.crypto_request)], self.cipher_itself(p)].concat()
    }

    /// The octets of a request that has been made.
    fn cipher_itself(&self, p: &Packet) -> Costs {
        let mut costs = vec![self.core.cipher(p.encrypted)];
        if self.sizes.unsent > Bytes::ZERO {
            costs.push(self.core.authenticates(self.sizes.unsent));
        }
        costs
    }

    /// Software checksum, unless the NIC does it.
    fn checksum(&self, by_nic: bool, covered: Bytes) -> Costs {
        if by_nic { Vec::new() } else { vec![self.core.checksum(covered)] }
    }
}

/// Headers of a packet in the clear: Ethernet, IP and transport.
fn clear_headers(p: &Packet) -> Bytes {
    wire::ETHERNET_HEADER + (p.l3 - p.goodput)
}

/// Headers of a packet that XFRM has encapsulated for the NIC to encrypt: outer IP, ESP header and IV besides those in
/// the clear. Trailer and ICV are the NIC's.
fn encapsulated_headers(p: &Packet, sizes: CipherSizes) -> Bytes {
    let overhead = p.outer.saturating_sub(p.l3 + ESP_TRAILER + sizes.icv);
    clear_headers(p) + overhead
}
