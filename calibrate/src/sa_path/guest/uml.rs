//! User-Mode Linux (Documentation/virt/uml): the kernel as an ordinary process, with a folder of the host as its root.

use std::fs;
use std::path::{Path, PathBuf};

use super::root::Root;
use super::{GuestRun, INSIDE_COMMAND, Order, part, plan_word};
use crate::sa_path::{Measurement, Plan, SaPathError};

/// The kernel that `calibrate/guest/uml.sh` has built.
pub(super) fn kernel(cache: &Path) -> Result<PathBuf, SaPathError> {
    part(cache, "uml/linux", "uml.sh")
}

pub(super) fn measure(
    order: &Order,
    scratch: &Path,
    plan: &Plan,
    progress: &mut dyn FnMut(&str),
) -> Result<Measurement, SaPathError> {
    let kernel = kernel(&order.cache)?;
    let folder = scratch.join("root");
    // That of the pass before.
    let _ = fs::remove_dir_all(&folder);
    let root = Root::fill(&folder, &order.program)?;
    let mut command = vec![
        kernel.display().to_string(),
        "mem=512M".into(),
        "rootfstype=hostfs".into(),
        format!("rootflags={}", root.folder.display()),
        "rw".into(),
        // Drivers complain of what they refuse; printing that would be part of the time.
        "loglevel=1".into(),
        // A crash ends the process.
        "panic=-1".into(),
        "con=null".into(),
        "ssl=null".into(),
        "con0=null,fd:1".into(),
    ];
    command.extend(root.init(&[INSIDE_COMMAND, "/result", plan_word(plan)]));
    let (result, console) = (root.folder.join("result"), scratch.join("console"));
    GuestRun { command, result: &result, console: &console }.measure(order, progress)
}
