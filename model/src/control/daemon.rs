//! The key management daemon: which message an SA needs next, and how long it takes.

use super::life_cycle::{ACCELERATOR, Holders, Installed, Sa, State, holder};
use crate::engine::random::{Purpose, Stream};
use crate::hardware::nic::NicParams;
use crate::placement::Placement;
use crate::profile::{Delay, SaCost};
use crate::scenario::{Api, Bonding, Delays, Device, Failover, Scenario};
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
}

/// How many kinds of messages there are.
pub const MESSAGES: [Message; 7] = [
    Message::Get,
    Message::Delete,
    Message::AddOffload,
    Message::Refuse,
    Message::AddFallback,
    Message::Add,
    Message::Rekey,
];

impl Message {
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
        }
    }
}

/// The time of each message, as a batch of so many takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTimes([Time; 7]);

impl MessageTimes {
    /// The medians of a profile. Of each message the part `call` is the system call, paid once per `batch` messages.
    pub fn medians(sa: &SaCost, batch: u32, call: Time) -> Self {
        MessageTimes(MESSAGES.map(|message| batched(time_of(message, sa, &|delay| delay.median()), batch, call)))
    }

    /// The time of a message.
    pub fn of(&self, message: Message) -> Time {
        self.0[message as usize]
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
    }
}

/// How long messages and notifications take.
#[derive(Debug, Clone)]
pub struct MessageLatency {
    medians: MessageTimes,
    drawn: Option<Stream>,
    sa: SaCost,
    batch: u32,
    call: Time,
    notification: Option<Time>,
}

impl MessageLatency {
    /// As a scenario says.
    pub fn new(f: &Failover, sa: &SaCost, seed: u64) -> Self {
        MessageLatency {
            medians: MessageTimes::medians(sa, f.batch, f.call),
            drawn: (f.delays == Delays::Drawn).then(|| Stream::new(seed, Purpose::Messages)),
            sa: sa.clone(),
            batch: f.batch,
            call: f.call,
            notification: f.notification,
        }
    }

    /// The time of one message.
    pub fn message(&mut self, message: Message) -> Time {
        match &mut self.drawn {
            None => self.medians.of(message),
            Some(stream) => {
                let probability = uniform(stream);
                batched(time_of(message, &self.sa, &|delay| delay.quantile(probability)), self.batch, self.call)
            }
        }
    }

    /// From a change until the daemon knows.
    pub fn notification(&mut self) -> Time {
        let drawn = self.drawn.as_mut().map(|stream| self.sa.notification.quantile(uniform(stream)));
        self.notification.or(drawn).unwrap_or_else(|| self.sa.notification.median())
    }
}

/// A uniform draw from 0 to 1, of 53 bits.
fn uniform(stream: &mut Stream) -> f64 {
    stream.below(1 << 53) as f64 / (1u64 << 53) as f64
}

/// Where the daemon wants SAs, and what it knows of who takes them.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The NIC that packets leave by.
    pub route: Device,
    /// Who can be asked: NICs with carrier, the accelerator if it is there.
    pub alive: Holders,
}

/// What holds SAs, and how many.
#[derive(Debug, Clone)]
pub struct Tables {
    placement: Placement,
    api: Api,
    software: bool,
    bonding: Bonding,
    /// For each NIC: whether it has an ESP engine at all, whether it takes this SA, and how many.
    nics: [(bool, bool, u32); 2],
    /// Whether the accelerator takes this SA.
    accelerator: bool,
    held: [u32; 2],
}

impl Tables {
    /// The tables of a scenario's NICs, empty.
    pub fn new(s: &Scenario) -> Self {
        let table = |nic: Option<&NicParams>| {
            let esp = nic.and_then(|nic| nic.esp.as_ref());
            let takes = esp.is_some_and(|esp| {
                let packet = !s.placement.encapsulates_in_nic() || esp.packet_offload;
                esp.algorithms.contains(&s.sa.algorithm) && packet
            });
            (esp.is_some(), takes, esp.map_or(0, |esp| esp.sa_capacity))
        };
        Tables {
            placement: s.placement,
            api: s.failover.api,
            software: s.failover.software,
            bonding: s.failover.bonding,
            nics: [table(s.nics().first().copied()), table(s.standby())],
            accelerator: s.accelerator.iter().all(|card| s.offered(card).contains(&s.sa.algorithm)),
            held: [0; 2],
        }
    }

    /// Whether a holder has a place for one more.
    pub fn takes(&self, holder: Holders) -> bool {
        let taking = |device: &Device| {
            let (_, takes, capacity) = self.nics[device.index()];
            takes && self.held[device.index()] < capacity
        };
        match holder {
            ACCELERATOR => self.accelerator,
            _ => Device::ALL.iter().any(|d| holder == Holders::nic(*d) && taking(d)),
        }
    }

