//! The control path as the profile has it, and failovers as the model predicts them from it.

use espsim_model::control::{MessageTimes, predict};
use espsim_model::profile::{Delay, Origin, SaCost};
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
    let Some(sa) = control(measurement, Origin::Measured, None) else { return Vec::new() };
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
pub(super) fn control(measurement: &Measurement, origin: Origin, host: Option<&Interface>) -> Option<SaCost> {
    let there = measurement.control.delay(what::NOTHING)?.median();
    let cycles = |cycles: f64| Time::from_seconds(cycles / measurement.frequency as f64);
    let call = cycles(measurement.system_call);
    let (here, call_here) = match host.and_then(|host| Some((host.netlink?, host.system_call))) {
        Some((netlink, system_call)) => (Time::from_seconds(netlink), cycles(system_call)),
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
        origin,
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
