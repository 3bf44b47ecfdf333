//! Inside a guest: this program as its first process, which mounts what it needs, measures and powers off.

use std::ffi::CString;
use std::fs;
use std::path::{Path, PathBuf};

use nix::kmod::{ModuleInitFlags, finit_module};
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};

use super::message::{Message, Writer};
use crate::native::esp_works;
use crate::sa_path::error::{Doing, SaPathError};
use crate::sa_path::{Measurement, Plan, Proof, measure};

/// Where modules lie in a guest that needs them, with the file that says in which order.
const MODULES: &str = "/modules";
const ORDER: &str = "/modules/load";

/// Measures as the first process of a guest, tells the host through `result` and powers off.
pub fn run(result: &Path, plan: &Plan) {
    let told = tell(result, plan);
    if let Err(error) = told {
        // The console is all that is left.
        eprintln!("espsim: cannot tell the result: {error}");
    }
    let _ = reboot(RebootMode::RB_POWER_OFF);
}

fn tell(result: &Path, plan: &Plan) -> Result<(), SaPathError> {
    mounts()?;
    let mut writer = Writer::open(result).doing(format!("open {}", result.display()))?;
    writer.write(&Message::Progress("the guest is up".into())).doing("tell the host")?;
    let measured = modules().and_then(|()| {
        // A host that does not listen is found out at the end.
        measure(plan, &mut |what| drop(writer.write(&Message::Progress(what.to_owned()))))
    });
    let measured = measured.map(with_native_esp);
    let last = match measured {
        Ok(measurement) => Message::Done(Box::new(measurement)),
        Err(error) => Message::failed(&error),
    };
    writer.write(&last).doing("tell the host")
}

/// The native measurement of ESP, whose functions a host without esp4 cannot prove; on a thread that enters namespaces.
fn with_native_esp(mut measurement: Measurement) -> Measurement {
    match std::thread::spawn(esp_works).join() {
        Ok(Ok(lacks)) if lacks.is_empty() => {
            let what = "native ESP: packets decrypted are those encrypted; kinds of SA".to_owned();
            measurement.proofs.push(Proof { what, count: 2 });
        }
        Ok(Ok(lacks)) => measurement.skipped.extend(lacks),
        Ok(Err(error)) => measurement.skipped.push(format!("native ESP: {error}")),
        Err(_) => measurement.skipped.push("native ESP: the measuring thread stopped".to_owned()),
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
