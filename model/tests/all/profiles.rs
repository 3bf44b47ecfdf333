//! Profiles as files: what they leave out, what they must not say, and what they said in older formats.

use espsim_model::preset::{self, Evidence, PresetKind};
use espsim_model::profile::{AeadCost, Profile, ProfileError, SET};
use espsim_model::stack::{COSTS, Stack};
use espsim_model::units::{Bytes, Cycles, Hertz, Time};
use toml::{Table, Value};

/// As the Haswell preset stood in these formats, citations cut.
const FORMAT_2: &str = include_str!("profiles/format-2.toml");
const FORMAT_3: &str = include_str!("profiles/format-3.toml");

fn haswell() -> Profile {
    preset::profile("haswell").unwrap().unwrap()
}

/// A text with something changed in its tables.
fn changed(text: &str, change: impl FnOnce(&mut Table)) -> Result<Profile, ProfileError> {
    let mut table: Table = text.parse().unwrap();
    change(&mut table);
    Profile::from_toml(&table.to_string())
}

fn table<'a>(of: &'a mut Table, name: &str) -> &'a mut Table {
    of[name].as_table_mut().unwrap()
}

#[test]
fn what_is_not_said_is_that_of_the_base() {
    let text = "format = 4\nbase = \"haswell\"\n[stack]\nxfrm = 900\nsend = 3000\n[sources]\n\"stack.xfrm\" = \"measured: by hand\"\n";
    let profile = Profile::from_toml(text).unwrap();
    let base = haswell();
    assert_eq!((profile.stack.xfrm, profile.stack.send), (Cycles(900.0), Cycles(3000.0)));
    assert_eq!(profile.filled_from.as_deref(), Some("haswell"));
    // An interval and a source are of the value that they stand beside.
    assert!(!profile.intervals.contains_key("stack.xfrm"));
    assert_eq!(profile.evidence("stack.xfrm"), Evidence::Measured);
    assert_eq!(profile.source("stack.send"), Some("estimate: given in the profile without a source"));
    assert_eq!(profile.source("stack.segment"), base.source("stack.segment"));
    assert_eq!((&profile.aead, &profile.sa, &profile.host), (&base.aead, &base.sa, &base.host));
    // Written, it stands for itself and is read as the same.
    assert_eq!(Profile::from_toml(&profile.to_toml().unwrap()).unwrap(), profile);
    let unknown = text.replace("haswell", "zen44");
    assert_eq!(Profile::from_toml(&unknown).unwrap_err(), ProfileError::Base { name: "zen44".into() });
}

#[test]
fn a_cipher_replaces_all_of_its_algorithm_and_direction() {
    let row = |more: &str| {
        format!(
            "format = 4\nbase = \"zen4\"\n[[aead]]\nalgorithm = \"aes-128-gcm\"\ndirection = \"seal\"\nbackend = \"ring\"\n{more}"
        )
    };
    let profile = Profile::from_toml(&row("curve.per_octet = { value = 0.5 }\n")).unwrap();
    let base = preset::profile("zen4").unwrap().unwrap();
    let of = |profile: &Profile| profile.aead.iter().filter(|cost| cost.key().contains("aes-128-gcm.seal")).count();
    assert_eq!((of(&profile), of(&base)), (1, 4));
    assert_eq!(profile.aead[0].curve.per_octet.value, 0.5);
    assert_eq!(profile.aead[0].curve.per_operation, base.aead[0].curve.per_operation, "what it does not say");
    assert_eq!(profile.aead.len(), base.aead.len() - 3);
    assert_eq!(profile.evidence("aead.aes-128-gcm.seal.ring"), Evidence::Estimate);
    assert!(!profile.sources.contains_key("aead.aes-128-gcm.seal.aws-lc-rs"));
    // Of another implementation the base knows nothing to add.
    let other = row("").replace("ring", "other");
    let Err(ProfileError::Keys { missing, .. }) = Profile::from_toml(&other) else { panic!("{other}") };
    assert_eq!(missing, ["aead[0].curve"]);
}

