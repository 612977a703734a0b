//! The language of the search: words, "phrases", `key:value`, `#123`, and `-` before what must not be. Whatever was typed is either
//! part of the query or told about in a sentence that names the mend.

use std::fmt::{self, Write as _};

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::desk::{
    id::TicketNumber,
    ticket::{Priority, Status},
};

mod help;
mod meaning;
mod read;

pub use self::{
    help::{Audience, HELP, Help},
    meaning::{Fact, Known, KnownMailbox, Meaning, Said, Unknown},
    read::{LONGEST, MOST_PARTS, Misread, Reading, Remark},
};

/// What somebody looks for; each of its parts must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// In the order in which they were typed.
    pub parts: Vec<Part>,
}

/// One part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether it must be so or must not.
    pub sense: Sense,
    /// What.
    pub asks: Asks,
}

/// Whether something must be so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// It must.
    With,
    /// It must not: there is a `-` before it.
    Without,
}

/// What a part asks for. A value never has a quotation mark where it has a space in it, or is in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A word, or what stands together without a space, such as an address.
    Word(String),
    /// These words, one after the other.
    Phrase(String),
    /// Who wrote it, or whose ticket it is: a name or address, or a part of either.
    From(String),
    /// Who was written to.
    To(String),
    /// Words of the subject.
    Subject(String),
    /// Words of the name of an attached file.
    File(String),
    /// In which state.
    Is(Is),
    /// Of this status.
    Status(Status),
    /// Who has it.
    Assignee(Who),
    /// With this tag.
    Tag(String),
    /// Of this priority.
    Priority(Priority),
    /// Of a mailbox: its name, or its address.
    Mailbox(String),
    /// There is a file on it.
    HasAttachment,
    /// Written before that.
    Before(When),
    /// Written then or later.
    After(When),
    /// This ticket.
    Number(TicketNumber),
}

/// A state of a ticket, for `is:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// Open or In Progress.
    Open,
    /// Nobody has it, and it is open.
    Unassigned,
    /// Whoever searches has it.
    Mine,
    /// Open, and the customer's turn.
    Waiting,
    /// Open, and our turn.
    NeedsAnswer,
    /// Put off until a time.
    Snoozed,
    /// Open, with something on it that whoever searches has not read.
    Unread,
    /// Resolved.
    Resolved,
    /// Closed.
    Closed,
    /// Marked as spam.
    Spam,
}

impl Is {
    /// In the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Unassigned,
        Self::Mine,
        Self::NeedsAnswer,
        Self::Waiting,
        Self::Unread,
        Self::Snoozed,
        Self::Resolved,
        Self::Closed,
        Self::Spam,
    ];

    /// As it is typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unassigned => "unassigned",
            Self::Mine => "mine",
            Self::Waiting => "waiting",
            Self::NeedsAnswer => "needs-answer",
            Self::Snoozed => "snoozed",
            Self::Unread => "unread",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
            Self::Spam => "spam",
        }
    }

    /// The word of [`Is::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// Who has a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Whoever searches.
    Me,
    /// Nobody.
    Nobody,
    /// One of the staff: a name or address, or a part of either.
    Named(String),
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The beginning of this day, in the desk's time zone.
    Day(Date),
    /// So long ago.
    Ago(u16, Unit),
    /// The beginning of today.
    Today,
    /// The beginning of yesterday.
    Yesterday,
}

/// What is counted back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of sixty minutes.
    Hours,
    /// Of the desk's calendar, as the others.
    Days,
    /// Seven days.
    Weeks,
    /// Of the calendar.
    Months,
    /// Of the calendar.
    Years,
}

impl Unit {
    /// Shortest first.
    pub const ALL: [Self; 5] = [Self::Hours, Self::Days, Self::Weeks, Self::Months, Self::Years];

    /// As it is typed behind a number.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Hours => 'h',
            Self::Days => 'd',
            Self::Weeks => 'w',
            Self::Months => 'm',
            Self::Years => 'y',
        }
    }
}

impl When {
    /// The moment itself. Further off than time goes: its very beginning.
    #[must_use]
    pub fn moment(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let today = now.to_zoned(zone.clone());
        let found = match self {
            Self::Day(date) => date.to_zoned(zone.clone()),
            Self::Today => today.start_of_day(),
            Self::Yesterday => today.yesterday().and_then(|it| it.start_of_day()),
            Self::Ago(n, unit) => {
                let n = i32::from(n);
                let span = match unit {
                    Unit::Hours => n.hours(),
                    Unit::Days => n.days(),
                    Unit::Weeks => n.weeks(),
                    Unit::Months => n.months(),
                    Unit::Years => jiff::Span::new().try_years(n).unwrap_or_else(|_| 9998.years()),
                };
                today.checked_sub(span)
            }
        };
        found.map_or(Timestamp::MIN, |it| it.timestamp())
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(date) => write!(f, "{date}"),
            Self::Ago(n, unit) => write!(f, "{n}{}", unit.letter()),
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
        }
    }
}

