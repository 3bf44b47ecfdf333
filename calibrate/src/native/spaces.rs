//! Network namespaces of our own: ours, which sends, and a peer's. They end with the threads and files in them,
//! whatever ends the process.

use std::fs::File;

use nix::sched::{CloneFlags, setns, unshare};

use crate::sa_path::error::{Doing, SaPathError};

/// What helps where namespaces are refused.
const REMEDY: &str = "run as root, or allow user namespaces (sysctl user.max_user_namespaces, \
                      kernel.apparmor_restrict_unprivileged_userns=0)";

/// A network namespace.
pub(super) struct Space(File);

impl Space {
    fn of_this_thread() -> Result<Self, SaPathError> {
        Ok(Space(File::open("/proc/thread-self/ns/net").doing("open this thread's network namespace")?))
    }

    /// A new one, in which this thread then is.
    pub(super) fn new() -> Result<Self, SaPathError> {
        unshare(CloneFlags::CLONE_NEWNET)
            .map_err(|error| SaPathError::unavailable(format!("no network namespace of our own: {error}"), REMEDY))?;
        Self::of_this_thread()
    }

    /// Moves this thread there.
    pub(super) fn enter(&self) -> Result<(), SaPathError> {
        setns(&self.0, CloneFlags::CLONE_NEWNET).doing("enter a network namespace")
    }

    /// The namespace as a request names it.
    pub(super) fn file(&self) -> &File {
        &self.0
    }
}

/// Makes this process the root of a user namespace of its own where it is not privileged to make network namespaces. It
/// must have one thread.
///
/// # Errors
/// [`SaPathError::Unavailable`] if that is not allowed, with what would help.
pub(super) fn become_privileged() -> Result<(), SaPathError> {
    let Err(lacking) = unshare(CloneFlags::CLONE_NEWNET) else { return Ok(()) };
    let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| {
        SaPathError::unavailable(
            format!("neither a network namespace of our own ({lacking}) nor a user namespace ({error})"),
            REMEDY,
        )
    })?;
    // user_namespaces(7): group IDs only after giving up setgroups.
    for (file, text) in
        [("setgroups", "deny".to_owned()), ("uid_map", format!("0 {user} 1")), ("gid_map", format!("0 {group} 1"))]
    {
        std::fs::write(format!("/proc/self/{file}"), text).map_err(|error| {
            SaPathError::unavailable(format!("no root in a user namespace: {file}: {error}"), REMEDY)
        })?;
    }
    Ok(())
}
