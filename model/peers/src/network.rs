//! The tandem's state where one place holds all of it, for simulators that only keep the calendar of events.

use std::collections::VecDeque;

use crate::{Outcome, STATIONS, Service, Tandem};

/// A station: when each customer that is there began its round, the first of them in service.
struct Station {
    customers: VecDeque<u64>,
    service: Service,
}

pub(crate) struct Network {
    stations: [Station; STATIONS],
    /// Departures after which customers leave.
    limit: u64,
    visits: u64,
    departures: u64,
    sojourn: u64,
}

impl Network {
    /// The tandem at time zero, and when the first service ends.
    pub fn new(tandem: &Tandem) -> (Self, u64) {
        let customers = tandem.customers as usize;
        let mut stations = std::array::from_fn(|station| Station {
            customers: VecDeque::with_capacity(customers),
            service: Service::new(tandem, station),
        });
        stations[0].customers.resize(customers, 0);
        let first = stations[0].service.draw();
        (Network { stations, limit: tandem.departures, visits: 0, departures: 0, sojourn: 0 }, first)
    }

    /// Ends the service of a station's first customer, who goes on to the next station. Services that begin are given
    /// to `begin`: station and service time in ticks.
    #[inline]
    pub fn end(&mut self, index: usize, now: impl FnOnce() -> u64, mut begin: impl FnMut(usize, u64)) {
        self.visits += 1;
        let station = &mut self.stations[index];
        let mut born = station.customers.pop_front().expect("a customer is in service");
        if !station.customers.is_empty() {
            begin(index, station.service.draw());
        }
        let next = (index + 1) % STATIONS;
        if next == 0 {
            let now = now();
            self.departures += 1;
            self.sojourn += now - born;
            if self.departures > self.limit {
                return;
            }
            born = now;
        }
        let station = &mut self.stations[next];
        station.customers.push_back(born);
        if station.customers.len() == 1 {
            begin(next, station.service.draw());
        }
    }

    /// What was found, when the last customer has left.
    pub fn outcome(&self, end: u64) -> Outcome {
        let mean_sojourn = self.sojourn as f64 / self.departures as f64;
        Outcome { visits: self.visits, departures: self.departures, end, mean_sojourn }
    }
}
