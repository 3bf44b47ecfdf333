//! Guests: kernels of our own making in which this very program measures, where the running kernel lacks netdevsim or
//! the privileges. `calibrate/guest` prepares them.

pub(super) mod frequency;
mod inside;
mod launch;
mod message;
mod qemu;
mod root;
mod uml;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use self::launch::Process;
use self::message::{Lines, Message};
use super::error::{Doing, SaPathError};
use super::{Measurement, Plan, passes, stop};

pub use inside::{AlsoProved, run as run_inside};
pub use launch::{COMMAND as LAUNCH_COMMAND, become_guest};

/// The hidden command of this program that is a guest's first process: followed by the file for the result and the
/// plan.
pub const INSIDE_COMMAND: &str = "guest-inside";
/// The longest until a guest has come up. An emulated one takes some ten seconds.
const UP: Duration = Duration::from_secs(60);
/// Between two looks at what it says.
const LOOK: Duration = Duration::from_millis(50);
/// Lines of the console that an error shows.
const CONSOLE_LINES: usize = 8;

/// Where the SA path is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// The running kernel.
    Native,
    /// A User-Mode Linux kernel.
    Uml,
    /// A kernel in QEMU with KVM.
    Kvm,
    /// A kernel in QEMU's software emulation, where times mean nothing.
    Emulated,
}

/// Which kind of guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guest {
    /// User-Mode Linux.
    Uml,
    /// QEMU: KVM if that works, else emulation.
    Qemu,
}

/// What a guest is to do, and with what.
#[derive(Debug, Clone)]
pub struct Order {
    /// This program.
    pub program: PathBuf,
    /// The folder that `calibrate/guest` has filled.
    pub cache: PathBuf,
    /// The longest that the guest may take, each time it is started.
    pub limit: Duration,
}

/// Measures in a guest.
///
/// # Errors
/// [`SaPathError`] if the guest is not prepared, does not come up, crashes, hangs, measures nothing, or finds
/// another frequency than the host of the core that both run on. The guest's
/// process and files are gone in any case.
pub fn measure_in(
    guest: Guest,
    order: &Order,
    progress: &mut dyn FnMut(&str),
) -> Result<(Kernel, Measurement), SaPathError> {
    stop::listen()?;
    let scratch = Scratch::create(&order.cache)?;
    match guest {
        Guest::Uml => {
            let measurement = passes(|plan, pass| {
                let before = frequency::Seen::now()?;
                let measured = uml::measure(order, &scratch.0, plan, &mut |what| progress(&format!("{pass}: {what}")));
                frequency::agreed(measured?, before, frequency::Seen::now()?)
            })?;
            Ok((Kernel::Uml, measurement))
        }
        Guest::Qemu => qemu::measure(order, &scratch.0, progress),
    }
}

/// Whether a guest of this kind has been prepared, and if not, what is lacking.
///
/// # Errors
/// [`SaPathError::Unavailable`] with what would help.
pub fn prepared(guest: Guest, cache: &Path) -> Result<(), SaPathError> {
    match guest {
        Guest::Uml => uml::kernel(cache).map(drop),
        Guest::Qemu => qemu::parts(cache).map(drop),
    }
}

/// A file that `calibrate/guest` prepares.
fn part(cache: &Path, name: &str, script: &str) -> Result<PathBuf, SaPathError> {
    let path = cache.join(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(SaPathError::unavailable(
        format!("no guest is prepared: {} is missing", path.display()),
        format!("prepare it with calibrate/guest/{script}, which says what it needs"),
    ))
}

/// A folder for one guest's run, removed with this value; those of killed processes are removed on the way.
struct Scratch(PathBuf);

const SCRATCH: &str = "run-";

impl Scratch {
    fn create(cache: &Path) -> Result<Self, SaPathError> {
        let entries = fs::read_dir(cache).map_err(|_| {
            SaPathError::unavailable(
                format!("no guest is prepared: {} is missing", cache.display()),
                "prepare one with calibrate/guest/uml.sh or calibrate/guest/qemu.sh",
            )
        })?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(SCRATCH)?.parse::<u32>().ok());
            if owner.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
                // Somebody else may be doing the same.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = cache.join(format!("{SCRATCH}{}", std::process::id()));
        fs::create_dir(&path).doing(format!("make {}", path.display()))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The next run removes what this one could not.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A guest that has been told what to do.
struct GuestRun<'a> {
    command: Vec<String>,
    /// Where the guest's lines arrive.
    result: &'a Path,
    console: &'a Path,
}

/// Plans by what they are called between host and guest.
const PLANS: [(&str, Plan); 3] = [("full", Plan::FULL), ("repeated", Plan::REPEATED), ("emulated", Plan::EMULATED)];

fn plan_word(plan: &Plan) -> &'static str {
    PLANS.iter().find(|row| row.1 == *plan).map_or(PLANS[0].0, |row| row.0)
}

impl GuestRun<'_> {
    /// Starts it and listens until it is done.
    fn measure(&self, order: &Order, progress: &mut dyn FnMut(&str)) -> Result<Measurement, SaPathError> {
        let start = Instant::now();
        let mut process = Process::start(&order.program, &self.command, self.console)?;
        let mut lines = Lines::new();
        let mut is_up = false;
        loop {
            // In this order: what an ended guest has said is read once more.
            let ended = process.ended()?;
            let text = fs::read(self.result).unwrap_or_default();
            for message in lines.next(&text) {
                is_up = true;
                match message {
                    Message::Progress(what) => progress(&what),
                    Message::Done(measurement) => return Ok(*measurement),
                    Message::Failed { what, remedy } => return Err(SaPathError::Unavailable { what, remedy }),
                }
            }
            stop::check()?;
            let limit = if is_up { order.limit } else { order.limit.min(UP) };
            if ended {
                return Err(self.silent("ended without a result"));
            }
            if start.elapsed() > limit {
                return Err(self.silent(&format!("gave no result within {} s", limit.as_secs())));
            }
            std::thread::sleep(LOOK);
        }
    }

    fn silent(&self, what: &str) -> SaPathError {
        let console = fs::read(self.console).unwrap_or_default();
        let console = String::from_utf8_lossy(&console);
        let lines: Vec<&str> = console.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(CONSOLE_LINES)..].join("\n");
        let remedy =
            if last.is_empty() { "its console is empty".to_owned() } else { format!("its console ends:\n{last}") };
        SaPathError::Guest { what: format!("the guest {what}"), remedy }
    }
}

/// The plan of a word between host and guest.
pub fn plan_of(word: &str) -> Plan {
    PLANS.iter().find(|row| row.0 == word).map_or(Plan::FULL, |row| row.1)
}
