//! What the daemon has to do: exchanges with peers first, then SA after SA.

use super::daemon::{Tables, Target};
use super::life_cycle::{Holders, Sa};
use super::messages::Message;
use super::negotiations::Negotiations;
use crate::scenario::{AddressUpdate, Device, Scenario};

/// One thing that the daemon does at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// An exchange with the peer of this group of SAs.
    Exchange(u32),
    /// An exchange with its peer for a new SA in the place of this one.
    Negotiate(u32),
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
    /// SAs of one IKE SA.
    sas_per_ike_sa: usize,
    /// New SAs, of a daemon that negotiates them.
    negotiations: Option<Negotiations>,
}

impl Agenda {
    /// Nothing to do.
    pub fn new(scenario: &Scenario) -> Self {
        let f = &scenario.failover;
        let group = if f.address_update == AddressUpdate::PerIkeSa { f.sas_per_ike_sa } else { 1 };
        let negotiations = || Negotiations::new(scenario.sa.count, f.sas_per_ike_sa, f.round_trip.as_ps());
        Agenda {
            target: Target { route: Device::Nic, address: Device::Nic, alive: Holders::NONE },
            task: None,
            told: false,
            busy: false,
            cursor: scenario.sa.count as usize,
            group,
            round_trip_ps: f.round_trip.as_ps(),
            exchanges: Vec::new(),
            responses: vec![0; scenario.sa.count.div_ceil(group) as usize],
            sas_per_ike_sa: f.sas_per_ike_sa as usize,
            negotiations: f.daemon.negotiates().then(negotiations),
        }
    }

    /// Starts over with a new target: SAs whose address is no longer the host's need an exchange first.
    pub fn begin(&mut self, target: Target, sas: &[Sa], tables: &Tables) {
        self.target = target;
        self.cursor = 0;
        self.responses.fill(0);
        let stale = sas.chunks(self.group as usize).map(|group| group.iter().any(|sa| sa.address != target.address));
        self.exchanges = stale.enumerate().filter_map(|(i, stale)| stale.then_some(i as u32)).collect();
        self.exchanges.reverse();
        self.negotiate(target, sas, tables);
    }

    /// SAs are asked for beside what the daemon is at.
    pub fn negotiate(&mut self, target: Target, sas: &[Sa], tables: &Tables) {
        if let Some(negotiations) = &mut self.negotiations {
            self.target = target;
            negotiations.begin(|sa| is_negotiated(&sas[sa], tables, &target), sas.len());
        }
    }

    /// An exchange's request has been sent.
    pub fn sent(&mut self, group: u32, now: u64) {
        self.responses[group as usize] = now.saturating_add(self.round_trip_ps);
    }

    /// A request for a new SA is ready; while its IKE SA waits for another answer it waits too.
    pub fn asked(&mut self, sa: u32, now: u64) {
        let open = self.responses[(sa / self.group) as usize].max(now);
        if let Some(negotiations) = &mut self.negotiations {
            negotiations.sent(sa, open);
        }
    }

    /// A new SA has been installed, or cannot be.
    pub fn negotiated(&mut self, sa: u32, sas: &[Sa], tables: &Tables) {
        if let Some(negotiations) = &mut self.negotiations {
            negotiations.go_on(sa, |sa| is_negotiated(&sas[sa], tables, &self.target), sas.len());
        }
    }

    /// The next task; none if there is nothing left to do.
    ///
    /// # Errors
    /// When the response comes that must be waited for.
    pub fn next(&mut self, sas: &[Sa], tables: &Tables, now: u64) -> Result<Option<Task>, u64> {
        while let Some(sa) = self.negotiations.as_mut().and_then(|negotiations| negotiations.answered(now)) {
            if is_negotiated(&sas[sa as usize], tables, &self.target) {
                return Ok(Some(Task::Send(sa, Message::Rekey)));
            }
            self.negotiated(sa, sas, tables);
        }
        if let Some(group) = self.exchanges.pop() {
            return Ok(Some(Task::Exchange(group)));
        }
        if let Some(sa) = self.negotiations.as_mut().and_then(Negotiations::request) {
            return Ok(Some(Task::Negotiate(sa)));
        }
        let answer = self.negotiations.as_ref().and_then(Negotiations::earliest);
        while let Some(sa) = sas.get(self.cursor) {
            let leads = self.cursor.is_multiple_of(self.sas_per_ike_sa);
            let message = tables.first(sa, &self.target, leads);
            if let Some(message) = message.filter(|message| self.negotiations.is_none() || *message != Message::Rekey) {
                let response = self.responses[self.cursor / self.group as usize];
                if response > now {
                    return Err(answer.map_or(response, |answer| answer.min(response)));
                }
                self.cursor += 1;
                return Ok(Some(Task::Send(self.cursor as u32 - 1, message)));
            }
            self.cursor += 1;
        }
        answer.map_or(Ok(None), Err)
    }
}

/// Whether an SA is to be replaced by one that is negotiated.
fn is_negotiated(sa: &Sa, tables: &Tables, target: &Target) -> bool {
    tables.first(sa, target, false) == Some(Message::Rekey)
}
