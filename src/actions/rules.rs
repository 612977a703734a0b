//! Rules about mail: written, ordered, switched, tried; and asked of each mail that opens a ticket or answers one.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        assign::give,
        audit::{self, Line},
        door::{Change, TicketRow},
        edit::give_priority,
        receive_message::Incoming,
        transact,
    },
    desk::{
        audit::AuditKind,
        event::EventKind,
        id::{MailboxId, RuleId},
        message::IncomingMessage,
        permission::Act,
        person::Person,
        rule::{After, Deed, Mail, Rule},
        tag::MOST_ON_A_TICKET,
        triage::{Asked, DESK_RULE, Decision, Trace, Voice},
    },
    mail::parse,
    store::{
        Conn, Tx,
        blobs::ContentHash,
        people,
        rules::{self, RuleRow, Switch},
        tags,
    },
};

/// So many messages a rule is tried on.
pub const TRIED_ON: i64 = 200;

/// The rules that hold for a mail, in the order in which they are asked.
#[derive(Debug, Default)]
pub(super) struct Holding<'r>(Vec<&'r RuleRow>);

/// Asks the rules about a mail that was decided: those that hold, as far as no rule says to stop. What they stop is held; the trace
/// names each.
pub(super) async fn ask<'r>(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    rules: &'r [RuleRow],
    (decision, trace): (&mut Decision, &mut Trace),
) -> Result<(Holding<'r>, Stopped)> {
    let opens = match decision {
        Decision::Open { .. } => true,
        Decision::Join { voice: Voice::Participant | Voice::NewParticipant, .. } => false,
        Decision::Join { voice: Voice::Staff(_) | Voice::Machine, .. }
        | Decision::Ignore
        | Decision::RecordBounce(_)
        | Decision::Hold { .. } => {
            return Ok((Holding::default(), Stopped::No));
        }
    };
    let header = headers(desk, tx, rules.iter().map(|it| &it.rule), &incoming.row.sha256).await?;
    let mailbox = desk.name_of(incoming.row.mailbox);
    let mail = Mail { message: &incoming.message, mailbox: &mailbox, opens, header: &header };
    let mut holding = Holding::default();
    for row in rules.iter().filter(|it| it.rule.holds(&mail)) {
        let stops = row.rule.deeds.iter().find_map(|it| match it {
            Deed::Hold => Some(Stopped::Held),
            Deed::Discard => Some(Stopped::Discarded),
            Deed::Assign(_) | Deed::Priority(_) | Deed::Tag(_) => None,
        });
        if let Some(stopped) = stops {
            let what = if stopped == Stopped::Held { "held" } else { "discarded" };
            // What had decided before did not have the last word.
            trace.0.iter_mut().for_each(|it| it.decides = false);
            trace.0.push(Asked { question: DESK_RULE.to_owned(), found: format!("{what} by the rule “{}”", row.name), decides: true });
            *decision = Decision::Hold { tell: None };
            return Ok((Holding::default(), stopped));
        }
        trace.0.push(Asked { question: DESK_RULE.to_owned(), found: format!("the rule “{}” holds", row.name), decides: false });
        holding.0.push(row);
        if row.rule.after == After::Stop {
            break;
        }
    }
    Ok((holding, Stopped::No))
}

/// Whether a rule stopped a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// None did.
    No,
    /// It waits for a person.
    Held,
    /// It waits for nobody.
    Discarded,
}

impl Holding<'_> {
    /// Does what they say to the ticket that is being changed; its history names each.
    pub async fn apply(&self, tx: &mut Tx, change: &mut Change, now: Timestamp) -> Result<()> {
        for row in &self.0 {
            let actor = change.actor.take();
            change.changed(EventKind::Rule, None, Some(row.name.clone()));
            for deed in &row.rule.deeds {
                match deed {
                    Deed::Assign(_) => {
                        let to = match deed.assignee() {
                            Some(to) => people::get(tx, to).await?.filter(Person::is_active_staff),
                            None => None,
                        };
                        // Who has a ticket keeps it when its customer answers.
                        if let Some(to) = to.filter(|_| change.ticket.assignee.is_none()) {
                            give(change, Some(to.id));
                        }
                    }
                    Deed::Priority(_) => {
                        if let Some(to) = deed.priority() {
                            give_priority(change, to);
                        }
                    }
                    Deed::Tag(_) => {
                        if let Some(name) = deed.tag().filter(|_| change.ticket.tags.len() < MOST_ON_A_TICKET) {
                            let tag = tags::of_name(tx, &name, None, now).await?.id;
                            if !change.ticket.tags.contains(&tag) {
                                change.ticket.tags.push(tag);
                                tags::put(tx, change.number(), tag, None, None, now).await?;
                                change.changed(EventKind::Tagged, None, Some(tag.to_string()));
                            }
                        }
                    }
                    Deed::Hold | Deed::Discard => {}
                }
            }
            change.actor = actor;
        }
        if !self.0.is_empty() {
            change.row = TicketRow::Older;
        }
        Ok(())
    }
}

