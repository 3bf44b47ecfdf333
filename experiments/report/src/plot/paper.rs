//! Scales, and the width of lines of text.

pub use espsim_sweep::file::scenario_file::Scale;

/// Size of all texts but titles: none is smaller, so that a figure can be read where it is shown at nine tenths of its size.
pub(super) const TEXT: i32 = 13;

/// Breaks a text at spaces into lines of at most `width` characters, where words allow.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let length = lines[line].chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if length > 0 {
                lines[line].push(' ');
            }
            lines[line].push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_wrapped_at_spaces() {
        assert_eq!(
            wrap("lookaside, shared uplink behind a switch", 24),
            ["lookaside, shared uplink", "behind a switch"]
        );
        assert_eq!(wrap("", 10), [""]);
    }
}
