//! Kinds of origins of values, as a reader is to weigh them.

use espsim_model::preset::Evidence;
use espsim_model::profile::Origin;
use espsim_sweep::store::manifest::{self, Parameter};

/// A kind of origin, in the order of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OriginKind {
    /// Measured on the host.
    Measured,
    /// From a User-Mode Linux guest on the host.
    GuestUml,
    /// Measured in an emulator.
    Emulated,
    /// Shipped, from a source.
    Source,
    /// Shipped, estimated.
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
            manifest::Origin::Preset { source, .. } => OriginKind::of_source(source),
        }
    }

    /// Of a cost of a host.
    pub fn of_cost(origin: Origin, source: &str) -> Self {
        match origin {
            Origin::Measured => OriginKind::Measured,
            Origin::GuestUml => OriginKind::GuestUml,
            Origin::Emulated => OriginKind::Emulated,
            Origin::Preset => OriginKind::of_source(source),
        }
    }

    fn of_source(source: &str) -> Self {
        match Evidence::of(source) {
            Evidence::Estimate => OriginKind::Estimate,
            Evidence::Measured | Evidence::Published | Evidence::Derived => OriginKind::Source,
        }
    }

    /// The name in tables.
    pub fn name(self) -> &'static str {
        self.words().0
    }

    /// The name and what it means.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            OriginKind::Measured => ("measured", "measured on the host by a calibration"),
            OriginKind::GuestUml => {
                ("guest-uml", "from a User-Mode Linux guest on the host, corrected; not measured in its own kernel")
            }
            OriginKind::Emulated => ("emulated", "measured in an emulator: a functional fact, not a time"),
            OriginKind::Source => ("preset, with a source", "shipped, from the source that is named"),
            OriginKind::Estimate => ("preset, an estimate", "shipped, estimated as is said; no figure is published"),
            OriginKind::Scenario => ("scenario", "written in the scenario file, for all points"),
            OriginKind::Sweep => ("series or sweep", "written in the scenario file, varied between points"),
            OriginKind::Set => ("set", "given on the command line"),
            OriginKind::Default => ("default", "the program's default"),
        }
    }
}
