//! Rows that nothing in their transaction reads again: kept until its end, and written many at a time.
//!
//! On SQLite a statement costs two thread switches, whatever it does; a batch of fifty messages writes hundreds of such rows.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    desk::{address::EmailAddress, delivery::DeliveryState, target::Terms},
    store::{Result, Tx, blobs::NewBlob, events::NewEvent, messages::ShownHeld, ms, on, outbox::Leaves, search::index::Changed},
};

/// So many rows in one statement: a row has at most 19 values, and PostgreSQL takes 65,535 (SQLite 32,766).
const AT_ONCE: usize = 500;

/// What is written when the transaction ends.
#[derive(Debug, Default)]
pub(super) struct Later {
    pub blobs: Vec<NewBlob>,
    pub mails: Vec<QueuedMail>,
    pub events: Vec<(NewEvent, Timestamp)>,
    pub decisions: Vec<NewDecision>,
    /// What the search is to know.
    pub found: Changed,
    /// What is promised, as this transaction has read it.
    pub terms: Option<Arc<Terms>>,
    /// A decision about a message was written that leaves no line in a ticket's history.
    pub decided: bool,
}

impl Later {
    /// Whether a page may show something of this.
    pub fn shows(&self) -> bool {
        self.decided || !self.events.is_empty()
    }
}

/// A row of `outbox` with its deliveries.
#[derive(Debug)]
pub(super) struct QueuedMail {
    pub mailbox: i64,
    pub kind: String,
    pub ticket: Option<i64>,
    pub comment: Option<i64>,
    pub author: Option<i64>,
    pub message_id: String,
    pub envelope_from: Option<String>,
    pub sha256: String,
    pub subject: String,
    pub automatic: i64,
    pub leaves: Leaves,
    /// 0: it leaves first.
    pub rank: i64,
    pub to: Vec<(EmailAddress, Option<i64>)>,
    pub not_before: Timestamp,
    pub at: Timestamp,
}

/// What became of a row of `messages`.
#[derive(Debug)]
pub(super) struct NewDecision {
    pub message: i64,
    pub decision: String,
    pub reason: String,
    pub trace: String,
    pub ticket: Option<i64>,
    pub message_id: Option<String>,
    pub sender: Option<String>,
    pub sender_name: Option<String>,
    pub subject: String,
    pub held: Option<&'static str>,
    pub at: Timestamp,
    pub shown: Option<ShownHeld>,
    pub authenticity: Option<&'static str>,
    pub authenticity_why: Option<String>,
    pub encrypted: Option<&'static str>,
    pub warnings: Option<String>,
}

impl Tx {
    /// Writes what was kept, in the order in which rows name each other.
    pub(super) async fn write_later(&mut self) -> Result<()> {
        let Later { blobs, mails, events, decisions, found, terms: _, decided: _ } = std::mem::take(&mut self.later);
        for some in decisions.chunks(AT_ONCE) {
            self.write_decisions(some).await?;
        }
        fail_point!("later-blobs");
        for some in blobs.chunks(AT_ONCE) {
            self.write_blobs(some).await?;
        }
        fail_point!("later-mails");
        for some in mails.chunks(AT_ONCE) {
            self.write_mails(some).await?;
        }
        fail_point!("later-events");
        for some in events.chunks(AT_ONCE) {
            self.write_events(some).await?;
        }
        self.index(found).await?;
        fail_point!("commit");
        Ok(())
    }

