//! One simulation.

use espsim_model::resource::Resource;
use espsim_model::run::seed;
use espsim_model::simulate;
use serde_json::{Value, json};

use crate::request::{Asked, Wrong};

/// `{stop, limit, next, metrics: [...]}`: the numbers of `points.csv` of the same scenario file under the same seed.
///
/// # Errors
/// [`Wrong`] for what cannot be.
pub fn simulated(asked: &Asked, base: u64) -> Result<Value, Wrong> {
    let record = simulate(&asked.scenario(None)?, &*asked.host()?, seed(base, 0))?;
    Ok(json!({
        "stop": record.stop.name(),
        "limit": record.bottleneck.map(Resource::name),
        "next": record.next_bottleneck.map(Resource::name),
        "metrics": record.metrics(),
    }))
}
