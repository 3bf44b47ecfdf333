//! Text that a terminal and a figure can show as it is: without control characters, which steer terminals and are refused in
//! XML, and without overrides of the direction of writing, which make names look like others.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_none() {
        let text = "a\u{1b}[31m\u{9b}\u{202e}\u{ffff}b";
        let shown = shown_in_place(text);
        assert!(shown.len() == text.len() && !shown.chars().any(is_refused), "{shown:?}");
        assert_eq!(escaped("a\u{1b}\n\u{202e}"), "a\\u{1b}\n\\u{202e}");
    }
}
