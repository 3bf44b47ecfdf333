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

/// Presets by the microarchitectures that they are of.
const PRESETS: [(&str, &str); 4] =
    [("haswell", "Haswell"), ("skylake-sp", "Skylake"), ("ice-lake-sp", "Ice Lake"), ("zen4", "Zen 4")];

/// A microarchitecture, the models of a family that have it, and the preset that is nearest: by design where the library has
/// a relative, else by the year of its servers.
struct Row<T: 'static>(&'static str, &'static [T], &'static str);

/// Intel's family 6 (Linux arch/x86/include/asm/intel-family.h).
const INTEL: [Row<u32>; 16] = [
    Row("Nehalem or Westmere", &[0x1a, 0x1e, 0x1f, 0x25, 0x2c, 0x2e, 0x2f], "haswell"),
    Row("Sandy Bridge or Ivy Bridge", &[0x2a, 0x2d, 0x3a, 0x3e], "haswell"),
    Row("Haswell", &[0x3c, 0x3f, 0x45, 0x46], "haswell"),
    Row("Broadwell", &[0x3d, 0x47, 0x4f, 0x56], "haswell"),
    // Cascade Lake and Cooper Lake have the model of Skylake-SP.
    Row("Skylake", &[0x4e, 0x5e, 0x55], "skylake-sp"),
    Row("Kaby Lake or Comet Lake", &[0x8e, 0x9e, 0xa5, 0xa6], "skylake-sp"),
    Row("Cannon Lake", &[0x66], "skylake-sp"),
    Row("Goldmont, Denverton or Gemini Lake", &[0x5c, 0x5f, 0x7a], "haswell"),
    Row("Tremont", &[0x86, 0x8a, 0x96, 0x9c], "skylake-sp"),
    Row("Ice Lake", &[0x6a, 0x6c, 0x7d, 0x7e], "ice-lake-sp"),
    Row("Tiger Lake or Rocket Lake", &[0x8c, 0x8d, 0xa7], "ice-lake-sp"),
    Row("Sapphire Rapids", &[0x8f], "ice-lake-sp"),
    Row("Emerald Rapids", &[0xcf], "ice-lake-sp"),
    Row("Granite Rapids", &[0xad, 0xae], "ice-lake-sp"),
    Row("Sierra Forest or Grand Ridge", &[0xaf, 0xb6], "ice-lake-sp"),
    Row(
        "Alder Lake or later",
        &[0x97, 0x9a, 0xaa, 0xac, 0xb7, 0xba, 0xbd, 0xbe, 0xbf, 0xb5, 0xc5, 0xc6],
        "ice-lake-sp",
    ),
];

/// Arm's own parts (Linux arch/arm64/include/asm/cputype.h).
const ARM: [Row<u32>; 13] = [
    Row("Cortex-A53 or A55", &[0xd03, 0xd05], "haswell"),
    Row("Cortex-A57 or A72", &[0xd07, 0xd08], "haswell"),
    Row("Cortex-A73 or A75", &[0xd09, 0xd0a], "haswell"),
    Row("Cortex-A76 or A77", &[0xd0b, 0xd0d, 0xd0e], "skylake-sp"),
    Row("Neoverse N1", &[0xd0c], "skylake-sp"),
    Row("Neoverse E1", &[0xd4a], "skylake-sp"),
    Row("Cortex-A78 or X1", &[0xd41, 0xd42, 0xd44, 0xd4b, 0xd4c], "ice-lake-sp"),
    Row("Neoverse V1", &[0xd40], "ice-lake-sp"),
    Row("Neoverse N2", &[0xd49], "ice-lake-sp"),
    Row("Cortex-A710 or later", &[0xd47, 0xd48, 0xd4d, 0xd4e, 0xd80, 0xd81, 0xd82], "ice-lake-sp"),
    Row("Neoverse V2", &[0xd4f], "zen4"),
    Row("Neoverse N3", &[0xd8e], "zen4"),
    Row("Neoverse V3", &[0xd83, 0xd84], "zen4"),
];

