//! How a design looks in every figure: colour, mark, order and name, from one table.
//!
//! Colours are those of Okabe and Ito, "Color universal design" (2008), which people with any kind of colour vision tell
//! apart; marks differ too, for prints without colour.

use super::colour::Colour;

/// The shape of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Wedge,
    Plus,
}

/// A design: the name of its placement, and how it looks.
struct Identity {
    placement: &'static str,
    colour: Colour,
    mark: Mark,
}

const fn identity(placement: &'static str, colour: Colour, mark: Mark) -> Identity {
    Identity { placement, colour, mark }
}

/// Every design, in the order of legends.
const IDENTITIES: [Identity; 8] = [
    identity("host", Colour(0x00, 0x72, 0xb2), Mark::Circle),
    identity("lookaside", Colour(0xd5, 0x5e, 0x00), Mark::Square),
    identity("inline-crypto", Colour(0x00, 0x9e, 0x73), Mark::Triangle),
    identity("inline-packet", Colour(0xcc, 0x79, 0xa7), Mark::Diamond),
    identity("dpu", Colour(0xe6, 0x9f, 0x00), Mark::Wedge),
    identity("hairpin", Colour(0x56, 0xb4, 0xe9), Mark::Plus),
    identity("crypto", Colour(0x8c, 0x56, 0x4b), Mark::Square),
    identity("clear", Colour(0x77, 0x77, 0x77), Mark::Cross),
];

/// From dark to light: what differs by a number and not by its design.
const SEQUENCE: [Colour; 5] = [
    Colour(0x44, 0x01, 0x54),
    Colour(0x3b, 0x52, 0x8b),
    Colour(0x21, 0x91, 0x8c),
    Colour(0x5e, 0xb8, 0x5a),
    Colour(0xb5, 0xbd, 0x2e),
];

/// Marks of such curves.
const MARKS: [Mark; 5] = [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::Wedge];

/// Dashes of the variants of a design: the first one has none.
const DASHES: [&str; 4] = ["", "7 4", "9 3 2 3", "14 4"];

/// How a curve, bar or cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Its colour.
    pub colour: Colour,
    /// Its mark.
    pub mark: Mark,
    /// Whether the mark is hollow.
    pub hollow: bool,
    /// The pattern of its line; empty for a whole one.
    pub dash: &'static str,
    /// Its place in a legend.
    pub order: usize,
}

/// The look of each of some curves, given their designs: of designs where they differ, with dashes and hollow marks for the
/// second and later of one design; else from dark to light.
pub(super) fn looks(designs: &[Option<&str>]) -> Vec<Look> {
    let known: Vec<Option<usize>> = designs.iter().map(|design| number(design.as_deref()?)).collect();
    let mut different: Vec<usize> = known.iter().flatten().copied().collect();
    different.sort_unstable();
    different.dedup();
    let alone = designs.len() == 1;
    if known.contains(&None) || (different.len() < 2 && !alone) {
        return (0..designs.len()).map(|i| in_sequence(i, designs.len())).collect();
    }
    let mut variants = [0; IDENTITIES.len()];
    let of = |design: usize| {
        let variant = variants[design];
        variants[design] += 1;
        variant_of(design, variant)
    };
    known.into_iter().flatten().map(of).collect()
}

/// The look of each of some bars or areas: of one design all alike.
pub(super) fn plain_looks(designs: &[Option<&str>]) -> Vec<Look> {
    let mut different: Vec<Option<&str>> = Vec::new();
    designs.iter().for_each(|design| {
        if !different.contains(design) {
            different.push(*design);
        }
    });
    let looks = looks(&different);
    let place = |design: &Option<&str>| different.iter().position(|known| known == design).unwrap_or_default();
    designs.iter().map(|design| Look { dash: "", hollow: false, ..looks[place(design)] }).collect()
}