    /// Whether a holder offers offload at all, which the daemon can see (`ethtool`: esp-hw-offload).
    fn offers(&self, holder: Holders) -> bool {
        holder == ACCELERATOR || Device::ALL.iter().any(|d| holder == Holders::nic(*d) && self.nics[d.index()].0)
    }

    /// An SA goes from some holders to others.
    pub fn shift(&mut self, from: Installed, to: Installed) {
        let holds = |installed: Installed, device| matches!(installed, Installed::At(h) if h.has(Holders::nic(device)));
        for device in Device::ALL {
            let held = &mut self.held[device.index()];
            *held = *held + u32::from(holds(to, device)) - u32::from(holds(from, device));
        }
    }

    /// The holder that an SA is to have: what the placement needs on the route, if it is there.
    fn wanted(&self, target: &Target) -> Option<Holders> {
        let holder = holder(self.placement, target.route);
        (!holder.is_empty() && target.alive.has(holder) && self.offers(holder)).then_some(holder)
    }

    /// The first message that an SA needs, if any.
    pub fn first(&self, sa: &Sa, target: &Target) -> Option<Message> {
        if sa.rekey && sa.installed != Installed::Gone {
            return Some(Message::Rekey);
        }
        let wanted = self.wanted(target).filter(|wanted| !sa.refused.has(*wanted));
        match sa.installed {
            // Left behind by a daemon that was interrupted, or lost with its device.
            Installed::Gone | Installed::Moving => self.attempt(sa, target),
            Installed::At(_) if sa.address != target.route => Some(Message::Get),
            Installed::At(holders) => {
                let state = sa.state(self.placement, target.route);
                let bonded = self.bonding == Bonding::PreInstalled && wanted.is_some_and(|w| !holders.has(w));
                match state {
                    // The bond gives its slave what it holds already.
                    State::Fallback | State::Software if bonded => self.attempt(sa, target),
                    State::Fallback | State::Software => wanted.map(|_| Message::Get),
                    State::Orphaned if wanted.is_some() || self.software => Some(Message::Get),
                    _ => None,
                }
            }
        }
    }

    /// How an SA that is not installed is added; none if nobody takes it.
    fn attempt(&self, sa: &Sa, target: &Target) -> Option<Message> {
        match self.wanted(target).filter(|wanted| !sa.refused.has(*wanted)) {
            Some(wanted) if self.takes(wanted) => Some(Message::AddOffload),
            Some(_) if self.api == Api::FallbackFlag && self.software => Some(Message::AddFallback),
            Some(_) => Some(Message::Refuse),
            None => (self.software || self.placement.encrypts_on_cpu()).then_some(Message::Add),
        }
    }

    /// What a message does to an SA, and which one follows.
    pub fn done(&mut self, message: Message, sa: &mut Sa, target: &Target) -> Option<Message> {
        let wanted = self.wanted(target).unwrap_or(Holders::NONE);
        let before = sa.installed;
        let mut next = None;
        match message {
            Message::Get => next = Some(Message::Delete),
            Message::Delete => sa.installed = Installed::Moving,
            // The device may have filled or gone while the message was under way.
            Message::AddOffload if self.takes(wanted) => {
                let bonded = self.bonding == Bonding::PreInstalled;
                sa.installed = match sa.installed {
                    Installed::At(holders) if bonded => Installed::At(holders.with(wanted)),
                    _ => Installed::At(wanted),
                };
                sa.address = target.route;
            }
            Message::AddOffload | Message::Refuse => sa.refused = sa.refused.with(wanted),
            Message::Add | Message::AddFallback => {
                sa.installed = match sa.installed {
                    Installed::At(holders) => Installed::At(holders),
                    _ => Installed::At(Holders::NONE),
                };
                sa.address = target.route;
                if message == Message::AddFallback {
                    sa.refused = sa.refused.with(wanted);
                }
            }
            Message::Rekey => {
                sa.rekey = false;
                let there = matches!(before, Installed::At(holders) if holders.has(wanted));
                if there || self.takes(wanted) {
                    sa.installed = Installed::At(wanted);
                    sa.address = target.route;
                } else if self.software || self.placement.encrypts_on_cpu() {
                    sa.installed = Installed::At(Holders::NONE);
                    sa.address = target.route;
                    sa.refused = sa.refused.with(wanted);
                }
            }
        }
        self.shift(before, sa.installed);
        if matches!(sa.installed, Installed::Moving | Installed::Gone) {
            next = self.attempt(sa, target);
            if next.is_none() {
                sa.installed = Installed::Gone;
            }
        }
        next
    }
}