impl Asks {
    /// The word before its colon; none: it has none.
    #[must_use]
    pub fn key(&self) -> Option<&'static str> {
        Some(match self {
            Self::Word(_) | Self::Phrase(_) | Self::Number(_) => return None,
            Self::From(_) => "from",
            Self::To(_) => "to",
            Self::Subject(_) => "subject",
            Self::File(_) => "file",
            Self::Is(_) => "is",
            Self::Status(_) => "status",
            Self::Assignee(_) => "assignee",
            Self::Tag(_) => "tag",
            Self::Priority(_) => "priority",
            Self::Mailbox(_) => "mailbox",
            Self::HasAttachment => "has",
            Self::Before(_) => "before",
            Self::After(_) => "after",
        })
    }

    /// What stands behind its colon, without quotation marks.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Word(it) | Self::Phrase(it) | Self::From(it) | Self::To(it) | Self::Subject(it) | Self::File(it) => it.clone(),
            Self::Tag(it) | Self::Mailbox(it) => it.clone(),
            Self::Is(it) => it.as_str().to_owned(),
            Self::Status(it) => it.as_str().to_owned(),
            Self::Priority(it) => it.as_str().to_owned(),
            Self::Assignee(Who::Me) => "me".to_owned(),
            Self::Assignee(Who::Nobody) => "none".to_owned(),
            Self::Assignee(Who::Named(it)) => it.clone(),
            Self::HasAttachment => "attachment".to_owned(),
            Self::Before(it) | Self::After(it) => it.to_string(),
            Self::Number(it) => it.to_string(),
        }
    }
}

/// As it is typed: [`Query::read`] of it gives the same.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sense == Sense::Without {
            f.write_char('-')?;
        }
        let value = self.asks.value();
        match &self.asks {
            Asks::Word(_) => f.write_str(&value),
            Asks::Phrase(_) => write!(f, "\"{value}\""),
            Asks::Number(_) => write!(f, "#{value}"),
            keyed @ (Asks::From(_)
            | Asks::To(_)
            | Asks::Subject(_)
            | Asks::File(_)
            | Asks::Is(_)
            | Asks::Status(_)
            | Asks::Assignee(_)
            | Asks::Tag(_)
            | Asks::Priority(_)
            | Asks::Mailbox(_)
            | Asks::HasAttachment
            | Asks::Before(_)
            | Asks::After(_)) => {
                let key = keyed.key().unwrap_or_default();
                // Before two slashes a key is none: that is an address of the web.
                let quoted = value.is_empty() || value.starts_with(['"', '/']) || value.contains(char::is_whitespace);
                if quoted { write!(f, "{key}:\"{value}\"") } else { write!(f, "{key}:{value}") }
            }
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            if at > 0 {
                f.write_char(' ')?;
            }
            write!(f, "{part}")?;
        }
        Ok(())
    }
}

impl Query {
    /// The ticket, where nothing but its number was asked for.
    #[must_use]
    pub fn only_number(&self) -> Option<TicketNumber> {
        match &self.parts[..] {
            [Part { sense: Sense::With, asks: Asks::Number(number) }] => Some(*number),
            _ => None,
        }
    }

    /// What is asked of this key, where it must be so and is asked once.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        let mut of_key = self.parts.iter().filter(|it| it.sense == Sense::With && it.asks.key() == Some(key));
        let first = of_key.next()?;
        if of_key.next().is_some() { None } else { Some(first.asks.value()) }
    }

    /// The same with another value of one key, or without it.
    #[must_use]
    pub fn with(&self, key: &str, asks: Option<Asks>) -> Self {
        let mut parts: Vec<Part> = self.parts.clone();
        let at = parts.iter().position(|it| it.sense == Sense::With && it.asks.key() == Some(key)).unwrap_or(parts.len());
        parts.retain(|it| it.sense == Sense::Without || it.asks.key() != Some(key));
        if let Some(asks) = asks {
            parts.insert(at.min(parts.len()), Part { sense: Sense::With, asks });
        }
        Self { parts }
    }
}

#[cfg(test)]
mod tests;
