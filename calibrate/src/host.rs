//! Which CPU this is.

/// The CPU's own name, or what the system calls it, or `unknown CPU`.
pub fn cpu_model() -> String {
    brand_string().or_else(from_proc).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown CPU".into())
}

/// Cores that this process may use.
pub fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

/// Whether device writes land in the last-level cache: Intel's DDIO, in server parts since 2012.
pub fn has_ddio() -> bool {
    vendor().as_deref() == Some("GenuineIntel") && cpu_model().contains("Xeon")
}

/// Those of the instruction set extensions that decide how fast AES-GCM can be and that this CPU has, by their Linux
/// names: `aes`, `vaes`, `vpclmulqdq`, `avx512f`.
pub fn flags() -> Vec<&'static str> {
    extensions().into_iter().filter_map(|(name, present)| present.then_some(name)).collect()
}

#[cfg(target_arch = "x86_64")]
fn extensions() -> Vec<(&'static str, bool)> {
    let cpu = raw_cpuid::CpuId::new();
    let aes = cpu.get_feature_info().is_some_and(|f| f.has_aesni());
    let extended = cpu.get_extended_feature_info();
    let has = |test: fn(&raw_cpuid::ExtendedFeatures) -> bool| extended.as_ref().is_some_and(test);
    vec![
        ("aes", aes),
        ("vaes", has(|f| f.has_vaes())),
        ("vpclmulqdq", has(|f| f.has_vpclmulqdq())),
        ("avx512f", has(|f| f.has_avx512f())),
    ]
}

#[cfg(not(target_arch = "x86_64"))]
fn extensions() -> Vec<(&'static str, bool)> {
    Vec::new()
}

#[cfg(target_arch = "x86_64")]
fn brand_string() -> Option<String> {
    let brand = raw_cpuid::CpuId::new().get_processor_brand_string()?;
    Some(brand.as_str().trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn vendor() -> Option<String> {
    Some(raw_cpuid::CpuId::new().get_vendor_info()?.as_str().to_owned())
}

#[cfg(not(target_arch = "x86_64"))]
fn brand_string() -> Option<String> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn vendor() -> Option<String> {
    None
}

fn from_proc() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name") || line.starts_with("CPU part"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_that_linux_sees() {
        let Ok(text) = std::fs::read_to_string("/proc/cpuinfo") else { return };
        let Some(line) = text.lines().find(|line| line.starts_with("flags")) else { return };
        let listed: Vec<&str> = line.split_whitespace().collect();
        for name in ["aes", "vaes", "vpclmulqdq", "avx512f"] {
            assert_eq!(flags().contains(&name), listed.contains(&name), "{name}");
        }
    }
}
