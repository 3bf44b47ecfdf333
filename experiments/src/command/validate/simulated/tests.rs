//! What rows of the NIC's cache say, and what all files of families are.

use super::super::asked;
use super::*;

#[test]
fn every_row_has_one_case_and_every_case_a_row() {
    for (family, ..) in FILES {
        let (published, setup) = files(family).unwrap();
        let is_of = |case: &Case, row: &Published| case.of.contains(&row.series) || case.of.contains(&row.id);
        for case in &setup.case {
            assert!(published.iter().any(|row| is_of(case, row)), "{family}: {:?}", case.of);
        }
        for row in &published {
            assert_eq!(setup.case.iter().filter(|case| is_of(case, row)).count(), 1, "{family}: {}", row.id);
        }
    }
}

/// Gb/s through the gateway of `sa_cache.toml` by so many tunnels that XDP forwards, with keys of the NIC set over it.
fn by_xdp(tunnels: i64, settings: &[(&str, i64)]) -> f64 {
    let (published, setup) = files("sa-cache").unwrap();
    let row = find(&published, |row| row.series == "forwarded by XDP").unwrap();
    asked(|simulations| {
        let mut gateway = setup.fitted(&setup.machine["gateway"], &published, simulations).unwrap();
        let set = |&(key, value): &(&str, i64)| (key.to_owned(), (value.into(), Origin::Set));
        gateway.settings = settings.iter().map(set).collect();
        setup.given(setup.case(row).unwrap(), Some(tunnels as f64), &gateway, simulations).unwrap().0
    })
}

/// Contexts as a power of two, then fetches, each by its row: what the preset says.
#[test]
fn the_preset_is_what_two_rows_give() {
    let at = |tunnels, contexts: i64, fetches: i64| {
        by_xdp(tunnels, &[("nic.esp.sa_cache", contexts), ("nic.esp.sa_fetches", fetches)])
    };
    let miss = |contexts, fetches| (at(1600, contexts, fetches) / 100.4 - 1.0).abs();
    assert!(miss(2048, 8) < miss(2048, 7) && miss(2048, 8) < miss(2048, 9));
    assert!(at(1000, 2048, 8) > 0.99 * 190.5);
    // Half as many meet one row or the other.
    let fetches = (8..=16).min_by(|&a, &b| miss(1024, a).total_cmp(&miss(1024, b))).unwrap();
    assert!(at(1000, 1024, fetches) < 0.9 * 190.5, "{fetches}");
}

#[test]
fn throughput_falls_from_the_published_tunnel_on() {
    let (few, first, next) = (by_xdp(900, &[]), by_xdp(1000, &[]), by_xdp(1200, &[]));
    assert!((first / few - 1.0).abs() < 0.01 && next < 0.9 * first, "{few} {first} {next}");
}
