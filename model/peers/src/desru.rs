//! The tandem in DESRu: each end of a service is an event whose action schedules the next one.
//!
//! As in DESRu's own examples, actions call functions and capture nothing; so their boxes allocate nothing either, which
//! makes this faster than actions that hold a counted reference to the network. Only services under way are in the
//! event queue, whose length is what its speed depends on; who waits, waits at the station. Nothing is logged.

use std::cell::RefCell;

use ::desru::EventScheduler;

use crate::network::Network;
use crate::{STATIONS, Simulation, Tandem};

type Action = Box<dyn FnMut(&mut EventScheduler) -> Option<String>>;

/// The action that ends a service of each station.
const ENDS: [fn() -> Action; STATIONS] =
    [|| Box::new(end::<0>), || Box::new(end::<1>), || Box::new(end::<2>), || Box::new(end::<3>)];

thread_local! {
    /// What the actions work on.
    static NETWORK: RefCell<Option<Network>> = const { RefCell::new(None) };
}

/// Builds the simulation.
pub fn build(tandem: &Tandem) -> Simulation {
    let (network, first) = Network::new(tandem);
    Box::new(move || {
        NETWORK.set(Some(network));
        let mut scheduler = EventScheduler::new();
        begin(&mut scheduler, 0, first);
        scheduler.run(Box::new(|_| false), Some(Box::new(|_, _| false)));
        NETWORK.take().expect("the network is there").outcome(scheduler.current_time as u64)
    })
}

fn begin(scheduler: &mut EventScheduler, station: usize, time: u64) {
    scheduler.timeout(time as f64, Some(ENDS[station]()), None);
}

fn end<const STATION: usize>(scheduler: &mut EventScheduler) -> Option<String> {
    let now = scheduler.current_time;
    NETWORK.with_borrow_mut(|network| {
        let network = network.as_mut().expect("the network is there");
        network.end(STATION, || now as u64, |station, time| begin(scheduler, station, time));
    });
    None
}
