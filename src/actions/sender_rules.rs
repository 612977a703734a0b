//! The block list: a sender is put on it, taken off, put back. Each change keeps who did it and when.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::{leave, transact},
    },
    desk::{
        address::EmailAddress,
        audit::AuditKind,
        domain::{Domain, kind_of},
        id::SenderRuleId,
        message::IncomingMessage,
        permission::{Act, Verdict, may},
        person::Person,
        sender::{self, SenderPattern, SenderRule, SenderVerdict},
    },
    store::{
        Conn, Tx, people,
        sender_rules::{self, RuleRow},
    },
};

/// As much of a note is kept; characters.
const LONGEST_NOTE: usize = 200;

/// What staff say about a sender.
#[derive(Clone, Debug)]
pub struct NewRule {
    /// Whose mail.
    pub pattern: SenderPattern,
    /// What becomes of it.
    pub verdict: SenderVerdict,
    /// Why; may be empty.
    pub note: String,
}

/// A rule that is in force now.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its row.
    pub id: SenderRuleId,
    /// The one that stood in its place, saying something else.
    pub replaced: Option<RuleRow>,
    /// Whether it was there before.
    pub stood: Stood,
}

/// Whether a rule that was asked for was in force before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stood {
    /// As it is: nothing was changed.
    Already,
    /// No: it was put in force now.
    NotYet,
}

/// What became of a rule when the press that had made it was undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleUndone {
    /// The press had made none, or it was taken off or replaced since.
    NotThere,
    /// It is taken off; none stands in its place.
    TakenOff(SenderPattern),
    /// The one that it had replaced is in force again.
    AsBefore(SenderPattern, SenderVerdict),
    /// It stays: it is somebody else’s to take off.
    Stays(SenderPattern, SenderVerdict),
}

/// Puts a rule in force in the place of the one for the same pattern; the same rule again changes nothing.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Invalid`] for a pattern that would stop the desk's own people.
pub async fn add(desk: &Desk, actor: &Person, new: &NewRule) -> Result<Added> {
    desk.allow(actor, Act::WorkHeldMail)?;
    transact(desk, |mut tx| async move {
        let added = put(desk, &mut tx, actor, new, desk.clock.now()).await?;
        leave(desk, tx).await?;
        Ok(added)
    })
    .await
}

/// [`add`], inside another action.
pub(super) async fn put(desk: &Desk, tx: &mut Tx, actor: &Person, new: &NewRule, now: Timestamp) -> Result<Added> {
    check(desk, tx, new).await?;
    let note: String = new.note.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST_NOTE).collect();
    let old = sender_rules::in_force(tx, &new.pattern).await?;
    match &old {
        Some(old) if old.verdict == new.verdict && (old.note == note || note.is_empty()) => {
            return Ok(Added { id: old.id, replaced: None, stood: Stood::Already });
        }
        Some(old) => sender_rules::remove(tx, old.id, actor.id, now).await?,
        None => {}
    }
    let id = sender_rules::insert(tx, &new.pattern, new.verdict, &note, actor.id, now).await?;
    let line = Line::of(AuditKind::Sender, &new.pattern, "put on the list").to(new.verdict.title());
    let line = if let Some(old) = old.as_ref().filter(|it| it.verdict != new.verdict) { line.from(old.verdict.title()) } else { line };
    audit::note(tx, actor, line, now).await?;
    Ok(Added { id, replaced: old.filter(|it| it.verdict != new.verdict), stood: Stood::NotYet })
}

/// Undoes what [`put`] made, inside another action; of somebody else's rule an admin alone.
pub(super) async fn undo_put(desk: &Desk, tx: &mut Tx, actor: &Person, id: SenderRuleId, now: Timestamp) -> Result<RuleUndone> {
    let Some(rule) = sender_rules::get(tx, id).await?.filter(|it| it.removed.is_none()) else { return Ok(RuleUndone::NotThere) };
    if rule.made_by_id != actor.id && may(actor, Act::Manage, desk.rules()) != Verdict::Allowed {
        return Ok(RuleUndone::Stays(rule.pattern, rule.verdict));
    }
    sender_rules::remove(tx, rule.id, actor.id, now).await?;
    let line = |what| Line::of(AuditKind::Sender, &rule.pattern, what).from(rule.verdict.title());
    let Some(before) = sender_rules::replaced(tx, &rule).await? else {
        audit::note(tx, actor, line("taken off the list"), now).await?;
        return Ok(RuleUndone::TakenOff(rule.pattern));
    };
    sender_rules::insert(tx, &before.pattern, before.verdict, &before.note, actor.id, now).await?;
    audit::note(tx, actor, line("put on the list").to(before.verdict.title()), now).await?;
    Ok(RuleUndone::AsBefore(before.pattern, before.verdict))
}

