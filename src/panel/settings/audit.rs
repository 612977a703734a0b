//! The audit log: who changed what about the desk, narrowed by kind and person, as a page and as CSV.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    desk::{audit::AuditKind, id::PersonId},
    panel::{
        Panel, csv,
        error::PageError,
        page,
        settings::{self, Tab},
        url::Query,
        visitor::Admin,
        words::{Choice, When},
    },
    store::audit::{self, Line, Which},
};

/// Lines on a page.
const PAGE: usize = 50;

/// Lines of a CSV at most: what a spreadsheet still opens.
const MOST_LINES: i64 = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    kind: String,
    #[serde(deserialize_with = "page::row_id")]
    person: Option<i64>,
    #[serde(deserialize_with = "page::row_id")]
    before: Option<i64>,
    format: String,
}

impl Asked {
    fn which(&self) -> Which {
        Which { kind: AuditKind::parse(&self.kind), person: self.person.map(PersonId) }
    }
}

#[derive(Serialize)]
struct Page {
    kinds: Vec<Choice>,
    kind: &'static str,
    people: Vec<Choice>,
    person: String,
    rows: Vec<Row>,
    /// The query of this page's filters, for what leads on from it.
    query: String,
    next: Option<i64>,
    /// For how long it is kept.
    keep: String,
    narrowed: bool,
}

#[derive(Serialize)]
struct Row {
    when: When,
    name: String,
    address: Option<String>,
    kind: &'static str,
    about: String,
    what: String,
    old: Option<String>,
    new: Option<String>,
}

/// `GET /settings/audit`.
pub(super) async fn show(State(panel): State<Panel>, Admin(visitor): Admin, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let which = asked.which();
    let mut conn = panel.desk.store.read().await?;
    if asked.format == "csv" {
        let lines = audit::list(&mut conn, which, None, MOST_LINES).await?;
        return Ok(as_csv(&lines));
    }
    let mut lines = audit::list(&mut conn, which, asked.before, i64::try_from(PAGE + 1).unwrap_or(i64::MAX)).await?;
    let people = audit::people(&mut conn).await?;
    drop(conn);
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let kind = which.kind.map_or("", AuditKind::as_str);
    let person = which.person.map_or_else(String::new, |it| it.to_string());
    let own = Page {
        kinds: AuditKind::ALL.into_iter().map(|it| Choice::new(it.as_str(), it.title())).collect(),
        people: people.into_iter().map(|(id, name)| Choice::new(id.to_string(), name)).collect(),
        query: format!("kind={kind}&person={person}"),
        kind,
        person,
        next: lines.last().filter(|_| more).map(|it| it.id),
        rows: lines.into_iter().map(|it| row(&panel, it)).collect(),
        keep: days(panel.desk.settings.audit_keep),
        narrowed: which.kind.is_some() || which.person.is_some(),
    };
    settings::show(&panel, &visitor, Tab::Audit, "settings-audit.html", &own, None).await
}

fn days(keep: jiff::SignedDuration) -> String {
    match keep.as_hours() / 24 {
        1 => "a day".to_owned(),
        days => format!("{days} days"),
    }
}

fn row(panel: &Panel, line: Line) -> Row {
    Row {
        when: When::new(line.at, panel.desk.clock.now(), &panel.zone()),
        name: line.name,
        address: line.address,
        kind: line.kind.title(),
        about: line.about,
        what: line.what,
        old: line.old,
        new: line.new,
    }
}

fn as_csv(lines: &[Line]) -> Response {
    let cells = |it: &Line| {
        let or = |value: &Option<String>| value.clone().unwrap_or_default();
        vec![
            it.at.to_string(),
            it.name.clone(),
            or(&it.address),
            it.kind.as_str().to_owned(),
            it.about.clone(),
            it.what.clone(),
            or(&it.old),
            or(&it.new),
        ]
    };
    let rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
    csv::download("audit-log", &["when", "who", "from address", "kind", "about", "what", "was", "is"], &rows)
}
