//! An admin says what is taken of the mail that lay in a mailbox when it was first met.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        door::transact,
        people::By,
    },
    desk::{
        audit::AuditKind,
        id::MailboxId,
        settings::{TakeExisting, WayIn},
    },
    store::{
        Conn,
        mailboxes::{self, Existing, Word},
    },
};

/// What makes mail of before new to the desk, whatever was said.
const MOVE: &str = "to take what was left, move it out of the folder and back";

/// Says it; the daemon that watches the mailbox does it within seconds.
///
/// # Errors
/// Conflict when nothing is asked: it was never met, nothing lay there, its `take_existing` takes nothing, or it was said already. The
/// sentence says which, and what to do.
pub async fn settle(desk: &Desk, by: By<'_>, mailbox: MailboxId, take: TakeExisting) -> Result<()> {
    by.allow(desk)?;
    transact(desk, |mut tx| async move {
        if !mailboxes::give_word(&mut tx, mailbox, take, by.id()).await? {
            let why = why_nothing(desk, &mut tx, mailbox).await?;
            return Err(ActionError::Conflict(format!("nothing is asked about mailbox {}: {why}", desk.name_of(mailbox))));
        }
        let line = Line::of(AuditKind::Mailbox, desk.name_of(mailbox), "said what is taken of the mail that lay there").to(take.as_str());
        audit::note(&mut tx, by, line, desk.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await
}

async fn why_nothing(desk: &Desk, conn: &mut Conn, mailbox: MailboxId) -> Result<String> {
    let settings = desk.mailboxes.iter().find(|(id, _)| *id == mailbox).map(|(_, it)| it);
    if settings.is_some_and(|it| it.way_in == WayIn::HandedOver) {
        return Ok("a mail server hands its mail over (LMTP), so that nothing lies there".to_owned());
    }
    let takes_none = settings.is_some_and(|it| it.take_existing == TakeExisting::None);
    if let Some(met) = mailboxes::existing(conn, mailbox).await? {
        return Ok(settled(&met, takes_none));
    }
    if mailboxes::state(conn, mailbox).await?.met_at.is_some() {
        return Ok(format!("it was met by a maildesk that did not ask yet; {MOVE}"));
    }
    let none = "; its take_existing is none, so that nothing would be asked then either: write \"all\" or \"unseen\" there first";
    let none = if takes_none { none } else { "" };
    Ok(format!("it was not met yet; maildesk serve meets it, and maildesk check says what is in the way{none}"))
}

/// `takes_none`: whether its `take_existing` is none today.
fn settled(met: &Existing, takes_none: bool) -> String {
    let there = met.there;
    match (met.word, met.done_at) {
        _ if there == 0 => "nothing lay there when it was met, and what came since is taken".to_owned(),
        (Word::Ask, _) => "it was met this very moment; say it again".to_owned(),
        (Word::Take(TakeExisting::None), _) if takes_none => {
            format!("take_existing is none: the {there} messages that lay there when it was met are left alone; {MOVE}")
        }
        (Word::Take(TakeExisting::None), _) => format!("it is settled that none of the {there} messages is taken that lay there; {MOVE}"),
        (Word::Take(TakeExisting::Unseen), _) => {
            format!("it is settled that of the {there} messages that lay there the unread are taken; {MOVE}")
        }
        (Word::Take(TakeExisting::All), None) => format!("it is settled that all {there} messages that lay there are taken; that goes on"),
        (Word::Take(TakeExisting::All), Some(_)) => format!("all {there} messages that lay there were taken"),
    }
}
