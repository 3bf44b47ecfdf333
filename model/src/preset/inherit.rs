//! Presets that say only what differs from another one: `base = "connectx-6-dx"`, and `without = ["esp"]` for what of it is
//! not there.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::{Table, Value};

use super::{Evidence, Preset, PresetKind, UnknownPreset, load, text};

/// The source of a value that a user's own preset gives without one.
pub const GIVEN: &str = "estimate: given without a source";

/// The key that names the preset whose values are taken.
const BASE: &str = "base";
/// The key that lists what of those is not there.
const WITHOUT: &str = "without";
/// Tables that say something of values.
const SOURCES: &str = "sources";
const RANGES: &str = "ranges";
/// Bases of bases: more than any shipped preset has.
const MOST_BASES: usize = 8;

/// What is wrong with a user's own preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    /// A base that is no shipped preset.
    #[error("`base`: {0}")]
    Base(UnknownPreset),
    /// A key that does not hold what it should.
    #[error("`{key}`: {message}")]
    Form {
        /// Key path.
        key: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

impl PresetError {
    /// The key that the error is about.
    pub fn key(&self) -> &str {
        match self {
            PresetError::Base(_) => BASE,
            PresetError::Form { key, .. } => key,
        }
    }
}

/// What one file says.
struct Said {
    base: Option<String>,
    without: Vec<String>,
    values: Table,
    sources: BTreeMap<String, String>,
    ranges: BTreeMap<String, [Value; 2]>,
}

/// A preset of a user's own, from its parsed file; what it gives without a source is an estimate.
///
/// # Errors
/// [`PresetError`] for a base that is none, or tables of another form. Values are not looked at: a scenario's checks do.
pub fn own(kind: PresetKind, name: &str, table: Table) -> Result<Preset, PresetError> {
    let mut said = said(table)?;
    let base = said.base.take().map(|base| load(kind, &base).map_err(PresetError::Base)).transpose()?;
    let keys = |preset: &Preset| flat(&preset.values).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let known = base.map(keys).unwrap_or_default();
    for path in &said.without {
        if !known.iter().any(|key| is_at_or_below(key, path)) {
            let message = format!("there is no `{path}` in what it is taken out of");
            return Err(PresetError::Form { key: WITHOUT.into(), message });
        }
    }
    let given: Vec<String> = flat(&said.values).into_iter().map(|(key, _)| key).collect();
    for (table, keys) in [(SOURCES, said.sources.keys().collect::<Vec<_>>()), (RANGES, said.ranges.keys().collect())] {
        let all = || given.iter().chain(&known);
        if let Some(key) = keys.into_iter().find(|key| !all().any(|known| is_at_or_below(known, key))) {
            let message = format!("there is no `{key}` among the values");
            return Err(PresetError::Form { key: format!("{table}.{key}"), message });
        }
    }
    Ok(over(base, said, name.to_owned().into()))
}

/// A shipped preset.
pub(super) fn shipped(kind: PresetKind, name: &'static str, text: &str) -> Preset {
    shipped_over(kind, name, text, MOST_BASES)
}

fn shipped_over(kind: PresetKind, name: &'static str, given: &str, most: usize) -> Preset {
    // Shipped files are parsed by a test; a broken one, or a circle of bases, would lack values here. Profiles have bases of
    // their own kind.
    let said = given.parse().ok().filter(|_| most > 0).and_then(|table| said(table).ok());
    let Some(said) = said else {
        return over(None, empty(), name.into());
    };
    let base = said.base.as_deref().filter(|_| kind != PresetKind::Cpu).and_then(|base| {
        let name = kind.names().into_iter().find(|known| *known == base)?;
        Some(shipped_over(kind, name, text(kind, name).ok()?, most - 1))
    });
    over(base.as_ref(), said, name.into())
}

fn empty() -> Said {
    let (sources, ranges) = (BTreeMap::new(), BTreeMap::new());
    Said { base: None, without: Vec::new(), values: Table::new(), sources, ranges }
}

/// Takes a file's tables apart.
fn said(mut table: Table) -> Result<Said, PresetError> {
    let wrong = |key: &str, message: &str| PresetError::Form { key: key.to_owned(), message: message.to_owned() };
    let base = match table.remove(BASE) {
        None => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(wrong(BASE, "the name of a shipped preset, in quotation marks")),
    };
    let list = match table.remove(WITHOUT) {
        None => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(wrong(WITHOUT, "a list of keys of the base, such as [\"esp\"]")),
    };
    let key = |value: Value| value.as_str().map(str::to_owned).ok_or_else(|| wrong(WITHOUT, "a list of keys"));
    let without = list.into_iter().map(key).collect::<Result<_, _>>()?;
    let mut taken = |name: &str| match table.remove(name) {
        None => Ok(Vec::new()),
        // A key may be in quotation marks or in a table of its own.
        Some(Value::Table(table)) => Ok(flat(&table)),
        Some(_) => Err(wrong(name, "a table with a line for each key")),
    };
    let (sources, ranges) = (taken(SOURCES)?, taken(RANGES)?);
    let source = |(key, value): (String, Value)| match value {
        Value::String(text) => Ok((key, text)),
        _ => Err(wrong(&format!("{SOURCES}.{key}"), "a text")),
    };
    let range = |(key, value): (String, Value)| match value.as_array().map(Vec::as_slice) {
        Some([low, high]) => Ok((key, [low.clone(), high.clone()])),
        _ => Err(wrong(&format!("{RANGES}.{key}"), "a list of two: the least and the most")),
    };
    let sources = sources.into_iter().map(source).collect::<Result<_, _>>()?;
    let ranges = ranges.into_iter().map(range).collect::<Result<_, _>>()?;
    Ok(Said { base, without, values: table, sources, ranges })
}

/// A file's values over those of its base. What is said of a value goes with it.
fn over(base: Option<&Preset>, said: Said, name: Cow<'static, str>) -> Preset {
    let none = || Preset {
        name: "".into(),
        family: name.clone(),
        values: Table::new(),
        sources: BTreeMap::new(),
        ranges: BTreeMap::new(),
    };
    let mut whole = base.cloned().unwrap_or_else(none);
    whole.name = name;
    for path in &said.without {
        remove(&mut whole.values, path);
        whole.sources.retain(|key, _| !is_at_or_below(key, path));
        whole.ranges.retain(|key, _| !is_at_or_below(key, path));
    }
    for (key, value) in flat(&said.values) {
        whole.sources.remove(&key);
        whole.ranges.remove(&key);
        if base.is_some() && key != "title" && !said.sources.keys().any(|source| is_at_or_below(&key, source)) {
            whole.sources.insert(key.clone(), GIVEN.into());
        }
        insert(&mut whole.values, &key, value);
    }
    // What is an estimate in the base and known here has its range no more.
    let known = said.sources.iter().filter(|(_, source)| Evidence::of(source) != Evidence::Estimate);
    known.for_each(|(path, _)| whole.ranges.retain(|key, _| !is_at_or_below(key, path)));
    whole.sources.extend(said.sources);
    whole.ranges.extend(said.ranges);
    whole
}

/// Whether a key path is another one or lies below it.
fn is_at_or_below(key: &str, path: &str) -> bool {
    key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Values by key path.
fn flat(table: &Table) -> Vec<(String, Value)> {
    let entries = table.iter().flat_map(|(key, value)| match value {
        Value::Table(inner) => flat(inner).into_iter().map(|(path, value)| (format!("{key}.{path}"), value)).collect(),
        other => vec![(key.clone(), other.clone())],
    });
    entries.collect()
}

fn insert(table: &mut Table, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        table.insert(path.to_owned(), value);
        return;
    };
    let inner = table.entry(head).or_insert_with(|| Value::Table(Table::new()));
    if !inner.is_table() {
        *inner = Value::Table(Table::new());
    }
    if let Some(inner) = inner.as_table_mut() {
        insert(inner, rest, value);
    }
}

fn remove(table: &mut Table, path: &str) {
    match path.split_once('.') {
        None => drop(table.remove(path)),
        Some((head, rest)) => {
            if let Some(inner) = table.get_mut(head).and_then(Value::as_table_mut) {
                remove(inner, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Preset, PresetError> {
        own(PresetKind::Nic, "my.toml", text.parse().unwrap())
    }

    #[test]
    fn what_is_not_said_is_the_bases_and_so_is_its_source() {
        let preset = read("base = \"connectx-6-dx\"\nring = 512\nesp.rate = \"50 Gbps\"\n[sources]\n\"esp.rate\" = \"measured: by us\"").unwrap();
        let base = load(PresetKind::Nic, "connectx-6-dx").unwrap();
        assert_eq!(preset.values["buffer"], base.values["buffer"]);
        assert_eq!(preset.values["esp"]["sa_cache"], base.values["esp"]["sa_cache"]);
        assert_eq!((preset.values["ring"].as_integer(), preset.source("ring")), (Some(512), Some(GIVEN)));
        assert_eq!(preset.source("buffer"), base.source("buffer"));
        assert_eq!(preset.source("esp.rate").map(Evidence::of), Some(Evidence::Measured));
        assert!(!preset.values.contains_key("base") && !preset.values.contains_key("sources"));
    }

    #[test]
    fn what_is_left_out_is_gone_with_its_source() {
        let preset = read("base = \"connectx-6-dx\"\nwithout = [\"esp\", \"gather_rate\"]").unwrap();
        assert!(!preset.values.contains_key("esp") && !preset.values.contains_key("gather_rate"));
        assert!(preset.sources.keys().chain(preset.ranges.keys()).all(|key| !key.starts_with("esp.")));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, key, said) in [
            ("base = \"connectx-6dx\"", "base", "connectx-6dx"),
            ("base = 6", "base", "the name of a shipped preset"),
            ("base = \"nic-40g\"\nwithout = [\"esp\"]", "without", "there is no `esp`"),
            ("base = \"nic-40g\"\nranges.ring = [1]", "ranges.ring", "a list of two"),
            ("base = \"nic-40g\"\nranges.rnig = [1, 2]", "ranges.rnig", "there is no `rnig`"),
            ("base = \"nic-40g\"\n[sources]\nring = 1", "sources.ring", "a text"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.key(), key, "{text}");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
