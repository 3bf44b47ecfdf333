//! The tandem in NeXosim as one model that holds all stations and schedules all ends of services itself.
//!
//! It gives up what NeXosim is for, models that are connected by ports, and saves one message for each visit: the most
//! that can be had of NeXosim's event queue and executor.

use std::time::Duration;

use ::nexosim::model::{BuildContext, Context, Model, ProtoModel, schedulable};
use ::nexosim::ports::QuerySource;
use ::nexosim::simulation::{Mailbox, SimInit};
use ::nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::network::Network;
use crate::nexosim::ticks;
use crate::{Outcome, Simulation, Tandem};

/// All stations.
#[derive(Serialize, Deserialize)]
struct Stations {
    /// When the first service ends.
    first: u64,
}

#[Model(type Env = Network)]
impl Stations {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        Self::begin(context, 0, self.first);
    }

    fn begin(context: &Context<Self>, station: usize, time: u64) {
        let time = Duration::from_nanos(time);
        context.schedule_event(time, schedulable!(Self::end), station).expect("a service takes a tick at least");
    }

    #[nexosim(schedulable)]
    fn end(&mut self, station: usize, context: &Context<Self>, network: &mut Network) {
        network.end(station, || ticks(context.time()), |station, time| Self::begin(context, station, time));
    }

    async fn outcome(&mut self, _: (), context: &Context<Self>, network: &mut Network) -> Outcome {
        network.outcome(ticks(context.time()))
    }
}

/// The stations with their environment.
struct ProtoStations {
    stations: Stations,
    network: Network,
}

impl ProtoModel for ProtoStations {
    type Model = Stations;

    fn build(self, _: &mut BuildContext<Self>) -> (Stations, Network) {
        (self.stations, self.network)
    }
}

/// Builds the simulation.
pub fn build(tandem: &Tandem) -> Simulation {
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let query = QuerySource::new().connect(Stations::outcome, &mailbox).register(&mut bench);
    let (network, first) = Network::new(tandem);
    let model = ProtoStations { stations: Stations { first }, network };
    let bench = bench.add_model(model, mailbox, "stations");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("the bench is complete");
    Box::new(move || {
        simulation.run().expect("the simulation runs to its end");
        simulation.process_query(&query, ()).expect("the model answers")
    })
}
