//! Versions of formats.

use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;

/// The version that a JSON object names; 1 where it names none, as the first formats did.
///
/// # Errors
/// What is wrong with the JSON.
pub(super) fn of(json: &str) -> Result<u32, serde_json::Error> {
    #[derive(Deserialize)]
    struct Versioned {
        format: Option<u32>,
    }
    serde_json::from_str(json).map(|versioned: Versioned| versioned.format.unwrap_or(1))
}

/// Refuses a file of another version.
///
/// # Errors
/// [`Failure`] that names both.
pub(super) fn check(path: &Path, what: &str, found: u32, known: u32) -> Result<(), Failure> {
    if found == known {
        return Ok(());
    }
    let by = if found > known { "a newer" } else { "an older" };
    let message = format!(
        "{}: this {what} was written by {by} espsim: its format is {found}, this program's is {known}",
        path.display()
    );
    Err(Failure::new(message).with_help(Some(
        "use the program that wrote it, or run the scenario again to another folder, with --out".into(),
    )))
}

/// Compares a schema with the committed one; `ESPSIM_UPDATE=1` writes it.
#[cfg(test)]
pub(super) fn assert_schema(name: &str, schema: &schemars::Schema) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemas/{name}.schema.json"));
    let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("ESPSIM_UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} differs: ESPSIM_UPDATE=1 cargo test -p espsim-sweep writes it", path.display());
}
