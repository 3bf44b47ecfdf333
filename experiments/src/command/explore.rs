//! `espsim explore`: one HTML file that simulates in the reader's browser.

use std::path::{Path, PathBuf};

use espsim_model::layers::{self, Layer, Origin};
use espsim_model::units::{BitRate, Bytes};
use espsim_report::live::{Chosen, page};
use espsim_report::page::read::Results;
use espsim_sweep::failure::{Failure, explain};
use espsim_sweep::file::profile::{PREFIX, ProfileChoice, named};
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::Setting;
use espsim_sweep::store::partial::write_new;

use crate::console::say;
use crate::question::plan::bit_rate;

/// Where a page goes unless it is said.
const OUT: &str = "out/what-if.html";
/// The host of a page unless one is named; its reader chooses others.
const HOST: &str = "preset:zen4";

/// Options of `explore`.
#[derive(Debug, Clone, clap::Args)]
pub struct ExploreArgs {
    /// A scenario file whose common parameters the page begins with
    #[arg(value_name = "SCENARIO")]
    pub scenario: Option<PathBuf>,
    /// Host profile: preset:NAME, or a file, which the page then carries [default: the scenario's; else preset:zen4]
    #[arg(long)]
    pub profile: Option<String>,
    /// The load, such as 40Gbps [default: as fast as it can]
    #[arg(long, value_parser = bit_rate)]
    pub rate: Option<BitRate>,
    /// Packets: a size such as 512B, or the name of a mix such as imix
    #[arg(long)]
    pub mix: Option<String>,
    /// transmit, receive, encrypt, decrypt or both
    #[arg(long)]
    pub direction: Option<String>,
    /// NIC of the library
    #[arg(long)]
    pub nic: Option<String>,
    /// Lookaside card of the library
    #[arg(long, visible_alias = "accelerator")]
    pub card: Option<String>,
    /// Set a parameter, such as host.cores=16; one that no control has stays as it is set
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub settings: Vec<Setting>,
    /// The file to write; must not exist
    #[arg(long, value_name = "FILE", default_value = OUT)]
    pub out: PathBuf,
}

/// Keys that a control has, and which.
const CONTROLS: [(&str, &str); 12] = [
    ("host.cores", "cores"),
    ("host.stack", "stack"),
    ("traffic.direction", "direction"),
    ("traffic.transport", "transport"),
    ("traffic.train", "train"),
    ("sa.count", "tunnels"),
    ("sa.algorithm", "cipher"),
    ("nic.preset", "nic"),
    ("nic.ports", "ports"),
    ("nic.pcie.preset", "slot"),
    ("accelerator.preset", "card"),
    ("lookaside.driver", "driver"),
];

/// Writes the page.
///
/// # Errors
/// [`Failure`] for what is wrong in the scenario and its settings, and for a file that exists or cannot be written.
pub fn explore(args: &ExploreArgs) -> Result<(), Failure> {
    let html = page(&chosen(args)?);
    if let Some(folder) = args.out.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::new(format!("cannot make folder {}: {error}", folder.display())))?;
    }
    write_new(&args.out, html.as_bytes())?;
    say(&format!("espsim: wrote {} ({} KiB); open it in a browser", args.out.display(), html.len() / 1024));
    Ok(())
}

/// What the page begins with.
///
/// # Errors
/// As [`explore`].
fn chosen(args: &ExploreArgs) -> Result<Chosen, Failure> {
    let file = args.scenario.as_deref().map(ScenarioFile::read).transpose()?;
    let (of_profile, settings): (Vec<Setting>, Vec<Setting>) =
        args.settings.iter().cloned().partition(|setting| setting.key.starts_with(PREFIX));
    let name = args.profile.as_deref().or_else(|| file.as_ref()?.profile.as_deref()).unwrap_or(HOST);
    let ProfileChoice { text, from, .. } = named(name)?.with(&of_profile)?;
    let mut layer = file.as_ref().map_or_else(Layer::new, |file| file.base.clone());
    // Each page has every design.
    layer.remove("placement");
    layer.retain(|key, _| !key.starts_with("run."));
    let text_of = |value: &str| toml::Value::String(value.to_owned());
    let options =
        [("traffic.direction", &args.direction), ("nic.preset", &args.nic), ("accelerator.preset", &args.card)];
    let options = options.into_iter().filter_map(|(key, name)| Some((key, text_of(name.as_ref()?))));
    let packets = args.mix.as_deref().map(|mix| match mix {
        size if size.parse::<Bytes>().is_ok() => ("traffic.packet", text_of(size)),
        "imix" => ("traffic.mix", text_of("simple-imix")),
        name => ("traffic.mix", text_of(name)),
    });
    let rate = args.rate.map(|rate| ("traffic.rate", text_of(&format!("{rate:#}"))));
    let all = options.chain(packets).chain(rate).map(|(key, value)| (key.to_owned(), value));
    for (key, value) in all.chain(settings.into_iter().map(|setting| (setting.key, setting.value))) {
        if ["traffic.packet", "traffic.mix"].contains(&key.as_str()) {
            layer.retain(|key, _| !["traffic.packet", "traffic.mix"].contains(&key.as_str()));
        }
        if key == "traffic.rate" {
            layer.remove("traffic.arrival");
        }
        layer.insert(key, (value, Origin::Set));
    }
    check(&layer)?;
    let chosen = Chosen { title: file.map(|file| file.title), ..controls(&layer)? };
    Ok(on_host(chosen, from, text, of_profile.is_empty()))
}