#[test]
fn everything_that_is_missing_or_unknown_is_named_at_once() {
    let text = haswell().to_toml().unwrap();
    let error = changed(&text, |profile| {
        table(profile, "stack").remove("send");
        table(profile, "host").remove("l2");
        profile.remove("memory");
        let xfrm = table(profile, "stack").remove("xfrm").unwrap();
        table(profile, "stack").insert("xfrn".into(), xfrm);
        let row = profile["aead"][1].as_table_mut().unwrap();
        row.insert("orgin".into(), "preset".into());
        table(row, "curve").remove("per_octet");
    })
    .unwrap_err();
    let message = error.to_string();
    let ProfileError::Keys { mut missing, unknown } = error else { panic!("{message}") };
    missing.sort();
    assert_eq!(missing, ["aead[1].curve.per_octet", "host.l2", "memory", "stack.send", "stack.xfrm"]);
    let unknown: Vec<&str> = unknown.iter().map(|unknown| unknown.key.as_str()).collect();
    assert_eq!(unknown, ["aead[1].orgin", "stack.xfrn"]);
    assert!(
        message.contains("missing: `") && message.contains("no profile has: `aead[1].orgin`, `stack.xfrn`"),
        "{message}"
    );
    let none = Profile::from_toml("format = 4\n").unwrap_err().to_string();
    assert_eq!(none, "missing: `host`, `aead`, `memory`, `stack`, `sources`");
}

/// Each stack has its own costs: what another has it need not say.
#[test]
fn every_stack_says_its_own_costs() {
    let text = haswell().to_toml().unwrap();
    for stack in Stack::ALL {
        for cost in COSTS {
            let without = changed(&text, |profile| drop(table(profile, stack.table()).remove(cost.name)));
            let must = cost.stacks.contains(&stack);
            assert_eq!(without.is_err(), must, "{}.{}", stack.table(), cost.name);
        }
    }
}

#[test]
fn other_formats_are_named() {
    let with = |format: i64| Profile::from_toml(&format!("format = {format}\n")).unwrap_err();
    assert_eq!(with(1), ProfileError::Older { found: 1 });
    assert_eq!(with(5), ProfileError::Newer { found: 5 });
    assert!(with(5).to_string().contains("written by a newer espsim"));
    assert!(Profile::from_toml("").unwrap_err().to_string().contains("format = 4"));
}

/// The same values, in the words of today.
#[test]
fn format_3_is_read_as_what_it_said() {
    let (now, before) = (haswell(), Profile::from_toml(FORMAT_3).unwrap());
    assert_eq!((&before.host, &before.memory, &before.stack), (&now.host, &now.memory, &now.stack));
    assert_eq!((&before.xdp, &before.vector, &before.sa), (&now.xdp, &now.vector, &now.sa));
    // Since then it has one cipher more, and ranges of more values.
    let curve = |cost: &AeadCost| cost.curve.coefficients().map(|(_, coefficient)| coefficient.value);
    let of = |profile: &Profile, cost: &AeadCost| profile.aead.iter().find(|row| row.key() == cost.key()).map(curve);
    assert!(before.aead.len() == 8 && before.aead.iter().all(|cost| of(&now, cost) == Some(curve(cost))));
    assert!(before.intervals.iter().all(|(key, interval)| now.intervals.get(key) == Some(interval)));
    // Costs that it did not have are estimates; what its stack always had must be there.
    let without = |of: &str, name: &str| {
        changed(FORMAT_3, |profile| {
            table(profile, of).remove(name);
            table(profile, "intervals").remove(&format!("{of}.{name}"));
            table(profile, "sources").remove(&format!("{of}.{name}"));
        })
    };
    let policy = without("stack", "policy").unwrap();
    assert_eq!(policy.stack.policy, Cycles(700.0));
    assert!(policy.source("stack.policy").unwrap().starts_with("estimate: not in the profile"));
    assert_eq!(without("host", "l3").unwrap().host.l3, Bytes::new(32 << 20));
    let always = [
        ("xdp", &["receive", "transmit", "doorbell", "complete"][..]),
        ("stack", &["send", "receive", "transmit", "doorbell", "xfrm_offload", "crypto_submit", "crypto_complete"]),
    ];
    for (of, names) in always {
        for name in names {
            let error = without(of, name).unwrap_err().to_string();
            assert_eq!(error, format!("missing: `{of}.{name}`"));
            assert!(*name == "send" || without("vector", name).is_ok(), "{name}");
        }
    }
}

/// Vector processing had three costs by other names, and ESP one for all who encrypt.
#[test]
fn format_2_is_read_with_its_names() {
    let before = Profile::from_toml(FORMAT_2).unwrap();
    let old: Table = FORMAT_2.parse().unwrap();
    let number = |of: &str, name: &str| old[of][name].as_float().unwrap();
    let vector = before.vector.as_ref().unwrap();
    let costs = [(vector.poll, "vector"), (vector.forward, "packet"), (vector.xfrm, "esp")];
    assert!(costs.iter().all(|(cost, name)| cost.0 == number("vector", name)), "{vector:?}");
    let xfrm = number("stack", "xfrm");
    assert_eq!(
        [before.stack.xfrm, before.stack.xfrm_offload, before.stack.xfrm_offload_segment].map(|c| c.0),
        [xfrm; 3]
    );
    assert!(before.source("vector.poll").is_some_and(|source| before.sources["vector.poll"] == source));
    assert_eq!(before.aead.len(), old["aead"].as_array().unwrap().len());
    assert_eq!(Profile::from_toml(&before.to_toml().unwrap()).unwrap(), before);
}

