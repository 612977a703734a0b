//! A ticket's changes in words.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    desk::{
        event::EventKind,
        id::{PersonId, TicketNumber},
        permission::Scope,
        rating::Rating,
        snooze::Back,
        tag::Tag,
        ticket::{Priority, Status},
    },
    store::{Conn, StoreError, conversation::Line, events, queue},
};

/// Leaves out what only tells how maildesk did it: a ticket that lost its only message when a move was undone counts as merged
/// from then on.
pub fn plain(lines: &mut Vec<Line>) {
    let undone: Vec<_> = lines.iter().filter(|it| it.kind == EventKind::WentBack).map(|it| (it.at, it.new.clone())).collect();
    lines.retain(|it| it.kind != EventKind::MergedInto || !undone.contains(&(it.at, it.new.clone())));
}

/// Puts the names of tags and the times of a clock in the place of what the database has for them.
pub fn in_words(lines: &mut [Line], tags: &[Tag], time: impl Fn(Timestamp) -> String) {
    let tag = |id: &String| tags.iter().find(|it| it.id.to_string() == *id).map_or_else(|| "a tag".to_owned(), |it| it.name.clone());
    let time = |ms: &String| ms.parse().ok().and_then(|it| Timestamp::from_millisecond(it).ok()).map_or_else(|| ms.clone(), &time);
    for line in lines {
        match line.kind {
            EventKind::Tagged | EventKind::Untagged => (line.old, line.new) = (line.old.as_ref().map(tag), line.new.as_ref().map(tag)),
            EventKind::Snoozed => (line.old, line.new) = (line.old.as_ref().map(time), line.new.as_ref().map(time)),
            EventKind::Returned => line.old = line.old.as_ref().map(time),
            EventKind::Opened
            | EventKind::Replied
            | EventKind::Commented
            | EventKind::Automatic
            | EventKind::Noted
            | EventKind::Status
            | EventKind::Priority
            | EventKind::Assigned
            | EventKind::Subject
            | EventKind::Mailbox
            | EventKind::ParticipantAdded
            | EventKind::ParticipantProposed
            | EventKind::ParticipantRemoved
            | EventKind::Linked
            | EventKind::Related
            | EventKind::Unrelated
            | EventKind::Withdrawn
            | EventKind::Bounced
            | EventKind::SentElsewhere
            | EventKind::MovedOut
            | EventKind::MovedIn
            | EventKind::MergedInto
            | EventKind::MergedFrom
            | EventKind::CameBack
            | EventKind::WentBack
            | EventKind::ReadAgain
            | EventKind::Released
            | EventKind::PutBack
            | EventKind::Spam
            | EventKind::NotSpam
            | EventKind::Rated
            | EventKind::Rule
            | EventKind::Undone => {}
        }
    }
}

/// The tickets that a line names.
fn names_tickets(kind: EventKind) -> bool {
    const KINDS: [EventKind; 9] = [
        EventKind::Linked,
        EventKind::Related,
        EventKind::Unrelated,
        EventKind::MovedOut,
        EventKind::MovedIn,
        EventKind::MergedInto,
        EventKind::MergedFrom,
        EventKind::CameBack,
        EventKind::WentBack,
    ];
    KINDS.contains(&kind)
}

/// A ticket that whoever reads it may not see has no number in it.
///
/// # Errors
/// When the database fails.
pub async fn within_reach(conn: &mut Conn, lines: &mut [Line], scope: Scope) -> Result<(), StoreError> {
    let number = |it: &String| it.parse().ok().map(TicketNumber);
    let named = |line: &Line| line.old.iter().chain(&line.new).filter_map(number).collect::<Vec<_>>();
    let mut numbers: Vec<TicketNumber> = lines.iter().filter(|it| names_tickets(it.kind)).flat_map(named).collect();
    if scope == Scope::All || numbers.is_empty() {
        return Ok(());
    }
    numbers.sort_unstable();
    numbers.dedup();
    let seen: Vec<TicketNumber> = queue::these(conn, &numbers, scope).await?.into_iter().map(|it| it.number).collect();
    for line in lines.iter_mut().filter(|it| names_tickets(it.kind)) {
        for word in [&mut line.old, &mut line.new].into_iter().flatten() {
            if number(word).is_some_and(|it| !seen.contains(&it)) {
                word.clear();
            }
        }
    }
    Ok(())
}

