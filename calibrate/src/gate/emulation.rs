//! Whether this CPU is emulated: then times are those of the emulator. A hypervisor that lets guests run on the CPU itself
//! (KVM, Xen, Hyper-V, VMware) is none.

use std::path::Path;

/// What emulates this CPU, as far as it can be told from within.
pub(super) fn emulator(root: &Path) -> Option<String> {
    let cpuinfo = std::fs::read_to_string(root.join("proc/cpuinfo")).unwrap_or_default();
    in_user_mode(root).or_else(hypervisor).or_else(|| named(&cpuinfo).map(str::to_owned))
}

/// User-mode emulators (qemu-user) show a program its own name as `/proc/self/exe`; what really runs is the emulator,
/// which the same link by way of the thread still names.
fn in_user_mode(root: &Path) -> Option<String> {
    let link = |name: &str| std::fs::read_link(root.join(name)).ok();
    let (shown, runs) = (link("proc/self/exe")?, link("proc/thread-self/exe")?);
    (shown != runs).then(|| runs.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// The names that emulators give themselves in CPUID leaf 4000 0000h: QEMU without KVM; Bochs has none.
#[cfg(target_arch = "x86_64")]
fn hypervisor() -> Option<String> {
    match raw_cpuid::CpuId::new().get_hypervisor_info()?.identify() {
        raw_cpuid::Hypervisor::QEMU => Some("QEMU without KVM".into()),
        _ => None,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn hypervisor() -> Option<String> {
    None
}

/// What `/proc/cpuinfo` says: User-Mode Linux, whose system calls are traced; Rosetta; QEMU's ARM CPU `max`, of
/// implementer 0, which ARM reserves for software (`target/arm/tcg/cpu64.c`, `aarch64_max_tcg_initfn`).
fn named(cpuinfo: &str) -> Option<&'static str> {
    let has = |key: &str, value: &str| {
        cpuinfo
            .lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(k, v)| k.trim() == key && v.trim().contains(value))
    };
    match () {
        () if has("vendor_id", "User Mode Linux") => Some("User-Mode Linux"),
        () if has("model name", "VirtualApple") || has("vendor_id", "VirtualApple") => Some("Rosetta"),
        () if has("CPU implementer", "0x00") => Some("QEMU without KVM"),
        () => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_program_under_an_emulator_is_found_by_its_links() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["self", "thread-self"] {
            std::fs::create_dir_all(root.path().join("proc").join(folder)).unwrap();
        }
        symlink("/tmp/espsim", root.path().join("proc/self/exe")).unwrap();
        assert_eq!(in_user_mode(root.path()), None, "no second link, no finding");
        symlink("/usr/bin/qemu-aarch64-static", root.path().join("proc/thread-self/exe")).unwrap();
        assert_eq!(in_user_mode(root.path()).as_deref(), Some("qemu-aarch64-static"));
        std::fs::remove_file(root.path().join("proc/thread-self/exe")).unwrap();
        symlink("/tmp/espsim", root.path().join("proc/thread-self/exe")).unwrap();
        assert_eq!(in_user_mode(root.path()), None);
    }

    #[test]
    fn guests_of_software_are_named() {
        assert_eq!(named("processor\t: 0\nvendor_id\t: User Mode Linux\n"), Some("User-Mode Linux"));
        assert_eq!(named("vendor_id\t: VirtualApple\nmodel name\t: VirtualApple @ 2.50GHz\n"), Some("Rosetta"));
        assert_eq!(named("CPU implementer\t: 0x00\nCPU part\t: 0x051\n"), Some("QEMU without KVM"));
        assert_eq!(named("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"), None);
        assert_eq!(named("vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\nflags\t: hypervisor\n"), None);
    }
}
