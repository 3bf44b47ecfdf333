//! Jobs of a recorded process, block by block as they came: an engine holds one block, however long the record is.

use std::fmt::{self, Debug};
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

/// Jobs that can be gone through as often as there are simulations, each time the same.
pub trait Recording: Debug + Send + Sync {
    /// Begins at the first job.
    fn play(&self) -> Box<dyn Playback>;
    /// When the last job comes, in picoseconds.
    fn end(&self) -> u64;
    /// How many jobs there are.
    fn jobs(&self) -> u64;
}

/// One going through a recording.
pub trait Playback: Send {
    /// Puts the next jobs into a block in place of those before; none at the end.
    ///
    /// # Errors
    /// What keeps them from being had.
    fn next(&mut self, block: &mut Vec<RecordedJob>) -> Result<(), String>;
}

/// The recording of a source, where it has one.
#[derive(Debug, Clone, Default)]
pub struct Recorded(pub Option<Arc<dyn Recording>>);

impl PartialEq for Recorded {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for Recorded {}

/// Where a source stands in its recording.
#[derive(Default)]
pub(super) struct Player {
    playback: Option<Box<dyn Playback>>,
    block: Vec<RecordedJob>,
    /// The next job of the block.
    next: usize,
    /// Why there are no more jobs, if not because that was the last.
    pub failure: Option<String>,
}

impl Player {
    pub fn new(recorded: &Recorded) -> Self {
        let mut player =
            Player { playback: recorded.0.as_ref().map(|recording| recording.play()), ..Player::default() };
        player.refill();
        player
    }

    /// The next job; `None` behind the last.
    #[inline]
    pub fn peek(&self) -> Option<RecordedJob> {
        self.block.get(self.next).copied()
    }

    /// Goes on behind the next job.
    #[inline]
    pub fn advance(&mut self) {
        self.next += 1;
        if self.next >= self.block.len() {
            self.refill();
        }
    }

    #[inline(never)]
    fn refill(&mut self) {
        self.next = 0;
        let Some(playback) = &mut self.playback else { return };
        if let Err(failure) = playback.next(&mut self.block) {
            self.failure = Some(failure);
            self.block.clear();
        }
        if self.block.is_empty() {
            self.playback = None;
        }
    }
}

impl Debug for Player {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player").field("next", &self.peek()).field("failure", &self.failure).finish_non_exhaustive()
    }
}
