//! The key management daemon: which message an SA needs next.

use super::life_cycle::{ACCELERATOR, Holders, Installed, Sa, State, holder};
use super::messages::Message;
use crate::hardware::nic::NicParams;
use crate::placement::Placement;
use crate::scenario::{Api, Bonding, Daemon, Device, Scenario};

/// Where the daemon wants SAs, and what it knows of who takes them.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The NIC that packets leave by.
    pub route: Device,
    /// The one whose address it takes for the host's: a daemon that waits does not know of the last change yet.
    pub address: Device,
    /// Who can be asked: NICs with carrier, the accelerator if it is there.
    pub alive: Holders,
}

/// What holds SAs, and how many.
#[derive(Debug, Clone)]
pub struct Tables {
    pub(super) placement: Placement,
    api: Api,
    pub(super) software: bool,
    bonding: Bonding,
    pub(super) daemon: Daemon,
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
            daemon: s.failover.daemon,
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
    pub(super) fn wanted(&self, target: &Target) -> Option<Holders> {
        let holder = holder(self.placement, target.route);
        (!holder.is_empty() && target.alive.has(holder) && self.offers(holder)).then_some(holder)
    }

    /// The first message that an SA needs, if any. `leads` is whether it is the first of its IKE SA.
    pub fn first(&self, sa: &Sa, target: &Target, leads: bool) -> Option<Message> {
        if sa.rekey && sa.installed != Installed::Gone {
            return Some(Message::Rekey);
        }
        // SAs of a bond are bound to the bond's device, whatever its active NIC is.
        if self.bonding == Bonding::LinuxActiveBackup {
            return None;
        }
        if !self.daemon.is_ideal() {
            return self.first_as_is(sa, target, leads);
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
            Message::Inbound => next = Some(Message::Get),
            Message::Migrate => self.migrated(sa, target),
            Message::Get => {
                sa.counted_by_nic = matches!(sa.installed, Installed::At(holders) if !holders.is_empty());
                next = Some(Message::Delete);
            }
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
            next = if self.daemon.is_ideal() { self.attempt(sa, target) } else { self.update(message, target) };
            if next.is_none() {
                sa.installed = Installed::Gone;
            }
        }
        next
    }
}
