//! The page of figures: everybody's for an admin, one's own for a helper, each with its table and its CSV.

use axum::{extract::State, response::Response};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    desk::{
        analytics::{DayFigures, Figures, HelperFigures, Spread, Times, fold},
        id::MailboxId,
        period::{Period, Step, slot_width},
        permission::{Act, Verdict, may},
    },
    panel::{
        Panel, csv,
        error::PageError,
        page::{self, Place},
        url::Query,
        visitor::{Staff, Visitor},
        words::{Choice, Face},
    },
    store::analytics::{self, Span},
};

mod chart;

use chart::{Chart, duration, label};

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    range: Option<String>,
    mailbox: Option<String>,
    /// Which table to give as CSV; none: the page.
    csv: Option<String>,
}

/// Whose figures somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Everybody,
    Own,
}

/// `GET /analytics`.
pub(super) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let sight = sight(&panel, &visitor)?;
    let period = asked.range.as_deref().and_then(Period::parse).unwrap_or_default();
    let mailbox = asked.mailbox.as_deref().and_then(|it| it.parse().ok()).map(MailboxId);
    let mailbox = mailbox.filter(|id| panel.desk.mailboxes.iter().any(|(it, _)| it == *id));
    let mut figures = figures(&panel, period, mailbox).await?;
    if sight == Sight::Own {
        figures.helpers.retain(|it| it.counts.who == visitor.person.id);
    }
    if let Some(table) = &asked.csv {
        return table_as_csv(&figures, table, period, sight).ok_or(PageError::Missing);
    }
    let filters = Filters::new(&panel, period, mailbox);
    match sight {
        Sight::Everybody => page::show(&panel, &visitor, Place::Analytics, "analytics.html", &Everybodys::new(filters, &figures)).await,
        Sight::Own => page::show(&panel, &visitor, Place::Analytics, "analytics-own.html", &Own::new(filters, &figures)).await,
    }
}

fn sight(panel: &Panel, visitor: &Visitor) -> Result<Sight, PageError> {
    if may(&visitor.person, Act::SeeAnalytics, panel.desk.rules()) == Verdict::Allowed {
        return Ok(Sight::Everybody);
    }
    panel.desk.allow(&visitor.person, Act::SeeOwnFigures)?;
    Ok(Sight::Own)
}

async fn figures(panel: &Panel, period: Period, mailbox: Option<MailboxId>) -> Result<Figures, PageError> {
    let days = period.days(panel.desk.clock.now(), &panel.desk.settings.time_zone);
    let from = days.first().map_or(Timestamp::MIN, |day| day.start);
    let until = days.last().map_or(Timestamp::MAX, |day| day.end);
    let span = Span { from, until, slot_width: slot_width(&days), mailbox };
    let counted = analytics::count(&mut *panel.desk.store.read().await?, span).await?;
    Ok(fold(period, &days, span.slot_width, counted))
}

/// The filters as they stand, and the words about the period.
#[derive(Debug, Serialize)]
struct Filters {
    ranges: Vec<Choice>,
    range: &'static str,
    mailboxes: Vec<Choice>,
    mailbox: String,
    step: &'static str,
    zone: String,
    /// The query of a table's CSV, without the table's name.
    query: String,
    #[serde(skip)]
    period: Period,
}

impl Filters {
    fn new(panel: &Panel, period: Period, mailbox: Option<MailboxId>) -> Self {
        let mailbox = mailbox.map_or_else(String::new, |it| it.to_string());
        Self {
            ranges: Period::ALL.into_iter().map(|it| Choice::new(it.as_str(), it.title())).collect(),
            range: period.as_str(),
            mailboxes: panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, it.address.as_str())).collect(),
            query: format!("range={}&mailbox={mailbox}", period.as_str()),
            mailbox,
            step: period.step().as_str(),
            zone: zone_name(&panel.desk.settings.time_zone),
            period,
        }
    }
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").replace('_', " ")
}

#[derive(Serialize)]
struct Everybodys {
    filters: Filters,
    span: String,
    opened: i64,
    resolved: i64,
    reopened: i64,
    open_now: i64,
    open_before: i64,
    first: SpreadWords,
    resolution: SpreadWords,
    volume: Chart,
    backlog: Chart,
    first_chart: Chart,
    resolution_chart: Chart,
    day_rows: Vec<Vec<String>>,
    first_rows: Vec<Vec<String>>,
    resolution_rows: Vec<Vec<String>>,
    helpers: Vec<HelperRow>,
}

impl Everybodys {
    fn new(filters: Filters, figures: &Figures) -> Self {
        let step = filters.period.step();
        let sum = |of: fn(&DayFigures) -> i64| figures.days.iter().map(of).sum::<i64>();
        let resolved = sum(|it| it.resolved);
        let by_staff = figures.helpers.iter().map(|it| it.counts.resolved).sum::<i64>();
        Self {
            span: span_words(figures),
            opened: sum(|it| it.opened),
            resolved,
            reopened: sum(|it| it.reopened),
            open_now: figures.days.last().map_or(0, |it| it.open),
            open_before: figures.days.first().map_or(0, |it| it.open - it.opened - it.reopened + it.resolved),
            first: SpreadWords::new(&figures.first_reply.all),
            resolution: SpreadWords::new(&figures.resolution.all),
            volume: Chart::volume(&figures.days),
            backlog: Chart::backlog(&figures.days),
            first_chart: Chart::times(&figures.first_reply, step),
            resolution_chart: Chart::times(&figures.resolution, step),
            day_rows: day_rows(figures, |it| it.strftime("%-d %b %Y").to_string()),
            first_rows: time_rows(&figures.first_reply, step),
            resolution_rows: time_rows(&figures.resolution, step),
            helpers: figures.helpers.iter().map(|it| HelperRow::new(it, by_staff)).collect(),
            filters,
        }
    }
}

