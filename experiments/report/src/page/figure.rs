//! Figures, rewritten so that they can stand in a page: they scale to its width, what has a name in one does not meet
//! the same name in another, and nothing is taken over that could run or load anything.

use std::fmt::Write;
use std::path::Path;

use espsim_sweep::failure::Failure;
use roxmltree::{Document, Node};

/// Elements that a figure is drawn of.
const ELEMENTS: &str = "svg g rect line polyline polygon path circle ellipse text tspan title desc defs clipPath";

/// Attributes that a figure is drawn with.
const ATTRIBUTES: &str = "clip-path cx cy d dominant-baseline dx dy fill fill-opacity fill-rule font-family font-size \
                          font-style font-weight height id opacity points r rx ry stroke stroke-dasharray \
                          stroke-linecap stroke-linejoin stroke-opacity stroke-width text-anchor transform version \
                          viewBox width x x1 x2 y y1 y2";

/// Attributes of the whole that its elements inherit.
const INHERITED: [&str; 3] = ["font-family", "font-size", "fill"];

/// How deep elements may stand in each other.
const MOST_LEVELS: usize = 64;

const SVG: &str = "http://www.w3.org/2000/svg";

/// A figure's markup, and its own title.
#[derive(Debug)]
pub struct Drawing {
    /// The first words in it.
    pub title: String,
    /// Markup for the page, labelled for those who do not see it.
    pub svg: String,
    /// What it shows, as it says itself.
    pub finding: String,
    /// What it says of where its numbers are.
    pub data: String,
}

/// Rewrites an SVG file for a page. `number` tells it from the other figures.
///
/// # Errors
/// [`Failure`] for a text that is no SVG, or has elements or attributes that a drawing does not need.
pub fn rewrite(path: &Path, text: &str, number: usize, label: Option<&str>) -> Result<Drawing, Failure> {
    let document = Document::parse(text).map_err(|error| {
        let start = offset(text, error.pos().row, error.pos().col);
        Failure::at(path, text, start..start, format!("not an SVG figure: {error}"))
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "svg" || root.tag_name().namespace() != Some(SVG) {
        return Err(Failure::at(path, text, root.range(), "not an SVG figure: the root element is another"));
    }
    let title = root.descendants().find(|node| matches!(node.tag_name().name(), "title" | "text"));
    let title = title.and_then(|node| node.text()).unwrap_or_default().trim().to_owned();
    let view_box = view_box(root)
        .ok_or_else(|| Failure::at(path, text, root.range().start..root.range().start, "the figure has no size"))?;
    // Who does not see the figure does not see its title either.
    let label = match label {
        Some(label) if label.contains(&title) => label.to_owned(),
        Some(label) => format!("{title}. {label}"),
        None => title.clone(),
    };
    let mut svg = format!("<svg viewBox=\"{}\" role=\"img\" aria-label=\"{}\"", escaped(&view_box), escaped(&label));
    let mut writer = Writer { path, text, prefix: format!("figure-{number}-"), svg: &mut svg };
    // What all of it inherits.
    for attribute in root.attributes().filter(|attribute| INHERITED.contains(&attribute.name())) {
        let value = writer.value(attribute.name(), attribute.value(), root)?;
        // Writing to a string does not fail.
        let _ = write!(writer.svg, " {}=\"{}\"", attribute.name(), escaped(&value));
    }
    writer.svg.push('>');
    // A title would be shown over all of the figure wherever a pointer rests; the label says the same.
    let is_drawn = |child: &Node<'_, '_>| !matches!(child.tag_name().name(), "title" | "desc");
    for child in root.children().filter(is_drawn) {
        writer.node(child, 1)?;
    }
    svg.push_str("</svg>");
    let described = root.children().find(|node| node.has_tag_name((SVG, "desc"))).and_then(|node| node.text());
    let (finding, data) = described.and_then(|text| text.split_once('\n')).unwrap_or_default();
    let [finding, data] = [finding, data].map(|text| text.trim().to_owned());
    Ok(Drawing { title, svg, finding, data })
}

fn view_box(root: Node<'_, '_>) -> Option<String> {
    if let Some(given) = root.attribute("viewBox") {
        return Some(given.to_owned());
    }
    let side = |name| root.attribute(name)?.trim_end_matches("px").parse::<f64>().ok();
    Some(format!("0 0 {} {}", side("width")?, side("height")?))
}

struct Writer<'a> {
    path: &'a Path,
    text: &'a str,
    prefix: String,
    svg: &'a mut String,
}

impl Writer<'_> {
    fn node(&mut self, node: Node<'_, '_>, level: usize) -> Result<(), Failure> {
        if node.is_text() {
            self.svg.push_str(&escaped(node.text().unwrap_or_default()));
            return Ok(());
        }
        if !node.is_element() {
            return Ok(());
        }
        let name = node.tag_name().name();
        if !ELEMENTS.split(' ').any(|known| known == name) || node.tag_name().namespace() != Some(SVG) {
            return Err(self.refusal(node, &format!("the element `{name}`")));
        }
        if level > MOST_LEVELS {
            return Err(self.refusal(node, &format!("an element in {MOST_LEVELS} others")));
        }
        self.svg.push('<');
        self.svg.push_str(name);
        for attribute in node.attributes() {
            let value = self.value(attribute.name(), attribute.value(), node)?;
            // Writing to a string does not fail.
            let _ = write!(self.svg, " {}=\"{}\"", attribute.name(), escaped(&value));
        }
        self.svg.push('>');
        for child in node.children() {
            self.node(child, level + 1)?;
        }
        let _ = write!(self.svg, "</{name}>");
        Ok(())
    }

    /// An attribute's value with the names of this figure made its own.
    fn value(&self, name: &str, value: &str, node: Node<'_, '_>) -> Result<String, Failure> {
        let refused = || Err(self.refusal(node, &format!("the attribute `{name}`")));
        if !ATTRIBUTES.split(' ').any(|known| known == name) {
            return refused();
        }
        if name == "id" {
            return Ok(format!("{}{value}", self.prefix));
        }
        if !value.to_ascii_lowercase().contains("url") {
            return Ok(value.to_owned());
        }
        let within = value.strip_prefix("url(#").and_then(|rest| rest.strip_suffix(')'));
        match within.filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
            Some(id) => Ok(format!("url(#{}{id})", self.prefix)),
            None => refused(),
        }
    }

    fn refusal(&self, node: Node<'_, '_>, what: &str) -> Failure {
        let message = format!("{what} is not taken over into a report, only drawings are");
        let start = node.range().start;
        Failure::at(self.path, self.text, start..start + 1, message)
    }
}

