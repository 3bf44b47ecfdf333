//! How quantities are written, as a regular expression for JSON Schema.

/// The regular expression of a quantity in these units (ECMA-262).
pub fn pattern(units: &[&str]) -> String {
    format!("^\\s*([0-9]+\\.?[0-9]*|\\.[0-9]+)\\s*({})\\s*$", units.join("|"))
}

/// The schema of a quantity: text in its units.
macro_rules! json_schema {
    ($name:ident) => {
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let pattern = $crate::units::pattern::pattern(Self::UNITS);
                schemars::json_schema!({ "type": "string", "pattern": pattern, "examples": [Self::EXAMPLE] })
            }
        }
    };
}
pub(super) use json_schema;
