//! Which CPU preset is nearest to a CPU: what a calibration does not measure is taken from there.

/// A CPU as it identifies itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CpuId {
    /// By CPUID: vendor, and family and model with their extensions.
    X86 {
        /// Such as `GenuineIntel`.
        vendor: String,
        /// Family.
        family: u32,
        /// Model.
        model: u32,
    },
    /// By the Main ID Register.
    Arm {
        /// Who designed it: 0x41 is Arm.
        implementer: u32,
        /// Primary part number.
        part: u32,
    },
    /// It does not say.
    Unknown,
}

/// The preset that is nearest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Name of the preset.
    pub preset: &'static str,
    /// The CPU's microarchitecture, where it is known.
    pub microarchitecture: Option<&'static str>,
    /// Whether the preset is of the same.
    pub is_same: bool,
}

/// Presets by the microarchitectures that they are of. Cascade Lake has family and model of Skylake.
const PRESETS: [(&str, &str); 19] = [
    ("haswell", "Haswell"),
    ("broadwell", "Broadwell"),
    ("skylake-sp", "Skylake or Cascade Lake"),
    ("ice-lake-sp", "Ice Lake"),
    ("sapphire-rapids", "Sapphire Rapids"),
    ("emerald-rapids", "Emerald Rapids"),
    ("denverton", "Goldmont"),
    ("tremont", "Tremont"),
    ("zen2", "Zen 2"),
    ("zen3", "Zen 3"),
    ("zen4", "Zen 4"),
    ("zen5", "Zen 5"),
    ("neoverse-n1", "Neoverse N1"),
    ("neoverse-n2", "Neoverse N2"),
    ("neoverse-v1", "Neoverse V1"),
    ("neoverse-v2", "Neoverse V2"),
    ("cortex-a53", "Cortex-A53"),
    ("cortex-a72", "Cortex-A72"),
    ("cortex-a78", "Cortex-A78"),
];

/// A microarchitecture, the models of a family that have it, and the preset that is nearest: by design where the library has
/// a relative, else by the year of its servers.
struct Row<T: 'static>(&'static str, &'static [T], &'static str);

/// Intel's family 6 (Linux arch/x86/include/asm/intel-family.h).
const INTEL: [Row<u32>; 17] = [
    Row("Nehalem or Westmere", &[0x1a, 0x1e, 0x1f, 0x25, 0x2c, 0x2e, 0x2f], "haswell"),
    Row("Sandy Bridge or Ivy Bridge", &[0x2a, 0x2d, 0x3a, 0x3e], "haswell"),
    Row("Haswell", &[0x3c, 0x3f, 0x45, 0x46], "haswell"),
    Row("Broadwell", &[0x3d, 0x47, 0x4f, 0x56], "broadwell"),
    Row("Skylake or Cascade Lake", &[0x4e, 0x5e, 0x55], "skylake-sp"),
    Row("Kaby Lake or Comet Lake", &[0x8e, 0x9e, 0xa5, 0xa6], "skylake-sp"),
    Row("Cannon Lake", &[0x66], "skylake-sp"),
    Row("Goldmont", &[0x5c, 0x5f], "denverton"),
    Row("Goldmont Plus", &[0x7a], "denverton"),
    Row("Tremont", &[0x86, 0x8a, 0x96, 0x9c], "tremont"),
    Row("Ice Lake", &[0x6a, 0x6c, 0x7d, 0x7e], "ice-lake-sp"),
    Row("Tiger Lake or Rocket Lake", &[0x8c, 0x8d, 0xa7], "ice-lake-sp"),
    Row("Sapphire Rapids", &[0x8f], "sapphire-rapids"),
    Row("Emerald Rapids", &[0xcf], "emerald-rapids"),
    Row("Granite Rapids", &[0xad, 0xae], "emerald-rapids"),
    Row("Sierra Forest or Grand Ridge", &[0xaf, 0xb6], "tremont"),
    Row(
        "Alder Lake or later",
        &[0x97, 0x9a, 0xaa, 0xac, 0xb7, 0xba, 0xbd, 0xbe, 0xbf, 0xb5, 0xc5, 0xc6],
        "sapphire-rapids",
    ),
];