/// Where a row and a column, both from 1 and in characters, are in a text.
fn offset(text: &str, row: u32, column: u32) -> usize {
    let start: usize = text.split_inclusive('\n').take(row.saturating_sub(1) as usize).map(str::len).sum();
    let line = &text[start..];
    start + line.char_indices().nth(column.saturating_sub(1) as usize).map_or(line.len(), |(at, _)| at)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(inside: &str) -> Result<Drawing, Failure> {
        let text = format!("<svg width=\"20\" height=\"10\" xmlns=\"{SVG}\">\n{inside}</svg>\n");
        rewrite(Path::new("a.svg"), &text, 3, None)
    }

    #[test]
    fn a_drawing_scales_and_keeps_its_names_to_itself() {
        let drawing = figure(
            "<text x=\"1\">a &lt;script&gt; &amp; b</text><clipPath id=\"c\"/><rect clip-path=\"url(#c)\" fill=\"#fff\"/>",
        )
        .unwrap();
        assert_eq!(drawing.title, "a <script> & b");
        assert_eq!(
            drawing.svg,
            "<svg viewBox=\"0 0 20 10\" role=\"img\" aria-label=\"a &lt;script&gt; &amp; b\">\n\
             <text x=\"1\">a &lt;script&gt; &amp; b</text><clipPath id=\"figure-3-c\"></clipPath>\
             <rect clip-path=\"url(#figure-3-c)\" fill=\"#fff\"></rect></svg>"
        );
    }

    #[test]
    fn what_runs_or_loads_is_refused_by_name() {
        for (inside, what) in [
            ("<script>alert(1)</script>", "`script`"),
            ("<rect onclick=\"alert(1)\"/>", "`onclick`"),
            ("<rect OnClick=\"alert(1)\"/>", "`OnClick`"),
            ("<rect STYLE=\"fill:red\"/>", "`STYLE`"),
            ("<rect fill=\"URL(http://example.org/)\"/>", "`fill`"),
            ("<rect clip-path=\"url(#a), url(http://example.org/)\"/>", "`clip-path`"),
            ("<image href=\"http://example.org/\"/>", "`image`"),
            ("<rect fill=\"url(http://example.org/)\"/>", "`fill`"),
            ("<p xmlns=\"http://www.w3.org/1999/xhtml\"/>", "`p`"),
            ("<text>", "not an SVG"),
        ] {
            let message = figure(inside).unwrap_err().to_string();
            assert!(message.contains(what), "{inside}: {message}");
        }
        assert!(rewrite(Path::new("a.svg"), "<html/>", 1, None).is_err());
        let deep = ["<g>".repeat(100_000), "</g>".repeat(100_000)].concat();
        assert!(figure(&deep).unwrap_err().to_string().contains("in 64 others"));
    }
}
