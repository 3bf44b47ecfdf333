//! Colours.

use plotters::style::RGBColor;

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// As the drawing library has it.
    pub fn rgb(self) -> RGBColor {
        RGBColor(self.0, self.1, self.2)
    }

    /// A mixture with so much of another.
    pub fn towards(self, other: Colour, share: f64) -> Colour {
        let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - share) + f64::from(b) * share).round() as u8;
        Colour(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Axes and texts. The style sheet of a page has other colours for these four on a dark screen.
pub(super) const BLACK: Colour = Colour(20, 20, 20);
/// Secondary texts.
pub(super) const GREY: Colour = Colour(89, 89, 89);
/// Grid lines.
pub(super) const GRID: Colour = Colour(228, 228, 228);
/// What is drawn on.
pub(super) const PAPER: Colour = Colour(255, 255, 255);
