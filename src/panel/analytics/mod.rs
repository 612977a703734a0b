//! The page of figures: everybody's for an admin, one's own for a helper, each with its table and its CSV.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    desk::{
        analytics::Figures,
        id::{MailboxId, PersonId, TagId},
        period::Period,
        permission::{Sight, sight},
        tag::Tag,
        ticket::Priority,
    },
    panel::{
        Panel, csv,
        error::PageError,
        page::{self, Place},
        url::Query,
        visitor::Staff,
        words::{Choice, When},
    },
    store::{
        analytics::{self, Counted, Helper, Picked},
        ratings, tags,
    },
};

mod chart;
mod everybodys;
mod own;
mod tables;
mod words;

use everybodys::Everybodys;
use own::Own;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    range: Option<String>,
    mailbox: Option<String>,
    helper: Option<String>,
    tag: Option<String>,
    priority: Option<String>,
    /// Which table to give as CSV; none: the page.
    csv: Option<String>,
}

/// So many comments of customers stand beside what they said.
const COMMENTS: i64 = 5;

/// `GET /analytics`.
pub(super) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let sight =
        sight(&visitor.person, panel.desk.rules()).ok_or_else(|| PageError::Forbidden("Figures are for helpers and admins.".to_owned()))?;
    let mut conn = panel.desk.store.read().await?;
    let helpers = analytics::helpers(&mut conn).await?;
    let tags = tags::all(&mut conn).await?;
    let names = Names { helpers, tags };
    let (period, picked) = asked.read(&panel, &names, sight);
    let (now, zone) = (panel.desk.clock.now(), &panel.desk.settings.time_zone);
    let staff = names.helpers.iter().map(|it| it.id).collect();
    let frame = analytics::frame(&mut conn, period, staff, now, zone).await?;
    let (from, until) = frame.span();
    let said = if sight == Sight::Everybody { ratings::latest(&mut conn, from, until, picked, COMMENTS).await? } else { Vec::new() };
    drop(conn);
    let Counted { figures, at } = panel.desk.store.figures(frame, picked).await?;
    let figures = if sight == Sight::Own { figures.of_one(visitor.person.id) } else { figures };
    if let Some(table) = &asked.csv {
        let (heads, rows) = tables::csv(&figures, &names, &panel, table, sight).ok_or(PageError::Missing)?;
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        return Ok(csv::download(&format!("{table}-{}", period.as_str()), &heads, &rows));
    }
    let mut filters = Filters::new(&panel, &names, period, picked, &figures);
    filters.counted = (at < now).then(|| When::new(at, now, &panel.zone()).clock);
    match sight {
        Sight::Everybody => {
            let own = Everybodys::new(&panel, &names, filters, &figures, said);
            page::show(&panel, &visitor, Place::Analytics, "analytics.html", &own).await
        }
        Sight::Own => page::show(&panel, &visitor, Place::Analytics, "analytics-own.html", &Own::new(&visitor, filters, &figures)).await,
    }
}

/// What people and tags are called.
struct Names {
    helpers: Vec<Helper>,
    tags: Vec<Tag>,
}

impl Asked {
    /// The period and the tickets that it asks for; what names nothing there is asks for nothing.
    fn read(&self, panel: &Panel, names: &Names, sight: Sight) -> (Period, Picked) {
        fn id(text: &Option<String>) -> Option<i64> {
            text.as_deref().and_then(|it| it.parse().ok())
        }
        let mailbox = id(&self.mailbox).map(MailboxId).filter(|id| panel.desk.mailboxes.iter().any(|(it, _)| it == *id));
        let helper = id(&self.helper).map(PersonId).filter(|id| names.helpers.iter().any(|it| it.id == *id));
        let tag = id(&self.tag).map(TagId).filter(|id| names.tags.iter().any(|it| it.id == *id));
        let priority = self.priority.as_deref().and_then(Priority::parse);
        // A helper’s own figures are of what they did, whoever has the tickets now.
        let helper = helper.filter(|_| sight == Sight::Everybody);
        (self.range.as_deref().and_then(Period::parse).unwrap_or_default(), Picked { mailbox, priority, tag, helper })
    }
}

/// The filters as they stand, and the words about the period.
#[derive(Debug, Serialize)]
struct Filters {
    ranges: Vec<Choice>,
    range: &'static str,
    mailboxes: Vec<Choice>,
    mailbox: String,
    helpers: Vec<Choice>,
    helper: String,
    tags: Vec<Choice>,
    tag: String,
    priorities: Vec<Choice>,
    priority: &'static str,
    /// Whether the figures are of some of the tickets.
    narrowed: bool,
    step: &'static str,
    zone: String,
    span: String,
    /// When they were counted, where that is a while ago.
    counted: Option<String>,
    /// The query of a table's CSV, without the table's name.
    query: String,
    #[serde(skip)]
    period: Period,
}

impl Filters {
    fn new(panel: &Panel, names: &Names, period: Period, picked: Picked, figures: &Figures) -> Self {
        let (mailbox, helper) =
            (picked.mailbox.map(|it| it.to_string()).unwrap_or_default(), picked.helper.map(|it| it.to_string()).unwrap_or_default());
        let (tag, priority) = (picked.tag.map(|it| it.to_string()).unwrap_or_default(), picked.priority.map_or("", Priority::as_str));
        // Who has never done anything here is no choice.
        let at_work =
            |id: PersonId| figures.helpers.iter().any(|(it, this, before)| *it == id && (this.is_something() || before.is_something()));
        let helpers = names.helpers.iter().filter(|it| picked.helper == Some(it.id) || picked.helper.is_some() || at_work(it.id));
        Self {
            ranges: Period::ALL.into_iter().map(|it| Choice::new(it.as_str(), it.title())).collect(),
            range: period.as_str(),
            mailboxes: panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, it.address.as_str())).collect(),
            helpers: helpers.map(|it| Choice::new(it.id, it.name.clone())).collect(),
            tags: names.tags.iter().map(|it| Choice::new(it.id, it.name.clone())).collect(),
            priorities: Choice::priorities().into_iter().rev().collect(),
            query: format!("range={}&mailbox={mailbox}&helper={helper}&tag={tag}&priority={priority}", period.as_str()),
            narrowed: picked != Picked::default(),
            mailbox,
            helper,
            tag,
            priority,
            step: period.step().as_str(),
            zone: panel.desk.settings.time_zone.iana_name().unwrap_or("UTC").replace('_', " "),
            span: words::span(figures),
            counted: None,
            period,
        }
    }
}
