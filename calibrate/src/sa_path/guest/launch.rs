//! Starts a guest's process so that it ends with this one, whatever ends this one.

use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rustix::process::{Signal as DeathSignal, set_parent_process_death_signal};

use crate::pin_to_last_core;
use crate::sa_path::error::{Doing, SaPathError};

/// The hidden command of this program that becomes the guest's process.
pub const COMMAND: &str = "guest-launch";

/// Becomes `command` after asking the kernel to be killed when the parent dies (PR_SET_PDEATHSIG, prctl(2)); on the
/// last core, as every measurement.
///
/// # Errors
/// [`SaPathError`] if the command cannot be started; does not return otherwise.
pub fn become_guest(command: &[String]) -> Result<(), SaPathError> {
    let parent = parent_id();
    set_parent_process_death_signal(Some(DeathSignal::KILL)).doing("tie the guest to this process")?;
    // It may have died before that.
    if parent_id() != parent {
        return Ok(());
    }
    pin_to_last_core();
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    Err(SaPathError::System { doing: format!("start {program}"), error: Command::new(program).args(arguments).exec() })
}

/// A guest's process with all its children.
pub(super) struct Process(Child);

impl Process {
    /// Starts `command` by way of `program`, this program; its output goes to `console`.
    pub(super) fn start(program: &Path, command: &[String], console: &Path) -> Result<Self, SaPathError> {
        let output = std::fs::File::create(console).doing(format!("create {}", console.display()))?;
        let errors = output.try_clone().doing("share the console's file")?;
        let child = Command::new(program)
            .arg(COMMAND)
            .arg("--")
            .args(command)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Signals of the terminal are for this process, which then ends the guest.
            .process_group(0)
            .spawn()
            .doing(format!("start {}", command.first().map_or("nothing", String::as_str)))?;
        Ok(Process(child))
    }

    /// Whether it has ended.
    pub(super) fn ended(&mut self) -> Result<bool, SaPathError> {
        Ok(self.0.try_wait().doing("look after the guest")?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already if it ended by itself.
        let _ = killpg(Pid::from_raw(self.0.id() as i32), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}
