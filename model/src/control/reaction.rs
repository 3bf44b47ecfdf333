//! What the daemon does about it, one task at a time.

use super::agenda::Task;
use super::daemon::{Message, Target};
use super::failover::{Due, FailoverRun};
use super::life_cycle::{ACCELERATOR, Holders, Installed};
use crate::scenario::{AddressUpdate, DaemonCpu, Device};

impl FailoverRun<'_> {
    /// The daemon knows of a change; what it is at it finishes first.
    pub(super) fn told(&mut self) {
        self.agenda.told = true;
        if self.agenda.task.is_none() {
            self.work();
        }
    }

    fn target(&self) -> Target {
        let up = self.up();
        let nics = Device::ALL.into_iter().filter(|device| up[device.index()]);
        let alive = nics.fold(Holders::NONE, |alive, device| alive.with(Holders::nic(device)));
        Target { route: self.route, alive: if self.accelerator { alive.with(ACCELERATOR) } else { alive } }
    }

    /// The daemon takes up its next task, if there is one.
    pub(super) fn work(&mut self) {
        if self.agenda.task.is_some() {
            return;
        }
        if std::mem::take(&mut self.agenda.told) {
            self.sas.iter_mut().for_each(|sa| sa.refused = Holders::NONE);
            self.agenda.begin(self.target(), &self.sas);
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
            Task::Exchange(_) => self.scenario.failover.exchange,
            Task::Send(_, message) => self.latency.message(message),
        };
        self.agenda.busy = true;
        self.agenda.task = Some(task);
        let end = match self.scenario.failover.daemon {
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
            Some(Task::Send(sa, message)) => self.sent(sa, message).map(|next| Task::Send(sa, next)),
            None => None,
        };
        match following.filter(|_| !self.agenda.told) {
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
        let present = matches!(before, Installed::At(_));
        match message {
            Message::Get => sa.numbers.read(tally, self.now),
            Message::Rekey => sa.numbers.rekey(tally, self.now),
            _ if !present && matches!(sa.installed, Installed::At(_)) => {
                sa.numbers.resume(tally, self.now, self.failover_paths.sequence_rate);
            }
            _ => {}
        }
        if self.scenario.failover.address_update == AddressUpdate::None {
            sa.address = self.route;
        }
        self.show(index);
        next
    }
}
