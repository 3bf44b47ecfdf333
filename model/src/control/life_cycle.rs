//! The life of an SA: where it is installed, what its packets do, and which sequence number comes next.

use crate::placement::{Agent, Orphan, Placement};
use crate::scenario::Device;

/// A set of things that can hold an SA: the NICs, and the lookaside accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holders(u8);

/// The lookaside accelerator, where SAs use one.
pub const ACCELERATOR: Holders = Holders(1 << 2);

impl Holders {
    /// Nothing.
    pub const NONE: Holders = Holders(0);

    /// One NIC.
    pub const fn nic(device: Device) -> Self {
        Holders(1 << device.index())
    }

    /// Whether some of `other` are in the set.
    pub const fn has(self, other: Holders) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both together.
    pub const fn with(self, other: Holders) -> Self {
        Holders(self.0 | other.0)
    }

    /// The set without `other`.
    pub const fn without(self, other: Holders) -> Self {
        Holders(self.0 & !other.0)
    }
}

/// What the kernel knows of an SA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installed {
    /// Nothing: it is gone, or was never installed.
    Gone,
    /// Nothing for the moment: the daemon has deleted it, to add it anew.
    Moving,
    /// The SA, held by devices too unless there are none.
    At(Holders),
}

/// What an SA is to the NIC that packets leave by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Held by it (or by the accelerator).
    Offloaded,
    /// Installed without offload.
    Software,
    /// Bound to another NIC: the kernel encrypts (crypto offload).
    Fallback,
    /// Bound to another NIC: packets are dropped (packet offload).
    Orphaned,
    /// Deleted, not yet added: packets are dropped.
    InFlight,
    /// Gone, or with an address that the host no longer has: packets are dropped.
    Missing,
    /// Held by the NIC that packets leave by, but with numbers that the peer has seen: the peer drops packets.
    Replayed,
}

/// How many states there are.
pub const STATES: usize = State::ALL.len();

impl State {
    /// Every state, in the order of this declaration.
    pub const ALL: [State; 7] = [
        State::Offloaded,
        State::Software,
        State::Fallback,
        State::Orphaned,
        State::InFlight,
        State::Missing,
        State::Replayed,
    ];

    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            State::Offloaded => "offloaded",
            State::Software => "software",
            State::Fallback => "fallback",
            State::Orphaned => "orphaned",
            State::InFlight => "in_flight",
            State::Missing => "missing",
            State::Replayed => "replayed",
        }
    }

    /// What becomes of packets.
    pub const fn packets(self) -> Use {
        match self {
            State::Offloaded => Use::Offloaded,
            State::Software | State::Fallback => Use::Software,
            State::Orphaned | State::InFlight | State::Missing => Use::Dropped,
            State::Replayed => Use::Refused,
        }
    }
}

/// What becomes of an SA's packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Encrypted where the placement says.
    Offloaded,
    /// Encrypted on the CPU.
    Software,
    /// Dropped.
    Dropped,
    /// Encrypted where the placement says, and dropped by the peer.
    Refused,
}

/// One SA of the host, outbound. Compact: a host may have a hundred thousand.
#[derive(Debug, Clone)]
pub struct Sa {
    /// Where it is.
    pub installed: Installed,
    /// Who has refused it since the last change.
    pub refused: Holders,
    /// The NIC whose address it has.
    pub address: Device,
    /// Whether it is to be rekeyed.
    pub rekey: bool,
    /// Its sequence numbers.
    pub numbers: Numbers,
    /// Whether a NIC counted when it was read last.
    pub counted_by_nic: bool,
    /// Whether the peer drops its packets as replayed.
    pub replayed: bool,
    /// Since when packets have been dropped for want of it, in picoseconds.
    pub dropped_since: Option<u64>,
    /// For how long they were before.
    pub dropped_ps: u64,
    /// The state that it was counted in last.
    pub counted: State,
}

impl Sa {
    /// An SA that is installed nowhere yet.
    pub fn new() -> Self {
        Sa {
            installed: Installed::Gone,
            refused: Holders::NONE,
            address: Device::Nic,
            rekey: false,
            numbers: Numbers::default(),
            counted_by_nic: true,
            replayed: false,
            dropped_since: None,
            dropped_ps: 0,
            counted: State::Missing,
        }
    }

