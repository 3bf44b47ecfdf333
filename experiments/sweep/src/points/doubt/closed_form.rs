//! What closed forms say of one machine.

use espsim_model::bound::{Bound, bound};
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::resource::Resource;
use espsim_model::scenario::Scenario;
use espsim_model::units::{Cycles, Hertz, PacketRate};

/// The limits of one machine under one load.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosedForm {
    /// Limits that are no matter of how much is offered, the tightest first, and the packets of all classes that each lets
    /// through; never empty. A core is one whatever confines packets to it.
    limits: Vec<(Resource, PacketRate)>,
    /// Packets of all classes that are offered; absent when saturating.
    pub offered: Option<PacketRate>,
    /// Goodput that can be left at the most, in Gb/s.
    pub goodput_gbps: f64,
    /// Goodput that is offered, in Gb/s; absent when saturating.
    offered_gbps: Option<f64>,
    /// Cores of the data path.
    cores: u32,
    /// Their clock.
    clock: Hertz,
}

impl ClosedForm {
    /// Of a scenario on a host; `None` for a machine that cannot be, or that nothing limits.
    pub fn of(scenario: &Scenario, profile: &Profile) -> Option<Self> {
        Self::new(&Machine::build(scenario, profile).ok()?)
    }

    /// Of a scenario that has been checked on a host like this one.
    pub(super) fn of_checked(scenario: &Scenario, profile: &Profile) -> Option<Self> {
        Self::new(&Machine::build_checked(scenario, profile).ok()?)
    }

    fn new(machine: &Machine) -> Option<Self> {
        let bound = bound(machine);
        let limits = limits(&bound);
        (!limits.is_empty()).then_some(())?;
        Some(ClosedForm {
            limits,
            offered: bound.offered,
            goodput_gbps: bound.goodput_gbps()?,
            offered_gbps: bound.offered_gbps(),
            cores: machine.cores,
            clock: machine.clock,
        })
    }

    /// Limits, the tightest first.
    pub(super) fn limits(&self) -> &[(Resource, PacketRate)] {
        &self.limits
    }

    /// The tightest limit, whatever is offered.
    pub fn tightest(&self) -> (Resource, PacketRate) {
        self.limits[0]
    }

    /// The tightest limit over what is offered; infinite when saturating.
    pub fn room(&self) -> f64 {
        self.offered.map_or(f64::INFINITY, |offered| self.tightest().1.as_pps() / offered.as_pps())
    }

    /// Goodput that gets through if packets of all sizes are lost alike, in Gb/s.
    pub(super) fn expected_gbps(&self) -> f64 {
        self.offered_gbps.map_or(self.goodput_gbps, |offered| offered * self.room().min(1.0))
    }

    /// Packets of all classes that get through in a second.
    pub fn carried(&self) -> PacketRate {
        let limit = self.tightest().1.as_pps();
        PacketRate::from_pps(self.offered.map_or(limit, |offered| offered.as_pps().min(limit)))
    }

    /// Cycles of the data path's cores for each packet, batches being full: of the busiest core. `None` where cores of several
    /// kinds share them, which no one limit tells.
    pub fn cycles(&self) -> Option<Cycles> {
        Some(Cycles(self.core_seconds()? * self.clock.get() as f64))
    }

    /// Cores' worth of time that what gets through takes.
    pub fn busy_cores(&self) -> Option<f64> {
        Some(self.core_seconds()? * self.carried().as_pps())
    }

    /// Cores' worth of time for each packet in a second.
    pub(super) fn core_seconds(&self) -> Option<f64> {
        if self.limit(Resource::CryptoWorkers).is_some() {
            return None;
        }
        let limit = self.limit(Resource::Core)?;
        Some(f64::from(self.cores) / limit.as_pps()).filter(|seconds| seconds.is_finite())
    }

    pub(super) fn clock(&self) -> Hertz {
        self.clock
    }

    fn limit(&self, of: Resource) -> Option<PacketRate> {
        self.limits.iter().find(|(resource, _)| *resource == of).map(|(_, rate)| *rate)
    }
}

fn limits(bound: &Bound) -> Vec<(Resource, PacketRate)> {
    let stations = bound.limits.iter().filter(|limit| limit.resource != Resource::OfferedLoad);
    stations.map(|limit| (kind(limit.resource), limit.rate)).collect()
}

fn kind(resource: Resource) -> Resource {
    match resource {
        Resource::SaCore | Resource::PeerCore | Resource::EspCore => Resource::Core,
        other => other,
    }
}
