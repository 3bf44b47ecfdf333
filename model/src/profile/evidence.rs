//! How well each value of a profile is known, by the words of its source.

use super::Profile;
use crate::preset::Evidence;

/// The source of a value that a file gives without one.
pub const GIVEN: &str = "estimate: given in the profile without a source";
/// The source of a value that was set on the command line.
pub const SET: &str = "estimate: set on the command line";

/// What a map of sources says of a key, or of the nearest group around it.
pub fn nearest_source<'a>(key: &str, source: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    let mut key = key;
    loop {
        if let Some(found) = source(key) {
            return Some(found);
        }
        key = &key[..key.rfind('.')?];
    }
}

impl Profile {
    /// Where a value comes from: the source of its key path, or of the nearest group around it.
    pub fn source(&self, key: &str) -> Option<&str> {
        nearest_source(key, |key| self.sources.get(key).map(String::as_str))
    }

    /// How well a value is known. What has no source is an estimate.
    pub fn evidence(&self, key: &str) -> Evidence {
        self.source(key).map_or(Evidence::Estimate, Evidence::of)
    }

    /// Key paths of every value that the model reads.
    pub fn values(&self) -> Vec<String> {
        let host = &self.host;
        let always = ["frequency", "cores", "ddio", "iommu_per_slot", "l2", "l3", "l3_cores", "l3_ways"];
        let known = [
            ("socket_cores", host.socket_cores.is_some()),
            ("avx_frequency", host.avx_frequency.is_some()),
            ("siblings", host.siblings.is_some()),
            ("scaling_beyond", host.scaling_beyond.is_some()),
            ("scaling", !host.scaling.is_empty()),
            ("scaling_chacha", !host.scaling_chacha.is_empty()),
            ("scaling_stack", !host.scaling_stack.is_empty()),
        ];
        let host = always.into_iter().chain(known.into_iter().filter_map(|(name, is)| is.then_some(name)));
        let host = host.map(|name| format!("host.{name}"));
        let memory = ["memory.copy", "memory.checksum", "memory.bandwidth"].map(str::to_owned);
        let stacks = self.stack_costs().into_iter().map(|(key, _)| key);
        let curve = |key: String| move |(name, _): (&str, _)| format!("{key}.{name}");
        let aead = self.aead.iter().flat_map(|cost| cost.curve.coefficients().map(curve(cost.key())));
        let sa = self.sa.iter().flat_map(|sa| sa.delays().map(|(key, _)| key.to_owned()));
        host.chain(memory).chain(stacks).chain(aead).chain(sa).collect()
    }
}