/// On a host by name, where that is a preset's as it is; else with its text.
fn on_host(mut chosen: Chosen, from: String, text: String, is_whole: bool) -> Chosen {
    match from.strip_prefix("preset:").filter(|_| is_whole) {
        Some(cpu) => drop(chosen.state.insert("cpu".into(), cpu.into())),
        None => (chosen.profile, chosen.profile_name) = (Some(text), Some(from)),
    }
    chosen
}

/// What a page in the report of a folder begins with: the common parameters of what was asked there, on its host. What a page
/// cannot have is left out.
///
/// # Errors
/// [`Failure`] for a scenario that is none any more.
pub fn of_results(results: &Results) -> Result<Chosen, Failure> {
    let manifest = &results.manifest;
    let text = manifest.scenario.as_ref().and_then(|scenario| scenario.text.clone());
    let file = text.map(|text| ScenarioFile::parse(Path::new("scenario.toml"), text)).transpose()?;
    let mut layer = file.map_or_else(Layer::new, |file| file.base);
    let settings = manifest.settings.iter().filter_map(|setting| setting.parse::<Setting>().ok());
    layer.extend(settings.map(|setting| (setting.key, (setting.value, Origin::Set))));
    layer.retain(|key, (value, _)| {
        let is_single = !value.is_array() && !value.is_table() && !key.contains('[');
        let of_page = !["placement", "traffic.trace"].contains(&key.as_str()) && !key.starts_with("run.");
        is_single && of_page && !key.starts_with(PREFIX) && !value.as_str().is_some_and(|text| text.ends_with(".toml"))
    });
    let chosen = controls(&layer)?;
    Ok(match &results.profile {
        Some(choice) => {
            // The folder has a copy of the profile; the manifest says what it was.
            let from = manifest.profile.as_ref().map_or(&choice.from, |named| &named.from);
            let is_whole = !manifest.settings.iter().any(|setting| setting.starts_with(PREFIX));
            on_host(chosen, from.clone(), choice.text.clone(), is_whole)
        }
        None => chosen,
    })
}

/// Whether the model takes what is chosen, whatever the placement.
fn check(layer: &Layer) -> Result<(), Failure> {
    let mut whole = layer.clone();
    if layer.contains_key("traffic.rate") && !layer.contains_key("traffic.arrival") {
        whole.insert("traffic.arrival".into(), (toml::Value::String("poisson".into()), Origin::Default));
    }
    let resolved = layers::resolve(&whole).and_then(|values| layers::scenario(&values));
    resolved.map(drop).map_err(|error| {
        let (message, help) = explain(&error);
        Failure::new(format!("{}: {message}", error.key())).with_help(help)
    })
}

/// Controls as keys set them, and keys that no control has.
fn controls(layer: &Layer) -> Result<Chosen, Failure> {
    let Chosen { mut state, mut fixed, .. } = Chosen::default();
    for (key, (value, _)) in layer {
        let plain = serde_json::to_value(value).unwrap_or_default();
        let text = value.as_str().unwrap_or_default();
        match key.as_str() {
            "traffic.packet" => {
                let size: Bytes = text.parse().map_err(|error| Failure::new(format!("{key}: {error}")))?;
                state.insert("packets".into(), size.get().to_string().into());
            }
            "traffic.mix" if value.is_str() => drop(state.insert("packets".into(), plain)),
            "traffic.rate" => {
                let rate: BitRate = text.parse().map_err(|error| Failure::new(format!("{key}: {error}")))?;
                state.insert("load".into(), rate.as_gbps().into());
                state.insert("saturate".into(), false.into());
            }
            "traffic.arrival" if text == "saturate" => drop(state.insert("saturate".into(), true.into())),
            "traffic.arrival" if text == "poisson" => {}
            key if plain.is_array() || plain.is_object() || key.contains('[') || text.ends_with(".toml") => {
                return Err(Failure::new(format!("{key}: a page has single values and the library's hardware alone"))
                    .with_help(Some("leave it out, or use espsim run".into())));
            }
            key => match CONTROLS.iter().find(|(known, _)| *known == key) {
                Some((_, control)) => drop(state.insert((*control).to_owned(), plain)),
                None => drop(fixed.insert(key.to_owned(), plain)),
            },
        }
    }
    Ok(Chosen { state, fixed, ..Chosen::default() })
}
