//! The mail that came back: its Message-ID and those it was written to, from the copy of it or of its header.

use super::text_of;
use crate::{
    desk::{address::EmailAddress, message::MessageId},
    mail::parse::{
        address, header, ids,
        structure::{Part, Tree},
    },
};

/// The Message-ID of the part that came back.
pub(super) fn message_id(tree: &Tree<'_>) -> Option<MessageId> {
    parts(tree).find_map(|it| id_of(it, &["message-id"]))
}

/// The Message-ID in a part of any type that a report brings beside its words: a file, or the fields of the status.
pub(super) fn id_beside(tree: &Tree<'_>) -> Option<MessageId> {
    let leaves = tree.parts.iter().skip(1).filter(|it| !it.multipart).skip(1).take(10);
    leaves.into_iter().find_map(|it| id_of(it, &["message-id", "original-message-id", "x-original-message-id"]))
}

/// Those it was written to: where nothing else says who was not reached.
pub(super) fn recipients(tree: &Tree<'_>, copy: &str) -> Vec<EmailAddress> {
    let texts = parts(tree).map(text_of).chain(header_block(copy));
    let to = |text: String| {
        let (header, _) = header::read(text.trim_start().as_bytes(), 0, |_| false);
        let list: Vec<EmailAddress> = header.all("to").flat_map(|it| address::read(it).mailboxes).map(|it| it.address).take(50).collect();
        list
    };
    texts.map(to).find(|it| !it.is_empty()).unwrap_or_default()
}

/// The Message-ID among the header fields of a copy within the text.
pub(super) fn id_in(copy: &str) -> Option<MessageId> {
    let mut lines = copy.lines().take(400).peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_start_matches(['>', '|', ' ', '\t']);
        let Some(value) = line.get(..11).filter(|it| it.eq_ignore_ascii_case("message-id:")).map(|_| &line[11..]) else { continue };
        // Folded right behind its name.
        let value = if value.trim().is_empty() { lines.peek().copied().unwrap_or_default() } else { value };
        if let Some(id) = ids::ids(value.as_bytes()).into_iter().next() {
            return Some(id);
        }
    }
    None
}

/// From the first line that looks like a field.
fn header_block(copy: &str) -> Option<String> {
    let is_field = |line: &&str| line.split_once(": ").is_some_and(|(name, _)| !name.is_empty() && !name.trim().contains(' '));
    let at = copy.lines().take(40).position(|it| is_field(&it))?;
    let lines: Vec<&str> = copy.lines().skip(at).take(200).collect();
    let indent = lines.first().map_or(0, |it| it.len() - it.trim_start().len());
    Some(lines.iter().map(|it| it.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n"))
}

fn id_of(part: &Part<'_>, names: &[&str]) -> Option<MessageId> {
    let text = text_of(part);
    let (header, _) = header::read(text.trim_start().as_bytes(), 0, |_| false);
    names.iter().find_map(|it| header.all(it).find_map(|it| ids::ids(it).into_iter().next()))
}

fn parts<'t, 'r>(tree: &'t Tree<'r>) -> impl Iterator<Item = &'t Part<'r>> {
    let returned = |part: &&Part<'_>| {
        matches!(
            part.media.main.as_str(),
            "message/rfc822"
                | "text/rfc822-headers"
                | "message/rfc822-headers"
                | "message/global"
                | "message/global-headers"
                | "text/rfc822"
        ) || named_as_copy(part)
    };
    tree.parts.iter().skip(1).filter(move |it| !it.multipart && returned(it))
}

/// `Content-Description: Undelivered Message Headers` and its like, whatever the type says.
fn named_as_copy(part: &Part<'_>) -> bool {
    let described = part.header.text("content-description").unwrap_or_default().to_lowercase();
    ["undelivered message", "original message", "returned message", "message headers"].iter().any(|it| described.contains(it))
}
