//! What is due on a ticket, in words: beside its row in a list, and on its page.

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde::Serialize;

use crate::{
    desk::{
        course::{Step, Way, What},
        target::{self, Over, Promise, Running, Terms},
        ticket::Ticket,
    },
    panel::{Panel, error::PageError, words::business},
    store::{Conn, courses, terms},
};

/// What is due, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Due {
    /// `First reply`.
    pub what: &'static str,
    /// `12 min left`, `2 h late`, `tomorrow`, `Thu`.
    pub text: String,
    /// `late`, `soon` or nothing.
    pub class: &'static str,
    /// `by Mon 2 Nov 2026, 14:02`.
    pub full: String,
}

/// Less than this is soon.
const SOON: SignedDuration = SignedDuration::from_hours(1);

impl Due {
    /// As seen at `now` from the desk's time zone.
    #[must_use]
    pub fn new(promise: Promise, at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let left = at.duration_since(now);
        let class = match left {
            left if !left.is_positive() => "late",
            left if left < SOON => "soon",
            _ => "",
        };
        let local = at.to_zoned(zone.clone());
        let text = if left.is_positive() { left_until(at, now, zone) } else { format!("{} late", roughly(-left)) };
        Self { what: promise.title(), text, class, full: local.strftime("by %a %-d %b %Y, %H:%M").to_string() }
    }
}

/// `12 min left`, `3 h left` today; else the day.
fn left_until(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (then, today) = (zone.to_datetime(at), zone.to_datetime(now).date());
    let left = at.duration_since(now);
    if left < SOON || then.date() == today {
        return format!("{} left", roughly(left));
    }
    match then.date() {
        date if date == today.saturating_add(1.day()) => "tomorrow".to_owned(),
        date if date < today.saturating_add(7.days()) => date.strftime("%a").to_string(),
        date => date.strftime("%-d %b").to_string(),
    }
}

/// In the largest whole unit; a minute at least.
fn roughly(it: SignedDuration) -> String {
    match it.as_mins() {
        ..60 => format!("{} min", it.as_mins().max(1)),
        60..2880 => format!("{} h", it.as_hours()),
        minutes => format!("{} d", minutes / 1440),
    }
}

/// One promise on a ticket's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromiseLine {
    what: &'static str,
    /// `kept`, `missed`, `running` or `still`.
    state: &'static str,
    text: String,
    due: Option<Due>,
}

/// [`lines`] of a ticket, with what the desk promises as of this version of the database.
pub(super) async fn promises(panel: &Panel, version: &str, conn: &mut Conn, ticket: &Ticket) -> Result<Vec<PromiseLine>, PageError> {
    let terms = panel.known.terms.of(version, panel.desk.settings.turn(), terms::terms(conn, &panel.desk.settings.time_zone)).await?;
    if terms.targets.is_empty() {
        return Ok(Vec::new());
    }
    let course = courses::kept(conn, ticket.number).await?;
    Ok(lines(ticket, &course, &terms, panel.desk.clock.now(), &panel.zone()))
}

/// What is promised on a ticket and how it stands; empty where nothing is promised for its priority.
#[must_use]
pub fn lines(ticket: &Ticket, course: &[Step], terms: &Terms, now: Timestamp, zone: &TimeZone) -> Vec<PromiseLine> {
    let (target, calendar) = (terms.targets.of(ticket.priority), terms.calendars.of(ticket.mailbox));
    let imported = course.first().is_some_and(|it| it.what == What::Opened(Way::Imported));
    if ticket.merged_into.is_some() || imported {
        return Vec::new();
    }
    let running = target::running(course, (ticket.turn, ticket.turn_at), target, calendar);
    let runs = |promise| running.iter().find(|it| it.promise == promise).map(|it| of_running(it, now, zone));
    let over = |promise, it: Option<Over>| it.map(|it| of_over(promise, it));
    let first = runs(Promise::FirstReply).or_else(|| over(Promise::FirstReply, target::first_reply(course, target, calendar)));
    let resolution = runs(Promise::Resolution).or_else(|| over(Promise::Resolution, target::resolution(course, target, calendar)));
    let still = target.resolution.filter(|_| ticket.status.is_active()).map(|goal| PromiseLine {
        what: Promise::Resolution.title(),
        state: "still",
        text: format!("stands still: the customer’s turn; goal {goal}"),
        due: None,
    });
    [first, runs(Promise::NextReply), resolution.or(still)].into_iter().flatten().collect()
}

fn of_running(it: &Running, now: Timestamp, zone: &TimeZone) -> PromiseLine {
    let due = Due::new(it.promise, it.due_at, now, zone);
    // What is left is told by the day already, or as a time of today.
    let form = if it.due_at > now { "by %H:%M" } else { "due %a %-d %b, %H:%M" };
    let text = it.due_at.to_zoned(zone.clone()).strftime(form).to_string();
    PromiseLine { what: it.promise.title(), state: "running", text, due: Some(due) }
}

fn of_over(promise: Promise, it: Over) -> PromiseLine {
    let (state, word) = if it.is_kept() { ("kept", "in") } else { ("missed", "only after") };
    PromiseLine { what: promise.title(), state, text: format!("{word} {}, goal {}", business(it.took), it.goal), due: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_told_in_few_words() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now: Timestamp = "2026-11-03T13:00:00Z".parse().unwrap();
        for (at, text, class) in [
            ("2026-11-03T10:59:00Z", "2 h late", "late"),
            ("2026-11-03T12:34:00Z", "26 min late", "late"),
            ("2026-11-03T13:00:00Z", "1 min late", "late"),
            ("2026-10-20T13:00:00Z", "14 d late", "late"),
            ("2026-11-03T13:12:30Z", "12 min left", "soon"),
            ("2026-11-03T16:30:00Z", "3 h left", ""),
            ("2026-11-04T08:00:00Z", "tomorrow", ""),
            ("2026-11-05T08:00:00Z", "Thu", ""),
            ("2026-11-20T08:00:00Z", "20 Nov", ""),
        ] {
            let due = Due::new(Promise::FirstReply, at.parse().unwrap(), now, &zone);
            assert_eq!((due.text.as_str(), due.class), (text, class), "{at}");
        }
        let due = Due::new(Promise::NextReply, "2026-11-03T13:12:30Z".parse().unwrap(), now, &zone);
        assert_eq!((due.what, due.full.as_str()), ("Next reply", "by Tue 3 Nov 2026, 14:12"));
    }
}
