//! `espsim plan`: what it finds is enough, and one piece less is not.

use tempfile::TempDir;

use crate::common::{espsim, text};

/// Rows of a CSV file by heading.
fn rows(path: &std::path::Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn plan(folder: &TempDir, out: &str, args: &[&str]) -> String {
    let base = ["plan", "--profile", "preset:zen4", "--out", out];
    let done = espsim(folder).args(base).args(args).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    text(&done.stdout)
}

#[test]
fn the_plan_meets_the_goals_under_another_seed_and_one_piece_less_does_not() {
    let folder = TempDir::new().unwrap();
    let printed = plan(&folder, "plan", &["--rate", "10Gbps", "--mix", "imix", "--placement", "host,inline-packet"]);
    assert!(printed.contains("inline-packet takes least"), "{printed}");
    let plan_file = folder.path().join("plan/plan.toml");
    let file = std::fs::read_to_string(&plan_file).unwrap();
    // Longer than what checks closed forms, so that losses are counted.
    let longer = file.lines().map(|line| if line.starts_with("max_packets") { "max_packets = 4000000" } else { line });
    std::fs::write(&plan_file, longer.collect::<Vec<_>>().join("\n")).unwrap();
    let again = ["--profile", "preset:zen4", "--seed", "77", "--draws", "0", "--out", "again"];
    let done = espsim(&folder).arg("run").arg(&plan_file).args(again).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let points = rows(&folder.path().join("again/points.csv"));
    let value = |series: &str, metric: &str, basis: &str| {
        let row = points.iter().find(|r| r["series"] == series && r["metric"] == metric && r["basis"] == basis);
        row.map(|row| row["value"].parse::<f64>().unwrap())
    };
    for planned in ["host", "inline-packet"] {
        assert!(value(planned, "loss", "").unwrap() <= 1e-5, "{planned}");
        assert!((value(planned, "throughput", "l3").unwrap() / 10.0 - 1.0).abs() < 0.02, "{planned}");
        // Too few cores lose packets, or will once their queues are full.
        let less = format!("{planned}, one core less");
        let offered = value(planned, "bound", "goodput").unwrap();
        // Without an estimate queues grow without end.
        let lost = value(&less, "loss", "").is_none_or(|loss| loss > 1e-5);
        let short = value(&less, "bound", "goodput").is_some_and(|bound| bound < offered * (1.0 - 1e-5));
        assert!(lost || short, "{less}");
    }
    let growth = rows(&folder.path().join("plan/growth.csv"));
    let cores: Vec<u32> = growth
        .iter()
        .filter(|row| row["placement"] == "host" && row["stack"] == "kernel")
        .map(|row| row["cores"].parse().unwrap())
        .collect();
    assert_eq!(cores.len(), 4);
    assert!(cores.is_sorted() && cores[3] > 3 * cores[1], "{cores:?}");
}

#[test]
fn more_than_a_nic_takes_needs_another_and_what_cannot_be_is_said() {
    let folder = TempDir::new().unwrap();
    let args = ["--rate", "30Gbps", "--mix", "1446B", "--nic", "nic-40g", "--placement", "clear,inline-crypto"];
    let printed = plan(&folder, "one", &args);
    assert!(printed.contains("inline-crypto: ") && printed.contains("has no ESP engine"), "{printed}");
    let table = rows(&folder.path().join("one/table.csv"));
    assert_eq!((table[0]["NICs"].as_str(), table[1]["NICs"].as_str()), ("1", "-"));
    let args = ["--rate", "60Gbps", "--mix", "1446B", "--nic", "nic-40g", "--placement", "clear"];
    plan(&folder, "two", &args);
    let table = rows(&folder.path().join("two/table.csv"));
    assert_eq!((table[0]["NICs"].as_str(), table[0]["Slots"].as_str()), ("2", "2"));
    // No hardware makes a packet faster than its way takes.
    let refused = |args: &[&str]| {
        let base = ["plan", "--profile", "preset:zen4", "--out", "never", "--rate", "40Gbps"];
        let done = espsim(&folder).args(base).args(args).output().unwrap();
        assert_eq!(done.status.code(), Some(3), "{}", text(&done.stderr));
        assert!(!folder.path().join("never").exists() && !folder.path().join(".never.partial").exists());
        text(&done.stderr).replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    // Closed forms say so at once: to simulate the most hardware takes minutes.
    let said = refused(&["--latency-p99", "1ps"]);
    // In both stacks, but for a card without a driver for the cipher.
    assert_eq!(said.matches("p99 latency of at least").count(), 7, "{said}");
    assert!(said.contains("lookaside: `sa.algorithm` is aes-128-gcm: one that the kernel's driver of"), "{said}");
    assert!(refused(&["--placement", "host", "--latency-p99", "1us"]).contains("no amount is enough"));
}

#[test]
fn prices_choose_and_bytes_do_not_depend_on_threads() {
    let folder = TempDir::new().unwrap();
    let prices = "currency = \"EUR\"\n[core]\nprice = 100\npower_w = 5\n[nic]\nprice = 5000\n\
                  [host]\nprice = 0\n[slot]\nprice = 0\n";
    std::fs::write(folder.path().join("prices.toml"), prices).unwrap();
    let args = ["--rate", "5Gbps", "--placement", "host,inline-packet", "--prices", "prices.toml"];
    let one = plan(&folder, "one", &[&args[..], &["--jobs", "1"]].concat());
    let two = plan(&folder, "two", &[&args[..], &["--jobs", "2"]].concat());
    assert_eq!(one, two);
    assert!(one.contains("costs least") && one.contains("EUR"), "{one}");
    assert!(one.contains("The price file lacks the power of connectx-6-dx, host, slot"), "{one}");
    for file in ["table.csv", "growth.csv", "points.csv", "growth.svg", "plan.toml"] {
        let read = |out: &str| std::fs::read(folder.path().join(out).join(file)).unwrap();
        assert!(read("one") == read("two"), "{file}");
    }
}

#[test]
fn wrong_questions_are_answered_with_what_is_allowed() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("prices.toml"), "currency = \"EUR\"\n[nick]\nprice = 1\n").unwrap();
    for (args, expected) in [
        (&["--rate", "40"][..], "a bit rate"),
        (&["--rate", "1Gbps", "--mix", "imx"], "no mix preset"),
        (&["--rate", "1Gbps", "--nic", "connectx-6dx"], "did you mean `connectx-6-dx`"),
        (&["--rate", "1Gbps", "--loss", "60%"], "--loss is 60 %"),
        (&["--rate", "1Gbps", "--set", "nic.lin_rate=1"], "line_rate"),
        (&["--rate", "1Gbps", "--prices", "prices.toml"], "did you mean `nic`"),
        (&["--rate", "1Gbps", "--basis", "l4"], "l3"),
        (&["--rate", "1Gbps", "--nic", "nic-40g", "--placement", "inline-packet"], "has no ESP engine"),
    ] {
        let done =
            espsim(&folder).args(["plan", "--profile", "preset:zen4", "--out", "wrong"]).args(args).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{args:?}");
        let message = text(&done.stderr);
        assert!(message.contains(expected), "{args:?}: {message}");
        assert!(!folder.path().join("wrong").exists());
    }
}

