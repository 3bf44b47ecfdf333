//! Cores of a standard plan, by closed forms.

use espsim_model::bound::bound;
use espsim_model::machine::Machine;
use espsim_model::profile::Profile;
use espsim_model::resource::Resource;
use espsim_model::scenario::Scenario;

/// The load in words.
pub const LOAD: &str = "40 Gb/s (l3) of IMIX in both directions";
/// Who encrypts, in the kernel.
pub const PLACEMENTS: [&str; 3] = ["host", "inline-crypto", "inline-packet"];
/// More cores than any host has.
const MOST: u32 = 1024;

/// The load as settings: so many flows that one more or less of them is nothing to a core. Of a thousand, 57 and 60 cores
/// have 18 each at most, and a plan would go from one to the next by four.
const SETTINGS: [(&str, &str); 10] = [
    ("traffic.direction", "both"),
    ("traffic.mix", "simple-imix"),
    ("traffic.arrival", "poisson"),
    ("traffic.rate", "40 Gbps"),
    ("traffic.rate_basis", "l3"),
    ("traffic.mtu", "9000 B"),
    ("traffic.flows", "65536"),
    ("sa.count", "1024"),
    ("nic.ports", "2"),
    ("nic.count", "2"),
];

/// The fewest cores whose own limit is no less than the load; `None` where none are enough.
pub fn cores(profile: &Profile, placement: &str) -> Option<u32> {
    let (mut low, mut high) = (0, 1);
    while !carries(profile, placement, high)? {
        (low, high) = (high, high * 2);
        if high > MOST {
            return None;
        }
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        match carries(profile, placement, middle)? {
            true => high = middle,
            false => low = middle,
        }
    }
    Some(high)
}

/// Whether so many cores carry the load, whatever else limits; `None` for what cannot be.
fn carries(profile: &Profile, placement: &str, cores: u32) -> Option<bool> {
    let cores = cores.to_string();
    let own = [("placement", placement), ("host.cores", cores.as_str())];
    let scenario = Scenario::from_settings(&[&SETTINGS[..], &own].concat()).ok()?;
    let bound = bound(&Machine::build(&scenario, profile).ok()?);
    let offered = bound.offered?.as_pps();
    let own = bound.limits.iter().find(|limit| limit.resource == Resource::Core)?;
    Some(own.rate.as_pps() >= offered)
}

#[cfg(test)]
mod tests {
    use espsim_model::preset;

    use super::*;

    /// Two per cent are one core of fifty, not four.
    #[test]
    fn a_little_dearer_takes_little_more() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        let mut last = cores(&profile, "host").unwrap();
        for _ in 0..20 {
            profile.stack.forward.0 += 150.0;
            let now = cores(&profile, "host").unwrap();
            assert!((last..=last + 2).contains(&now), "{last}, then {now}");
            last = now;
        }
    }

    #[test]
    fn dearer_stacks_take_more_cores() {
        let mut profile = preset::profile("zen4").unwrap().unwrap();
        let all = PLACEMENTS.map(|placement| cores(&profile, placement).unwrap());
        assert!(all[0] > all[1] && all[1] > all[2] && all[2] > 4, "{all:?}");
        profile.stack.xfrm.0 *= 2.0;
        let dearer = cores(&profile, "host").unwrap();
        assert!(dearer > all[0] + 2 && dearer < 2 * all[0], "{dearer} of {all:?}");
        assert_eq!(cores(&profile, "inline-packet"), Some(all[2]), "it does not pay for that");
        // Fewer are not enough.
        assert_eq!(carries(&profile, "host", dearer - 1), Some(false));
        profile.stack.receive.0 = 1e8;
        assert_eq!(cores(&profile, "host"), None);
    }
}
