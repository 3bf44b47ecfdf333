//! Housekeeping: what the sources, README and ARCHITECTURE must keep to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file.
const MOST_LINES: usize = 400;

/// Words that say nothing, or that something is left undone.
const BANNED: [&str; 8] = ["TODO", "FIXME", "XXX", "unimplemented!", "todo!", "blazing", "obviously", "simply"];

/// The crates whose modules may not depend on each other in a circle.
const CRATES: [&str; 3] = ["experiments/src", "experiments/sweep/src", "experiments/report/src"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn collect(folder: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !["target", "out", "node_modules"].contains(&name.as_str()) && !name.starts_with('.') {
            collect(&path, ending, into);
        } else if name.ends_with(ending) {
            into.push(path);
        }
    }
}

/// Every file of the project with this ending, by its path from the root, and its text.
fn files(folder: &str, ending: &str) -> BTreeMap<String, String> {
    let mut paths = Vec::new();
    collect(&root().join(folder), ending, &mut paths);
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short() {
    let long = |(path, text): (&String, &String)| {
        let lines = text.lines().count();
        (lines > MOST_LINES && !path.contains("/tests/")).then(|| format!("{path}: {lines} lines"))
    };
    assert_none(&files("", ".rs").iter().filter_map(long).collect::<Vec<_>>());
}

#[test]
fn no_word_is_banned() {
    let mut wrong = Vec::new();
    for (path, text) in files("", ".rs").iter().chain(&files("", ".md")) {
        if path.ends_with("tidy.rs") {
            continue;
        }
        for (i, line) in text.lines().enumerate() {
            wrong.extend(
                BANNED.iter().filter(|word| has_word(line, word)).map(|word| format!("{path}:{}: {word}", i + 1)),
            );
        }
    }
    assert_none(&wrong);
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let after = &line[at + word.len()..];
        !line[..at].ends_with(is_letter) && (word.ends_with('!') || !after.starts_with(is_letter))
    })
}

#[test]
fn every_scenario_is_in_the_documentation() {
    let text = read("README.md") + &read("experiments/README.md");
    let names = files("experiments/scenarios", ".toml").into_keys();
    let stem = |path: String| Path::new(&path).file_stem().unwrap().to_string_lossy().into_owned();
    let missing =
        names.map(stem).filter(|name| !text.contains(&format!("{name}.toml")) && !text.contains(&format!("`{name}`")));
    assert_none(&missing.collect::<Vec<_>>());
}

#[test]
fn every_invariant_names_a_test_that_exists() {
    let architecture = read("ARCHITECTURE.md");
    let (_, after) = architecture.split_once("nvariants").expect("a section of invariants");
    let section = after.split("\n## ").next().unwrap();
    let all: String = files("", ".rs").into_values().collect();
    let mut named = 0;
    for line in section.lines().filter(|line| line.starts_with("- ") || line.starts_with("| ")) {
        for name in line.split('`').skip(1).step_by(2) {
            let function = name.rsplit("::").next().unwrap();
            if function.matches('_').count() >= 2
                && function.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
            {
                assert!(all.contains(&format!("fn {function}(")), "{name}: there is no such test");
                named += 1;
            }
        }
    }
    assert!(named >= 10, "{named} tests are named");
}

#[test]
fn every_file_is_compiled() {
    let all = files("", ".rs");
    let mut dead = Vec::new();
    for path in all.keys().filter(|path| path.contains("/src/")) {
        let file = Path::new(path);
        let stem = file.file_stem().unwrap().to_string_lossy();
        if ["lib", "main"].contains(&&*stem) || file.parent().unwrap().ends_with("bin") {
            continue;
        }
        let folder = if stem == "mod" { file.parent().unwrap().parent().unwrap() } else { file.parent().unwrap() };
        let module = if stem == "mod" { file.parent().unwrap().file_name().unwrap().to_string_lossy() } else { stem };
        let parents =
            [folder.join("mod.rs"), folder.join("lib.rs"), folder.join("main.rs"), folder.with_extension("rs")];
        let is_named = |parent: &PathBuf| {
            let text = all.get(&*parent.to_string_lossy()).map_or("", String::as_str);
            text.contains(&format!("mod {module};"))
        };
        if !parents.iter().any(is_named) {
            dead.push(format!("{path}: no file has `mod {module};`"));
        }
    }
    assert_none(&dead);
}

