//! `espsim failover`: a scenario file with events in; timelines, a table and swept figures out.

use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::studies::FAILOVER;
use espsim_sweep::failure::Failure;

use crate::command::run::run_study;
use crate::command::run_args::RunArgs;

/// Runs a scenario file with events.
///
/// # Errors
/// As [`crate::command::run::run`].
pub fn failover(args: &RunArgs, command: Vec<String>) -> Result<(), Failure> {
    run_study(args, &command, &FAILOVER, &Stop::listen()?)
}
