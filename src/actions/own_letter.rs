//! Mail that the desk writes by itself about no change of a ticket: links, alarms, what could not be sent, probes.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, Result,
        letters::{leaves, note_fault},
    },
    clock::random_token,
    desk::{
        address::{EmailAddress, Named},
        id::{MailboxId, TicketNumber},
        person::Person,
        settings::MailboxSettings,
        token,
    },
    mail::compose::{self, Author, Content, Letterhead, Outgoing},
    store::{
        Tx,
        outbox::{self, Automatic, NewMail, Recipient},
    },
};

/// One mail, finished when it is posted.
pub(super) struct OwnLetter<'a> {
    /// What it is, in the outbox: `link`, `alarm`, …
    pub kind: &'static str,
    pub content: Content<'a>,
    /// Which ticket it speaks of, and its subject.
    pub ticket: Option<(TicketNumber, &'a str)>,
    pub to: Readers<'a>,
    pub automatic: Automatic,
}

/// Whom it goes to.
#[derive(Clone, Copy)]
pub(super) enum Readers<'a> {
    /// One mail to all of them; a report about it is wanted by nobody (RFC 3834 §3.3).
    People(&'a [Person]),
    /// The mailbox itself, which wants to know when it cannot be reached.
    Itself,
}

impl Readers<'_> {
    fn named(self, settings: &MailboxSettings) -> Vec<Named> {
        match self {
            Self::People(people) => people.iter().map(|it| Named { name: Some(it.name.clone()), address: it.email.clone() }).collect(),
            Self::Itself => vec![settings.named()],
        }
    }

    fn recipients(self, settings: &MailboxSettings) -> Vec<Recipient> {
        match self {
            Self::People(people) => people.iter().map(|it| Recipient { address: it.email.clone(), person: Some(it.id) }).collect(),
            Self::Itself => vec![Recipient { address: settings.address.clone(), person: None }],
        }
    }

    /// The one who is greeted by name.
    fn greeting(&self) -> &str {
        match self {
            Self::People([one]) => &one.name,
            Self::People(_) | Self::Itself => "",
        }
    }

    fn envelope_from(self, settings: &MailboxSettings) -> Option<&EmailAddress> {
        match self {
            Self::People(_) => None,
            Self::Itself => Some(&settings.address),
        }
    }
}

impl OwnLetter<'_> {
    /// Puts it into the outbox of the mailbox that answers for this one; its Message-ID. None: no mailbox is configured, and nothing is
    /// owed.
    pub async fn post(&self, desk: &Desk, tx: &mut Tx, mailbox: MailboxId, now: Timestamp) -> Result<Option<String>> {
        let Some((mailbox, settings)) = desk.mailboxes.answering(mailbox) else { return Ok(None) };
        let url = desk.url.to_string();
        let (number, subject) = self.ticket.map_or((None, ""), |(number, subject)| (Some(number), subject));
        let head = Letterhead { desk: &desk.settings.name, url: &url, number, subject, greeting: self.to.greeting(), rate: None };
        let written = compose::write(&desk.templates, mailbox, &head, &self.content)?;
        note_fault(tx, written.fault.as_ref()).await?;
        let sign = |text: &str| desk.sign(text);
        let id = token::message_id(None, None, &random_token(), settings.address.domain(), &sign);
        let bytes = compose::compose(&Outgoing {
            from: &settings.named(),
            to: &self.to.named(settings),
            reply_to: None,
            subject: &written.subject,
            message_id: &id,
            in_reply_to: None,
            references: &[],
            date: now,
            author: Author::Desk,
            loop_mark: &token::loop_mark(&random_token(), &sign),
            text: &written.text,
            html: &written.html,
            files: &[],
        })?;
        let new = NewMail {
            mailbox,
            kind: self.kind,
            ticket: number,
            comment: None,
            author: None,
            message_id: &id,
            envelope_from: self.to.envelope_from(settings),
            sha256: &desk.store.blobs().put_later(tx, &bytes, now).await?,
            subject: &written.subject,
            automatic: self.automatic,
            leaves: leaves(settings),
        };
        outbox::insert(tx, &new, &self.to.recipients(settings), now, now);
        Ok(Some(id))
    }
}
