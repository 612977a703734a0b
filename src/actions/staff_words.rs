//! What a helper wrote in an answer by mail: as it goes to the customer, with nothing of the notice that only the helper was sent.

use std::borrow::Cow;

use crate::{
    actions::{Desk, Result, facts, mail_words::MailWords},
    desk::{
        command,
        message::{IncomingAttachment, IncomingMessage, MessageId},
        token,
    },
    mail::{
        parse,
        reply_text::among::{self, Answered},
    },
    store::{Conn, blobs::ContentHash, evidence},
};

/// So many of each are looked at.
const MOST_NOTICES: u8 = 4;

/// The words, with their commands: of a notice among whose lines they stand, only what it quoted stays, and no address that shows whose
/// answers are believed.
///
/// # Errors
/// When the database or the disk fails.
pub(super) async fn of<'a>(desk: &Desk, conn: &mut Conn, message: &'a IncomingMessage) -> Result<Cow<'a, str>> {
    let mut words = Cow::Borrowed(message.reply.as_str());
    if among::holds_history(&words) {
        for notice in notices(desk, conn, message).await? {
            words = Cow::Owned(among::without(&words, &Answered::of(&notice.text, notice.html.as_deref(), notice.from.first())));
        }
    }
    if words.contains('+') {
        words = Cow::Owned(token::without_helpers_addresses(&words, &|text| desk.sign(text)));
    }
    Ok(words)
}

/// What the comment of a mail shows that anybody but its sender may read.
///
/// # Errors
/// As [`of`].
pub(super) async fn shown(desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<MailWords> {
    if facts::answered_notice(desk, message).is_none() {
        return Ok(MailWords::of(message));
    }
    let words = of(desk, conn, message).await?;
    Ok(MailWords::of_answer_to_notice(message, &words))
}

/// A file that holds an address which shows whose answers are believed: the notice itself, most likely.
pub(super) fn file_that_gives_away<'a>(desk: &Desk, message: &'a IncomingMessage) -> Option<(usize, &'a IncomingAttachment)> {
    message.attachments.iter().enumerate().find(|(_, it)| {
        let named_as_mail = || it.filename.as_deref().is_some_and(|it| it.to_ascii_lowercase().ends_with(".eml"));
        let is_text = ["message/", "text/"].iter().any(|kind| it.content_type.starts_with(kind));
        (is_text || named_as_mail()) && token::gives_away(&String::from_utf8_lossy(&it.bytes), &|text| desk.sign(text))
    })
}

/// A command that is the first thing said below quoted lines: it may have been meant for one, or be a line of theirs that a mail program
/// wrapped, so that it is neither done nor sent.
pub(super) fn command_below_quotes(words: &str) -> Option<&str> {
    let quoted = |line: &&str| line.trim().is_empty() || line.starts_with('>');
    let first = words.lines().find(|it| !quoted(it))?.trim();
    let is_one = words.starts_with('>') && first.starts_with('/') && command::read(first).is_ok_and(|(it, _)| !it.is_empty());
    is_one.then_some(first)
}

/// Of our mail, what it may quote: the nearest that it says it answers, and the latest that its writer was sent about the ticket, for a
/// relay may have given those another Message-ID.
async fn notices(desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<Vec<IncomingMessage>> {
    let mut contents: Vec<ContentHash> = Vec::new();
    let mut ids: Vec<&MessageId> = facts::answered(message).take(usize::from(MOST_NOTICES)).collect();
    ids.dedup();
    for id in ids {
        contents.extend(evidence::our_octets(conn, id).await?);
    }
    if let Some((ticket, Some(helper))) = facts::answered_notice(desk, message).map(|it| (it.ticket, it.person)) {
        contents.extend(evidence::latest_to(conn, ticket, helper, i64::from(MOST_NOTICES)).await?);
    }
    let mut found = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        if contents[..at].contains(content) {
            continue;
        }
        if let Some(octets) = desk.store.blobs().get_if_kept(conn, content).await? {
            found.push(parse::read(&octets));
        }
    }
    Ok(found)
}
