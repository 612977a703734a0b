//! Who wrote, to whom, and whom a ticket would be opened for.

use super::{address, header::Header};
use crate::{
    desk::{
        address::{EmailAddress, Named},
        message::{IncomingAttachment, IncomingMessage},
    },
    mail::delivery_report,
};

pub(super) fn read(header: &Header<'_>, message: &mut IncomingMessage) {
    for (name, shown) in [("from", "From"), ("reply-to", "Reply-To"), ("to", "To"), ("cc", "Cc")] {
        let mut mailboxes = Vec::new();
        for value in header.surest(name) {
            let value_read = header.unicode(value);
            let list = if name == "from" { address::read_authors(&value_read) } else { address::read(&value_read) };
            mailboxes.extend(list.mailboxes);
            if list.cut {
                message.warnings.push(format!("{shown} names more than 500 people; the whole list is kept as an attachment"));
                message.attachments.push(whole_list(name, value));
            }
            let lost = list.lost.iter().filter(|it| !it.to_lowercase().contains("recipients"));
            message.warnings.extend(lost.map(|it| format!("{shown} names `{it}` without an address")));
        }
        mailboxes.truncate(500);
        match name {
            "from" => message.from = mailboxes,
            "reply-to" => message.reply_to = mailboxes,
            "to" => message.to = mailboxes,
            _ => message.cc = mailboxes,
        }
    }
    message.sender = header.first("sender").and_then(|it| address::read(&header.unicode(it)).mailboxes.into_iter().next());
    if message.from.is_empty() {
        message.warnings.push("there is no usable From".to_owned());
    }
    requester(header, message);
}

fn whole_list(name: &str, value: &[u8]) -> IncomingAttachment {
    IncomingAttachment {
        filename: Some(format!("{name}.txt")),
        content_type: "text/plain".to_owned(),
        inline: false,
        content_id: None,
        bytes: value.trim_ascii().to_vec(),
    }
}

/// MAIL.md, "Deciding", 10. Which addresses are the desk's own is not known here: see [`IncomingMessage::never_for`].
fn requester(header: &Header<'_>, message: &mut IncomingMessage) {
    let mut found: Vec<(Named, &'static str)> =
        usable_reply_to(header, message).map(|it| (it.clone(), "Reply-To names a mailbox")).collect();
    found.extend(original_sender(header, message).map(|it| (it, "a list rewrote From; its original sender is named in a header")));
    found.extend(message.from.first().map(|it| (it.clone(), "From")));
    if found.is_empty() {
        let other = message.sender.as_ref().or(message.reply_to.first()).cloned();
        found.extend(other.map(|it| (it, "there is no From; Sender or Reply-To")));
    }
    message.candidates = found.into_iter().map(|(it, why)| (with_name(it, message), why)).collect();
    message.choose_requester();
}

/// An address without a name has that of the same address elsewhere.
fn with_name(named: Named, message: &IncomingMessage) -> Named {
    let known = || message.from.iter().chain(&message.reply_to).find(|it| it.address == named.address)?.name.clone();
    Named { name: named.name.clone().or_else(known), ..named }
}

/// A list that sends answers to itself, or a mailbox that nobody reads, is not a person to answer.
fn usable_reply_to<'m>(header: &Header<'_>, message: &'m IncomingMessage) -> impl Iterator<Item = &'m Named> {
    let is_list = header.first("list-id").is_some() || header.first("list-post").is_some();
    let own = move |it: &EmailAddress| message.to.iter().chain(&message.cc).any(|to| to.address == *it) || posts_to(header, it);
    let unusable = move |it: &EmailAddress| is_nobody(it) || is_list && own(it) || leads_nowhere(it, message);
    message.reply_to.iter().filter(move |it| !unusable(&it.address))
}

/// `root@localhost`, whom nobody elsewhere can answer, and a mail system, whom nobody should; where From is no better, it stays.
fn leads_nowhere(address: &EmailAddress, message: &IncomingMessage) -> bool {
    let is_reachable = |it: &EmailAddress| it.domain().contains(['.', ':']);
    let from_is_better = message.from.iter().any(|it| is_reachable(&it.address));
    !is_reachable(address) && from_is_better || delivery_report::is_system(address)
}

/// Whether the address is that of the list which a mail came through.
pub(crate) fn posts_to(header: &Header<'_>, address: &EmailAddress) -> bool {
    let folded = address.folded();
    ["list-post", "x-beenthere", "list-id", "x-google-group-id", "mailing-list"]
        .iter()
        .filter_map(|it| header.text(it))
        .any(|it| it.to_lowercase().contains(&folded))
}

/// `noreply@` and its like.
pub(crate) fn is_nobody(address: &EmailAddress) -> bool {
    let local: String = address.local().to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    NOBODY.iter().any(|it| local.contains(it))
}

/// What such an address says, in ASCII letters and digits alone.
const NOBODY: &[&str] = &[
    "noreply",
    "noreplay",
    "noresponse",
    "donotreply",
    "donotrespond",
    "dontreply",
    "doesnotreply",
    "noanswer",
    "nichtantworten",
    "keineantwort",
    "nepasrepondre",
    "noresponder",
    "noresponda",
    "nocontestar",
    "nonrispondere",
    "norispondere",
    "naoresponda",
    "naoresponder",
    "nietbeantwoorden",
    "nietreageren",
    "svarej",
    "svarikke",
    "ikkesvar",
    "eivastata",
    "nieodpowiadac",
    "neodpovidat",
    "otvechatnenado",
];

/// What a list or group names that put itself into From.
fn original_sender(header: &Header<'_>, message: &IncomingMessage) -> Option<Named> {
    let named = |name: &str| header.first(name).and_then(|it| address::read(&header.unicode(it)).mailboxes.into_iter().next());
    let from = message.from.first();
    let differs = |it: &Named| from.is_none_or(|from| from.address != it.address);
    if let Some(named) = named("x-original-from").filter(differs) {
        return Some(named);
    }
    let rewritten = from.is_none_or(|from| {
        let via = from.name.as_ref().is_some_and(|it| it.contains(" via "));
        via || posts_to(header, &from.address) || message.to.iter().any(|to| to.address == from.address)
    });
    named("x-original-sender").filter(|it| rewritten && differs(it))
}