/// The header fields that rules ask for; read out of the octets, since few rules ask for any.
async fn headers<'r>(
    desk: &Desk,
    conn: &mut Conn,
    rules: impl Iterator<Item = &'r Rule>,
    sha256: &ContentHash,
) -> Result<BTreeMap<String, Vec<String>>> {
    let names: Vec<String> = rules.flat_map(Rule::headers).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let octets = desk.store.blobs().get(conn, sha256).await?.unwrap_or_default();
    Ok(parse::header_fields(&octets, &names))
}

/// What trying a rule came to.
#[derive(Clone, Debug)]
pub struct Tried {
    /// It would have held for so many.
    pub held_for: usize,
    /// Of so many.
    pub of: usize,
    /// Subjects of a few of them.
    pub examples: Vec<String>,
}

/// Tries a rule on the last messages that opened a ticket or were joined to one. Changes nothing.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn try_on_existing(desk: &Desk, actor: &Person, rule: &Rule) -> Result<Tried> {
    desk.allow(actor, Act::Manage)?;
    let last = rules::last_messages(&mut *desk.store.read().await?, TRIED_ON).await?;
    let mut tried = Tried { held_for: 0, of: 0, examples: Vec::new() };
    for (_, mailbox, sha256, decision) in last {
        let mut conn = desk.store.read().await?;
        let Some(octets) = desk.store.blobs().get(&mut conn, &ContentHash::parse(&sha256)?).await? else { continue };
        drop(conn);
        let names: Vec<String> = rule.headers().collect();
        let (message, header): (IncomingMessage, _) =
            tokio::task::block_in_place(|| (parse::read(&octets), parse::header_fields(&octets, &names)));
        tried.of += 1;
        let mailbox = desk.name_of(MailboxId(mailbox));
        if rule.holds(&Mail { message: &message, mailbox: &mailbox, opens: decision == "open-ticket", header: &header }) {
            tried.held_for += 1;
            if tried.examples.len() < 5 {
                tried.examples.push(message.subject.chars().take(100).collect());
            }
        }
    }
    Ok(tried)
}

/// Writes a rule: a new one, behind all others, or another in its place.
///
/// # Errors
/// [`ActionError::Invalid`] with the part and why; what [`ActionError`] lists.
pub async fn save(desk: &Desk, actor: &Person, id: Option<RuleId>, name: &str, rule: &Rule) -> Result<RuleId> {
    desk.allow(actor, Act::Manage)?;
    rule.check(name).map_err(|(field, why)| ActionError::Invalid { field, why })?;
    let (name, now) = (name.trim(), desk.clock.now());
    transact(desk, |mut tx| async move {
        let all = rules::all(&mut tx).await?;
        if all.iter().any(|it| it.name == name && Some(it.id) != id) {
            return Err(ActionError::Invalid {
                field: "name", why: format!("there is a rule “{name}” already; call this one otherwise")
            });
        }
        for to in rule.deeds.iter().filter_map(Deed::assignee) {
            if !people::get(&mut tx, to).await?.is_some_and(|it| it.is_active_staff()) {
                return Err(ActionError::Invalid {
                    field: "deeds",
                    why: "whom it assigns to is no active helper; choose another".to_owned(),
                });
            }
        }
        let says = |it: &Rule| serde_json::to_string(it).unwrap_or_default();
        let id = match id {
            Some(id) => {
                let was = all.iter().find(|it| it.id == id).ok_or(ActionError::Missing("rule"))?;
                rules::update(&mut tx, id, name, rule).await?;
                audit::note(&mut tx, actor, Line::of(AuditKind::Rule, name, "renamed").from(&was.name).to(name), now).await?;
                audit::note(&mut tx, actor, Line::of(AuditKind::Rule, name, "changed").from(says(&was.rule)).to(says(rule)), now).await?;
                id
            }
            None => {
                let id = rules::insert(&mut tx, name, rule).await?;
                audit::note(&mut tx, actor, Line::of(AuditKind::Rule, name, "written").to(says(rule)), now).await?;
                id
            }
        };
        tx.commit().await?;
        Ok(id)
    })
    .await
}

/// What is done with a rule as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is asked.
    SwitchOn,
    /// It is not.
    SwitchOff,
    /// It is asked before the one that stands before it.
    Up,
    /// It is asked behind the one that stands behind it.
    Down,
    /// It is taken away; what it did stays.
    Delete,
}

/// Does it.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn step(desk: &Desk, actor: &Person, id: RuleId, step: Step) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let all = rules::all(&mut tx).await?;
        let at = all.iter().position(|it| it.id == id).ok_or(ActionError::Missing("rule"))?;
        let name = &all[at].name;
        let what = match step {
            Step::SwitchOn => {
                rules::switch(&mut tx, id, Switch::On).await?;
                "switched on"
            }
            Step::SwitchOff => {
                rules::switch(&mut tx, id, Switch::Off).await?;
                "switched off"
            }
            Step::Up | Step::Down => {
                let mut ids: Vec<RuleId> = all.iter().map(|it| it.id).collect();
                let other = if step == Step::Up { at.saturating_sub(1) } else { (at + 1).min(ids.len() - 1) };
                ids.swap(at, other);
                rules::order(&mut tx, &ids).await?;
                "moved"
            }
            Step::Delete => {
                rules::delete(&mut tx, id).await?;
                "deleted"
            }
        };
        audit::note(&mut tx, actor, Line::of(AuditKind::Rule, name, what), now).await?;
        Ok(tx.commit().await?)
    })
    .await
}
