//! `espsim template`: a file of one's own hardware, with every key of its kind explained, each value of the base as a comment.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use espsim_model::layers::LayerError;
use espsim_model::preset::{self, Preset, PresetKind};
use espsim_model::profile::{FORMAT, schema};
use espsim_model::scenario::parameters::parameters;
use espsim_model::stack;
use espsim_sweep::failure::{Failure, explain};
use espsim_sweep::store::partial::write_new;
use toml::{Table, Value};

use crate::console::{print, say};

/// Columns of a comment.
const WIDE: usize = 110;
/// Tables of a profile that say something of its values, or of how they were measured.
const BESIDE: [&str; 6] = ["format", "filled_from", "sources", "intervals", "calibration", "inventory"];

/// What a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A network interface card, for nic.preset
    Nic,
    /// A host, for --profile
    Cpu,
    /// A lookaside accelerator, for accelerator.preset
    Accelerator,
}

/// Options of `espsim template`.
#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// What the file is of
    #[arg(value_enum)]
    pub kind: Kind,
    /// What of the library it is like [default: connectx-6-dx, zen4, qat-4xxx]; espsim list nics has all
    #[arg(long, value_name = "NAME")]
    pub base: Option<String>,
    /// Write the file; must not exist [default: print it]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Kind {
    /// The kind of its presets, where a scenario has them, and one of the library.
    const fn of(self) -> (PresetKind, &'static str, &'static str) {
        match self {
            Kind::Nic => (PresetKind::Nic, "nic.", "connectx-6-dx"),
            Kind::Cpu => (PresetKind::Cpu, "", "zen4"),
            Kind::Accelerator => (PresetKind::Accelerator, "accelerator.", "qat-4xxx"),
        }
    }
}

/// Runs `espsim template`.
///
/// # Errors
/// [`Failure`] for a base that is none, and a file that cannot be written.
pub fn template(args: &TemplateArgs) -> Result<(), Failure> {
    let text = text(args.kind, args.base.as_deref())?;
    match &args.out {
        None => print(text.as_bytes()),
        Some(out) => {
            write_new(out, text.as_bytes())?;
            say(&format!("espsim: wrote {}: {}", out.display(), used(args.kind, out)));
            Ok(())
        }
    }
}

/// How a file is used.
fn used(kind: Kind, out: &Path) -> String {
    let name = out.display();
    match kind {
        Kind::Nic => format!("nic.preset = \"{name}\" in a scenario, --set nic.preset={name}, plan --nic {name}"),
        Kind::Cpu => format!("--profile {name}"),
        Kind::Accelerator => format!("accelerator.preset = \"{name}\" in a scenario, --set accelerator.preset={name}"),
    }
}

/// The text of a file.
///
/// # Errors
/// [`Failure`] for a base that is none.
pub fn text(kind: Kind, base: Option<&str>) -> Result<String, Failure> {
    let (preset_kind, place, default) = kind.of();
    let name = base.unwrap_or(default);
    let of_base = preset::load(preset_kind, name).map_err(|error| {
        let (message, help) = explain(&LayerError::Preset { key: "--base".into(), error });
        Failure::new(message).with_help(help)
    })?;
    let mut text = String::new();
    comment(&mut text, &head(kind, name));
    text.push('\n');
    if kind == Kind::Cpu {
        // Writing to a string does not fail.
        let _ = writeln!(text, "format = {FORMAT}");
    }
    let _ = writeln!(text, "base = \"{name}\"\n");
    match kind {
        Kind::Cpu => of_cpu(&mut text, of_base),
        Kind::Nic | Kind::Accelerator => of_device(&mut text, of_base, place),
    }
    comment(
        &mut text,
        "Where values that you give are from: \"measured: ...\", \"derived: ...\", an estimate says so, all others name a \
         publication. A value without a source is an estimate.",
    );
    let example = of_base.values.keys().find(|key| !BESIDE.contains(&key.as_str())).map_or("title", String::as_str);
    let _ = writeln!(text, "[sources]\n#\"{example}\" = \"its data sheet, page 3\"");
    if kind == Kind::Cpu {
        ciphers(&mut text, of_base);
    }
    Ok(text)
}

fn head(kind: Kind, name: &str) -> String {
    let (what, list) = match kind {
        Kind::Nic => ("A network interface card", "nics"),
        Kind::Cpu => ("A host", "cpus"),
        Kind::Accelerator => ("A lookaside accelerator", "accelerators"),
    };
    format!(
        "{what} of your own, like `{name}` of the library (espsim list {list} {name}). It reads as it is: every value is that \
         of `{name}`. Each stands below in a line that begins with # and no space; take the # away and give your own."
    )
}

/// A text as comments.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDE && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// What a value is, where it comes from, and the value itself.
fn entry(text: &mut String, key: &str, meaning: &str, preset: &Preset, value: &Value) {
    comment(text, &format!("{key}: {meaning}"));
    if let Some(source) = preset.source(key) {
        comment(text, &format!("Source ({}): {source}", preset.evidence(key).name()));
    }
    if let Some([low, high]) = preset.ranges.get(key) {
        comment(text, &format!("Between {low} and {high}."));
    }
    let _ = writeln!(text, "#{key} = {value}\n");
}

