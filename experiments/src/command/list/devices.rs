//! `espsim list nics` and `list accelerators`: what each is, which can do something, and in which order.

use std::cmp::Reverse;
use std::path::Path;

use clap::{Args, ValueEnum};
use comfy_table::ContentArrangement;
use espsim_model::preset::grade::Grade;
use espsim_model::preset::{Preset, PresetKind, load};
use espsim_model::units::BitRate;
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::own_preset;
use espsim_sweep::file::value::shown;
use toml::Value;

/// Which devices are listed, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub struct Filter {
    /// Of NICs those with this ESP offload, or more: none, crypto, packet
    #[arg(long, value_name = "OFFLOAD")]
    pub offload: Option<Offload>,
    /// Those of at least this rate, such as 100G or 100Gbps
    #[arg(long, value_name = "RATE", value_parser = speed)]
    pub speed: Option<BitRate>,
    /// Those that do this cipher, such as aes-128-gcm
    #[arg(long, value_name = "CIPHER")]
    pub cipher: Option<String>,
    /// Of NICs those that do this mode of ESP inline: transport, tunnel
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,
    /// Order: name, speed, sas or grade, the highest first but for names [default: that of the library]
    #[arg(long, value_name = "COLUMN")]
    pub sort: Option<Sort>,
}

/// What a NIC does of ESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Offload {
    /// Nothing
    None,
    /// Encryption
    Crypto,
    /// Encapsulation too
    Packet,
}

/// A column to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// Name
    Name,
    /// Line rate of a NIC, rate of an accelerator
    Speed,
    /// SAs that a NIC holds
    Sas,
    /// How many of the decisive values are known
    Grade,
}

impl Filter {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Filter::default()
    }

    fn admits(&self, device: &Device<'_>) -> bool {
        let has = |key: &str, name: &String| device.names(key).contains(&name.as_str());
        self.offload.is_none_or(|least| match least {
            Offload::None => device.offload == Offload::None,
            least => device.offload >= least,
        }) && self.speed.is_none_or(|least| device.rate >= least)
            && self.cipher.as_ref().is_none_or(|cipher| has("algorithms", cipher) || has("esp.algorithms", cipher))
            && self.mode.as_ref().is_none_or(|mode| has("esp.modes", mode))
    }
}

/// A rate as people write it: 100G, 100Gbps, 100 Gbps.
fn speed(text: &str) -> Result<BitRate, String> {
    let short = text.trim_end_matches(['g', 'G']);
    let text = if short.len() < text.len() { format!("{short} Gbps") } else { text.to_owned() };
    text.parse().map_err(|error| format!("{error}"))
}

struct Device<'a> {
    name: &'a str,
    preset: &'a Preset,
    rate: BitRate,
    offload: Offload,
    grade: Option<Grade>,
}

impl<'a> Device<'a> {
    fn new(kind: PresetKind, name: &'a str, preset: &'a Preset) -> Self {
        let rate = preset.value("line_rate").or_else(|| preset.value("rate")).and_then(Value::as_str);
        let offload = match preset.value("esp.packet_offload").and_then(Value::as_bool) {
            None => Offload::None,
            Some(false) => Offload::Crypto,
            Some(true) => Offload::Packet,
        };
        let rate = rate.and_then(|text| text.parse().ok()).unwrap_or(BitRate::from_bps(0));
        Device { name, preset, rate, offload, grade: Grade::of(kind, preset) }
    }

    fn shown(&self, key: &str) -> String {
        self.preset.value(key).map_or_else(String::new, shown)
    }

