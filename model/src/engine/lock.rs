//! What a lock costs those who take it: by who had it before, and who waits.

/// What passing a lock on takes beside what is done with it, on average: it varies from half to one and a half times, as
/// cores of one chip are nearer to some than to others. Were it always the same, few cores could fall into a turn in which
/// none ever waits, which no host keeps up. Times in picoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LockTimes {
    /// Moving the lines that it protects: from a core of the same group, of the same socket, of another one. The core
    /// itself has them already.
    pub moved: [u64; 3],
    /// On top for each job that is before this one.
    pub waiter: u64,
    /// Cores of a group that shares a cache; numbers of neighbours follow each other.
    pub group: u16,
    /// Cores of a socket.
    pub socket: u16,
}

impl LockTimes {
    /// How much longer `core` holds it that `owner` had before, if somebody had it, and that so many wait for before.
    pub fn passed_on(&self, core: u16, owner: Option<u16>, before: usize) -> u64 {
        let Some(owner) = owner.filter(|owner| *owner != core) else { return 0 };
        let apart = |cores: u16| owner / cores.max(1) != core / cores.max(1);
        let distance = usize::from(apart(self.group)) + usize::from(apart(self.socket));
        self.moved[distance] + self.waiter * before as u64
    }
}