/// A preset's NIC holds 16384 SAs.
#[test]
fn more_sas_than_a_nic_holds_take_another_nic() {
    let folder = TempDir::new().unwrap();
    let nics = |out: &str, sas: &str| {
        let asked = ["--rate", "1Gbps", "--mix", "1400B", "--placement", "inline-crypto", "--loss", "1%", "--set", sas];
        let said = plan(&folder, out, &asked);
        assert!(!said.contains("border"), "one NIC less has no room: {said}");
        rows(&folder.path().join(out).join("table.csv"))[0]["NICs"].clone()
    };
    assert_eq!([nics("few", "sa.count=16000"), nics("many", "sa.count=20000")], ["1", "2"]);
}

/// Clouds limit tunnels; and what cannot be spread needs more SAs, not more cores.
#[test]
fn a_plan_says_how_many_tunnels_are_needed() {
    let folder = TempDir::new().unwrap();
    let limits = ["--set", "sa.rate=1.25Gbps", "--set", "sa.packet_rate=140kpps", "--set", "sa.count=1"];
    let refused = |args: &[&str]| {
        let done = espsim(&folder).args(["plan", "--profile", "preset:zen4"]).args(args).output().unwrap();
        assert_eq!(done.status.code(), Some(3), "no design serves");
        text(&done.stderr)
    };
    let base = ["--rate", "10Gbps", "--placement", "host"];
    let large = refused(&[&base[..], &["--mix", "1400B"], &limits].concat());
    assert!(large.contains("limited by SA limit") && large.contains("at least 8 tunnels"), "{large}");
    let imix = refused(&[&base[..], &["--mix", "imix"], &limits].concat());
    assert!(imix.contains("at least 26 tunnels"), "{imix}");
    let decrypt = ["--direction", "decrypt", "--mix", "1400B", "--set", "sa.count=1"];
    let one = refused(&[&["--rate", "40Gbps", "--placement", "host", "--stack", "kernel"][..], &decrypt].concat());
    assert!(one.contains("limited by one core for an SA") && one.contains("One SA binds one core"), "{one}");
}