/// A public item whose name stands nowhere else is used by nobody.
#[test]
fn every_public_item_is_used() {
    let all = files("", ".rs");
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for text in all.values() {
        for word in text.split(|c| !is_letter(c)) {
            *count.entry(word).or_default() += 1;
        }
    }
    let mut unused = Vec::new();
    for (path, text) in all.iter().filter(|(path, _)| CRATES.iter().any(|of| path.starts_with(of))) {
        for line in text.lines() {
            let Some(item) = line.trim_start().strip_prefix("pub ") else { continue };
            let words: Vec<&str> = item.split(|c| !is_letter(c)).filter(|word| !word.is_empty()).collect();
            let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static"];
            let Some(at) = words.iter().position(|word| kinds.contains(word)) else { continue };
            let name = words[at + 1..].iter().find(|word| !kinds.contains(word));
            unused.extend(name.filter(|name| count[**name] < 2).map(|name| format!("{path}: {name}")));
        }
    }
    assert_none(&unused);
}

/// Types and traits that every file has without naming them.
const PRELUDE: [&str; 16] = [
    "Box", "Clone", "Copy", "Drop", "Eq", "Err", "From", "Iterator", "Ok", "Option", "Ord", "Result", "Send", "Some",
    "Sync", "Vec",
];

#[test]
fn no_public_type_shadows_one_of_the_prelude() {
    let mut wrong = Vec::new();
    for (path, text) in files("", ".rs") {
        for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("pub ")) {
            let mut words = line.split(|c| !is_letter(c));
            let is_type = ["struct", "enum", "trait", "type"].contains(&words.next().unwrap_or_default());
            let name = words.next().unwrap_or_default();
            if is_type && PRELUDE.contains(&name) {
                wrong.push(format!("{path}: {name}"));
            }
        }
    }
    assert_none(&wrong);
}

/// Module by module, what each one uses of its own crate.
fn arrows(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let texts = files(source, ".rs");
    let name = |path: &str| {
        let module = path.strip_prefix(source).unwrap().trim_start_matches('/').trim_end_matches(".rs");
        let module = module.strip_suffix("/mod").unwrap_or(module);
        (!["lib", "main"].contains(&module)).then(|| module.replace('/', "::"))
    };
    let known: BTreeSet<String> = texts.keys().filter_map(|path| name(path)).collect();
    let mut arrows = BTreeMap::new();
    for (path, text) in &texts {
        let Some(module) = name(path) else { continue };
        // Unit tests may look anywhere.
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code: String =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let mut used = BTreeSet::new();
        for part in code.split("crate::").skip(1) {
            let path: String = part.chars().take_while(|c| is_letter(*c) || *c == ':').collect();
            used.extend(nearest(&known, path.trim_end_matches(':')));
        }
        for part in code.split("super::").skip(1) {
            let path: String = part.chars().take_while(|c| is_letter(*c) || *c == ':').collect();
            let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
            used.extend(nearest(&known, format!("{parent}::{path}").trim_matches(':')));
        }
        used.remove(&module);
        arrows.insert(module, used);
    }
    arrows
}

/// The module that a path leads to.
fn nearest(known: &BTreeSet<String>, path: &str) -> Option<String> {
    let mut path = path;
    loop {
        if known.contains(path) {
            return Some(path.to_owned());
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// A module that can be reached from itself, and how.
fn circle(arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    for start in arrows.keys() {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut open = vec![start.as_str()];
        while let Some(module) = open.pop() {
            for next in arrows.get(module).into_iter().flatten() {
                if next == start {
                    let mut way = vec![start.as_str(), module];
                    while let Some(from) = before.get(way[way.len() - 1]) {
                        way.push(from);
                    }
                    way.reverse();
                    return Some(way.join(" -> "));
                }
                if !before.contains_key(next.as_str()) {
                    before.insert(next, module);
                    open.push(next);
                }
            }
        }
    }
    None
}

#[test]
fn modules_have_no_circle() {
    for source in CRATES {
        let arrows = arrows(source);
        assert!(arrows.len() > 10 && arrows.values().any(|used| used.len() > 2), "{source}: arrows are found");
        assert_eq!(circle(&arrows), None, "{source}");
    }
    let of = |from: &str, to: &str| (from.to_owned(), BTreeSet::from([to.to_owned()]));
    let wrong = BTreeMap::from([of("a", "b"), of("b", "c"), of("c", "a")]);
    assert_eq!(circle(&wrong).as_deref(), Some("a -> b -> c -> a"));
}

/// Sweeps and reports are built without a command line, and sweeps without figures.
#[test]
fn crates_do_without_what_they_must_not_know() {
    let sweep = read("experiments/sweep/Cargo.toml");
    let report = read("experiments/report/Cargo.toml");
    for (manifest, banned) in
        [(&sweep, "clap"), (&report, "clap"), (&sweep, "espsim-report"), (&report, "espsim-calibrate")]
    {
        assert!(!manifest.contains(banned), "{banned}");
    }
}
