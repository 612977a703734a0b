//! Every table of figures: for the page, and as CSV for another program to count on: days as ISO 8601, times in minutes.

use jiff::civil::Date;

use super::{Names, words};
use crate::{
    desk::{
        analytics::{AGES, DayFigures, Figures, LENGTHS, Sums, Took},
        period::Step,
        permission::Sight,
        rating::Rating,
    },
    panel::Panel,
};

/// Heads and rows.
pub(super) type Table = (Vec<String>, Vec<Vec<String>>);

/// Monday first.
pub(super) const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn heads(all: &[&str]) -> Vec<String> {
    all.iter().map(|it| (*it).to_owned()).collect()
}

/// A table as CSV. None: there is no such table, or not for them.
pub(super) fn csv(figures: &Figures, names: &Names, panel: &Panel, table: &str, sight: Sight) -> Option<Table> {
    match (table, sight) {
        ("helpers", _) => Some(helpers(figures, names)),
        ("days", Sight::Everybody) => Some(days(&Shown::each(&figures.days), |it| it.to_string())),
        ("backlog", Sight::Everybody) => Some(backlog(figures)),
        ("times", Sight::Everybody) => Some(times(figures)),
        ("busiest", Sight::Everybody) => Some(busiest(figures)),
        ("lengths", Sight::Everybody) => Some(lengths(figures)),
        ("satisfaction", Sight::Everybody) => Some(satisfaction(figures)),
        ("totals", Sight::Everybody) => Some(totals(figures)),
        ("mailboxes", Sight::Everybody) => Some(groups("Mailbox", mailboxes(figures, panel))),
        ("priorities", Sight::Everybody) => Some(groups("Priority", priorities(figures))),
        ("tags", Sight::Everybody) => Some(groups("Tag", tags(figures, names))),
        _ => None,
    }
}

/// Days as a page shows them: weeks, each by its first day, where days would be too many to see. What came and went in one is added up,
/// and it stands as its last day does.
pub(super) struct Shown {
    head: &'static str,
    rows: Vec<DayFigures>,
}

/// More days than so many are shown as weeks.
const MOST_DAYS: usize = 100;

impl Shown {
    pub fn of(days: &[DayFigures]) -> Self {
        if days.len() <= MOST_DAYS {
            return Self::each(days);
        }
        let mut rows: Vec<DayFigures> = Vec::new();
        for day in days {
            match rows.last_mut() {
                Some(week) if Step::Week.start(week.date) == Step::Week.start(day.date) => {
                    let (date, opened, reopened, resolved) = (week.date, week.opened, week.reopened, week.resolved);
                    *week = DayFigures {
                        date,
                        opened: opened + day.opened,
                        reopened: reopened + day.reopened,
                        resolved: resolved + day.resolved,
                        ..*day
                    };
                }
                Some(_) | None => rows.push(*day),
            }
        }
        Self { head: "Week from", rows }
    }

    fn each(days: &[DayFigures]) -> Self {
        Self { head: "Day", rows: days.to_vec() }
    }

    /// `day` or `week`.
    pub fn step(&self) -> &'static str {
        if self.head == "Day" { "day" } else { "week" }
    }
}

pub(super) fn days(shown: &Shown, date: impl Fn(Date) -> String) -> Table {
    let row = |it: &DayFigures| {
        vec![date(it.date), it.opened.to_string(), it.reopened.to_string(), it.resolved.to_string(), it.backlog().to_string()]
    };
    (heads(&[shown.head, "New", "Reopened", "Resolved", "Open at the end"]), shown.rows.iter().map(row).collect())
}

pub(super) fn by_status(shown: &Shown, date: impl Fn(Date) -> String) -> Table {
    let row = |it: &DayFigures| vec![date(it.date), it.open.to_string(), it.in_progress.to_string()];
    (heads(&[shown.head, "Open", "In Progress"]), shown.rows.iter().map(row).collect())
}

pub(super) fn by_age(shown: &Shown, date: impl Fn(Date) -> String) -> Table {
    let row = |it: &DayFigures| [date(it.date)].into_iter().chain(it.ages.iter().map(ToString::to_string)).collect();
    let ages = AGES.iter().map(|(name, _)| (*name).to_owned());
    (heads(&[shown.head]).into_iter().chain(ages).collect(), shown.rows.iter().map(row).collect())
}

/// Of each day, by status and by age.
fn backlog(figures: &Figures) -> Table {
    let shown = Shown::each(&figures.days);
    let ((mut heads, rows), (ages, of_ages)) = (by_status(&shown, |it| it.to_string()), by_age(&shown, |it| it.to_string()));
    heads.extend(ages.into_iter().skip(1));
    let both = |(mut row, ages): (Vec<String>, Vec<String>)| {
        row.extend(ages.into_iter().skip(1));
        row
    };
    (heads, rows.into_iter().zip(of_ages).map(both).collect())
}

/// Of one kind of time, for the page.
pub(super) fn steps(
    figures: &Figures,
    of: impl Fn(&crate::desk::analytics::StepFigures) -> Took,
    label: impl Fn(Date) -> String,
) -> Vec<Vec<String>> {
    let row = |it: &crate::desk::analytics::StepFigures| {
        let took = of(it);
        let [median, ninety, wall_median, wall_ninety] = words::four(&took);
        vec![label(it.first), took.wall.count.to_string(), median, ninety, words::per_cent(took.within), wall_median, wall_ninety]
    };
    figures.steps.iter().map(row).collect()
}

