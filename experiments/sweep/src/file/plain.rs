//! Refuses text that a terminal and a figure cannot show as it is.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::failure::Failure;
use crate::visible::is_refused;

/// Refuses a text of TOML in which some string or key has such a character; `path` is for messages. What is no TOML is
/// refused elsewhere.
///
/// # Errors
/// [`Failure`] at the first.
pub fn check(path: &Path, text: &str) -> Result<(), Failure> {
    // Characters of a string stand there as they are or as \b, \t, \n, \f, \r, \e, \x.. and \u....
    if !text.contains('\\') && !text.contains("\"\"\"") && !text.contains("'''") && !text.chars().any(is_suspicious) {
        return Ok(());
    }
    let Ok(table) = DeTable::parse(text) else { return Ok(()) };
    match in_table("", table.get_ref()) {
        Some((key, at)) => Err(refusal(path, text, &key, at)),
        None => Ok(()),
    }
}

fn is_suspicious(c: char) -> bool {
    is_refused(c) && !matches!(c, '\n' | '\r')
}

fn refusal(path: &Path, text: &str, key: &str, at: Range<usize>) -> Failure {
    let message = format!(
        "`{key}` has a control character or one that changes the direction of writing: text in one line without them"
    );
    Failure::at(path, text, at, message)
}

fn in_table(prefix: &str, table: &DeTable<'_>) -> Option<(String, Range<usize>)> {
    table.iter().find_map(|(key, value)| {
        let name = key.get_ref();
        let path = if prefix.is_empty() { name.to_string() } else { format!("{prefix}.{name}") };
        match name.chars().any(is_refused) {
            true => Some((path, key.span())),
            false => in_value(&path, value.get_ref(), value.span()),
        }
    })
}

fn in_value(path: &str, value: &DeValue<'_>, at: Range<usize>) -> Option<(String, Range<usize>)> {
    match value {
        DeValue::String(text) if text.chars().any(is_refused) => Some((path.to_owned(), at)),
        DeValue::Table(table) => in_table(path, table),
        DeValue::Array(items) => (items.iter().enumerate())
            .find_map(|(i, item)| in_value(&format!("{path}[{i}]"), item.get_ref(), item.span())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_steer_are_refused_where_they_stand() {
        let refused = |text: &str| check(Path::new("a.toml"), text).is_err();
        for good in ["a = \"\u{5e9}\u{644} \\\\ \u{1f600} \\\"\"", "a = 1\n\n[b]\nc = ['x']\n", "no toml \u{202e}"] {
            assert!(!refused(good), "{good}");
        }
        let codes = ["\\u0000", "\\n", "\\u001b", "\\u0085", "\\u202E", "\\u2066", "\\uFFFF", "\u{202b}", "\u{9b}"];
        for code in codes {
            for place in ["a = \"?\"", "[[a]]\nb = [\"x\", \"?\"]", "\"?\" = 1"] {
                assert!(refused(&place.replace('?', code)), "{code} in {place}");
            }
        }
        assert!(refused("a = \"\"\"\nb\nc\"\"\""));
    }
}
