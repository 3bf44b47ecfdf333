//! Which daemon and which bond a failover assumed, in words: what they do decides what is lost.

use espsim_sweep::points::Points;
use espsim_sweep::store::manifest::Manifest;

/// The parameters that say so.
const KEYS: [&str; 2] = ["failover.daemon", "failover.bonding"];

/// Series by what they assume, in the order in which it is met.
#[derive(Debug, Default)]
struct Assumed {
    groups: Vec<(String, Vec<String>)>,
}

impl Assumed {
    fn add(&mut self, series: &str, [daemon, bonding]: [&str; 2]) {
        let text = words(daemon, bonding);
        let at = self.groups.iter().position(|(known, _)| *known == text).unwrap_or_else(|| {
            self.groups.push((text, Vec::new()));
            self.groups.len() - 1
        });
        let group = &mut self.groups[at].1;
        if !group.iter().any(|known| known == series) {
            group.push(series.to_owned());
        }
    }

    /// One sentence.
    fn sentence(&self) -> Option<String> {
        let of = |series: &[String]| series.iter().map(|name| format!("\u{201c}{name}\u{201d}")).collect::<Vec<_>>();
        match &self.groups[..] {
            [] => None,
            [(one, _)] => Some(format!("Assumed: {one}.")),
            several => {
                let each = several.iter().map(|(text, series)| format!("{text} ({})", of(series).join(", ")));
                Some(format!("Assumed: {}.", each.collect::<Vec<_>>().join("; ")))
            }
        }
    }
}

/// What the points of a scenario file assume.
pub fn of_points(points: &Points<'_>) -> Option<String> {
    let is_swept = points.file.sweep.keys().any(|key| KEYS.contains(&key));
    let mut assumed = Assumed::default();
    let mut last = None;
    for i in 0..points.len() {
        let series = points.place(i).series;
        // Points of a series differ in what is swept.
        if !is_swept && last.as_ref() == Some(&series) {
            continue;
        }
        let point = points.resolve(i).ok()?;
        let [daemon, bonding] = KEYS.map(|key| point.values.get(key).and_then(|(value, _)| value.as_str()));
        assumed.add(&series, [daemon?, bonding?]);
        last = Some(series);
    }
    assumed.sentence()
}

/// What a folder's manifest says of it.
pub fn of_manifest(manifest: &Manifest) -> Option<String> {
    let mut assumed = Assumed::default();
    for point in &manifest.points {
        let value = |key| point.parameters.get(key).or_else(|| manifest.parameters.get(key));
        let [daemon, bonding] = KEYS.map(|key| value(key).map(|parameter| parameter.shown()));
        assumed.add(&point.series, [&daemon?, &bonding?]);
    }
    assumed.sentence()
}

fn words(daemon: &str, bonding: &str) -> String {
    let who = match daemon {
        "ideal" => "an ideal daemon, which follows at once and knows every sequence number, as none does",
        "strongswan" => "strongSwan",
        "libreswan" => "libreswan",
        "none" => "no daemon that follows",
        other => other,
    };
    match bonding {
        "linux-active-backup" => format!("Linux's bonding driver, which moves SAs one by one, beside {who}"),
        "pre-installed" => format!("a bond with SAs in both NICs, as no kernel has it, beside {who}"),
        _ => who.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_named_where_they_differ() {
        let mut assumed = Assumed::default();
        assert_eq!(assumed.sentence(), None);
        assumed.add("a", ["strongswan", "none"]);
        assumed.add("a", ["strongswan", "none"]);
        assumed.add("b", ["strongswan", "none"]);
        assert_eq!(assumed.sentence().unwrap(), "Assumed: strongSwan.");
        assumed.add("c", ["none", "linux-active-backup"]);
        assert_eq!(
            assumed.sentence().unwrap(),
            "Assumed: strongSwan (\u{201c}a\u{201d}, \u{201c}b\u{201d}); Linux's bonding driver, which moves SAs one by \
             one, beside no daemon that follows (\u{201c}c\u{201d})."
        );
        assert!(
            words("ideal", "pre-installed").contains("no kernel") && words("ideal", "none").contains("as none does")
        );
    }
}