    /// What it is while packets leave by `route`.
    pub fn state(&self, placement: Placement, route: Device) -> State {
        match self.installed {
            Installed::Moving => State::InFlight,
            Installed::Gone => State::Missing,
            Installed::At(_) if self.address != route => State::Missing,
            Installed::At(holders) if holders.has(holder(placement, route)) => {
                if self.replayed {
                    State::Replayed
                } else {
                    State::Offloaded
                }
            }
            Installed::At(Holders::NONE) => State::Software,
            Installed::At(_) if placement.0.orphan == Orphan::Dropped => State::Orphaned,
            Installed::At(_) => State::Fallback,
        }
    }

    /// For how long packets have not been dropped for want of it, in picoseconds.
    pub fn in_use(&self, now: u64) -> u64 {
        now - self.dropped_ps - self.dropped_since.map_or(0, |since| now - since)
    }

    /// Counts the time for which packets are dropped for want of the SA.
    pub fn note(&mut self, dropped: bool, now: u64) {
        match (self.dropped_since, dropped) {
            (None, true) => self.dropped_since = Some(now),
            (Some(since), false) => {
                self.dropped_ps += now - since;
                self.dropped_since = None;
            }
            _ => {}
        }
    }
}

/// What holds an SA while it is offloaded and packets leave by `route`.
pub const fn holder(placement: Placement, route: Device) -> Holders {
    match placement.0.encrypts {
        // A failover of a DPU is refused before.
        Agent::Nobody | Agent::Cpu | Agent::Dpu => Holders::NONE,
        Agent::Accelerator => ACCELERATOR,
        Agent::Nic => Holders::nic(route),
    }
}

/// Sequence numbers of an SA (RFC 4303 section 2.2, extended ones of 64 bits).
///
/// The number of the next packet is known to whoever counts: the kernel, or with packet offload the NIC. Who installs
/// the SA anew knows what it has read, and when. Between reading and deleting, or if the NIC that counted can no longer
/// be asked, more packets may have left: at most as many as the NIC can send in the time. So many numbers are skipped,
/// which a receiver allows (its window moves on), as RFC 6311 section 6 has it for a cluster's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Number of the first packet of the present installation.
    first: u64,
    /// The SA's tally of packets then.
    tally: u64,
    /// The number that was read last, and when, in picoseconds.
    read: (u64, u64),
    /// Numbers that were skipped.
    pub skipped: u64,
    /// Installations that began at a number which had been used: none, if the rule above is kept.
    pub repeated: u64,
    /// The highest number that the peer has seen of the SA before its present installation.
    peer: u64,
    /// How long the SA had been in use when time began, in picoseconds.
    age: u64,
}

/// How many numbers can be used up in a time, whatever the traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SequenceRate {
    /// Packets per second that can leave.
    pub packets_per_s: f64,
    /// Packets that can have a number and not have left.
    pub under_way: u64,
}

impl Default for Numbers {
    fn default() -> Self {
        // The first packet sent on an SA has the number 1 (RFC 4303 section 3.3.3).
        Numbers { first: 1, tally: 0, read: (1, 0), skipped: 0, repeated: 0, peer: 0, age: 0 }
    }
}

/// Packets of the present installation that tell its rate.
const ENOUGH: u64 = 8;

impl Numbers {
    /// Of an SA that has been in use for some time, in picoseconds, at the rate that it goes on at.
    pub fn in_use_for(age: u64) -> Self {
        Numbers { age, ..Numbers::default() }
    }

    /// The number of the next packet, which only the counter knows.
    pub fn next(&self, tally: u64) -> u64 {
        self.first + (tally - self.tally)
    }

    /// The counter is read.
    pub fn read(&mut self, tally: u64, now: u64) {
        self.read = (self.next(tally), now);
    }

    /// The SA is gone from where it was counted. It will go on at a number that no packet since the last reading has
    /// had.
    pub fn resume(&mut self, tally: u64, now: u64, sequence_rate: SequenceRate) {
        let (number, at) = self.read;
        let most = ((now - at) as f64 * 1e-12 * sequence_rate.packets_per_s).ceil() as u64 + sequence_rate.under_way;
        let (used_up_to, first) = (self.next(tally), number + most);
        self.repeated += u64::from(first < used_up_to);
        self.skipped += first.saturating_sub(used_up_to);
        (self.first, self.tally, self.read) = (first, tally, (first, now));
    }

    /// A new SA with a new SPI takes over.
    pub fn rekey(&mut self, tally: u64, now: u64) {
        (self.first, self.tally, self.read) = (1, tally, (1, now));
        (self.peer, self.age) = (0, 0);
    }

