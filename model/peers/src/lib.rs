//! The same closed tandem of queues in espsim's engine and in other discrete-event simulators, so that their speeds can
//! be compared: stations with one server, first come, first served, and customers that go round.
//!
//! Customers start at the first station at time zero. After [`Tandem::departures`] departures from the last station
//! those who depart leave, so that every simulator does exactly [`Tandem::visits`] services and ends at the same time. All
//! draw service times from the engine's random streams, in the same order: results agree to the tick.

pub mod desru;
pub mod espsim;
mod network;
pub mod nexosim;
pub mod nexosim_single;

use espsim_model::engine::random::{Purpose, Stream};
use serde::{Deserialize, Serialize};

/// Stations of a tandem.
pub const STATIONS: usize = 4;

/// Mean service time of each station in ticks: unequal, the third the slowest, so that queues form and empty. A tick
/// is what the simulator's clock can tell apart: a picosecond in espsim, a nanosecond in NeXosim, 1.0 in DESRu.
pub const SERVICE: [u64; STATIONS] = [7_000_000, 9_000_000, 10_000_000, 8_000_000];

/// A closed tandem and how long it is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Tandem {
    /// Customers.
    pub customers: u32,
    /// Departures from the last station after which customers leave; the customers' own come on top.
    pub departures: u64,
    /// Whether service times are exponentially distributed, or else constant.
    pub exponential: bool,
    /// Seed of the service times.
    pub seed: u64,
}

impl Tandem {
    /// Departures from the last station until nobody is left.
    pub fn all_departures(&self) -> u64 {
        self.departures + u64::from(self.customers)
    }

    /// Visits of customers to stations until nobody is left.
    pub fn visits(&self) -> u64 {
        STATIONS as u64 * self.all_departures()
    }
}

/// What a simulator found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Visits that were simulated.
    pub visits: u64,
    /// Departures from the last station.
    pub departures: u64,
    /// When the last customer left, in ticks.
    pub end: u64,
    /// Mean time of a round through all stations, in ticks.
    pub mean_sojourn: f64,
}

/// A simulation that is built and has not begun; calling it simulates to the end.
pub type Simulation = Box<dyn FnOnce() -> Outcome>;

/// A simulator.
#[derive(Debug, Clone, Copy)]
pub struct Simulator {
    /// Its name.
    pub name: &'static str,
    /// Builds the simulation of a tandem.
    pub build: fn(&Tandem) -> Simulation,
}

/// espsim's engine: as it runs the data path, and with an event for every visit.
pub const ESPSIM: [Simulator; 2] = [
    Simulator { name: "espsim", build: espsim::build },
    Simulator { name: "espsim-unfused", build: espsim::build_unfused },
];

/// What it is compared with.
pub const PEERS: [Simulator; 3] = [
    Simulator { name: "desru", build: desru::build },
    Simulator { name: "nexosim", build: nexosim::build },
    Simulator { name: "nexosim-single", build: nexosim_single::build },
];

/// Service times of a station, for the peers: what the engine draws for itself.
struct Service {
    mean: u64,
    /// `None` for constant times.
    stream: Option<Stream>,
}

impl Service {
    fn new(tandem: &Tandem, station: usize) -> Self {
        let stream = || Stream::new(tandem.seed, Purpose::Service(station as u16));
        Service { mean: SERVICE[station], stream: tandem.exponential.then(stream) }
    }

    #[inline]
    fn draw(&mut self) -> u64 {
        let mean = self.mean;
        self.stream.as_mut().map_or(mean, |stream| stream.exponential(mean))
    }
}
