//! `espsim schema`: what a scenario file may say, as JSON Schema for editors. What a key takes is asked of the type that
//! reads it: its own error message names fields, variants and units, so that nothing is written down twice.

use std::collections::BTreeMap;

use espsim_model::layers::{self, LISTS as ONE_OR_MANY, Layer, Origin, PRESET_KEYS};
use espsim_model::preset::{self, Kind};
use espsim_sweep::file::value::shown;
use serde_json::{Map, Value as Json, json};
use toml::Value;

/// A value that no type takes.
const PROBE: &str = "no such value";

/// A profile to check values with that do not depend on it.
const ANY_PROFILE: &str = "zen4";

/// The parameter that is a preset's name or a list.
const MIX: &str = "traffic.mix";

/// Lists of tables, each with an example that has no more than the fields that must be there.
const LISTS: [(&str, &str); 2] =
    [(MIX, "weight = 1\nsize = \"64 B\""), ("failover.event", "what = \"rekey\"\nat = \"1 ms\"")];

/// What keys of one in a list look like.
const LISTED: &str = "^(nic|accelerator|traffic)\\[[0-9]+\\]\\.";

/// A parameter of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Key path.
    pub key: String,
    /// Its default and where that comes from; absent where there is none.
    pub default: Option<(Value, Origin)>,
    /// What it takes.
    pub takes: Takes,
}

/// What a parameter takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Takes {
    /// One of these names.
    Name(Vec<String>),
    /// A number with one of these units, and an example; or `off` where that is allowed.
    Quantity {
        /// Units.
        units: Vec<String>,
        /// An example.
        example: String,
        /// Whether `off` may stand instead.
        or_off: bool,
    },
    /// A whole number, from one to another where the program says so.
    Integer(Option<(u64, u64)>),
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of what the schema says.
    List(Json),
    /// One of these names, or a list of what the schema says.
    NameOrList(Vec<String>, Json),
    /// Any text.
    Text,
}

impl Takes {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Takes::Name(names) => names.join(", "),
            Takes::Quantity { units, example, or_off } => {
                format!("\"{example}\" ({}){}", units.join(", "), if *or_off { " or \"off\"" } else { "" })
            }
            Takes::Integer(Some((low, high))) => format!("a whole number, {low} to {high}"),
            Takes::Integer(None) => "a whole number".into(),
            Takes::Number => "a number".into(),
            Takes::Boolean => "true, false".into(),
            Takes::List(_) => "a list".into(),
            Takes::NameOrList(names, _) => format!("{}, or a list", names.join(", ")),
            Takes::Text => "text".into(),
        }
    }

    fn schema(&self) -> Json {
        match self {
            Takes::Name(names) => json!({ "enum": names }),
            Takes::Quantity { units, example, or_off } => {
                let off = if *or_off { "|^off$" } else { "" };
                let pattern = format!("^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*({})\\s*${off}", units.join("|"));
                json!({ "type": "string", "pattern": pattern, "examples": [example] })
            }
            Takes::Integer(Some((low, high))) => json!({ "type": "integer", "minimum": low, "maximum": high }),
            Takes::Integer(None) => json!({ "type": "integer", "minimum": 0 }),
            Takes::Number => json!({ "type": "number" }),
            Takes::Boolean => json!({ "type": "boolean" }),
            Takes::List(items) => json!({ "type": "array", "items": items }),
            Takes::NameOrList(names, items) => {
                json!({ "anyOf": [{ "enum": names }, { "type": "array", "minItems": 1, "items": items }] })
            }
            Takes::Text => json!({ "type": "string" }),
        }
    }
}

/// Every parameter, table by table in the order of its type, with those that select presets.
pub fn parameters() -> Vec<Parameter> {
    let defaults = layers::resolve(&Layer::new()).unwrap_or_default();
    let mut found = Vec::new();
    collect("", &defaults, &mut found);
    let names = |kind: Kind| kind.files().iter().map(|(name, _)| (*name).to_owned()).collect();
    for (place, kind) in PRESET_KEYS {
        found.push(Parameter { key: format!("{place}.preset"), default: None, takes: Takes::Name(names(kind)) });
    }
    let units = found.iter().find(|p| p.key == "traffic.mtu").map_or(Takes::Text, |p| p.takes.clone());
    found.push(Parameter { key: "traffic.packet".into(), default: None, takes: units });
    found
}

