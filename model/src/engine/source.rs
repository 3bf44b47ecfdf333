//! Sources of jobs: when they start, on which flow, and of which size.

use super::program::{self, Arrivals, Pc, Train};
use super::random::{Purpose, Stream};
use super::recorded::Player;
use super::trace::Tracer;
use super::{Engine, Job, NO_PAGE, NO_PARENT};

/// Times on and off that are drawn between two jobs.
const MOST_DRAWN: u64 = 10_000;

/// What starts jobs of one traffic class, at work.
#[derive(Debug)]
pub(super) struct Source {
    pub arrivals: Arrivals,
    /// Its first flow, and the first of the next source.
    pub flows: (u32, u32),
    weights: Vec<u32>,
    packets: Vec<u32>,
    total_weight: u64,
    next_flow: u32,
    train: Train,
    /// Jobs of the present train that are still to come, and its flow.
    coming: (u32, u32),
    /// Trains of the present burst, this one included.
    trains: u32,
    /// For how long it is on, in picoseconds; negative for what a train took too much.
    on_left: i64,
    /// Packets of jobs that it has started.
    pub started: u64,
    times: Stream,
    sizes: Stream,
    drawn_flows: Stream,
    bursts: Stream,
    player: Player,
    /// The size of the recorded job that has started last.
    recorded_size: u16,
    /// When the last recorded job comes, in picoseconds.
    end_of_record: Option<u64>,
}

impl Source {
    pub fn new(source: &program::Source, index: usize, first: u32, seed: u64) -> Self {
        let number = index as u8;
        let mut bursts = Stream::new(seed, Purpose::Bursts(number));
        Source {
            arrivals: source.arrivals,
            flows: (first, first + source.flows),
            weights: source.weights.clone(),
            packets: source.packets.clone(),
            total_weight: source.weights.iter().map(|&w| u64::from(w)).sum(),
            next_flow: first,
            train: source.train,
            coming: (0, first),
            trains: match source.arrivals {
                Arrivals::Bursts { trains, .. } => bursts.geometric(trains),
                _ => 1,
            },
            on_left: 0,
            started: 0,
            times: Stream::new(seed, Purpose::Arrivals(number)),
            sizes: Stream::new(seed, Purpose::Sizes(number)),
            drawn_flows: Stream::new(seed, Purpose::Flows(number)),
            bursts,
            player: Player::new(&source.recorded),
            recorded_size: 0,
            end_of_record: source.recorded.0.as_ref().map(|record| source.arrivals.replayed_at(record.end())),
        }
    }
}

impl Source {
    /// Which size the next job has.
    #[inline(never)]
    fn draw_size(&mut self) -> usize {
        if let Arrivals::Recorded { .. } = self.arrivals {
            return usize::from(self.recorded_size);
        }
        let mut draw = self.sizes.below(self.total_weight);
        for (size, &weight) in self.weights.iter().enumerate() {
            match draw.checked_sub(u64::from(weight)) {
                Some(rest) => draw = rest,
                None => return size,
            }
        }
        self.weights.len() - 1
    }
}

impl Source {
    /// The flow of the next train.
    fn draw_flow(&mut self) -> u32 {
        let (first, end) = self.flows;
        if self.arrivals.draws_flows() {
            return match end - first {
                1 => first,
                flows => first + self.drawn_flows.below(u64::from(flows)) as u32,
            };
        }
        let flow = self.next_flow;
        self.next_flow = if flow + 1 == end { first } else { flow + 1 };
        flow
    }

    /// When the next recorded job comes; never after the last.
    fn next_recorded(&self) -> u64 {
        self.player.peek().map_or(u64::MAX, |job| self.arrivals.replayed_at(job.at))
    }

    /// From one job of a train to the next, and between the trains of a burst.
    fn spacing(&self) -> u64 {
        self.while_on().map_or(0, |mean| self.train.spacing.min(mean))
    }

    /// Mean picoseconds between two jobs where they come at a rate, of an interrupted process while it is on.
    fn while_on(&self) -> Option<u64> {
        let mean = self.arrivals.mean()?;
        Some(match self.arrivals {
            Arrivals::OnOff { on, off, .. } => (u128::from(mean) * u128::from(on) / u128::from(on + off)) as u64,
            _ => mean,
        })
    }

    /// From the last job of a train to the first of the next: what keeps the rate.
    fn draw_gap(&mut self) -> u64 {
        let Some(mean) = self.while_on() else { return 0 };
        self.trains -= 1;
        if self.trains > 0 {
            return self.spacing();
        }
        let jobs = u64::from(self.train.jobs) * u64::from(self.arrivals.trains());
        let gap = mean.saturating_mul(jobs) - self.spacing() * (jobs - 1);
        self.trains = match self.arrivals {
            Arrivals::Bursts { trains, .. } => self.bursts.geometric(trains),
            _ => 1,
        };
        match self.arrivals {
            Arrivals::Constant { .. } => gap,
            _ => {
                let gap = self.times.exponential(gap);
                self.interrupted(gap)
            }
        }
    }