/// A table said `measured` of all that it had: what a source says of a value counts.
#[test]
fn a_tables_origin_becomes_that_of_each_value() {
    for guest in ["measured-uml", "guest-uml"] {
        let profile = changed(FORMAT_3, |profile| {
            table(profile, "stack").insert("origin".into(), guest.into());
            table(profile, "sa").insert("origin".into(), guest.into());
            let sources = table(profile, "sources");
            for key in ["stack.send", "sa"] {
                sources.insert(key.into(), format!("{guest}: User-Mode Linux 6.12 on netdevsim").into());
            }
            let row = profile["aead"][0].as_table_mut().unwrap();
            row.insert("origin".into(), "measured".into());
        })
        .unwrap();
        assert_eq!(profile.evidence("stack.send"), Evidence::Estimate, "no measurement of this kernel");
        assert_eq!(profile.evidence("sa.add"), Evidence::Estimate);
        assert_eq!(profile.evidence("stack.deliver"), haswell().evidence("stack.deliver"), "it measured nothing of it");
        assert_eq!(profile.evidence(&profile.aead[0].key()), Evidence::Measured);
    }
    let emulated = changed(FORMAT_3, |profile| drop(table(profile, "sa").insert("origin".into(), "emulated".into())));
    assert_eq!(emulated.unwrap().sa, None, "an emulator's times are none");
}

#[test]
fn values_are_set_by_their_keys() {
    let base = haswell();
    let set = |key: &str, value: &str| base.with(&[(key.to_owned(), value.parse().unwrap())]);
    let xfrm = set("stack.xfrm", "900").unwrap();
    assert_eq!((xfrm.stack.xfrm, xfrm.source("stack.xfrm")), (Cycles(900.0), Some(SET)));
    assert!(!xfrm.intervals.contains_key("stack.xfrm") && base.intervals.contains_key("stack.xfrm"));
    assert_eq!(set("host.frequency", "\"3 GHz\"").unwrap().host.frequency, Hertz::new(3_000_000_000));
    let cipher = set("aead.aes-128-gcm.seal.openssl.per_octet", "0.5").unwrap();
    assert_eq!(cipher.aead[0].curve.per_octet.value, 0.5);
    assert_eq!(cipher.aead[1], base.aead[1], "the other direction stays");
    assert_eq!(set("sa.add", "\"3 us\"").unwrap().sa.unwrap().add.median(), Time::from_us(3));
    // What is set already is no change of a value.
    assert_eq!(xfrm.with(&[("stack.xfrm".into(), Value::from(900))]).unwrap(), xfrm);
    for (key, value) in
        [("stack.xfrn", "900"), ("stack", "1"), ("aead", "1"), ("sources.stack", "\"a\""), ("format", "4")]
    {
        assert!(matches!(set(key, value), Err(ProfileError::Keys { .. })), "{key}");
    }
    for (key, value) in [("stack.xfrm", "-1"), ("stack.xfrm", "\"900\""), ("host.frequency", "3"), ("sa.add", "3")] {
        assert!(set(key, value).is_err(), "{key} = {value}");
    }
}

/// What has no source is an estimate, and so is what a part of it is.
#[test]
fn every_value_of_every_preset_has_evidence() {
    for (name, _) in PresetKind::Cpu.files() {
        let profile = preset::profile(name).unwrap().unwrap();
        let keys = profile.values();
        assert!(keys.len() > 100, "{name}: {}", keys.len());
        for key in &keys {
            assert!(profile.source(key).is_some(), "{name}: {key}");
        }
        let kinds: std::collections::BTreeSet<Evidence> = keys.iter().map(|key| profile.evidence(key)).collect();
        assert!(kinds.contains(&Evidence::Estimate) && kinds.contains(&Evidence::Published), "{name}: {kinds:?}");
    }
    let mut profile = haswell();
    profile.sources.remove("host.cores");
    assert_eq!(profile.evidence("host.cores"), Evidence::Estimate);
    assert_eq!(Evidence::of("not measured here: AMD EPYC; derived: 2 times 3"), Evidence::Derived);
    assert_eq!(Evidence::of("not measured here, below zero (-8 cycles); estimate: some"), Evidence::Estimate);
}
