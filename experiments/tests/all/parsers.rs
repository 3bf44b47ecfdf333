//! Whatever is given to the program's parsers, they refuse it in words or take it: no panic, no hang, no heap of memory.
//!
//! `experiments/fuzz` runs the same parsers on millions of inputs that coverage leads to.

#[path = "../../fuzz/src/lib.rs"]
mod entries;

use std::path::{Path, PathBuf};

use espsim_model::preset;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use toml::{Table, Value};

use crate::common::message::unbroken;
use entries::{PARSERS, Parse, check};

fn parser(name: &str) -> Parse {
    PARSERS.into_iter().find(|(known, _)| *known == name).unwrap().1
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every shipped scenario, and one that sweeps in every way.
fn scenarios() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shipped = ["scenarios", "fuzz/seeds/scenario"].into_iter().flat_map(|folder| files(&root.join(folder)));
    shipped.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// A capture in either format, and a table.
fn traces() -> Vec<Vec<u8>> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/trace");
    files(&seeds).iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A microbenchmark as a file.
const BENCH: &str = "kind = \"pcie-bench\"\ntest = [\"read-bandwidth\", \"write-bandwidth\"]\nsize = [64, \"128..2048\"]\n\
                     window = [\"8 KiB\"]\ncache = \"cold\"\nlanes = 8\nmps = \"256 B\"\niommu = true\niommu-entries = 64\n";

/// What each tool has written, and rows made of it.
fn measurements() -> Vec<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import");
    let folders = [data.clone(), data.join("csit"), data.join("pcie-bench")];
    let all = folders.iter().flat_map(|folder| files(folder)).filter(|path| path.is_file());
    all.map(|path| std::fs::read(path).unwrap()).collect()
}

fn profiles() -> Vec<String> {
    preset::PresetKind::Cpu.files().iter().map(|(_, text)| (*text).to_owned()).collect()
}

