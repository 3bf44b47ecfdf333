//! `espsim list`: what is shipped, with sources.

mod devices;

use std::path::Path;

use clap::{Args, ValueEnum};
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use espsim_model::layers::{Origin, flatten};
use espsim_model::placement::Placement;
use espsim_model::preset::grade::Grade;
use espsim_model::preset::{self, Evidence, Preset, PresetKind, load};
use espsim_model::scenario::parameters::{listed, parameters};
use espsim_model::stack;
use espsim_report::text_table::table;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;

use devices::Filter;

/// The host whose costs stand in the listing.
const STAND_IN: &str = "zen4";

/// Columns of the widest table: on a narrower terminal `less -S` shows it.
const WIDE: u16 = 180;

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listed {
    /// Designs
    Placements,
    /// Network interface cards
    Nics,
    /// Lookaside accelerators
    Accelerators,
    /// PCIe slots
    Slots,
    /// Hosts
    Cpus,
    /// Mixes of packet sizes
    Mixes,
    /// Scenario files of the project
    Scenarios,
    /// Every key of a scenario, its default and what it takes
    Parameters,
}

/// What is listed.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list [default: everything but parameters]
    pub what: Option<Listed>,
    /// Only these, with every value: names, or files of one's own
    #[arg(requires = "what")]
    pub names: Vec<String>,
    /// Which and in which order
    #[command(flatten)]
    pub filter: Filter,
}

/// The text of a listing.
///
/// # Errors
/// [`Failure`] for a name that is none, or a filter where there is nothing to filter.
pub fn list(args: &ListArgs) -> Result<String, Failure> {
    let kind = args.what.and_then(Listed::kind);
    let devices = kind.filter(|kind| [PresetKind::Nic, PresetKind::Accelerator].contains(kind));
    match (args.what, kind, devices) {
        (_, _, None) if !args.filter.is_empty() => {
            Err(Failure::new("only nics and accelerators are filtered and sorted"))
        }
        (Some(_), None, _) if !args.names.is_empty() => Err(Failure::new("names are those of presets")),
        (Some(what), Some(kind), _) if !args.names.is_empty() => {
            let details = args.names.iter().map(|name| devices::details(kind, name));
            Ok(format!("{}\n{}", what.title(), details.collect::<Result<Vec<_>, _>>()?.join("\n")))
        }
        (Some(what), _, Some(kind)) => {
            let hint = "Grade: how many of the values that decide are no estimates. A name after it lists all values";
            Ok(format!("{}\n{}\n{hint}\n", what.title(), devices::overview(kind, &args.filter)))
        }
        (what, _, _) => Ok(everything(what)),
    }
}

fn everything(what: Option<Listed>) -> String {
    let all = [
        Listed::Placements,
        Listed::Nics,
        Listed::Accelerators,
        Listed::Slots,
        Listed::Cpus,
        Listed::Mixes,
        Listed::Scenarios,
    ];
    match what {
        Some(what) => section(what, true),
        None => all.map(|what| section(what, false)).join("\n"),
    }
}

impl Listed {
    /// The kind of preset that it is; `None` for what is no preset.
    const fn kind(self) -> Option<PresetKind> {
        match self {
            Listed::Nics => Some(PresetKind::Nic),
            Listed::Accelerators => Some(PresetKind::Accelerator),
            Listed::Slots => Some(PresetKind::Pcie),
            Listed::Cpus => Some(PresetKind::Cpu),
            Listed::Mixes => Some(PresetKind::Mix),
            Listed::Placements | Listed::Scenarios | Listed::Parameters => None,
        }
    }

    /// What it is, and where it is named.
    const fn title(self) -> &'static str {
        match self {
            Listed::Nics => "NICs: nic.preset",
            Listed::Accelerators => "Accelerators: accelerator.preset",
            Listed::Slots => "PCIe slots: nic.pcie.preset, accelerator.pcie.preset, pcie.uplink.preset",
            Listed::Cpus => "Hosts: --profile preset:NAME",
            Listed::Mixes => "Mixes: traffic.mix",
            Listed::Placements => "Placements: placement",
            Listed::Scenarios => "Scenarios: experiments/scenarios/NAME.toml",
            Listed::Parameters => "Parameters",
        }
    }
}

fn section(what: Listed, sources: bool) -> String {
    let Some(kind) = what.kind() else {
        return match what {
            Listed::Placements => placements(),
            Listed::Scenarios => scenarios(),
            _ => all_parameters(),
        };
    };
    let title = what.title();
    let mut text = format!("{title}\n");
    for (name, _) in kind.files() {
        let Ok(preset) = load(kind, name) else { continue };
        let model = preset.values.get("host").and_then(|host| host.get("model"));
        let heading = preset.values.get("title").or(model).map_or_else(String::new, shown);
        let grade = Grade::of(kind, preset).map(|grade| format!("  grade {grade}")).unwrap_or_default();
        text += &format!("  {name:<18} {heading}{grade}\n");
        if sources {
            text += &values(preset);
        } else {
            text += &format!("{:20} source: {}\n", "", first_clause(preset));
        }
    }
    text
}

