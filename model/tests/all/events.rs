//! What the engine leaves out changes nothing: events that nothing comes before, pools that nobody waits for.

use espsim_model::engine::Engine;
use espsim_model::machine::Machine;
use espsim_model::preset;
use espsim_model::run::engine;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::laws::{departures, scenarios};

/// A step of a run, in picoseconds: shorter than most services.
const STEP: u64 = 20_000;

/// Runs step by step, so that hardly an arrival comes before the end of the step: nearly each is an event of its own.
fn in_steps(engine: &mut Engine) {
    let mut until = 0;
    while !engine.run(2000, 2000 * 256, until) && engine.events() < 2000 * 256 {
        until += STEP;
        if until > 1_000_000_000 {
            return;
        }
    }
}

fn at_once(engine: &mut Engine) {
    engine.run(2000, 2000 * 256, 1_000_000_000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: RngSeed::Fixed(3), ..ProptestConfig::default() })]

    /// Jobs that go on at once, as nothing comes before their arrival, do as if each arrival was an event.
    #[test]
    fn a_run_in_steps_is_the_same_to_the_picosecond(scenario in scenarios(), seed in any::<u64>()) {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let machine = Machine::build(&scenario, &profile).unwrap();
        let compiled = machine.compile().unwrap();
        let run = |begin: fn(&mut Engine)| departures(engine(&machine, &compiled, seed), begin);
        prop_assert_eq!(run(in_steps), run(at_once));
    }

    /// A pool that all jobs together cannot use up may as well not be there.
    #[test]
    fn pools_that_never_run_out_change_nothing(scenario in scenarios(), seed in any::<u64>()) {
        let profile = preset::profile("zen4").unwrap().unwrap();
        let machine = Machine::build(&scenario, &profile).unwrap();
        let without = machine.compile().unwrap();
        let with_all = machine.platform.compile(&machine.routes_by_class()).unwrap();
        let run = |compiled| {
            let (times, _, events) = departures(engine(&machine, compiled, seed), |_| {});
            (times, events)
        };
        prop_assert_eq!(run(&without), run(&with_all));
    }
}
