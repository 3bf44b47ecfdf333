//! What a command simulates at every point of a scenario file, and what it shows.

use espsim_model::profile::Profile;
use espsim_model::scenario::{Invalid, Scenario};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::file::scenario_file::ScenarioFile;
use crate::points::Point;
use crate::points::doubt::{Drawn, Draws};
use crate::points::outcome::{Outcome, Run};

/// The command that made a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ResultKind {
    /// `espsim run`.
    #[default]
    Run,
    /// `espsim failover`.
    Failover,
    /// `espsim plan`.
    Plan,
    /// `espsim compare`.
    Compare,
    /// `espsim validate`.
    Validate,
    /// `espsim pcie-bench`.
    PcieBench,
}

impl ResultKind {
    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            ResultKind::Run => "run",
            ResultKind::Failover => "failover",
            ResultKind::Plan => "plan",
            ResultKind::Compare => "compare",
            ResultKind::Validate => "validate",
            ResultKind::PcieBench => "pcie-bench",
        }
    }

    /// Whether the folder has points, of which the report makes its own answer.
    pub fn has_points(self) -> bool {
        matches!(self, ResultKind::Run | ResultKind::Failover)
    }
}

/// A command that runs a scenario file.
pub struct Study {
    /// Which one: `run` or `failover`.
    pub kind: ResultKind,
    /// The simulation of one scenario on one host under one seed; nothing where it is told to stop.
    pub simulate: Simulate,
    /// What machines that it may be instead say of a point.
    pub drawn: OfDraws,
    /// What a simulation is expected to take, in an arbitrary unit.
    pub cost: fn(&Scenario) -> f64,
    /// Refuses a point that is for another command.
    pub check: fn(&ScenarioFile, &Point) -> Result<(), Failure>,
    /// Files with rows for each point.
    pub csv: &'static [Csv],
}

/// Simulates a scenario on a host under a seed, until the last of these says that it is to stop.
pub type Simulate = fn(&Scenario, &Profile, u64, &dyn Fn() -> bool) -> Result<Option<Run>, Invalid>;

/// What draws say of a point on a host, and of what its simulations gave.
pub type OfDraws = fn(&Point, &Profile, &Draws, &Outcome) -> Vec<Drawn>;

/// A file with rows for each point, in the order of points.
pub struct Csv {
    /// Its name.
    pub file: &'static str,
    /// Headings.
    pub header: fn(&ScenarioFile) -> Vec<String>,
    /// The rows of a point, by its number.
    pub rows: fn(usize, &Outcome) -> Vec<Vec<String>>,
}
