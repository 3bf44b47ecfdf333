//! One failover: a resolved scenario and a seed in, a timeline out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::agenda::{Agenda, Task};
use super::daemon::{Aim, Clockwork, Message, Tables};
use super::event::{Happening, happenings};
use super::life_cycle::{ACCELERATOR, Holders, Installed, Sa, State, Use, holder};
use super::sampler::Sampler;
use super::timeline::{Bin, Timeline};
use super::ways::{Way, Ways};
use crate::engine::Engine;
use crate::profile::{Profile, SaCost};
use crate::scenario::{AddressUpdate, Bonding, DaemonCpu, Device, Invalid, Scenario, What};
use crate::simulate::engine;
use crate::units::Time;

/// Simulates what happens to throughput when NICs change under SAs.
///
/// # Errors
/// [`Invalid`] for a scenario that fails [`Scenario::check`] or has no events.
pub fn simulate_failover(scenario: &Scenario, profile: &Profile, seed: u64) -> Result<Timeline, Invalid> {
    scenario.check(profile)?;
    let missing =
        |key: &str, allowed: &str| Invalid { key: key.into(), value: "missing".into(), allowed: allowed.into() };
    if scenario.failover.event.is_empty() {
        return Err(missing("failover.event", "at least one [[failover.event]] with `what` and `at`"));
    }
    let costs = profile.sa.as_ref().ok_or_else(|| missing("profile.sa", "a profile with a table [sa]"))?;
    Ok(Run::new(scenario, profile, costs, seed).to_the_end(seed))
}

/// Something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The happening with this number.
    Happening(usize),
    /// A lost or returned link has been detected.
    Detected,
    /// The daemon is told of a change.
    Notified,
    /// The daemon's task is over.
    TaskDone,
    /// The response that the daemon waits for is there.
    Response,
    /// A bin ends.
    BinEnd,
}

/// A NIC's condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nic {
    present: bool,
    carrier: bool,
}

