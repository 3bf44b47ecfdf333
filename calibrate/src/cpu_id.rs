//! How this CPU identifies itself.

use espsim_model::nearest::CpuId;

/// This CPU, by CPUID or by what Linux read of its registers. In a virtual machine it is what the hypervisor shows.
pub fn cpu_id() -> CpuId {
    by_cpuid()
        .unwrap_or_else(|| std::fs::read_to_string("/proc/cpuinfo").map_or(CpuId::Unknown, |text| from_cpuinfo(&text)))
}

#[cfg(target_arch = "x86_64")]
fn by_cpuid() -> Option<CpuId> {
    let cpu = raw_cpuid::CpuId::new();
    let (vendor, features) = (cpu.get_vendor_info()?, cpu.get_feature_info()?);
    Some(CpuId::X86 {
        vendor: vendor.as_str().to_owned(),
        family: features.family_id().into(),
        model: features.model_id().into(),
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn by_cpuid() -> Option<CpuId> {
    None
}

/// From the text of `/proc/cpuinfo` (Linux arch/x86/kernel/cpu/proc.c, arch/arm64/kernel/cpuinfo.c): of the last CPU, as
/// where cores differ the fast ones mostly come last.
fn from_cpuinfo(text: &str) -> CpuId {
    let field = |name: &str| {
        let of = |line: &str| {
            Some(line.split_once(':')).flatten().filter(|(key, _)| key.trim() == name).map(|(_, v)| v.trim().to_owned())
        };
        text.lines().rev().find_map(of)
    };
    let number = |name: &str| {
        let text = field(name)?;
        match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => text.parse().ok(),
        }
    };
    let arm = || Some(CpuId::Arm { implementer: number("CPU implementer")?, part: number("CPU part")? });
    let x86 =
        || Some(CpuId::X86 { vendor: field("vendor_id")?, family: number("cpu family")?, model: number("model")? });
    arm().or_else(x86).unwrap_or(CpuId::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpuinfo_is_read_on_both_architectures() {
        let arm = "processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\n";
        assert_eq!(from_cpuinfo(arm), CpuId::Arm { implementer: 0x41, part: 0xd0c });
        let big = format!("{arm}\nprocessor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd44\n");
        assert_eq!(from_cpuinfo(&big), CpuId::Arm { implementer: 0x41, part: 0xd44 });
        let x86 =
            "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC 9354\n";
        assert_eq!(from_cpuinfo(x86), CpuId::X86 { vendor: "AuthenticAMD".into(), family: 25, model: 17 });
        assert_eq!(from_cpuinfo("processor : 0\n"), CpuId::Unknown);
    }

    /// What CPUID says and what Linux read of it are the same.
    #[test]
    fn this_cpu_is_the_one_that_linux_sees() {
        let (Some(by_cpuid), Ok(text)) = (by_cpuid(), std::fs::read_to_string("/proc/cpuinfo")) else { return };
        assert_eq!(from_cpuinfo(&text), by_cpuid);
    }
}
