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

use super::answer::{paragraph, reason, rows, table};
use super::design::{Least, Plan};
use super::figure::growth_svg;
use super::prices::Prices;
use super::question::{Question, insert};
use super::search::{Component, Hardware, Trial};

/// Cores by load.
const FIGURE: &str = "growth.svg";

/// What is written of a plan.
pub(super) struct Output<'a> {
    /// What was asked.
    pub question: &'a Question,
    /// The plans, in the order asked for.
    pub plans: &'a [Plan],
    /// The host.
    pub profile: &'a ProfileChoice,
    /// What hardware costs, where that is known.
    pub prices: Option<&'a Prices>,
}

impl Output<'_> {
    /// Table and answer for people.
    pub fn text(&self) -> String {
        let (header, rows) = rows(self.question, self.plans, self.prices);
        format!("{}\n\n{}\n", table(&header, &rows), self.answer())
    }

    fn answer(&self) -> String {
        paragraph(self.question, self.plans, self.profile.profile.host.cores, self.prices)
    }

    /// Every file with its content.
    ///
    /// # Errors
    /// [`Failure`] if one cannot be made.
    pub fn files(&self, command: &[String], time: &str) -> Result<Files, Failure> {
        let (file, points, outcomes) = self.checked()?;
        let (header, rows) = rows(self.question, self.plans, self.prices);
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
            ("points.csv".to_owned(), points_csv(&file, &outcomes)?),
            text(FIGURE, growth_svg(self.question, self.plans, &footnote)?),
            text("plan.toml", file.source.text.clone()),
            text(PROFILE, self.profile.text.clone()),
        ];
        let mut manifest = self.says(known.manifest(command, time)).naming(&files);
        manifest.deciding = self.deciding()?;
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
            Some(series(plan, least, plan.placement.clone(), least.trial.hardware))
        };
        let tables: Vec<Table> = self.plans.iter().filter_map(planned).collect();
        if tables.is_empty() {
            return Ok(Vec::new());
        }
        let profile = &self.profile.profile;
        let points = points(&self.question.file(tables)?, &[], profile)?;
        Ok(deciding(profile, &points.into_iter().map(|point| point.scenario).collect::<Vec<_>>()))
    }

    /// The plans and their points with one piece less as a scenario file, and what was simulated of it.
    fn checked(&self) -> Result<(ScenarioFile, Vec<Point>, Vec<Outcome>), Failure> {
        let planned = self.plans.iter().filter_map(|plan| Some((plan, plan.result.as_ref().ok()?)));
        let mut tried: Vec<(Table, &Trial)> = Vec::new();
        for (plan, least) in planned {
            tried.push((series(plan, least, plan.placement.clone(), least.trial.hardware), &least.trial));
            for (part, trial) in &least.less {
                let name = format!("{}, one {} less", plan.placement, part.name());
                tried.push((series(plan, least, name, trial.hardware), trial));
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
        let header = ["placement", "load_gbps", "basis", "cores", "nics", "accelerators", "slots"].map(str::to_owned);
        let mut rows = Vec::new();
        for plan in self.plans {
            let Ok(least) = &plan.result else { continue };
            let mut loads = least.growth.clone();
            loads.push((1.0, Some(least.trial.hardware)));
            loads.sort_by(|a, b| a.0.total_cmp(&b.0));
            for (load, hardware) in loads {
                let rate = (load * self.question.rate.as_gbps()).to_string();
                let mut row = vec![plan.placement.clone(), rate, self.question.basis.clone()];
                let count =
                    |of: fn(&Hardware) -> u32| hardware.as_ref().map_or_else(String::new, |h| of(h).to_string());
                row.extend([count(|h| h.cores), count(|h| h.nics), count(|h| h.accelerators), count(Hardware::slots)]);
                rows.push(row);
            }
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
        let plans = self.plans.iter().map(plan_json).collect();
        Manifest {
            title: Some(self.question.title()),
            question: Some(self.question.sentence()),
            answer: Some(self.answer()),
            figures: vec![Captioned::new(FIGURE, "The least cores for a quarter to four times the load")],
            tables: vec![
                Captioned::new(TABLE, "The least hardware of each placement"),
                Captioned::new("growth.csv", "The least hardware by load"),
            ],
            more: [("goals".to_owned(), goals), ("plans".to_owned(), plans)].into_iter().collect(),
            ..manifest
        }
    }
}

fn plan_json(plan: &Plan) -> Value {
    match &plan.result {
        Err(impossible) => json!({ "placement": plan.placement, "impossible": reason(impossible) }),
        Ok(least) => json!({
            "placement": plan.placement,
            "cores": least.trial.hardware.cores,
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

/// A series that simulates a plan's hardware.
fn series(plan: &Plan, least: &Least, name: String, hardware: Hardware) -> Table {
    let mut table = Table::new();
    let run = &least.scenario.run;
    let number = |n: u32| toml::Value::Integer(n.into());
    let values = [
        ("name", toml::Value::String(name)),
        ("placement", toml::Value::String(plan.placement.clone())),
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
