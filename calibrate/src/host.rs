//! Which CPU this is.

/// The CPU's own name, or what the system calls it, or `unknown CPU`.
pub fn cpu_model() -> String {
    brand_string().or_else(from_proc).filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown CPU".into())
}

/// Cores that this process may use.
pub fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}

/// The numbers of the CPUs that this thread may use, ascending; 0 alone where the system does not tell.
pub fn usable_cpus() -> Vec<usize> {
    let ids = core_affinity::get_core_ids().unwrap_or_default();
    if ids.is_empty() { vec![0] } else { ids.into_iter().map(|core| core.id).collect() }
}

/// CPUs of the host that are in use, at least those that this process may use.
pub fn online_cpus() -> u32 {
    let listed = std::fs::read_to_string("/sys/devices/system/cpu/online").ok();
    let online = listed.and_then(|list| cpu_list(&list)).map_or(0, |cpus| cpus.len() as u32);
    online.max(cores())
}

/// The kernel's lists of CPUs, such as `0-3,8` (Linux `Documentation/admin-guide/cputopology.rst`). `None` if it is none.
pub(crate) fn cpu_list(list: &str) -> Option<Vec<usize>> {
    let range = |part: &str| -> Option<std::ops::RangeInclusive<usize>> {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (first <= last && last < 1 << 16).then_some(first..=last)
    };
    let ranges: Option<Vec<_>> = list.trim().split(',').filter(|part| !part.is_empty()).map(range).collect();
    Some(ranges?.into_iter().flatten().collect())
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

/// One level of the cache hierarchy that holds data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// 1 for the one nearest to the core.
    pub level: u8,
    /// Octets of one such cache; how many cores share it is not told.
    pub octets: u64,
}

/// Data caches as the first core sees them, nearest first: from sysfs, or from CPUID where it does not show them. Empty
/// where neither does. In a virtual machine it is what the hypervisor shows.
pub fn caches() -> Vec<Cache> {
    let mut caches = caches_from_sysfs(std::path::Path::new("/sys/devices/system/cpu/cpu0/cache"));
    if caches.is_empty() {
        caches = caches_from_cpuid();
    }
    caches.sort_by_key(|cache| cache.level);
    caches
}

/// Octets of the last-level cache, or 32 MiB where it is not known: more than most cores can reach.
pub fn last_level_cache() -> u64 {
    caches().last().map_or(32 << 20, |cache| cache.octets)
}

fn caches_from_sysfs(folder: &std::path::Path) -> Vec<Cache> {
    let of = |index: u32| {
        let read = |name: &str| std::fs::read_to_string(folder.join(format!("index{index}")).join(name)).ok();
        if read("type")?.trim() == "Instruction" {
            return None;
        }
        // Linux writes kibibytes (`drivers/base/cacheinfo.c`, `size_show`).
        let kibibytes: u64 = read("size")?.trim().strip_suffix('K')?.parse().ok()?;
        Some(Cache { level: read("level")?.trim().parse().ok()?, octets: kibibytes << 10 })
    };
    (0..8).filter_map(of).collect()
}

#[cfg(target_arch = "x86_64")]
fn caches_from_cpuid() -> Vec<Cache> {
    let octets = |c: &raw_cpuid::CacheParameter| {
        (c.associativity() * c.physical_line_partitions() * c.coherency_line_size() * c.sets()) as u64
    };
    let Some(parameters) = raw_cpuid::CpuId::new().get_cache_parameters() else { return Vec::new() };
    parameters
        .filter(|c| matches!(c.cache_type(), raw_cpuid::CacheType::Data | raw_cpuid::CacheType::Unified))
        .map(|c| Cache { level: c.level(), octets: octets(&c) })
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn caches_from_cpuid() -> Vec<Cache> {
    Vec::new()
}

/// Why no performance counters back the numbers: containers and most virtual machines have none, so cycles come from
/// time and the core frequency on every host.
pub fn counters() -> String {
    let paranoid = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    let level = paranoid.ok().and_then(|text| text.trim().parse::<i32>().ok());
    let Some(level) = level else { return "not used: the system has no perf_event".into() };
    let cores = ["cpu", "cpu_core", "armv8_pmuv3_0"];
    if !cores.iter().any(|name| std::path::Path::new("/sys/bus/event_source/devices").join(name).exists()) {
        return "not used: the system shows no hardware counters".into();
    }
    // Level 2 still lets a process count its own user-mode cycles (Linux
    // `Documentation/admin-guide/sysctl/kernel.rst`).
    match level {
        3.. => format!("not used: not permitted, perf_event_paranoid is {level}"),
        _ => format!("not used: perf_event_paranoid is {level}, a container's filter may still refuse them"),
    }
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
    fn lists_of_cpus_are_those_of_the_kernel() {
        assert_eq!(cpu_list("0-3,8,10-11\n"), Some(vec![0, 1, 2, 3, 8, 10, 11]));
        assert_eq!(cpu_list("\n"), Some(vec![]), "of nothing");
        assert_eq!([cpu_list("3-1"), cpu_list("a"), cpu_list("0-99999999")], [None, None, None]);
        assert!(online_cpus() as usize >= usable_cpus().len());
    }

    #[test]
    fn caches_grow_with_their_level() {
        let caches = caches();
        assert!(caches.windows(2).all(|pair| pair[0].level < pair[1].level && pair[0].octets < pair[1].octets));
        assert!(last_level_cache() >= 1 << 18);
        let (sysfs, cpuid) = (caches_from_sysfs(std::path::Path::new("/none")), caches_from_cpuid());
        assert!(sysfs.is_empty());
        assert!(cpuid.iter().all(|cache| cache.level <= 4));
        assert!(counters().starts_with("not used"));
    }

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
