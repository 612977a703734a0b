//! Attachments, raw mail, and the page that says how a message came to be where it is.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{
    actions::read_again::read_again,
    desk::{
        attachment::disposition,
        correction::CorrectionKind,
        id::{AttachmentId, CommentId, TicketNumber},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        neighbours::From,
        page::{self, Place},
        ticket,
        url::{Path, Query},
        visitor::Staff,
        words::{SenderMark, When, until},
    },
    store::{
        StoreError,
        conversation::{self, Delivery, Said},
        corrections::{self, Gone, How},
    },
};

/// Nothing in it may run, wherever a browser shows it.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// So much of a mail's header is shown; bytes.
const SHOWN_HEADER: usize = 64 * 1024;

/// `GET /attachments/{id}`.
pub(super) async fn attachment(State(panel): State<Panel>, Staff(visitor): Staff, Path(id): Path<i64>) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let file = conversation::file(&mut conn, AttachmentId(id)).await?.ok_or(PageError::Missing)?;
    ticket::enter(&panel, &visitor, &mut conn, file.ticket).await?;
    let bytes = panel.desk.store.blobs().get(&mut conn, &file.sha256).await?.ok_or(PageError::Missing)?;
    Ok(download(&file.filename, bytes))
}

/// A stranger's file as an answer: a picture whose bytes say so is shown, everything else is saved.
pub(super) fn download(filename: &str, bytes: Vec<u8>) -> Response {
    let picture = raster(&bytes);
    let (how, content_type) = match picture {
        Some(content_type) => ("inline", content_type),
        None => ("attachment", "application/octet-stream"),
    };
    let disposition = HeaderValue::from_str(&disposition(how, filename)).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    (StatusCode::OK, headers, bytes).into_response()
}

