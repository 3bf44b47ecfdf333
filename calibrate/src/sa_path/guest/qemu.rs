//! QEMU: the distribution's own kernel and modules, with this program in an initial RAM file system.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::{Path, PathBuf};

use super::frequency;
use super::root::Root;
use super::{GuestRun, INSIDE_COMMAND, Kernel, Order, part, plan_word};
use crate::sa_path::error::{Doing, SaPathError};
use crate::sa_path::{Measurement, Plan, passes};

/// The emulator, where it is on the path.
const EMULATOR: &str = "qemu-system-x86_64";
/// The second serial port, which nothing else writes to.
const PORT: &str = "/dev/ttyS1";

/// What a guest in QEMU is made of.
pub(super) struct Parts {
    emulator: PathBuf,
    kernel: PathBuf,
    modules: Vec<PathBuf>,
}

/// What `calibrate/guest/qemu.sh` has prepared, and the emulator.
pub(super) fn parts(cache: &Path) -> Result<Parts, SaPathError> {
    if !cfg!(target_arch = "x86_64") {
        return Err(SaPathError::unavailable("guests in QEMU are made for x86-64", "use --guest uml"));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let emulator = std::env::split_paths(&path).map(|folder| folder.join(EMULATOR)).find(|path| path.is_file());
    let emulator = emulator.ok_or_else(|| {
        SaPathError::unavailable(format!("{EMULATOR} is not on the path"), "install it: Debian's qemu-system-x86")
    })?;
    let kernel = part(cache, "qemu/vmlinuz", "qemu.sh")?;
    let order = part(cache, "qemu/modules.load", "qemu.sh")?;
    let order = fs::read_to_string(&order).doing(format!("read {}", order.display()))?;
    let module = |name: &str| part(cache, &format!("qemu/modules/{name}"), "qemu.sh");
    let modules = order.split_whitespace().map(module).collect::<Result<_, _>>()?;
    Ok(Parts { emulator, kernel, modules })
}

pub(super) fn measure(
    order: &Order,
    scratch: &Path,
    progress: &mut dyn FnMut(&str),
) -> Result<(Kernel, Measurement), SaPathError> {
    let parts = parts(&order.cache)?;
    let root = Root::fill(&scratch.join("root"), &order.program)?;
    let mut names = String::new();
    for module in &parts.modules {
        let name = module.file_name().unwrap_or_default();
        fs::copy(module, root.folder.join("modules").join(name)).doing(format!("copy {}", module.display()))?;
        names += &format!("{}\n", name.to_string_lossy());
    }
    fs::write(root.folder.join("modules/load"), names).doing("list the modules")?;
    let archive = scratch.join("initramfs");
    pack(&root.folder, &archive)?;
    let run = |kernel: Kernel, plan: &Plan, progress: &mut dyn FnMut(&str)| {
        let machine = match kernel {
            Kernel::Kvm => ["-accel", "kvm", "-cpu", "host"],
            _ => ["-accel", "tcg", "-cpu", "max"],
        };
        let name = if kernel == Kernel::Kvm { "kvm" } else { "tcg" };
        // Serial lines are files that begin anew.
        let (result, console) = (scratch.join(format!("result-{name}")), scratch.join(format!("console-{name}")));
        let mut words = vec!["console=ttyS0".to_owned(), "loglevel=1".into(), "panic=-1".into()];
        words.extend(root.init(&[INSIDE_COMMAND, PORT, plan_word(plan)]));
        let mut command = vec![parts.emulator.display().to_string()];
        command.extend(machine.map(String::from));
        command.extend(
            ["-m", "512", "-smp", "1", "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot"]
                .map(String::from),
        );
        command.extend(["-serial".into(), "stdio".into(), "-serial".into(), format!("file:{}", result.display())]);
        command.extend(["-kernel".into(), parts.kernel.display().to_string()]);
        command.extend(["-initrd".into(), archive.display().to_string(), "-append".into(), words.join(" ")]);
        GuestRun { command, result: &result, console: &console }.measure(order, progress)
    };
    // Whether KVM works shows when a guest comes up.
    let why = if let Err(error) = File::options().read(true).write(true).open("/dev/kvm") {
        format!("/dev/kvm: {error}")
    } else {
        let mut one = |plan: &Plan, pass: &str| {
            let before = frequency::Seen::now()?;
            let measured = run(Kernel::Kvm, plan, &mut |what| progress(&format!("{pass}: {what}")));
            frequency::agreed(measured?, before, frequency::Seen::now()?)
        };
        match passes(&mut one) {
            Ok(measurement) => return Ok((Kernel::Kvm, measurement)),
            Err(SaPathError::Guest { what, remedy }) => format!("{what}; {}", remedy.replace('\n', " ")),
            Err(error) => return Err(error),
        }
    };
    progress(&format!("KVM does not work here ({why}): emulating"));
    let mut measurement = run(Kernel::Emulated, &Plan::EMULATED, progress)?;
    measurement.skipped.push(format!("all times: KVM does not work here ({why}), and an emulator's are none"));
    Ok((Kernel::Emulated, measurement))
}

/// Packs a folder as an initial RAM file system (Documentation/driver-api/early-userspace/buffer-format.rst).
fn pack(folder: &Path, archive: &Path) -> Result<(), SaPathError> {
    const FOLDER: u32 = 0o040_755;
    const PROGRAM: u32 = 0o100_755;
    let mut inputs = Vec::new();
    let mut queue = vec![folder.to_owned()];
    // A folder before what is in it.
    while let Some(next) = queue.pop() {
        for entry in fs::read_dir(&next).doing(format!("read {}", next.display()))?.flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            let builder = cpio::newc::Builder::new(&name);
            if path.is_dir() {
                inputs.push((builder.mode(FOLDER), Cursor::new(Vec::new())));
                queue.push(path);
            } else {
                let octets = fs::read(&path).doing(format!("read {}", path.display()))?;
                inputs.push((builder.mode(PROGRAM), Cursor::new(octets)));
            }
        }
    }
    let output = File::create(archive).doing(format!("create {}", archive.display()))?;
    cpio::write_cpio(inputs.into_iter(), output).map(drop).doing(format!("write {}", archive.display()))
}
