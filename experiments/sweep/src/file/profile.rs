//! A profile that the user names: a file or a preset.

use std::path::Path;

use espsim_model::preset;
use espsim_model::profile::{Profile, ProfileError};

use crate::failure::{Failure, nearest, read_text};
use crate::file::plain;

/// The preset that stands in for what a quick calibration does not measure.
const BASE_PRESET: &str = "zen4";

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
    /// One line for figures and tables.
    pub fn summary(&self) -> String {
        format!("{} ({})", self.profile.host.model, self.from)
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
    let profile = Profile::from_toml(&text).map_err(|error| Failure::new(format!("preset {name}: {error}")))?;
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
    let from = path.file_name().map_or_else(|| "profile".into(), |name| name.to_string_lossy().into_owned());
    Ok(ProfileChoice { profile, text, from })
}

fn located(path: &Path, text: &str, error: &ProfileError) -> Failure {
    let key = match error {
        ProfileError::Syntax { span, .. } => {
            return Failure::at(path, text, span.clone().unwrap_or(0..0), format!("profile: {error}"));
        }
        ProfileError::Format { .. } => "format",
        ProfileError::Value { key, .. } => key.rsplit('.').next().unwrap_or(key),
    };
    let at = text.find(&format!("{key} =")).or_else(|| text.find(key)).unwrap_or(0);
    let end = text[at..].find('\n').map_or(text.len(), |n| at + n);
    Failure::at(path, text, at..end, format!("profile: {error}"))
}

/// What stands in for a profile while a scenario is checked before anything is measured.
///
/// # Errors
/// [`Failure`] if the shipped preset is wrong, which a test excludes.
pub fn stand_in() -> Result<ProfileChoice, Failure> {
    from_preset(BASE_PRESET)
}
