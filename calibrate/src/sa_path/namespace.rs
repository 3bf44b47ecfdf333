//! A network namespace of our own, with its own view of `/sys`, for the calling thread and the threads it starts.

use std::path::Path;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::error::{Doing, SaPathError};

/// Moves the calling thread into new network and mount namespaces. Both end with the last thread in them, whatever ends
/// the process.
pub(super) fn enter() -> Result<(), SaPathError> {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).map_err(|error| {
        SaPathError::unavailable(
            format!("no network namespace of our own: {error}"),
            "run as root (CAP_SYS_ADMIN, CAP_NET_ADMIN), or use a guest, which needs no privileges: --guest uml",
        )
    })?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).doing("keep mounts to ourselves")?;
    // A sysfs shows the interfaces of the namespace that it was mounted in.
    mount(Some("sysfs"), "/sys", Some("sysfs"), MsFlags::empty(), none).doing("mount /sys")?;
    if !Path::new("/sys/kernel/debug").is_dir() {
        return Err(SaPathError::unavailable(
            "this kernel has no debugfs, through which netdevsim tells what it counts",
            "a kernel with CONFIG_DEBUG_FS, or a guest: --guest uml",
        ));
    }
    mount(Some("debugfs"), "/sys/kernel/debug", Some("debugfs"), MsFlags::empty(), none).doing("mount debugfs")
}
