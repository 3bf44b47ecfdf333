//! Refuses text that a terminal and a figure cannot show as it is.

use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use crate::failure::Failure;
use crate::file::walk::walk;
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
    let mut first = None;
    walk("", table.get_ref(), &mut |path, key, value| {
        let key = key.filter(|key| key.get_ref().chars().any(is_refused)).map(Spanned::span);
        let text = value.get_ref().as_str().filter(|text| text.chars().any(is_refused)).map(|_| value.span());
        first = first.take().or_else(|| Some((path.to_owned(), key.or(text)?)));
    });
    let Some((key, at)) = first else { return Ok(()) };
    let message = format!(
        "`{key}` has a control character or one that changes the direction of writing: text in one line without them"
    );
    Err(Failure::at(path, text, at, message))
}

fn is_suspicious(c: char) -> bool {
    is_refused(c) && !matches!(c, '\n' | '\r')
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
