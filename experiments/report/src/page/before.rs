//! What a failover lost before anything happened: `timeline.csv`, up to the first event.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use espsim_model::units::Time;
use espsim_sweep::failure::Failure;
use espsim_sweep::store::csv_text::{Rows, is_no_number};
use espsim_sweep::store::manifest::Manifest;
use toml::Value;

use super::points::Points;

/// The parameter that lists what happens.
const EVENTS: &str = "failover.event";

/// Fills in, where manifest and timeline tell, which share of packets each point lost before its first event. Loss that
/// was there before is no loss by the failover.
///
/// # Errors
/// [`Failure`] for a timeline that cannot be read or has a value that is no number.
pub fn fill_in(path: &Path, manifest: &Manifest, points: &mut Points) -> Result<(), Failure> {
    let first_events: HashMap<String, f64> = points
        .points
        .iter()
        .filter_map(|point| Some((point.id.clone(), first_event_ms(manifest, &point.id)?)))
        .collect();
    let Ok(file) = File::open(path) else { return Ok(()) };
    let lost = lost_before(Rows::new(BufReader::new(file), path)?, &first_events)?;
    for point in &mut points.points {
        point.lost_before = lost.get(&point.id).copied();
    }
    Ok(())
}

/// When the first thing happens at a point.
fn first_event_ms(manifest: &Manifest, id: &str) -> Option<f64> {
    let own =
        id.parse::<usize>().ok().and_then(|i| manifest.points.get(i)).and_then(|point| point.parameters.get(EVENTS));
    let shown = own.or_else(|| manifest.parameters.get(EVENTS))?.shown();
    let Value::Array(events) = shown.parse().ok()? else { return None };
    let at_ms = |event: &Value| Some(event.get("at")?.as_str()?.parse::<Time>().ok()?.as_ns() * 1e-6);
    let all: Option<Vec<f64>> = events.iter().map(at_ms).collect();
    all?.into_iter().reduce(f64::min)
}

/// The share of packets that was lost in the bins before the first event, by point; `first_events` in milliseconds.
fn lost_before(
    mut rows: Rows<'_, impl Read>,
    first_events: &HashMap<String, f64>,
) -> Result<HashMap<String, f64>, Failure> {
    let column = |name: &str| rows.headings.iter().position(|heading| heading == name);
    let (Some(_), Some(end), Some(_)) = (column("point"), column("end_ms"), column("packets")) else {
        return Ok(HashMap::new());
    };
    let losses = rows.headings.iter().filter(|heading| heading.starts_with("lost_"));
    let losses: Vec<String> = losses.cloned().collect();
    let mut counted: HashMap<String, (f64, f64)> = HashMap::new();
    while let Some(row) = rows.next_row()? {
        // NaN and infinities are no results, wherever they stand.
        if let Some(cell) = row.cells().skip(end).find(|cell| is_no_number(cell)) {
            return Err(row.failure(&format!("`{cell}` is no number")));
        }
        // A bin ends where the next begins, to the digits of the file.
        let point = row.text("point");
        let Some(first) = first_events.get(point) else { continue };
        if row.number("end_ms")? > first * (1.0 + 1e-9) {
            continue;
        }
        let lost = losses.iter().try_fold(0.0, |sum, loss| Ok::<f64, Failure>(sum + row.number(loss)?))?;
        let all = row.number("packets")? + lost;
        let (lost_so_far, all_so_far) = counted.entry(point.to_owned()).or_default();
        *lost_so_far += lost;
        *all_so_far += all;
    }
    Ok(counted.into_iter().filter(|(_, (_, all))| *all > 0.0).map(|(point, (lost, all))| (point, lost / all)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_up_to_the_first_event_count() {
        let csv = "point,series,replication,end_ms,packets,lost_no_sa,lost_queue_full\n\
                   0,a,0,1,90,0,10\n0,a,0,2,80,5,15\n0,a,0,3,0,100,0\n0,a,1,1,100,0,0\n\
                   1,b,0,1,100,0,0\n1,b,0,2,100,0,0\n1,b,0,3,0,100,0\n2,c,0,1,0,100,0\n";
        let first = [("0", 2.0), ("1", 2.5)].map(|(point, at)| (point.to_owned(), at)).into_iter().collect();
        let read = |csv: &str| lost_before(Rows::new(csv.as_bytes(), Path::new("timeline.csv"))?, &first);
        let lost = read(csv).unwrap();
        assert_eq!((lost["0"], lost["1"], lost.len()), (0.1, 0.0, 2));
        let broken = csv.replace("80", "NaN");
        let message = read(&broken).unwrap_err().to_string();
        assert_eq!(message, "timeline.csv:3: `NaN` is no number");
        let late = csv.replace("0,a,0,3,0,100,0", "0,a,0,3,0,-inf,0");
        let message = read(&late).unwrap_err().to_string();
        assert_eq!(message, "timeline.csv:4: `-inf` is no number");
    }

    #[test]
    fn the_first_event_is_that_of_the_point_or_of_all() {
        let text = r#"{"format": 3,
            "parameters": {"failover.event": {"value": "[{ what = \"rekey\", at = \"30 ms\" }, { at = \"0.5 ms\" }]", "origin": "scenario"}},
            "points": [{"parameters": {"failover.event": {"value": "[{ at = \"7 s\" }]", "origin": "sweep"}}}, {}]
        }"#;
        let manifest = Manifest::parse(Path::new("manifest.json"), text).unwrap();
        assert_eq!(["0", "1", "9"].map(|id| first_event_ms(&manifest, id)), [Some(7000.0), Some(0.5), Some(0.5)]);
        assert_eq!(first_event_ms(&Manifest::default(), "0"), None);
    }
}
