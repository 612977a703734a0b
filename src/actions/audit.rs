//! The audit log: every change of the desk itself leaves a line here, in the transaction that makes the change.
//!
//! An action that changes people, mailboxes, templates, rules, settings, saved replies, tags, tokens or senders’ rules calls [`note`]
//! inside [`super::transact`], before it commits:
//!
//! ```ignore
//! audit::note(&mut tx, actor, Line::of(AuditKind::Tag, tag.name, "renamed").from("vip").to("important"), now).await?;
//! ```
//!
//! Where the change came from over the network goes along by itself: the panel runs each request within [`asked_from`].

use std::{fmt::Display, net::IpAddr};

use jiff::Timestamp;

use crate::{
    actions::{Result, people::By},
    desk::{
        audit::{AuditKind, kept},
        id::PersonId,
        person::Person,
    },
    store::{
        Tx,
        audit::{self, NewLine},
    },
};

tokio::task_local! {
    static ASKED_FROM: IpAddr;
}

/// Does `work` for somebody at this address: lines of the log that it writes name it. What is spawned inside is not among it.
pub async fn asked_from<F: Future>(address: IpAddr, work: F) -> F::Output {
    ASKED_FROM.scope(address, work).await
}

/// Who changes something, as the log names them.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    id: Option<PersonId>,
    name: &'a str,
}

impl<'a> From<&'a Person> for Who<'a> {
    fn from(person: &'a Person) -> Self {
        Self { id: Some(person.id), name: &person.name }
    }
}

impl<'a> From<By<'a>> for Who<'a> {
    fn from(by: By<'a>) -> Self {
        match by {
            By::Admin(person) => person.into(),
            By::Shell => Self { id: None, name: "somebody on the shell" },
        }
    }
}

/// One line: what was changed, and how.
#[derive(Clone, Debug)]
pub struct Line {
    kind: AuditKind,
    about: String,
    what: &'static str,
    old: Option<String>,
    new: Option<String>,
}

impl Line {
    /// `about`: which thing, as people call it. `what`: what was done to it, in a few words after its name: `changed the role`.
    /// Never a secret in any of them: that a password was changed is said, not to what.
    pub fn of(kind: AuditKind, about: impl Display, what: &'static str) -> Self {
        Self { kind, about: about.to_string(), what, old: None, new: None }
    }

    /// What it was.
    #[must_use]
    pub fn from(self, old: impl Display) -> Self {
        Self { old: Some(old.to_string()), ..self }
    }

    /// What it is now.
    #[must_use]
    pub fn to(self, new: impl Display) -> Self {
        Self { new: Some(new.to_string()), ..self }
    }
}

/// Writes one line, in the transaction of the change itself. A change from something to the same leaves none.
///
/// # Errors
/// When the database refuses.
pub async fn note<'a>(tx: &mut Tx, who: impl Into<Who<'a>>, line: Line, now: Timestamp) -> Result<()> {
    if line.old.is_some() && line.old == line.new {
        return Ok(());
    }
    let who = who.into();
    let new = NewLine {
        at: now,
        person: who.id,
        name: kept(who.name),
        address: ASKED_FROM.try_with(ToString::to_string).ok(),
        kind: line.kind,
        about: kept(&line.about),
        what: line.what,
        old: line.old.as_deref().map(kept),
        new: line.new.as_deref().map(kept),
    };
    Ok(audit::insert(tx, &new).await?)
}

/// Somebody as the log names them: `Hal Nine <hal@desk.test>`.
#[must_use]
pub fn named(person: &Person) -> String {
    format!("{} <{}>", person.name, person.email)
}
