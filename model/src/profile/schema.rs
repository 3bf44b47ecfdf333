//! What a profile may say, from the types that it is read into: as JSON Schema for editors, and to name everything that is
//! missing or unknown at once.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value as Json, json};
use toml::{Table, Value};

use super::base::KEY;
use super::{Profile, ProfileError, UnknownKey};
use crate::preset::PresetKind;
use crate::stack::{COSTS, Stack};

/// The schema of a whole profile.
static WHOLE: LazyLock<Json> = LazyLock::new(|| {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = Json::from(settings.into_generator().into_root_schema_for::<Profile>());
    without_null(&mut schema);
    for stack in Stack::ALL {
        let of = COSTS.iter().filter(|cost| cost.stacks.contains(&stack)).map(|cost| cost.name);
        schema["properties"][stack.table()]["required"] = of.collect();
    }
    schema
});

/// TOML has no null: what may be absent is not written.
fn without_null(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(without_null),
        Json::Object(object) => {
            if let Some(Json::Array(types)) = object.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [one] = &types[..] {
                    let one = one.clone();
                    object.insert("type".into(), one);
                }
            }
            object.remove("default");
            let several = object.get("anyOf").and_then(Json::as_array).cloned().unwrap_or_default();
            if let [one, null] = &several[..]
                && null["type"] == "null"
            {
                object.remove("anyOf");
                object.extend(one.as_object().cloned().unwrap_or_default());
            }
            object.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

/// The JSON Schema of profiles: whole ones, and those with a base for what they leave out.
pub fn json_schema() -> Json {
    let mut schema = WHOLE.clone();
    let whole = required(&schema);
    let rows = schema["properties"]["aead"]["items"]["required"].take();
    forget_required(&mut schema);
    schema["title"] = "espsim profile".into();
    schema["required"] = json!(["format"]);
    let may_lack = |name: &&Json| *name != "curve" && *name != "direction";
    schema["properties"]["aead"]["items"]["required"] =
        rows.as_array().into_iter().flatten().filter(may_lack).cloned().collect();
    super::beside::take_in(&mut schema["properties"]);
    schema["properties"][super::relative::KEY] = super::relative::json_schema();
    schema["properties"][KEY] = json!({
        "enum": PresetKind::Cpu.names(),
        "description": "the CPU preset that has what this file leaves out",
    });
    schema["if"] = json!({ "not": { "required": [KEY] } });
    schema["then"] = whole;
    schema
}

/// Of a schema what must be there, and nothing else.
fn required(schema: &Json) -> Json {
    let mut kept = Map::new();
    if let Some(required) = schema.get("required") {
        kept.insert("required".into(), required.clone());
    }
    let inner = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
    let inner: Map<String, Json> = inner.map(|(key, schema)| (key.clone(), required(schema))).collect();
    let inner: Map<String, Json> = inner.into_iter().filter(|(_, schema)| schema != &json!({})).collect();
    if !inner.is_empty() {
        kept.insert("properties".into(), inner.into());
    }
    if let Some(items) = schema.get("items").map(required).filter(|items| items != &json!({})) {
        kept.insert("items".into(), items);
    }
    kept.into()
}

/// Tables may leave out everything; what is an estimate or a distribution is whole.
fn forget_required(schema: &mut Json) {
    let tables = schema["properties"].as_object_mut().into_iter().flat_map(|tables| tables.values_mut());
    for table in tables {
        if let Some(table) = table.as_object_mut() {
            table.remove("required");
        }
    }
    if let Some(curve) = schema["properties"]["aead"]["items"]["properties"]["curve"].as_object_mut() {
        curve.remove("required");
    }
}

/// Whether a table has the keys of a profile, all that it must and no others.
///
/// # Errors
/// [`ProfileError::Keys`] with everything that is missing or unknown.
pub(super) fn check_keys(table: &Table) -> Result<(), ProfileError> {
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    look(&WHOLE, table, "", &mut missing, &mut unknown);
    if missing.is_empty() && unknown.is_empty() { Ok(()) } else { Err(ProfileError::Keys { missing, unknown }) }
}

fn look(schema: &Json, table: &Table, path: &str, missing: &mut Vec<String>, unknown: &mut Vec<UnknownKey>) {
    let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
    missing.extend(required.filter(|name| !table.contains_key(*name)).map(at));
    let Some(known) = schema["properties"].as_object() else { return };
    for (name, value) in table {
        let Some(schema) = known.get(name) else {
            unknown.push(UnknownKey { key: at(name), known: known.keys().map(|name| at(name)).collect() });
            continue;
        };
        match value {
            Value::Table(table) => look(schema, table, &at(name), missing, unknown),
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Table(table) = item {
                        look(&schema["items"], table, &format!("{}[{i}]", at(name)), missing, unknown);
                    }
                }
            }
            _ => {}
        }
    }
}
