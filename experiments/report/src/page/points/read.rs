//! Reading `points.csv`: row by row, so that only one entry for each point is in memory, however many rows there are.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::Read;
use std::path::Path;

use espsim_model::record::{NO_ESTIMATE, Stop};
use espsim_model::resource::Resource;
use espsim_sweep::failure::Failure;
use espsim_sweep::points::outcome::{Band, Summary};
use espsim_sweep::store::csv_text::{Row, Rows};
use espsim_sweep::store::points_csv::{CARRIED_IN_DRAWS, DRAWN_HIGH, DRAWN_LOW, DRAWS};

use super::{BANDED, METRICS, Point, Points, WAITS};

/// Columns that are read. Others may stand among them; the first one ends the swept keys.
const AFTER_AXES: [&str; 8] = ["replication", "metric", "value", "basis", "low", "high", "n", "bottleneck"];

impl Points {
    /// Reads `points.csv`.
    ///
    /// # Errors
    /// [`Failure`] for a file that cannot be read, has other columns, or has a value that is no number.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::from_rows(Rows::open(path)?, path)
    }

    /// The same from text; `path` is for messages.
    pub fn from_csv(text: impl Read, path: &Path) -> Result<Self, Failure> {
        Self::from_rows(Rows::new(text, path)?, path)
    }

    fn from_rows(mut rows: Rows<'_, impl Read>, path: &Path) -> Result<Self, Failure> {
        let names = &rows.headings;
        let end_of_axes = names.iter().position(|name| name == AFTER_AXES[0]).unwrap_or(names.len());
        let is_there = |column: &&str| names[end_of_axes..].iter().any(|name| name == column);
        if !AFTER_AXES.iter().all(is_there) || names[0] != "point" || names[1] != "series" {
            return Err(rows.other_columns(&format!("point, series, swept keys, {}", AFTER_AXES.join(", "))));
        }
        let axes = names[2..end_of_axes].to_vec();
        let mut points = Points { axes, series: Vec::new(), places: Vec::new(), points: Vec::new() };
        let (mut places, mut series) = (HashMap::new(), HashMap::new());
        let mut current: Option<Current> = None;
        while let Some(row) = rows.next_row()? {
            // Rows of a point stand together.
            if current.as_ref().is_none_or(|current| current.point.id != row.text("point")) {
                points.points.extend(current.take().map(Current::finished));
                let coordinates: Vec<String> = row.cells().skip(2).take(points.axes.len()).map(str::to_owned).collect();
                let place = number(coordinates, &mut places, &mut points.places);
                let series = number(row.text("series").to_owned(), &mut series, &mut points.series);
                current = Some(Current::begin(&row, series, place));
            }
            if let Some(current) = &mut current {
                current.add(&row)?;
            }
        }
        points.points.extend(current.map(Current::finished));
        match points.points.is_empty() {
            true => Err(Failure::new(format!("{}: no point", path.display()))),
            false => Ok(points),
        }
    }
}

/// The number of something that may be new, in the order of first appearance.
fn number<T: Clone + Eq + Hash>(of: T, known: &mut HashMap<T, usize>, all: &mut Vec<T>) -> usize {
    *known.entry(of).or_insert_with_key(|new| {
        all.push(new.clone());
        all.len() - 1
    })
}

/// The point whose rows are being read.
struct Current {
    /// The replication that limits and loads are those of.
    first: String,
    /// How many replications there were.
    replications: usize,
    latest: Option<String>,
    point: Point,
    runs: [Vec<(f64, Option<f64>)>; METRICS.len()],
    bands: [Vec<Band>; BANDED.len()],
}

impl Current {
    fn add(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let (replication, metric, basis) = (row.text("replication"), row.text("metric"), row.text("basis"));
        row.optional("low")?;
        let (value, high) = (row.number("value")?, row.optional("high")?);
        let point = &mut self.point;
        if metric == CARRIED_IN_DRAWS {
            point.carried_in_draws = Some(value);
            return Ok(());
        }
        if let Some(place) = BANDED.iter().position(|banded| *banded == metric).filter(|_| is_shown(metric, basis)) {
            self.bands[place].extend(band(row)?);
        }
        if self.latest.as_deref() != Some(replication) {
            self.latest = Some(replication.to_owned());
            self.replications += 1;
        }
        if let Some(stop) = metric.strip_prefix(NO_ESTIMATE) {
            point.no_estimate = point.no_estimate.or(Stop::why_no_estimate(stop));
        } else if let Some(station) = metric.strip_prefix("utilisation/") {
            let is_busier = point.next.as_ref().is_none_or(|(_, share)| value > *share);
            if replication == self.first && station != point.bottleneck && is_busier {
                point.next = Some((station.to_owned(), value));
            }
        } else if let Some(place) = METRICS.iter().position(|name| *name == metric).filter(|_| is_shown(metric, basis))
        {
            self.runs[place].push((value, high.map(|high| high - value)));
        }
        Ok(())
    }