    fn names(&self, key: &str) -> Vec<&'a str> {
        self.preset.value(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn share_known(&self) -> Reverse<usize> {
        Reverse(self.grade.map_or(0, |grade| 1000 * grade.known / grade.of.max(1)))
    }

    fn sas(&self) -> Reverse<i64> {
        Reverse(self.preset.value("esp.sa_capacity").and_then(Value::as_integer).unwrap_or(0))
    }

    fn offloads(&self) -> String {
        let sent_alone = self.preset.value("esp.decrypts").and_then(Value::as_bool) == Some(false);
        let name = match self.offload {
            Offload::None => return String::new(),
            Offload::Crypto => "crypto",
            Offload::Packet => "crypto, packet",
        };
        if sent_alone { format!("{name}; sent alone") } else { name.to_owned() }
    }
}

/// One line for each device that the filter admits.
pub fn overview(kind: PresetKind, filter: &Filter) -> String {
    let known = |name: &&'static str| Some(Device::new(kind, name, load(kind, name).ok()?));
    let names = kind.names();
    let mut devices: Vec<Device<'_>> = names.iter().filter_map(known).filter(|device| filter.admits(device)).collect();
    match filter.sort {
        None => {}
        Some(Sort::Name) => devices.sort_by_key(|device| device.name),
        Some(Sort::Speed) => devices.sort_by_key(|device| Reverse(device.rate)),
        Some(Sort::Sas) => devices.sort_by_key(Device::sas),
        Some(Sort::Grade) => devices.sort_by_key(Device::share_known),
    }
    let mut table = match kind {
        PresetKind::Nic => {
            let mut table =
                table(["Name", "Line rate", "Packet rate", "Slot", "Offload", "Modes", "SAs", "Grade", "Title"], &[6]);
            for device in &devices {
                table.add_row([
                    device.name.to_owned(),
                    device.shown("line_rate"),
                    device.shown("packet_rate"),
                    device.shown("slot"),
                    device.offloads(),
                    device.names("esp.modes").join(", "),
                    device.shown("esp.sa_capacity"),
                    grade(device),
                    device.shown("title"),
                ]);
            }
            table
        }
        _ => {
            let mut table =
                table(["Name", "Rate", "Requests", "Slot", "Ciphers", "In the kernel", "Grade", "Title"], &[]);
            for device in &devices {
                table.add_row([
                    device.name.to_owned(),
                    device.shown("rate"),
                    device.shown("operation_rate"),
                    device.shown("slot"),
                    device.names("algorithms").len().to_string(),
                    device.names("kernel_algorithms").len().to_string(),
                    grade(device),
                    device.shown("title"),
                ]);
            }
            table
        }
    };
    table.set_content_arrangement(ContentArrangement::Disabled);
    format!("{table}\n")
}

fn grade(device: &Device<'_>) -> String {
    device.grade.map_or_else(String::new, |grade| grade.to_string())
}

/// Every value of a preset, shipped or in a file, with its evidence, range and source.
///
/// # Errors
/// [`Failure`] for a name that is none, or a file that is no preset.
pub fn details(kind: PresetKind, name: &str) -> Result<String, Failure> {
    let preset = own_preset::named(kind, Path::new(name))?;
    let grade = Grade::of(kind, &preset).map(|grade| format!("  grade {grade}")).unwrap_or_default();
    let title = preset.value("title").map_or_else(String::new, shown);
    Ok(format!("  {name}  {title}{grade}\n{}", super::values(&preset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filter: &Filter) -> Vec<String> {
        let listed = overview(PresetKind::Nic, filter);
        listed.lines().skip(2).map(|line| line.split('|').nth(1).unwrap().trim().to_owned()).collect()
    }

    #[test]
    fn nics_are_filtered_by_what_they_do_and_sorted() {
        assert_eq!(names(&Filter::default()).len(), PresetKind::Nic.names().len());
        let fast = Filter { offload: Some(Offload::Packet), speed: Some(speed("100G").unwrap()), ..Filter::default() };
        let fast = names(&fast);
        assert!(["connectx-6-dx", "connectx-7"].iter().all(|name| fast.contains(&(*name).to_owned())), "{fast:?}");
        assert!(["innova-ipsec-40g", "t6", "nic-100g"].iter().all(|name| !fast.contains(&(*name).to_owned())));
        let none = names(&Filter { offload: Some(Offload::None), ..Filter::default() });
        assert!(none.contains(&"e810-cq".to_owned()) && !none.contains(&"x520".to_owned()));
        let tunnel = Filter { mode: Some("tunnel".into()), offload: Some(Offload::Crypto), ..Filter::default() };
        assert!(!names(&tunnel).contains(&"x520".to_owned()) && names(&tunnel).contains(&"t6".to_owned()));
        let by_speed = names(&Filter { sort: Some(Sort::Speed), ..Filter::default() });
        assert!(by_speed[0].ends_with('8') || by_speed[0].contains("400g") || by_speed[0].contains("bluefield-3"));
        let by_name = names(&Filter { sort: Some(Sort::Name), ..Filter::default() });
        assert!(by_name.is_sorted());
        assert!(names(&Filter { cipher: Some("aes-256-ccm".into()), ..Filter::default() }).is_empty());
    }

    #[test]
    fn a_speed_is_read_as_people_write_it() {
        let gbps = |text: &str| speed(text).map(|rate| rate.as_gbps());
        assert_eq!(["100G", "100g", "100Gbps", "100 Gbps"].map(gbps), [const { Ok(100.0) }; 4]);
        assert!(speed("fast").is_err());
    }
}
