//! A note among staff: it never leaves in any mail.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, NewFile, Result,
        door::{Change, enter, leave, record, transact},
        reply::Words,
        say::{Saying, say},
    },
    desk::{
        comment::{CommentText, Origin, Via, Visibility},
        event::EventKind,
        id::{CommentId, TicketNumber},
        permission::Act,
        person::Person,
    },
    store::Tx,
};

/// Staff write a note.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn write_note(desk: &Desk, actor: &Person, number: TicketNumber, text: &CommentText, files: &[NewFile]) -> Result<CommentId> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Note(case))?;
        let mut change = Change::of(ticket, Some(actor.id));
        let words = Words { text, files, via: Via::Panel, mail: None };
        let comment = note(desk, &mut tx, &mut change, actor, &words, now).await?;
        record(desk, &mut tx, change, now).await?;
        leave(desk, tx).await?;
        Ok(comment)
    })
    .await
}

/// A note on a ticket that is being changed. Nobody is told: there is no happening for it.
pub(super) async fn note(
    desk: &Desk,
    tx: &mut Tx,
    change: &mut Change,
    actor: &Person,
    words: &Words<'_>,
    now: Timestamp,
) -> Result<CommentId> {
    let saying = Saying {
        ticket: change.number(),
        visibility: Visibility::Internal,
        origin: Origin::Staff,
        author: Some(actor.id),
        via: words.via,
        text: words.text,
        files: words.files,
        mail: words.mail,
        flag: None,
    };
    let comment = say(desk, tx, &saying, now).await?;
    change.note(EventKind::Noted, Some(comment));
    Ok(comment)
}
