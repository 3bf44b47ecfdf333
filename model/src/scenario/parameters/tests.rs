use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Table;

use super::names::names;
use super::*;
use crate::hardware::accelerator::AcceleratorParams;
use crate::hardware::inline_esp::InlineEsp;
use crate::hardware::nic::NicParams;
use crate::hardware::pcie::{IommuParams, SlotParams};
use crate::layers::{PRESET_KEYS, flatten, resolve, scenario};
use crate::preset::{PresetKind, load};
use crate::scenario::{
    DpuParams, Event, Failover, HostParams, Lookaside, Offload, Pcie, RunParams, SaParams, Scenario,
};
use crate::traffic::{MixEntry, Traffic};

fn set(key: &str, value: Value) -> Result<Scenario, (String, String)> {
    let layer = Layer::from([(key.to_owned(), (value, Origin::Set))]);
    let scenario = resolve(&layer).and_then(|values| scenario(&values));
    scenario.map_err(|error| (error.key().to_owned(), error.to_string()))
}

/// The key that is refused and why, of a value at a key.
fn refused(key: &str, value: &Value) -> Option<(String, String)> {
    let profile = preset::profile("zen4").unwrap().unwrap();
    match set(key, value.clone()) {
        Ok(scenario) => scenario.check(&profile).err().map(|invalid| (invalid.key.clone(), invalid.to_string())),
        Err(error) => Some(error),
    }
}

/// A list of one table: what it must have, and a value at a name.
fn list_with(parameter: &Parameter, value: Value) -> (String, Value) {
    let list = parameter.table.trim_end_matches("[]");
    let required = listed().filter(|other| other.table == parameter.table && other.required);
    let mut table: Table = required.map(|other| (other.name.to_owned(), other.example())).collect();
    table.insert(parameter.name.to_owned(), value);
    (list.to_owned(), Value::Array(vec![Value::Table(table)]))
}

/// What to set where, for a parameter to have a value.
fn placed_at(parameter: &Parameter, value: Value) -> (String, Value) {
    match parameter.table.ends_with("[]") {
        true => list_with(parameter, value),
        false => (parameter.key(), value),
    }
}

/// A number of the base unit as a file has it; none that a type cannot have.
fn written(takes: &Takes, n: f64) -> Option<Value> {
    let text = |unit: &str, n: f64| Some(Value::String(format!("{n} {unit}")));
    match takes {
        Takes::Integer(_) => Some(Value::Integer(n as i64)),
        Takes::Number(_) => Some(Value::Float(n)),
        Takes::Quantity { quantity, .. } => match quantity {
            Quantity::Time => text("ps", n),
            Quantity::Size => text("B", n),
            Quantity::BitRate => text("bps", n),
            Quantity::PacketRate => text("pps", n),
            Quantity::Share => text("%", n * 100.0),
        },
        _ => None,
    }
}

/// Whether an error's key is that of a parameter. A mix of one size is taken for one packet.
fn names_it(named: &str, key: &str) -> bool {
    named.replace("[0]", "[]") == key || (named, key) == ("traffic.packet", "traffic.mix[].size")
}

#[test]
fn what_types_take_and_what_the_table_has_is_the_same() {
    fn fields<T: for<'de> Deserialize<'de>>(table: &str) -> (&str, BTreeSet<String>) {
        (
            table,
            names::<T>().into_iter().map(|name| format!("{table}.{name}").trim_start_matches('.').to_owned()).collect(),
        )
    }
    let types = [
        fields::<Scenario>(""),
        fields::<HostParams>("host"),
        fields::<Traffic>("traffic"),
        fields::<MixEntry>("traffic.mix[]"),
        fields::<SaParams>("sa"),
        fields::<Offload>("offload"),
        fields::<NicParams>("nic"),
        fields::<InlineEsp>("nic.esp"),
        fields::<SlotParams>("nic.pcie"),
        fields::<DpuParams>("dpu"),
        fields::<AcceleratorParams>("accelerator"),
        fields::<SlotParams>("accelerator.pcie"),
        fields::<Lookaside>("lookaside"),
        fields::<Pcie>("pcie"),
        fields::<SlotParams>("pcie.uplink"),
        fields::<IommuParams>("pcie.iommu"),
        fields::<RunParams>("run"),
        fields::<Failover>("failover"),
        fields::<Event>("failover.event[]"),
    ];
    let tables: Vec<&str> = types.iter().map(|(table, _)| *table).collect();
    assert_eq!(tables.len(), TABLES.len() + LISTED.len());
    let mut taken: BTreeSet<String> = types.iter().flat_map(|(_, fields)| fields.iter().cloned()).collect();
    taken.retain(|key| !tables.contains(&key.as_str()));
    // What layers make of other keys.
    taken.extend(PRESET_KEYS.map(|(place, _)| format!("{place}.preset")));
    taken.insert("traffic.packet".into());
    let all: Vec<String> = parameters().chain(listed()).map(|parameter| parameter.key()).collect();
    assert_eq!(all.iter().cloned().collect::<BTreeSet<_>>(), taken);
    assert_eq!(all.len(), taken.len(), "each once");
}

