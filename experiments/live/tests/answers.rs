//! What a page is told is what the model says.

use espsim_live::answer;
use espsim_model::preset;
use espsim_model::run::seed;
use espsim_model::scenario::Scenario;
use serde_json::{Value, json};

fn ask(request: Value) -> Value {
    serde_json::from_str(&answer(&request.to_string())).unwrap()
}

fn request(ask: &str, settings: Value, more: Value) -> Value {
    let mut request = json!({ "ask": ask, "cpu": "zen4", "settings": settings });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

#[test]
fn a_simulation_is_that_of_the_model() {
    let settings =
        json!({ "placement": "inline-crypto", "host.cores": 2, "traffic.packet": "256 B", "run.max_packets": 20000 });
    let said = ask(request("simulate", settings, json!({ "seed": 7 })));
    let words = [
        ("placement", "inline-crypto"),
        ("host.cores", "2"),
        ("traffic.packet", "256 B"),
        ("run.max_packets", "20000"),
    ];
    let scenario = Scenario::from_settings(&words).unwrap();
    let profile = preset::profile("zen4").unwrap().unwrap();
    let record = espsim_model::simulate(&scenario, &profile, seed(7, 0)).unwrap();
    assert_eq!(said["ok"]["metrics"], serde_json::to_value(record.metrics()).unwrap());
    assert_eq!(said["ok"]["limit"], record.bottleneck.unwrap().name());
}

#[test]
fn limits_of_a_size_are_those_of_a_scenario_with_it() {
    let settings = json!({ "placement": "host", "traffic.mix": "simple-imix", "traffic.mtu": "1600 B" });
    let said = ask(request("limits", settings, json!({ "sizes": [64, 1400, 100000] })));
    let own = ask(request(
        "limits",
        json!({ "placement": "host", "traffic.packet": "1400 B", "traffic.mtu": "1600 B" }),
        json!({}),
    ));
    let sizes = said["ok"]["sizes"].as_array().unwrap();
    assert_eq!(sizes[1], own["ok"]["goodput_gbps"]);
    assert!(sizes[0].as_f64().unwrap() < sizes[1].as_f64().unwrap() && sizes[2].is_null(), "{sizes:?}");
    let limits = own["ok"]["limits"].as_array().unwrap();
    assert!(limits.windows(2).all(|pair| pair[0]["gbps"].as_f64() <= pair[1]["gbps"].as_f64()), "{limits:?}");
}

#[test]
fn more_load_takes_more_cores_and_draws_lie_around_them() {
    let cores = |rate: &str, ask_for: &str, more: Value| {
        let settings = json!({ "placement": "host", "traffic.direction": "encrypt", "traffic.arrival": "poisson",
            "traffic.rate": rate, "traffic.packet": "1000 B", "traffic.steering": "rss", "traffic.flows": 1024 });
        ask(request(ask_for, settings, more))["ok"]["cores"].clone()
    };
    let [few, many] = ["5 Gbps", "40 Gbps"].map(|rate| cores(rate, "cores", json!({})).as_u64().unwrap());
    assert!(few >= 2 && many > 4 * few, "{few} {many}");
    let band = cores("40 Gbps", "doubt", json!({ "draws": 20, "seed": 1 }));
    assert!(band[0].as_u64() < Some(many) || band[0].as_f64().unwrap() < many as f64, "{band}");
    assert!(band[1].as_f64().unwrap() > many as f64, "{band}");
}

#[test]
fn what_cannot_be_says_why() {
    let settings = json!({ "placement": "inline-crypto", "nic.preset": "nic-100g" });
    let said = ask(request("simulate", settings, json!({ "seed": 1 })));
    assert!(said["error"]["message"].as_str().unwrap().len() > 10, "{said}");
    let said = ask(request("limits", json!({ "host.coers": 2 }), json!({})));
    assert_eq!(said["error"]["key"], "host.coers", "{said}");
    for wrong in ["", "{}", "{\"ask\":\"nothing\"}", "[1]"] {
        assert!(answer(wrong).starts_with("{\"error\""), "{wrong}");
    }
}

#[test]
fn there_is_something_to_choose_from() {
    let said = ask(json!({ "ask": "describe" }));
    for list in ["nics", "cards", "slots", "mixes", "cpus"] {
        let all = said["ok"][list].as_array().unwrap();
        assert!(!all.is_empty() && all.iter().all(|one| !one["title"].as_str().unwrap().is_empty()), "{list}");
    }
    assert_eq!(said["ok"]["designs"].as_array().unwrap().len(), 4);
}