/// The kind of a raster image, from its own first bytes; SVG is none.
fn raster(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// `GET /tickets/{number}/messages/{id}/source`: the octets as they came or left.
pub(super) async fn source(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    ticket::enter(&panel, &visitor, &mut conn, TicketNumber(number)).await?;
    let mail = conversation::raw_mail(&mut conn, CommentId(id)).await?.filter(|it| it.ticket.0 == number).ok_or(PageError::Missing)?;
    let bytes = panel.desk.store.blobs().get(&mut conn, &mail.sha256).await?.ok_or(PageError::Missing)?;
    Ok(whole_mail(&format!("ticket-{number}-message-{id}"), bytes))
}

/// A raw mail to be saved as `{name}.eml`. Whatever its bytes look like, it is never shown.
pub(super) fn whole_mail(name: &str, bytes: Vec<u8>) -> Response {
    let mut response = download(&format!("{name}.eml"), bytes);
    let disposition =
        HeaderValue::from_str(&format!("attachment; filename=\"{name}.eml\"")).unwrap_or(HeaderValue::from_static("attachment"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("message/rfc822"));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    response
}

#[derive(Serialize)]
struct MessagePage {
    no: i64,
    /// What the address of the ticket says of the list that it was opened from.
    list: String,
    id: i64,
    from: String,
    when: When,
    sender: Option<String>,
    trace: Vec<Asked>,
    /// What reading it had to mend, guess or leave out.
    mended: Vec<String>,
    corrections: Vec<Step>,
    deliveries: Vec<Copy>,
    headers: Option<String>,
    cut: bool,
    /// Why there is no header to show: the original has expired.
    expired: Option<String>,
}

/// One question of the trace: the words of `desk/triage.rs`.
#[derive(serde::Deserialize, Serialize)]
struct Asked {
    question: String,
    found: String,
    decides: bool,
}

/// One way that a message has gone since it was decided.
#[derive(Serialize)]
struct Step {
    text: String,
    when: When,
}

#[derive(Serialize)]
struct Copy {
    id: i64,
    address: String,
    state: &'static str,
    text: String,
    words: Option<String>,
    open: bool,
    retry: bool,
}

/// `GET /tickets/{number}/messages/{id}`: why it is here, where its copies are, its header.
pub(super) async fn message(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
    Query(list): Query<From>,
) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let number = TicketNumber(number);
    ticket::enter(&panel, &visitor, &mut conn, number).await?;
    let said = conversation::one(&mut conn, number, CommentId(id)).await?.ok_or(PageError::Missing)?;
    let mail = conversation::raw_mail(&mut conn, said.id).await?;
    let kept = match &mail {
        Some(mail) => panel.desk.store.blobs().get(&mut conn, &mail.sha256).await,
        None => Ok(None),
    };
    let (raw, expired) = match kept {
        Err(StoreError::Erased) => (None, None),
        Err(why @ StoreError::Expired) => (None, Some(sentence(&why))),
        kept => (kept?, None),
    };
    let gone = corrections::ways_of(&mut conn, said.id).await?;
    let trace = match &said.mail {
        Some(mail) => conversation::trace(&mut conn, mail.id).await?,
        None => None,
    };
    drop(conn);
    let trace = trace.and_then(|it| serde_json::from_str(&it).ok()).unwrap_or_default();
    let mut page = MessagePage { expired, list: list.query(), trace, ..explain(&panel, number, &said, raw.as_deref(), &gone) };
    if let (Some(mail), Some(_), Some(_)) = (&mail, &said.mail, &raw) {
        page.mended = read_again(&panel.desk, &mail.sha256).await?.warnings.iter().map(|it| sentence(it)).collect();
    }
    page::show(&panel, &visitor, Place::Elsewhere, "message.html", &page).await
}

fn explain(panel: &Panel, number: TicketNumber, said: &Said, raw: Option<&[u8]>, gone: &[Gone]) -> MessagePage {
    let mail = said.mail.as_ref();
    let header = raw.map(header_of);
    let from = said.author.as_ref().map(|it| it.name.clone()).or_else(|| mail.and_then(|it| it.sender.clone())).unwrap_or_default();
    MessagePage {
        no: number.0,
        list: String::new(),
        id: said.id.0,
        from,
        when: When::new(said.said_at(), panel.desk.clock.now(), &panel.zone()),
        sender: mail.map(|it| SenderMark::in_words(it.sender_check.as_ref())),
        trace: Vec::new(),
        mended: Vec::new(),
        corrections: gone.iter().map(|it| step(panel, it)).collect(),
        deliveries: said.deliveries.iter().map(|it| copy(panel, it)).collect(),
        expired: None,
        cut: header.is_some_and(|it| it.len() > SHOWN_HEADER),
        headers: header.map(|it| String::from_utf8_lossy(&it[..it.len().min(SHOWN_HEADER)]).into_owned()),
    }
}

/// What people did since; the trace of the decision itself is never rewritten.
fn step(panel: &Panel, gone: &Gone) -> Step {
    Step { text: gone_in_words(gone), when: When::new(gone.at, panel.desk.clock.now(), &panel.zone()) }
}

/// `moved by Maya from #4 to #39`.
#[must_use]
pub fn gone_in_words(gone: &Gone) -> String {
    let name = |who: &Option<String>| who.clone().unwrap_or_else(|| "somebody".to_owned());
    let (from, to) = (gone.origin, gone.target);
    match (gone.how, gone.kind) {
        (How::Moved, CorrectionKind::Merge) => format!("#{from} was merged into #{to} by {}", name(&gone.made_by)),
        (How::Moved, CorrectionKind::Split) => format!("moved by {} from #{from} to a new ticket, #{to}", name(&gone.made_by)),
        (How::Moved, CorrectionKind::Move) => format!("moved by {} from #{from} to #{to}", name(&gone.made_by)),
        (How::Followed, CorrectionKind::Merge) => format!("came for #{from}, which {} had merged into #{to}", name(&gone.made_by)),
        (How::Followed, CorrectionKind::Move | CorrectionKind::Split) => {
            format!("answers a message that {} had moved from #{from} to #{to}", name(&gone.made_by))
        }
        (How::Returned, _) => format!("put back by {} from #{from} to #{to}", name(&gone.moved_by)),
    }
}

/// Up to the first empty line (RFC 5322 §2.1).
pub(super) fn header_of(raw: &[u8]) -> &[u8] {
    let crlf = raw.windows(4).position(|it| it == b"\r\n\r\n");
    let lf = raw.windows(2).position(|it| it == b"\n\n");
    let end = [crlf, lf].into_iter().flatten().min().unwrap_or(raw.len());
    &raw[..end]
}

/// PRODUCT.md, Delivery state: in words.
fn copy(panel: &Panel, delivery: &Delivery) -> Copy {
    use crate::desk::delivery::DeliveryState as State;
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let next = until(delivery.next_at, now);
    let settled = delivery.settled_at.map_or_else(String::new, |at| format!(" {}", When::new(at, now, zone).full));
    let (state, text) = match delivery.state {
        State::Waiting => ("Waiting", format!("Next try in {next}.")),
        State::Sent => ("Sent", format!("Handed to the mail server{settled}.")),
        State::Delayed => ("Delayed", format!("The server put it off; next try in {next}.")),
        State::Refused => ("Refused", format!("Refused for good{settled}.")),
        State::Bounced => ("Bounced", format!("A delivery report came back{settled}.")),
        State::Unknown => ("Unknown", format!("The connection broke before the answer; next try in {next}.")),
        State::Cancelled => ("Called off", format!("Nothing more is tried{settled}.")),
        State::Withheld => ("Would have been sent", "The mailbox was in shadow mode: it was not sent, and never is.".to_owned()),
    };
    let (state, text) = delivery.held_back.clone().map_or((state, text), |why| ("Held back", why));
    let retry = delivery.held_back.is_some() || !matches!(delivery.state, State::Sent | State::Waiting | State::Withheld);
    let words = delivery.words.clone().filter(|it| !it.is_empty());
    Copy { id: delivery.id.0, address: delivery.address.clone(), state, text, words, open: delivery.state.is_open(), retry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_raster_image_is_shown() {
        let how = |bytes: &[u8]| download("a.png", bytes.to_vec()).headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned();
        assert!(how(b"\x89PNG\r\n\x1a\n....").starts_with("inline"));
        assert!(how(b"<svg xmlns='http://www.w3.org/2000/svg'>").starts_with("attachment"));
        assert!(how(b"<html>").starts_with("attachment"));
        assert!(how(b"").starts_with("attachment"));
    }

    #[test]
    fn a_header_ends_at_the_first_empty_line() {
        assert_eq!(header_of(b"A: 1\r\nB: 2\r\n\r\nbody\n\nmore"), b"A: 1\r\nB: 2");
        assert_eq!(header_of(b"A: 1\n\nbody"), b"A: 1");
        assert_eq!(header_of(b"A: 1"), b"A: 1");
    }
}
