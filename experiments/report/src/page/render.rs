//! The page: everything that was read, laid out by the template.

use espsim_sweep::failure::Failure;
use espsim_sweep::store::manifest::ResultKind;
use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::json;

use super::parts::MOST_OPEN;
use super::provenance::provenance;
use super::read::Results;
use super::reproduce::{contradictions, reproduce};
use super::validation::validation;
use super::{answer, answer_failover, cautions, limits, tables};

use crate::assumed;
use crate::profile::heading;
use crate::trust;

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");

const RUN: &str = "Gb/s count the transport payload that arrives (goodput). After ± stands the half-width of the 95 % \
                   interval. Two designs carry the same where these intervals overlap or less than 0.1 % is between them.";
const FAILOVER: &str = "Times count from the first event. Percentages are of all packets that were offered. Throughput is \
                        back where it reaches 95 % of its mean before the first event, or what random arrivals alone give.";

/// The report as HTML.
///
/// # Errors
/// [`Failure`] if the template does not fit, which tests exclude.
pub fn html(results: &Results) -> Result<String, Failure> {
    let manifest = &results.manifest;
    let given = manifest.answer.clone().unwrap_or_default();
    let (mut shown, mut every_point, mut limits) = (results.tables.clone(), None, None);
    let (answer, reading) = match (&results.points, manifest.kind) {
        (Some(points), ResultKind::Failover) => {
            shown.push(tables::failovers(points));
            limits = Some(("What was lost", tables::losses(points)));
            (answer_failover::answer(points), FAILOVER)
        }
        (Some(points), ResultKind::Compare) => {
            limits = Some(("What limits", limits::table(points)));
            (given, "")
        }
        (Some(points), _) => {
            shown.push(tables::matrix(points));
            every_point = Some(tables::every_point(points));
            limits = Some(("What limits", limits::table(points)));
            (answer::answer(points), RUN)
        }
        (None, _) => (given, ""),
    };
    let mut remarks = contradictions(results);
    let profile = results.profile.as_ref().map(|choice| &choice.profile);
    remarks
        .extend(profile.iter().flat_map(|profile| heading(profile).lines().map(answer::sentence).collect::<Vec<_>>()));
    let mut cautions = results.profile.as_ref().map_or_else(Vec::new, |choice| {
        let mut cautions = cautions::cautions(choice, manifest.drawn);
        cautions.extend(cautions::beyond(choice, manifest));
        cautions.push(trust::evidence(&choice.profile, &manifest.deciding));
        cautions
    });
    if manifest.kind == ResultKind::Failover {
        cautions.extend(assumed::of_manifest(manifest));
    }
    let page = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "style": STYLE,
        "title": manifest.title(),
        "question": manifest.question(),
        "answer": answer,
        // How the answer's words are meant, and what must be known together with it.
        "reading": reading,
        "cautions": cautions,
        "figures": results.figures,
        "most_open": MOST_OPEN,
        "tables": shown,
        // Where the tables sum points up.
        "points": every_point,
        "limits": limits,
        "remarks": remarks,
        "provenance": provenance(manifest, profile),
        "validation": validation()?,
        "reproduce": reproduce(results),
    });
    let failed = |error: minijinja::Error| Failure::new(format!("cannot lay out the report: {error:#}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_template("page.html", TEMPLATE).map_err(failed)?;
    environment.get_template("page.html").and_then(|template| template.render(Serde(&page))).map_err(failed)
}