fn variant_of(design: usize, variant: usize) -> Look {
    let Identity { colour, mark, .. } = IDENTITIES[design];
    let colour = if variant < DASHES.len() { colour } else { colour.towards(Colour(255, 255, 255), 0.35) };
    let dash = DASHES[variant % DASHES.len()];
    Look { colour, mark, hollow: variant % 2 == 1, dash, order: design }
}

fn in_sequence(i: usize, n: usize) -> Look {
    let at = i as f64 / (n.max(2) - 1) as f64 * (SEQUENCE.len() - 1) as f64;
    let low = (at as usize).min(SEQUENCE.len() - 2);
    let colour = SEQUENCE[low].towards(SEQUENCE[low + 1], at - low as f64);
    Look { colour, mark: MARKS[i % MARKS.len()], hollow: i % 2 == 1, dash: "", order: i }
}

fn number(placement: &str) -> Option<usize> {
    IDENTITIES.iter().position(|identity| identity.placement == placement)
}

/// Colours of parts of a whole, which are no designs: categories of cycles, states, links.
pub(super) fn part(i: usize) -> Colour {
    const PARTS: [Colour; 12] = [
        Colour(0x4e, 0x79, 0xa7),
        Colour(0xf2, 0x8e, 0x2b),
        Colour(0x76, 0xb7, 0xb2),
        Colour(0xe1, 0x57, 0x59),
        Colour(0xed, 0xc9, 0x48),
        Colour(0x59, 0xa1, 0x4f),
        Colour(0xb0, 0x7a, 0xa1),
        Colour(0x9c, 0x75, 0x5f),
        Colour(0xff, 0x9d, 0xa7),
        Colour(0x2f, 0x4b, 0x7c),
        Colour(0xa0, 0xcb, 0xe8),
        Colour(0xba, 0xb0, 0xac),
    ];
    PARTS[i % PARTS.len()]
}

#[cfg(test)]
mod tests {
    use espsim_model::placement::Placement;

    use super::*;

    #[test]
    fn every_placement_has_a_look_of_its_own() {
        for placement in Placement::ALL {
            assert!(number(placement.name()).is_some(), "{}", placement.name());
        }
        for (i, one) in IDENTITIES.iter().enumerate() {
            assert!(IDENTITIES[..i].iter().all(|other| other.colour != one.colour), "{}", one.placement);
        }
    }

    #[test]
    fn a_design_looks_the_same_beside_whichever_others() {
        let look = |designs: &[&str], i: usize| looks(&designs.iter().map(|d| Some(*d)).collect::<Vec<_>>())[i];
        let host = look(&["host", "lookaside"], 0);
        assert_eq!(host.colour, Colour(0x00, 0x72, 0xb2));
        assert_eq!(look(&["inline-crypto", "clear", "host"], 2), host);
        assert_eq!(look(&["host"], 0), host, "alone too");
    }

    #[test]
    fn variants_of_a_design_share_its_colour_and_differ_by_dash() {
        let all = looks(&[Some("lookaside"), Some("host"), Some("lookaside")]);
        assert_eq!(all[0].colour, all[2].colour);
        assert!(all[0].dash.is_empty() && !all[2].dash.is_empty() && all[2].hollow && !all[0].hollow);
    }

    #[test]
    fn bars_of_a_design_are_alike() {
        let all = plain_looks(&[Some("host"), Some("host"), Some("lookaside")]);
        assert!(all[0] == all[1] && all[0] != all[2]);
        assert_eq!(all[2], looks(&[Some("lookaside"), Some("host")])[0]);
    }

    #[test]
    fn what_differs_by_no_design_goes_from_dark_to_light() {
        let all = looks(&[Some("host"); 4]);
        let bright = |look: &Look| u32::from(look.colour.0) + u32::from(look.colour.1) + u32::from(look.colour.2);
        assert!(all.windows(2).all(|pair| bright(&pair[0]) < bright(&pair[1])));
        assert!(all.iter().all(|look| look.colour != IDENTITIES[0].colour));
        assert_eq!(looks(&[None, Some("host")]).len(), 2);
    }
}
