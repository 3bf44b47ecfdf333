//! A profile that the user names: a file or a preset.

use std::path::Path;

use espsim_model::preset;
use espsim_model::profile::{Profile, ProfileError, UnknownKey};

use crate::failure::{Failure, nearest, read_text};
use crate::file::plain;
use crate::file::value::{Setting, shown};

/// The preset that stands in for what a quick calibration does not measure.
const BASE_PRESET: &str = "zen4";

/// How keys of `--set` begin that are the profile's.
pub const PREFIX: &str = "profile.";

/// A profile and where it came from.
#[derive(Debug, Clone)]
pub struct ProfileChoice {
    /// The profile.
    pub profile: Profile,
    /// Its text, which is what is hashed.
    pub text: String,
    /// Where it came from: a file's name, `preset:NAME` or `measured`.
    pub from: String,
}

impl ProfileChoice {
    /// One line for figures and tables: the CPU, the profile, and the preset that has what is not this host's own.
    pub fn summary(&self) -> String {
        let others = self.profile.filled_from.as_ref().map(|name| format!(", the rest as preset:{name}"));
        format!("{} ({}{})", self.profile.host.model, self.from, others.unwrap_or_default())
    }

    /// The same with values of the profile set over it, by keys such as `profile.stack.xfrm`. Its name says so.
    ///
    /// # Errors
    /// [`Failure`] for a key that is none of a value of the profile, or a value that no host can have.
    pub fn with(self, settings: &[Setting]) -> Result<Self, Failure> {
        let values: Vec<_> = settings
            .iter()
            .map(|Setting { key, value }| (key.strip_prefix(PREFIX).unwrap_or(key).to_owned(), value.clone()))
            .collect();
        let refused = |error: ProfileError| Failure::new(format!("--set: profile: {error}")).with_help(help(&error));
        let profile = self.profile.with(&values).map_err(refused)?;
        // Of a folder that is taken up again they are set already.
        if profile == self.profile {
            return Ok(self);
        }
        let set: Vec<String> = values.iter().map(|(key, value)| format!("{key} = {}", shown(value))).collect();
        Ok(ProfileChoice { text: as_text(&profile)?, profile, from: format!("{}, {}", self.from, set.join(", ")) })
    }

    /// Small print for figures of what was simulated on it.
    pub fn footnote(&self, seed: u64) -> String {
        format!("espsim {} · profile {} · seed {seed}", env!("CARGO_PKG_VERSION"), self.summary())
    }
}

/// A profile as a file has it, which can be read again.
///
/// # Errors
/// [`Failure`] if it cannot be written as text, or is not usable.
pub fn as_text(profile: &Profile) -> Result<String, Failure> {
    let text = profile.to_toml().map_err(|error| Failure::new(format!("cannot write the profile as text: {error}")))?;
    Profile::from_toml(&text).map_err(|error| Failure::new(format!("the profile is unusable: {error}")))?;
    Ok(text)
}

/// The profile that is named: `preset:NAME` or a file.
///
/// # Errors
/// [`Failure`] for an unknown preset or a file that is no profile of this format.
pub fn named(name: &str) -> Result<ProfileChoice, Failure> {
    match name.strip_prefix("preset:") {
        Some(preset_name) => from_preset(preset_name),
        None => from_file(Path::new(name)),
    }
}

fn from_preset(name: &str) -> Result<ProfileChoice, Failure> {
    let names: Vec<&str> = preset::PresetKind::Cpu.files().iter().map(|(name, _)| *name).collect();
    let unknown = |error: preset::UnknownPreset| {
        Failure::new(format!("{error}; there are {}", names.join(", "))).with_help(nearest(name, &names))
    };
    let text = preset::text(preset::PresetKind::Cpu, name).map_err(unknown)?.to_owned();
    let profile = preset::profile(name).map_err(unknown)?;
    let profile = profile.map_err(|error| Failure::new(format!("preset {name}: {error}")))?;
    let text = if has_base(&text) { as_text(&profile)? } else { text };
    Ok(ProfileChoice { profile, text, from: format!("preset:{name}") })
}

/// The profile in a file.
///
/// # Errors
/// [`Failure`] for a file that is no profile of this format.
pub fn from_file(path: &Path) -> Result<ProfileChoice, Failure> {
    from_text(path, read_text("read profile", path)?)
}

/// The profile in a text; `path` is for messages.
///
/// # Errors
/// As [`from_file`].
pub fn from_text(path: &Path, text: String) -> Result<ProfileChoice, Failure> {
    let profile = Profile::from_toml(&text).map_err(|error| located(path, &text, &error))?;
    plain::check(path, &text)?;
    // What a preset of this version filled in must be the same when another version reads it again.
    let text = if has_base(&text) { as_text(&profile)? } else { text };
    let from = path.file_name().map_or_else(|| "profile".into(), |name| name.to_string_lossy().into_owned());
    Ok(ProfileChoice { profile, text, from })
}

/// Whether a text leaves things to a preset.
fn has_base(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("base"))
}

fn located(path: &Path, text: &str, error: &ProfileError) -> Failure {
    let key = match error {
        ProfileError::Syntax { span, .. } => {
            return Failure::at(path, text, span.clone().unwrap_or(0..0), format!("profile: {error}"));
        }
        ProfileError::Older { .. } | ProfileError::Newer { .. } => "format",
        ProfileError::Base { .. } => "base",
        ProfileError::Keys { unknown, .. } => unknown.first().map_or("format", |unknown| unknown.key.as_str()),
        ProfileError::Value { key, .. } => key,
    };
    let key = key.rsplit('.').next().unwrap_or(key);
    let at = text.find(&format!("{key} =")).or_else(|| text.find(key)).unwrap_or(0);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    Failure::at(path, text, at..end, format!("profile: {error}")).with_help(help(error))
}

/// What to do about an error: the nearest names, and a preset for what is missing.
fn help(error: &ProfileError) -> Option<String> {
    let cpus = preset::PresetKind::Cpu.names();
    match error {
        ProfileError::Base { name } => {
            let known = format!("there are {}", cpus.join(", "));
            Some(nearest(name, &cpus).map_or(known.clone(), |near| format!("{known}; {near}")))
        }
        ProfileError::Keys { missing, unknown } => {
            let near = |unknown: &UnknownKey| {
                let known: Vec<&str> = unknown.known.iter().map(String::as_str).collect();
                let near = nearest(&unknown.key, &known)?;
                Some(if unknown.key.contains('.') || !missing.is_empty() {
                    format!("{}: {near}", unknown.key)
                } else {
                    near
                })
            };
            let base = "`base = \"zen4\"` before any [table] takes what is missing from a preset".to_owned();
            let lines = unknown.iter().filter_map(near).chain((!missing.is_empty()).then_some(base));
            Some(lines.collect::<Vec<_>>().join("\n")).filter(|lines| !lines.is_empty())
        }
        ProfileError::Newer { .. } => Some("update espsim, or calibrate again with this one".into()),
        _ => None,
    }
}

/// What stands in for a profile while a scenario is checked before anything is measured.
///
/// # Errors
/// [`Failure`] if the shipped preset is wrong, which a test excludes.
pub fn stand_in() -> Result<ProfileChoice, Failure> {
    from_preset(BASE_PRESET)
}
