//! Closed forms of a failover: how long until SAs are re-installed, and how many messages it takes.

use super::messages::{Message, MessageTimes};
use crate::scenario::Api;
use crate::units::Time;

/// What re-installation is predicted to take, from the change on. Serial messages on a CPU that does nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Until the first SA is back.
    pub first: Time,
    /// Until the last SA is back.
    pub last: Time,
    /// The mean over SAs.
    pub mean: Time,
    /// Messages to the kernel.
    pub messages: u64,
}

/// Predicts the re-installation of `sas` SAs one after the other, of which the new NIC takes the first `accepted` and
/// refuses the others. `moved` says whether they must be read and deleted first, as after a change of route; else they
/// are gone already, as after the reset of a NIC.
///
/// Time to recover = notification + SAs x cost.
pub fn predict(notification: Time, times: &MessageTimes, sas: u32, accepted: u32, api: Api, moved: bool) -> Prediction {
    let head: &[Message] = if moved { &[Message::Get, Message::Delete] } else { &[] };
    let refused: &[Message] = match api {
        Api::FailThenRetry => &[Message::Refuse, Message::Add],
        Api::FallbackFlag => &[Message::AddFallback],
    };
    let cost = |tail: &[Message]| head.iter().chain(tail).map(|message| times.of(*message).as_ps()).sum::<u64>();
    let (taken, others) = (u64::from(accepted.min(sas)), u64::from(sas - accepted.min(sas)));
    let (cost_taken, cost_other) = (cost(&[Message::AddOffload]), cost(refused));
    let last = taken * cost_taken + others * cost_other;
    // The sum over SAs of when each is back: 1 + 2 + ... of its kind, those that are refused after all the others.
    let sum = |n: u64, cost: u64| n as f64 * (n as f64 + 1.0) / 2.0 * cost as f64;
    let total = sum(taken, cost_taken) + others as f64 * (taken * cost_taken) as f64 + sum(others, cost_other);
    let after = |ps: u64| notification + Time::from_ps(ps);
    Prediction {
        first: after(if taken > 0 { cost_taken } else { cost_other }),
        last: after(last),
        mean: after((total / f64::from(sas.max(1))).round() as u64),
        messages: taken * (head.len() as u64 + 1) + others * (head.len() + refused.len()) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset;

    #[test]
    fn recovery_is_notification_plus_sas_times_cost() {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let times = MessageTimes::medians(profile.sa.as_ref().unwrap(), 1, Time::ZERO);
        let us = Time::from_us;
        let costs = [Message::Get, Message::Delete, Message::AddOffload, Message::Refuse, Message::Add];
        let [get, delete, add_offload, refuse, add] = costs.map(|message| times.of(message));
        let moved = get + delete + add_offload;
        let all = predict(us(500), &times, 10, 10, Api::FailThenRetry, true);
        assert_eq!((all.first, all.last), (us(500) + moved, us(500) + moved.scale(10.0)));
        assert_eq!((all.mean, all.messages), (us(500) + moved.scale(5.5), 30));
        let none = predict(us(500), &times, 10, 0, Api::FailThenRetry, false);
        assert_eq!((none.last, none.messages), (us(500) + (refuse + add).scale(10.0), 20));
        let flag = predict(us(500), &times, 10, 4, Api::FallbackFlag, false);
        assert_eq!(flag.last, us(500) + add_offload.scale(4.0) + add.max(refuse).scale(6.0));
        assert_eq!(flag.messages, 10);
    }
}