fn values(preset: &Preset) -> String {
    let mut table = table(["Key", "Value", "Range", "Evidence", "Source"], &[]);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(140);
    for (key, (value, _)) in flatten(&preset.values, &Origin::Default) {
        if key == "title" || key == "aead" {
            continue;
        }
        // Of a distribution its quantiles say most.
        if key.starts_with("sa.") && !key.ends_with(".quantiles") {
            continue;
        }
        let range = preset.ranges.get(&key).map(|[low, high]| format!("{} to {}", shown(low), shown(high)));
        let source = preset.source(&key).unwrap_or_default();
        let evidence = if source.is_empty() { "" } else { preset.evidence(&key).name() };
        table.add_row([key.as_str(), &shown(&value), &range.unwrap_or_default(), evidence, source]);
    }
    format!("{table}\n")
}

/// Where the first of a preset's values comes from, shortened: `espsim list KIND` has all of it.
fn first_clause(preset: &Preset) -> String {
    let keys = flatten(&preset.values, &Origin::Default);
    let named = |key: &str| preset.source(key).filter(|source| Evidence::of(source) != Evidence::Estimate);
    let main = ["line_rate", "rate", "packet", "lanes", "generation", "host.frequency"].into_iter().find_map(named);
    let source = main.or_else(|| keys.keys().find_map(|key| named(key))).unwrap_or("estimates");
    let short: String = source.chars().take(100).collect();
    if short.len() < source.len() { format!("{short} ...") } else { short }
}

macro_rules! scenario_files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../scenarios/", $name, ".toml")))),+]
    };
}

/// Shipped scenarios; a test compares them with the folder.
pub const SCENARIOS: &[(&str, &str)] = scenario_files!(
    "bursts",
    "cold-copies",
    "completion-interrupts",
    "crypto-workers",
    "descriptors",
    "dpu",
    "failover",
    "failover-api-policy",
    "failover-bond",
    "failover-bond-scale",
    "failover-headroom",
    "failover-linux",
    "failover-scale",
    "forty-gig-2016",
    "gateway",
    "gateway-both",
    "gateway-decrypt",
    "gro",
    "gso",
    "hairpin",
    "imix-mtu",
    "iommu-mapping",
    "iotlb-cliff",
    "leaky-dma",
    "load-latency",
    "lookaside-modes",
    "mrrs",
    "one-tunnel",
    "receive",
    "sa-cache",
    "sa-lock",
    "sa-lock-receive",
    "small-frames",
    "tags-latency",
    "three-pass",
    "walk-queue",
    "write-order",
);

fn scenarios() -> String {
    let row = |(name, text): &(&str, &str)| {
        let file = ScenarioFile::parse(Path::new(name), (*text).to_owned());
        format!("  {name:<22} {}\n", file.map_or_else(|_| String::new(), |file| file.question))
    };
    format!("Scenarios: experiments/scenarios/NAME.toml\n{}", SCENARIOS.iter().map(row).collect::<String>())
}

/// An empty table of meanings. Keys are searched for and copied, so they stay on one line.
fn wide<const N: usize>(header: [&str; N]) -> Table {
    let mut table = table(header, &[]);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDE);
    if let Some(keys) = table.column_mut(0) {
        keys.set_constraint(ColumnConstraint::ContentWidth);
    }
    table
}

fn all_parameters() -> String {
    let mut table = wide(["Key", "Default", "Takes", "Meaning"]);
    for parameter in parameters().chain(listed()) {
        let default = parameter.default().map_or_else(String::new, |(value, _)| shown(value));
        table.add_row([parameter.key().as_str(), &default, &parameter.takes.words(), parameter.meaning]);
    }
    let costs = cost_parameters();
    let lists = "Keys with [] stand in the tables of a list, which is set whole";
    format!("Parameters: in a scenario file, a series, a sweep, or after --set. {lists}\n{table}\n\n{costs}")
}

/// What stacks cost, as the first preset has it: keys of a profile.
fn cost_parameters() -> String {
    let Ok(Ok(profile)) = preset::profile(STAND_IN) else { return String::new() };
    let mut table = wide(["Key", "Cycles", "Range", "Evidence", "Meaning"]);
    for (key, cycles) in profile.stack_costs() {
        let range = profile.intervals.get(&key).and_then(|range| Some(format!("{} to {}", range.low?, range.high?)));
        let evidence = profile.evidence(&key).name();
        let meaning = key.split_once('.').and_then(|(_, name)| stack::find(name)).map_or("", |cost| cost.meaning);
        table.add_row([&key, &cycles.0.to_string(), &range.unwrap_or_default(), evidence, meaning]);
    }
    format!(
        "Costs of stacks: in a profile, here preset:{STAND_IN}'s, with 95 % ranges. [stack] is the kernel's, [xdp] and [vector] \
         are their own\n{table}\n"
    )
}

fn placements() -> String {
    let rows = Placement::ALL.map(|placement| {
        format!("  {:<14} {} PCIe crossing(s)  {}\n", placement.name(), placement.crossings(), placement.summary())
    });
    format!("Placements: placement\n{}", rows.concat())
}
