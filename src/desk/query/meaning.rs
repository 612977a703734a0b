//! What a query means on one desk: names become the things that bear them, or it is told that nothing does.

use jiff::{Timestamp, tz::TimeZone};

use super::{Asks, Is, Part, Query, Sense, Who};
use crate::desk::{
    id::{MailboxId, PersonId, TagId, TicketNumber},
    nearest::nearest,
    person::Person,
    tag::{Tag, TagName},
    ticket::{Priority, Status, Turn},
};

/// What a desk knows by name, and who asks when.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Every tag that can be given.
    pub tags: &'a [Tag],
    /// Helpers and admins, those too who are disabled.
    pub staff: &'a [Person],
    /// Every mailbox.
    pub mailboxes: &'a [KnownMailbox],
    /// Whoever searches.
    pub me: PersonId,
    /// Now.
    pub now: Timestamp,
    /// Of the desk.
    pub zone: &'a TimeZone,
}

/// A mailbox with what it is called.
#[derive(Clone, Debug)]
pub struct KnownMailbox {
    /// Its row.
    pub id: MailboxId,
    /// Its short name.
    pub name: String,
    /// Its address.
    pub address: String,
}

/// What must stand in a message; the words as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Anywhere.
    Words(String),
    /// Among those who wrote it or whose ticket it is.
    From(String),
    /// Among those who were written to.
    To(String),
    /// In the subject.
    Subject(String),
    /// In the name of a file.
    File(String),
    /// A file.
    HasFile,
}

/// What must be so of a ticket, or of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Of this status.
    Status(Status),
    /// Open or In Progress.
    Active,
    /// Nobody has it.
    HadByNobody,
    /// One of these has it.
    HadBy(Vec<PersonId>),
    /// Whose turn it is.
    Turn(Turn),
    /// Put off.
    Snoozed,
    /// Not read by this person.
    Unread(PersonId),
    /// Marked as spam.
    Spam,
    /// With this tag.
    Tag(TagId),
    /// Of this priority.
    Priority(Priority),
    /// Of one of these.
    Mailbox(Vec<MailboxId>),
    /// Written before.
    Before(Timestamp),
    /// Written then or later.
    After(Timestamp),
    /// This ticket.
    Number(TicketNumber),
}

/// What is to be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// What messages say.
    pub said: Vec<(Sense, Said)>,
    /// What is so. Those of one entry hold together.
    pub facts: Vec<(Sense, Vec<Fact>)>,
}

/// What the desk does not know by this name, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// No tag.
    #[error("there is no tag “{name}”{}; Settings has the list of tags", meant.as_ref().map_or_else(String::new, |it| format!(", but there is “{it}”")))]
    Tag {
        /// As it was typed.
        name: String,
        /// The one that is like it.
        meant: Option<String>,
    },
    /// Nobody of the staff.
    #[error("nobody of the staff is called “{0}”; write assignee:me, assignee:none, or a part of a helper’s name or address")]
    Staff(String),
    /// No mailbox.
    #[error("there is no mailbox “{0}”; there are {1}")]
    Mailbox(String, String),
    /// It is nothing to a customer.
    #[error(
        "“{0}:” is not known here; words, from:, subject:, file:, has:attachment, is:open, is:resolved, is:closed, status:, before: and after: are"
    )]
    ForStaff(&'static str),
}

impl Query {
    /// What it means for staff.
    ///
    /// # Errors
    /// Every name that nothing bears.
    pub fn meaning(&self, known: &Known<'_>) -> Result<Meaning, Vec<Unknown>> {
        self.understood(|asks| fact(asks, known))
    }

    /// What it means for a customer: nothing of how staff sort their work.
    ///
    /// # Errors
    /// Every key that is of use to staff alone.
    pub fn meaning_for_customer(&self, now: Timestamp, zone: &TimeZone) -> Result<Meaning, Vec<Unknown>> {
        let known = Known { tags: &[], staff: &[], mailboxes: &[], me: PersonId(0), now, zone };
        self.understood(|asks| match asks {
            Asks::To(_) | Asks::Assignee(_) | Asks::Tag(_) | Asks::Priority(_) | Asks::Mailbox(_) => {
                Err(Unknown::ForStaff(asks.key().unwrap_or_default()))
            }
            Asks::Is(Is::Unassigned | Is::Mine | Is::Waiting | Is::NeedsAnswer | Is::Snoozed | Is::Unread | Is::Spam) => {
                Err(Unknown::ForStaff("is"))
            }
            Asks::Is(Is::Open | Is::Resolved | Is::Closed) | Asks::Word(_) | Asks::Phrase(_) | Asks::From(_) | Asks::Subject(_) => {
                fact(asks, &known)
            }
            Asks::File(_) | Asks::HasAttachment | Asks::Status(_) | Asks::Before(_) | Asks::After(_) | Asks::Number(_) => {
                fact(asks, &known)
            }
        })
    }

