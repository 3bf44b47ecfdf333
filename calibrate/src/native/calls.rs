//! What a kernel's interfaces and its scheduler cost: a system call, a netlink request, a switch between threads.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::thread::JoinHandle;

use netlink_sys::protocols::NETLINK_ROUTE;

use super::rounds::{Job, What};
use super::send::repeated;
use crate::pin_to_last_core;
use crate::sa_path::error::{Doing, SaPathError};
use crate::sa_path::netlink::{Channel, Request};

/// Calls of one run.
const CALLS: usize = 64;

/// Jobs of calls that do nothing, and of switching between threads.
pub(super) fn jobs() -> Result<Vec<Job<'static>>, SaPathError> {
    let mut channel = Channel::open(NETLINK_ROUTE)?;
    let mut other = OtherThread::start()?;
    let (mut reader, mut writer) = pipe().doing("make a pipe")?;
    Ok(vec![
        Job::one((What::SystemCall, 0, 0), || {
            many(|| {
                let _ = std::os::unix::process::parent_id();
                Ok(())
            })
        }),
        Job::one((What::NetlinkNothing, 0, 0), move || {
            let mut nothing = Request::nothing();
            many(|| channel.must(&mut nothing).map(drop).map_err(std::io::Error::other))
        }),
        Job::one((What::RoundTrip, 0, 0), move || many(|| other.round_trip())),
        Job::one((What::PipeCalls, 0, 0), move || {
            many(|| {
                for _ in 0..2 {
                    writer.write_all(&[1])?;
                    reader.read_exact(&mut [0])?;
                }
                Ok(())
            })
        }),
    ])
}

fn many(once: impl FnMut() -> std::io::Result<()>) -> Result<f64, SaPathError> {
    repeated(CALLS, once).map(|seconds| seconds / CALLS as f64)
}

/// A thread on the same core that sends back whatever comes. It ends with this value.
struct OtherThread {
    to: Option<PipeWriter>,
    from: PipeReader,
    thread: Option<JoinHandle<()>>,
}

impl OtherThread {
    fn start() -> Result<Self, SaPathError> {
        let (mut theirs, to) = pipe().doing("make a pipe")?;
        let (from, mut back) = pipe().doing("make a pipe")?;
        let thread = std::thread::spawn(move || {
            pin_to_last_core();
            let mut octet = [0];
            // Until the other end is closed.
            while theirs.read_exact(&mut octet).is_ok() && back.write_all(&octet).is_ok() {}
        });
        Ok(OtherThread { to: Some(to), from, thread: Some(thread) })
    }

    fn round_trip(&mut self) -> std::io::Result<()> {
        if let Some(to) = &mut self.to {
            to.write_all(&[1])?;
        }
        self.from.read_exact(&mut [0])
    }
}

impl Drop for OtherThread {
    fn drop(&mut self) {
        self.to = None;
        // It has nothing to tell.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
