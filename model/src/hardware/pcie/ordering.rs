//! In which order what a device asks for is done (PCI Express Base Specification section 2.4.1): a posted write without
//! the relaxed ordering attribute passes none before it, and no read request passes a write.
//!
//! Latency alone orders nothing anew. Order is felt where one write takes longer than the next, as in a page walk, and
//! where the root complex has only a few ordered writes under way: it makes a line visible once those before it are.

use crate::resource::Resource;
use crate::route::{Hop, OrderId, Platform, StationId, Visit};
use crate::units::{Bytes, Time};

use super::SlotParams;

/// A cache line, which the root complex makes visible as a whole.
const LINE: Bytes = Bytes::new(64);

/// What a device asks for, as order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// A read of so many octets.
    Read,
    /// A write of payload, so many octets, which may pass others where it has the attribute.
    Payload(Bytes),
    /// A write that says that payload is there: a completion, an interrupt. It never passes any.
    Notice(Bytes),
}

/// The order of a device's requests at the root complex.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ordering {
    /// Whether payload has the attribute.
    relaxed: bool,
    /// The root complex as it makes ordered writes visible, and how many lines at a time.
    commits: Option<(StationId, u32)>,
    /// Those that are being translated, where anything is.
    behind: Option<OrderId>,
}

impl Ordering {
    /// Places what keeps order on the platform, for a device whose payload has the attribute or not and whose addresses are
    /// translated or not.
    pub fn place(slot: &SlotParams, relaxed: bool, translated: bool, platform: &mut Platform) -> Self {
        let limit = slot.ordered_writes.map(|lines| lines.max(1));
        let limits = limit.is_some() || (translated && !relaxed);
        Ordering {
            relaxed,
            commits: limits.then(|| (platform.station(Resource::OrderedWrites, 1), limit.unwrap_or(u32::MAX))),
            behind: translated.then(|| platform.order()),
        }
    }

    /// Whether a request keeps its place among others where that takes any time.
    pub(super) fn holds(&self, request: Request) -> bool {
        let keeps = match request {
            Request::Read | Request::Payload(_) => !self.relaxed,
            Request::Notice(_) => true,
        };
        keeps && self.commits.is_some()
    }

    /// What a request meets at the root complex, which `translation` is a part of, and the `latency` that it rides.
    /// `share` is its part of what it says to write.
    pub(super) fn meets(&self, request: Request, share: f64, latency: Time, translation: Vec<Hop>) -> Vec<Hop> {
        let enter = self.behind.map(Hop::Enter);
        let leave = |waits: bool| self.behind.map(|order| Hop::Leave(order, waits));
        let commit = self.commit(request, share, latency);
        match request {
            Request::Read if self.relaxed => translation,
            // Once those before it are done with their translation.
            Request::Read => enter.into_iter().chain(leave(true)).chain(commit).chain(translation).collect(),
            Request::Payload(_) | Request::Notice(_) => {
                let waits = !(self.relaxed && matches!(request, Request::Payload(_)));
                enter.into_iter().chain(translation).chain(leave(waits)).chain(commit).collect()
            }
        }
    }

    /// Lines become visible so many at a time, each `latency` after its turn: a write of `n` lines takes `n` of these turns
    /// of latency over lines at a time. The last one rides what is left of its latency.
    fn commit(&self, request: Request, share: f64, latency: Time) -> Option<Hop> {
        let (station, at_once) = self.commits.filter(|_| self.holds(request))?;
        let turn = latency.scale(1.0 / f64::from(at_once));
        let visit = match request {
            Request::Read => Visit::new(station, Time::ZERO, latency, "read behind writes"),
            Request::Payload(n) | Request::Notice(n) => {
                let lines = n.pieces(LINE) as f64 * share;
                Visit::new(station, turn.scale(lines), latency.saturating_sub(turn), "write in order")
                    .of(n.scale(share))
            }
        };
        Some(Hop::Serve(visit))
    }
}
