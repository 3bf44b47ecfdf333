//! What every figure is drawn on: its size, scales, and the width of its lines.

pub use espsim_sweep::file::scenario_file::Scale;

/// A figure that cannot be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlotError(pub(super) String);

/// Size of the figure in pixels.
pub(super) const SIZE: (u32, u32) = (960, 560);
/// Characters of a legend line.
pub(super) const LEGEND_WIDTH: usize = 28;

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
