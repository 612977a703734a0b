//! Delivery reports: RFC 3464, and what mail systems write instead.

mod certified;
mod evidence;
mod notification;
mod path;
mod phrases;
mod reason;
mod returned;
mod status;
mod told;

pub(crate) use certified::receipt_of_success;
pub(crate) use evidence::{answers_somebody, answers_to_another, is_by_a_person, is_daemon, is_from_a_mail_program, is_system};
pub(crate) use notification::is_complaint;
pub(crate) use path::is_authors as has_its_own_path;

use crate::{
    desk::message::{DeliveryReport, IncomingMessage, MessageId, ReportedAction, ReturnPath},
    mail::parse::{
        structure::{Part, Tree},
        transfer,
    },
};

/// So much of a part is looked at.
const LONGEST_PART: usize = 256 * 1024;

/// What a report by the standard came to.
pub(crate) enum Standard {
    /// Somebody was not reached, or not yet; and the sentence that says by what it is known.
    Failure(DeliveryReport, String),
    /// Everybody was reached.
    Success(DeliveryReport, String),
}

/// A report by the standard.
pub(crate) fn standard(tree: &Tree<'_>, message: &IncomingMessage) -> Option<Standard> {
    if let Some((report, why)) = certified::failure(tree, message) {
        return Some(Standard::Failure(report, why));
    }
    let (part, why) = status_part(tree, message)?;
    let mut recipients = status::read(&text_of(part));
    let failure = |it: ReportedAction| matches!(it, ReportedAction::Failed | ReportedAction::Delayed);
    let success = !recipients.is_empty() && !recipients.iter().any(|it| failure(it.action));
    let told = told::Told::of(tree, message);
    if recipients.is_empty() {
        recipients = told.recipients(&tree.parts[0].header, message);
    }
    for recipient in recipients.iter_mut().filter(|it| failure(it.action) && it.status.is_none()) {
        recipient.status = told.status_of(&recipient.address);
        recipient.diagnostic = recipient.diagnostic.take().or_else(|| told.diagnostic_of(&recipient.address));
    }
    let report = DeliveryReport { recipients, original_message_id: original(tree, message, &told) };
    Some(if success { Standard::Success(report, why) } else { Standard::Failure(report, why) })
}

/// A bounce in a mail system's own words, and the sentence that says so.
pub(crate) fn in_words(tree: &Tree<'_>, message: &IncomingMessage) -> Option<(DeliveryReport, String)> {
    if let Some(found) = notification::read(message).filter(|_| !evidence::is_by_a_person(&tree.parts[0].header, message)) {
        return Some(found);
    }
    let signs = evidence::Signs::of(tree, message)?;
    let told = told::Told::of(tree, message);
    let why = evidence::find(tree, message, &signs, &told)?;
    let mut recipients = told.recipients(&tree.parts[0].header, message);
    if recipients.is_empty() {
        recipients = told.about(returned::recipients(tree, told.copy), message);
    }
    Some((DeliveryReport { recipients, original_message_id: original(tree, message, &told) }, why))
}

/// The mail that it speaks of: as it gives it back, else as it answers it.
fn original(tree: &Tree<'_>, message: &IncomingMessage, told: &told::Told<'_>) -> Option<MessageId> {
    let answered = || message.in_reply_to.first().or(message.references.last()).cloned();
    returned::message_id(tree).or_else(|| told.copied_id()).or_else(|| returned::id_beside(tree)).or_else(answered)
}

/// The part with the fields, and how it was known. A person who attaches a report has the part too: where the mail is not one as a
/// whole, only a mail system or nobody has written it.
fn status_part<'t, 'r>(tree: &'t Tree<'r>, message: &IncomingMessage) -> Option<(&'t Part<'r>, String)> {
    let root = &tree.parts[0].media;
    let is_report = root.main == "multipart/report";
    let by_a_system = || {
        let known = evidence::is_daemon(message) || evidence::declares_itself(&tree.parts[0].header, message);
        message.return_path == ReturnPath::Null || known && !evidence::is_by_a_person(&tree.parts[0].header, message)
    };
    if !is_report && !by_a_system() {
        return None;
    }
    let is_status =
        |media: &str| matches!(media, "message/delivery-status" | "message/global-delivery-status" | "message/x-delivery-status");
    if let Some(part) = tree.parts.iter().find(|it| is_status(&it.media.main)) {
        return Some((part, format!("a part of type {}", part.media.main)));
    }
    let of_deliveries = root.param("report-type").is_none_or(|it| it.eq_ignore_ascii_case("delivery-status"));
    if !is_report || !of_deliveries {
        return None;
    }
    let has_fields = |part: &&Part<'_>| !part.multipart && part.media.main != "message/rfc822" && has_status_fields(&text_of(part));
    let part = tree.parts.iter().skip(1).find(has_fields)?;
    Some((part, format!("a multipart/report with the fields of a delivery status in a part of type {}", part.media.main)))
}

fn has_status_fields(text: &str) -> bool {
    let begins = |line: &str, name: &str| line.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    text.lines().take(60).any(|line| begins(line, "final-recipient:") || begins(line, "original-recipient:"))
}

/// A part as text, as far as it is looked at.
fn text_of(part: &Part<'_>) -> String {
    let (bytes, _) = transfer::decode(part.encoding(), &part.body[..part.body.len().min(LONGEST_PART)]);
    match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => crate::mail::parse::charset::decode(&bytes, part.media.param("charset")).text,
    }
}

#[cfg(test)]
mod tests;