/// What a table or list holds, however deep, as places: the numbers of the children to go through.
fn places(value: &Value, here: &mut Vec<usize>, into: &mut Vec<Vec<usize>>) {
    for (i, child) in children(value).into_iter().enumerate() {
        here.push(i);
        into.push(here.clone());
        places(child, here, into);
        here.pop();
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Table(table) => table.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

fn child(value: &mut Value, i: usize) -> &mut Value {
    match value {
        Value::Table(table) => table.iter_mut().nth(i).unwrap().1,
        Value::Array(items) => &mut items[i],
        _ => unreachable!("places lead through tables and lists"),
    }
}

/// What may befall a value of a file.
#[derive(Debug, Clone)]
enum Damage {
    Drop,
    Rename(String),
    Replace(Value),
    /// Of a list, so many times the same.
    Repeat(usize),
    Nest(usize),
}

impl Damage {
    fn befall(self, parent: &mut Value, i: usize) {
        match (self, parent) {
            (Damage::Drop, Value::Table(table)) => {
                let key = table.keys().nth(i).unwrap().clone();
                table.remove(&key);
            }
            (Damage::Drop, Value::Array(items)) => {
                items.remove(i);
            }
            (Damage::Rename(name), Value::Table(table)) => {
                let key = table.keys().nth(i).unwrap().clone();
                let value = table.remove(&key).unwrap();
                table.insert(name, value);
            }
            (Damage::Repeat(n), Value::Array(items)) => items.extend(vec![items[i].clone(); n]),
            (Damage::Nest(depth), parent) => {
                let place = child(parent, i);
                let inner = std::mem::replace(place, Value::Boolean(false));
                *place = (0..depth).fold(inner, |value, n| match n % 2 {
                    0 => Value::Array(vec![value]),
                    _ => Value::Table(Table::from_iter([("a".to_owned(), value)])),
                });
            }
            (Damage::Replace(value), parent) => *child(parent, i) = value,
            _ => {}
        }
    }
}

/// Numbers that break arithmetic.
fn numbers() -> impl Strategy<Value = Value> {
    let integers =
        select(vec![0, 1, -1, 2, 255, 65_536, 1 << 31, 1 << 53, i64::MAX, i64::MIN]).prop_map(Value::Integer);
    let floats = [0.0, -0.0, 1e-320, 0.5, 1.5, -1e300, 1e18, f64::MAX, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    prop_oneof![integers, any::<i64>().prop_map(Value::Integer), select(floats.to_vec()).prop_map(Value::Float)]
}

/// Quantities, near right ones and far from them.
fn quantities() -> impl Strategy<Value = String> {
    let units = ["", "B", "KiB", "GiB", "Gbps", "Tbps", "ps", "us", "s", "%", "GHz", "Mpps", "Gpps", "µs", "gbps"];
    let numbers =
        ["0", "1", "64", "1e3", "-1", "0.0000001", "9000000", "9e15", "9007199254740993", "nan", "inf", "1.2.3", "."];
    let exact = (select(numbers.to_vec()), select(vec!["", " ", "\t", "\u{a0}"]), select(units.to_vec()));
    exact.prop_map(|(number, space, unit)| format!("{number}{space}{unit}"))
}

fn texts() -> impl Strategy<Value = String> {
    let names =
        ["", "host", "inline-crypto", "zen4", "preset:", "saturate", "off", "a.b", "series", ">= 4", "!= 64 B", "<"];
    prop_oneof![
        quantities(),
        select(names.to_vec()).prop_map(str::to_owned),
        any::<String>(),
        (select(vec!["x", "é", "\n", ".", "[", "\u{301}"]), 0..1000usize).prop_map(|(text, n)| text.repeat(n)),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        numbers(),
        texts().prop_map(Value::String),
        any::<bool>().prop_map(Value::Boolean),
        Just(Value::Datetime("1979-05-27T07:32:00Z".parse().unwrap())),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((texts(), inner), 0..4).prop_map(|pairs| Value::Table(Table::from_iter(pairs))),
        ]
    })
}

fn damages() -> impl Strategy<Value = Damage> {
    prop_oneof![
        Just(Damage::Drop),
        texts().prop_map(Damage::Rename),
        values().prop_map(Damage::Replace),
        quantities().prop_map(|text| Damage::Replace(Value::String(text))),
        (0..100usize).prop_map(Damage::Repeat),
        select(vec![1, 2, 40, 90, 1000]).prop_map(Damage::Nest),
    ]
}

/// One of these files with some values damaged.
fn damaged(files: Vec<String>) -> impl Strategy<Value = String> {
    let damages = proptest::collection::vec((any::<Index>(), damages()), 1..4);
    (select(files), damages).prop_map(|(text, damages)| {
        let mut root = Value::Table(text.parse().unwrap());
        for (index, damage) in damages {
            let mut all = Vec::new();
            places(&root, &mut Vec::new(), &mut all);
            if let Some((last, way)) = all.get(index.index(all.len().max(1))).and_then(|place| place.split_last()) {
                damage.befall(way.iter().fold(&mut root, |value, &i| child(value, i)), *last);
            }
        }
        toml::to_string(&root).unwrap_or_default()
    })
}

/// One of these files with its text damaged: octets replaced, a part cut out or doubled.
fn torn<T: Into<Vec<u8>> + Clone + std::fmt::Debug + 'static>(files: Vec<T>) -> impl Strategy<Value = Vec<u8>> {
    (select(files), any::<[Index; 2]>(), any::<Vec<u8>>(), 0..3u8).prop_map(|(text, ends, octets, how)| {
        let octets_of_text = text.into();
        let ends = ends.map(|end| end.index(octets_of_text.len() + 1));
        let (from, to) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let (before, cut, after) = (&octets_of_text[..from], &octets_of_text[from..to], &octets_of_text[to..]);
        let between = match how {
            0 => octets,
            1 => [cut, cut].concat(),
            _ => Vec::new(),
        };
        [before, &between, after].concat()
    })
}

/// A refusal of a file names the file and the line.
fn assert_refusal_of_a_file(name: &str, said: Option<String>) -> Result<(), TestCaseError> {
    if let Some(said) = said {
        prop_assert!(said.contains(&format!("{name}:")), "{said}");
    }
    Ok(())
}

