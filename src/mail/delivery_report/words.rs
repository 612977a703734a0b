//! Bounces that follow no standard: told by who writes, how the subject reads, and what the text says.

use super::{phrases, status};
use crate::{
    desk::{
        address::EmailAddress,
        message::{DeliveryReport, IncomingMessage, MessageId, ReportedAction, ReportedRecipient, ReturnPath},
    },
    mail::parse::{address, header::Header, structure::Tree},
};

/// A bounce in a mail system's own words, and the sentence that says so.
pub(crate) fn in_words(tree: &Tree<'_>, message: &IncomingMessage) -> Option<(DeliveryReport, String)> {
    let header = &tree.parts[0].header;
    let why = evidence(tree, message)?;
    let (told, copy) = cut_copy(&message.text);
    let recipients = recipients(header, message, told);
    let original = super::original_id(tree).or_else(|| copied_id(copy));
    Some((DeliveryReport { recipients, original_message_id: original }, why))
}

fn evidence(tree: &Tree<'_>, message: &IncomingMessage) -> Option<String> {
    let header = &tree.parts[0].header;
    let subject = message.subject.trim().to_lowercase();
    let answered = phrases::ANSWER_PREFIXES.iter().any(|it| subject.starts_with(it));
    let subject_says = !answered && phrases::SUBJECTS.iter().any(|it| subject.contains(it));
    let text: String = cut_copy(&message.text).0.chars().take(4000).flat_map(char::to_lowercase).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text_says = phrases::TEXTS.iter().any(|it| text.contains(it));
    let is_report = tree.parts[0].media.main == "multipart/report";
    let nobody = message.return_path == ReturnPath::Null;
    let daemon = is_daemon(message);
    if header.first("x-failed-recipients").is_some() && (daemon || nobody) {
        return Some("X-Failed-Recipients, from a mail system".to_owned());
    }
    if is_report
        && (subject_says || text_says)
        && tree.parts[0].media.param("report-type").is_none_or(|it| it.eq_ignore_ascii_case("delivery-status"))
    {
        return Some("multipart/report that speaks of a failure".to_owned());
    }
    match (daemon, nobody, subject_says, text_says) {
        (true, _, true, _) | (true, _, _, true) => Some("from a mail system, speaking of a failure".to_owned()),
        (_, true, true, _) => Some("the return path is empty and the subject speaks of a failure".to_owned()),
        (_, true, _, true) if message.in_reply_to.is_empty() && !answered => {
            Some("the return path is empty and the text speaks of a failure".to_owned())
        }
        (_, _, true, true) => Some("subject and text speak of a failure in a mail system's words".to_owned()),
        _ => None,
    }
}

/// `MAILER-DAEMON`, `postmaster` and those who call themselves so.
fn is_daemon(message: &IncomingMessage) -> bool {
    let Some(from) = message.author().or(message.sender.as_ref()) else { return false };
    let local = from.address.local().to_lowercase();
    let name = from.name.as_deref().unwrap_or_default().to_lowercase();
    phrases::DAEMON_LOCALS.iter().any(|it| local.starts_with(it)) || phrases::DAEMON_NAMES.iter().any(|it| name.contains(it))
}

/// What the mail system says, and the copy of the mail below it.
fn cut_copy(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim().trim_matches(|c: char| matches!(c, '-' | '=' | '*' | '_' | '.' | ':') || c.is_whitespace()).to_lowercase();
        let dressed = line.trim().len() > bare.len();
        if at > 0 && (phrases::COPY_BEGINS.iter().any(|it| bare.starts_with(it)) && (dressed || bare.len() > 24)) {
            return text.split_at(at);
        }
        at += line.len();
    }
    (text, "")
}

fn copied_id(copy: &str) -> Option<MessageId> {
    let mut lines = copy.lines().take(400);
    let line = lines.find(|it| it.trim_start().get(..11).is_some_and(|it| it.eq_ignore_ascii_case("message-id:")))?;
    crate::mail::parse::ids::ids(line.split_once(':')?.1.as_bytes()).into_iter().next()
}

