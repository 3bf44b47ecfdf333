//! `espsim schema`: what scenario files and profiles may say, as JSON Schema for editors, from the model's table of
//! parameters and its types.

use std::collections::BTreeMap;

use clap::ValueEnum;
use espsim_model::layers::LISTS;
use espsim_model::profile;
use espsim_model::scenario::parameters::{Entry, Items, Names, Parameter, Range, Takes, parameters};
use espsim_model::units::pattern::pattern;
use espsim_sweep::file::value::shown;
use serde_json::{Map, Value as Json, json};

/// Files that a schema describes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Described {
    /// Scenario files
    #[default]
    Scenario,
    /// Profiles of hosts
    Profile,
}

impl Described {
    /// Their schema.
    pub fn schema(self) -> Json {
        match self {
            Described::Scenario => schema(),
            Described::Profile => profile::schema::json_schema(),
        }
    }
}

/// What a parameter takes.
fn takes(entry: &Entry, example: &toml::Value) -> Json {
    match entry.takes {
        Takes::Name(names) => one_of(names),
        Takes::Preset(names) => json!({ "anyOf": [one_of(names), a_file()] }),
        Takes::Quantity { quantity, or_off, .. } => {
            let off = if or_off { "|^off$" } else { "" };
            let pattern = pattern(quantity.units()) + off;
            json!({ "type": "string", "pattern": pattern, "examples": [shown(example)] })
        }
        Takes::Integer(range) => number("integer", range, |n| json!(n as u64)),
        Takes::Number(range) => number("number", range, |n| json!(n)),
        Takes::Boolean => json!({ "type": "boolean" }),
        Takes::Text => json!({ "type": "string" }),
        Takes::List(of) => json!({ "type": "array", "items": items(of) }),
        Takes::NameOrList(names, of) => {
            json!({ "anyOf": [one_of(names), a_file(), { "type": "array", "minItems": 1, "items": items(of) }] })
        }
    }
}

/// The path of a preset of one's own.
fn a_file() -> Json {
    json!({ "type": "string", "pattern": "\\.toml$" })
}

fn one_of(names: Names) -> Json {
    json!({ "enum": names() })
}

fn number(kind: &str, range: Range, json: impl Fn(f64) -> Json) -> Json {
    match range {
        Range::Any => json!({ "type": kind }),
        Range::Between(low, high) => json!({ "type": kind, "minimum": json(low), "maximum": json(high) }),
        Range::Above0(f64::INFINITY) => json!({ "type": kind, "exclusiveMinimum": 0 }),
        Range::Above0(high) => json!({ "type": kind, "exclusiveMinimum": 0, "maximum": json(high) }),
        Range::OneOf(values) => json!({ "enum": values.iter().map(|value| json(*value)).collect::<Vec<Json>>() }),
    }
}

/// What stands in a list.
fn items(of: Items) -> Json {
    let entries = match of {
        Items::Names(names) => return one_of(names),
        Items::Tables(entries) => entries,
    };
    let property = |entry: &Entry| {
        let mut leaf = takes(entry, &entry.example_value());
        leaf["description"] = entry.meaning.into();
        (entry.name.to_owned(), leaf)
    };
    let properties: Map<String, Json> = entries.iter().map(property).collect();
    let required: Vec<&str> = entries.iter().filter(|entry| entry.required).map(|entry| entry.name).collect();
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

/// One value of a parameter.
fn value(parameter: &Parameter) -> Json {
    let mut leaf = takes(parameter, &parameter.example());
    // A range of quantities is beyond what a pattern can say.
    let range = match parameter.takes {
        Takes::Quantity { .. } if parameter.takes.range() != Range::Any => {
            format!("\nAllowed: {}", parameter.takes.range_words())
        }
        _ => String::new(),
    };
    let default = parameter
        .default()
        .map_or_else(String::new, |(value, origin)| format!("\nDefault: {}; {origin}", shown(value)));
    leaf["description"] = format!("{}{range}{default}", parameter.meaning).into();
    leaf
}

/// The schema of a scenario file.
pub fn schema() -> Json {
    let parameters: Vec<Parameter> = parameters().collect();
    let mut values = tables(&parameters, value);
    // `[nic]` is one, `[[nic]]` one of several.
    for list in LISTS {
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
                "properties": series, "patternProperties": of_a_list(&parameters, "values"),
            },
        }),
    );
    properties.insert(
        "sweep".into(),
        closed(&sweep, of_a_list(&parameters, "lists"), "keys, each with its values; every combination is a point"),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "espsim scenario",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "$defs": {
            "lists": closed(&lists, of_a_list(&parameters, "lists"), "values that change together: the first with the first, and so on"),
            "values": closed(&values, of_a_list(&parameters, "values"), "a listed point: all give the same keys"),
            "conditions": closed(&conditions, of_a_list(&parameters, "conditions"), "what meets all of this is left out"),
        },
    })
}

/// An object of these keys and no others.
fn closed(properties: &Map<String, Json>, of_a_list: Map<String, Json>, description: &str) -> Json {
    json!({
        "type": "object", "description": description, "additionalProperties": false,
        "properties": properties, "patternProperties": of_a_list,
    })
}

/// Keys of one in a list, such as `nic[1].latency`: they take what those of one alone do in one of the definitions.
fn of_a_list(parameters: &[Parameter], definition: &str) -> Map<String, Json> {
    let pattern = |parameter: &Parameter| {
        let key = parameter.key();
        let (list, rest) = key.split_once('.').filter(|(list, _)| LISTS.contains(list))?;
        let pattern = format!("^{list}\\[[0-9]+\\]\\.{}$", rest.replace('.', "\\."));
        Some((pattern, json!({ "$ref": format!("#/$defs/{definition}/properties/{key}") })))
    };
    parameters.iter().filter_map(pattern).collect()
}

/// Every parameter at its key path, with what may stand there.
fn tables(parameters: &[Parameter], leaf: impl Fn(&Parameter) -> Json) -> Map<String, Json> {
    let mut tables = Map::new();
    for parameter in parameters {
        place(&mut tables, &parameter.key(), &leaf(parameter));
    }
    tables
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
    let known: Vec<String> = parameters.iter().map(Parameter::key).collect();
    let of_a_list = format!("^({})\\[[0-9]+\\]\\.", LISTS.join("|"));
    let key = json!({ "anyOf": [{ "enum": known }, { "type": "string", "pattern": of_a_list }] });
    let file = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" });
    let scale = json!({ "enum": ["linear", "log2", "log10"] });
    let plot = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["file", "title"],
        "anyOf": [{ "required": ["x", "x_label", "y", "y_label"] }, { "required": ["kind"] }],
        "properties": {
            "file": file, "title": text, "kind": { "enum": ["curves", "cycles", "stations", "passes"] }, "x": key, "x_label": text, "x_scale": scale, "y": text,
            "basis": { "enum": ["goodput", "l3", "clear-l2", "l2", "wire"] },
            "y_label": text, "y_scale": scale, "x_factor": factor, "y_factor": factor,
            "goal": { "type": "number" },
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