    /// A time while it is on, with the times for which it is off in between.
    fn interrupted(&mut self, time: u64) -> u64 {
        let Arrivals::OnOff { on, off, .. } = self.arrivals else { return time };
        // Of more than so many times on and off the sum is close to its mean.
        let certain = (time / on).saturating_sub(MOST_DRAWN);
        let mut passed = time.saturating_add(certain.saturating_mul(off));
        self.on_left = self.on_left.saturating_sub_unsigned(time - certain * on);
        while self.on_left < 0 {
            passed = passed.saturating_add(self.bursts.exponential(off));
            self.on_left = self.on_left.saturating_add_unsigned(self.bursts.exponential(on));
        }
        passed
    }

    /// A train that has begun is not interrupted: what it takes is missing from the time that is left.
    fn next_of_train(&mut self) -> u64 {
        let spacing = self.spacing();
        self.on_left = self.on_left.saturating_sub_unsigned(spacing);
        spacing
    }
}

impl<T: Tracer> Engine<T> {
    pub(super) fn open(&mut self) {
        for source in 0..self.sources.len() {
            let Source { arrivals, flows: (first, end), .. } = self.sources[source];
            match arrivals {
                Arrivals::Closed { jobs_per_flow } => {
                    // Flow by flow within each round, so that no flow owns the head of every queue.
                    for _ in 0..jobs_per_flow {
                        (first..end).for_each(|flow| self.start_job(source, flow));
                    }
                    self.run_ready();
                }
                Arrivals::Recorded { .. } => {
                    let first = self.sources[source].next_recorded();
                    self.show(self.arrival_slot(source), first);
                }
                Arrivals::Constant { interval } => self.show(self.arrival_slot(source), interval),
                Arrivals::Poisson { mean } | Arrivals::OnOff { mean, .. } | Arrivals::Bursts { mean, .. } => {
                    let after = self.sources[source].times.exponential(mean);
                    self.show(self.arrival_slot(source), after);
                }
            }
        }
    }

    /// When the last recorded job of all sources comes, in picoseconds; `None` where nothing was recorded.
    pub fn end_of_records(&self) -> Option<u64> {
        self.sources.iter().filter_map(|source| source.end_of_record).max()
    }

    /// What kept recorded jobs from being had: then those that started are not all.
    pub fn failure(&self) -> Option<&str> {
        self.sources.iter().find_map(|source| source.player.failure.as_deref())
    }

    pub(super) fn arrive(&mut self, index: usize) {
        let source = &mut self.sources[index];
        if matches!(source.arrivals, Arrivals::Closed { .. }) {
            return;
        }
        if let Arrivals::Recorded { .. } = source.arrivals {
            let Some(job) = source.player.peek() else { return };
            let flow = source.flows.0 + job.flow;
            source.recorded_size = job.size;
            source.player.advance();
            let next = source.next_recorded();
            self.show(self.arrival_slot(index), next);
            return self.start_job(index, flow);
        }
        let (left, flow) = match source.coming {
            (0, _) => (source.train.jobs - 1, source.draw_flow()),
            (left, flow) => (left - 1, flow),
        };
        source.coming = (left, flow);
        let after = if left > 0 { source.next_of_train() } else { source.draw_gap() };
        self.show(self.arrival_slot(index), self.now.saturating_add(after));
        self.start_job(index, flow);
    }

    fn start_job(&mut self, source: usize, flow: u32) {
        self.counts.started += 1;
        let (born, parent, resume) = (self.now, NO_PARENT, Pc::MAX);
        let job = self.new_job(Job { born, flow, page: NO_PAGE, sequence: 0, parent, children: 0, resume });
        self.tracer.starts(job, flow, self.now);
        let pc = self.start_of(source, flow);
        self.ready.push_back((job, pc));
    }

    /// The source that a flow belongs to: there are few.
    #[inline(always)]
    pub(super) fn source_of(&self, flow: u32) -> usize {
        self.sources.iter().position(|source| flow < source.flows.1).unwrap_or(0)
    }

    #[inline(always)]
    pub(super) fn start_of(&mut self, source: usize, flow: u32) -> Pc {
        let row = &self.workload.starts[usize::from(self.workload.flows[flow as usize])];
        let source = &mut self.sources[source];
        let size = if row.len() == 1 { 0 } else { source.draw_size() };
        source.started += u64::from(source.packets[size]);
        row[size]
    }
}
