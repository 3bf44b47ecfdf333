//! `espsim list`: what is shipped, with sources.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use espsim_model::layers::{Origin, flatten};
use espsim_model::placement::Placement;
use espsim_model::preset::{Kind, load};

use crate::cli::Listed;
use crate::points::shown;

/// The text of a listing.
pub fn list(what: Option<Listed>) -> String {
    let all = [Listed::Placements, Listed::Nics, Listed::Accelerators, Listed::Slots, Listed::Cpus, Listed::Mixes];
    match what {
        Some(what) => section(what, true),
        None => all.map(|what| section(what, false)).join("\n"),
    }
}

fn section(what: Listed, sources: bool) -> String {
    let (title, kind) = match what {
        Listed::Placements => return placements(),
        Listed::Nics => ("NICs: nic.preset", Kind::Nic),
        Listed::Accelerators => ("Accelerators: accelerator.preset", Kind::Accelerator),
        Listed::Slots => ("PCIe slots: pcie.nic.preset, pcie.accelerator.preset, pcie.uplink.preset", Kind::Pcie),
        Listed::Cpus => ("Hosts: --profile preset:NAME", Kind::Cpu),
        Listed::Mixes => ("Mixes: traffic.mix", Kind::Mix),
    };
    let mut text = format!("{title}\n");
    for (name, _) in kind.files() {
        let Ok(preset) = load(kind, name) else { continue };
        let model = preset.values.get("host").and_then(|host| host.get("model"));
        let heading = preset.values.get("title").or(model).map_or_else(String::new, shown);
        text += &format!("  {name:<18} {heading}\n");
        if sources {
            text += &values(preset);
        }
    }
    text
}

fn values(preset: &espsim_model::preset::Preset) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(["Key", "Value", "Source"]);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic).set_width(140);
    for (key, (value, _)) in flatten(&preset.values, &Origin::Default) {
        if key == "title" || key == "aead" {
            continue;
        }
        // Of a distribution its quantiles say most.
        if key.starts_with("sa.") && !key.ends_with(".quantiles") {
            continue;
        }
        table.add_row([key.as_str(), &shown(&value), preset.source(&key).unwrap_or_default()]);
    }
    format!("{table}\n")
}

fn placements() -> String {
    let rows = Placement::ALL.map(|placement| {
        format!("  {:<14} {} PCIe crossing(s)  {}\n", placement.name(), placement.crossings(), placement.summary())
    });
    format!("Placements: placement\n{}", rows.concat())
}