    fn begin(row: &Row<'_>, series: usize, place: usize) -> Self {
        Current {
            first: row.text("replication").to_owned(),
            replications: 0,
            latest: None,
            point: Point {
                id: row.text("point").to_owned(),
                series,
                place,
                no_estimate: None,
                bottleneck: row.text("bottleneck").to_owned(),
                next: None,
                bands: [None; BANDED.len()],
                carried_in_draws: None,
                lost_before: None,
                summaries: [None; METRICS.len()],
            },
            runs: std::array::from_fn(|_| Vec::new()),
            bands: std::array::from_fn(|_| Vec::new()),
        }
    }

    fn finished(mut self) -> Point {
        for (summary, runs) in self.point.summaries.iter_mut().zip(&self.runs) {
            *summary = Summary::of(runs).filter(|_| runs.len() == self.replications);
        }
        for (band, bands) in self.point.bands.iter_mut().zip(&self.bands) {
            *band = mean(bands).filter(|_| bands.len() == self.replications);
        }
        if self.point.bottleneck == Resource::OfferedLoad.name() && self.point.falls_short() {
            self.point.bottleneck = WAITS.to_owned();
        }
        self.point
    }
}

/// The band of a row; `None` where it has none, or its columns are not there.
fn band(row: &Row<'_>) -> Result<Option<Band>, Failure> {
    let (Some(low), Some(high)) = (row.optional(DRAWN_LOW)?, row.optional(DRAWN_HIGH)?) else { return Ok(None) };
    let n = row.text(DRAWS);
    let n = n.parse().map_err(|_| row.failure(&format!("`{n}` is no number of draws")))?;
    Ok(Some(Band { low, high, n }))
}

/// The band of a mean: those of all replications are of the same draws.
fn mean(bands: &[Band]) -> Option<Band> {
    let n = bands.len() as f64;
    let of = |end: fn(&Band) -> f64| bands.iter().map(end).sum::<f64>() / n;
    Some(Band { low: of(|band| band.low), high: of(|band| band.high), n: bands.first()?.n })
}

