//! What is not known of a plan: how much hardware it takes where the values of the profile are others that they may be.
//!
//! Simulations decide what the profile's own values take. How that moves with them, closed forms tell: of each draw they say
//! by how much a core is busier, and how many cores, in how many hosts, then are no busier than they may be; what simulations
//! added to them is added in proportion. What the model itself is off comes on top, as validation has it. Chance of
//! simulations is no part of it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use espsim_model::profile::Profile;
use espsim_model::resource::Owner;
use espsim_model::scenario::Scenario;
use espsim_model::traffic::Steering;
use espsim_model::uncertainty::Discrepancy;
use espsim_sweep::points::doubt::Drawing;

use super::closed_forms::{ClosedForms, MOST_BUSY, least_of};
use super::hardware::{Component, Hardware, MOST};

/// Draws that lie outside the band, of one.
const OUTSIDE: f64 = 0.05;

/// What a design takes under each draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// Cores of all hosts; infinite where no amount is enough.
    pub cores: Vec<f64>,
    /// Devices of a host: NICs and accelerators.
    pub devices: Vec<[u32; 2]>,
}

/// How busy the cores of a host are by their number, and how busy they may be.
struct Busy<'a> {
    closed: &'a ClosedForms<'a>,
    hardware: Hardware,
    load: f64,
    may_be: f64,
    known: RefCell<BTreeMap<(u32, u32), f64>>,
}

impl Busy<'_> {
    /// Of so many cores in so many hosts; infinite where that cannot be.
    fn of(&self, hosts: u32, cores: u32) -> f64 {
        let busy = || {
            let state = self.closed.state(Hardware { hosts, cores, ..self.hardware }, self.load);
            state.map_or(f64::INFINITY, |state| state.busy(&[Owner::Host]))
        };
        *self.known.borrow_mut().entry((hosts, cores)).or_insert_with(busy)
    }

    /// The least cores of all hosts of which each works so much more than by the profile; `None` where no number is enough.
    fn cores(&self, more: f64) -> Option<u32> {
        let most = self.closed.room.cores.min(MOST.cores);
        let mut hosts = 1;
        while hosts <= self.closed.most_hosts() {
            let over = self.of(hosts, most) * more / self.may_be;
            if over <= 1.0 {
                let holds = |n| Ok::<_, ()>(self.of(hosts, n) * more <= self.may_be);
                return least_of(1, most, holds).ok().map(|cores| hosts * cores);
            }
            if over.is_infinite() {
                return None;
            }
            hosts = ((f64::from(hosts) * over) as u32).max(hosts + 1);
        }
        None
    }
}

/// Cores and flows of a machine that tells by how much a draw is slower than the profile: each core does the same.
const FEW: u32 = 2;
const FEW_FLOWS: u32 = 64;

/// A scenario of as many SAs and of few flows, which come evenly to cores.
pub(super) fn small(base: &Scenario) -> Scenario {
    let mut small = base.clone();
    for class in &mut small.traffic {
        class.flows = class.flows.min(FEW_FLOWS);
        class.steering = Steering::Spread;
    }
    small
}

impl Doubt {
    /// How the hardware that carries a load changes with the profile; `None` where closed forms say nothing of it.
    pub fn of(closed: &ClosedForms<'_>, hardware: Hardware, load: f64, drawn: &[Drawing]) -> Option<Doubt> {
        let own = closed.state(hardware, load)?;
        let may_be = closed.may_be_busy(&own).min(MOST_BUSY / closed.goals.lossless());
        let busy = Busy { closed, hardware, load, may_be, known: RefCell::default() };
        let needed = closed.needed_by(hardware, &own);
        // What simulations have found to be needed beyond closed forms.
        let added = f64::from(hardware.all_cores()) / f64::from(busy.cores(1.0)?);
        let more = |part: Component| f64::from(hardware.of(part)) / needed.of(part).ceil().max(1.0);
        let small = small(closed.base);
        let few = Hardware { cores: FEW.min(hardware.cores), ..hardware };
        let clock = |profile: &Profile| {
            let of = |cores| profile.host.clock(cores, closed.base.cipher_of_cores()).get() as f64;
            of(few.cores) / of(hardware.cores)
        };
        let first = ClosedForms { base: &small, ..*closed }.fresh(few, load).ok()?;
        let of = |host: &Drawing| {
            let (profile, base) = (&host.host, &host.draw.scenario(&small));
            let state = ClosedForms { base, profile, ..*closed }.fresh(few, load).ok()?;
            // What the model itself is off, of each design on its own.
            let name = format!("{} {}", closed.base.placement.name(), closed.base.host.stack.table());
            let off = host.draw.discrepancy(Discrepancy::Cores, &name);
            let ratio = |owners: &[Owner]| state.busy(owners) / first.busy(owners).max(f64::MIN_POSITIVE);
            let slower = clock(profile) / clock(closed.profile);
            let cores = f64::from(busy.cores(ratio(&[Owner::Host]) * slower * off)?) * added;
            let pieces = |part: Component, owners: &[Owner]| {
                whole(needed.of(part) * ratio(owners) * more(part)).min(MOST.of(part))
            };
            let nics = pieces(Component::Nic, &[Owner::Nic, Owner::Pcie]);
            let cards = pieces(Component::Accelerator, &[Owner::Accelerator, Owner::Pcie]);
            Some((cores, [nics, if hardware.accelerators == 0 { 0 } else { cards }]))
        };
        let (cores, devices) = drawn.iter().map(|host| of(host).unwrap_or((f64::INFINITY, [0; 2]))).unzip();
        Some(Doubt { cores, devices })
    }