    /// The SA is installed anew, and who does so knows nothing of what the NIC has counted: it begins at 1 again.
    /// So far it has had packets for `in_use` picoseconds.
    pub fn restart(&mut self, tally: u64, now: u64, in_use: u64) {
        let sent = u128::from(tally - self.tally);
        let before = sent * u128::from(self.age) / u128::from(in_use.max(1));
        self.peer = self.peer.max(self.next(tally) - 1 + before as u64);
        self.repeated += u64::from(self.peer > 0);
        (self.first, self.tally, self.read, self.age) = (1, tally, (1, now), 0);
    }

    /// Packets that the peer will still drop: it has seen their numbers, and its window has moved on (RFC 4303 section
    /// 3.4.3).
    pub fn seen_by_peer(&self, tally: u64) -> u64 {
        (self.peer + 1).saturating_sub(self.next(tally))
    }

    /// When it is worth looking again whether the peer accepts packets: half-way there at the rate so far, so that it is
    /// found to an eighth of the time between packets. In picoseconds.
    pub fn look_again(&self, tally: u64, now: u64, in_use: u64) -> u64 {
        let (since, sent) = (now - self.read.1, tally - self.tally);
        let (time, packets) = if sent < ENOUGH { (in_use, tally) } else { (since, sent) };
        let interval = time / packets.max(1);
        let half = (self.seen_by_peer(tally) / 2).saturating_mul(interval);
        now.saturating_add(half.max(interval / 8).max(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What Linux does with an SA that is bound to another NIC.
    #[test]
    fn orphans_fall_back_or_are_dropped() {
        let state = |installed, placement, route| Sa { installed, address: route, ..Sa::new() }.state(placement, route);
        let at = |holders| Installed::At(holders);
        let nic = at(Holders::nic(Device::Nic));
        assert_eq!(state(Installed::Gone, Placement::INLINE_CRYPTO, Device::Nic), State::Missing);
        assert_eq!(state(nic, Placement::INLINE_CRYPTO, Device::Nic), State::Offloaded);
        assert_eq!(state(nic, Placement::INLINE_CRYPTO, Device::Standby), State::Fallback);
        assert_eq!(state(nic, Placement::INLINE_PACKET, Device::Standby), State::Orphaned);
        assert_eq!(state(at(Holders::NONE), Placement::INLINE_PACKET, Device::Standby), State::Software);
        assert_eq!(state(at(ACCELERATOR), Placement::LOOKASIDE, Device::Standby), State::Offloaded);
        // With the address of the other NIC it is of no use.
        let sa = Sa { installed: nic, ..Sa::new() };
        assert_eq!(sa.state(Placement::INLINE_CRYPTO, Device::Standby), State::Missing);
    }

    /// An SA that begins at 1 again is refused until as many packets have left as had before, those of its age among them.
    #[test]
    fn numbers_that_begin_anew_are_refused_until_they_are_past_the_old_ones() {
        let mut numbers = Numbers::in_use_for(3_000_000);
        numbers.restart(100, 1_200_000, 1_000_000);
        assert_eq!((numbers.next(100), numbers.seen_by_peer(100), numbers.repeated), (1, 400, 1));
        assert_eq!((numbers.seen_by_peer(499), numbers.seen_by_peer(500)), (1, 0));
        // Twice: what was seen stays seen. A new SA has been seen by nobody.
        numbers.restart(150, 2_000_000, 2_000_000);
        assert_eq!(numbers.seen_by_peer(150), 400);
        numbers.rekey(160, 3_000_000);
        assert_eq!(numbers.seen_by_peer(160), 0);
    }

    proptest! {
        /// Whatever packets leave between readings and installations, within what the NIC can send: no number is used
        /// twice, and numbers only grow.
        #[test]
        fn numbers_never_repeat(steps in prop::collection::vec((0..3u8, 1..1_000_000u64, 0.0..1.0f64), 1..100)) {
            let (mut numbers, mut tally, mut now, mut highest) = (Numbers::default(), 0, 0, 0);
            let rate = 148.8e6;
            let sequence_rate = SequenceRate { packets_per_s: rate, under_way: 1000 };
            for (what, ns, load) in steps {
                now += ns * 1000;
                let sent = (ns as f64 * 1e-9 * rate * load) as u64 + if what == 2 { 1000 } else { 0 };
                if sent > 0 {
                    prop_assert!(numbers.next(tally) > highest);
                    tally += sent;
                    highest = numbers.next(tally) - 1;
                }
                match what {
                    0 | 2 => numbers.read(tally, now),
                    1 => numbers.resume(tally, now, sequence_rate),
                    _ => {}
                }
                prop_assert_eq!(numbers.repeated, 0);
                prop_assert!(numbers.next(tally) > highest);
            }
        }
    }
}
