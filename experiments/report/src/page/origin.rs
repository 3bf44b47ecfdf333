//! Kinds of origins of values, as a reader is to weigh them.

use espsim_model::preset::Evidence;
use espsim_sweep::store::manifest::{self, Parameter};

/// A kind of origin, in the order of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OriginKind {
    /// Measured on the host.
    Measured,
    /// Calculated from other values.
    Derived,
    /// From a publication.
    Published,
    /// Estimated.
    Estimate,
    /// From the scenario file.
    Scenario,
    /// From a series or the sweep.
    Sweep,
    /// From the command line.
    Set,
    /// The program's default.
    Default,
}

impl OriginKind {
    /// Of a value of a scenario.
    pub fn of_parameter(parameter: &Parameter) -> Self {
        match &parameter.origin {
            manifest::Origin::Scenario => OriginKind::Scenario,
            manifest::Origin::Sweep => OriginKind::Sweep,
            manifest::Origin::Set => OriginKind::Set,
            manifest::Origin::Default => OriginKind::Default,
            manifest::Origin::Preset { source, .. } => Evidence::of(source).into(),
        }
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// The name and what it means.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            OriginKind::Measured => (Evidence::Measured.name(), "measured on the host by a calibration"),
            OriginKind::Derived => {
                (Evidence::Derived.name(), "calculated from measured or published values, as is said")
            }
            OriginKind::Published => (Evidence::Published.name(), "from the publication that is named"),
            OriginKind::Estimate => (Evidence::Estimate.name(), "estimated as is said; no figure is published"),
            OriginKind::Scenario => ("scenario", "written in the scenario file, for all points"),
            OriginKind::Sweep => ("series or sweep", "written in the scenario file, varied between points"),
            OriginKind::Set => ("set", "given on the command line"),
            OriginKind::Default => ("default", "the program's default"),
        }
    }
}

impl From<Evidence> for OriginKind {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Measured => OriginKind::Measured,
            Evidence::Derived => OriginKind::Derived,
            Evidence::Published => OriginKind::Published,
            Evidence::Estimate => OriginKind::Estimate,
        }
    }
}
