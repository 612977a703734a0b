//! The figures of all, as their page shows them.

use serde::Serialize;

use super::{
    Filters, Names,
    chart::{Chart, Stacked, label},
    tables,
    words::{self, More, Stat},
};
use crate::{
    desk::{
        analytics::{Figures, Sums},
        rating::Rating,
    },
    panel::{
        Panel, rate,
        words::{Face, When},
    },
    store::ratings::RatingRow,
};

#[derive(Serialize)]
pub(super) struct Everybodys {
    filters: Filters,
    stats: Vec<Stat>,
    opened: i64,
    resolved: i64,
    open_now: i64,
    open_before: i64,
    /// What one row of the next three tables is of; `day` or `week`.
    step: &'static str,
    volume: Chart,
    days: tables::Table,
    by_status: Stacked,
    by_age: Stacked,
    status_table: tables::Table,
    age_table: tables::Table,
    durations: Vec<Times>,
    busiest: Vec<(&'static str, Vec<usize>)>,
    busiest_table: tables::Table,
    written: i64,
    lengths: Chart,
    lengths_table: tables::Table,
    satisfaction: Satisfaction,
    helpers: Vec<HelperRow>,
    groups: Vec<Group>,
}

/// One kind of time, step by step.
#[derive(Serialize)]
struct Times {
    name: &'static str,
    chart: Chart,
    rows: Vec<Vec<String>>,
    count: usize,
    median: String,
    ninety: String,
    within: String,
}

#[derive(Serialize)]
struct Satisfaction {
    all: i64,
    /// `187 answers to 598 resolved`.
    asked: String,
    /// Each answer: class, per cent, title, how many.
    parts: Vec<(&'static str, i64, &'static str, i64)>,
    said: Vec<Comment>,
    table: tables::Table,
}

#[derive(Serialize)]
struct Comment {
    no: i64,
    title: &'static str,
    class: &'static str,
    comment: String,
    who: String,
    when: When,
}

/// What was done by one helper.
#[derive(Serialize)]
struct HelperRow {
    id: i64,
    face: Face,
    #[serde(flatten)]
    row: Row,
}

/// What was done on the tickets of one kind.
#[derive(Serialize)]
struct Group {
    name: &'static str,
    table: &'static str,
    rows: Vec<(String, Row)>,
}

#[derive(Serialize)]
struct Row {
    opened: i64,
    assigned: i64,
    replies: i64,
    resolved: i64,
    reopened: i64,
    /// Of all that was resolved, or opened; in whole per cent.
    share: i64,
    first: String,
    resolution: String,
    kept: String,
    satisfied: String,
    open_now: i64,
}

impl Row {
    fn new(it: &Sums, share: i64, of: i64) -> Self {
        let kept = crate::desk::analytics::Share {
            kept: it.first_reply.within.kept + it.resolution.within.kept,
            of: it.first_reply.within.of + it.resolution.within.of,
        };
        Self {
            opened: it.opened,
            assigned: it.assigned,
            replies: it.replies,
            resolved: it.resolved,
            reopened: it.reopened,
            share: (share * 100 + of / 2).checked_div(of).unwrap_or(0),
            first: words::hours(it.first_reply.business.median),
            resolution: words::hours(it.resolution.business.median),
            kept: words::per_cent(kept),
            satisfied: words::per_cent(it.answers.satisfied()),
            open_now: it.open_now,
        }
    }
}

impl Everybodys {
    pub fn new(panel: &Panel, names: &Names, filters: Filters, figures: &Figures, said: Vec<RatingRow>) -> Self {
        let step = filters.period.step();
        let day = |date: jiff::civil::Date| date.strftime("%-d %b %Y").to_string();
        let step_label = |date| label(date, step);
        let times =
            |name, of: fn(&crate::desk::analytics::StepFigures) -> crate::desk::analytics::Took, all: crate::desk::analytics::Took| Times {
                name,
                chart: Chart::times(figures, step, of),
                rows: tables::steps(figures, of, step_label),
                count: all.wall.count,
                median: words::hours(all.business.median),
                ninety: words::hours(all.business.ninety),
                within: words::per_cent(all.within),
            };
        let shown = tables::Shown::of(&figures.days);
        Self {
            stats: stats(figures),
            opened: figures.all.opened,
            resolved: figures.all.resolved,
            open_now: figures.all.open_now,
            open_before: figures.backlog_before,
            volume: Chart::volume(&figures.days),
            step: shown.step(),
            days: tables::days(&shown, day),
            by_status: Stacked::by_status(&figures.days),
            by_age: Stacked::by_age(&figures.days),
            status_table: tables::by_status(&shown, day),
            age_table: tables::by_age(&shown, day),
            durations: vec![
                times("Time to first reply", |it| it.first_reply, figures.all.first_reply),
                times("Time to resolution", |it| it.resolution, figures.all.resolution),
            ],
            busiest: busiest(figures),
            busiest_table: tables::busiest(figures),
            written: figures.busiest.iter().flatten().sum(),
            lengths: Chart::lengths(figures),
            lengths_table: tables::lengths(figures),
            satisfaction: Satisfaction::new(panel, figures, said),
            helpers: helpers(figures, names),
            groups: groups(panel, figures, names),
            filters,
        }
    }
}

fn stats(figures: &Figures) -> Vec<Stat> {
    let (this, before) = (&figures.all, &figures.before);
    let open = match this.open_now - figures.backlog_before {
        0 => "as before this period".to_owned(),
        more if more > 0 => format!("{more} more than before this period"),
        fewer => format!("{} fewer than before this period", -fewer),
    };
    vec![
        Stat::count("New tickets", this.opened, before.opened, More::Neither),
        Stat::count("Resolved", this.resolved, before.resolved, More::Good),
        Stat::count("Reopened", this.reopened, before.reopened, More::Bad),
        Stat::median("First reply, median", &this.first_reply, &before.first_reply),
        Stat::median("Resolution, median", &this.resolution, &before.resolution),
        Stat::share("First replies in time", this.first_reply.within, before.first_reply.within, "promised"),
        Stat::share("Resolved in time", this.resolution.within, before.resolution.within, "promised"),
        Stat::new("Replies per resolution", words::replies(this), format!("{} before", words::replies(before))),
        Stat::new("Open now", this.open_now.to_string(), open),
        Stat::share("Satisfied", this.answers.satisfied(), before.answers.satisfied(), "answers"),
    ]
}

/// Each hour with one of five levels: none, and four quarters of the most.
fn busiest(figures: &Figures) -> Vec<(&'static str, Vec<usize>)> {
    let most = figures.busiest.iter().flatten().max().copied().unwrap_or(0).max(1);
    let level = |n: &i64| usize::try_from((n * 4 + most - 1) / most).unwrap_or(0);
    let row = |(name, hours): (&&'static str, &[i64; 24])| (*name, hours.iter().map(level).collect());
    tables::WEEKDAYS.iter().zip(&figures.busiest).map(row).collect()
}

impl Satisfaction {
    fn new(panel: &Panel, figures: &Figures, said: Vec<RatingRow>) -> Self {
        let answers = figures.all.answers;
        let all = answers.all();
        let part = |rating: Rating| {
            let class = match rating {
                Rating::Good => "c",
                Rating::Okay => "m",
                Rating::Bad => "e",
            };
            let n = answers.of(rating);
            (class, (n * 100 + all / 2).checked_div(all).unwrap_or(0), rating.title(), n)
        };
        let comment = |it: RatingRow| Comment {
            no: it.ticket.0,
            title: it.rating.title(),
            class: rate::class(it.rating),
            comment: it.comment,
            who: it.person.unwrap_or_default(),
            when: When::new(it.rated_at, panel.desk.clock.now(), &panel.zone()),
        };
        let resolved = figures.all.resolved;
        Self {
            all,
            asked: format!("{all} {} to {resolved} resolved", if all == 1 { "answer" } else { "answers" }),
            parts: Rating::ALL.map(part).into(),
            said: said.into_iter().map(comment).collect(),
            table: tables::satisfaction(figures),
        }
    }
}

/// Those who did anything.
fn helpers(figures: &Figures, names: &Names) -> Vec<HelperRow> {
    let all: i64 = figures.helpers.iter().map(|(_, it, _)| it.resolved).sum();
    let row = |(id, it, _): &(crate::desk::id::PersonId, Sums, Sums)| {
        let helper = names.helpers.iter().find(|helper| helper.id == *id)?;
        Some(HelperRow { id: id.0, face: Face::new(&helper.name, &helper.email), row: Row::new(it, it.resolved, all) })
    };
    figures.helpers.iter().filter(|(_, it, _)| it.is_something()).filter_map(row).collect()
}

fn groups(panel: &Panel, figures: &Figures, names: &Names) -> Vec<Group> {
    let group = |name, table, rows: Vec<(String, Sums)>| Group {
        name,
        table,
        rows: rows.into_iter().map(|(name, it)| (name, Row::new(&it, it.opened, figures.all.opened))).collect(),
    };
    let all = vec![
        group("By tag", "tags", tables::tags(figures, names)),
        group("By mailbox", "mailboxes", tables::mailboxes(figures, panel)),
        group("By priority", "priorities", tables::priorities(figures)),
    ];
    all.into_iter().filter(|it| !it.rows.is_empty()).collect()
}
