//! The tandem in NeXosim: each station is a model whose output is connected to the next one's input.
//!
//! As NeXosim's documentation has it: a model schedules its own end of service and sends the customer on by its output
//! port; what cannot be saved with the model is its environment; results are read by queries. One thread, whose
//! executor needs no synchronisation between threads; no clock, no tracing, no server. Only services under way are in
//! the event queue.

use std::collections::VecDeque;
use std::time::Duration;

use ::nexosim::model::{BuildContext, Context, Model, ProtoModel, schedulable};
use ::nexosim::ports::{Output, QuerySource};
use ::nexosim::simulation::{Mailbox, SimInit};
use ::nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};

use crate::{Outcome, STATIONS, Service, Simulation, Tandem};

/// What a station has counted.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Counts {
    visits: u64,
    /// Of customers that departed from the last station: the sum of their times since they began their round, in ticks.
    sojourn: u64,
}

/// A station: when each customer that is there began its round, the first of them in service.
#[derive(Serialize, Deserialize)]
struct Station {
    customers: VecDeque<u64>,
    /// Departures after which customers leave, at the last station.
    limit: Option<u64>,
    counts: Counts,
    next: Output<u64>,
}

#[Model(type Env = Service)]
impl Station {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>, service: &mut Service) {
        if !self.customers.is_empty() {
            Self::begin(context, service);
        }
    }

    /// A customer comes.
    fn arrive(&mut self, born: u64, context: &Context<Self>, service: &mut Service) {
        self.customers.push_back(born);
        if self.customers.len() == 1 {
            Self::begin(context, service);
        }
    }

    fn begin(context: &Context<Self>, service: &mut Service) {
        let time = Duration::from_nanos(service.draw());
        context.schedule_event(time, schedulable!(Self::end), ()).expect("a service takes a tick at least");
    }

    /// Ends the service of the first customer, who goes on to the next station.
    #[nexosim(schedulable)]
    async fn end(&mut self, _: (), context: &Context<Self>, service: &mut Service) {
        self.counts.visits += 1;
        let mut born = self.customers.pop_front().expect("a customer is in service");
        if !self.customers.is_empty() {
            Self::begin(context, service);
        }
        if let Some(limit) = self.limit {
            let now = ticks(context.time());
            self.counts.sojourn += now - born;
            if self.counts.visits > limit {
                return;
            }
            born = now;
        }
        self.next.send(born).await;
    }

    async fn counts(&mut self) -> Counts {
        self.counts
    }
}

/// A station with its environment.
struct ProtoStation {
    station: Station,
    service: Service,
}

impl ProtoModel for ProtoStation {
    type Model = Station;

    fn build(self, _: &mut BuildContext<Self>) -> (Station, Service) {
        (self.station, self.service)
    }
}

/// Ticks since the start.
pub(crate) fn ticks(time: MonotonicTime) -> u64 {
    time.duration_since(MonotonicTime::EPOCH).as_nanos() as u64
}

/// Builds the simulation.
pub fn build(tandem: &Tandem) -> Simulation {
    let mailboxes: [Mailbox<Station>; STATIONS] = std::array::from_fn(|_| Mailbox::new());
    let mut bench = SimInit::with_num_threads(1);
    let queries =
        mailboxes.each_ref().map(|mailbox| QuerySource::new().connect(Station::counts, mailbox).register(&mut bench));
    let addresses = mailboxes.each_ref().map(Mailbox::address);
    for (index, mailbox) in mailboxes.into_iter().enumerate() {
        let mut customers = VecDeque::with_capacity(tandem.customers as usize);
        if index == 0 {
            customers.resize(tandem.customers as usize, 0);
        }
        let limit = (index == STATIONS - 1).then_some(tandem.departures);
        let mut station = Station { customers, limit, counts: Counts::default(), next: Output::default() };
        station.next.connect(Station::arrive, &addresses[(index + 1) % STATIONS]);
        let station = ProtoStation { station, service: Service::new(tandem, index) };
        bench = bench.add_model(station, mailbox, &format!("station {index}"));
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("the bench is complete");
    Box::new(move || {
        simulation.run().expect("the simulation runs to its end");
        let counts = queries.map(|query| simulation.process_query(&query, ()).expect("the station answers"));
        let Counts { visits: departures, sojourn } = counts[STATIONS - 1];
        Outcome {
            visits: counts.iter().map(|station| station.visits).sum(),
            departures,
            end: ticks(simulation.time()),
            mean_sojourn: sojourn as f64 / departures as f64,
        }
    })
}
