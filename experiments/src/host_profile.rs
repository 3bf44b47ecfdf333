//! The profile of this host: measured quickly, and kept for the day.

use std::fs;
use std::path::{Path, PathBuf};

use espsim_calibrate::cpu_id::cpu_id;
use espsim_model::nearest::nearest;
use espsim_model::profile::{FORMAT, Profile};
use espsim_report::trust;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::{ProfileChoice, as_text, from_file, named, stand_in};
use espsim_sweep::file::value::Setting;
use espsim_sweep::notice::say;
use espsim_sweep::store::partial::Partial;
use espsim_sweep::store::used_profile::taken_up;

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
        "no --profile given: measuring AES-GCM on this host, under 10 s (kept for today; --profile preset:NAME to skip)",
    );
    let base = base()?;
    let calibration = espsim_calibrate::quick(&base.profile, &mut |_| {})
        .map_err(|error| Failure::new(format!("quick calibration failed: {error}")))?;
    let text = as_text(&calibration.profile)?;
    // A host without a cache folder measures again the next time.
    if let Some(path) = &cache {
        store(path, &text);
    }
    Ok(ProfileChoice { profile: calibration.profile, text, from: "measured".into() })
}

/// What a calibration of this host begins from, and takes what it does not measure from: the preset of the nearest CPU.
///
/// # Errors
/// [`Failure`] if a shipped preset is wrong, which a test excludes.
pub fn base() -> Result<ProfileChoice, Failure> {
    filled_from_itself(named(&format!("preset:{}", nearest(&cpu_id()).preset))?)
}

/// A preset as what others are filled from.
///
/// # Errors
/// As [`base`].
pub fn filled_from_itself(mut choice: ProfileChoice) -> Result<ProfileChoice, Failure> {
    if let Some(name) = choice.from.strip_prefix("preset:") {
        choice.profile.filled_from = Some(name.to_owned());
    }
    Ok(choice)
}

/// Which host is asked for.
pub struct HostName<'a> {
    /// A profile: a file or `preset:NAME`.
    pub name: Option<&'a String>,
    /// A folder that is taken up again, whose profile it is where none is named.
    pub of: Option<&'a Path>,
    /// What is set over it.
    pub settings: &'a [Setting],
}

/// The profile that is named, or else a quick calibration of this host, with a warning where it is of another machine. What
/// the user wrote is checked first, for the profile or what stands in for it, and then `prepare` does what may fail too:
/// nobody has to wait for a measurement to learn of a mistake.
///
/// # Errors
/// [`Failure`] of check, preparation or measurement, or for a profile that cannot be read.
pub fn checked<T>(
    host: &HostName<'_>,
    check: impl FnOnce(&Profile) -> Result<(), Failure>,
    prepare: impl FnOnce() -> Result<T, Failure>,
) -> Result<(ProfileChoice, T), Failure> {
    let named = match (host.name, host.of) {
        (Some(name), _) => Some(named(name)?),
        (None, Some(folder)) => taken_up(folder)?,
        (None, None) => None,
    };
    let named = named.map(|choice| choice.with(host.settings)).transpose()?;
    match &named {
        Some(choice) => check(&choice.profile)?,
        None => check(&stand_in()?.with(host.settings)?.profile)?,
    }
    let prepared = prepare()?;
    let choice = match named {
        Some(choice) => choice,
        None => measured(&mut |message| say(&format!("espsim: {message}")))?.with(host.settings)?,
    };
    warn(&choice);
    Ok((choice, prepared))
}

/// Says what is to be known of a profile: that it is of another machine, and what disturbed its calibration.
pub fn warn(choice: &ProfileChoice) {
    for warning in other_machine(choice).into_iter().chain(trust::disturbed(&choice.from, &choice.profile)) {
        say(&format!("espsim: {warning}"));
    }
}

/// Says that results are for more cores than were measured.
pub fn warn_beyond(choice: &ProfileChoice, cores: u32) {
    if let Some(warning) = trust::beyond(&choice.from, &choice.profile, cores) {
        say(&format!("espsim: {warning}"));
    }
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
    let name = format!("quick-{slug}-{}-format-{FORMAT}-{}.toml", env!("CARGO_PKG_VERSION"), day.get(..10)?);
    Some(cache_folder()?.join(name))
}

/// What to warn of when a measured profile is that of another machine; presets are of others by nature.
pub fn other_machine(choice: &ProfileChoice) -> Option<String> {
    let here = espsim_calibrate::host::cpu_model();
    let measured = choice.profile.calibration.is_some() && choice.profile.host.model != here;
    measured.then(|| {
        format!("{} was measured on another machine: {}, this is {here}", choice.from, choice.profile.host.model)
    })
}