/// Arm's own parts (Linux arch/arm64/include/asm/cputype.h).
const ARM: [Row<u32>; 16] = [
    Row("Cortex-A53", &[0xd03], "cortex-a53"),
    Row("Cortex-A55", &[0xd05], "cortex-a53"),
    Row("Cortex-A57", &[0xd07], "cortex-a72"),
    Row("Cortex-A72", &[0xd08], "cortex-a72"),
    Row("Cortex-A73 or A75", &[0xd09, 0xd0a], "cortex-a72"),
    Row("Cortex-A76 or A77", &[0xd0b, 0xd0d, 0xd0e], "neoverse-n1"),
    Row("Neoverse N1", &[0xd0c], "neoverse-n1"),
    Row("Neoverse E1", &[0xd4a], "cortex-a72"),
    Row("Cortex-A78", &[0xd41, 0xd42, 0xd4b], "cortex-a78"),
    Row("Cortex-X1", &[0xd44, 0xd4c], "neoverse-v1"),
    Row("Neoverse V1", &[0xd40], "neoverse-v1"),
    Row("Neoverse N2", &[0xd49], "neoverse-n2"),
    Row("Cortex-A710 or later", &[0xd47, 0xd48, 0xd4d, 0xd4e, 0xd80, 0xd81, 0xd82], "neoverse-n2"),
    Row("Neoverse V2", &[0xd4f], "neoverse-v2"),
    Row("Neoverse N3", &[0xd8e], "neoverse-n2"),
    Row("Neoverse V3", &[0xd83, 0xd84], "neoverse-v2"),
];

/// Where nothing is known of a CPU, the preset of the newest.
const NEWEST: &str = "zen5";

/// The preset that is nearest to a CPU.
pub fn nearest(cpu: &CpuId) -> Nearest {
    let of = |microarchitecture: &'static str, preset: &'static str| Nearest {
        preset,
        microarchitecture: Some(microarchitecture),
        is_same: PRESETS.contains(&(preset, microarchitecture)),
    };
    let unknown = |preset: &'static str| Nearest { preset, microarchitecture: None, is_same: false };
    let by_table = |table: &'static [Row<u32>], number: u32| {
        table.iter().find(|Row(_, numbers, _)| numbers.contains(&number)).map(|Row(name, _, preset)| of(name, preset))
    };
    match cpu {
        CpuId::X86 { vendor, family: 6, model } if vendor == "GenuineIntel" => {
            by_table(&INTEL, *model).unwrap_or_else(|| unknown("emerald-rapids"))
        }
        CpuId::X86 { vendor, .. } if vendor == "GenuineIntel" => unknown("emerald-rapids"),
        CpuId::X86 { vendor, family, model } if vendor == "AuthenticAMD" => {
            amd(*family, *model).map_or_else(|| unknown("zen5"), |(name, preset)| of(name, preset))
        }
        CpuId::X86 { vendor, .. } if vendor == "HygonGenuine" => of("Zen 1", "zen2"),
        CpuId::Arm { implementer: 0x41, part } => by_table(&ARM, *part).unwrap_or_else(|| unknown("neoverse-v2")),
        CpuId::Arm { implementer: 0x48, part: 0xd01 } => of("TaiShan v110 (Kunpeng 920)", "neoverse-n1"),
        CpuId::Arm { implementer: 0x43, part: 0xaf } => of("ThunderX2", "neoverse-n1"),
        CpuId::Arm { implementer: 0xc0, .. } => of("AmpereOne", "neoverse-n2"),
        CpuId::Arm { implementer: 0x61, .. } => of("Apple silicon", "neoverse-v2"),
        CpuId::Arm { .. } => unknown("neoverse-n1"),
        CpuId::X86 { .. } | CpuId::Unknown => unknown(NEWEST),
    }
}

