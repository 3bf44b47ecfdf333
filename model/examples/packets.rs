//! Simulates packets of one placement, to count instructions by: `packets inline-crypto transmit 100000`, under
//! `valgrind --tool=callgrind`; what a packet takes is the difference of two such runs, by the difference of packets.

use espsim_model::machine::Machine;
use espsim_model::preset;
use espsim_model::run::engine;
use espsim_model::scenario::Scenario;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [placement, direction, packets] = arguments.as_slice() else {
        return Err("usage: packets PLACEMENT DIRECTION PACKETS".into());
    };
    let profile = preset::profile("haswell")??;
    // As the benchmark of placements has it.
    let scenario = Scenario::from_settings(&[
        ("placement", placement),
        ("lookaside.driver", "complete"),
        ("traffic.direction", direction),
        ("traffic.packet", "1500 B"),
        ("traffic.mtu", "1600 B"),
    ])?;
    let machine = Machine::build(&scenario, &profile)?;
    let compiled = machine.compile()?;
    engine(&machine, &compiled, 1).run(packets.parse()?, u64::MAX, u64::MAX);
    Ok(())
}
