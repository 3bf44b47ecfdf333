//! How what was simulated is shown.

use espsim_report::assumed::of_points;
use espsim_report::columns::{Column, RECOVERY, THROUGHPUT};
use espsim_report::timeline::{PointFigure, timeline_figure};
use espsim_sweep::campaign::studies::FAILOVER;
use espsim_sweep::points::Points;
use espsim_sweep::points::study::Study;

/// What is shown of a study beside its files.
pub struct Presentation {
    /// The table on standard output.
    pub columns: &'static [Column],
    /// A figure of each point, where it is told how many points there are.
    pub figure: Option<PointFigure>,
    /// What is said at the end of what was assumed.
    pub assumed: fn(&Points<'_>) -> Option<String>,
}

impl Presentation {
    /// Of a study.
    pub fn of(study: &Study) -> Self {
        match study.kind == FAILOVER.kind {
            true => Presentation { columns: RECOVERY, figure: Some(timeline_figure), assumed: of_points },
            false => Presentation { columns: THROUGHPUT, figure: None, assumed: |_| None },
        }
    }
}