fn recipients(header: &Header<'_>, message: &IncomingMessage, told: &str) -> Vec<ReportedRecipient> {
    let mut found: Vec<EmailAddress> =
        header.all("x-failed-recipients").flat_map(|it| address::read(it).mailboxes).map(|it| it.address).collect();
    if found.is_empty() {
        found = status::read(told).iter().filter_map(|it| it.address.parse().ok()).collect();
    }
    if found.is_empty() {
        let (sure, perhaps) = named_in(told, message);
        found = if sure.is_empty() { perhaps.into_iter().take(1).collect() } else { sure };
    }
    let code = status_in(told);
    let diagnostic = diagnostic_in(told);
    let action = action(message, told, code.as_deref());
    let recipient =
        |it: EmailAddress| ReportedRecipient { address: it.to_string(), action, status: code.clone(), diagnostic: diagnostic.clone() };
    let mut unique: Vec<EmailAddress> = Vec::new();
    for address in found.into_iter().take(500) {
        if !unique.contains(&address) {
            unique.push(address);
        }
    }
    unique.into_iter().map(recipient).collect()
}

/// Addresses that stand alone on a line or begin one, and those that are only mentioned.
fn named_in(told: &str, message: &IncomingMessage) -> (Vec<EmailAddress>, Vec<EmailAddress>) {
    let (mut sure, mut perhaps) = (Vec::new(), Vec::new());
    for line in told.lines().take(400) {
        let trimmed = line.trim().trim_start_matches(['-', '*', '\u{2022}', '>']).trim();
        let lower = trimmed.to_lowercase();
        let labelled = lower.contains("rcpt to:") || phrases::RECIPIENT_LABELS.iter().any(|it| lower.starts_with(it));
        for (at, address) in addresses(trimmed) {
            if is_ours(message, &address) {
                continue;
            }
            if at <= 1 || labelled { sure.push(address) } else { perhaps.push(address) }
        }
    }
    (sure, perhaps)
}

/// Whom the bounce was sent to: the one who wrote the mail, not the one who did not get it.
fn is_ours(message: &IncomingMessage, address: &EmailAddress) -> bool {
    let daemon = phrases::DAEMON_LOCALS.iter().any(|it| address.local().to_lowercase().starts_with(it));
    daemon || message.to.iter().chain(&message.from).any(|it| it.address == *address) || message.facts.delivered_to.contains(address)
}

/// Each address in a line and where it begins.
fn addresses(line: &str) -> Vec<(usize, EmailAddress)> {
    let outside = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\'' | ',' | ';' | '`');
    let mut found = Vec::new();
    for word in line.split(outside).filter(|it| it.contains('@')).take(20) {
        let bare = word.trim_start_matches("mailto:").trim_end_matches(['.', ':', '!']);
        let bare = bare.rsplit_once(':').map_or(bare, |(_, it)| it);
        if let Ok(address) = bare.parse::<EmailAddress>()
            && address.domain().contains('.')
        {
            found.push((word.as_ptr().addr() - line.as_ptr().addr(), address));
        }
    }
    found
}

/// Preferably from a line that has a reply code too.
fn status_in(told: &str) -> Option<String> {
    let with_reply = told.lines().filter(|it| reply_code(it).is_some()).find_map(status::code);
    with_reply.or_else(|| told.lines().find_map(status::code))
}

/// `550` and the like, standing by itself.
fn reply_code(line: &str) -> Option<&str> {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .find(|word| word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|c| c.is_ascii_digit()))
}

fn diagnostic_in(told: &str) -> Option<String> {
    let line = told.lines().find(|it| reply_code(it).is_some() && it.trim().len() > 5);
    let line = line.or_else(|| told.lines().find(|it| phrases::REASONS.iter().any(|reason| it.to_lowercase().contains(reason))));
    line.map(|it| it.trim().chars().take(500).collect())
}

fn action(message: &IncomingMessage, told: &str, code: Option<&str>) -> ReportedAction {
    let said: String = told.chars().take(4000).chain(message.subject.chars()).flat_map(char::to_lowercase).collect();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let delayed = phrases::DELAYED.iter().any(|it| said.contains(it));
    if delayed && !code.is_some_and(|it| it.starts_with('5')) { ReportedAction::Delayed } else { ReportedAction::Failed }
}
