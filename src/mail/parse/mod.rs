//! Octets to an [`IncomingMessage`], whatever the octets are.
//!
//! The parts are found in one pass over the lines ([`structure`]) and decoded once, so that a message costs its own
//! size and that of what is in it. A `message/rfc822` part is never opened.

pub mod address;
mod attachment;
mod body;
mod calendar;
pub mod charset;
mod code_page;
pub mod date;
mod encoded;
pub(crate) mod facts;
mod flowed;
pub mod forwarded;
mod guess;
pub mod header;
pub(crate) mod ids;
mod location;
mod mapi;
mod mislabelled;
mod notice;
pub mod params;
pub(crate) mod people;
mod pgp;
mod protected;
mod rtf;
mod seven_bit;
mod smime;
mod sniffed;
mod spam;
pub mod structure;
mod surrogates;
mod text;
pub mod timed;
mod tnef;
pub mod transfer;
mod typed;
mod undeclared;
mod uuencode;
mod wide;
pub mod words;

use std::{borrow::Cow, collections::BTreeMap};

use structure::Tree;

use crate::{
    desk::message::{HeaderFacts, IncomingAttachment, IncomingMessage, Kind, ReturnPath},
    mail::{html, kind},
};

/// Reads a message. Never fails and never panics: what cannot be read gives the best reading and a warning.
#[must_use]
pub fn read(raw: &[u8]) -> IncomingMessage {
    let attempt = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read_well(raw)));
    attempt.unwrap_or_else(|_| read_poorly(raw))
}

fn read_well(raw: &[u8]) -> IncomingMessage {
    read_within(&with_line_breaks(raw), &mut smime::Bounds::default())
}

/// The header fields of these names, in lower case, decoded; each as often as it is there.
#[must_use]
pub fn header_fields(raw: &[u8], names: &[String]) -> BTreeMap<String, Vec<String>> {
    if names.is_empty() {
        return BTreeMap::new();
    }
    let raw = with_line_breaks(raw);
    let (header, _) = header::read(&raw, 0, |_| false);
    let all = |name: &String| header.all(name).take(50).map(|it| words::decode(&header.unicode(it))).collect();
    names.iter().map(|name| (name.clone(), all(name))).collect()
}

fn read_within(raw: &[u8], bounds: &mut smime::Bounds) -> IncomingMessage {
    let tree = structure::read(raw);
    if let Some(inner) = encoded::open(&tree).or_else(|| smime::open(&tree, raw, bounds)) {
        return read_within(&inner, bounds);
    }
    let header = &tree.parts[0].header;
    let mut message = IncomingMessage { warnings: tree.warnings.clone(), ..empty() };
    message.warnings.append(&mut bounds.warnings);
    if header.junk {
        message.warnings.push("a line among the header fields is none; it was passed over".to_owned());
    }
    ids::read(header, &mut message);
    message.subject = protected::subject(&tree, &message.subject).unwrap_or(message.subject);
    people::read(header, &mut message);
    facts::read(header, &mut message);
    read_content(&tree, raw, &mut message);
    kind::read(&tree, &mut message);
    message
}

/// A file from an old Mac has carriage returns alone; it is read as if they were line breaks. One that was saved in UTF-16
/// has two octets for each.
fn with_line_breaks(raw: &[u8]) -> Cow<'_, [u8]> {
    if matches!(raw, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Cow::Owned(charset::detect(raw).trim_start_matches('\u{feff}').as_bytes().to_vec());
    }
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if raw.contains(&b'\n') || !raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.iter().map(|c| if *c == b'\r' { b'\n' } else { *c }).collect())
}

/// Body and attachments.
fn read_content(tree: &Tree<'_>, raw: &[u8], message: &mut IncomingMessage) {
    let body = body::read(tree);
    message.warnings.extend(body.warnings);
    message.encrypted = body.encrypted;
    if let Some(rest) = attachment::header_rest(tree, raw) {
        message.warnings.push("the header is longer than 256 KiB or 1,000 fields; the rest is kept as an attachment".to_owned());
        message.attachments.push(rest);
    }
    let (mut pieces, mut invitation, mut rich) = (body.pieces, None, None);
    for index in body.attachments {
        match attachment::read(&tree.parts[index], body.shown.get(&index), &mut message.warnings) {
            attachment::Opened::File(file) => {
                invitation = invitation.or_else(|| said_by_calendar(&tree.parts[index], &file));
                rich = rich.or_else(|| if body::is_rich_text(&tree.parts[index]) { rtf::read(&file.bytes) } else { None });
                message.attachments.push(file);
            }
            attachment::Opened::Tnef(content) => {
                message.attachments.extend(content.files);
                // What Outlook wrote in the mail itself is the same text, as plain text.
                if pieces.iter().all(body::Piece::is_blank) {
                    pieces.push(body::Piece { plain: content.plain, html: content.html });
                }
            }
        }
    }
    if pieces.iter().all(body::Piece::is_blank) {
        pieces.extend(rich.map(body::Piece::from));
    }
    let wordless = pieces.iter().all(body::Piece::is_blank);
    if wordless {
        pieces.extend(invitation.clone().map(|it| body::Piece { plain: Some(it), html: None }));
    }
    text::read(pieces, message);
    if let (Some(html), Some(told), false) = (message.html.as_mut(), invitation.as_ref(), wordless) {
        html.push_str(&html::from_text(told));
    }
    message.invitation = invitation;
}

/// The words of a calendar entry.
fn said_by_calendar(part: &structure::Part<'_>, file: &IncomingAttachment) -> Option<String> {
    let is_calendar = matches!(file.content_type.as_str(), "text/calendar" | "application/ics")
        || file.filename.as_ref().is_some_and(|it| it.to_ascii_lowercase().ends_with(".ics"));
    let bytes = &file.bytes[..file.bytes.len().min(1 << 20)];
    let said = is_calendar.then(|| charset::decode(bytes, part.media.param("charset").or(Some("utf-8"))).text)?;
    calendar::summary(&said)
}

/// When reading well has failed: header fields line by line, everything else as one attachment.
fn read_poorly(raw: &[u8]) -> IncomingMessage {
    let (header, _) = header::read(raw, 0, |_| false);
    let mut message = IncomingMessage {
        subject: header.text("subject").unwrap_or_default(),
        warnings: vec!["the message could not be taken apart; it is kept whole as an attachment".to_owned()],
        attachments: vec![IncomingAttachment {
            filename: Some("message.eml".to_owned()),
            content_type: "message/rfc822".to_owned(),
            inline: false,
            content_id: None,
            bytes: raw.to_vec(),
        }],
        ..empty()
    };
    ids::read(&header, &mut message);
    people::read(&header, &mut message);
    facts::read(&header, &mut message);
    message
}

/// A message that says nothing.
fn empty() -> IncomingMessage {
    IncomingMessage {
        message_id: None,
        in_reply_to: Vec::new(),
        references: Vec::new(),
        date: None,
        date_offset: 0,
        from: Vec::new(),
        sender: None,
        reply_to: Vec::new(),
        to: Vec::new(),
        cc: Vec::new(),
        requester: None,
        candidates: Vec::new(),
        subject: String::new(),
        return_path: ReturnPath::Unknown,
        kind: Kind::New,
        bounce: None,
        text: String::new(),
        reply: String::new(),
        quoted: String::new(),
        signature: String::new(),
        html: None,
        invitation: None,
        encrypted: None,
        remote_images: 0,
        attachments: Vec::new(),
        warnings: Vec::new(),
        facts: HeaderFacts::default(),
        why: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
