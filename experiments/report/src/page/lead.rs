//! An answer at a glance: at most three sentences; whoever wants all of it unfolds the rest.

/// Sentences of an answer.
const MOST: usize = 3;
/// A sentence that tells of doubt has this word.
const DOUBT: &str = "draws";

/// An answer in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Its first sentences.
    pub short: String,
    /// All of it, where that is more; else empty.
    pub full: String,
}

impl Lead {
    /// Of sentences that were chosen, beside the whole.
    pub fn of(sentences: &[String], full: String) -> Self {
        let short = sentences[..sentences.len().min(MOST)].join(" ");
        let full = if full == short { String::new() } else { full };
        Lead { short, full }
    }

    /// The first sentences of a text; of several paragraphs, the first of each but the last, which has what is left to say,
    /// and the first that tells of doubt.
    pub fn from_text(text: &str) -> Self {
        let paragraphs: Vec<&str> = text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).collect();
        let chosen: Vec<String> = match paragraphs[..] {
            [] => Vec::new(),
            [one] => sentences(one),
            [ref first @ .., _] => {
                let leading = first.iter().filter_map(|paragraph| sentences(paragraph).into_iter().next());
                let others = first.iter().flat_map(|paragraph| sentences(paragraph).into_iter().skip(1));
                leading.take(MOST - 1).chain(others.filter(|sentence| sentence.contains(DOUBT)).take(1)).collect()
            }
        };
        Lead::of(&chosen, text.to_owned())
    }
}

/// A paragraph sentence by sentence.
fn sentences(paragraph: &str) -> Vec<String> {
    let parts: Vec<&str> = paragraph.split(". ").collect();
    let last = parts.len().saturating_sub(1);
    let whole = |(i, part): (usize, &&str)| if i == last { (*part).to_owned() } else { format!("{part}.") };
    parts.iter().enumerate().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_answer_is_whole() {
        let lead = Lead::from_text("Two cores, 1.5 Gb/s each. One NIC.");
        assert_eq!((lead.short.as_str(), lead.full.as_str()), ("Two cores, 1.5 Gb/s each. One NIC.", ""));
        assert_eq!(Lead::from_text("").short, "");
    }

    #[test]
    fn of_a_long_one_three_sentences_are_shown_and_all_is_kept() {
        let lead = Lead::from_text("A. B. C. D.");
        assert_eq!((lead.short.as_str(), lead.full.as_str()), ("A. B. C.", "A. B. C. D."));
        let text = "A. B.\n\nC. Of draws, D. E.\n\nF.";
        let lead = Lead::from_text(text);
        assert_eq!((lead.short.as_str(), lead.full.as_str()), ("A. C. Of draws, D.", text));
    }
}