struct Run<'a> {
    scenario: &'a Scenario,
    engine: Engine,
    ways: Ways,
    sampler: Sampler,
    clockwork: Clockwork,
    tables: Tables,
    agenda: Agenda,
    sas: Vec<Sa>,
    /// SAs in each state.
    counts: [u32; 6],
    nics: [Nic; 2],
    accelerator: bool,
    route: Device,
    happenings: Vec<Happening>,
    /// What is due, earliest first; of equal times in the order in which it was put there.
    calendar: BinaryHeap<Reverse<(u64, u64, Due)>>,
    put: u64,
    now: u64,
    messages: [u64; 7],
    exchanges: u64,
    reinstalled: Option<u64>,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, profile: &Profile, costs: &SaCost, seed: u64) -> Self {
        let f = &scenario.failover;
        let ways = Ways::new(scenario, profile);
        let compiled = ways.assembly.floor.compile(&ways.assembly.routes.iter().flatten().collect::<Vec<_>>());
        let plugged_later = |device| f.event.iter().any(|e| e.what == What::HotPlug && e.device == device);
        let nic = |device| Nic { present: !plugged_later(device), carrier: !plugged_later(device) };
        let mut run = Run {
            scenario,
            engine: engine(scenario, &ways.assembly, &compiled, seed),
            sampler: Sampler::new(&ways, &compiled),
            clockwork: Clockwork::new(f, costs, seed),
            tables: Tables::new(scenario),
            agenda: Agenda::new(scenario),
            sas: vec![Sa::new(); scenario.sa.count as usize],
            counts: [0; 6],
            nics: Device::ALL.map(nic),
            accelerator: true,
            route: Device::Nic,
            happenings: happenings(&f.event, f.span, seed),
            calendar: BinaryHeap::new(),
            put: 0,
            now: 0,
            messages: [0; 7],
            exchanges: 0,
            reinstalled: None,
            ways,
        };
        run.counts[State::Missing as usize] = scenario.sa.count;
        run.install_all();
        for i in 0..run.happenings.len() {
            run.put(run.happenings[i].at, Due::Happening(i));
        }
        run.put(run.bin_end(1), Due::BinEnd);
        run
    }

    /// SAs are where they are wanted before anything happens, as far as there is room.
    fn install_all(&mut self) {
        let s = self.scenario;
        let first = holder(s.placement, Device::Nic);
        let bonded = s.failover.bonding == Bonding::PreInstalled && self.nics[Device::Standby.index()].present;
        let second = if bonded { holder(s.placement, Device::Standby) } else { Holders::NONE };
        for i in 0..self.sas.len() {
            let mut holders = Holders::NONE;
            for wanted in [first, second] {
                if !wanted.is_empty() && self.tables.takes(wanted) {
                    holders = holders.with(wanted);
                }
            }
            if !holders.is_empty() || s.failover.software || first.is_empty() {
                self.tables.shift(Installed::Gone, Installed::At(holders));
                self.sas[i].installed = Installed::At(holders);
            }
            self.show(i as u32);
        }
    }

    fn to_the_end(mut self, seed: u64) -> Timeline {
        let f = &self.scenario.failover;
        let mut bins: Vec<Bin> = Vec::with_capacity(f.bins as usize);
        while let Some(Reverse((at, _, due))) = self.calendar.pop() {
            self.engine.run(u64::MAX, u64::MAX, at);
            self.now = at;
            match due {
                Due::Happening(i) => self.happen(self.happenings[i]),
                Due::Detected => self.reroute(),
                Due::Notified => self.told(),
                Due::TaskDone => self.task_done(),
                Due::Response => self.work(),
                Due::BinEnd => {
                    bins.push(self.sampler.end(&self.engine, self.up(), at, self.counts));
                    if bins.len() == f.bins as usize {
                        break;
                    }
                    self.put(self.bin_end(bins.len() as u64 + 1), Due::BinEnd);
                }
            }
        }
        self.timeline(seed, bins)
    }

    fn timeline(mut self, seed: u64, bins: Vec<Bin>) -> Timeline {
        for sa in &mut self.sas {
            sa.note(false, self.now);
        }
        let first_event = self.happenings.first().map(|first| Time::from_ps(first.at));
        let outages = || self.sas.iter().map(|sa| sa.dropped_ps);
        Timeline {
            seed,
            bins,
            bin: Time::from_ps(self.bin_end(1)),
            cores: self.scenario.host.cores,
            happenings: self.happenings,
            reinstalled: first_event.zip(self.reinstalled).map(|(event, at)| Time::from_ps(at).saturating_sub(event)),
            outage_max: Time::from_ps(outages().max().unwrap_or(0)),
            outage_mean_s: outages().map(|ps| ps as f64 * 1e-12).sum::<f64>() / self.sas.len() as f64,
            messages: self.messages,
            exchanges: self.exchanges,
            numbers_skipped: self.sas.iter().map(|sa| sa.numbers.skipped).sum(),
            numbers_repeated: self.sas.iter().map(|sa| sa.numbers.repeated).sum(),
            offered: self.engine.counts().started,
            events: self.engine.events(),
        }
    }

    /// Where a bin ends, counted from 1.
    fn bin_end(&self, n: u64) -> u64 {
        let f = &self.scenario.failover;
        n * (f.span.as_ps() / u64::from(f.bins))
    }

    fn put(&mut self, at: u64, due: Due) {
        self.put += 1;
        self.calendar.push(Reverse((at, self.put, due)));
    }

    fn put_after(&mut self, delay: Time, due: Due) {
        self.put(self.now.saturating_add(delay.as_ps()), due);
    }

    fn up(&self) -> [bool; 2] {
        self.nics.map(|nic| nic.present && nic.carrier)
    }

    fn happen(&mut self, happening: Happening) {
        let Happening { what, device, ends, .. } = happening;
        let detection = self.scenario.failover.detection;
        match what {
            What::AcceleratorLoss => {
                self.accelerator = ends;
                self.flush(ACCELERATOR);
                return self.notify();
            }
            What::Rekey => {
                self.sas.iter_mut().for_each(|sa| sa.rekey = true);
                return self.told();
            }
            What::RouteChange => return self.route_to(device),
            What::NicReset if !ends => self.flush(Holders::nic(device)),
            _ => {}
        }
        self.sampler.collect(&self.engine, self.up());
        let nic = &mut self.nics[device.index()];
        nic.present |= what == What::HotPlug;
        nic.carrier = nic.present && (ends || matches!(what, What::LinkUp | What::HotPlug));
        let carrier = nic.carrier;
        self.show_all();
        self.put_after(detection, Due::Detected);
        if carrier {
            self.notify();
        }
    }

    /// SAs that are bound to it are gone, but for those that another NIC holds as well.
    fn flush(&mut self, gone: Holders) {
        for i in 0..self.sas.len() {
            let sa = &mut self.sas[i];
            let before = sa.installed;
            if let Installed::At(holders) = before
                && holders.has(gone)
            {
                let left = holders.without(gone);
                sa.installed = if left.is_empty() { Installed::Gone } else { Installed::At(left) };
                self.tables.shift(before, sa.installed);
                self.show(i as u32);
            }
        }
    }

    /// Packets leave by a NIC that has carrier, and by the first one if it is preferred.
    fn reroute(&mut self) {
        let up = self.up();
        let stays = up[self.route.index()] && !(self.scenario.failover.failback && up[Device::Nic.index()]);
        if !stays && let Some(&device) = Device::ALL.iter().find(|device| up[device.index()]) {
            self.route_to(device);
        }
    }

    fn route_to(&mut self, device: Device) {
        if self.route == device || !self.nics[device.index()].present {
            return;
        }
        self.route = device;
        if self.scenario.failover.address_update == AddressUpdate::None {
            self.sas.iter_mut().for_each(|sa| sa.address = device);
        }
        self.show_all();
        self.notify();
    }

    fn notify(&mut self) {
        let delay = self.clockwork.notification();
        self.put_after(delay, Due::Notified);
    }

    /// The daemon knows of a change; what it is at it finishes first.
    fn told(&mut self) {
        self.agenda.told = true;
        if self.agenda.task.is_none() {
            self.work();
        }
    }

    fn aim(&self) -> Aim {
        let up = self.up();
        let nics = Device::ALL.into_iter().filter(|device| up[device.index()]);
        let alive = nics.fold(Holders::NONE, |alive, device| alive.with(Holders::nic(device)));
        Aim { route: self.route, alive: if self.accelerator { alive.with(ACCELERATOR) } else { alive } }
    }

    /// The daemon takes up its next task, if there is one.
    fn work(&mut self) {
        if self.agenda.task.is_some() {
            return;
        }
        if std::mem::take(&mut self.agenda.told) {
            self.sas.iter_mut().for_each(|sa| sa.refused = Holders::NONE);
            self.agenda.begin(self.aim(), &self.sas);
        }
        // Without carrier no SA is of any use: the next change will be told too.
        if !self.up()[self.agenda.aim.route.index()] {
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
            Task::Send(_, message) => self.clockwork.message(message),
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

    fn task_done(&mut self) {
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
        let next = self.tables.done(message, sa, &self.agenda.aim);
        let present = matches!(before, Installed::At(_));
        match message {
            Message::Get => sa.numbers.read(tally, self.now),
            Message::Rekey => sa.numbers.rekey(tally, self.now),
            _ if !present && matches!(sa.installed, Installed::At(_)) => {
                sa.numbers.resume(tally, self.now, self.ways.pace);
            }
            _ => {}
        }
        if self.scenario.failover.address_update == AddressUpdate::None {
            sa.address = self.route;
        }
        self.show(index);
        next
    }

    fn show_all(&mut self) {
        (0..self.sas.len() as u32).for_each(|i| self.show(i));
    }

    /// An SA's packets go the way of its present state.
    fn show(&mut self, index: u32) {
        let carrier = self.up()[self.route.index()];
        let sa = &mut self.sas[index as usize];
        let state = sa.state(self.scenario.placement, self.route);
        self.counts[sa.counted as usize] -= 1;
        self.counts[state as usize] += 1;
        sa.counted = state;
        let way = match state.packets() {
            _ if !carrier => Way::NoCarrier,
            Use::Offloaded => Way::Offloaded(self.route),
            Use::Software => Way::Software(self.route),
            Use::Dropped => Way::NoSa,
        };
        sa.note(matches!(way, Way::NoCarrier | Way::NoSa), self.now);
        for &flow in self.ways.flows(index) {
            self.engine.steer(flow, self.ways.row(flow, way));
        }
    }
}
