//! New SAs that the daemon negotiates with peers: CREATE_CHILD_SA exchanges (RFC 7296 section 1.3).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Exchanges for new SAs. Of one IKE SA one is under way at a time: strongSwan (`task_manager_v2.c`: no second one while
/// `initiating` has a type) and libreswan have a window of 1 (RFC 7296 section 2.3).
#[derive(Debug, Clone)]
pub struct Negotiations {
    /// SAs of one IKE SA.
    group: usize,
    round_trip_ps: u64,
    /// SAs to ask for.
    requests: VecDeque<u32>,
    /// When the answer for an SA comes, in picoseconds.
    responses: BinaryHeap<Reverse<(u64, u32)>>,
    /// Whether each IKE SA is at one.
    busy: Vec<bool>,
}

impl Negotiations {
    /// None yet, of so many SAs.
    pub fn new(sas: u32, group: u32, round_trip_ps: u64) -> Self {
        let (requests, responses) = (VecDeque::new(), BinaryHeap::new());
        let busy = vec![false; sas.div_ceil(group) as usize];
        Negotiations { group: group as usize, round_trip_ps, requests, responses, busy }
    }

    /// Every IKE SA that is free asks for the first SA that it needs.
    pub fn begin(&mut self, needs: impl Fn(usize) -> bool, sas: usize) {
        for (i, busy) in self.busy.iter_mut().enumerate().filter(|(_, busy)| !**busy) {
            let first = i * self.group;
            if let Some(sa) = (first..sas.min(first + self.group)).find(|&sa| needs(sa)) {
                *busy = true;
                self.requests.push_back(sa as u32);
            }
        }
    }

    /// The SA that is to be asked for next.
    pub fn request(&mut self) -> Option<u32> {
        self.requests.pop_front()
    }

    /// A request is ready, and leaves as soon as the window is open.
    pub fn sent(&mut self, sa: u32, open: u64) {
        self.responses.push(Reverse((open.saturating_add(self.round_trip_ps), sa)));
    }

    /// An SA whose answer is there.
    pub fn answered(&mut self, now: u64) -> Option<u32> {
        self.earliest().filter(|&at| at <= now).and_then(|_| self.responses.pop()).map(|Reverse((_, sa))| sa)
    }

    /// When the next answer comes.
    pub fn earliest(&self) -> Option<u64> {
        self.responses.peek().map(|Reverse((at, _))| *at)
    }

    /// An SA has its answer: its IKE SA goes on to the next one that it needs.
    pub fn go_on(&mut self, sa: u32, needs: impl Fn(usize) -> bool, sas: usize) {
        let group = sa as usize / self.group;
        let last = sas.min((group + 1) * self.group);
        match (sa as usize + 1..last).find(|&sa| needs(sa)) {
            Some(next) => self.requests.push_back(next as u32),
            None => self.busy[group] = false,
        }
    }
}