/// AMD's families since Zen (Linux arch/x86/kernel/cpu/amd.c).
fn amd(family: u32, model: u32) -> Option<(&'static str, &'static str)> {
    match (family, model) {
        (0x17, 0x00..=0x2f | 0x50..=0x5f) => Some(("Zen 1", "zen2")),
        (0x17, _) => Some(("Zen 2", "zen2")),
        (0x19, 0x00..=0x0f | 0x20..=0x5f) => Some(("Zen 3", "zen3")),
        (0x19, _) => Some(("Zen 4", "zen4")),
        (0x1a, _) => Some(("Zen 5", "zen5")),
        _ => None,
    }
}

impl Nearest {
    /// Which preset and why, for people.
    pub fn in_words(&self) -> String {
        match (self.microarchitecture, self.is_same) {
            (Some(name), true) => format!("preset:{}, of the same microarchitecture ({name})", self.preset),
            (Some(name), false) => format!("preset:{}, the nearest of the library to this CPU ({name})", self.preset),
            (None, _) => format!("preset:{}, since the library does not know this CPU", self.preset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::PresetKind;

    fn x86(vendor: &str, family: u32, model: u32) -> Nearest {
        nearest(&CpuId::X86 { vendor: vendor.into(), family, model })
    }

    fn arm(part: u32) -> Nearest {
        nearest(&CpuId::Arm { implementer: 0x41, part })
    }

    #[test]
    fn every_preset_is_the_nearest_to_its_own_cpu() {
        let known = PresetKind::Cpu.names();
        assert!(PRESETS.iter().all(|(name, _)| known.contains(name)));
        assert!(INTEL.iter().chain(&ARM).all(|Row(_, _, preset)| known.contains(preset)));
        // Xeon E5-2690 v3 to Platinum 8592+, Atom C3758 and P5362; EPYC 7502P to 9655.
        let intel = [0x3f, 0x4f, 0x55, 0x6a, 0x8f, 0xcf, 0x5f, 0x86].map(|model| x86("GenuineIntel", 6, model));
        let amd = [(0x17, 0x31), (0x19, 0x01), (0x19, 0x11), (0x1a, 0x02)].map(|(f, m)| x86("AuthenticAMD", f, m));
        let arm = [0xd0c, 0xd49, 0xd40, 0xd4f, 0xd03, 0xd08, 0xd41].map(arm);
        let own: Vec<&Nearest> = intel.iter().chain(&amd).chain(&arm).collect();
        assert!(own.iter().all(|nearest| nearest.is_same), "{own:?}");
        assert_eq!(own.iter().map(|nearest| nearest.preset).collect::<Vec<_>>(), PRESETS.map(|(preset, _)| preset));
        // Of all presets only one says nothing that CPUID has.
        let unnamed: Vec<_> = known.iter().filter(|name| PRESETS.iter().all(|(preset, _)| preset != *name)).collect();
        assert_eq!(unnamed, [&"cascade-lake"]);
        // No number is in two rows.
        for table in [&INTEL[..], &ARM[..]] {
            let mut numbers: Vec<u32> = table.iter().flat_map(|Row(_, numbers, _)| numbers.iter().copied()).collect();
            let all = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), all);
        }
    }

    #[test]
    fn relatives_are_named() {
        let granite = x86("GenuineIntel", 6, 0xad);
        assert_eq!((granite.preset, granite.is_same), ("emerald-rapids", false));
        let words = "preset:emerald-rapids, the nearest of the library to this CPU (Granite Rapids)";
        assert_eq!(granite.in_words(), words);
        let naples = x86("AuthenticAMD", 0x17, 0x01);
        assert_eq!((naples.preset, naples.microarchitecture, naples.is_same), ("zen2", Some("Zen 1"), false));
        let graviton5 = arm(0xd84);
        assert_eq!((graviton5.preset, graviton5.microarchitecture), ("neoverse-v2", Some("Neoverse V3")));
        for unknown in [CpuId::Unknown, CpuId::Arm { implementer: 0x99, part: 1 }] {
            assert!(nearest(&unknown).in_words().contains("does not know this CPU"));
        }
        assert_eq!(x86("GenuineIntel", 6, 0xfe).preset, "emerald-rapids");
    }
}
