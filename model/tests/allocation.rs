//! The event loop allocates nothing: once rings and lists have grown to what the scenario needs, none is made per event.

use std::alloc::System;

use espsim_model::machine::Machine;
use espsim_model::placement::Placement;
use espsim_model::preset;
use espsim_model::run::engine;
use espsim_model::scenario::Scenario;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PACKETS: u64 = 100_000;

#[test]
fn a_warm_engine_allocates_nothing() {
    let profile = preset::profile("haswell").unwrap().unwrap();
    for placement in Placement::ALL {
        let direction = if placement.only_forwards() { "encrypt" } else { "transmit" };
        for arrival in ["saturate", "poisson"] {
            let settings = [
                ("placement", placement.name()),
                // A NIC that every placement takes: a DPU.
                ("nic.preset", "bluefield-2"),
                ("dpu.esp", "cores"),
                ("lookaside.driver", "complete"),
                ("traffic.direction", direction),
                ("traffic.arrival", arrival),
                ("traffic.rate", "1 Gbps"),
                ("traffic.transport", "tcp"),
                ("offload.gso", "16 KiB"),
            ];
            let scenario = Scenario::from_settings(&settings).unwrap();
            let machine = Machine::build(&scenario, &profile).unwrap();
            let compiled = machine.compile().unwrap();
            let mut engine = engine(&machine, &compiled, 1);
            engine.run(PACKETS, u64::MAX, u64::MAX);

            let region = Region::new(ALLOCATOR);
            let events = engine.events();
            engine.run(2 * PACKETS, u64::MAX, u64::MAX);
            let made = region.change().allocations + region.change().reallocations;
            let events = engine.events() - events;
            // A rare burst may grow a ring or the list of batches once more.
            assert!(made <= 4, "{}, {arrival}: {made} allocations in {events} events", placement.name());
        }
    }
}
