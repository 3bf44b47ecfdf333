//! Times of the SA control path as they may be.

use espsim_model::control::MessageTimes;
use espsim_model::layers::Origin;
use espsim_model::profile::{Delay, Profile};
use espsim_model::scenario::Scenario;
use espsim_model::units::Time;

use crate::points::Point;
use crate::points::outcome::seed;

/// Half of a 95 % interval of a normal distribution, in standard deviations.
const HALF_95: f64 = 1.959_964;
/// The share of the variance of estimates that one cause explains, the kernel's version above all, as in
/// `espsim_model::uncertainty`. An estimate.
const COMMON: f64 = 0.5;
/// What one firmware command may take: the range of its source. An estimate.
const COMMAND: [Time; 2] = [Time::from_us(10), Time::from_us(200)];
/// What an exchange may take, in units of the default. An estimate.
const EXCHANGE: [f64; 2] = [0.6, 1.8];

/// What closed forms of a failover need of one machine.
#[derive(Debug, Clone)]
pub(super) struct ControlPath {
    /// Times of messages.
    pub times: MessageTimes,
    /// From a change until the daemon knows.
    pub notification: Time,
    /// Time of the commands that add an SA of one direction to a NIC, or remove it.
    pub firmware: Time,
    /// CPU time of one exchange.
    pub exchange: Time,
}

impl ControlPath {
    /// As its values stand; `None` without a control path.
    pub fn of(scenario: &Scenario, profile: &Profile) -> Option<Self> {
        let sa = profile.sa.as_ref()?;
        // Without these, sessions of a card are the message's own.
        let sa = match scenario.accelerator.first().filter(|_| scenario.placement.uses_accelerator()) {
            Some(card) => sa.with_sessions(card.session_setup),
            None => sa.clone(),
        };
        Some(ControlPath {
            times: MessageTimes::of_scenario(scenario, &sa),
            notification: scenario.failover.notification.unwrap_or(sa.notification.median()),
            firmware: scenario.failover.firmware(),
            exchange: scenario.failover.exchange,
        })
    }

    /// Under a draw: medians lie in their intervals, estimates err together by half of their variance; what somebody has set
    /// is as it was set.
    pub fn drawn(point: &Point, profile: &Profile, base: u64, draw: u32) -> Option<Self> {
        let mut chance = Chance { base: seed(base, draw), n: 0 };
        let (mut profile, mut scenario) = (profile.clone(), point.scenario.clone());
        let common = chance.normal();
        let mut deviation = |is_estimate: bool| {
            let own = chance.normal();
            if is_estimate { COMMON.sqrt() * common + (1.0 - COMMON).sqrt() * own } else { own }
        };
        let sa = profile.sa.as_mut()?;
        let always = [
            &mut sa.add,
            &mut sa.add_offload,
            &mut sa.refuse,
            &mut sa.delete,
            &mut sa.policy,
            &mut sa.get,
            &mut sa.rekey,
        ];
        for delay in always.into_iter().chain(&mut sa.migrate).chain([&mut sa.notification]) {
            let deviation = deviation(delay.n == 0);
            move_to(delay, deviation);
        }
        let is_default = |key: &str| point.values.get(key).is_none_or(|(_, origin)| *origin == Origin::Default);
        let failover = &mut scenario.failover;
        let (command, exchange) = (deviation(true), deviation(true));
        if is_default("failover.command") {
            let [low, high] = COMMAND.map(|end| end.as_ns() / failover.command.as_ns());
            failover.command = failover.command.scale(factor([low, high], command));
        }
        if is_default("failover.exchange") {
            failover.exchange = failover.exchange.scale(factor(EXCHANGE, exchange));
        }
        ControlPath::of(&scenario, &profile)
    }
}

/// The same distribution with a median that lies so many standard deviations from where it was.
fn move_to(delay: &mut Delay, deviation: f64) {
    let median = delay.median().as_ns();
    let (low, high) = delay.median_interval;
    let factor = factor([low.as_ns() / median, high.as_ns() / median], deviation);
    delay.mean = delay.mean.scale(factor);
    delay.quantiles.iter_mut().for_each(|(_, time)| *time = time.scale(factor));
}

/// A factor whose logarithm is normal on either side of one: 2.5 % below the lower end, 2.5 % above the upper one.
fn factor([low, high]: [f64; 2], deviation: f64) -> f64 {
    let end = if deviation < 0.0 { low } else { high };
    if end.is_finite() && end > 0.0 { end.powf(deviation.abs() / HALF_95) } else { 1.0 }
}

/// Normal deviates that depend on a draw alone.
struct Chance {
    base: u64,
    n: u32,
}

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.n += 1;
        ((seed(self.base, self.n) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// By Box and Muller (Ann. Math. Statist. 29, 1958).
    fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.uniform(), self.uniform());
        (-2.0 * radius.ln()).sqrt() * (2.0 * std::f64::consts::PI * angle).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_normal_and_depends_on_the_draw_alone() {
        let of = |draw: u32| Chance { base: seed(7, draw), n: 0 }.normal();
        let mut all: Vec<f64> = (0..4000).map(of).collect();
        assert_eq!(all[17], of(17));
        all.sort_by(f64::total_cmp);
        for (share, at) in [(0.025, -HALF_95), (0.5, 0.0), (0.975, HALF_95)] {
            let found = all[(share * 4000.0) as usize];
            assert!((found - at).abs() < 0.15, "{share}: {found}");
        }
    }

    #[test]
    fn ends_of_a_range_are_those_of_95_percent() {
        assert!((factor([0.5, 3.0], HALF_95) - 3.0).abs() < 1e-9);
        assert!((factor([0.5, 3.0], -HALF_95) - 0.5).abs() < 1e-9);
        assert_eq!(factor([0.5, 3.0], 0.0), 1.0);
    }
}
