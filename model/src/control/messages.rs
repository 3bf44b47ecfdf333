//! The key management daemon's messages to the kernel, and how long they take.

use crate::engine::random::{Purpose, Stream};
use crate::profile::{Delay, SaCost};
use crate::scenario::{Daemon, Delays, Scenario};
use crate::units::Time;

/// A message of the daemon to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Message {
    /// `XFRM_MSG_GETSA`: keys, sequence number and replay window are read.
    Get,
    /// `XFRM_MSG_DELSA`.
    Delete,
    /// `XFRM_MSG_NEWSA` with an offload that the driver takes.
    AddOffload,
    /// `XFRM_MSG_NEWSA` with an offload that the driver refuses: an error comes back.
    Refuse,
    /// `XFRM_MSG_NEWSA` with an offload that the driver refuses, upon which the kernel installs it in software.
    AddFallback,
    /// `XFRM_MSG_NEWSA` without offload.
    Add,
    /// The messages of one rekeying.
    Rekey,
    /// All messages that move the inbound SA of a pair, before those of the outbound one.
    Inbound,
    /// `XFRM_MSG_MIGRATE` of a pair of SAs.
    Migrate,
}

/// How many kinds of messages there are.
pub const MESSAGES: [Message; 9] = [
    Message::Get,
    Message::Delete,
    Message::AddOffload,
    Message::Refuse,
    Message::AddFallback,
    Message::Add,
    Message::Rekey,
    Message::Inbound,
    Message::Migrate,
];

impl Message {
    /// Whether only some daemons send it.
    pub const fn is_of_some(self) -> bool {
        matches!(self, Message::Inbound | Message::Migrate)
    }

    /// The name used in results.
    pub const fn name(self) -> &'static str {
        match self {
            Message::Get => "get",
            Message::Delete => "delete",
            Message::AddOffload => "add_offload",
            Message::Refuse => "refuse",
            Message::AddFallback => "add_fallback",
            Message::Add => "add",
            Message::Rekey => "rekey",
            Message::Inbound => "inbound",
            Message::Migrate => "migrate",
        }
    }
}

/// The time of each message, as a batch of so many takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTimes([Time; MESSAGES.len()]);

impl MessageTimes {
    /// The medians of a profile as an ideal daemon has them. Of each message the part `call` is the system call, paid once
    /// per `batch` messages.
    pub fn medians(sa: &SaCost, batch: u32, call: Time) -> Self {
        Costs { sa: sa.clone(), batch, call, daemon: Daemon::Ideal, firmware: Time::ZERO }.medians()
    }

    /// The medians of a profile as the daemon of a scenario has them, with firmware's commands.
    pub fn of_scenario(s: &Scenario, sa: &SaCost) -> Self {
        Costs::new(s, sa).medians()
    }

    /// The time of a message.
    pub fn of(&self, message: Message) -> Time {
        self.0[message as usize]
    }
}

/// What a daemon's messages are made of.
#[derive(Debug, Clone)]
struct Costs {
    sa: SaCost,
    batch: u32,
    call: Time,
    daemon: Daemon,
    /// Firmware commands for one SA of one direction.
    firmware: Time,
}

impl Costs {
    fn new(s: &Scenario, sa: &SaCost) -> Self {
        let f = &s.failover;
        let has_firmware = s.placement.encrypts_in_nic() && !f.daemon.is_ideal();
        let firmware = if has_firmware { s.failover.firmware() } else { Time::ZERO };
        Costs { sa: sa.clone(), batch: f.batch, call: f.call, daemon: f.daemon, firmware }
    }

    fn medians(&self) -> MessageTimes {
        MessageTimes(MESSAGES.map(|message| self.time(message, &|delay| delay.median())))
    }

    fn time(&self, message: Message, of: &dyn Fn(&Delay) -> Time) -> Time {
        let time = time_of(message, &self.sa, of);
        let commands = match message {
            Message::AddOffload | Message::Delete => 1.0,
            // Of both directions: removed.
            Message::Migrate => 2.0,
            // Removed and added.
            Message::Inbound => 2.0,
            // Of both directions: added and removed.
            Message::Rekey => 4.0,
            Message::Get | Message::Refuse | Message::AddFallback | Message::Add => 0.0,
        };
        let asked = match message {
            // XFRM_MSG_GETAE for the replay state, after XFRM_MSG_GETSA.
            Message::Get | Message::Inbound if self.daemon == Daemon::Strongswan => of(&self.sa.get),
            _ => Time::ZERO,
        };
        batched(time + asked, self.batch, self.call) + self.firmware.scale(commands)
    }
}

fn batched(time: Time, batch: u32, call: Time) -> Time {
    time.saturating_sub(call.scale(1.0 - 1.0 / f64::from(batch)))
}

fn time_of(message: Message, sa: &SaCost, of: &dyn Fn(&Delay) -> Time) -> Time {
    match message {
        Message::Get => of(&sa.get),
        Message::Delete => of(&sa.delete),
        Message::AddOffload => of(&sa.add_offload),
        Message::Refuse => of(&sa.refuse),
        // The driver says no, and the state that has been built stays: no less than either alone.
        Message::AddFallback => of(&sa.add).max(of(&sa.refuse)),
        Message::Add => of(&sa.add),
        Message::Rekey => of(&sa.rekey),
        Message::Inbound => of(&sa.get) + of(&sa.delete) + of(&sa.add_offload),
        // A new pair is built without offload, and the old one deleted.
        Message::Migrate => sa.migrate.as_ref().map_or_else(|| (of(&sa.add) + of(&sa.delete)).scale(2.0), of),
    }
}

/// How long messages and notifications take.
#[derive(Debug, Clone)]
pub struct MessageLatency {
    medians: MessageTimes,
    drawn: Option<Stream>,
    costs: Costs,
    notification: Option<Time>,
}

impl MessageLatency {
    /// As a scenario says.
    pub fn new(s: &Scenario, sa: &SaCost, seed: u64) -> Self {
        let costs = Costs::new(s, sa);
        MessageLatency {
            medians: costs.medians(),
            drawn: (s.failover.delays == Delays::Drawn).then(|| Stream::new(seed, Purpose::Messages)),
            costs,
            notification: s.failover.notification,
        }
    }

    /// The time of one message.
    pub fn message(&mut self, message: Message) -> Time {
        match &mut self.drawn {
            None => self.medians.of(message),
            Some(stream) => {
                let probability = uniform(stream);
                self.costs.time(message, &|delay| delay.quantile(probability))
            }
        }
    }

    /// From a change until the daemon knows.
    pub fn notification(&mut self) -> Time {
        let notification = &self.costs.sa.notification;
        let drawn = self.drawn.as_mut().map(|stream| notification.quantile(uniform(stream)));
        self.notification.or(drawn).unwrap_or_else(|| notification.median())
    }
}

/// A uniform draw from 0 to 1, of 53 bits.
fn uniform(stream: &mut Stream) -> f64 {
    stream.below(1 << 53) as f64 / (1u64 << 53) as f64
}