    fn understood(&self, fact: impl Fn(&Asks) -> Result<Understood, Unknown>) -> Result<Meaning, Vec<Unknown>> {
        let (mut meaning, mut unknown) = (Meaning::default(), Vec::new());
        for Part { sense, asks } in &self.parts {
            match fact(asks) {
                Ok(Understood::Said(said)) => meaning.said.push((*sense, said)),
                Ok(Understood::So(facts)) => meaning.facts.push((*sense, facts)),
                Err(why) => unknown.push(why),
            }
        }
        if unknown.is_empty() { Ok(meaning) } else { Err(unknown) }
    }
}

/// What becomes of a part.
enum Understood {
    Said(Said),
    So(Vec<Fact>),
}

fn fact(asks: &Asks, known: &Known<'_>) -> Result<Understood, Unknown> {
    let said = |it| Ok(Understood::Said(it));
    let so = |it| Ok(Understood::So(vec![it]));
    match asks {
        Asks::Word(it) | Asks::Phrase(it) => said(Said::Words(it.clone())),
        Asks::From(it) => said(Said::From(it.clone())),
        Asks::To(it) => said(Said::To(it.clone())),
        Asks::Subject(it) => said(Said::Subject(it.clone())),
        Asks::File(it) => said(Said::File(it.clone())),
        Asks::HasAttachment => said(Said::HasFile),
        Asks::Is(it) => Ok(Understood::So(state(*it, known.me))),
        Asks::Status(it) => so(Fact::Status(*it)),
        Asks::Assignee(Who::Me) => so(Fact::HadBy(vec![known.me])),
        Asks::Assignee(Who::Nobody) => so(Fact::HadByNobody),
        Asks::Assignee(Who::Named(name)) => so(Fact::HadBy(named(name, known.staff)?)),
        Asks::Tag(name) => so(Fact::Tag(tag(name, known.tags)?)),
        Asks::Priority(it) => so(Fact::Priority(*it)),
        Asks::Mailbox(name) => so(Fact::Mailbox(mailboxes(name, known.mailboxes)?)),
        Asks::Before(it) => so(Fact::Before(it.moment(known.now, known.zone))),
        Asks::After(it) => so(Fact::After(it.moment(known.now, known.zone))),
        Asks::Number(it) => so(Fact::Number(*it)),
    }
}

fn state(is: Is, me: PersonId) -> Vec<Fact> {
    match is {
        Is::Open => vec![Fact::Active],
        Is::Unassigned => vec![Fact::Active, Fact::HadByNobody],
        Is::Mine => vec![Fact::HadBy(vec![me])],
        Is::Waiting => vec![Fact::Active, Fact::Turn(Turn::Customer)],
        Is::NeedsAnswer => vec![Fact::Active, Fact::Turn(Turn::Staff)],
        Is::Snoozed => vec![Fact::Snoozed],
        Is::Unread => vec![Fact::Unread(me)],
        Is::Resolved => vec![Fact::Status(Status::Resolved)],
        Is::Closed => vec![Fact::Status(Status::Closed)],
        Is::Spam => vec![Fact::Spam],
    }
}

/// Whoever is called so; where somebody is called exactly so, they alone.
fn named(name: &str, staff: &[Person]) -> Result<Vec<PersonId>, Unknown> {
    let asked = name.to_lowercase();
    let exactly = |it: &&Person| it.name.to_lowercase() == asked || it.email.folded() == asked;
    let partly = |it: &&Person| it.name.to_lowercase().contains(&asked) || it.email.folded().contains(&asked);
    let mut found: Vec<PersonId> = staff.iter().filter(exactly).map(|it| it.id).collect();
    if found.is_empty() {
        found = staff.iter().filter(partly).map(|it| it.id).collect();
    }
    if found.is_empty() { Err(Unknown::Staff(name.to_owned())) } else { Ok(found) }
}

fn tag(name: &str, tags: &[Tag]) -> Result<TagId, Unknown> {
    let folded = TagName::parse(name).map_or_else(|_| name.to_lowercase(), |it| it.folded());
    let found = tags.iter().find(|it| it.name.to_lowercase() == folded);
    found.map(|it| it.id).ok_or_else(|| {
        let names: Vec<String> = tags.iter().map(|it| it.name.to_lowercase()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let begins = || names.iter().copied().find(|it| it.starts_with(&folded) || folded.starts_with(*it));
        Unknown::Tag { name: name.to_owned(), meant: nearest(&folded, &names).or_else(begins).map(str::to_owned) }
    })
}

fn mailboxes(name: &str, mailboxes: &[KnownMailbox]) -> Result<Vec<MailboxId>, Unknown> {
    let asked = name.to_lowercase();
    let exactly = |it: &&KnownMailbox| it.name.to_lowercase() == asked || it.address.to_lowercase() == asked;
    let partly = |it: &&KnownMailbox| it.name.to_lowercase().contains(&asked) || it.address.to_lowercase().contains(&asked);
    let mut found: Vec<MailboxId> = mailboxes.iter().filter(exactly).map(|it| it.id).collect();
    if found.is_empty() {
        found = mailboxes.iter().filter(partly).map(|it| it.id).collect();
    }
    let all = || mailboxes.iter().map(|it| it.name.as_str()).collect::<Vec<_>>().join(", ");
    if found.is_empty() { Err(Unknown::Mailbox(name.to_owned(), all())) } else { Ok(found) }
}
