//! When the desk is at work, and what it promises.

use axum::{extract::State, http::StatusCode, response::Response};
use jiff::tz::{self, TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    actions::hours::{forget_hours, set_hours, set_targets},
    desk::{
        business_hours::{Calendar, DayHours, Span, read_days_off, write_days_off},
        id::MailboxId,
        permission::Act,
        target::{Goal, Promise, Target, Targets},
        ticket::Priority,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        url::Query,
        visitor::{Staff, Visitor},
        words::{Choice, When},
    },
    store::terms,
};

/// Monday first.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const OPEN: [&str; 7] = ["d1", "d2", "d3", "d4", "d5", "d6", "d7"];
const FROM: [&str; 7] = ["from1", "from2", "from3", "from4", "from5", "from6", "from7"];
const TO: [&str; 7] = ["to1", "to2", "to3", "to4", "to5", "to6", "to7"];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// Whose hours; none: the desk's.
    mailbox: Option<String>,
}

/// Hours as the form has them.
#[derive(Default, Serialize)]
struct HoursForm {
    zone: String,
    always: bool,
    days: Vec<DayForm>,
    days_off: String,
    /// Field and sentence.
    wrong: Option<(&'static str, String)>,
}

#[derive(Serialize)]
struct DayForm {
    name: &'static str,
    open: bool,
    /// From and to; one empty pair more than there are, for hours to come.
    spans: Vec<(String, String)>,
}

/// What is promised, as the form has it.
#[derive(Serialize)]
struct TargetsForm {
    rows: Vec<TargetRow>,
    wrong: Option<String>,
}

#[derive(Serialize)]
struct TargetRow {
    priority: &'static str,
    /// Name, label, value, and the sentence about what is wrong with it.
    cells: Vec<(String, &'static str, String, Option<String>)>,
}

#[derive(Serialize)]
struct HoursPage {
    /// Whose hours are shown: empty for the desk's.
    mailbox: String,
    mailboxes: Vec<Choice>,
    /// The mailbox has none of its own and goes by the desk's.
    by_the_desk: bool,
    hours: HoursForm,
    zones: Vec<String>,
    changed: Option<(String, When)>,
    targets: TargetsForm,
}

/// `GET /settings/hours`.
pub(super) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    // What is no number at all is passed over, as in every address.
    let mailbox = of_address(&panel, asked.mailbox.as_deref().filter(|it| it.parse::<i64>().is_ok()).unwrap_or_default())?;
    draw(&panel, &visitor, mailbox, None, None).await
}

fn of_address(panel: &Panel, mailbox: &str) -> Result<Option<MailboxId>, PageError> {
    if mailbox.is_empty() {
        return Ok(None);
    }
    let id = mailbox.parse().map(MailboxId).map_err(|_| PageError::Missing)?;
    if panel.desk.mailboxes.iter().any(|(it, _)| it == id) { Ok(Some(id)) } else { Err(PageError::Missing) }
}

async fn draw(
    panel: &Panel,
    visitor: &Visitor,
    mailbox: Option<MailboxId>,
    hours: Option<HoursForm>,
    targets: Option<TargetsForm>,
) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::Manage)?;
    let mut conn = panel.desk.store.read().await?;
    let terms = terms::terms(&mut conn, &panel.desk.settings.time_zone).await?;
    let own = mailbox.is_none_or(|id| terms.calendars.own.contains_key(&id));
    let changed = terms::changed(&mut conn, mailbox).await?;
    drop(conn);
    let calendar = mailbox.map_or(&terms.calendars.desk, |id| terms.calendars.of(id));
    let when = |at| When::new(at, panel.desk.clock.now(), &panel.zone());
    let wrong = hours.as_ref().is_some_and(|it| it.wrong.is_some()) || targets.as_ref().is_some_and(|it| it.wrong.is_some());
    let all: Vec<Choice> = panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, it.address.to_string())).collect();
    let page = HoursPage {
        mailbox: mailbox.map(|it| it.to_string()).unwrap_or_default(),
        mailboxes: if all.len() > 1 { all } else { Vec::new() },
        by_the_desk: !own && hours.is_none(),
        hours: hours.unwrap_or_else(|| HoursForm::of(calendar)),
        zones: zones(&calendar.zone),
        changed: changed.map(|(who, at)| (who, when(at))),
        targets: targets.unwrap_or_else(|| TargetsForm::of(&terms.targets)),
    };
    let mut response = settings::show(panel, visitor, Tab::Hours, "settings-hours.html", &page, None).await?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// Every zone that has a place's name, and the one that is set.
