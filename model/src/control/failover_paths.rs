//! Every way that a packet can go while NICs and SAs change: other paths of the machine that `run` simulates too.

use super::life_cycle::SequenceRate;
use crate::machine::{Machine, Way};
use crate::placement::Placement;
use crate::profile::Profile;
use crate::scenario::{Device, Invalid, Scenario};
use crate::traffic::Direction;

/// How a packet leaves, chosen when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// By this NIC, encrypted where the placement says.
    Offloaded(Device),
    /// By this NIC, encrypted on the CPU.
    Software(Device),
    /// Dropped: the NIC that packets leave by has no carrier.
    NoCarrier,
    /// Dropped for want of an SA.
    NoSa,
    /// By this NIC, encrypted where the placement says, with a number that the peer has seen.
    Replayed(Device),
}

impl Exit {
    /// Every exit, in the order of [`Self::index`].
    pub const ALL: [Exit; 8] = [
        Exit::Offloaded(Device::Nic),
        Exit::Software(Device::Nic),
        Exit::Offloaded(Device::Standby),
        Exit::Software(Device::Standby),
        Exit::NoCarrier,
        Exit::NoSa,
        Exit::Replayed(Device::Nic),
        Exit::Replayed(Device::Standby),
    ];

    /// Its place in [`Self::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Exit::Offloaded(device) => 2 * device.index(),
            Exit::Software(device) => 2 * device.index() + 1,
            Exit::NoCarrier => 4,
            Exit::NoSa => 5,
            Exit::Replayed(device) => 6 + device.index(),
        }
    }

    /// The NIC's number in the machine and what becomes of packets. Without a standby nothing is ever steered to it.
    fn way(self, s: &Scenario) -> (u8, Way) {
        let nic = |device| u8::from(device == Device::Standby && s.standby().is_some());
        match self {
            Exit::Offloaded(device) | Exit::Replayed(device) => (nic(device), Way::By(s.placement)),
            Exit::Software(device) => (nic(device), Way::By(Placement::HOST)),
            Exit::NoCarrier => (0, Way::NoCarrier),
            Exit::NoSa => (0, Way::NoSa),
        }
    }
}

/// The machine with the paths of all exits.
#[derive(Debug, Clone)]
pub struct FailoverPaths {
    /// The machine; the paths of one exit after those of the other.
    pub machine: Machine,
    /// The path of each flow by the first exit.
    paths: Vec<u16>,
    /// Paths of each exit.
    pub paths_per_exit: u16,
    /// The flows of each SA: those of SA `i` are `by_sa[first_flow[i]..first_flow[i + 1]]`.
    by_sa: Vec<u32>,
    first_flow: Vec<u32>,
    /// How fast sequence numbers can be used up.
    pub sequence_rate: SequenceRate,
}

impl FailoverPaths {
    /// The machine of a scenario with every exit.
    ///
    /// # Errors
    /// As [`Machine::build`].
    pub fn new(scenario: &Scenario, profile: &Profile) -> Result<Self, Invalid> {
        let exits = &Exit::ALL[..scenario.failover.ways(scenario.placement) as usize];
        let ways: Vec<(u8, Way)> = exits.iter().map(|exit| exit.way(scenario)).collect();
        let machine = Machine::with_ways(scenario, profile, &ways)?;
        let paths = machine.flows.clone();
        let paths_per_exit = (machine.paths.len() / exits.len()) as u16;
        let (by_sa, first_flow) = group(&machine.keys, scenario.sa.count);
        Ok(FailoverPaths { machine, paths, paths_per_exit, by_sa, first_flow, sequence_rate: sequence_rate(scenario) })
    }

    /// The flows of an SA.
    pub fn flows(&self, sa: u32) -> &[u32] {
        let at = |i: u32| self.first_flow[i as usize] as usize;
        &self.by_sa[at(sa)..at(sa + 1)]
    }

    /// The path at which packets of a flow start that leave so.
    pub fn path(&self, flow: u32, exit: Exit) -> u16 {
        self.paths[flow as usize] + exit.index() as u16 * self.paths_per_exit
    }

    /// How packets of a path leave.
    pub fn exit(&self, path: usize) -> Exit {
        Exit::ALL[path / usize::from(self.paths_per_exit)]
    }
}

/// Flows by SA, and where each SA's begin.
fn group(keys: &[u32], sas: u32) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![0u32; sas as usize + 1];
    for &sa in keys {
        first[sa as usize + 1] += 1;
    }
    for i in 1..first.len() {
        first[i] += first[i - 1];
    }
    let mut by_sa: Vec<u32> = (0..keys.len() as u32).collect();
    by_sa.sort_by_key(|&flow| keys[flow as usize]);
    (by_sa, first)
}

/// What leaves is limited by the NICs, what is admitted but has not left by the queues.
fn sequence_rate(s: &Scenario) -> SequenceRate {
    let ring = s.nic.iter().map(|nic| nic.ring).max().unwrap_or(0);
    let queue = |direction| if direction == Direction::Transmit { 0 } else { ring };
    let queues = s.classes().iter().map(|class| class.queue + queue(class.direction)).max().unwrap_or(0);
    SequenceRate {
        packets_per_s: s.nic.iter().map(|nic| nic.packet_rate.as_pps()).sum(),
        // Each NIC's queues, as a route may change back and forth.
        under_way: 2 * u64::from(queues) * u64::from(s.host.cores) + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_numbered_as_listed() {
        for (i, exit) in Exit::ALL.into_iter().enumerate() {
            assert_eq!(exit.index(), i);
        }
    }

    #[test]
    fn flows_are_grouped_by_sa() {
        let (by_sa, first) = group(&[2, 0, 2, 3], 5);
        assert_eq!(by_sa, [1, 0, 2, 3]);
        assert_eq!(first, [0, 1, 1, 3, 4, 4]);
    }
}
