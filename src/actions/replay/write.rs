//! Today's reading takes the place of the stored one.

use crate::{
    actions::{
        ActionError, Desk, Result,
        door::{Change, TicketRow, leave, record, transact},
        mail_words::MailWords,
        move_message,
        receive_message::Incoming,
        replay::{Extent, Finding, Run, Threading, look, titles, words},
        say::snippet,
    },
    desk::{
        event::EventKind,
        id::{CommentId, TicketNumber},
        replay::{Aspect, Mend, Title},
        ticket::Ticket,
    },
    store::{
        Tx,
        comments::{self, NewAttachment},
        messages,
        replay::{self, Said},
        search, tickets,
    },
};

/// Compares once more, with tickets and message locked, and writes what may be written, in one transaction. `target`: where the
/// message is to go if that is wanted and nothing has changed meanwhile. None: the row is gone.
pub(super) async fn write(desk: &Desk, incoming: &Incoming, run: &Run, extent: Extent, seen: &Finding) -> Result<Option<Finding>> {
    let id = incoming.row.id;
    transact(desk, |mut tx| async move {
        let target = if extent == Extent::WriteAndMove { target(seen) } else { None };
        let (source, target) = lock(&mut tx, seen.ticket, target).await?;
        messages::lock(&mut tx, id).await?;
        let Some(stored) = replay::get(&mut tx, id).await? else { return Ok(None) };
        let mut finding = look(desk, &mut tx, &stored, incoming, run).await?;
        if finding.ticket != seen.ticket || finding.threading.as_ref().map(|it| &it.mend) != seen.threading.as_ref().map(|it| &it.mend) {
            return Err(ActionError::Stale);
        }
        let aspects = finding.to_write();
        if aspects.contains(&Aspect::Header) {
            replay::rewrite_header(&mut tx, id, &finding.then.header, &finding.today.header).await?;
        }
        if let Some(source) = source
            && let Some(said) = replay::said(&mut tx, source.number, id).await?
        {
            if aspects.iter().any(|it| *it != Aspect::Header) {
                let today = words::today(desk, &mut tx, &said, incoming).await?;
                rewrite(desk, &mut tx, &said, source.number, &today, &aspects).await?;
            }
            if !aspects.is_empty() {
                let title = finding.title.as_ref().filter(|it| it.left.is_none());
                if let Some(title) = title {
                    retitle(&mut tx, &source, &title.would).await?;
                }
                tell(desk, &mut tx, source.clone(), said.id, (&aspects, title)).await?;
            }
            if extent == Extent::WriteAndMove
                && let Some(threading) = &mut finding.threading
            {
                put(desk, &mut tx, said.id, (source, target), threading).await?;
            }
        }
        tracing::info!(message = %id, "read message {id} again: {}", titles(&aspects));
        leave(desk, tx).await?;
        Ok(Some(finding))
    })
    .await
}

fn target(seen: &Finding) -> Option<TicketNumber> {
    match seen.threading.as_ref()?.mend {
        Mend::MoveTo(number) => Some(number),
        Mend::MoveToNew | Mend::Left(_) => None,
    }
}

async fn lock(tx: &mut Tx, source: Option<TicketNumber>, target: Option<TicketNumber>) -> Result<(Option<Ticket>, Option<Ticket>)> {
    let locked = tickets::lock_all(tx, [source, target].into_iter().flatten()).await?;
    let of = |number: Option<TicketNumber>| number.and_then(|number| locked.iter().find(|it| it.number == number).cloned());
    Ok((of(source), of(target)))
}

/// Puts a message where today's reading would have put it; what cannot go stays, and says why.
async fn put(
    desk: &Desk,
    tx: &mut Tx,
    comment: CommentId,
    (source, target): (Ticket, Option<Ticket>),
    threading: &mut Threading,
) -> Result<()> {
    match (&threading.mend, &target) {
        (Mend::MoveTo(_), Some(_)) | (Mend::MoveToNew, None) => {}
        (Mend::MoveTo(_) | Mend::MoveToNew | Mend::Left(_), _) => return Ok(()),
    }
    let comment = comments::get(tx, comment).await?.ok_or(ActionError::Stale)?;
    match move_message::within(desk, tx, None, &comment, (source, target), desk.clock.now()).await {
        Ok(moved) => threading.moved = Some(moved.ticket()),
        Err(ActionError::CannotCorrect(why)) => threading.mend = Mend::Left(why.to_string()),
        Err(other) => return Err(other),
    }
    Ok(())
}

async fn rewrite(desk: &Desk, tx: &mut Tx, said: &Said, number: TicketNumber, today: &MailWords, aspects: &[Aspect]) -> Result<()> {
    replay::rewrite(tx, said.id, &words::shown(today)).await?;
    if aspects.contains(&Aspect::Text) || aspects.contains(&Aspect::Attachments) {
        search::comment_changed(tx, said.id);
    }
    if aspects.contains(&Aspect::Attachments) {
        attach(desk, tx, said.id, today).await?;
    }
    let last = comments::last_public(tx, number, CommentId(i64::MAX)).await?;
    let start = last.map(|it| snippet(it.text.as_str())).unwrap_or_default();
    Ok(tickets::recount(tx, number, &start).await?)
}

async fn attach(desk: &Desk, tx: &mut Tx, comment: CommentId, today: &MailWords) -> Result<()> {
    replay::forget_files(tx, comment).await?;
    for (position, file) in today.files.iter().enumerate() {
        let sha256 = desk.store.blobs().put(tx, &file.bytes, desk.clock.now()).await?;
        let content_id = file.content_id.as_deref();
        let (filename, content_type, size) = (file.name.as_str(), file.content_type.as_str(), file.bytes.len());
        comments::attach(tx, comment, position, &NewAttachment { filename, content_type, size, sha256: &sha256, content_id }).await?;
    }
    Ok(())
}

async fn retitle(tx: &mut Tx, ticket: &Ticket, title: &str) -> Result<()> {
    replay::retitle(tx, ticket.number, title).await?;
    Ok(search::ticket_changed(tx, ticket.number).await?)
}

/// One line of the history, and one of the title. Nobody is told, and the ticket's own row stays: neither its version nor its time is a reading's to change.
async fn tell(desk: &Desk, tx: &mut Tx, ticket: Ticket, comment: CommentId, (aspects, title): (&[Aspect], Option<&Title>)) -> Result<()> {
    let mut change = Change::of(ticket, None);
    change.row = TicketRow::JustMade;
    change.changed_by(EventKind::ReadAgain, None, Some(titles(aspects)), comment);
    if let Some(title) = title {
        change.changed(EventKind::Subject, Some(title.was.clone()), Some(title.would.clone()));
    }
    record(desk, tx, change, desk.clock.now()).await
}