#[derive(Serialize)]
struct Own {
    filters: Filters,
    span: String,
    mine: Option<HelperRow>,
}

impl Own {
    fn new(filters: Filters, figures: &Figures) -> Self {
        Self { filters, span: span_words(figures), mine: figures.helpers.first().map(|it| HelperRow::new(it, it.counts.resolved)) }
    }
}

fn span_words(figures: &Figures) -> String {
    let day = |it: Option<&DayFigures>, form: &str| it.map_or_else(String::new, |it| it.date.strftime(form).to_string());
    format!("{} – {}", day(figures.days.first(), "%-d %b %Y"), day(figures.days.last(), "%-d %b %Y"))
}

#[derive(Serialize)]
struct SpreadWords {
    count: usize,
    median: String,
    ninety: String,
}

impl SpreadWords {
    fn new(spread: &Spread) -> Self {
        Self { count: spread.count, median: duration(spread.median), ninety: duration(spread.ninety) }
    }
}

#[derive(Serialize)]
struct HelperRow {
    face: Face,
    assigned: i64,
    replies: i64,
    resolved: i64,
    /// Of all that staff resolved, in whole per cent.
    share: i64,
    open_now: i64,
    first: SpreadWords,
    resolution: SpreadWords,
}

impl HelperRow {
    fn new(it: &HelperFigures, all_resolved: i64) -> Self {
        let counts = &it.counts;
        Self {
            face: Face::new(&counts.name, &counts.email),
            assigned: counts.assigned,
            replies: counts.replies,
            resolved: counts.resolved,
            share: (counts.resolved * 100 + all_resolved / 2).checked_div(all_resolved).unwrap_or(0),
            open_now: counts.open_now,
            first: SpreadWords::new(&it.first_reply),
            resolution: SpreadWords::new(&it.resolution),
        }
    }
}

fn day_rows(figures: &Figures, date: impl Fn(Date) -> String) -> Vec<Vec<String>> {
    let row =
        |it: &DayFigures| vec![date(it.date), it.opened.to_string(), it.reopened.to_string(), it.resolved.to_string(), it.open.to_string()];
    figures.days.iter().map(row).collect()
}

fn time_rows(times: &Times, step: Step) -> Vec<Vec<String>> {
    let row = |(first, it): &(Date, Spread)| vec![label(*first, step), it.count.to_string(), duration(it.median), duration(it.ninety)];
    times.steps.iter().map(row).collect()
}

/// Days as ISO 8601, times in minutes: for another program to count on. None: there is no such table, or not for them.
fn table_as_csv(figures: &Figures, table: &str, period: Period, sight: Sight) -> Option<Response> {
    let name = format!("{table}-{}", period.as_str());
    let times = |times: &Times| {
        let heads = ["First day", "Tickets", "Median (minutes)", "90 % within (minutes)"];
        let row = |(first, it): &(Date, Spread)| vec![first.to_string(), it.count.to_string(), minutes(it.median), minutes(it.ninety)];
        csv::download(&name, &heads, &times.steps.iter().map(row).collect::<Vec<_>>())
    };
    match (table, sight) {
        ("days", Sight::Everybody) => {
            let heads = ["Day", "New", "Reopened", "Resolved", "Open at the end"];
            Some(csv::download(&name, &heads, &day_rows(figures, |it| it.to_string())))
        }
        ("first-reply", Sight::Everybody) => Some(times(&figures.first_reply)),
        ("resolution", Sight::Everybody) => Some(times(&figures.resolution)),
        ("helpers", _) => Some(csv::download(&name, &HELPER_HEADS, &figures.helpers.iter().map(helper_cells).collect::<Vec<_>>())),
        _ => None,
    }
}

const HELPER_HEADS: [&str; 10] = [
    "Helper",
    "E-mail",
    "Assigned",
    "Replies",
    "Resolved",
    "First reply, median (minutes)",
    "First reply, 90 % within (minutes)",
    "Resolution, median (minutes)",
    "Resolution, 90 % within (minutes)",
    "Open now",
];

fn helper_cells(it: &HelperFigures) -> Vec<String> {
    let counts = &it.counts;
    vec![
        counts.name.clone(),
        counts.email.clone(),
        counts.assigned.to_string(),
        counts.replies.to_string(),
        counts.resolved.to_string(),
        minutes(it.first_reply.median),
        minutes(it.first_reply.ninety),
        minutes(it.resolution.median),
        minutes(it.resolution.ninety),
        counts.open_now.to_string(),
    ]
}

fn minutes(it: Option<SignedDuration>) -> String {
    it.map_or_else(String::new, |it| format!("{:.1}", it.as_secs_f64() / 60.0))
}
