//! What the daemon has to do: exchanges with peers first, then SA after SA.

use super::daemon::{Message, Tables, Target};
use super::life_cycle::{Holders, Sa};
use crate::scenario::{AddressUpdate, Device, Scenario};

/// One thing that the daemon does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// An exchange with the peer of this group of SAs.
    Exchange(u32),
    /// A message for this SA.
    Send(u32, Message),
}

/// The daemon's work.
#[derive(Debug, Clone)]
pub struct Agenda {
    /// What the daemon knows of NICs.
    pub target: Target,
    /// What it is at.
    pub task: Option<Task>,
    /// Whether something has changed that it has not looked at.
    pub told: bool,
    /// Whether it has done something since it had nothing to do.
    pub busy: bool,
    /// The SA that it looks at next.
    cursor: usize,
    /// SAs of one exchange.
    group: u32,
    round_trip_ps: u64,
    /// Groups whose exchange is to be made, in reverse order.
    exchanges: Vec<u32>,
    /// When each group's response comes, in picoseconds; zero if none is waited for.
    responses: Vec<u64>,
}

impl Agenda {
    /// Nothing to do.
    pub fn new(scenario: &Scenario) -> Self {
        let f = &scenario.failover;
        let group = if f.address_update == AddressUpdate::PerIkeSa { f.sas_per_ike_sa } else { 1 };
        Agenda {
            target: Target { route: Device::Nic, alive: Holders::NONE },
            task: None,
            told: false,
            busy: false,
            cursor: scenario.sa.count as usize,
            group,
            round_trip_ps: f.round_trip.as_ps(),
            exchanges: Vec::new(),
            responses: vec![0; scenario.sa.count.div_ceil(group) as usize],
        }
    }

    /// Starts over with a new target: SAs whose address is no longer the host's need an exchange first.
    pub fn begin(&mut self, target: Target, sas: &[Sa]) {
        self.target = target;
        self.cursor = 0;
        self.responses.fill(0);
        let stale = sas.chunks(self.group as usize).map(|group| group.iter().any(|sa| sa.address != target.route));
        self.exchanges = stale.enumerate().filter_map(|(i, stale)| stale.then_some(i as u32)).collect();
        self.exchanges.reverse();
    }

    /// An exchange's request has been sent.
    pub fn sent(&mut self, group: u32, now: u64) {
        self.responses[group as usize] = now.saturating_add(self.round_trip_ps);
    }

    /// The next task; none if there is nothing left to do.
    ///
    /// # Errors
    /// When the response comes that must be waited for.
    pub fn next(&mut self, sas: &[Sa], tables: &Tables, now: u64) -> Result<Option<Task>, u64> {
        if let Some(group) = self.exchanges.pop() {
            return Ok(Some(Task::Exchange(group)));
        }
        while let Some(sa) = sas.get(self.cursor) {
            if let Some(message) = tables.first(sa, &self.target) {
                let response = self.responses[self.cursor / self.group as usize];
                if response > now {
                    return Err(response);
                }
                self.cursor += 1;
                return Ok(Some(Task::Send(self.cursor as u32 - 1, message)));
            }
            self.cursor += 1;
        }
        Ok(None)
    }
}
