//! The tandem in DESRu: each end of a service is an event whose action schedules the next one.
//!
//! As DESRu's own examples do, actions call a function and capture next to nothing. Only services under way are in
//! the event queue, whose length is what its speed depends on; who waits, waits at the station. Nothing is logged.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use ::desru::EventScheduler;

use crate::{Outcome, SERVICE, STATIONS, Service, Simulation, Tandem};

/// A station: when each customer that is there began its round, the first of them in service.
struct Station {
    customers: VecDeque<f64>,
    service: Service,
}

struct Network {
    stations: [Station; STATIONS],
    /// Departures after which customers leave.
    limit: u64,
    visits: u64,
    departures: u64,
    sojourn: f64,
}

/// Builds the simulation.
pub fn build(tandem: &Tandem) -> Simulation {
    let customers = tandem.customers as usize;
    let station =
        |station| Station { customers: VecDeque::with_capacity(customers), service: Service::new(tandem, station) };
    let mut stations = std::array::from_fn::<_, { SERVICE.len() }, _>(station);
    stations[0].customers.resize(customers, 0.0);
    let network = Network { stations, limit: tandem.departures, visits: 0, departures: 0, sojourn: 0.0 };
    let network = Rc::new(RefCell::new(network));
    let mut scheduler = EventScheduler::new();
    begin(&mut scheduler, &network, &mut network.borrow_mut().stations[0], 0);
    Box::new(move || {
        scheduler.run(Box::new(|_| false), Some(Box::new(|_, _| false)));
        let network = network.borrow();
        Outcome {
            visits: network.visits,
            departures: network.departures,
            end: scheduler.current_time as u64,
            mean_sojourn: network.sojourn / network.departures as f64,
        }
    })
}

/// Begins the service of a station's first customer.
#[inline]
fn begin(scheduler: &mut EventScheduler, network: &Rc<RefCell<Network>>, station: &mut Station, index: usize) {
    let time = station.service.draw() as f64;
    let network = Rc::clone(network);
    let action = move |scheduler: &mut EventScheduler| {
        end(scheduler, &network, index);
        None
    };
    scheduler.timeout(time, Some(Box::new(action)), None);
}

/// Ends the service of a station's first customer, who goes on to the next station.
fn end(scheduler: &mut EventScheduler, shared: &Rc<RefCell<Network>>, index: usize) {
    let network = &mut *shared.borrow_mut();
    network.visits += 1;
    let station = &mut network.stations[index];
    let mut born = station.customers.pop_front().expect("a customer is in service");
    if !station.customers.is_empty() {
        begin(scheduler, shared, station, index);
    }
    let next = (index + 1) % STATIONS;
    if next == 0 {
        network.departures += 1;
        network.sojourn += scheduler.current_time - born;
        if network.departures > network.limit {
            return;
        }
        born = scheduler.current_time;
    }
    let station = &mut network.stations[next];
    station.customers.push_back(born);
    if station.customers.len() == 1 {
        begin(scheduler, shared, station, next);
    }
}
