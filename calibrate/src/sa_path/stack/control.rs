//! The control path as the profile has it, and failovers as the model predicts them from it.

use espsim_model::control::{MessageTimes, predict};
use espsim_model::profile::{Delay, SaCost};
use espsim_model::scenario::Api;
use espsim_model::units::Time;

use super::Interface;
use crate::sa_path::control_path::what;
use crate::sa_path::{Failover, Measurement, Policy};
use crate::sample::median;

/// A failover's control path beside what the model's closed form makes of the single requests' times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// From requests to their acknowledgements, measured: the least, the median and the most of all passes.
    pub measured: [Time; 3],
    /// Predicted with every request at its least, at its median, and at its quantile of 99 %.
    pub predicted: [Time; 3],
    /// Requests predicted.
    pub messages: u64,
}

/// The daemon's part of each measured failover, as `espsim_model::control::predict` has it, from the times of single
/// requests in the same kernel.
pub fn failovers(measurement: &Measurement) -> Vec<Predicted> {
    let Some(sa) = control(measurement, None) else { return Vec::new() };
    let at = |probability: f64| {
        let constant = |delay: &Delay| Delay::constant(delay.quantile(probability));
        let sa = SaCost {
            add: constant(&sa.add),
            add_offload: constant(&sa.add_offload),
            refuse: constant(&sa.refuse),
            delete: constant(&sa.delete),
            get: constant(&sa.get),
            ..sa.clone()
        };
        MessageTimes::medians(&sa, 1, Time::ZERO)
    };
    let times = [0.0, 0.5, 0.99].map(at);
    let one = |failover: &Failover| {
        let api = match failover.policy {
            Policy::FailThenRetry => Api::FailThenRetry,
            Policy::FallbackFlag => Api::FallbackFlag,
        };
        let [low, middle, high] =
            [0, 1, 2].map(|i| predict(Time::ZERO, &times[i], failover.sas, failover.offloaded_after, api, true));
        let passes = &failover.daemon_us;
        let least = passes.iter().copied().fold(f64::INFINITY, f64::min);
        let most = passes.iter().copied().fold(0.0, f64::max);
        Predicted {
            measured: [least, median(passes), most].map(|us| Time::from_seconds(us * 1e-6)),
            predicted: [low.last, middle.last, high.last],
            messages: middle.messages,
        }
    };
    measurement.failovers.iter().map(one).collect()
}

/// The control path; where a host's interface is given, with the measured kernel's own taken out and that put in.
pub(super) fn control(measurement: &Measurement, host: Option<&Interface>) -> Option<SaCost> {
    let there = measurement.control.delay(what::NOTHING)?.median();
    // Cycles are those of the kernel whose clock counted them.
    let time = |cycles: f64, hertz: u64| Time::from_seconds(cycles / hertz as f64);
    let call = time(measurement.system_call, measurement.frequency);
    let (here, call_here) =
        match host.and_then(|host| Some((host.netlink?, time(host.system_call, host.frequency.get())))) {
            Some((netlink, call)) => (Time::from_seconds(netlink), call),
            None => (there, call),
        };
    // Of so many requests, and so many more messages received than acknowledgements.
    let moved = |name: &str, requests: u64, received: u64| {
        let delay = measurement.control.delay(name)?;
        let interface = there * requests + call * received;
        let time = |time: Time| time.saturating_sub(interface) + here * requests + call_here * received;
        Some(Delay {
            n: delay.n,
            mean: time(delay.mean),
            median_interval: (time(delay.median_interval.0), time(delay.median_interval.1)),
            quantiles: delay.quantiles.iter().map(|&(probability, at)| (probability, time(at))).collect(),
        })
    };
    Some(SaCost {
        // netdevsim's number of SAs is its own, no NIC's.
        table: None,
        add: moved(what::ADD, 1, 0)?,
        add_offload: moved(what::ADD_OFFLOAD, 1, 0)?,
        refuse: moved(what::REFUSE, 1, 0)?,
        delete: moved(what::DELETE_OFFLOAD, 1, 0)?,
        policy: moved(what::POLICY, 1, 0)?,
        get: moved(what::GET, 1, 1)?,
        rekey: moved(what::REKEY, 5, 0)?,
        migrate: moved(what::MIGRATE, 1, 0),
        notification: moved(what::NOTIFICATION, 1, 1)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sa_path::control_path::ControlRow;
    use crate::sa_path::measurement::tests::empty;
    use crate::sa_path::stack::Interface;
    use espsim_model::units::Hertz;

    #[test]
    fn cycles_become_time_by_the_clock_that_counted_them() {
        let us = |us: f64| Time::from_seconds(us * 1e-6);
        let mut measurement = empty();
        // 2 us at 1 GHz.
        measurement.system_call = 2000.0;
        let names = [
            (what::NOTHING, 3.0),
            (what::ADD, 10.0),
            (what::ADD_OFFLOAD, 10.0),
            (what::REFUSE, 10.0),
            (what::DELETE_OFFLOAD, 10.0),
            (what::POLICY, 10.0),
            (what::GET, 10.0),
            (what::REKEY, 50.0),
            (what::NOTIFICATION, 10.0),
        ];
        let row = |(what, at): (&str, f64)| ControlRow { what: what.into(), delay: Delay::constant(us(at)) };
        measurement.control.rows = names.map(row).into();
        // 0.1 us at 4 GHz; 1 us.
        let host = Interface { frequency: Hertz::new(4_000_000_000), system_call: 400.0, netlink: Some(1e-6) };
        let sa = control(&measurement, Some(&host)).unwrap();
        assert_eq!(sa.add.median(), us(10.0 - 3.0 + 1.0));
        assert_eq!(sa.get.median(), us(10.0 - 3.0 - 2.0 + 1.0 + 0.1), "one more message is received");
        let there = control(&measurement, None).unwrap();
        assert_eq!(there.get.median(), us(10.0), "where it is measured nothing is to be corrected");
    }
}