proptest! {
    // The same cases every time; what is new is looked for by fuzzing.
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn scenarios_with_damaged_values(text in damaged(scenarios())) {
        assert_refusal_of_a_file("scenario.toml", check(parser("scenario"), text.as_bytes()))?;
    }

    #[test]
    fn torn_scenarios(octets in torn(scenarios())) {
        assert_refusal_of_a_file("scenario.toml", check(parser("scenario"), &octets))?;
    }

    #[test]
    fn profiles_with_damaged_values(text in damaged(profiles())) {
        assert_refusal_of_a_file("host.toml", check(parser("profile"), text.as_bytes()))?;
    }

    #[test]
    fn torn_profiles(octets in torn(profiles())) {
        assert_refusal_of_a_file("host.toml", check(parser("profile"), &octets))?;
    }

    #[test]
    fn torn_traces(octets in torn(traces())) {
        if let Some(said) = check(parser("trace"), &octets) {
            prop_assert!(said.contains("trace: "), "{said}");
        }
    }

    #[test]
    fn torn_measurements(octets in torn(measurements()), (name, file) in select(vec![
        ("openssl", "measured"), ("crypto", "measured"), ("iperf", "measured"), ("csit", "measured"),
        ("pcie", "measured.csv"), ("rows", "rows.csv"),
    ])) {
        assert_refusal_of_a_file(file, check(parser(name), &octets))?;
    }

    #[test]
    fn benchmarks_with_damaged_values(text in damaged(vec![BENCH.to_owned()])) {
        assert_refusal_of_a_file("bench.toml", check(parser("bench"), text.as_bytes()))?;
    }

    #[test]
    fn settings_of_any_value(key in texts(), values in proptest::collection::vec(values(), 1..3)) {
        for value in values {
            check(parser("settings"), format!("{key}={value}").as_bytes());
            check(parser("settings"), format!("traffic.packet={value}\nnic.line_rate={value}").as_bytes());
        }
    }

    #[test]
    fn command_lines(rate in quantities(), size in quantities(), share in quantities(), count in texts()) {
        let plan = ["plan", "--rate", &rate, "--mix", &size, "--loss", &share, "--headroom", &share];
        let compare = ["compare", "--rates", &rate, "--packets", &size, "--cores", &count, "--loss", &share];
        let run = ["run", "s.toml", "--shard", &count, "--seed", &count, "--set", &count];
        for words in [&plan[..], &compare, &run] {
            check(parser("command"), words.join("\n").as_bytes());
        }
    }

    #[test]
    fn any_text_for_any_parser((name, parse) in select(PARSERS.to_vec()), text in any::<String>(), octets in any::<Vec<u8>>()) {
        prop_assert!(!name.is_empty());
        check(parse, text.as_bytes());
        check(parse, &octets);
    }
}

fn refused(name: &str, input: &str, expected: &str) {
    let said = check(parser(name), input.as_bytes()).unwrap_or_else(|| panic!("{name} takes {input}"));
    let said = unbroken(&said);
    assert!(said.contains(expected), "`{expected}` is missing in: {said}");
}

/// What would take for ever, or all memory, is refused before it is begun.
#[test]
fn giants_are_refused() {
    let many = |n: usize| vec!["1"; n].join(",");
    let axes = |n: usize| format!("a = [{0}]\nb = [{0}]\nc = [{0}]\nd = [{0}]\ne = [{0}]\n", many(n));
    refused("scenario", "replications = 1000000000", "1 to 1000");
    refused("scenario", &format!("[sweep]\n{}", axes(10_000)), "combinations: at most");
    refused("scenario", &format!("[sweep]\n{}", axes(26)), "runs: at most");
    let series: String = (0..11).map(|i| format!("[[series]]\nname = \"{i}\"\n")).collect();
    let skip = "[[sweep.skip]]\nseries = \"1\"\n";
    let axes = axes(39);
    refused_when_counted(&format!("{series}[sweep]\n{axes}{skip}"), "combinations in all series: at most");
    refused("scenario", &"# nothing\n".repeat(2_000_000), "more than 16 MiB");
    refused("scenario", &format!("a = {}1{}", "[".repeat(100_000), "]".repeat(100_000)), "recurs");
    refused("scenario", &format!("{}b = 1", "a.".repeat(100_000)), "recurs");
    refused("scenario", &format!("\"{}b\" = 1", "a.".repeat(100_000)), "tables in more than 16 tables");
    let deep = format!("{}b=1", "a.".repeat(60_000));
    refused("settings", &deep, "more than 16 parts");
    let drawing = |inside: String| format!("<svg viewBox='0 0 1 1' xmlns='http://www.w3.org/2000/svg'>{inside}</svg>");
    refused("figure", &drawing(["<g>".repeat(20_000), "</g>".repeat(20_000)].concat()), "in 64 others");
    refused("command", &format!("plan\n--rate\n1Gbps\n--set\n{deep}"), "more than 16 parts");
    let sizes: Vec<String> = (100..400).map(|size| format!("{size}B")).collect();
    refused(
        "command",
        &format!(
            "compare\n--packets\n{0}\n--cores\n{1}",
            sizes.join(","),
            (1..99).map(|n| n.to_string()).collect::<Vec<_>>().join(",")
        ),
        "combinations of --rates",
    );
}

