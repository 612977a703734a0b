//! A note among staff: it never leaves in any mail.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, NewFile, Result,
        door::{Change, enter, leave, record, transact},
        drafts,
        once::{Edge, Made, Once},
        reply::{Composed, ONE_PRESS, Words},
        say::{Saying, Written, say},
    },
    desk::{
        comment::{CommentText, Origin, Visibility},
        draft::DraftKind,
        event::EventKind,
        id::{CommentId, TicketNumber},
        mention,
        notification::Happening,
        permission::{Act, Case, TakingPart, Verdict, may},
        person::Person,
        ticket::Ticket,
    },
    store::{Tx, comments, drafts::Place, mentions, people, signatures},
};

/// Staff write a note.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn write_note(desk: &Desk, actor: &Person, number: TicketNumber, text: &CommentText, files: &[NewFile]) -> Result<CommentId> {
    write_note_as(desk, actor, number, text, files, &Composed::default(), None).await
}

/// [`write_note`], saying how it was written. Whom it goes to is not asked: it goes to nobody. `seen`: the last comment that the page
/// showed; the same form sent twice is one note.
///
/// # Errors
/// As [`write_note`].
pub async fn write_note_as(
    desk: &Desk,
    actor: &Person,
    number: TicketNumber,
    text: &CommentText,
    files: &[NewFile],
    composed: &Composed,
    seen: Option<CommentId>,
) -> Result<CommentId> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let once = composed.edge.once();
        if let Some(Made { comment: Some(same), .. }) = Once::begin(once, &mut tx, now).await? {
            return Ok(same);
        }
        let (ticket, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Note(case))?;
        if let Some(seen) = seen {
            let files = files.len() + composed.kept.len();
            let said =
                comments::said_already(&mut tx, number, seen, (actor.id, Visibility::Internal), (text, files), now - ONE_PRESS).await?;
            if let Some(same) = said {
                return Ok(same);
            }
        }
        let mut change = Change::of(ticket, Some(actor.id));
        let place = Place { person: actor.id, ticket: number, kind: DraftKind::Note };
        let kept = match composed.edge {
            Edge::Panel => {
                signatures::remember(&mut tx, actor.id, composed.markup).await?;
                drafts::take(&mut tx, place, composed, text.as_str()).await?
            }
            Edge::Api(_) => Vec::new(),
        };
        let written = Written { markup: composed.markup, signature: "", kept: &kept };
        let words = Words { text, files, via: composed.edge.via(), mail: None, written };
        let comment = note(desk, &mut tx, &mut change, actor, &words, now).await?;
        record(desk, &mut tx, change, now).await?;
        Once::end(once, &mut tx, Made { ticket: number, comment: Some(comment) }).await?;
        leave(desk, tx).await?;
        Ok(comment)
    })
    .await
}

/// A note on a ticket that is being changed. Nobody is told of it but the colleagues whom it names, as far as the ticket is theirs to see.
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
        written: words.written,
    };
    let comment = say(desk, tx, &saying, now).await?;
    change.note(EventKind::Noted, Some(comment));
    let staff = people::active_staff(tx).await?;
    for mention in mention::find(words.text.as_str(), &staff) {
        let Some(colleague) = staff.iter().find(|it| it.id == mention.person) else { continue };
        if may_be_named(desk, &change.ticket, colleague) {
            mentions::insert(tx, comment, &mention).await?;
            change.happened(Happening::Named { who: mention.person });
        }
    }
    Ok(comment)
}

/// Whether a note on this ticket tells a colleague who is named in it: whoever may read the note.
#[must_use]
pub fn may_be_named(desk: &Desk, ticket: &Ticket, colleague: &Person) -> bool {
    let case = Case { requester: ticket.requester, assignee: ticket.assignee, taking_part: TakingPart::No };
    may(colleague, Act::SeeInside(case), desk.rules()) == Verdict::Allowed
}
