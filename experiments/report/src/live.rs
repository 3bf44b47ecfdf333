//! The live page: one file that simulates in the reader's browser.
//!
//! Script, style and module are built by `experiments/live/build` and kept, so that a page needs nothing but this program. What an
//! author has chosen goes in as data; a content security policy lets nothing run but what was built, and nothing load.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../live/built/page.html");
const STYLE: &str = include_str!("../../live/built/page.css");
const SCRIPT: &str = include_str!("../../live/built/page.js");
const WORKER: &str = include_str!("../../live/built/worker.js");
const MODULE: &[u8] = include_bytes!("../../live/built/module.wasm.gz");

/// What an author has chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Chosen {
    /// Controls by name, see `State` in `experiments/live/page/src/state.ts`.
    pub state: Map<String, Value>,
    /// Keys of a scenario that no control has.
    pub fixed: Map<String, Value>,
    /// The text of a profile that is no preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// How `--profile` names it.
    #[serde(rename = "profileName", skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
    /// The heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The page as HTML.
pub fn page(chosen: &Chosen) -> String {
    // Plain data always has a text; in it no end of a script can stand.
    let config = serde_json::to_string(chosen).unwrap_or_default().replace('<', "\\u003c");
    let policy = format!(
        "default-src 'none'; {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        scripts(),
        hash(STYLE)
    );
    let parts = [
        ("%POLICY%", policy.as_str()),
        ("%STYLE%", STYLE),
        ("%CONFIG%", &config),
        ("%WORKER%", WORKER),
        ("%MODULE%", &BASE64_STANDARD.encode(MODULE)),
        ("%SCRIPT%", SCRIPT),
    ];
    // Each once and in order, so that nothing that is put in is taken for a place.
    let (mut page, mut rest) = (String::new(), PAGE);
    for (place, text) in parts {
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        page.push_str(before);
        page.push_str(text);
        rest = after;
    }
    page + rest
}

/// What a policy has to let run for a page: its script, the module, and workers of both.
pub fn scripts() -> String {
    format!("script-src {} 'wasm-unsafe-eval'; worker-src blob:", hash(SCRIPT))
}

/// A source that a content security policy lets run: by its hash.
fn hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets of a page, which is to be mailed.
    const MOST: usize = 1_500_000;

    #[test]
    fn a_page_is_whole_small_and_escaped() {
        let title = "</script><script>alert(1)</script>";
        let page = page(&Chosen { title: Some(title.into()), ..Chosen::default() });
        assert!(page.len() < MOST, "{} octets", page.len());
        assert!(!page.contains("alert(1)</script>") && page.contains("alert(1)\\u003c/script>"));
        for place in ["%POLICY%", "%STYLE%", "%CONFIG%", "%WORKER%", "%MODULE%", "%SCRIPT%"] {
            assert!(PAGE.matches(place).count() == 1 && !page.contains(place), "{place}");
        }
        for text in [SCRIPT, WORKER] {
            assert!(!text.contains("</script"), "ends its element");
        }
        assert!(page.trim_end().ends_with("</html>") && !page.contains("unsafe-inline"));
    }
}
