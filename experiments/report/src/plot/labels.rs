//! Names of curves: at the ends of their lines where they fit, else in a legend beside the plot.

use super::canvas::{self, Canvas, LINE, Pixel};
use super::identity::Look;
use super::paper::wrap;

/// Characters of a line of a name.
const COLUMNS: usize = 19;
/// Pixels between two names.
const GAP: i32 = 5;
/// A name stands at most so far above or below the end of its line.
const FARTHEST: i32 = 64;
/// A line that ends so far from the plot's edge is not followed to its name.
const SHORT: i32 = 150;
/// Pixels from the plot to the marks of names, and from those to names.
const TO_MARK: i32 = 20;
const TO_NAME: i32 = 10;

/// A curve that has a name.
#[derive(Debug, Clone)]
pub(super) struct Named<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it looks.
    pub look: Look,
    /// Where its line ends.
    pub end: Pixel,
}

/// Pixels that the names of curves take beside the plot.
pub(super) fn room<'a>(names: impl Iterator<Item = &'a str>) -> i32 {
    let longest = names.flat_map(|name| wrap(name, COLUMNS)).map(|line| canvas::width(&line, canvas::TEXT)).max();
    TO_MARK + TO_NAME + longest.unwrap_or(0)
}

/// Names the curves of a plot with these edges.
pub(super) fn names(canvas: &Canvas, named: &[Named<'_>], (top, right, bottom): (i32, i32, i32)) {
    let mut sorted: Vec<&Named<'_>> = named.iter().collect();
    sorted.sort_by_key(|one| (one.end.1, one.look.order));
    let heights: Vec<i32> = sorted.iter().map(|one| height(one.name)).collect();
    let wanted: Vec<i32> = sorted.iter().map(|one| one.end.1).collect();
    let reach_the_edge = sorted.iter().all(|one| right - one.end.0 <= SHORT);
    match place(&wanted, &heights, top - LINE, bottom + LINE).filter(|_| reach_the_edge) {
        Some(tops) => {
            for ((one, top), height) in sorted.iter().zip(tops).zip(heights) {
                let at = (right + TO_MARK, top + height / 2);
                canvas.line(&[(one.end.0 + 6, one.end.1), (right + 8, one.end.1), at], one.look.colour, 1);
                write(canvas, one, at, top);
            }
        }
        None => legend(canvas, sorted, (top, right, bottom)),
    }
}

/// All names from the top, in the order of designs, as far as there is room.
fn legend(canvas: &Canvas, mut sorted: Vec<&Named<'_>>, (top, right, bottom): (i32, i32, i32)) {
    sorted.sort_by_key(|one| one.look.order);
    let mut at = top;
    for (i, one) in sorted.iter().enumerate() {
        let height = height(one.name);
        if at + height > bottom + LINE && i + 1 < sorted.len() {
            canvas.text((right + TO_MARK, at), &format!("and {} more", sorted.len() - i), canvas::GREY);
            return;
        }
        let mark = (right + TO_MARK, at + LINE / 2 - 1);
        canvas.dashed(&[(mark.0 - 12, mark.1), (mark.0 + 6, mark.1)], one.look.colour, 2, one.look.dash);
        write(canvas, one, mark, at);
        at += height + GAP;
    }
}

fn write(canvas: &Canvas, one: &Named<'_>, mark: Pixel, top: i32) {
    canvas.mark(mark, one.look, 4);
    canvas.lines((mark.0 + TO_NAME, top), one.name, COLUMNS, canvas::BLACK);
}

fn height(name: &str) -> i32 {
    wrap(name, COLUMNS).len() as i32 * LINE
}

/// Tops of names so high that want their middles here, in this order, such that none overlaps; `None` where they do not fit,
/// or one would stand too far from where it wants to.
fn place(wanted: &[i32], heights: &[i32], top: i32, bottom: i32) -> Option<Vec<i32>> {
    let mut tops: Vec<i32> = wanted.iter().zip(heights).map(|(middle, height)| middle - height / 2).collect();
    // Down to where there is room, then up again from the bottom, and so on until halves of what overlaps have moved.
    for _ in 0..tops.len().max(1) * 4 {
        for i in 1..tops.len() {
            let overlap = tops[i - 1] + heights[i - 1] + GAP - tops[i];
            if overlap > 0 {
                tops[i - 1] -= overlap / 2;
                tops[i] += overlap - overlap / 2;
            }
        }
    }
    let mut free = top;
    for (at, height) in tops.iter_mut().zip(heights) {
        *at = (*at).max(free);
        free = *at + height + GAP;
    }
    let mut free = bottom;
    for (at, height) in tops.iter_mut().zip(heights).rev() {
        *at = (*at).min(free - height);
        free = *at - GAP;
    }
    let far = tops.iter().zip(heights).zip(wanted).any(|((at, height), w)| (at + height / 2 - w).abs() > FARTHEST);
    (!far && tops.first().is_none_or(|first| *first >= top)).then_some(tops)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_overlap_and_stay_in_their_order() {
        for wanted in [vec![100, 101, 102], vec![10, 10, 300, 301], vec![395, 398], vec![50]] {
            let heights = vec![34; wanted.len()];
            let tops = place(&wanted, &heights, 0, 400).unwrap();
            assert!(tops.windows(2).all(|pair| pair[1] >= pair[0] + 34 + GAP), "{wanted:?}: {tops:?}");
            assert!(tops[0] >= 0 && tops[tops.len() - 1] + 34 <= 400, "{wanted:?}: {tops:?}");
        }
    }

    #[test]
    fn too_many_names_are_refused() {
        assert_eq!(place(&[200; 20], &[17; 20], 0, 400), None, "they would stand too far from their lines");
        assert_eq!(place(&[20, 30], &[34, 34], 0, 50), None);
        assert_eq!(place(&[], &[], 0, 50), Some(Vec::new()));
    }
}