const TOOK: [&str; 7] = [
    "tickets",
    "median (business minutes)",
    "90 % within (business minutes)",
    "within target",
    "of",
    "median (minutes)",
    "90 % within (minutes)",
];

fn took(it: &Took) -> [String; 7] {
    [
        it.wall.count.to_string(),
        words::minutes(it.business.median),
        words::minutes(it.business.ninety),
        it.within.kept.to_string(),
        it.within.of.to_string(),
        words::minutes(it.wall.median),
        words::minutes(it.wall.ninety),
    ]
}

/// Both kinds of time, in the order of [`TOOK`].
fn took_heads() -> impl Iterator<Item = String> {
    ["First reply", "Resolution"].into_iter().flat_map(|name| TOOK.map(|it| format!("{name}: {it}")))
}

fn times(figures: &Figures) -> Table {
    let row = |it: &crate::desk::analytics::StepFigures| {
        [it.first.to_string()].into_iter().chain(took(&it.first_reply)).chain(took(&it.resolution)).collect()
    };
    (heads(&["First day"]).into_iter().chain(took_heads()).collect(), figures.steps.iter().map(row).collect())
}

pub(super) fn busiest(figures: &Figures) -> Table {
    let row = |(day, hours): (&&str, &[i64; 24])| [(*day).to_owned()].into_iter().chain(hours.iter().map(ToString::to_string)).collect();
    let hours = (0..24).map(|hour| format!("{hour}:00"));
    (heads(&["Weekday"]).into_iter().chain(hours).collect(), WEEKDAYS.iter().zip(&figures.busiest).map(row).collect())
}

pub(super) fn lengths(figures: &Figures) -> Table {
    let rows = LENGTHS.iter().zip(figures.lengths).map(|((name, _), n)| vec![(*name).to_owned(), n.to_string()]);
    (heads(&["Business time", "Tickets"]), rows.collect())
}

pub(super) fn satisfaction(figures: &Figures) -> Table {
    let row = |rating: Rating| {
        let (now, before) = (figures.all.answers.of(rating), figures.before.answers.of(rating));
        vec![rating.title().to_owned(), now.to_string(), before.to_string()]
    };
    (heads(&["Answer", "In this period", "In the period before"]), Rating::ALL.map(row).into())
}

/// One line of counts and times.
fn sums(it: &Sums) -> Vec<String> {
    let counts = [it.opened, it.resolved, it.reopened, it.replies, it.replies_to_resolution, it.assigned, it.open_now];
    let answers = Rating::ALL.map(|rating| it.answers.of(rating));
    let numbers = counts.into_iter().chain(answers).map(|it| it.to_string());
    numbers.chain(took(&it.first_reply)).chain(took(&it.resolution)).collect()
}

fn sums_heads() -> impl Iterator<Item = String> {
    let counts = ["New", "Resolved", "Reopened", "Replies", "Replies up to resolution", "Assigned", "Open now", "Good", "Okay", "Not good"];
    counts.into_iter().map(str::to_owned).chain(took_heads())
}

fn totals(figures: &Figures) -> Table {
    let row = |name: &str, it: &Sums| [name.to_owned()].into_iter().chain(sums(it)).collect();
    let rows = vec![row("This period", &figures.all), row("The period before", &figures.before)];
    (heads(&["Period"]).into_iter().chain(sums_heads()).collect(), rows)
}

fn groups(what: &str, rows: Vec<(String, Sums)>) -> Table {
    let row = |(name, it): (String, Sums)| [name].into_iter().chain(sums(&it)).collect();
    (heads(&[what]).into_iter().chain(sums_heads()).collect(), rows.into_iter().map(row).collect())
}

fn helpers(figures: &Figures, names: &Names) -> Table {
    let row = |(id, this, _): &(crate::desk::id::PersonId, Sums, Sums)| {
        let helper = names.helpers.iter().find(|it| it.id == *id)?;
        Some([helper.name.clone(), helper.email.clone()].into_iter().chain(sums(this)).collect())
    };
    let something = figures.helpers.iter().filter(|(_, this, _)| this.is_something());
    (heads(&["Helper", "E-mail"]).into_iter().chain(sums_heads()).collect(), something.filter_map(row).collect())
}

pub(super) fn mailboxes(figures: &Figures, panel: &Panel) -> Vec<(String, Sums)> {
    let name = |id| {
        panel.desk.mailboxes.iter().find(|(it, _)| *it == id).map_or_else(|| "no longer there".to_owned(), |(_, it)| it.address.to_string())
    };
    figures.mailboxes.iter().map(|(id, it)| (name(*id), *it)).collect()
}

pub(super) fn priorities(figures: &Figures) -> Vec<(String, Sums)> {
    figures.priorities.iter().rev().map(|(priority, it)| (priority.title().to_owned(), *it)).collect()
}

/// The one with most new tickets first.
pub(super) fn tags(figures: &Figures, names: &Names) -> Vec<(String, Sums)> {
    let name = |id| names.tags.iter().find(|it| it.id == id).map(|it| it.name.clone());
    let mut all: Vec<(String, Sums)> = figures.tags.iter().filter_map(|(id, it)| Some((name(*id)?, *it))).collect();
    all.sort_by(|(a, x), (b, y)| y.opened.cmp(&x.opened).then_with(|| a.cmp(b)));
    all
}
