//! What a command simulates at every point of a scenario file, and what it shows.

use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::points::Point;
use crate::points::outcome::{Outcome, Run};

/// A command that runs a scenario file.
pub struct Study {
    /// Its name: `run` or `failover`.
    pub kind: &'static str,
    /// The simulation of one scenario on one host under one seed.
    pub simulate: fn(&Scenario, &Profile, u64) -> Result<Run, Invalid>,
    /// What a simulation is expected to take, in an arbitrary unit.
    pub cost: fn(&Scenario) -> f64,
    /// Refuses a point that is for another command.
    pub check: fn(&ScenarioFile, &Point) -> Result<(), Failure>,
    /// Files with rows for each point.
    pub csv: &'static [Csv],
}

/// A file with rows for each point, in the order of points.
pub struct Csv {
    /// Its name.
    pub file: &'static str,
    /// Headings.
    pub header: fn(&ScenarioFile) -> Vec<String>,
    /// The rows of a point, by its number.
    pub rows: fn(usize, &Outcome) -> Vec<Vec<String>>,
}