fn collect(table: &str, defaults: &Layer, into: &mut Vec<Parameter>) {
    let under = |name: &str| if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
    for field in quoted(&answer(&under("?"), Value::Integer(1), defaults), ", expected") {
        let key = under(&field);
        if defaults.keys().any(|known| known.starts_with(&format!("{key}."))) {
            collect(&key, defaults, into);
        } else {
            let takes = match takes(&answer(&key, Value::String(PROBE.into()), defaults)) {
                Takes::Integer(_) => Takes::Integer(range(&key, defaults)),
                Takes::List(_) if key == MIX => {
                    let presets = Kind::Mix.files().iter().map(|(name, _)| (*name).to_owned()).collect();
                    Takes::NameOrList(presets, items(&key, defaults))
                }
                Takes::List(_) => Takes::List(items(&key, defaults)),
                other => other,
            };
            into.push(Parameter { default: defaults.get(&key).cloned(), key, takes });
        }
    }
}

/// What the scenario's type says of a value at a key; empty if it takes it.
fn answer(key: &str, value: Value, defaults: &Layer) -> String {
    let mut values = defaults.clone();
    values.insert(key.to_owned(), (value, Origin::Set));
    layers::scenario(&values).err().map_or_else(String::new, |error| error.to_string())
}

/// The range of a whole number, from what the scenario's check says of one that is outside.
fn range(key: &str, defaults: &Layer) -> Option<(u64, u64)> {
    let profile = preset::profile(ANY_PROFILE).ok()?.ok()?;
    let outside = [0, i64::from(u32::MAX)].into_iter().find_map(|outside| {
        let mut values = defaults.clone();
        values.insert(key.to_owned(), (Value::Integer(outside), Origin::Set));
        layers::scenario(&values).ok()?.check(&profile).err().filter(|invalid| invalid.key == key)
    })?;
    let (low, high) = outside.allowed.split_once(" to ")?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

/// What stands in a list: names, or tables of which an example is known.
fn items(key: &str, defaults: &Layer) -> Json {
    let list = |item: Value| answer(key, Value::Array(vec![item]), defaults);
    let example: toml::Table = match LISTS.iter().find(|(known, _)| *known == key) {
        Some((_, example)) => example.parse().unwrap_or_default(),
        None => return takes(&list(Value::String(PROBE.into()))).schema(),
    };
    let with = |field: &str, value: Value| {
        let mut table = example.clone();
        table.insert(field.to_owned(), value);
        list(Value::Table(table))
    };
    let unknown = with("?", Value::Integer(1));
    let mut properties = Map::new();
    for field in quoted(&unknown, ", expected") {
        properties.insert(field.clone(), takes(&with(&field, Value::String(PROBE.into()))).schema());
    }
    let required: Vec<&String> = example.keys().collect();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

/// The quoted names behind a phrase.
fn quoted(message: &str, phrase: &str) -> Vec<String> {
    let names = message.split_once(phrase).map_or("", |(_, names)| names);
    names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn takes(message: &str) -> Takes {
    let variants = quoted(message, "expected one of");
    let either = quoted(message, ", expected `").len();
    if message.contains("unknown variant") {
        let two = || message.split_once(", expected ").map_or("", |(_, names)| names);
        let names = if variants.is_empty() {
            two().split('`').skip(1).step_by(2).map(str::to_owned).collect()
        } else {
            variants
        };
        debug_assert!(either > 0 || !names.is_empty());
        return Takes::Name(names);
    }
    if let Some((_, units)) = message.split_once("a unit (") {
        let example = message.split_once("for example \"").map_or("", |(_, example)| example);
        return Takes::Quantity {
            units: units.split_once(')').map_or("", |(units, _)| units).split(", ").map(str::to_owned).collect(),
            example: example.split_once('"').map_or("", |(example, _)| example).to_owned(),
            or_off: message.contains("\"off\""),
        };
    }
    let expected = message.rsplit_once("expected ").map_or("", |(_, expected)| expected);
    match expected {
        "" => Takes::Text,
        text if text.starts_with("a bool") => Takes::Boolean,
        text if text.starts_with("a sequence") => Takes::List(json!({})),
        text if text.starts_with('f') => Takes::Number,
        _ => Takes::Integer(None),
    }
}

/// The schema of a scenario file.
pub fn schema() -> Json {
    let parameters = parameters();
    let mut values = tables(&parameters, value);
    // `[nic]` is one, `[[nic]]` one of several.
    for list in ONE_OR_MANY {
        if let Some(table) = values.get_mut(list) {
            *table = json!({ "anyOf": [table.clone(), { "type": "array", "minItems": 1, "items": table.clone() }] });
        }
    }
    let lists = tables(
        &parameters,
        |parameter| json!({ "type": "array", "minItems": 1, "description": "one or more values", "items": value(parameter) }),
    );
    let mut conditions = tables(&parameters, |_| json!({ "description": "a value, several, or such as \">= 4\"" }));
    conditions.insert("series".into(), json!({ "type": ["string", "array"], "description": "one name or several" }));
    let mut series = values.clone();
    series.insert("name".into(), json!({ "type": "string", "description": "name in tables and legends" }));
    let mut sweep = lists.clone();
    let several =
        |what: &str| json!({ "type": "array", "minItems": 1, "items": { "$ref": format!("#/$defs/{what}") } });
    sweep.insert("zip".into(), several("lists"));
    sweep.insert("point".into(), several("values"));
    sweep.insert("skip".into(), several("conditions"));
    let mut properties = values.clone();
    properties.extend(own_keys(&parameters));
    properties.insert(
        "series".into(),
        json!({
            "type": "array", "minItems": 1, "description": "named sets of parameters that are compared",
            "items": {
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": series, "patternProperties": of_a_list(),
            },
        }),
    );
    properties.insert("sweep".into(), closed(&sweep, "keys, each with its values; every combination is a point"));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "espsim scenario",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": {
            "lists": closed(&lists, "values that change together: the first with the first, and so on"),
            "values": closed(&values, "a listed point: all give the same keys"),
            "conditions": closed(&conditions, "what meets all of this is left out"),
        },
    })
}