    pub(super) async fn write_blobs(&mut self, blobs: &[NewBlob]) -> Result<()> {
        // The same content once: PostgreSQL refuses a statement that meets its own new row. In one order, so that nobody waits in a circle.
        let once: BTreeMap<&str, &NewBlob> = blobs.iter().map(|it| (it.hash.as_str(), it)).collect();
        on!(self, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into blobs (sha256, size, packing, bytes, stored_at) ");
            sql.push_values(once.values(), |mut row, it| {
                row.push_bind(it.hash.as_str()).push_bind(it.size).push_bind(it.packing).push_bind(it.bytes.as_deref()).push_bind(ms(it.at));
            });
            // What expired is here again; and whoever takes a content away waits until we have named it.
            sql.push(
                " on conflict (sha256) do update set size = excluded.size, packing = excluded.packing, bytes = excluded.bytes, stored_at = excluded.stored_at
                where blobs.packing in ('gone', 'leaving')",
            );
            sql.build().execute(c).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn write_mails(&mut self, mails: &[QueuedMail]) -> Result<()> {
        let made: Vec<(i64, String)> = on!(self, c => {
            let mut sql = sqlx::QueryBuilder::new(
                "insert into outbox (mailbox, kind, ticket, comment, author, message_id, envelope_from, sha256, subject, automatic, created_at) ",
            );
            sql.push_values(mails, |mut row, it| {
                row.push_bind(it.mailbox).push_bind(&it.kind).push_bind(it.ticket).push_bind(it.comment).push_bind(it.author);
                row.push_bind(&it.message_id).push_bind(it.envelope_from.as_deref()).push_bind(&it.sha256).push_bind(&it.subject);
                row.push_bind(it.automatic).push_bind(ms(it.at));
            });
            sql.push(" returning id, message_id");
            sql.build_query_as().fetch_all(c).await
        })?;
        let id = |mail: &QueuedMail| made.iter().find(|(_, message_id)| *message_id == mail.message_id).map_or(0, |(id, _)| *id);
        type Row<'a> = (i64, &'a QueuedMail, &'a (EmailAddress, Option<i64>));
        let rows: Vec<Row<'_>> =
            mails.iter().flat_map(|mail| mail.to.iter().map(move |to| (mail, to))).map(|(mail, to)| (id(mail), mail, to)).collect();
        for some in rows.chunks(AT_ONCE) {
            on!(self, c => {
                let mut sql = sqlx::QueryBuilder::new(
                    "insert into deliveries (outbox, mailbox, address, domain, person, automatic, rank, state, next_at, created_at, settled_at) ",
                );
                sql.push_values(some, |mut row, (id, mail, (address, person))| {
                    row.push_bind(*id).push_bind(mail.mailbox).push_bind(address.folded()).push_bind(address.domain()).push_bind(*person);
                    let (state, settled) = match mail.leaves {
                        Leaves::Yes => (DeliveryState::Waiting, None),
                        Leaves::Never => (DeliveryState::Withheld, Some(ms(mail.at))),
                    };
                    row.push_bind(mail.automatic).push_bind(mail.rank).push_bind(state.as_str()).push_bind(ms(mail.not_before)).push_bind(ms(mail.at));
                    row.push_bind(settled);
                });
                sql.build().execute(c).await.map(|_| ())
            })?;
        }
        Ok(())
    }

    pub(super) async fn write_decisions(&mut self, decisions: &[NewDecision]) -> Result<()> {
        if decisions.is_empty() {
            return Ok(());
        }
        on!(self, c => {
            let mut sql = sqlx::QueryBuilder::new(
                "with d (message, decision, reason, trace, ticket, message_id, sender, sender_name, subject, held, decided_at, held_for, held_rule, excerpt, files,
                    authenticity, why, encrypted, warnings) as (",
            );
            sql.push_values(decisions, |mut row, it| {
                let shown = it.shown.as_ref();
                row.push_bind(it.message).push_bind(&it.decision).push_bind(&it.reason).push_bind(&it.trace).push_bind(it.ticket);
                row.push_bind(it.message_id.as_deref()).push_bind(it.sender.as_deref()).push_bind(it.sender_name.as_deref());
                row.push_bind(&it.subject).push_bind(it.held).push_bind(ms(it.at)).push_bind(shown.map(|it| it.held_for.as_str()));
                row.push_bind(shown.and_then(|it| it.rule).map(|it| it.0)).push_bind(shown.map(|it| it.excerpt.as_str()));
                row.push_bind(shown.map(|it| it.files.as_str())).push_bind(it.authenticity).push_bind(it.authenticity_why.as_deref());
                row.push_bind(it.encrypted).push_bind(it.warnings.as_deref());
            });
            sql.push(") update messages set state = 'decided', decision = d.decision, reason = d.reason, trace = d.trace, ticket = d.ticket,
                message_id = d.message_id, sender = d.sender, sender_name = d.sender_name, subject = d.subject, held = d.held,
                decided_at = d.decided_at, held_for = coalesce(d.held_for, messages.held_for), held_rule = coalesce(d.held_rule, messages.held_rule),
                excerpt = coalesce(d.excerpt, messages.excerpt), files = coalesce(d.files, messages.files), authenticity = d.authenticity,
                authenticity_why = d.why, encrypted = d.encrypted, warnings = d.warnings from d where messages.id = d.message");
            sql.build().execute(c).await.map(|_| ())
        })?;
        Ok(())
    }

    async fn write_events(&mut self, events: &[(NewEvent, Timestamp)]) -> Result<()> {
        on!(self, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into events (ticket, at, kind, actor, old, new, comment) ");
            sql.push_values(events, |mut row, (it, at)| {
                row.push_bind(it.ticket.0).push_bind(ms(*at)).push_bind(it.kind.as_str()).push_bind(it.actor.map(|it| it.0));
                row.push_bind(it.old.as_deref()).push_bind(it.new.as_deref()).push_bind(it.comment.map(|it| it.0));
            });
            sql.build().execute(c).await.map(|_| ())
        })?;
        Ok(())
    }
}
