//! What the daemon does about it, one task at a time.

use super::agenda::Task;
use super::daemon::Target;
use super::failover::{Due, FailoverRun};
use super::life_cycle::{ACCELERATOR, Holders, Installed};
use super::messages::Message;
use crate::scenario::{AddressUpdate, DaemonCpu, Device};

impl FailoverRun<'_> {
    /// The daemon knows of a change; what it is at it finishes first.
    pub(super) fn told(&mut self) {
        self.agenda.told = true;
        if self.agenda.task.is_none() {
            self.work();
        }
    }

    /// The daemon is asked for SAs: packets have none, or theirs is to be rekeyed.
    pub(super) fn asked(&mut self) {
        if self.scenario.failover.daemon.is_ideal() {
            return self.told();
        }
        self.sas.iter_mut().for_each(|sa| sa.refused = Holders::NONE);
        self.agenda.negotiate(self.target(), &self.sas, &self.tables);
        self.work();
    }

    /// The daemon acts on the address that the host has now.
    pub(super) fn roamed(&mut self) {
        self.address = self.route;
        self.told();
    }

    fn target(&self) -> Target {
        let up = self.up();
        let nics = Device::ALL.into_iter().filter(|device| up[device.index()]);
        let alive = nics.fold(Holders::NONE, |alive, device| alive.with(Holders::nic(device)));
        let alive = if self.accelerator { alive.with(ACCELERATOR) } else { alive };
        let address = if self.scenario.failover.daemon.is_ideal() { self.route } else { self.address };
        Target { route: self.route, address, alive }
    }

    /// The daemon takes up its next task, if there is one.
    pub(super) fn work(&mut self) {
        // While the kernel moves SAs of a bond, messages wait for `bond->ipsec_lock`.
        if self.agenda.task.is_some() || self.switch.is_some() {
            return;
        }
        if std::mem::take(&mut self.agenda.told) {
            self.sas.iter_mut().for_each(|sa| sa.refused = Holders::NONE);
            self.agenda.begin(self.target(), &self.sas, &self.tables);
        }
        // Without carrier no SA is of any use: the next change will be told too.
        if !self.up()[self.agenda.target.route.index()] {
            return;
        }
        match self.agenda.next(&self.sas, &self.tables, self.now) {
            Ok(Some(task)) => self.start(task),
            Ok(None) if self.agenda.busy => {
                self.agenda.busy = false;
                self.reinstalled.get_or_insert(self.now);
            }
            Ok(None) => {}
            Err(response) => self.put(response, Due::Response),
        }
    }

    fn start(&mut self, task: Task) {
        let time = match task {
            Task::Exchange(_) | Task::Negotiate(_) => self.scenario.failover.exchange,
            Task::Send(_, message) => self.latency.message(message),
        };
        self.agenda.busy = true;
        self.agenda.task = Some(task);
        let end = match self.scenario.failover.daemon_cpu {
            DaemonCpu::OwnCore => self.now.saturating_add(time.as_ps()),
            DaemonCpu::Shared => {
                self.sampler.add_work(time);
                self.engine.occupy_from(0, self.now, time.as_ps())
            }
        };
        self.put(end, Due::TaskDone);
    }

    pub(super) fn task_done(&mut self) {
        let following = match self.agenda.task.take() {
            Some(Task::Exchange(group)) => {
                self.exchanges += 1;
                self.agenda.sent(group, self.now);
                None
            }
            Some(Task::Negotiate(sa)) => {
                self.exchanges += 1;
                self.agenda.asked(sa, self.now);
                None
            }
            Some(Task::Send(sa, message)) => self.sent(sa, message).map(|next| Task::Send(sa, next)),
            None => None,
        };
        // An ideal daemon looks up between the messages of an SA; others end what they are at.
        let goes_on = !self.agenda.told || !self.scenario.failover.daemon.is_ideal();
        match following.filter(|_| goes_on) {
            Some(task) => self.start(task),
            None => self.work(),
        }
    }

    /// A message has been answered; returns what follows it.
    fn sent(&mut self, index: u32, message: Message) -> Option<Message> {
        self.messages[message as usize] += 1;
        let tally = self.engine.tally_of(index);
        let sa = &mut self.sas[index as usize];
        let before = sa.installed;
        let next = self.tables.done(message, sa, &self.agenda.target);
        // What the kernel has counted daemons copy, and nothing leaves meanwhile, as the host's address is another.
        let copies = !self.scenario.failover.daemon.is_ideal() && !self.scenario.placement.encapsulates_in_nic();
        let appears = !matches!(before, Installed::At(_)) && matches!(sa.installed, Installed::At(_));
        let in_nic = matches!(sa.installed, Installed::At(holders) if !holders.is_empty());
        match message {
            Message::Get => sa.numbers.read(tally, self.now),
            Message::Rekey => {
                sa.numbers.rekey(tally, self.now);
                sa.replayed = false;
            }
            _ if appears && in_nic && sa.counted_by_nic && self.restarts_numbers => {
                let in_use = sa.in_use(self.now);
                sa.numbers.restart(tally, self.now, in_use);
                self.peer_looks(index);
            }
            _ if appears && !copies => sa.numbers.resume(tally, self.now, self.failover_paths.sequence_rate),
            _ => {}
        }
        if self.scenario.failover.address_update == AddressUpdate::None {
            self.sas[index as usize].address = self.route;
        }
        if message == Message::Rekey {
            self.agenda.negotiated(index, &self.sas, &self.tables);
        } else if self.sas[index as usize].installed == Installed::Gone {
            // Refused: packets ask for it.
            self.agenda.negotiate(self.agenda.target, &self.sas, &self.tables);
        }
        self.show(index);
        next
    }

    /// The peer's replay window, for the SA whose numbers it has seen; looks again when it may have seen less.
    pub(super) fn peer_looks(&mut self, index: u32) {
        let tally = self.engine.tally_of(index);
        let sa = &mut self.sas[index as usize];
        sa.replayed = sa.numbers.seen_by_peer(tally) > 0;
        let again = sa.numbers.look_again(tally, self.now, sa.in_use(self.now));
        if sa.replayed {
            self.put(again, Due::PeerLooks(index));
        } else {
            self.show(index);
        }
    }
}
