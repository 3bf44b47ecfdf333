//! `espsim report` as a user meets it: what is in it, what bad folders get, and how a browser takes it.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::common::browser::Browser;
use crate::common::message::unbroken;
use crate::common::skip::skip;
use crate::common::{espsim, text};

/// A run that takes no time, with a title and a series that want to be markup.
fn hostile() -> String {
    include_str!("common/small.toml")
        .replace("title = \"small\"", "title = \"<script>alert('t')</script> & more\"\nquestion = \"<b>which?</b>\"")
        .replace("name = \"host\"", "name = \"<img src=x onerror=alert(1)>\"")
}

const FAILOVER: &str = r#"
title = "A link is lost"
placement = "inline-crypto"
[traffic]
arrival = "poisson"
rate = "2 Gbps"
[[nic]]
[[nic]]
standby = true
[failover]
span = "20 ms"
[[failover.event]]
what = "link-down"
at = "5 ms"
[[series]]
name = "retry"
[[series]]
name = "fallback"
failover.api = "fallback-flag"
"#;

fn simulate(folder: &TempDir, command: &str, out: &str, scenario: &str) {
    let file = format!("{}.toml", out.replace('/', "-"));
    fs::write(folder.path().join(&file), scenario).unwrap();
    let output = espsim(folder).args([command, &file, "--profile", "preset:zen4", "--out", out]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn report(folder: &TempDir, args: &[&str]) -> Output {
    espsim(folder).arg("report").args(args).output().unwrap()
}

/// A report that must come about.
fn html(folder: &TempDir, out: &str) -> String {
    let output = report(folder, &[out]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    fs::read_to_string(folder.path().join(out).join("report.html")).unwrap()
}

/// What stands between all pairs of two marks.
fn between<'a>(html: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = html.split(start).skip(1);
    parts.map(|part| part.split(end).next().unwrap_or_default()).collect()
}

/// Headings and captions in their order: what a reader finds where.
fn outline(html: &str) -> String {
    let mut outline = String::new();
    for line in html.lines() {
        for (kind, end) in [("h1", "</h1>"), ("h2", "</h2>"), ("figcaption", "</figcaption>")] {
            for found in between(line, &format!("<{kind}"), end) {
                let found = found.rsplit_once('>').map_or(found, |(_, words)| words);
                writeln!(outline, "{kind} {}", found.trim()).unwrap();
            }
        }
        for found in between(line, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", "\"") {
            writeln!(outline, "table {found}").unwrap();
        }
    }
    outline
}

#[test]
fn a_run_is_told_from_the_answer_to_the_command_that_repeats_it() {
    let folder = TempDir::new().unwrap();
    simulate(&folder, "run", "out", &hostile());
    let html = html(&folder, "out");
    assert_eq!(
        outline(&html),
        "h1 &lt;script&gt;alert(&#x27;t&#x27;)&lt;&#x2f;script&gt; &amp; more\n\
         h2 Answer\n\
         figcaption Data: points.csv, metric throughput, basis l3, over traffic.packet\n\
         h2 Results\n\
         table Goodput in Gb&#x2f;s with its 95 % interval, what limits it, and idle cores\n\
         h2 What limits\n\
         table What limits throughput, and the busiest station besides\n\
         h2 What was assumed\n\
         table Values that decide the answer, the first one most\n\
         table Values by origin\n\
         h2 How far to trust it\n\
         table Published figures and the model, mechanisms of these designs\n\
         table Other mechanisms\n\
         h2 Do it again\n\
         h2 Everything\n\
         table Every point\n\
         table Parameters that differ between points\n\
         table Parameters that were chosen\n\
         table Parameters of presets\n\
         table Parameters left at their defaults\n\
         table The host: single values\n\
         table The host: AEAD, cycles per operation\n\
         table The host: control path of an SA\n"
    );
    for markup in ["<script", "<img", "<b>which", "http-equiv=\"refresh"] {
        assert!(!html.contains(markup), "{markup}");
    }
    assert!(html.contains("“&lt;img src=x onerror=alert(1)&gt;”"), "the series is named in the answer");
    // The sources of parameters, the hash of the profile, the scenario's text.
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out/manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["kind"], "run");
    for part in [manifest["profile"]["sha256"].as_str().unwrap(), "MLX5_SEND_WQE_BB", "max_packets = 20000"] {
        assert!(html.contains(part), "{part}");
    }
    // Made again, it is the same to the octet.
    let again = report(&folder, &["out", "--out", "again.html"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(html, fs::read_to_string(folder.path().join("again.html")).unwrap());
    // The command that it gives makes the same points.
    let command = between(&html, "<pre tabindex=\"0\">", "</pre>")[0].replace("&#x2f;", "/");
    fs::copy(folder.path().join("out/profile.toml"), folder.path().join("profile.toml")).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--out", "repeated"]).collect();
    assert!(espsim(&folder).args(words).output().unwrap().status.success(), "{command}");
    let points = |out: &str| fs::read(folder.path().join(out).join("points.csv")).unwrap();
    assert_eq!(points("out"), points("repeated"));
}

#[test]
fn a_failover_is_told_with_its_timelines_in_the_order_of_the_series() {
    let folder = TempDir::new().unwrap();
    simulate(&folder, "failover", "out", FAILOVER);
    let html = html(&folder, "out");
    let captions = between(&html, "<figcaption>", "</figcaption>");
    assert_eq!(captions.len(), 2);
    assert!(captions[0].contains("retry") && captions[1].contains("fallback"), "{captions:?}");
    let answer = between(&html, "<p class=\"answer\">", "</p>")[0];
    assert!(answer.contains("is without service for") && answer.contains("Security association"), "{answer}");
    assert!(html.contains("Packets lost, by cause") && html.contains("Outage, recovery, losses"));
}

#[test]
fn a_profile_that_was_changed_since_is_said_to_be() {
    let folder = TempDir::new().unwrap();
    simulate(&folder, "run", "out", include_str!("common/small.toml"));
    assert!(!html(&folder, "out").contains("is not the one that was used"));
    let path = folder.path().join("out/profile.toml");
    let profile = fs::read_to_string(&path).unwrap();
    fs::write(&path, profile + "\n# another\n").unwrap();
    assert!(html(&folder, "out").contains("is not the one that was used"));
}

/// A folder as `espsim plan` and `espsim compare` leave it.
fn planned(folder: &TempDir, rows: usize) {
    let out = folder.path().join("plan");
    fs::create_dir_all(&out).unwrap();
    let manifest = r#"{
        "format": 3, "kind": "plan", "title": "A plan", "question": "How much?", "answer": "Two cores & one <NIC>.",
        "command": ["espsim", "plan", "--rate", "40 Gbps"], "program": {"name": "espsim", "version": "0.1.0"},
        "seed": 1, "profile": {"from": "preset:zen4", "sha256": "abc"},
        "parameters": {"nic.ring": {"value": 1024, "origin": {"preset": {"kind": "nic", "name": "a", "source": "estimate: b"}}}},
        "figures": [{"file": "cores.svg", "caption": "Cores by <design>"}],
        "tables": [{"file": "more.csv", "caption": "More"}]
    }"#;
    fs::write(out.join("manifest.json"), manifest).unwrap();
    let table: String = (0..rows).map(|i| format!("design {i},{i}.123456789,core\n")).collect();
    fs::write(out.join("table.csv"), format!("design,gbps,limit\n{table}")).unwrap();
    fs::write(out.join("more.csv"), "a,b\n1,2\n").unwrap();
    let svg = "<svg width=\"720\" height=\"420\" xmlns=\"http://www.w3.org/2000/svg\"><text>cores</text></svg>";
    fs::write(out.join("cores.svg"), svg).unwrap();
}

#[test]
fn a_plan_brings_its_own_answer_and_long_tables_are_cut() {
    let folder = TempDir::new().unwrap();
    planned(&folder, 3);
    let short = html(&folder, "plan");
    assert!(short.contains("Two cores &amp; one &lt;NIC&gt;.") && short.contains("Cores by &lt;design&gt;"));
    assert!(
        short.contains("espsim plan --rate &#x27;40 Gbps&#x27; --profile profile.toml<"),
        "the command is given again"
    );
    assert!(
        short.contains("2.123<") && short.contains("estimated as is said; no figure is published"),
        "numbers are readable, origins told"
    );
    assert!(!short.contains("rows are shown") && !short.contains("<summary>Results"));
    planned(&folder, 2000);
    let long = html(&folder, "plan");
    assert!(long.contains("The first 500 of 2000 rows are shown; table.csv has them all."));
    assert!(long.contains("<summary>Results (500 rows)"), "a long table is folded");
    assert!(long.contains("design 499") && !long.contains("design 500<"));
}

#[test]
fn a_comparison_tells_what_limits_its_designs() {
    let folder = TempDir::new().unwrap();
    planned(&folder, 1);
    let path = folder.path().join("plan/manifest.json");
    let manifest = fs::read_to_string(&path).unwrap().replace("\"kind\": \"plan\"", "\"kind\": \"compare\"");
    fs::write(&path, manifest).unwrap();
    assert!(!html(&folder, "plan").contains("id=\"limits\""), "without points nothing is known");
    let points = "point,series,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n\
                  0,a,0,1,throughput,9,Gb/s,goodput,,,,core\n0,a,0,1,utilisation/wire,0.5,1,,,,,core\n";
    fs::write(folder.path().join("plan/points.csv"), points).unwrap();
    let html = html(&folder, "plan");
    assert!(html.contains("cycles of the cores that carry the data path") && html.contains("wire, 50.0 % busy"));
    assert!(html.contains("Two cores &amp; one &lt;NIC&gt;."), "the answer is its own");
}

#[test]
fn a_hundred_thousand_points_make_a_report_that_can_be_opened() {
    let folder = TempDir::new().unwrap();
    simulate(&folder, "run", "out", include_str!("common/small.toml"));
    let mut csv = "point,series,a,b,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n".to_owned();
    for point in 0..100_000 {
        let (series, place) = (point / 5000, point % 5000);
        writeln!(csv, "{point},s{series},{place},x,0,1,throughput,{place},Gb/s,goodput,,,,core").unwrap();
    }
    fs::write(folder.path().join("out/points.csv"), csv).unwrap();
    let path = folder.path().join("out/manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    let start = manifest.find("\"number_of_points\": ").unwrap();
    let length = manifest[start..].find(',').unwrap();
    fs::write(&path, manifest.replace(&manifest[start..start + length], "\"number_of_points\": 100000")).unwrap();
    let html = html(&folder, "out");
    assert!(html.len() < 2_000_000, "{}", html.len());
    for line in [
        "The first 500 of 100000 rows are shown",
        "The first 100 of 5000 rows are shown",
        "The first 7 of 20 series are columns",
    ] {
        assert!(html.contains(line), "{line}");
    }
}

/// The message for a folder that is no result; nothing is written.
fn refused(folder: &TempDir, args: &[&str]) -> String {
    let output = report(folder, args);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(!folder.path().join(args[0]).join("report.html").exists());
    unbroken(&text(&output.stderr))
}

#[test]
fn a_folder_that_is_no_result_is_told_what_it_lacks() {
    let folder = TempDir::new().unwrap();
    let has = |args: &[&str], parts: &[&str]| {
        let message = refused(&folder, args);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };
    has(&["nowhere"], &["nowhere does not exist", "out/three-pass"]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    has(&["empty"], &["empty is no complete result: manifest.json is missing"]);
    simulate(&folder, "run", "out/run", include_str!("common/small.toml").replace("small", "run").as_str());
    has(&["out"], &["manifest.json is missing", "there are results in out/run"]);
    let points = fs::read_to_string(folder.path().join("out/run/points.csv")).unwrap();
    for file in ["throughput.svg", "profile.toml", "points.csv"] {
        let path = folder.path().join("out/run").join(file);
        let content = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        has(&["out/run"], &[&format!("{file} is missing")]);
        fs::write(path, content).unwrap();
    }
    let path = folder.path().join("out/run/manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, &manifest[..manifest.len() / 2]).unwrap();
    has(&["out/run"], &["manifest.json", "EOF while parsing", "the manifest is damaged"]);
    fs::write(&path, manifest.replace("\"kind\": \"run\"", "\"kind\": \"rum\"")).unwrap();
    has(&["out/run"], &["unknown variant `rum`"]);
    fs::write(&path, &manifest).unwrap();
    fs::write(folder.path().join("out/run/points.csv"), "point,series\n").unwrap();
    has(&["out/run"], &["points.csv: columns are point, series"]);
    fs::write(folder.path().join("out/run/points.csv"), &points).unwrap();
    let last = points.rfind("\n1,").map_or(points.len(), |_| points.find("\n1,").unwrap() + 1);
    assert!(last < points.len(), "there is more than one point");
    fs::write(folder.path().join("out/run/points.csv"), &points[..last]).unwrap();
    has(&["out/run"], &["points.csv has 1 point, the manifest names "]);
    fs::create_dir_all(folder.path().join("shard/journal")).unwrap();
    has(&["shard"], &["manifest.json is missing", "`espsim merge` joins shards"]);
    planned(&folder, 1);
    let path = folder.path().join("plan/manifest.json");
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace("cores.svg", "../empty/cores.svg")).unwrap();
    has(&["plan"], &["`../empty/cores.svg`, which is no file of it"]);
    fs::write(&path, manifest).unwrap();
    fs::write(folder.path().join("plan/cores.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>")
        .unwrap();
    has(&["plan"], &["cores.svg"]);
}

#[test]
fn what_is_no_report_is_not_written_over() {
    let folder = TempDir::new().unwrap();
    planned(&folder, 1);
    fs::write(folder.path().join("notes.html"), "mine").unwrap();
    let message = refused(&folder, &["plan", "--out", "notes.html"]);
    assert!(message.contains("notes.html exists and is no report"), "{message}");
    assert_eq!(fs::read_to_string(folder.path().join("notes.html")).unwrap(), "mine");
    let message = refused(&folder, &["plan", "--out", "nodir/r.html"]);
    assert!(message.contains("cannot write nodir/r.html: there is no folder nodir"), "{message}");
    html(&folder, "plan");
    html(&folder, "plan");
}

/// The address of a file.
fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// The least height of a text on the page, those of figures as large as they are shown.
const SMALLEST: &str = "Math.min(...[...document.querySelectorAll('body *')].filter(one => one.checkVisibility() &&
    [...one.childNodes].some(node => node.nodeType == 3 && node.data.trim())).map(one => {
        const svg = one.closest('svg');
        const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
        return parseFloat(getComputedStyle(one).fontSize) * scale;
    }))";

/// Pairs of texts of one figure that share some of their place.
const OVERLAPS: &str = "[...document.querySelectorAll('figure svg')].map(svg => {
    const boxes = [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect());
    const meet = (a, b) => a.left < b.right - 2 && b.left < a.right - 2 && a.top < b.bottom - 4 && b.top < a.bottom - 4;
    return boxes.filter((a, i) => boxes.slice(i + 1).some(b => meet(a, b))).length;
}).reduce((a, b) => a + b, 0)";

