//! Points per second: making a point, and simulating cheap ones on one thread and on two.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use espsim_sweep::campaign::Campaign;
use espsim_sweep::campaign::execute::execute;
use espsim_sweep::campaign::stop::Stop;
use espsim_sweep::campaign::studies::RUN;
use espsim_sweep::file::profile::stand_in;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::points::doubt::Draws;
use espsim_sweep::points::{Kept, Points};
use espsim_sweep::store::journal::{Appender, Finished};
use espsim_sweep::store::names::JOURNAL;

/// Two thousand points of a thousand packets.
const SCENARIO: &str = r#"
[run]
max_packets = 1000
[[series]]
name = "host"
placement = "host"
[[series]]
name = "inline"
placement = "inline-crypto"
[sweep]
"traffic.packet" = ["64 B", "128 B", "256 B", "512 B", "768 B", "1024 B", "1280 B", "1300 B", "1400 B", "1446 B"]
"traffic.window" = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"host.cores" = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"#;

fn sweep(criterion: &mut Criterion) {
    let file = ScenarioFile::parse(Path::new("sweep.toml"), SCENARIO.to_owned()).expect("a good scenario");
    let kept = Kept::new(&file).expect("points");
    let profile = stand_in().expect("a shipped profile");
    let points = Points::new(&file, &[], &profile.profile, &kept);
    let draws = Draws::default();
    let campaign = Campaign::new(&RUN, points, &profile, &draws, 1, &Stop::default()).expect("good points");
    let mut group = criterion.benchmark_group("sweep");
    group.bench_function("make a point", |bencher| bencher.iter(|| black_box(points.resolve(777))));
    group.throughput(Throughput::Elements(points.len() as u64)).sample_size(10);
    for jobs in [1, 2] {
        group.bench_function(format!("simulate points, {jobs} jobs"), |bencher| bencher.iter(|| run(&campaign, jobs)));
    }
    group.finish();
    efficiency(&campaign);
}

/// Simulates every point, with a journal.
fn run(campaign: &Campaign<'_>, jobs: usize) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let journal = Appender::open(&folder.path().join(JOURNAL), 0).expect("a journal");
    let mut finished = Finished::default();
    execute(campaign, &campaign.own(None), &mut finished, &journal, jobs, &Stop::default()).expect("runs");
}

/// Prints the speed-up of two threads over one, divided by two: the median of pairs that were timed one after the other, so
/// that whatever else the machine does falls on both.
fn efficiency(campaign: &Campaign<'_>) {
    let time = |jobs| {
        let started = Instant::now();
        run(campaign, jobs);
        started.elapsed().as_secs_f64()
    };
    let mut pairs: Vec<f64> = (0..9).map(|_| time(1) / time(2) / 2.0).collect();
    pairs.sort_by(f64::total_cmp);
    println!("parallel efficiency on 2 threads: {:.2} (of {} pairs: {:.2} to {:.2})", pairs[4], 9, pairs[0], pairs[8]);
}

criterion_group!(benches, sweep);
criterion_main!(benches);
