//! Text that a terminal and a figure can show as it is: without control characters, which steer terminals and are refused in
//! XML, and without overrides of the direction of writing, which make names look like others.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::input::Failure;

/// Whether a character is refused in what the user names: control characters, line breaks among them; bidirectional overrides
/// and isolates (U+202A to U+202E, U+2066 to U+2069); what is no character in XML. Scripts that are written from right to
/// left need none of these.
pub fn is_refused(c: char) -> bool {
    c.is_control() || is_override(c) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn is_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text with such characters written as `\u{..}`, but for line breaks and tabs.
pub fn escaped(text: &str) -> String {
    let escape =
        |c: char| if is_refused(c) && c != '\n' && c != '\t' { c.escape_unicode().collect() } else { c.to_string() };
    if text.chars().any(is_refused) { text.chars().map(escape).collect() } else { text.to_owned() }
}

/// A text of a file as it can be shown, every character in the same place.
pub fn shown_in_place(text: &str) -> String {
    let show = |c: char| match c.len_utf8() {
        _ if !is_refused(c) || matches!(c, '\n' | '\t' | '\r') => c,
        1 => '?',
        2 => '\u{b7}',
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(show).collect()
}

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

    #[test]
    fn what_is_shown_has_none() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}\u{ffff}b";
        let shown = shown_in_place(text);
        assert!(shown.len() == text.len() && !shown.chars().any(is_refused), "{shown:?}");
        assert_eq!(escaped("a\u{1b}\n\u{202e}"), "a\\u{1b}\n\\u{202e}");
    }
}
