//! Inside a guest: this program as its first process, which mounts what it needs, measures and powers off.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};

use super::message::{Message, Writer};
use crate::sa_path::error::{Doing, SaPathError};
use crate::sa_path::{Measurement, Plan, Proof, measure};

/// Where modules lie in a guest that needs them, with the file that says in which order.
const MODULES: &str = "/modules";
const ORDER: &str = "/modules/load";

/// Something else that this kernel may prove, and what it lacks where it cannot.
pub type AlsoProved = (&'static str, fn() -> Result<Vec<String>, SaPathError>);

/// Measures as the first process of a guest, tells the host through `result` and powers off.
pub fn run(result: &Path, plan: &Plan, also: AlsoProved) {
    let told = tell(result, plan, also);
    if let Err(error) = told {
        // The console is all that is left.
        eprintln!("espsim: cannot tell the result: {error}");
    }
    let _ = reboot(RebootMode::RB_POWER_OFF);
}

fn tell(result: &Path, plan: &Plan, also: AlsoProved) -> Result<(), SaPathError> {
    mounts()?;
    let mut writer = Writer::open(result).doing(format!("open {}", result.display()))?;
    writer.write(&Message::Progress("the guest is up".into())).doing("tell the host")?;
    let measured = modules().and_then(|()| {
        // A host that does not listen is found out at the end.
        measure(plan, &mut |what| drop(writer.write(&Message::Progress(what.to_owned()))))
    });
    let measured = measured.map(|measurement| with(measurement, also));
    let last = match measured {
        Ok(measurement) => Message::Done(Box::new(measurement)),
        Err(error) => Message::failed(&error),
    };
    writer.write(&last).doing("tell the host")
}

/// A measurement with what else was to be proved, or why it was not.
fn with(mut measurement: Measurement, (what, works): AlsoProved) -> Measurement {
    // On a thread of its own, which enters namespaces.
    match std::thread::spawn(works).join() {
        Ok(Ok(lacks)) if lacks.is_empty() => measurement.proofs.push(Proof { what: what.to_owned(), count: 1 }),
        Ok(Ok(lacks)) => measurement.skipped.extend(lacks),
        Ok(Err(error)) => measurement.skipped.push(format!("{what}: {error}")),
        Err(_) => measurement.skipped.push(format!("{what}: the measuring thread stopped")),
    }
    measurement
}

fn mounts() -> Result<(), SaPathError> {
    let none = None::<&str>;
    for (kind, folder) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
        mount(Some(kind), folder, Some(kind), MsFlags::empty(), none).doing(format!("mount {folder}"))?;
    }
    Ok(())
}

/// Loads what the kernel has as modules.
fn modules() -> Result<(), SaPathError> {
    let Ok(order) = fs::read_to_string(ORDER) else { return Ok(()) };
    for name in order.split_whitespace() {
        let path = PathBuf::from(MODULES).join(name);
        let file = fs::File::open(&path).doing(format!("open module {name}"))?;
        match finit_module(file, &CString::default(), ModuleInitFlags::empty()) {
            // Loaded already, or no such device: AES-NI on a CPU without.
            Err(nix::errno::Errno::EEXIST | nix::errno::Errno::ENODEV) => {}
            done => done.doing(format!("load module {name}"))?,
        }
    }
    Ok(())
}
