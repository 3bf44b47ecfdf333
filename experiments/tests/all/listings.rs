//! `espsim list`: what there is, and where its numbers come from.

use std::fs;

use tempfile::TempDir;

use crate::common::{espsim, text};

#[test]
fn listings_show_sources() {
    let folder = TempDir::new().unwrap();
    let printed = |args: &[&str]| {
        let output = espsim(&folder).arg("list").args(args).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let listing = printed(&["nics", "connectx-6-dx"]);
    let parts = ["connectx-6-dx", "line_rate", "35 Mpps to 148 Mpps", "published", "estimate", "grade "];
    assert!(parts.iter().all(|part| listing.contains(part)), "{listing}");
    let fast = printed(&["nics", "--offload", "packet", "--speed", "100G"]);
    assert!(fast.contains("connectx-7") && !fast.contains("e810"), "{fast}");
    // A NIC of one's own is listed as well.
    fs::write(folder.path().join("mine.toml"), "base = \"connectx-7\"\nesp.rate = \"150 Gbps\"\n").unwrap();
    assert!(printed(&["nics", "mine.toml"]).contains("given without a source"));
    for (args, said) in [
        (&["nics", "connectx7"][..], "did you mean `connectx-7`?"),
        (&["cpus", "--speed", "100G"], "only nics and accelerators"),
        (&["placements", "host"], "names are those of presets"),
    ] {
        let output = espsim(&folder).arg("list").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    let output = espsim(&folder).arg("list").output().unwrap();
    let listing = text(&output.stdout);
    for name in ["lookaside", "3 PCIe crossing(s)", "qat-8970", "gen3-x8", "zen4", "simple-imix"] {
        assert!(listing.contains(name), "{name}");
    }
}