/// Who opened a ticket for somebody else, where its history goes back so far.
#[must_use]
pub fn opened_by(lines: &[Line], requester: PersonId) -> Option<&str> {
    let opened = lines.iter().find(|it| it.kind == EventKind::Opened)?;
    opened.actor.as_ref().filter(|it| it.id != requester).map(|it| it.name.as_str())
}

/// [`sentence`], with the name of whom a ticket was opened for.
#[must_use]
pub fn sentence_for(line: &Line, names: &BTreeMap<PersonId, String>, (requester, name): (PersonId, &str)) -> String {
    let other = line.kind == EventKind::Opened && line.actor.as_ref().is_none_or(|it| it.id != requester);
    let whom = if other { format!(" for {}", bold(name)) } else { String::new() };
    format!("{}{whom}", sentence(line, names))
}

/// The changes that stand between the messages; what was said stands there itself.
#[must_use]
pub fn icon(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Opened | EventKind::Replied | EventKind::Commented | EventKind::Automatic | EventKind::Noted => None,
        EventKind::Status => Some("circle-check"),
        EventKind::Priority => Some("chevrons-up"),
        EventKind::Assigned => Some("user-round-check"),
        EventKind::Subject => Some("pencil"),
        EventKind::Mailbox => Some("inbox"),
        EventKind::ParticipantAdded | EventKind::ParticipantProposed => Some("user-round-plus"),
        EventKind::ParticipantRemoved => Some("user-round"),
        EventKind::Linked => Some("merge"),
        EventKind::Related | EventKind::Unrelated => Some("merge"),
        EventKind::Withdrawn => Some("undo-2"),
        EventKind::Bounced => Some("triangle-alert"),
        EventKind::SentElsewhere => Some("send"),
        EventKind::MovedOut | EventKind::MovedIn => Some("reply"),
        EventKind::MergedInto | EventKind::MergedFrom => Some("merge"),
        EventKind::CameBack | EventKind::WentBack => Some("undo-2"),
        EventKind::ReadAgain => Some("rotate-cw"),
        EventKind::Released => Some("inbox"),
        EventKind::PutBack | EventKind::NotSpam => Some("undo-2"),
        EventKind::Spam => Some("ban"),
        EventKind::Tagged | EventKind::Untagged => Some("tag"),
        EventKind::Snoozed | EventKind::Returned => Some("alarm-clock"),
        EventKind::Rated => Some("smile"),
        EventKind::Rule => Some("list-filter"),
        EventKind::Undone => Some("undo-2"),
    }
}

