//! Jobs of a recorded process, one after the other as they came.

use std::sync::Arc;

/// When a job starts, on which of its source's flows, and of which size: sixteen octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedJob {
    /// Picoseconds since the record began; none is before the one before it.
    pub at: u64,
    /// Its flow, from 0.
    pub flow: u32,
    /// Its size, from 0.
    pub size: u16,
}

/// Jobs in the order of their times; as they were gathered, since a copy of hundreds of megabytes would double them.
pub type Recorded = Arc<Vec<RecordedJob>>;
