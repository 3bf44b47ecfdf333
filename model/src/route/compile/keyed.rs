//! What depends on the SA: its limit and its replay window.

use super::{Account, Compiler, DropSite};
use crate::engine::program::{Op, Pc};
use crate::route::Limit;
use crate::route::on_its_way::OnItsWay;
use crate::units::Time;

impl Compiler<'_> {
    /// The limit of the job's SA; what is beyond it is dropped, or waits.
    pub(super) fn limit(&mut self, limit: &Limit, job: &OnItsWay) {
        let lane = self.lane(limit.station, Time::ZERO);
        let account = Account { busy: Some((limit.station, limit.time)), charges: Vec::new() };
        let time = limit.time.as_ps();
        let rate = limit.rate;
        let at = self.emit_wait(Op::Limit { lane, rate, time, otherwise: Pc::MAX }, "the tunnel's rate");
        self.accounts[at as usize] = Some(account);
        if limit.drops {
            self.drops.push(DropSite { at, packets: limit.packets, job: job.clone() });
        }
    }

    /// What is too old for the replay window is dropped.
    pub(super) fn in_window(&mut self, window: u32, job: &OnItsWay) {
        let at = self.emit(Op::InWindow { window, otherwise: Pc::MAX }, None);
        self.drops.push(DropSite { at, packets: 1, job: job.clone() });
    }
}