#[test]
fn every_key_of_defaults_and_presets_is_found_as_one_in_a_list_too() {
    let presets = PRESET_KEYS.into_iter().flat_map(|(place, kind)| {
        let keys = |name| flatten(&load(kind, name).unwrap().values, &Origin::Default).into_keys();
        kind.names().into_iter().flat_map(keys).map(move |key| format!("{place}.{key}")).collect::<Vec<_>>()
    });
    for key in RESOLVED.keys().chain(layers::defaults().keys()).cloned().chain(presets) {
        assert_eq!(find(&key).map(|parameter| parameter.key()), Some(key.clone()));
        if let Some((list, rest)) = key.split_once('.') {
            assert_eq!(find(&format!("{list}[3].{rest}")).map(|parameter| parameter.key()), Some(key.clone()));
        }
    }
    assert!(find("nic.rings").is_none() && find("ring").is_none() && find("").is_none());
    assert_eq!(find("failover.event[7].at").map(|parameter| parameter.key()).as_deref(), Some("failover.event[].at"));
}

#[test]
fn every_example_and_every_name_is_taken_and_another_is_not() {
    for parameter in parameters().chain(listed()) {
        let key = parameter.key();
        let (at, value) = placed_at(&parameter, parameter.example());
        let answer = if at == key { refused(&at, &value) } else { set(&at, value.clone()).err() };
        assert_eq!(answer, None, "{key} = {value}");
        if let Takes::Name(names) | Takes::Preset(names) | Takes::NameOrList(names, _) = parameter.takes {
            for name in names() {
                let (at, value) = placed_at(&parameter, name.into());
                assert!(set(&at, value).is_ok(), "{key} = {name}");
            }
        }
        if !matches!(parameter.takes, Takes::Text) {
            let (at, value) = placed_at(&parameter, "no such value".into());
            let (named, message) = refused(&at, &value).unwrap();
            assert!(names_it(&named, &key), "{key} = {value}: {message}");
        }
    }
}

#[test]
fn what_is_just_outside_of_a_range_is_refused_and_what_is_at_its_ends_is_of_the_type() {
    for parameter in parameters().chain(listed()) {
        let (key, takes) = (parameter.key(), &parameter.takes);
        let step = if matches!(takes, Takes::Number(_)) { 1e-6 } else { 1.0 };
        let (inside, outside) = match takes.range() {
            Range::Any => continue,
            Range::Between(low, high) if low > 0.0 => (vec![low, high], vec![low - step, high + step]),
            Range::Between(low, high) => (vec![low, high], vec![high + step]),
            Range::Above0(f64::INFINITY) => (vec![], vec![0.0]),
            Range::Above0(high) => (vec![high], vec![0.0, high * 1.001]),
            Range::OneOf(values) => (values.to_vec(), vec![values[0] - 1.0, values[values.len() - 1] + 1.0]),
        };
        for n in outside {
            let (at, value) = placed_at(&parameter, written(takes, n).unwrap());
            let (named, message) = refused(&at, &value).unwrap_or_else(|| panic!("{key} = {value} is taken"));
            assert!(names_it(&named, &key), "{key} = {value}: {message}");
            let shown = takes.range_words();
            let own = message.contains(&shown) || message.contains("of l3") || message.contains("expected u32");
            assert!(own || key == "traffic.sas", "{message} and not {shown}");
        }
        for n in inside {
            let (at, value) = placed_at(&parameter, written(takes, n).unwrap());
            let answer = set(&at, value.clone());
            assert!(answer.is_ok(), "{key} = {value}: {answer:?}");
        }
    }
}

#[test]
fn the_range_of_one_in_a_list_is_that_of_one_alone() {
    let layer = |lines: &str| flatten(&lines.parse().unwrap(), &Origin::Scenario);
    let values = resolve(&layer("[[nic]]\n[[nic]]\nring = 65537\n")).unwrap();
    let profile = preset::profile("zen4").unwrap().unwrap();
    let invalid = scenario(&values).unwrap().check(&profile).unwrap_err();
    assert_eq!(invalid.to_string(), "`nic[1].ring` is 65537: 1 to 65536");
}

#[test]
fn each_meaning_is_one_sentence_of_its_own() {
    let mut seen = BTreeSet::new();
    for (table, entries) in TABLES.into_iter().chain(LISTED) {
        // What a slot is is said once.
        if ["accelerator.pcie", "pcie.uplink"].contains(&table) {
            continue;
        }
        for entry in entries {
            let (name, meaning) = (entry.name, entry.meaning);
            assert!(seen.insert(meaning), "{table}.{name} means what another does");
            assert!(meaning.ends_with('.') && meaning.len() > 15, "{table}.{name}: {meaning}");
            assert!(meaning.len() <= 140, "{table}.{name}: {} characters", meaning.len());
            assert!(!meaning.contains(". ") && meaning.starts_with(|c: char| c.is_ascii_uppercase()), "{meaning}");
        }
    }
}

#[test]
fn defaults_have_the_evidence_of_their_source_and_choices_have_none() {
    let evidence = |key: &str| find(key).unwrap().evidence();
    assert_eq!(evidence("nic.ring"), Some(Evidence::Published));
    assert_eq!(evidence("nic.esp.sa_cache"), Some(Evidence::Estimate));
    assert_eq!(evidence("accelerator.engines"), Some(Evidence::Derived));
    assert_eq!(evidence("failover.call"), Some(Evidence::Estimate));
    assert_eq!(evidence("pcie.iommu.walk"), Some(Evidence::Derived));
    for choice in ["traffic.rate", "traffic.packet", "host.cores", "nic.count", "nic.preset", "placement"] {
        assert_eq!(evidence(choice), None, "{choice}");
    }
    assert_eq!(find("nic.preset").unwrap().example(), "connectx-6-dx".into());
    assert!(PresetKind::ALL.iter().all(|kind| !kind.names().is_empty()));
}
