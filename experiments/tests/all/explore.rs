//! `espsim explore`: what a page begins with; what it does in a browser, `experiments/live/page/test` holds.

use tempfile::TempDir;

use crate::common::{espsim, text};

fn config(folder: &TempDir, args: &[&str]) -> serde_json::Value {
    let done = espsim(folder).args(["explore", "--out", "page.html"]).args(args).output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    std::fs::remove_file(folder.path().join("page.html")).unwrap();
    let (_, after) = page.split_once("id=\"config\">").unwrap();
    serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn options_and_scenarios_move_controls_and_the_rest_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let asked =
        ["--rate", "40G", "--mix", "imix", "--direction", "both", "--nic", "connectx-7", "--set", "nic.mtt_size=4"];
    let refused = espsim(&folder).args(["explore", "--out", "page.html"]).args(asked).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("nic.mtt_size") && !folder.path().join("page.html").exists());
    let page = config(&folder, &[&asked[..8], &["--set", "host.cores=12", "--set", "traffic.hash_seed=7"]].concat());
    let state = &page["state"];
    assert_eq!((state["load"].as_f64(), state["saturate"].as_bool()), (Some(40.0), Some(false)));
    assert_eq!((state["packets"].as_str(), state["nic"].as_str()), (Some("simple-imix"), Some("connectx-7")));
    assert_eq!((state["cores"].as_i64(), state["cpu"].as_str()), (Some(12), Some("zen4")));
    assert_eq!(page["fixed"], serde_json::json!({ "traffic.hash_seed": 7 }));
    let scenario = "title = \"</script> mine\"\nhost.cores = 3\ntraffic.packet = \"256 B\"\n[[series]]\nname = \"a\"\nplacement = \"host\"\n";
    std::fs::write(folder.path().join("s.toml"), scenario).unwrap();
    let page = config(&folder, &["s.toml", "--profile", "preset:zen3", "--set", "profile.stack.xfrm=900"]);
    assert_eq!((page["title"].as_str(), page["state"]["packets"].as_str()), (Some("</script> mine"), Some("256")));
    assert!(page["profile"].as_str().unwrap().contains("xfrm = 900"), "{page}");
}

#[test]
fn what_is_there_is_not_replaced() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("page.html"), "mine").unwrap();
    let done = espsim(&folder).args(["explore", "--out", "page.html"]).output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{}", text(&done.stderr));
    assert_eq!(std::fs::read_to_string(folder.path().join("page.html")).unwrap(), "mine");
}
