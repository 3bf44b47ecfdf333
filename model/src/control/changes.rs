//! What changes under SAs: NICs, links, the route, the accelerator.

use super::event::DeviceEvent;
use super::failover::{Due, FailoverRun};
use super::life_cycle::{ACCELERATOR, Holders, Installed, Sa};
use crate::scenario::{AddressUpdate, Daemon, Device, What};
use crate::units::Time;

impl FailoverRun<'_> {
    /// Something happens to a device.
    pub(super) fn happen(&mut self, event: DeviceEvent) {
        let DeviceEvent { what, device, ends, .. } = event;
        let detection = self.scenario.failover.detection;
        match what {
            What::AcceleratorLoss => {
                self.accelerator = ends;
                self.flush(ACCELERATOR);
                return self.notify();
            }
            What::Rekey => {
                self.sas.iter_mut().for_each(|sa| sa.rekey = true);
                return self.asked();
            }
            What::RouteChange => return self.route_to(device),
            // Of a bond's slave: the SAs are the bond's, which is up.
            What::NicReset | What::AdminDown if !ends && !self.scenario.failover.kernel_moves() => {
                self.flush(Holders::nic(device));
            }
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
    pub(super) fn reroute(&mut self) {
        if self.detection_waits() {
            return;
        }
        let up = self.up();
        let stays = up[self.route.index()] && !(self.scenario.failover.failback && up[Device::Nic.index()]);
        if !stays && let Some(&device) = Device::ALL.iter().find(|device| up[device.index()]) {
            self.route_to(device);
        }
    }

    fn route_to(&mut self, device: Device) {
        if self.scenario.failover.kernel_moves() {
            return self.switch_to(device);
        }
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

    /// The daemon is to know of a change: an ideal one of any, others of a changed address and of packets without an SA.
    pub(super) fn notify(&mut self) {
        let f = &self.scenario.failover;
        match f.daemon {
            Daemon::Ideal => {
                let delay = self.latency.notification();
                self.put_after(delay, Due::Notified);
            }
            Daemon::None => {}
            Daemon::Strongswan | Daemon::Libreswan => {
                if f.address_update != AddressUpdate::None && self.any(|sa, route| sa.address != route) {
                    self.notify_of_address(f.roam_delay());
                }
                if self.any(|sa, _| sa.installed == Installed::Gone) {
                    let delay = self.latency.notification();
                    self.put_after(delay, Due::Asked);
                }
            }
        }
    }

    fn any(&self, is_so: impl Fn(&Sa, Device) -> bool) -> bool {
        self.sas.iter().any(|sa| is_so(sa, self.route))
    }

    /// The daemon waits for what else may change, and takes all of it together: a further change makes no second event.
    fn notify_of_address(&mut self, roam_delay: Time) {
        let at = self.now.saturating_add(self.latency.notification().as_ps());
        if at >= self.roams_at {
            self.roams_at = at.saturating_add(roam_delay.as_ps());
            self.put(self.roams_at, Due::Roamed);
        }
    }
}
