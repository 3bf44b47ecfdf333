//! The page: everything that was read, laid out by the template.

use espsim_sweep::failure::Failure;
use espsim_sweep::store::manifest::ResultKind;
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde_json::json;

use super::glossary::marked;
use super::lead::Lead;
use super::parts::{MOST_OPEN, Table};
use super::provenance::{deciding, provenance};
use super::read::Results;
use super::relevant::About;
use super::reproduce::{contradictions, reproduce};
use super::validation::validation;
use super::{answer, answer_failover, cautions, limits, tables};

use crate::assumed;
use crate::live::{self, Chosen};
use crate::profile::heading;
use crate::trust;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

const RUN: &str = "Gb/s count the transport payload that arrives (goodput). After ± stands the half-width of the 95 % \
                   interval. Two designs carry the same where these intervals overlap or less than 0.1 % is between them.";
const FAILOVER: &str = "Times count from the first event. Percentages are of all packets that were offered. Throughput is \
                        back where it reaches 95 % of its mean before the first event, or what random arrivals alone give.";

/// Columns that a reader needs first, of tables that have more than fit a phone: of a plan, its doubt, its growth, a
/// comparison, a validation, failovers.
const FIRST_COLUMNS: [&[&str]; 6] = [
    &["Placement", "With", "Stack", "Hosts", "Cores", "Range", "Carries Gb/s", "Limit"],
    &["placement", "nic", "stack", "cores", "cores_low", "cores_high", "fewer_cores_than_next"],
    &["placement", "nic", "stack", "load_gbps", "hosts", "cores", "nics", "accelerators"],
    &["stack", "rate", "packet", "cores", "best", "value", "next", "margin"],
    &["family", "predicted", "median_error", "within_tenth", "worst_error", "within_band", "median_band", "worst"],
    &["Series", "Outage ms", "To 95 % ms", "Re-installed ms", "Lost", "Peak CPU %"],
];

/// What a folder says, part by part.
struct Said {
    lead: Lead,
    /// How the answer's words are meant.
    reading: &'static str,
    shown: Vec<Table>,
    /// Where the tables sum points up.
    every_point: Option<Table>,
    limits: Option<(&'static str, Table)>,
}

fn said(results: &Results) -> Said {
    let manifest = &results.manifest;
    let given = Lead::from_text(&manifest.answer.clone().unwrap_or_default());
    let found = results.figures.iter().map(|figure| figure.found.clone()).filter(|found| !found.is_empty());
    let found: Vec<String> = found.collect();
    let mut said = Said { lead: given, reading: "", shown: results.tables.clone(), every_point: None, limits: None };
    match (&results.points, manifest.kind) {
        (Some(points), ResultKind::Failover) => {
            said.lead = Lead::from_text(&answer_failover::answer(points));
            said.reading = FAILOVER;
            said.shown.push(tables::failovers(points));
            said.limits = Some(("What was lost", tables::losses(points)));
        }
        (Some(points), ResultKind::Compare) => said.limits = Some(("What limits", limits::table(points))),
        (Some(points), _) => {
            said.lead = Lead::of(&answer::in_short(points, &found), answer::answer(points));
            said.reading = RUN;
            said.shown.push(tables::matrix(points));
            said.every_point = Some(tables::every_point(points));
            said.limits = Some(("What limits", limits::table(points)));
        }
        (None, _) => {}
    }
    said
}

/// Tables with the columns that a reader needs first, and the whole of those that have more.
fn narrowed(shown: Vec<Table>) -> (Vec<Table>, Vec<Table>) {
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for table in shown {
        let wanted = FIRST_COLUMNS.into_iter().find(|wanted| table.has_all(wanted)).unwrap_or_default();
        match table.narrowed(wanted) {
            Some(narrow) => {
                let caption = format!("{}: every column", table.caption());
                first.push(narrow);
                whole.push(table.called(&caption));
            }
            None => first.push(table),
        }
    }
    (first, whole)
}

/// The report as HTML.
///
/// # Errors
/// [`Failure`] if the template does not fit, which tests exclude.
pub fn html(results: &Results) -> Result<String, Failure> {
    html_with(results, None)
}

/// The same with the simulator in it, which begins with what is chosen.
///
/// # Errors
/// As [`html`].
pub fn html_with(results: &Results, live: Option<&Chosen>) -> Result<String, Failure> {
    let manifest = &results.manifest;
    let profile = results.profile.as_ref().map(|choice| &choice.profile);
    let Said { lead, reading, shown, every_point, limits } = said(results);
    let (shown, mut reference) = narrowed(shown);
    reference.extend(every_point);
    let provenance = provenance(manifest, profile);
    reference.extend(provenance.tables);
    let mut remarks = contradictions(results);
    remarks
        .extend(profile.iter().flat_map(|profile| heading(profile).lines().map(answer::sentence).collect::<Vec<_>>()));
    let page = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "style": STYLE,
        "live": live.map(live::page),
        "scripts": live.map(|_| live::scripts()),
        "title": manifest.title(),
        "question": manifest.question(),
        "answer": lead.short,
        "full_answer": lead.full,
        "reading": reading,
        "cautions": cautions_of(results),
        "figures": results.figures,
        "most_open": MOST_OPEN,
        "tables": shown,
        "limits": limits,
        "remarks": remarks,
        "deciding": profile.and_then(|profile| deciding(manifest, profile)),
        "origins": provenance.summary,
        // A validation is itself what the others refer to.
        "validation": match manifest.kind {
            ResultKind::Validate => None,
            _ => Some(validation(&About::of(manifest))?),
        },
        "reproduce": reproduce(results),
        "reference": reference,
    });
    let failed = |error: minijinja::Error| Failure::new(format!("cannot lay out the report: {error:#}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_filter("terms", |text: &str| Value::from_safe_string(marked(text)));
    environment.add_template("page.html", TEMPLATE).map_err(failed)?;
    environment.get_template("page.html").and_then(|template| template.render(Serde(&page))).map_err(failed)
}

/// What must be known together with the answer.
fn cautions_of(results: &Results) -> Vec<String> {
    let manifest = &results.manifest;
    let mut cautions = results.profile.as_ref().map_or_else(Vec::new, |choice| {
        let mut cautions = cautions::cautions(choice, manifest.drawn);
        cautions.extend(cautions::beyond(choice, manifest));
        cautions.insert(0, trust::evidence(&choice.profile, &manifest.deciding));
        cautions
    });
    if manifest.kind == ResultKind::Failover {
        cautions.extend(assumed::of_manifest(manifest));
    }
    cautions
}