/// NICs side by side where they matter, and a mix of one's own.
#[test]
fn several_nics_are_planned_for_at_once() {
    let folder = TempDir::new().unwrap();
    let asked = ["--rate", "10G", "--mix", "64:7,576:4,1500:1", "--stack", "vector", "--draws", "0"];
    let placements = ["--placement", "host,inline-packet", "--nic", "connectx-6-dx,connectx-7,bluefield-3"];
    let printed = plan(&folder, "plan", &[&asked[..], &placements].concat());
    let table = rows(&folder.path().join("plan/table.csv"));
    let with = |placement: &str| -> Vec<&str> {
        table.iter().filter(|row| row["Placement"] == placement).map(|row| row["With"].as_str()).collect()
    };
    assert_eq!(with("inline-packet"), ["connectx-6-dx", "connectx-7", "bluefield-3"]);
    assert_eq!(with("host"), [""], "no NIC does anything for it");
    assert!(printed.contains("connectx-7 or bluefield-3") && printed.lines().next().unwrap().len() <= 100, "{printed}");
    let file = std::fs::read_to_string(folder.path().join("plan/plan.toml")).unwrap();
    assert!(file.contains("bluefield-3") && file.contains("576 B"), "{file}");
    let wrong = ["plan", "--profile", "preset:zen4", "--rate", "10G", "--mix", "64:7,576"];
    let done = espsim(&folder).args(wrong).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("for example 64:7,576:4,1500:1"), "{}", text(&done.stderr));
}

/// Hosts have so many cores and slots; what does not fit is shared, and one more stands by.
#[test]
fn what_does_not_fit_into_a_host_takes_several() {
    let folder = TempDir::new().unwrap();
    let asked = ["--rate", "20G", "--stack", "kernel", "--placement", "host", "--draws", "0", "--host-cores", "6"];
    let printed = plan(&folder, "one", &asked);
    let table = &rows(&folder.path().join("one/table.csv"))[0];
    let [hosts, cores] = ["Hosts", "Cores"].map(|column| table[column].parse::<u32>().unwrap());
    assert!(hosts >= 2 && cores <= 6 * hosts && printed.contains(&format!("{hosts} hosts with")), "{printed}");
    let spare = plan(&folder, "spare", &[&asked[..], &["--spare", "host", "--growth", "50%", "--years", "2"]].concat());
    let bill = rows(&folder.path().join("spare/bill.csv"));
    let line = bill.iter().find(|line| line["item"] == "host").unwrap();
    assert_eq!((line["all"].parse::<u32>().unwrap(), line["spare"].as_str()), (hosts + 1, "1"), "{spare}");
    let growth = rows(&folder.path().join("spare/growth.csv"));
    let years: Vec<&str> = growth.iter().map(|row| row["year"].as_str()).filter(|year| !year.is_empty()).collect();
    assert_eq!(years, ["1", "2"]);
}

/// Each direction with a load of its own, and trains in place of single packets.
#[test]
fn directions_and_trains_change_what_is_planned() {
    let folder = TempDir::new().unwrap();
    let base = ["--rate", "20G", "--stack", "kernel", "--placement", "host", "--draws", "0"];
    let cores = |out: &str, more: &[&str]| {
        plan(&folder, out, &[&base[..], more].concat());
        rows(&folder.path().join(out).join("table.csv"))[0]["Cores"].parse::<u32>().unwrap()
    };
    let one = cores("one", &[]);
    let both = cores("both", &["--direction", "both"]);
    let less = cores("less", &["--direction", "both", "--rate-back", "2G"]);
    assert!(one < less && less < both, "{one} {less} {both}");
    let [single, trains] = [cores("single", &["--train", "1"]), cores("trains", &["--train", "64"])];
    assert!(single < trains, "{single} {trains}");
    let refused = espsim(&folder).args(["plan", "--rate", "1G", "--rate-back", "1G"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

/// Packets as a trace has them: where they come evenly few cores do, and where two thousand of one flow come at once, which is
/// more than a ring holds, none are enough.
#[test]
fn packets_of_a_trace_are_planned_for() {
    let folder = TempDir::new().unwrap();
    let trace = |name: &str, flow: u64, time: &dyn Fn(u64) -> u64| {
        let packets: String = (0..60_000).map(|n| format!("{},1000,{}\n", time(n), n / flow % 4096)).collect();
        std::fs::write(folder.path().join(name), format!("time_ns,length_bytes,flow\n{packets}")).unwrap();
        let asked = ["plan", "--rate", "12Gbps", "--direction", "encrypt", "--placement", "host", "--stack", "kernel"];
        let more = ["--trace", name, "--draws", "0", "--profile", "preset:zen4", "--out", name.split_at(4).0];
        espsim(&folder).args(asked).args(more).output().unwrap()
    };
    let even = trace("even.csv", 1, &|n| n * 667);
    let said = text(&even.stdout);
    assert!(even.status.success() && said.contains("packets of even.csv"), "{said} {}", text(&even.stderr));
    let cores = &rows(&folder.path().join("even/table.csv"))[0]["Cores"];
    assert!((3..6).contains(&cores.parse::<u32>().unwrap()), "{cores}");
    let bursts = trace("bursts.csv", 2_000, &|n| n / 2_000 * 2_000 * 667 + n % 2_000);
    assert_eq!(bursts.status.code(), Some(3), "{} {}", text(&bursts.stdout), text(&bursts.stderr));
}
