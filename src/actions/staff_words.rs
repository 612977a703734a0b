//! What a helper wrote in an answer by mail: as it goes to the customer, with nothing of the notice that only the helper was sent.

use std::borrow::Cow;

use crate::{
    actions::{Desk, Result},
    desk::{command, message::IncomingMessage, token},
    mail::{
        parse,
        reply_text::among::{self, Answered},
    },
    store::{Conn, evidence},
};

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

/// A command that is the first thing said below quoted lines: it may have been meant for one, or be a line of theirs that a mail program
/// wrapped, so that it is neither done nor sent.
pub(super) fn command_below_quotes(words: &str) -> Option<&str> {
    let quoted = |line: &&str| line.trim().is_empty() || line.starts_with('>');
    let first = words.lines().find(|it| !quoted(it))?.trim();
    let is_one = words.starts_with('>') && first.starts_with('/') && command::read(first).is_ok_and(|(it, _)| !it.is_empty());
    is_one.then_some(first)
}

/// What it answers of our mail: the nearest, and the one before it that a mail program may quote as well.
async fn notices(desk: &Desk, conn: &mut Conn, message: &IncomingMessage) -> Result<Vec<IncomingMessage>> {
    let mut found = Vec::new();
    for id in super::facts::answered(message).take(4) {
        let Some(sha256) = evidence::our_octets(conn, id).await? else { continue };
        if let Some(octets) = desk.store.blobs().get_if_kept(conn, &sha256).await? {
            found.push(parse::read(&octets));
        }
    }
    Ok(found)
}
