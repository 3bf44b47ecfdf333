//! Terms of the field, explained where they stand: on hover, on a tap, and by the keyboard, without a script.

use std::fmt::Write;

/// Terms and what they mean. Of two that begin alike the longer one stands first.
const TERMS: [(&str, &str); 26] = [
    ("packet offload", "The NIC encapsulates and encrypts: the kernel hands it clear packets."),
    ("crypto offload", "The kernel encapsulates; the NIC encrypts and authenticates."),
    ("inline-packet", "Packet offload: the NIC encapsulates and encrypts."),
    ("inline-crypto", "Crypto offload: the kernel encapsulates, the NIC encrypts."),
    ("lookaside", "A card encrypts: packets go to it and back over PCIe before they go to the NIC."),
    ("goodput", "Transport payload that arrives, without any header."),
    ("draws", "Machines drawn from what each of the profile's values may be: what is not known of the machine."),
    ("closed forms", "Limits that are calculated from what each packet demands, without simulation."),
    ("closed form", "A limit that is calculated from what each packet demands, without simulation."),
    ("predicted", "Simulated with parameters that nothing of these measurements was fitted to."),
    ("estimate", "A value that nobody measured or published; it has a wide range."),
    ("estimates", "Values that nobody measured or published; they have wide ranges."),
    ("profile", "What this host's processor and kernel cost, measured or from a preset."),
    ("interval", "Where the simulated value lies with 95 %: chance of the simulation alone."),
    ("outage", "Time for which an SA's packets do not get through."),
    ("saturating", "Senders always have a next packet: no load is given, the machine sets it."),
    ("SAs", "Security associations: one direction of a tunnel, with its keys."),
    ("SA", "Security association: one direction of a tunnel, with its keys."),
    ("l3", "Inner IP packets, with their headers, before encryption."),
    ("ESP", "Encapsulating Security Payload: the part of IPsec that encrypts packets."),
    ("PCIe", "The bus between host, NIC and card."),
    ("GSO", "Generic segmentation offload: the stack handles one large packet in place of many."),
    ("RSS", "Receive side scaling: the NIC spreads flows over cores by a hash."),
    ("IO-TLB", "The cache of address translations that devices need."),
    ("p99", "The latency that 99 % of packets stay below."),
    ("idle", "Core time that is left for other work."),
];

/// A text as markup, each term explained the first time that it stands there.
pub fn marked(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    let mut known: Vec<&str> = Vec::new();
    let mut before: Option<char> = None;
    while let Some(next) = rest.chars().next() {
        let starts_word = !before.is_some_and(char::is_alphanumeric);
        let term = TERMS.iter().find(|(term, _)| starts_word && begins_with(rest, term));
        match term {
            Some((term, meaning)) if !known.contains(term) => {
                // Writing to a string does not fail.
                let _ = write!(
                    html,
                    "<dfn tabindex=\"0\">{}<span role=\"note\">{}</span></dfn>",
                    escaped(term),
                    escaped(meaning)
                );
                known.push(term);
                before = term.chars().last();
                rest = &rest[term.len()..];
            }
            _ => {
                html.push_str(&escaped(&next.to_string()));
                before = Some(next);
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    html
}

/// Whether a text begins with a word or words.
fn begins_with(text: &str, term: &str) -> bool {
    text.strip_prefix(term).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '-'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_explained_once_and_nothing_becomes_markup() {
        let html = marked("<b>goodput</b> & goodput of SAs, not of goodputs");
        assert_eq!(html.matches("<dfn").count(), 2, "{html}");
        assert!(
            html.starts_with("&lt;b&gt;<dfn tabindex=\"0\">goodput<span") && html.contains("</dfn>, not of goodputs")
        );
        assert!(!html.contains("<b>") && html.contains(" &amp; goodput of "));
    }

    #[test]
    fn the_longer_of_two_terms_is_found() {
        for (i, (term, meaning)) in TERMS.iter().enumerate() {
            assert!(TERMS[..i].iter().all(|(other, _)| !begins_with(term, other)), "{term}");
            assert!(meaning.ends_with('.') && meaning.len() < 100, "{term}");
        }
    }
}
