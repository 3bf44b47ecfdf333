//! The files of a plan.

use espsim_model::deciding::deciding;
use espsim_sweep::failure::Failure;
use espsim_sweep::file::profile::ProfileChoice;
use espsim_sweep::file::scenario_file::ScenarioFile;
use espsim_sweep::points::outcome::Outcome;
use espsim_sweep::points::{Point, points};
use espsim_sweep::store::folder::Files;
use espsim_sweep::store::manifest::{Captioned, Manifest, ResultKind};
use espsim_sweep::store::manifest_of::Known;
use espsim_sweep::store::names::{MANIFEST, PROFILE, TABLE};
use espsim_sweep::store::points_csv::{csv_of, points_csv};
use serde_json::{Value, json};
use toml::Table;

use super::answer::{paragraphs, reason};
use super::asked::Asked;
use super::bill::bill;
use super::design::{Least, Plan, ranked, stacks};
use super::doubt::small;
use super::figure::{cores_svg, growth_svg};
use super::hardware::{Component, Hardware};
use super::keys::insert;
use super::prices::Prices;
use super::question::Question;
use super::search::Trial;
use super::sheet::{rows, table};
use super::worth::Worth;

/// Cores by design, with their ranges.
const FIGURE: &str = "cores.svg";
/// Cores by load.
const GROWTH: &str = "growth.svg";
/// What is not known of the numbers.
const DOUBT: &str = "doubt.csv";
/// What to measure next.
const WORTH: &str = "measure.csv";
/// What there is to buy.
const BILL: &str = "bill.csv";

/// What is written of a plan.
pub(super) struct Output<'a> {
    /// What was asked.
    pub question: &'a Question,
    /// The plans, in the order asked for.
    pub plans: &'a [Plan],
    /// The host.
    pub profile: &'a ProfileChoice,
    /// What it would tell to know values of the profile, for each stack.
    pub worth: &'a [(String, Vec<Worth>)],
    /// What hardware costs, where that is known.
    pub prices: Option<&'a Prices>,
}

