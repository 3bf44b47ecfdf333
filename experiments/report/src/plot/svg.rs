//! What the drawing library's elements become: SVG of few elements, each short. A line is one path of steps, whatever its dashes.

use std::convert::Infallible;
use std::fmt::Write;

use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, text_anchor::HPos,
};

use super::colour::{BLACK, Colour, PAPER};
use super::paper::TEXT;

/// A drawing in the making. Nothing in it can fail.
pub(super) struct Svg {
    text: String,
    size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Svg {
    /// An empty sheet: `title` and `description` are for whoever does not see it.
    pub fn new(size: (u32, u32), title: &str, description: &str) -> Self {
        let (width, height) = size;
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} \
             {height}\" font-family=\"sans-serif\" font-size=\"{TEXT}\" fill=\"{BLACK}\">\n<title>{}</title>\n\
             <desc>{}</desc>\n<rect width=\"{width}\" height=\"{height}\" fill=\"{PAPER}\"/>\n",
            escaped(title),
            escaped(description)
        );
        Svg { text, size }
    }

    /// The text of the drawing.
    pub fn finish(self) -> String {
        self.text + "</svg>\n"
    }

    /// Lines that are not joined, as one element with a pattern of dashes; whole where that is empty.
    pub fn strokes(&mut self, lines: &[Vec<BackendCoord>], style: &impl BackendStyle, dash: &str) {
        let d: String = lines.iter().map(|line| outline(line)).collect();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let width = match style.stroke_width() {
            1 => String::new(),
            width => format!(" stroke-width=\"{width}\""),
        };
        self.element(format_args!("<path d=\"{d}\" fill=\"none\" stroke=\"{}\"{width}{dash}/>", colour(style.color())));
    }

    /// A closed shape with a rim.
    pub fn shape(&mut self, points: &[BackendCoord], fill: Colour, rim: Colour) {
        let d = outline(points);
        self.element(format_args!("<path d=\"{d}z\" fill=\"{fill}\" stroke=\"{rim}\" stroke-width=\"2\"/>"));
    }

    /// A circle with a rim.
    pub fn ring(&mut self, (x, y): BackendCoord, r: i32, fill: Colour, rim: Colour) {
        self.element(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" fill=\"{fill}\" stroke=\"{rim}\" stroke-width=\"2\"/>"
        ));
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{element}");
    }
}

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        let fill = colour(color);
        self.element(format_args!("<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" fill=\"{fill}\"/>"));
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.strokes(&[path.into_iter().collect()], style, "");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        let points: Vec<BackendCoord> = path.into_iter().collect();
        let opacity = match style.color().alpha {
            alpha if alpha < 1.0 => format!(" fill-opacity=\"{alpha}\""),
            _ => String::new(),
        };
        let (d, fill) = (outline(&points), colour(style.color()));
        self.element(format_args!("<path d=\"{d}z\" fill=\"{fill}\"{opacity}/>"));
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        let size = style.size().round() as i32;
        // The place is the text's top.
        let baseline = y + size * 4 / 5;
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let mut attributes = String::new();
        for (name, value, usual) in [
            ("font-size", size.to_string(), TEXT.to_string()),
            ("fill", colour(style.color()).to_string(), BLACK.to_string()),
            ("text-anchor", anchor.to_owned(), "start".to_owned()),
        ] {
            if value != usual {
                let _ = write!(attributes, " {name}=\"{value}\"");
            }
        }
        self.element(format_args!("<text x=\"{x}\" y=\"{baseline}\"{attributes}>{}</text>", escaped(text)));
        Ok(())
    }
}

fn colour(color: BackendColor) -> Colour {
    let (r, g, b) = color.rgb;
    Colour(r, g, b)
}

/// A path through points: the first absolute, the others as steps, which are short.
fn outline(points: &[BackendCoord]) -> String {
    let mut d = String::new();
    let mut last: Option<BackendCoord> = None;
    for &(x, y) in points {
        let _ = match last {
            None => write!(d, "M{x} {y}"),
            Some((before, level)) if level == y => write!(d, "h{}", x - before),
            Some((level, before)) if level == x => write!(d, "v{}", y - before),
            Some((a, b)) => write!(d, "l{} {}", x - a, y - b),
        };
        last = Some((x, y));
    }
    d
}

/// A text within markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_steps() {
        assert_eq!(outline(&[(1, 2), (5, 2), (5, 9), (4, 8)]), "M1 2h4v7l-1 -1");
        assert_eq!(outline(&[]), "");
    }
}
