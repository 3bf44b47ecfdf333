//! Which profile a run uses: a file, a preset, or a quick calibration of this host, kept for the day.

use std::fs;
use std::path::{Path, PathBuf};

use espsim_model::preset;
use espsim_model::profile::{Profile, ProfileError};

use crate::folder::partial;
use crate::input::{Failure, nearest, read_text};
use crate::journal::{JOURNAL, first_header};
use crate::manifest::hash;
use crate::output::Partial;
use crate::plain;
use crate::run::say;

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

    /// What to warn of when a measured profile is that of another machine; presets are of others by nature.
    pub fn other_machine(&self) -> Option<String> {
        let here = espsim_calibrate::host::cpu_model();
        let measured = self.profile.calibration.is_some() && self.profile.host.model != here;
        measured.then(|| {
            format!("{} was measured on another machine: {}, this is {here}", self.from, self.profile.host.model)
        })
    }
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

/// The profile of a run to this folder that was interrupted, or of a finished one; `None` if there is neither.
///
/// # Errors
/// [`Failure`] if it cannot be read.
pub fn taken_up(target: &Path) -> Result<Option<ProfileChoice>, Failure> {
    let folders = [partial(target), target.to_owned()];
    let Some(folder) = folders.iter().find(|folder| folder.join(JOURNAL).exists()) else { return Ok(None) };
    from_folder(folder).map(Some)
}

/// The profile that stands beside a journal.
///
/// # Errors
/// [`Failure`] if it cannot be read.
pub fn from_folder(folder: &Path) -> Result<ProfileChoice, Failure> {
    let choice = from_file(&folder.join("profile.toml"))?;
    let header = first_header(&folder.join(JOURNAL))?;
    match header.filter(|header| header.profile_hash == hash(&choice.text)) {
        Some(header) => Ok(ProfileChoice { from: header.profile, ..choice }),
        None => Ok(choice),
    }
}

fn from_preset(name: &str) -> Result<ProfileChoice, Failure> {
    let names: Vec<&str> = preset::Kind::Cpu.files().iter().map(|(name, _)| *name).collect();
    let unknown = |error: preset::UnknownPreset| {
        Failure::new(format!("{error}; there are {}", names.join(", "))).with_help(nearest(name, &names))
    };
    let text = preset::text(preset::Kind::Cpu, name).map_err(unknown)?.to_owned();
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

/// A quick calibration of this host, or today's if there is one for this CPU model and program version.
///
/// # Errors
/// [`Failure`] if the host cannot be measured.
pub fn measured(say: &mut dyn FnMut(&str)) -> Result<ProfileChoice, Failure> {
    let cache = cache_file();
    if let Some(choice) = cache.as_deref().and_then(|path| from_file(path).ok()) {
        say(&format!("using today's quick calibration of this host ({})", choice.profile.host.model));
        return Ok(ProfileChoice { from: "measured".into(), ..choice });
    }
    say(
        "no --profile given: measuring AES-GCM on this host, under 10 s (kept for today; --profile preset:zen4 to skip)",
    );
    let base = stand_in()?.profile;
    let calibration = espsim_calibrate::quick(&base, &mut |_| {})
        .map_err(|error| Failure::new(format!("quick calibration failed: {error}")))?;
    let text = (calibration.profile.to_toml())
        .map_err(|error| Failure::new(format!("cannot write the profile as text: {error}")))?;
    // A host without a cache folder measures again the next time.
    if let Some(path) = &cache {
        store(path, &text);
    }
    Ok(ProfileChoice { profile: calibration.profile, text, from: "measured".into() })
}

/// The profile that is named, or else a quick calibration of this host, with a warning where it is of another machine. What
/// the user wrote is checked first, for the profile or what stands in for it, and then `prepare` does what may fail too:
/// nobody has to wait for a measurement to learn of a mistake.
///
/// # Errors
/// [`Failure`] of check, preparation or measurement, or for a profile that cannot be read.
pub fn checked<T>(
    name: Option<&String>,
    check: impl FnOnce(&Profile) -> Result<(), Failure>,
    prepare: impl FnOnce() -> Result<T, Failure>,
) -> Result<(ProfileChoice, T), Failure> {
    let named = name.map(|name| named(name)).transpose()?;
    match &named {
        Some(choice) => check(&choice.profile)?,
        None => check(&stand_in()?.profile)?,
    }
    let prepared = prepare()?;
    let choice = match named {
        Some(choice) => choice,
        None => measured(&mut |message| say(&format!("espsim: {message}")))?,
    };
    if let Some(warning) = choice.other_machine() {
        say(&format!("espsim: {warning}"));
    }
    Ok((choice, prepared))
}

/// Keeps a profile in the cache; without one the next run measures again.
fn store(path: &Path, text: &str) {
    let _ = path.parent().map(fs::create_dir_all);
    let _ = Partial::create(path).and_then(|partial| partial.commit(path, text));
}

/// This program's folder in the user's cache folder (XDG Base Directory Specification 0.8), if there is one.
pub fn cache_folder() -> Option<PathBuf> {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .map(|folder| folder.join("espsim"))
}

/// The cache file of the day, by CPU model and program version.
fn cache_file() -> Option<PathBuf> {
    let model = espsim_calibrate::host::cpu_model();
    let slug: String = model.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let day = jiff::Timestamp::now().to_string();
    let name = format!("quick-{slug}-{}-{}.toml", env!("CARGO_PKG_VERSION"), day.get(..10)?);
    Some(cache_folder()?.join(name))
}
