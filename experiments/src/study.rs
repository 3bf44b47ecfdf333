//! What a command simulates at every point of a scenario file, and what it shows.

use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};

use crate::input::Failure;
use crate::outcome::{Outcome, Run};
use crate::points::Point;
use crate::scenario_file::ScenarioFile;
use crate::table::Column;

/// A command that runs a scenario file.
pub struct Study {
    /// Its name: `run` or `failover`.
    pub kind: &'static str,
    /// The simulation of one scenario on one host under one seed; nothing where it is told to stop.
    pub simulate: Simulate,
    /// What a simulation is expected to take, in an arbitrary unit.
    pub cost: fn(&Scenario) -> f64,
    /// Refuses a point that is for another command.
    pub check: fn(&ScenarioFile, &Point) -> Result<(), Failure>,
    /// The table on standard output.
    pub columns: &'static [Column],
    /// Files with rows for each point.
    pub csv: &'static [Csv],
    /// A figure of each point, where it is told how many points there are.
    pub figure: Option<PointFigure>,
}

/// Simulates a scenario on a host under a seed, until the last of these says that it is to stop.
pub type Simulate = fn(&Scenario, &Profile, u64, &dyn Fn() -> bool) -> Result<Option<Run>, Invalid>;

/// Draws a point, given how many there are and small print: name and SVG, or nothing of too many points.
pub type PointFigure = fn(&ScenarioFile, &Outcome, usize, &str) -> Result<Option<(String, String)>, Failure>;

/// A file with rows for each point, in the order of points.
pub struct Csv {
    /// Its name.
    pub file: &'static str,
    /// Headings.
    pub header: fn(&ScenarioFile) -> Vec<String>,
    /// The rows of a point, by its number.
    pub rows: fn(usize, &Outcome) -> Vec<Vec<String>>,
}