/// Takes a rule off; what it held stays held. A helper takes off their own, an admin any.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it was taken off already.
pub async fn remove(desk: &Desk, actor: &Person, id: SenderRuleId) -> Result<RuleRow> {
    desk.allow(actor, Act::WorkHeldMail)?;
    transact(desk, |mut tx| async move {
        let rule = sender_rules::get(&mut tx, id).await?.ok_or(ActionError::Missing("rule"))?;
        if rule.made_by_id != actor.id {
            desk.allow(actor, Act::Manage)?;
        }
        if rule.removed.is_some() {
            return Err(ActionError::Conflict(format!("{} was taken off already", rule.pattern)));
        }
        let now = desk.clock.now();
        sender_rules::remove(&mut tx, id, actor.id, now).await?;
        let line = Line::of(AuditKind::Sender, &rule.pattern, "taken off the list").from(rule.verdict.title());
        audit::note(&mut tx, actor, line, now).await?;
        leave(desk, tx).await?;
        Ok(rule)
    })
    .await
}

/// Puts a rule that was taken off in force again, under the name of whoever does so.
///
/// # Errors
/// What [`ActionError`] lists; [`ActionError::Conflict`] when it is in force.
pub async fn restore(desk: &Desk, actor: &Person, id: SenderRuleId) -> Result<SenderRuleId> {
    desk.allow(actor, Act::WorkHeldMail)?;
    let rule = sender_rules::get(&mut *desk.store.read().await?, id).await?.ok_or(ActionError::Missing("rule"))?;
    if rule.removed.is_none() {
        return Err(ActionError::Conflict(format!("{} is in force", rule.pattern)));
    }
    Ok(add(desk, actor, &NewRule { pattern: rule.pattern, verdict: rule.verdict, note: rule.note }).await?.id)
}

/// Nobody at the desk is to be locked out of answering by mail, and no list is to be open to a whole part of the world.
async fn check(desk: &Desk, tx: &mut Tx, new: &NewRule) -> Result<()> {
    let refuse = |why: String| Err(ActionError::Invalid { field: "pattern", why });
    let pattern = &new.pattern;
    if let SenderPattern::Domain(domain) = pattern
        && kind_of(domain) == Domain::Registry
    {
        return refuse(format!(
            "“{domain}” is neither an address nor one organisation’s domain; write name@example.com, or @example.com for everybody there"
        ));
    }
    match new.verdict {
        SenderVerdict::NeverHold => Ok(()),
        SenderVerdict::Hold => {
            if let Some((_, own)) = desk.mailboxes.iter().find(|(_, it)| pattern.covers(&it.address)) {
                return refuse(match pattern {
                    SenderPattern::Address(_) => format!("this is the desk’s own address, {}; name somebody else’s", own.address),
                    SenderPattern::Domain(_) => format!("this desk’s own address {} is at {pattern}; name single addresses", own.address),
                });
            }
            match people::active_staff(tx).await?.iter().find(|it| pattern.covers(&it.email)) {
                Some(staff) => refuse(match pattern {
                    SenderPattern::Address(_) => {
                        format!("this would hold the answers of {}, who works here; name another address", staff.name)
                    }
                    SenderPattern::Domain(_) => {
                        format!("this would hold the answers of {}, who works here; name single addresses", staff.name)
                    }
                }),
                None => Ok(()),
            }
        }
    }
}

/// What a rule may be made of from a message of this sender, the most exact first: nothing for the desk's own people and addresses.
///
/// # Errors
/// When the database refuses.
pub async fn offered(desk: &Desk, conn: &mut Conn, sender: &EmailAddress) -> Result<Vec<SenderPattern>> {
    let staff = people::by_email(conn, sender).await?.is_some_and(|it| it.role.is_staff());
    if staff || desk.mailboxes.is_ours(sender) {
        return Ok(Vec::new());
    }
    let mut patterns = sender::patterns_for(sender);
    patterns.retain(|it| !desk.mailboxes.iter().any(|(_, own)| it.covers(&own.address)));
    Ok(patterns)
}

/// The rule that counts for a message, as the questions take it.
pub(super) async fn about(desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<Option<SenderRule>> {
    about_then(desk, conn, message, Timestamp::MAX).await
}

/// [`about`], of the rules that were there at `then` and are in force still.
pub(super) async fn about_then(desk: &Desk, conn: &mut Conn, message: &IncomingMessage, then: Timestamp) -> Result<Option<SenderRule>> {
    let rows = sender_rules::about(conn, sender::senders(message)).await?;
    let rules = rows.into_iter().filter(|it| it.made_at <= then).map(|it| in_force(desk, it));
    Ok(sender::deciding(rules.collect(), message))
}

/// Every rule in force about any of these addresses.
pub(super) async fn about_any(desk: &Desk, conn: &mut Conn, addresses: impl Iterator<Item = &EmailAddress>) -> Result<Vec<SenderRule>> {
    Ok(sender_rules::about(conn, addresses).await?.into_iter().map(|it| in_force(desk, it)).collect())
}

fn in_force(desk: &Desk, row: RuleRow) -> SenderRule {
    SenderRule {
        id: row.id,
        pattern: row.pattern,
        verdict: row.verdict,
        note: row.note,
        made_by: row.made_by,
        made_on: row.made_at.to_zoned(desk.settings.time_zone.clone()).date(),
    }
}