/// Throughput is given on every basis: one is shown.
fn is_shown(metric: &str, basis: &str) -> bool {
    metric != "throughput" || basis == "goodput"
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "point,series,host.cores,replication,seed,metric,value,unit,basis,low,high,n,bottleneck\n";

    fn read(rows: &str) -> Result<Points, Failure> {
        Points::from_csv(format!("{HEADER}{rows}").as_bytes(), Path::new("points.csv"))
    }

    #[test]
    fn replications_are_summed_up_and_what_one_of_them_lacks_is_absent() {
        let points = read(
            "0,host,1,0,7,throughput,10,Gb/s,goodput,9,11,20,core\n\
             0,host,1,0,7,throughput,99,Gb/s,wire,98,100,20,core\n\
             0,host,1,0,7,utilisation/core,1,1,,,,,core\n\
             0,host,1,0,7,utilisation/wire,0.5,1,,,,,core\n\
             0,host,1,0,7,loss,0.1,1,,,,,core\n\
             0,host,1,1,8,throughput,12,Gb/s,goodput,11,13,20,core\n\
             1,host,2,0,7,throughput,20,Gb/s,goodput,18,22,20,wire\n",
        )
        .unwrap();
        let [first, second] = &points.points[..] else { panic!("two points") };
        let throughput = first.get("throughput").unwrap();
        assert_eq!(throughput.value, 11.0);
        assert!((throughput.half_width.unwrap() - 12.706).abs() < 1e-3, "Student's t, two values one off the mean");
        assert_eq!(first.get("loss"), None);
        assert_eq!(first.next, Some(("wire".to_owned(), 0.5)));
        assert_eq!(second.get("throughput"), Some(Summary { value: 20.0, half_width: Some(2.0) }));
        assert_eq!(second.band("throughput"), None, "of before there were bands");
        assert_eq!((points.label(1).as_str(), points.is_ascending()), ("cores 2", true));
    }

    #[test]
    fn bands_are_means_over_replications_and_no_replications_of_their_own() {
        let header = format!("{},drawn_low,drawn_high,draws\n", HEADER.trim_end());
        let rows = "0,host,1,0,7,throughput,10,Gb/s,goodput,9,11,20,core,6,14,200\n\
                    0,host,1,1,8,throughput,12,Gb/s,goodput,11,13,20,core,8,16,200\n\
                    0,host,1,,7,carried_in_draws,0.93,1,,,,200,core,,,\n";
        let points = Points::from_csv(format!("{header}{rows}").as_bytes(), Path::new("points.csv")).unwrap();
        let point = &points.points[0];
        assert_eq!(point.band("throughput"), Some(Band { low: 7.0, high: 15.0, n: 200 }));
        assert_eq!((point.value("throughput"), point.carried_in_draws), (Some(11.0), Some(0.93)));
        let damaged = rows.replace("6,14,200", "6,14,many");
        let message = Points::from_csv(format!("{header}{damaged}").as_bytes(), Path::new("points.csv")).unwrap_err();
        assert!(message.to_string().contains("`many` is no number of draws"), "{message}");
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let rows = "0,host,1,0,7,throughput,10,Gb/s,goodput,9,11,20,core\n";
        let before = read(rows).unwrap();
        // As a run writes it today, and in another order.
        let today = format!("{},stop\n{},half-width\n", HEADER.trim_end(), rows.trim_end());
        let other = "point,series,host.cores,replication,basis,n,more,bottleneck,low,high,metric,value\n\
                     0,host,1,0,goodput,20,x,core,9,11,throughput,10\n";
        for text in [today.as_str(), other] {
            assert_eq!(Points::from_csv(text.as_bytes(), Path::new("points.csv")).unwrap(), before);
        }
        let message =
            |header: &str| Points::from_csv(header.as_bytes(), Path::new("points.csv")).unwrap_err().to_string();
        let lacks = HEADER.replace(",basis", "");
        assert!(message(&lacks).contains("bottleneck: point, series, swept keys, replication, metric"), "{lacks}");
    }

    #[test]
    fn load_that_is_neither_carried_nor_lost_waits() {
        let point = |throughput: f64| {
            let rows = [("throughput", throughput, "goodput"), ("bound", 10.0, "goodput"), ("loss", 0.0, "")]
                .map(|(metric, value, basis)| format!("0,a,1,0,7,{metric},{value},1,{basis},,,,offered load\n"));
            read(&rows.concat()).unwrap().points.remove(0)
        };
        let (carried, waiting) = (point(9.96), point(8.0));
        assert!(carried.carries_all() && carried.bottleneck == "offered load");
        assert!(!waiting.carries_all() && waiting.bottleneck == WAITS);
    }

    #[test]
    fn all_is_carried_where_the_offered_load_is_within_the_interval() {
        let carries = |throughput: f64, high: f64, loss: f64, bound: f64| {
            let head = "0,a,1,0,7";
            let rows = format!(
                "{head},throughput,{throughput},Gb/s,goodput,,{high},9,core\n{head},loss,{loss},1,,,,,core\n\
                 {head},bound,{bound},Gb/s,goodput,,,,core\n{head},offered,10,Gb/s,goodput,,,,core\n"
            );
            read(&rows).unwrap().points.remove(0).carries_all()
        };
        // The bound is that of a station: a load above it is not carried, however close to the bound throughput is.
        assert!(!carries(8.0, 8.1, 0.0, 8.0));
        assert!(!carries(9.98, 10.0, 0.0, 9.98), "queues grow, though slowly");
        assert!(!carries(9.85, 9.87, 0.0, 10.0), "1 % short");
        assert!(carries(9.85, 9.995, 0.0, 10.0) && carries(9.995, 9.995, 0.0, 10.0));
        assert!(!carries(10.0, 10.1, 1e-6, 10.0));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let message = |rows: &str| read(rows).unwrap_err().to_string();
        assert_eq!(message("0,host,1,0,7,loss,many,1,,,,,core\n"), "points.csv:2: `many` is no number");
        for odd in ["NaN", "inf", "-inf", "1e999"] {
            assert_eq!(
                message(&format!("0,host,1,0,7,loss,{odd},1,,,,,core\n")),
                format!("points.csv:2: `{odd}` is no number")
            );
            let low = message(&format!("0,host,1,0,7,throughput,1,Gb/s,goodput,{odd},2,9,core\n"));
            assert_eq!(low, format!("points.csv:2: `{odd}` is no number"));
        }
        assert_eq!(message(""), "points.csv: no point");
        let short = message("0,host,1\n");
        assert!(short.contains("line: 2"), "{short}");
        let other = Points::from_csv("a,b\n".as_bytes(), Path::new("points.csv")).unwrap_err().to_string();
        assert!(other.contains("columns are a, b"), "{other}");
    }
}