#[test]
fn a_browser_shows_it_without_asking_for_anything_and_within_the_width() {
    let folder = TempDir::new().unwrap();
    let Some(mut browser) = Browser::start(&folder.path().join("browser")) else { return skip("no Chromium") };
    simulate(&folder, "run", "run", &hostile());
    simulate(&folder, "failover", "failover", FAILOVER);
    planned(&folder, 40);
    for out in ["run", "failover", "plan"] {
        html(&folder, out);
        let address = url(&folder.path().join(out).join("report.html"));
        for width in [390, 1280] {
            browser.medium("screen");
            let visit = browser.visit(&address, width);
            let others: Vec<&String> = visit.requests.iter().skip(1).filter(|url| !url.starts_with("data:")).collect();
            assert_eq!(visit.requests.first(), Some(&address));
            assert!(others.is_empty(), "{out}: {others:?}");
            assert!(visit.complaints.is_empty(), "{out}: {:?}", visit.complaints);
            assert!(visit.width <= u64::from(width), "{out} at {width}: {}", visit.width);
            let unfolded = "document.querySelectorAll('details').forEach(part => part.open = true);
                            document.documentElement.scrollWidth";
            assert!(browser.evaluate(unfolded).as_u64().unwrap() <= u64::from(width), "{out} at {width}, unfolded");
            // The first column stays where it is when a table is moved under it: it must leave room for the others.
            let first = "Math.max(...[...document.querySelectorAll('tbody th')].map(cell => cell.offsetWidth))";
            let first = browser.evaluate(first).as_u64().unwrap();
            assert!(width > 600 || first <= 195, "{out} at {width}: the first column is {first} wide");
            let smallest = browser.evaluate(SMALLEST).as_f64().unwrap();
            assert!(smallest >= 11.0, "{out} at {width}: a text {smallest} pixels high");
            assert_eq!(browser.evaluate(OVERLAPS), 0, "{out} at {width}: texts of a figure lie over each other");
        }
        // What is folded away on a screen is not printed, and nothing stands over the edge of a sheet.
        browser.medium("print");
        let visit = browser.visit(&address, 680);
        assert_eq!(
            browser.evaluate("[...document.querySelectorAll('details')].filter(part => part.offsetHeight > 0).length"),
            0
        );
        assert!(visit.width <= 680, "{out} on paper: {}", visit.width);
        let clipped =
            "[...document.querySelectorAll('.scroll')].filter(part => part.scrollWidth > part.clientWidth + 1).length";
        assert_eq!(browser.evaluate(clipped), 0, "{out} on paper");
    }
}

#[test]
fn the_browser_would_notice() {
    let folder = TempDir::new().unwrap();
    let Some(mut browser) = Browser::start(&folder.path().join("browser")) else { return skip("no Chromium") };
    let page = "<!DOCTYPE html><img src=\"http://127.0.0.1:9/x.png\"><script>console.error('x'); y()</script>\
                <div style=\"width: 2000px\">wide</div><figure><svg viewBox=\"0 0 100 20\" width=\"50\">\
                <text y=\"10\" font-size=\"13\">a text</text><text y=\"12\" font-size=\"13\">another</text></svg></figure>";
    let path = folder.path().join("page.html");
    fs::write(&path, page).unwrap();
    let visit = browser.visit(&url(&path), 390);
    assert!(visit.requests.iter().any(|url| url.starts_with("http://127.0.0.1:9/")), "{:?}", visit.requests);
    assert!(visit.complaints.len() >= 2, "{:?}", visit.complaints);
    assert!(visit.width > 390, "{}", visit.width);
    assert_eq!((browser.evaluate(SMALLEST).as_f64(), browser.evaluate(OVERLAPS).as_u64()), (Some(6.5), Some(1)));
}