impl Output<'_> {
    /// Table and answer for people.
    pub fn text(&self) -> String {
        let (columns, rows) = rows(self.question, self.plans, self.prices, self.cpu());
        format!("{}\n\n{}\n", table(&columns, &rows), self.answer())
    }

    fn answer(&self) -> String {
        paragraphs(self.question, self.plans, self.worth, self.cpu(), self.prices).join("\n\n")
    }

    fn cpu(&self) -> &str {
        &self.profile.profile.host.model
    }

    /// Every file with its content; `deciding` is what [`Self::deciding`] says.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be made.
    pub fn files(&self, command: &[String], time: &str, deciding: &[String]) -> Result<Files, Failure> {
        let (file, points, outcomes) = self.checked()?;
        let (columns, rows) = rows(self.question, self.plans, self.prices, self.cpu());
        let header: Vec<String> = columns.into_iter().map(|column| column.heading).collect();
        let footnote = self.profile.footnote(self.question.seed);
        let known = Known {
            kind: ResultKind::Plan,
            file: &file,
            // They stand in the file.
            settings: &[],
            profile: self.profile,
            seed: self.question.seed,
            points: points.iter().collect(),
            outcomes: &outcomes,
        };
        let text = |name: &str, content: String| (name.to_owned(), content.into_bytes());
        let mut files = vec![
            (TABLE.to_owned(), csv_of(&header, &rows)?),
            ("growth.csv".to_owned(), self.growth_csv()?),
            (DOUBT.to_owned(), self.doubt_csv()?),
            (WORTH.to_owned(), self.worth_csv()?),
            (BILL.to_owned(), self.bill_csv()?),
            ("points.csv".to_owned(), points_csv(&file, &outcomes)?),
            text(FIGURE, cores_svg(self.question, self.plans, &footnote)),
            text(GROWTH, growth_svg(self.question, self.plans, &footnote)),
            text("plan.toml", file.source.text.clone()),
            text(PROFILE, self.profile.text.clone()),
        ];
        let mut manifest = self.says(known.manifest(command, time)).naming(&files);
        manifest.deciding = deciding.to_vec();
        files.push(text(MANIFEST, manifest.to_json()?));
        Ok(files)
    }

    /// Values of the profile that decide how much hardware it takes.
    ///
    /// # Errors
    /// [`Failure`] if a plan is no scenario.
    pub fn deciding(&self) -> Result<Vec<String>, Failure> {
        let planned = |plan: &Plan| {
            let least = plan.result.as_ref().ok()?;
            // Cores are what is counted: of one it is the same values that decide, and known far sooner.
            let one = least.trial.hardware.with(Component::Core, 1);
            Some(series(self.question, plan, least, plan.asked.name(), one))
        };
        let tables: Vec<Table> = self.plans.iter().filter_map(planned).collect();
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        let profile = &self.profile.profile;
        let points = points(&self.question.file(tables)?, &[], profile)?;
        Ok(deciding(profile, &points.iter().map(|point| small(&point.scenario)).collect::<Vec<_>>()))
    }

    /// The plans and their points with one piece less as a scenario file, and what was simulated of it.
    fn checked(&self) -> Result<(ScenarioFile, Vec<Point>, Vec<Outcome>), Failure> {
        let planned = self.plans.iter().filter_map(|plan| Some((plan, plan.result.as_ref().ok()?)));
        let mut tried: Vec<(Table, &Trial)> = Vec::new();
        for (plan, least) in planned {
            tried.push((series(self.question, plan, least, plan.asked.name(), least.trial.hardware), &least.trial));
            for (part, trial) in &least.less {
                let name = format!("{}, one {} less", plan.asked.name(), part.name());
                tried.push((series(self.question, plan, least, name, trial.hardware), trial));
            }
        }
        if tried.is_empty() {
            return Ok((self.question.file(vec![])?, Vec::new(), Vec::new()));
        }
        let (tables, trials): (Vec<Table>, Vec<&Trial>) = tried.into_iter().unzip();
        let file = self.question.file(tables)?;
        let points = points(&file, &[], &self.profile.profile)?;
        let outcomes = points.iter().zip(trials).map(|(point, trial)| Outcome {
            place: point.place.clone(),
            runs: trial.records.iter().cloned().map(Into::into).collect(),
            drawn: Vec::new(),
        });
        let outcomes = outcomes.collect();
        Ok((file, points, outcomes))
    }

    fn growth_csv(&self) -> Result<Vec<u8>, Failure> {
        let header = [
            "placement",
            "nic",
            "card",
            "stack",
            "load_gbps",
            "basis",
            "hosts",
            "cores",
            "nics",
            "accelerators",
            "slots",
            "year",
        ];
        let mut rows = Vec::new();
        for plan in self.plans {
            let Ok(least) = &plan.result else { continue };
            let mut loads = least.growth.clone();
            loads.push((1.0, Some(least.trial.hardware)));
            loads.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (load, hardware) in loads {
                let year = self.question.year(load).map_or_else(String::new, |year| year.to_string());
                let rate = (load * self.question.rate.as_gbps()).to_string();
                let count =
                    |of: fn(&Hardware) -> u32| hardware.as_ref().map_or_else(String::new, |h| of(h).to_string());
                let mut row = named(&plan.asked);
                row.extend([rate, self.question.basis.clone(), count(|h| h.hosts), count(|h| h.cores)]);
                row.extend([count(|h| h.nics), count(|h| h.accelerators), count(Hardware::slots), year]);
                rows.push(row);
            }
        }
        csv_of(&header.map(str::to_owned), &rows)
    }

    /// What there is to buy of each design.
    fn bill_csv(&self) -> Result<Vec<u8>, Failure> {
        let header = ["placement", "nic", "card", "stack", "item", "model", "of_host", "all", "spare"];
        let mut rows = Vec::new();
        for plan in self.plans {
            let Ok(least) = &plan.result else { continue };
            for line in bill(self.question, plan, least, self.cpu()) {
                let mut row = named(&plan.asked);
                row.extend([line.item.to_owned(), line.model.unwrap_or_default()]);
                row.extend([line.of_host, line.all, line.spare].map(|n| n.to_string()));
                rows.push(row);
            }
        }
        csv_of(&header.map(str::to_owned), &rows)
    }

    /// The band of each design, and how often it takes fewest cores of its stack.
    fn doubt_csv(&self) -> Result<Vec<u8>, Failure> {
        let header = [
            "placement",
            "nic",
            "card",
            "stack",
            "draws",
            "cores",
            "cores_low",
            "cores_high",
            "nics_low",
            "nics_high",
            "cards_low",
            "cards_high",
            "fewer_cores_than_next",
        ];
        let mut rows = Vec::new();
        for stack in stacks(self.plans) {
            let ranked = ranked(self.plans, stack);
            for (at, (plan, least)) in ranked.iter().enumerate() {
                let Some(doubt) = &least.doubt else { continue };
                let band = doubt.band().map(|cores| cores.map_or_else(String::new, |cores| cores.to_string()));
                let next = ranked.get(at + 1).and_then(|(_, next)| next.doubt.as_ref());
                let mut row = named(&plan.asked);
                row.extend([doubt.cores.len().to_string(), least.trial.hardware.all_cores().to_string()]);
                row.extend(band);
                row.extend(doubt.most_devices().into_iter().flatten().map(|n| n.to_string()));
                row.push(next.map_or_else(String::new, |next| format!("{:.3}", doubt.fewer_than(next))));
                rows.push(row);
            }
        }
        csv_of(&header.map(str::to_owned), &rows)
    }

    /// What it would tell to know values of the profile.
    fn worth_csv(&self) -> Result<Vec<u8>, Failure> {
        let header = ["stack", "key", "share_of_doubt", "choice_right_more_often"].map(str::to_owned);
        let mut rows = Vec::new();
        let share = |of: f64| format!("{of:.3}");
        for (stack, worth) in self.worth.iter().flat_map(|(stack, all)| all.iter().map(move |worth| (stack, worth))) {
            rows.push(vec![stack.clone(), worth.key.clone(), share(worth.of_doubt), share(worth.of_choice)]);
        }
        csv_of(&header, &rows)
    }

    /// The manifest with what the plan says.
    fn says(&self, manifest: Manifest) -> Manifest {
        let goals = &self.question.goals;
        let goals = json!({
            "loss": goals.loss.fraction(),
            "latency_p99_us": goals.latency_p99.map(|time| time.as_ns() * 1e-3),
            "headroom": self.question.headroom.fraction(),
        });
        let plans = self.plans.iter().map(|plan| self.plan_json(plan)).collect();
        Manifest {
            title: Some(self.question.title()),
            question: Some(self.question.sentence()),
            answer: Some(self.answer()),
            figures: vec![
                Captioned::new(FIGURE, "The least cores of each design, and their range"),
                Captioned::new(GROWTH, "The least cores for half to four times the load"),
            ],
            tables: vec![
                Captioned::new(TABLE, "The least hardware of each placement"),
                Captioned::new("growth.csv", "The least hardware by load; other loads by closed forms"),
                Captioned::new(
                    DOUBT,
                    "What is not known of the number of cores, from the ranges of the profile's values",
                ),
                Captioned::new(WORTH, "What to measure next"),
                Captioned::new(BILL, "What there is to buy, spare pieces included"),
            ],
            more: [("goals".to_owned(), goals), ("plans".to_owned(), plans)].into_iter().collect(),
            ..manifest
        }
    }

    fn plan_json(&self, plan: &Plan) -> Value {
        match &plan.result {
            Err(impossible) => {
                let Asked { placement, stack, nic, card } = &plan.asked;
                json!({ "placement": placement, "nic": nic, "card": card, "stack": stack, "impossible": reason(impossible) })
            }
            Ok(least) => json!({
                "placement": plan.asked.placement,
                "nic": plan.asked.nic,
                "card": plan.asked.card,
                "stack": plan.asked.stack,
                "hosts": least.trial.hardware.hosts,
                "cores": least.trial.hardware.all_cores(),
                "cores_of_host": least.trial.hardware.cores,
                "loss_interval": least.trial.loss_interval(),
                "loss_by_closed_forms": least.trial.loss.map(|loss| loss.fraction()),
                "cores_range": least.doubt.as_ref().map(|doubt| doubt.band()),
                "bill": bill(self.question, plan, least, self.cpu()).iter().map(|line| json!({
                    "item": line.item,
                    "model": line.model,
                    "of_host": line.of_host,
                    "all": line.all,
                    "spare": line.spare,
                })).collect::<Vec<_>>(),
                "nics": least.trial.hardware.nics,
                "accelerators": least.trial.hardware.accelerators,
                "meets": least.trial.meets(),
                "one_less": least.less.iter().map(|(part, trial)| json!({
                    "part": part.name(),
                    "missed": trial.missed.map(|missed| missed.to_string()),
                })).collect::<Vec<_>>(),
                "carries": least.carries,
                "limit": least.limit(),
                "limits": least.limits.iter().map(|(name, load)| json!({ "name": name, "load": load })).collect::<Vec<_>>(),
            }),
        }
    }
}

/// What a design is, in cells.
fn named(asked: &Asked) -> Vec<String> {
    let Asked { placement, stack, nic, card } = asked.clone();
    vec![placement, nic.unwrap_or_default(), card.unwrap_or_default(), stack]
}

/// A series that simulates a plan's hardware.
fn series(question: &Question, plan: &Plan, least: &Least, name: String, hardware: Hardware) -> Table {
    let mut table = plan.asked.series(name);
    question.share(&mut table, hardware.hosts);
    let run = &least.scenario.run;
    let number = |n: u32| toml::Value::Integer(n.into());
    let values = [
        ("host.cores", number(hardware.cores)),
        ("nic.count", number(hardware.nics)),
        ("accelerator.count", number(hardware.of(Component::Accelerator).max(1))),
        ("run.max_packets", toml::Value::Integer(run.max_packets as i64)),
        ("run.half_width", toml::Value::String(run.half_width.to_string())),
    ];
    for (key, value) in values {
        insert(&mut table, key, value);
    }
    table
}