/// One line of the history as HTML, escaped.
#[must_use]
pub fn sentence(line: &Line, names: &BTreeMap<PersonId, String>) -> String {
    let person = |id: &Option<String>| {
        let id = id.as_ref().and_then(|it| it.parse().ok()).map(PersonId);
        bold(id.and_then(|it| names.get(&it)).map_or("somebody", String::as_str))
    };
    let (old, new) = (line.old.as_deref().unwrap_or_default(), line.new.as_deref().unwrap_or_default());
    let status = |word| bold(Status::parse(word).map_or(word, |it| it.title()));
    let priority = |word| bold(Priority::parse(word).map_or(word, |it| it.title()));
    let rating = |word| bold(Rating::parse(word).map_or(word, |it| it.title()));
    let actor = bold(line.actor.as_ref().map_or("maildesk", |it| it.name.as_str()));
    match line.kind {
        EventKind::Opened => match new {
            "portal" => format!("{actor} opened the ticket in the portal"),
            "panel" => format!("{actor} opened the ticket here"),
            events::BY_IMPORT => format!("{actor} opened the ticket by mail, which was imported"),
            "split" => format!("{actor} opened the ticket with a message from another"),
            how => format!("{actor} opened the ticket by {}", escaped(how)),
        },
        EventKind::Replied => format!("{actor} replied"),
        EventKind::Commented => format!("{actor} wrote"),
        EventKind::Automatic => "An automatic message came".to_owned(),
        EventKind::Noted => format!("{actor} wrote a note"),
        EventKind::Status => format!("{actor} set the status from {} to {}", status(old), status(new)),
        EventKind::Priority => format!("{actor} set the priority from {} to {}", priority(old), priority(new)),
        EventKind::Assigned if line.new.is_none() => format!("{actor} took the ticket from {}", person(&line.old)),
        EventKind::Assigned if line.actor.as_ref().is_some_and(|it| new == it.id.to_string()) => format!("{actor} took the ticket"),
        EventKind::Assigned => format!("{actor} assigned it to {}", person(&line.new)),
        EventKind::Subject => format!("{actor} changed the subject from “{}”", escaped(old)),
        EventKind::Mailbox => format!("{actor} moved it from {} to {}", bold(old), bold(new)),
        EventKind::ParticipantAdded => format!("{actor} added {}", bold(new)),
        EventKind::ParticipantProposed => format!("{} asks to take part: add them under Details", bold(new)),
        EventKind::ParticipantRemoved => format!("{actor} removed {}", bold(old)),
        EventKind::Linked => format!("It came out of {}", ticket(new)),
        EventKind::Related => format!("{actor} linked {}", ticket(new)),
        EventKind::Unrelated => format!("{actor} unlinked {}", ticket(old)),
        EventKind::Withdrawn => format!("{actor} took a reply back before it left"),
        EventKind::Bounced => format!("A reply to {} came back", bold(new)),
        EventKind::SentElsewhere => format!("{actor} sent a reply that had not reached {} to {}", bold(old), bold(new)),
        EventKind::MovedOut => format!("{actor} moved a message to {}", ticket(new)),
        EventKind::MovedIn => format!("{actor} moved a message here from {}", ticket(old)),
        EventKind::MergedInto => format!("{actor} merged this ticket into {}", ticket(new)),
        EventKind::MergedFrom => format!("{actor} merged {} into this ticket", ticket(old)),
        EventKind::CameBack => format!("{actor} took messages back from {}", ticket(old)),
        EventKind::WentBack => format!("{actor} gave messages back to {}", ticket(new)),
        EventKind::ReadAgain => format!("{actor} read a message again, better than before: {}", escaped(new)),
        EventKind::Released => format!("{actor} took the message out of held mail"),
        EventKind::PutBack => format!("{actor} put a message back among held mail"),
        EventKind::Spam => format!("{actor} marked it as spam; nobody was told"),
        EventKind::NotSpam => format!("{actor} said that it is not spam"),
        EventKind::Tagged => format!("{actor} added the tag {}", bold(new)),
        EventKind::Untagged => format!("{actor} removed the tag {}", bold(old)),
        EventKind::Snoozed => format!("{actor} snoozed it until {}", bold(new)),
        EventKind::Returned => returned(new, &actor),
        EventKind::Rated if line.actor.is_none() => format!("<b>The customer</b> rated it {}", rating(new)),
        EventKind::Rated if line.old.is_some() => format!("{actor} rated it {} and no longer {}", rating(new), rating(old)),
        EventKind::Rated => format!("{actor} rated it {}", rating(new)),
        EventKind::Rule => format!("The rule “{}” held", escaped(new)),
        EventKind::Undone => format!("{actor} undid the last change of its status"),
    }
}

fn returned(why: &str, actor: &str) -> String {
    match Back::parse(why) {
        Some(Back::Time) => "It is back in its queue: it was snoozed until now".to_owned(),
        Some(Back::Answer) => "It is back in its queue: its customer wrote".to_owned(),
        Some(Back::Done) => "It is snoozed no more: it is done".to_owned(),
        Some(Back::Staff) | None => format!("{actor} took it back into its queue"),
    }
}

/// A link to a ticket by the number that an event holds; none: it is out of reach.
fn ticket(number: &str) -> String {
    let number: String = number.chars().filter(char::is_ascii_digit).collect();
    if number.is_empty() {
        return "another ticket".to_owned();
    }
    format!("<a href=\"/tickets/{number}\">#{number}</a>")
}

fn bold(text: &str) -> String {
    format!("<b><bdi>{}</bdi></b>", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut html = String::new();
    crate::panel::highlight::escape_into(&mut html, text);
    html
}
