//! The part of a file that an error message shows. Of a long line it is what stands around the error: a terminal has no use
//! for more, and columns beyond 65535 cannot be shown at all.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::visible::shown_in_place;

/// The longest line that is shown as it is, in octets: a list of some hundred values.
const LONGEST: usize = 4000;
/// Octets that are shown of a longer one, before and after the error's beginning.
const AROUND: (usize, usize) = (60, 100);
/// What stands for what is left out.
const CUT: &str = "…";

/// A file, or one line of it in part.
#[derive(Debug)]
pub struct Excerpt {
    name: String,
    text: String,
    /// Line and column of the mark in the file, from 0, where `text` is a part of it.
    place: Option<(usize, usize)>,
}

impl Excerpt {
    /// What is shown of a text for an error at these octets, and where they are in it.
    pub fn new(name: String, text: &str, start: usize, end: usize) -> (Self, SourceSpan) {
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let (start, end) = (boundary(start), boundary(end).max(boundary(start)));
        if shown_lines(text, start, end).lines().all(|line| line.len() <= LONGEST) {
            return (Excerpt { name, text: shown_in_place(text), place: None }, (start..end).into());
        }
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let from = boundary(start.saturating_sub(AROUND.0).max(line_start));
        let to = boundary((start + AROUND.1).min(line_end));
        let before = if from > line_start { CUT } else { "" };
        let after = if to < line_end { CUT } else { "" };
        // A line's end may be two octets.
        let window = shown_in_place(&text[from..to].replace('\r', " "));
        let at = before.len() + start - from;
        let length = end.min(to) - start;
        let number = text[..start].bytes().filter(|octet| *octet == b'\n').count();
        let place = Some((number, start - line_start));
        (Excerpt { name, text: format!("{before}{window}{after}"), place }, (at..at + length).into())
    }
}

/// The lines of these octets, with the one before and the one after.
fn shown_lines(text: &str, start: usize, end: usize) -> &str {
    let mut before = text[..start].rmatch_indices('\n').map(|(at, _)| at);
    let mut after = text[end..].match_indices('\n').map(|(at, _)| end + at);
    // The second line break from here on either side.
    let from = before.nth(1).map_or(0, |at| at + 1);
    &text[from..after.nth(1).unwrap_or(text.len())]
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let name = self.name.clone();
        let Some((line, column)) = self.place else {
            let read = self.text.read_span(span, lines_before, lines_after)?;
            let (data, span, line, column, count) =
                (read.data(), *read.span(), read.line(), read.column(), read.line_count());
            return Ok(Box::new(MietteSpanContents::new_named(name, data, span, line, column, count)));
        };
        // The renderer asks without context for the place that it names, and with it for what it shows.
        let column = if lines_before == 0 { column } else { 0 };
        let all = (0, self.text.len()).into();
        Ok(Box::new(MietteSpanContents::new_named(name, self.text.as_bytes(), all, line, column, line + 1)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::failure::Failure;

    fn rendered(text: &str, span: std::ops::Range<usize>) -> String {
        format!("{:?}", miette::Report::new(Failure::at(Path::new("a.toml"), text, span, "wrong")))
    }

    #[test]
    fn of_a_long_line_what_is_around_the_error_is_shown() {
        for (before, after) in [(0, 100_000), (70_000, 0), (70_000, 100_000), (65_536, 3), (300_000, 300_000)] {
            let line = format!("{}{}{}", "é".repeat(before / 2), "WRONG", "x".repeat(after));
            let text = format!("first = 1\n{line}\r\nlast = 2\n");
            let start = 10 + before / 2 * 2;
            let message = rendered(&text, start..start + 5);
            assert!(message.contains(&format!("a.toml:2:{}", start - 9)), "{before}, {after}: {message}");
            assert!(message.contains("WRONG") && message.contains("here") && message.len() < 2000, "{message}");
        }
        // A long line beside the error's, and errors of many lines.
        let beside = format!("{}\nb = 1\n{}\n", "a".repeat(70_000), "c".repeat(70_000));
        assert!(rendered(&beside, 70_001..70_002).contains("a.toml:2:1"));
        assert!(rendered(&beside, 69_999..beside.len()).contains("a.toml:1:70000"));
        for at in [0, 1, 69_999, 70_000, 70_001, beside.len() - 1, beside.len(), beside.len() + 9] {
            assert!(rendered(&beside, at..at).contains("a.toml:"), "{at}");
        }
    }

    #[test]
    fn short_lines_are_shown_as_before() {
        let message = rendered("a = 1\nb = 2\nc = 3\n", 6..11);
        assert!(message.contains("a.toml:2:1") && message.contains("a = 1") && message.contains("c = 3"), "{message}");
        // What would steer the terminal does not reach it.
        let message = rendered("a = \"\u{1b}[31m\u{202e}\"\n", 4..10);
        assert!(!message.contains("\u{1b}[31m") && !message.contains('\u{202e}'), "{message:?}");
    }
}