fn zones(set: &TimeZone) -> Vec<String> {
    const NOT_PLACES: [&str; 4] = ["Etc/", "SystemV/", "posix/", "right/"];
    let all = tz::db().available().map(|it| it.to_string());
    let mut zones: Vec<String> = all.filter(|it| it.contains('/') && !NOT_PLACES.iter().any(|not| it.starts_with(not))).collect();
    zones.push("UTC".to_owned());
    zones.extend(set.iana_name().map(str::to_owned));
    zones.sort_unstable();
    zones.dedup();
    zones
}

impl HoursForm {
    fn of(calendar: &Calendar) -> Self {
        let always = calendar.is_around_the_clock();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
        let pair = |span: &Span| (clock(span.from()), clock(span.to()));
        let day = |(name, hours): (&'static str, &DayHours)| {
            let spans = if always { &[] } else { hours.spans() };
            DayForm { name, open: !spans.is_empty(), spans: with_room(spans.iter().map(pair).collect()) }
        };
        Self {
            zone: calendar.zone.iana_name().unwrap_or("UTC").to_owned(),
            always,
            days: DAYS.into_iter().zip(&calendar.week).map(day).collect(),
            days_off: write_days_off(&calendar.days_off),
            wrong: None,
        }
    }

    /// As it was sent.
    fn sent(fields: &Fields) -> Self {
        let day = |at: usize| {
            let pairs = fields.all(FROM[at]).zip(fields.all(TO[at])).filter(|(from, to)| !(from.is_empty() && to.is_empty()));
            let spans = with_room(pairs.map(|(from, to)| (from.to_owned(), to.to_owned())).collect());
            DayForm { name: DAYS[at], open: !fields.get(OPEN[at]).is_empty(), spans }
        };
        Self {
            zone: fields.get("zone").to_owned(),
            always: fields.get("kind") == "always",
            days: (0..7).map(day).collect(),
            days_off: fields.text("days_off").replace("\r\n", "\n"),
            wrong: None,
        }
    }

    /// The calendar that this says, or what is wrong with it: the field and a sentence.
    fn read(&self) -> Result<Calendar, (&'static str, String)> {
        let zone = TimeZone::get(&self.zone).ok().filter(|it| it.iana_name().is_some());
        let zone = zone.ok_or_else(|| ("zone", "There is no such time zone; choose one of the list.".to_owned()))?;
        let days_off = read_days_off(&self.days_off).map_err(|why| ("days_off", sentence(&why)))?;
        if self.always {
            return Ok(Calendar { days_off, ..Calendar::around_the_clock(zone) });
        }
        let mut week: [DayHours; 7] = Default::default();
        for (at, day) in self.days.iter().enumerate().filter(|(_, day)| day.open) {
            let hours = DayHours::read(day.spans.iter().map(|(from, to)| (from.as_str(), to.as_str())));
            week[at] = hours.map_err(|why| (OPEN[at], format!("{}: {why}.", day.name)))?;
            if week[at].spans().is_empty() {
                return Err((OPEN[at], format!("{} is open, and has no hours: write them, or take its tick away.", day.name)));
            }
        }
        Ok(Calendar { zone, week, days_off })
    }
}