/// Every key that a scenario has of a device, in the order of the table of parameters.
fn of_device(text: &mut String, preset: &Preset, place: &str) {
    let _ = writeln!(text, "#title = {}\n", preset.values.get("title").unwrap_or(&Value::String(String::new())));
    for parameter in parameters() {
        let whole = parameter.key();
        let Some(key) = whole.strip_prefix(place).filter(|key| is_of_preset(key)) else { continue };
        let meaning = format!("{} ({}).", parameter.meaning.trim_end_matches('.'), parameter.takes.words());
        match preset.value(key) {
            Some(value) => entry(text, key, &meaning, preset, value),
            None => {
                comment(text, &format!("{key}: {meaning} The base has none."));
                text.push('\n');
            }
        }
    }
}

/// Whether a key of a device stands in a preset: how many there are and where does not, and a slot has presets of its own.
fn is_of_preset(key: &str) -> bool {
    !["count", "ports", "standby", "preset", "title"].contains(&key) && !key.starts_with("pcie.")
}

/// Every value of a profile, in its order.
fn of_cpu(text: &mut String, preset: &Preset) {
    let schema = schema::json_schema();
    let values: Table = preset.values.clone().into_iter().filter(|(key, _)| !BESIDE.contains(&key.as_str())).collect();
    for (table, value) in &values {
        let Value::Table(inner) = value else { continue };
        let of_table = &schema["properties"][table];
        comment(text, &format!("[{table}] {}", described(of_table)));
        text.push('\n');
        for (name, value) in inner {
            let of_cost = stack::find(name).map(|cost| cost.meaning).filter(|_| table != "host" && table != "sa");
            let meaning = of_cost.map_or_else(|| described(&of_table["properties"][name]), str::to_owned);
            let interval = preset.values.get("intervals").and_then(|all| all.get(format!("{table}.{name}")));
            let ends = interval.and_then(|of| Some(format!(" Between {} and {}.", of.get("low")?, of.get("high")?)));
            let meaning = format!("{}.{}", meaning.trim_end_matches('.'), ends.unwrap_or_default());
            entry(text, &format!("{table}.{name}"), &meaning, preset, value);
        }
    }
}

/// The words of a schema.
fn described(of: &serde_json::Value) -> String {
    of["description"].as_str().unwrap_or("as in `espsim schema profile`").to_owned()
}

/// Costs of ciphers, each of which replaces the base's for the same algorithm and direction.
fn ciphers(text: &mut String, preset: &Preset) {
    text.push('\n');
    comment(
        text,
        "Ciphers: what is given for an algorithm and direction takes the place of all that the base has for it. espsim fit finds \
         costs from rates by size, espsim calibrate measures them.",
    );
    for cost in preset.values.get("aead").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table) {
        let _ = writeln!(text, "\n#[[aead]]");
        for (key, value) in cost {
            let _ = writeln!(text, "#{key} = {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use espsim_sweep::file::own_preset;
    use espsim_sweep::file::profile::from_text;

    use super::*;

    /// A file with every value in place of its comment.
    fn given(text: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        // Of a preset's own source nothing is said twice.
        text.lines().filter(|line| !line.ends_with("page 3\"")).map(line).collect()
    }

    #[test]
    fn every_template_of_a_device_is_its_base() {
        for kind in [Kind::Nic, Kind::Accelerator] {
            let (preset_kind, ..) = kind.of();
            for name in preset_kind.names() {
                let text = text(kind, Some(name)).unwrap();
                let base = preset::load(preset_kind, name).unwrap();
                let read = |text: String| own_preset::parse(preset_kind, Path::new("my.toml"), text);
                let mine = read(text.clone()).unwrap();
                assert_eq!(
                    (&mine.values, &mine.sources, &mine.ranges),
                    (&base.values, &base.sources, &base.ranges),
                    "{name}"
                );
                let whole = read(given(&text)).unwrap_or_else(|failure| panic!("{name}: {failure}\n{}", given(&text)));
                assert_eq!(whole.values, base.values, "{name}");
                // Nothing of the base is left out.
                assert!(given(&text).parse::<Table>().unwrap().len() > base.values.len(), "{name}");
            }
        }
    }

    #[test]
    fn every_template_of_a_host_is_its_base() {
        for name in PresetKind::Cpu.names() {
            let text = text(Kind::Cpu, Some(name)).unwrap();
            let base = preset::profile(name).unwrap().unwrap();
            let read = |text: String| from_text(Path::new("my.toml"), text).map(|choice| choice.profile);
            let mine = read(text.clone()).unwrap();
            assert_eq!(mine.filled_from.as_deref(), Some(name));
            let as_base = espsim_model::profile::Profile { filled_from: None, ..mine };
            assert_eq!(as_base, base, "{name}");
            let whole = read(given(&text)).unwrap_or_else(|failure| panic!("{name}: {failure}"));
            assert_eq!((&whole.aead, &whole.stack, &whole.host), (&base.aead, &base.stack, &base.host), "{name}");
        }
    }

    #[test]
    fn a_base_that_is_none_is_named_with_the_nearest() {
        let failure = text(Kind::Nic, Some("conectx-7")).unwrap_err();
        let said = format!("{:?}", miette::Report::new(failure));
        assert!(said.contains("conectx-7") && said.contains("did you mean `connectx-7`?"), "{said}");
    }
}