/// Where nothing is known of a CPU, the preset of the newest.
const NEWEST: &str = "zen4";

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
            by_table(&INTEL, *model).unwrap_or_else(|| unknown("ice-lake-sp"))
        }
        CpuId::X86 { vendor, .. } if vendor == "GenuineIntel" => unknown("ice-lake-sp"),
        CpuId::X86 { vendor, family, model } if vendor == "AuthenticAMD" => {
            amd(*family, *model).map_or_else(|| unknown("zen4"), |name| of(name, "zen4"))
        }
        CpuId::X86 { vendor, .. } if vendor == "HygonGenuine" => of("Zen 1", "zen4"),
        CpuId::Arm { implementer: 0x41, part } => by_table(&ARM, *part).unwrap_or_else(|| unknown("ice-lake-sp")),
        CpuId::Arm { implementer: 0x48, part: 0xd01 } => of("TaiShan v110 (Kunpeng 920)", "skylake-sp"),
        CpuId::Arm { implementer: 0x43, part: 0xaf } => of("ThunderX2", "skylake-sp"),
        CpuId::Arm { implementer: 0xc0, .. } => of("AmpereOne", "zen4"),
        CpuId::Arm { implementer: 0x61, .. } => of("Apple silicon", "zen4"),
        CpuId::Arm { .. } => unknown("ice-lake-sp"),
        CpuId::X86 { .. } | CpuId::Unknown => unknown(NEWEST),
    }
}

/// AMD's families since Zen (Linux arch/x86/kernel/cpu/amd.c).
fn amd(family: u32, model: u32) -> Option<&'static str> {
    match (family, model) {
        (0x17, 0x00..=0x2f | 0x50..=0x5f) => Some("Zen 1"),
        (0x17, _) => Some("Zen 2"),
        (0x19, 0x00..=0x0f | 0x20..=0x5f) => Some("Zen 3"),
        (0x19, _) => Some("Zen 4"),
        (0x1a, _) => Some("Zen 5"),
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

    #[test]
    fn every_preset_is_the_nearest_to_its_own_cpu() {
        let known = PresetKind::Cpu.names();
        assert!(PRESETS.iter().all(|(name, _)| known.contains(name)));
        assert!(INTEL.iter().chain(&ARM).all(|Row(_, _, preset)| known.contains(preset)));
        // Xeon E5-2690 v3, Gold 6130, Platinum 8380, EPYC 9354.
        let own = [
            ("GenuineIntel", 6, 0x3f),
            ("GenuineIntel", 6, 0x55),
            ("GenuineIntel", 6, 0x6a),
            ("AuthenticAMD", 0x19, 0x11),
        ];
        let of: Vec<Nearest> = own.iter().map(|&(vendor, family, model)| x86(vendor, family, model)).collect();
        assert!(of.iter().all(|nearest| nearest.is_same), "{of:?}");
        assert_eq!(
            of.iter().map(|nearest| nearest.preset).collect::<Vec<_>>(),
            ["haswell", "skylake-sp", "ice-lake-sp", "zen4"]
        );
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
        let sapphire = x86("GenuineIntel", 6, 0x8f);
        assert_eq!((sapphire.preset, sapphire.is_same), ("ice-lake-sp", false));
        assert_eq!(sapphire.in_words(), "preset:ice-lake-sp, the nearest of the library to this CPU (Sapphire Rapids)");
        let milan = x86("AuthenticAMD", 0x19, 0x01);
        assert_eq!((milan.preset, milan.microarchitecture, milan.is_same), ("zen4", Some("Zen 3"), false));
        let graviton = nearest(&CpuId::Arm { implementer: 0x41, part: 0xd40 });
        assert_eq!((graviton.preset, graviton.microarchitecture), ("ice-lake-sp", Some("Neoverse V1")));
        for unknown in [CpuId::Unknown, CpuId::Arm { implementer: 0x99, part: 1 }] {
            assert!(nearest(&unknown).in_words().contains("does not know this CPU"));
        }
        assert_eq!(x86("GenuineIntel", 6, 0xfe).preset, "ice-lake-sp");
    }
}
