//! Which design a series of a scenario file is of.

use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::file::value::shown;
use toml::Value;

/// The key that names it.
const PLACEMENT: &str = "placement";

/// The placement of a series; `None` where the file leaves it to its default or sweeps it.
pub fn design_of(file: &ScenarioFile, series: &str) -> Option<String> {
    let own = file.series.iter().find(|known| known.name == series).and_then(|series| series.values.get(PLACEMENT));
    own.or_else(|| file.base.get(PLACEMENT)).map(|(value, _)| shown(value))
}

/// The placement of a point, swept or not.
pub fn design_at(file: &ScenarioFile, series: &str, coordinates: &[Value]) -> Option<String> {
    let swept = file.sweep.keys().position(|key| key == PLACEMENT);
    swept.and_then(|i| coordinates.get(i)).map(shown).or_else(|| design_of(file, series))
}
