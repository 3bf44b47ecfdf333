//! What closed forms say of a design: what it needs at least, and what limits it.

use espsim_model::bound::{Bound, Limit, bound};
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::resource::{Owner, Resource};
use espsim_model::scenario::{Invalid, Scenario};
use espsim_model::units::{BitRate, PacketRate};

use super::goals::Goals;
use super::hardware::{Component, Hardware, MOST, Needed};

/// Utilisation beyond which nothing is planned: queues there fill so seldom, and for so long, that a run of affordable length
/// does not show what they lose. Of 24 million packets 11 and 13 cores lost 0.03 and 0.01 % at 98.4 %, and none at 97.5 %.
pub const MOST_BUSY: f64 = 0.975;

/// A placement on one host under one kind of traffic.
#[derive(Clone, Copy)]
pub struct ClosedForms<'a> {
    /// One core, one NIC, one accelerator, the whole load.
    pub base: &'a Scenario,
    /// The host.
    pub profile: &'a Profile,
    /// What must hold.
    pub goals: Goals,
}

impl ClosedForms<'_> {
    /// So much hardware under a load, in units of the planned one.
    pub fn loaded(&self, hardware: Hardware, load: f64) -> Scenario {
        let mut s = self.base.clone();
        s.host.cores = hardware.cores;
        s.nic[0].count = hardware.nics;
        s.accelerator[0].count = hardware.accelerators.max(1);
        for class in &mut s.traffic {
            class.rate = class.rate.map(|rate| BitRate::from_gbps(rate.as_gbps() * load));
        }
        s
    }

    /// The tightest station of a scenario, and how busy closed forms say it is; above 1 where they do not allow the load.
    ///
    /// # Errors
    /// [`Invalid`] for a scenario that cannot be.
    pub fn tightest(&self, scenario: &Scenario) -> Result<(Resource, f64), Invalid> {
        Ok(tightest(&bound(&Machine::build(scenario, self.profile)?)))
    }

    /// The share of packets that must not be lost.
    pub fn lossless(&self) -> f64 {
        1.0 - self.goals.loss.fraction()
    }

    /// Whether closed-form bounds allow a load: no simulation exceeds them, and none tells of queues that fill too seldom.
    fn allowed(&self, hardware: Hardware, load: f64) -> bool {
        let scenario = self.loaded(hardware, load);
        // What is not valid is no hardware to have.
        Machine::build(&scenario, self.profile).is_ok_and(|machine| {
            let bound = bound(&machine);
            let delivers =
                bound.share_delivered() >= self.lossless() && tightest(&bound).1 * self.lossless() <= MOST_BUSY;
            delivers && has_room(&machine, &scenario)
        })
    }

    /// How much of each kind a load takes by closed forms, in pieces and parts of one: from how busy what there is of it would
    /// be. `None` for what cannot be.
    pub fn needed(&self, hardware: Hardware, load: f64) -> Option<Needed> {
        let scenario = self.loaded(hardware, load);
        let machine = Machine::build(&scenario, self.profile).ok()?;
        let bound = bound(&machine);
        let offered = bound.offered.map_or(0.0, PacketRate::as_pps);
        let busy = |owners: &[Owner]| {
            let limits = bound.limits.iter().filter(|limit| owners.contains(&limit.resource.owner()));
            limits.map(|limit| offered / limit.rate.as_pps()).fold(0.0, f64::max) * self.lossless() / MOST_BUSY
        };
        // A link may be a NIC's or a card's.
        let devices = busy(&[Owner::Nic, Owner::Pcie]);
        let room = if has_room(&machine, &scenario) { 0 } else { hardware.nics + 1 };
        Some(Needed {
            cores: f64::from(hardware.cores) * busy(&[Owner::Host]),
            nics: (f64::from(hardware.nics) * devices).max(f64::from(room)),
            accelerators: f64::from(hardware.accelerators) * busy(&[Owner::Accelerator, Owner::Pcie]),
        })
    }

    /// Kinds of hardware that this placement counts, cores last.
    pub fn parts(&self) -> &'static [Component] {
        match self.base.placement.uses_accelerator() {
            true => &[Component::Nic, Component::Accelerator, Component::Core],
            false => &[Component::Nic, Component::Core],
        }
    }

    /// The most that there can be.
    pub fn most(&self) -> Hardware {
        if self.base.placement.uses_accelerator() { MOST } else { MOST.with(Component::Accelerator, 0) }
    }

    /// The least hardware that closed forms allow for a load: fewest NICs, then fewest accelerators, then fewest cores.
    /// `None` where not even the most is enough.
    pub fn floor(&self, load: f64) -> Option<Hardware> {
        let mut hardware = self.enough(load).filter(|hardware| self.allowed(*hardware, load)).or_else(|| {
            let most = self.most();
            self.allowed(most, load).then_some(most)
        })?;
        for &part in self.parts() {
            let n = hardware.of(part);
            let holds = |n| self.allowed(hardware.with(part, n), load);
            if n > 1 && holds(n - 1) {
                let least = least_of(1, n - 1, |n| Ok::<_, Invalid>(holds(n)));
                hardware = hardware.with(part, least.unwrap_or(n));
            }
        }
        Some(hardware)
    }

    /// Hardware that grows by what closed forms say is too busy until nothing is.
    fn enough(&self, load: f64) -> Option<Hardware> {
        let mut hardware = self.parts().iter().fold(self.most(), |least, &part| least.with(part, 1));
        loop {
            let needed = self.needed(hardware, load)?;
            let more = self.parts().iter().fold(hardware, |more, &part| {
                let n = (needed.of(part) - 1e-9).ceil().min(f64::from(MOST.of(part))) as u32;
                more.with(part, n.max(hardware.of(part)))
            });
            if more == hardware {
                return Some(hardware);
            }
            hardware = more;
        }
    }

    /// Closed-form limits of the hardware in units of the planned load, the tightest first.
    pub fn limits(&self, hardware: Hardware) -> Vec<(&'static str, f64)> {
        let machine = Machine::build(&self.loaded(hardware, 1.0), self.profile);
        let Ok(bound) = machine.map(|machine| bound(&machine)) else { return Vec::new() };
        let offered = bound.offered.map_or(f64::NAN, PacketRate::as_pps);
        let stations = bound.limits.iter().filter(|limit| limit.resource != Resource::OfferedLoad);
        stations.map(|limit| (limit.resource.name(), limit.rate.as_pps() / offered)).collect()
    }
}

/// The tightest station of a bound, and how busy it says that it is.
fn tightest(bound: &Bound) -> (Resource, f64) {
    let offered = bound.offered.map_or(0.0, PacketRate::as_pps);
    let busy = |limit: Limit| (limit.resource, offered / limit.rate.as_pps());
    bound.tightest().map_or((Resource::OfferedLoad, 0.0), busy)
}

/// Whether NICs have room for all SAs: more NICs have, where they do the cipher at all.
fn has_room(machine: &Machine, scenario: &Scenario) -> bool {
    let all_held = machine.spread.sas_as_asked == scenario.sas();
    let esps = scenario.nic.iter().filter_map(|nic| nic.esp.as_ref());
    let mut does_cipher = esps.map(|esp| esp.algorithms.contains(&scenario.sa.algorithm));
    all_held || !scenario.placement.encrypts_in_nic() || !does_cipher.all(|does| does)
}

/// The least of `low..=high` that holds, where everything above one that holds does too, and `high` is known to.
pub(super) fn least_of<E>(
    mut low: u32,
    mut high: u32,
    mut holds: impl FnMut(u32) -> Result<bool, E>,
) -> Result<u32, E> {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(high)
}