    /// The number of cores below which it is in 2.5 % of draws, and above which in 2.5 %; `None` for more than can be.
    pub fn band(&self) -> [Option<u32>; 2] {
        let mut sorted: Vec<f64> = self.cores.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1) as f64;
        let at = |share: f64| sorted.get((share * last).round() as usize).copied().map(whole);
        [at(OUTSIDE / 2.0), at(1.0 - OUTSIDE / 2.0)].map(|cores| cores.filter(|cores| *cores <= MOST.all_cores()))
    }

    /// The fewest and the most of its devices, NICs first, that any draw takes.
    pub fn most_devices(&self) -> [[u32; 2]; 2] {
        [0, 1].map(|kind| {
            let all = || self.devices.iter().map(|devices| devices[kind]);
            [all().min().unwrap_or(0), all().max().unwrap_or(0)]
        })
    }

    /// The share of draws in which it takes fewer whole cores than another.
    pub fn fewer_than(&self, other: &Doubt) -> f64 {
        share(self.cores.iter().zip(&other.cores).map(|(own, other)| whole(*own) < whole(*other)))
    }

    /// The share of draws in which both take as many cores but for `margin` of them.
    pub fn within(&self, other: &Doubt, margin: f64) -> f64 {
        share(self.cores.iter().zip(&other.cores).map(|(own, other)| (own - other).abs() <= margin * own.min(*other)))
    }
}

/// Pieces that parts of one take.
fn whole(parts: f64) -> u32 {
    (parts - 1e-9).ceil().clamp(1.0, f64::from(u32::MAX)) as u32
}

fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (all, held) = of.fold((0u32, 0u32), |(all, held), holds| (all + 1, held + u32::from(holds)));
    f64::from(held) / f64::from(all.max(1))
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;
    use espsim_model::scenario::Scenario;
    use espsim_model::units::Share;

    use super::*;
    use crate::question::plan::closed_forms::Known;
    use crate::question::plan::drawn::Drawn;
    use crate::question::plan::goals::Goals;
    use crate::question::plan::hardware::Room;

    fn drawn(n: u32) -> (Profile, Vec<Drawing>) {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let drawn = Drawn::new(&profile, n, 1).hosts;
        (profile, drawn)
    }

    /// Of a load that takes some twenty cores.
    fn doubt(placement: &str, profile: &Profile, drawn: &[Drawing]) -> Doubt {
        let settings = [
            ("placement", placement),
            ("traffic.direction", "encrypt"),
            ("traffic.arrival", "poisson"),
            ("traffic.rate", "60 Gbps"),
            ("traffic.flows", "4096"),
            ("traffic.packet", "1000 B"),
        ];
        let base = Scenario::from_settings(&settings).unwrap();
        let goals = Goals { loss: Share::from_fraction(1e-5), latency_p99: None };
        let (room, known) = (Room { cores: 256, slots: 8 }, &Known::default());
        let closed = ClosedForms { base: &base, profile, goals, room, known };
        Doubt::of(&closed, closed.floor(1.0).unwrap(), 1.0, drawn).unwrap()
    }

    #[test]
    fn the_profile_itself_takes_what_was_planned_and_a_dearer_one_more() {
        let (profile, hosts) = drawn(1);
        let mut dear = profile.clone();
        dear.host.frequency = dear.host.frequency.scale(0.5);
        let hosts = [profile.clone(), dear].map(|profile| Drawing { draw: hosts[0].draw, host: profile });
        let doubt = doubt("host", &profile, &hosts);
        assert!((1.8..2.1).contains(&(doubt.cores[1] / doubt.cores[0])), "{doubt:?}");
    }

    #[test]
    fn what_designs_share_makes_their_difference_better_known_than_either() {
        let (profile, drawn) = drawn(200);
        let [host, inline] = ["host", "inline-packet"].map(|name| doubt(name, &profile, &drawn));
        let spread = |of: &[f64]| {
            let mean = of.iter().sum::<f64>() / of.len() as f64;
            (of.iter().map(|x| (x / mean - 1.0).powi(2)).sum::<f64>() / of.len() as f64).sqrt()
        };
        let ratio: Vec<f64> = host.cores.iter().zip(&inline.cores).map(|(a, b)| a / b).collect();
        assert!(
            spread(&ratio) < 0.8 * spread(&host.cores).min(spread(&inline.cores)),
            "{} {}",
            spread(&ratio),
            spread(&host.cores)
        );
        let [low, high] = host.band();
        assert!(low.unwrap() < high.unwrap());
        assert!(inline.fewer_than(&host) + host.fewer_than(&inline) <= 1.0);
    }
}
