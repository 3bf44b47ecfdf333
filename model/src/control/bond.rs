//! A bond's active NIC changes: the kernel moves SAs one by one.
//!
//! `bond_change_active_slave` in drivers/net/bonding/bond_main.c (Linux 6.16) holds RTNL throughout, and `ipsec_lock` while
//! it goes through the list of SAs:
//!
//! 1. `bond_ipsec_del_sa_all`: of each SA `xso.real_dev` becomes NULL, then the old NIC's driver deletes and frees it.
//! 2. `curr_active_slave` is the new NIC: packets leave by it from now on.
//! 3. `bond_ipsec_add_sa_all`: the new NIC's driver adds each SA, whose `xso.real_dev` is set after that.
//!
//! Without `xso.real_dev` `bond_ipsec_offload_ok` is false and `xfrm_output` encrypts on the CPU, before step 2 for the old
//! NIC, if that has carrier at all. The kernel counts, so that numbers go on. An SA that the new NIC refuses is warned of
//! and stays on the CPU until the next change.

use super::failover::{Due, FailoverRun};
use super::life_cycle::{Holders, Installed};
use super::switch::{Switch, Then, step};
use crate::scenario::Device;

impl FailoverRun<'_> {
    /// The bond is to use this NIC.
    pub(super) fn switch_to(&mut self, device: Device) {
        if let Some(switch) = &mut self.switch {
            switch.then = Then::To(device);
        } else if self.route != device && self.nics[device.index()].present {
            self.switch = Some(Switch { to: device, adds: false, under_way: None, next: 0, then: Then::Nothing });
            self.switched();
        }
    }

    /// A link's change has been detected; whether that waits for the kernel to end what it is at.
    pub(super) fn detection_waits(&mut self) -> bool {
        match &mut self.switch {
            Some(switch) if switch.then == Then::Nothing => switch.then = Then::Detected,
            Some(_) => {}
            None => return false,
        }
        true
    }

    /// One SA has been deleted or added: on to the next.
    pub(super) fn switched(&mut self) {
        let Some(mut switch) = self.switch else { return };
        if let Some(added) = switch.under_way.take() {
            self.hold(added, switch.to);
        }
        let step = step(self.scenario.failover.firmware());
        while let Some(sa) = self.sas.get(switch.next as usize) {
            let index = switch.next;
            switch.next += 1;
            match (switch.adds, sa.installed) {
                (false, Installed::At(holders)) if !holders.is_empty() => {
                    self.install(index, Installed::At(Holders::NONE));
                    self.moved_by_kernel += 1;
                }
                // What it does not take its driver refuses before any firmware is asked.
                (true, Installed::At(_)) if self.tables.takes(Holders::nic(switch.to)) => {
                    switch.under_way = Some(index);
                }
                _ => continue,
            }
            self.switch = Some(switch);
            return self.put_after(step, Due::Switched);
        }
        if !switch.adds {
            self.route = switch.to;
            self.sas.iter_mut().for_each(|sa| sa.address = switch.to);
            self.show_all();
            self.switch = Some(Switch { adds: true, next: 0, ..switch });
            return self.switched();
        }
        self.switch = None;
        match switch.then {
            Then::To(device) => self.switch_to(device),
            Then::Detected => self.reroute(),
            Then::Nothing => {}
        }
        self.work();
        if self.switch.is_none() && self.agenda.task.is_none() {
            self.reinstalled.get_or_insert(self.now);
        }
    }

    /// The new NIC takes an SA, if it has a place for it.
    fn hold(&mut self, index: u32, device: Device) {
        let wanted = Holders::nic(device);
        if self.tables.takes(wanted) && self.sas[index as usize].installed == Installed::At(Holders::NONE) {
            self.install(index, Installed::At(wanted));
        }
    }

    fn install(&mut self, index: u32, to: Installed) {
        let sa = &mut self.sas[index as usize];
        self.tables.shift(sa.installed, to);
        sa.installed = to;
        self.show(index);
    }
}