fn with_room(mut spans: Vec<(String, String)>) -> Vec<(String, String)> {
    spans.push(Default::default());
    if spans.len() < 2 {
        spans.push(Default::default());
    }
    spans
}

/// `POST /settings/hours`.
pub(super) async fn save(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    let known: Vec<&str> = ["do", "mailbox", "zone", "kind", "days_off"].into_iter().chain(OPEN).chain(FROM).chain(TO).collect();
    fields.only(&known)?;
    let mailbox = of_address(&panel, fields.get("mailbox"))?;
    let here = mailbox.map_or_else(|| "/settings/hours".to_owned(), |id| format!("/settings/hours?mailbox={id}"));
    let whose = mailbox.and_then(|id| panel.desk.mailboxes.get(id)).map_or("the desk".to_owned(), |it| it.address.to_string());
    let told = match (fields.get("do"), mailbox) {
        ("save", _) => {
            let form = HoursForm::sent(&fields);
            match form.read() {
                Ok(calendar) => set_hours(&panel.desk, &visitor.person, mailbox, &calendar).await?,
                Err(wrong) => return draw(&panel, &visitor, mailbox, Some(HoursForm { wrong: Some(wrong), ..form }), None).await,
            }
            format!("The hours of {whose} are saved. What is due counts by them from now on.")
        }
        ("forget", Some(id)) => {
            forget_hours(&panel.desk, &visitor.person, id).await?;
            format!("{whose} goes by the desk’s hours again.")
        }
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    Ok(page::go(&panel, &visitor, &here, &Flash::done(told)))
}

fn field_of(priority: Priority, promise: Promise) -> String {
    format!("{}-{}", priority.as_str(), promise.as_str())
}

impl TargetsForm {
    fn of(targets: &Targets) -> Self {
        let value = |priority, promise| targets.of(priority).of(promise).map(|it| it.to_string()).unwrap_or_default();
        Self::with(|priority, promise| (value(priority, promise), None))
    }

    /// Urgent first, as in every list.
    fn with(cell: impl Fn(Priority, Promise) -> (String, Option<String>)) -> Self {
        let row = |priority: Priority| {
            let cells = Promise::ALL.map(|promise| {
                let (value, wrong) = cell(priority, promise);
                (field_of(priority, promise), promise.title(), value, wrong)
            });
            TargetRow { priority: priority.as_str(), cells: cells.into() }
        };
        Self { rows: Priority::ALL.into_iter().rev().map(row).collect(), wrong: None }
    }
}

/// `POST /settings/promises`.
pub(super) async fn promise(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    let names: Vec<String> = Priority::ALL.into_iter().flat_map(|priority| Promise::ALL.map(|it| field_of(priority, it))).collect();
    fields.only(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
    let read = |priority, promise| fields.given(&field_of(priority, promise)).map(Goal::parse).transpose();
    let mut targets = Targets::default();
    let mut wrong = None;
    for priority in Priority::ALL {
        match (read(priority, Promise::FirstReply), read(priority, Promise::NextReply), read(priority, Promise::Resolution)) {
            (Ok(first_reply), Ok(next_reply), Ok(resolution)) => {
                targets.set(priority, Target { first_reply, next_reply, resolution });
            }
            (first, next, resolution) => wrong = [first, next, resolution].into_iter().find_map(Result::err),
        }
    }
    if let Some(why) = wrong {
        let cell = |priority, promise| {
            let typed = fields.get(&field_of(priority, promise)).to_owned();
            (typed, read(priority, promise).err().map(|it| sentence(&it)))
        };
        let form = TargetsForm { wrong: Some(sentence(&why)), ..TargetsForm::with(cell) };
        return draw(&panel, &visitor, None, None, Some(form)).await;
    }
    set_targets(&panel.desk, &visitor.person, &targets).await?;
    let told =
        "The promises are saved. What is due on open tickets counts by them from now on; nobody is written to about what is late already.";
    Ok(page::go(&panel, &visitor, "/settings/hours", &Flash::done(told)))
}