/// Of a sweep that leaves out something, where the parsers under test do not count combinations.
fn refused_when_counted(text: &str, expected: &str) {
    let file =
        espsim_sweep::file::scenario_file::ScenarioFile::parse(Path::new("scenario.toml"), text.to_owned()).unwrap();
    let said = espsim_sweep::points::Kept::new(&file).unwrap_err().to_string();
    assert!(said.contains(expected), "{said}");
}

/// What was found by damaging files: all of it was taken, or ended the program, before.
#[test]
fn what_is_wrong_in_files_is_refused() {
    refused("scenario", "host.cores = 1\n\"host.cores\" = 2", "`host.cores` stands twice");
    refused("scenario", "a = \"\u{e9}\n", "scenario.toml:1");
    let plot = "[sweep]\n\"host.cores\" = [1]\n[[plot]]\nfile = \"a\"\ntitle = \"\"\nx = \"host.cores\"\nx_label = \"x\"\ny = \"loss\"\ny_label = \"y\"\n";
    assert_eq!(check(parser("scenario"), plot.as_bytes()), None);
    refused("scenario", &format!("{plot}y_factor = inf"), "`plot.y_factor` is inf");
    refused("scenario", &format!("{plot}x_factor = 0.0"), "`plot.x_factor` is 0");
    refused("scenario", &plot.replace("y_label = \"y\"\n", ""), "`plot` lacks `y_label`");
    refused("scenario", &format!("{plot}kind = \"cycles\""), "`plot.x` is of curves");
    let bars = "[sweep]\n\"host.cores\" = [1, 2]\n[[plot]]\nfile = \"a\"\ntitle = \"\"\nkind = \"passes\"\n";
    refused("scenario", bars, "`plot.only` lacks `host.cores`");
    let twice = plot.split_once("[[plot]]").unwrap().1;
    refused("scenario", &format!("{plot}[[plot]]{twice}"), "a name of its own");
    let haswell = &profiles()[0];
    let wrong = |from: &str, to: &str, expected: &str| {
        assert!(haswell.contains(from), "{from}");
        refused("profile", &haswell.replacen(from, to, 1), expected);
    };
    wrong("frequency = \"2.6 GHz\"", "frequency = \"2.6 GHz\"\navx_frequency = \"0 Hz\"", "a frequency above zero");
    wrong(
        "per_operation = { value = 450.0, low = 270.0, high = 720.0 }",
        "per_operation = { value = 450.0, low = -inf, high = inf }",
        "with an interval of ascending numbers",
    );
    wrong(
        "per_operation = { value = 450.0, low = 270.0, high = 720.0 }",
        "per_operation = { value = 450.0, low = 500, high = 400 }",
        "with an interval of ascending numbers",
    );
    wrong("[[aead]]", "[intervals.\"host.frequency\"]\nvalue = -5.0\nlow = -6.0\nhigh = -4.0\n[[aead]]", "0 or more");
}

/// A value is one value, whatever it looks like.
#[test]
fn a_setting_has_one_value() {
    let parse = |text: &str| text.parse::<espsim_sweep::file::value::Setting>();
    assert_eq!(parse("nic.title=1 b = 2").unwrap().value, Value::String("1 b = 2".into()));
    assert!(parse("nic.title=1\nb = 2").unwrap_err().contains("control character"));
}

/// What is wrong far to the right in a line is shown too.
#[test]
fn errors_far_to_the_right_are_shown() {
    let far = "x".repeat(70_000);
    for (name, input) in [
        ("scenario", format!("title = \"{far}\" wrong")),
        ("scenario", format!("a = {{ b = \"{far}\", b = 1 }}")),
        ("profile", format!("format = \"{far}\", 2")),
        ("prices", format!("currency = \"{far}\" 1")),
        ("report", format!("{{\"kind\":\"run\",\"title\":\"{far}\",}}")),
        ("figure", format!("<svg xmlns=\"http://www.w3.org/2000/svg\" a=\"{far}\"><g></svg>")),
    ] {
        let said = check(parser(name), input.as_bytes()).unwrap_or_else(|| panic!("{name} takes it"));
        assert!(said.len() < 5000, "{name}: {} octets", said.len());
    }
}