/// An object of these keys and no others.
fn closed(properties: &Map<String, Json>, description: &str) -> Json {
    json!({
        "type": "object", "description": description, "additionalProperties": false,
        "properties": properties, "patternProperties": of_a_list(),
    })
}

/// Keys of one in a list, such as `nic[1].latency`.
fn of_a_list() -> Json {
    json!({ (LISTED): true })
}

/// Every parameter at its key path, with what may stand there.
fn tables(parameters: &[Parameter], leaf: impl Fn(&Parameter) -> Json) -> Map<String, Json> {
    let mut tables = Map::new();
    for parameter in parameters {
        place(&mut tables, &parameter.key, &leaf(parameter));
    }
    tables
}

/// One value of a parameter.
fn value(parameter: &Parameter) -> Json {
    let mut leaf = parameter.takes.schema();
    if let Some((value, origin)) = &parameter.default {
        leaf["description"] = format!("{}; {origin}", shown(value)).into();
    }
    leaf
}

/// Puts a leaf at its key path: in tables, or by a dotted key in quotation marks.
fn place(tables: &mut Map<String, Json>, key: &str, leaf: &Json) {
    tables.insert(key.to_owned(), leaf.clone());
    if let Some((head, rest)) = key.split_once('.') {
        let table = tables
            .entry(head)
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        if let Some(inner) = table["properties"].as_object_mut() {
            place(inner, rest, leaf);
        }
    }
}

/// Keys of the file itself.
fn own_keys(parameters: &[Parameter]) -> BTreeMap<String, Json> {
    let text = json!({ "type": "string" });
    let factor = json!({ "type": "number", "minimum": 1e-18, "maximum": 1e18 });
    let known: Vec<&String> = parameters.iter().map(|parameter| &parameter.key).collect();
    let key = json!({ "anyOf": [{ "enum": known }, { "type": "string", "pattern": LISTED }] });
    let file = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" });
    let scale = json!({ "enum": ["linear", "log2", "log10"] });
    let plot = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["file", "title", "x", "x_label", "y", "y_label"],
        "properties": {
            "file": file, "title": text, "x": key, "x_label": text, "x_scale": scale, "y": text,
            "basis": { "enum": ["goodput", "l3", "clear-l2", "l2", "wire"] },
            "y_label": text, "y_scale": scale, "x_factor": factor, "y_factor": factor,
            "only": { "type": "object", "propertyNames": key },
        },
    });
    let replications = json!({ "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": 1000 },
        {
            "type": "object", "additionalProperties": false, "required": ["min", "max", "half_width"],
            "description": "until the 95 % interval of a metric's mean is narrow enough",
            "properties": {
                "min": { "type": "integer", "minimum": 2, "maximum": 1000 },
                "max": { "type": "integer", "minimum": 2, "maximum": 1000 },
                "half_width": { "type": "string", "examples": ["1 %"] },
                "metric": text,
            },
        },
    ] });
    let keys = [
        ("title", text.clone()),
        ("question", text.clone()),
        ("profile", json!({ "type": "string", "examples": ["preset:zen4"] })),
        ("seed", json!({ "type": "integer", "minimum": 0 })),
        ("replications", replications),
        ("plot", json!({ "type": "array", "items": plot })),
    ];
    keys.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
