//! What there is to choose from.

use espsim_model::placement::Placement;
use espsim_model::preset::{PresetKind, load, shared_profile};
use espsim_model::stack::Stack;
use serde_json::{Value, json};

/// Designs that the page compares, in the order in which they are shown everywhere.
const DESIGNS: [Placement; 4] =
    [Placement::HOST, Placement::LOOKASIDE, Placement::INLINE_CRYPTO, Placement::INLINE_PACKET];

/// `{designs, nics, cards, slots, mixes, cpus, stacks, ciphers}`: names with titles.
pub fn catalogue() -> Value {
    let designs = DESIGNS.map(|design| json!({ "name": design.name(), "title": design.summary() }));
    let cpus = PresetKind::Cpu.names().into_iter().filter_map(|name| {
        let profile = shared_profile(name)?;
        Some(json!({ "name": name, "title": profile.host.model, "cores": profile.host.cores }))
    });
    json!({
        "designs": designs,
        "nics": titled(PresetKind::Nic),
        "cards": titled(PresetKind::Accelerator),
        "slots": titled(PresetKind::Pcie),
        "mixes": titled(PresetKind::Mix),
        "cpus": cpus.collect::<Vec<_>>(),
        "stacks": Stack::ALL.map(Stack::name),
        "ciphers": ciphers(),
    })
}

fn titled(kind: PresetKind) -> Vec<Value> {
    let preset = |name: &str| {
        let title = load(kind, name).ok()?.values.get("title")?.as_str()?.to_owned();
        Some(json!({ "name": name, "title": title }))
    };
    kind.names().into_iter().filter_map(preset).collect()
}

/// Names of ciphers, as scenarios have them.
fn ciphers() -> Vec<Value> {
    use espsim_model::profile::Algorithm;
    Algorithm::ALL.iter().filter_map(|algorithm| serde_json::to_value(algorithm).ok()).collect()
}
