//! What packets wait for the state of their SAs when there are more than the caches hold.

use super::Builder;
use crate::scenario::SOC_STACK;
use crate::units::Cycles;

/// The share of a cache that is left to the state of SAs: packets, descriptors, routes and code are there too (estimate).
const SHARE_OF_CACHE: f64 = 0.5;

impl Builder<'_> {
    /// What a packet waits on average, each SA being as likely as any other. What a core's own SAs take beyond its L2 is
    /// found in L3, what those of all cores around one L3 take beyond that in memory.
    pub(super) fn sa_state(&self) -> Cycles {
        let (s, costs) = (self.scenario, self.costs_of_esp());
        // Cores that do ESP, and their caches: those of all DPUs together, where there are some.
        let (host, cores, stack) = match s.soc() {
            Some(soc) => (&soc.profile.host, soc.cores * s.nics().len() as u32, SOC_STACK),
            None => (&self.profile.host, s.host.cores, s.host.stack),
        };
        if !s.placement.has_sas() {
            return Cycles(0.0);
        }
        let (of_cores, of_all) = self.sas_in_use();
        let cores = f64::from(cores);
        let octets = |sas: f64| sas * stack.sa_state().get() as f64;
        let around_l3 = octets(of_all) * (f64::from(host.l3_cores) / cores).min(1.0);
        let beyond_l2 = beyond(octets(of_cores / cores), host.l2.get() as f64);
        let beyond_l3 = beyond(around_l3, host.l3.get() as f64).min(beyond_l2);
        costs.sa_l3 * (beyond_l2 - beyond_l3) + costs.sa_memory * beyond_l3
    }

    /// SAs that some flow uses: added up over cores, and all of them.
    pub(super) fn sas_in_use(&self) -> (f64, f64) {
        let of_class = |class: &super::Class| {
            let (flows, inbound) = (class.flows.start as usize..class.flows.end as usize, class.direction.is_inbound());
            flows.map(move |flow| (inbound, self.sa_of_flow[flow], self.esp_core_of_flow()[flow]))
        };
        let mut pairs: Vec<(bool, u32, u32)> = self.classes.iter().flat_map(of_class).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let of_cores = pairs.len();
        pairs.dedup_by_key(|pair| (pair.0, pair.1));
        (of_cores as f64, pairs.len() as f64)
    }
}

/// The share of accesses, all octets being as likely, that do not find theirs in a cache.
fn beyond(octets: f64, cache: f64) -> f64 {
    (1.0 - SHARE_OF_CACHE * cache / octets).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::beyond;

    #[test]
    fn what_fits_is_found_and_the_rest_in_proportion() {
        assert_eq!(beyond(500.0, 1000.0), 0.0);
        assert_eq!(beyond(0.0, 1000.0), 0.0);
        assert_eq!(beyond(2000.0, 1000.0), 0.75);
    }
}
