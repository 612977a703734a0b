//! What a batch of messages will ask of the ledger, asked at once. What is not here is asked when it is needed.
//!
//! On SQLite a statement costs two thread switches, whatever it finds: fifty messages that each ask for themselves cost as much in
//! asking as in being decided.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::{
    actions::{Desk, Result, facts::answered, receive_message::Incoming, sender_rules},
    desk::{
        address::EmailAddress,
        id::OutboxId,
        message::{IncomingMessage, MessageId},
        person::Person,
        sender::{self, SenderRule},
    },
    store::{Conn, Tx, evidence, outbox, people, restored},
};

/// Of each kind, so much is asked for together: below what either database takes in one statement.
const MOST: usize = 5000;

/// A message that names more senders asks about them by itself.
const MOST_SENDERS: usize = 4;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    ids: BTreeSet<String>,
    ours: HashMap<String, OutboxId>,
    authors: BTreeSet<String>,
    people: HashMap<String, Person>,
    opened: HashMap<String, u32>,
    rules: Option<Vec<SenderRule>>,
    restored: Option<Option<Timestamp>>,
}

impl Ahead {
    /// Asks for all of a batch.
    pub async fn of(desk: &Desk, tx: &mut Tx, batch: &[Incoming], now: Timestamp) -> Result<Self> {
        let messages = || batch.iter().map(|it| &it.message);
        let ids = messages().flat_map(|it| it.message_id.iter().chain(returned(it)).chain(answered(it)));
        let ids: BTreeSet<String> = ids.map(|it| it.as_str().to_owned()).take(MOST).collect();
        let authors: BTreeSet<String> = messages().filter_map(|it| Some(it.author()?.address.folded())).take(MOST).collect();
        let senders = messages().filter(|it| names_few_senders(it)).take(MOST / 100).flat_map(sender::senders);
        let written_to = messages().filter_map(|it| Some(it.requester.as_ref()?.address.clone())).take(MOST);
        outbox::count_automatic(tx, &written_to.collect::<Vec<_>>(), now).await?;
        Ok(Self {
            ours: evidence::our_mails(tx, &ids).await?,
            people: people::by_emails_held(tx, &authors).await?.into_iter().map(|it| (it.email.folded(), it)).collect(),
            opened: evidence::opened_by_each(tx, &authors, now).await?,
            rules: if batch.len() <= MOST / 100 { Some(sender_rules::about_any(desk, tx, senders).await?) } else { None },
            restored: Some(restored::last(tx).await?),
            ids,
            authors,
        })
    }

    /// A message was decided: its ticket counts for its sender's next one.
    pub fn opened_one(&mut self, sender: &str) {
        *self.opened.entry(sender.to_owned()).or_default() += 1;
    }

    /// Whether a mail of ours bears this Message-ID as its own, and which. Those that this batch brings about are not in it yet.
    pub async fn our_mail(&self, conn: &mut Conn, id: &MessageId) -> Result<Option<OutboxId>> {
        if self.ids.contains(id.as_str()) {
            return Ok(self.ours.get(id.as_str()).copied());
        }
        Ok(evidence::our_mail(conn, id).await?)
    }

    /// The person of an address, whom this transaction may have made.
    pub async fn person(&self, tx: &mut Tx, address: &EmailAddress) -> Result<Option<Person>> {
        let folded = address.folded();
        match self.people.get(&folded) {
            Some(known) => Ok(Some(known.clone())),
            None if self.authors.contains(&folded) && !people::has_made(tx, &folded) => Ok(None),
            None => Ok(people::by_email_held(tx, address).await?),
        }
    }

    /// How many tickets this sender's mail opened within the hour before `now`.
    pub async fn opened_by(&self, conn: &mut Conn, sender: &str, now: Timestamp) -> Result<u32> {
        if self.authors.contains(sender) {
            return Ok(self.opened.get(sender).copied().unwrap_or(0));
        }
        Ok(evidence::opened_by(conn, sender, now).await?)
    }

    /// What staff have said about a message's sender.
    pub async fn rule_about(&self, desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<Option<SenderRule>> {
        match &self.rules {
            Some(rules) if names_few_senders(message) => Ok(sender::deciding(rules.clone(), message)),
            Some(_) | None => sender_rules::about(desk, conn, message).await,
        }
    }

    /// When the desk last came back from a backup.
    pub async fn restored_at(&self, conn: &mut Conn) -> Result<Option<Timestamp>> {
        match self.restored {
            Some(known) => Ok(known),
            None => Ok(restored::last(conn).await?),
        }
    }
}

fn names_few_senders(message: &IncomingMessage) -> bool {
    sender::senders(message).take(MOST_SENDERS + 1).count() <= MOST_SENDERS
}

/// The id of the mail that a delivery report is about.
pub(super) fn returned(message: &IncomingMessage) -> Option<&MessageId> {
    message.bounce.as_ref().and_then(|it| it.original_message_id.as_ref())
}
