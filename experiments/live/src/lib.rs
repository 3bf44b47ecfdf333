//! What a live page asks of the model, and what it is told: JSON in, JSON out, the same natively and in WebAssembly.
//!
//! A request names what it asks for ([`Request`]); an answer is `{"ok": ...}` or `{"error": {"key", "message"}}`. Nothing here
//! simulates or computes limits by itself: every number is one of `espsim_model`.

#[cfg(target_arch = "wasm32")]
mod abi;
mod catalogue;
mod cores;
mod doubt;
mod limits;
mod request;
mod simulated;

use request::{Request, Wrong};
use serde_json::{Value, json};

/// The answer to a request.
pub fn answer(request: &str) -> String {
    let done = serde_json::from_str(request)
        .map_err(|error| Wrong { key: "request".into(), message: error.to_string() })
        .and_then(answered);
    match done {
        Ok(value) => json!({ "ok": value }),
        Err(wrong) => json!({ "error": wrong }),
    }
    .to_string()
}

fn answered(request: Request) -> Result<Value, Wrong> {
    match request {
        Request::Describe => Ok(catalogue::catalogue()),
        Request::Limits { asked, sizes } => limits::limits(&asked, &sizes),
        Request::Cores { asked } => cores::cores(&asked),
        Request::Doubt { asked, sizes, draws, seed } => doubt::doubt(&asked, &sizes, draws, seed),
        Request::Simulate { asked, seed } => simulated::simulated(&asked, seed),
    }
}
