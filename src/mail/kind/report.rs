//! Reports by machines that are no bounces: read receipts (RFC 8098), abuse feedback (RFC 5965), DMARC and TLS reports.

use super::{automatic, phrases};
use crate::{
    desk::message::IncomingMessage,
    mail::{
        delivery_report,
        parse::{people::is_nobody, structure::Tree},
        phrases::{head, plain},
    },
};

/// Types of parts that tell what became of a mail.
const NOTIFICATIONS: &[&str] = &["message/disposition-notification", "message/global-disposition-notification", "message/feedback-report"];

/// A read receipt in words is no longer than this.
const MOST_RECEIPT_LINES: usize = 20;

/// Why it is one, if it is.
pub(super) fn read(tree: &Tree<'_>, message: &IncomingMessage) -> Option<String> {
    let has = |names: &[&str]| tree.parts.iter().find(|it| names.contains(&it.media.main.as_str())).map(|it| it.media.main.clone());
    let header = &tree.parts[0].header;
    // A person may attach a report, or paste it, and ask what it is.
    let by_a_person = delivery_report::is_by_a_person(header, message);
    let notification = || has(NOTIFICATIONS).filter(|_| has(&["multipart/report"]).is_some() || !by_a_person);
    if let Some(media) = has(&["application/tlsrpt+gzip", "application/tlsrpt+json"]).or_else(notification) {
        return Some(format!("a part of type {media}"));
    }
    let root = &tree.parts[0].media;
    let kind = root.param("report-type").unwrap_or_default().to_lowercase();
    if root.main == "multipart/report" && ["disposition-notification", "feedback-report", "tlsrpt", "mdn"].contains(&kind.as_str()) {
        return Some(format!("multipart/report; report-type={kind}"));
    }
    let subject = plain(&message.subject);
    // RFC 7489 §7.2.1.1: `Report Domain: … Submitter: … Report-ID: …`.
    if subject.contains("report domain:") && subject.contains("submitter:") && !delivery_report::answers_somebody(message) {
        return Some("a DMARC report by its subject".to_owned());
    }
    if brings_an_aggregate(message) {
        return Some("a DMARC or TLS report by the name of its file".to_owned());
    }
    if let Some(why) = delivery_report::receipt_of_success(header) {
        return Some(why);
    }
    if delivery_report::is_complaint(message) {
        return Some("a complaint notification of Amazon SES".to_owned());
    }
    let by_a_program = delivery_report::is_from_a_mail_program(header);
    let of_a_machine = || has(&["message/rfc822", "text/rfc822-headers"]).is_some() || automatic::shows_a_machine(header, message);
    if phrases::FEEDBACK_SUBJECTS.begin(&subject) && !by_a_program && of_a_machine() {
        return Some("an abuse report by its subject".to_owned());
    }
    let fields = ["Feedback-Type:", "User-Agent:", "Version:"];
    let told = || message.text.lines().take(400).filter(|line| fields.iter().any(|it| line.starts_with(it))).count();
    if !by_a_person && message.text.contains("Feedback-Type:") && told() >= 2 {
        return Some("the fields of a feedback report in its text".to_owned());
    }
    let named = phrases::RECEIPT_SUBJECTS.behind(&subject).any(|rest| automatic::introduces(&subject[..subject.len() - rest.len()], rest));
    let is_short = || message.text.lines().filter(|it| !it.trim().is_empty()).count() <= MOST_RECEIPT_LINES;
    let reads = || phrases::RECEIPT_WORDS.within(&plain(head(&message.text, 600)));
    let receipt = named && !by_a_program && is_short() && reads();
    (receipt || is_receipt_of_notes(&message.text)).then(|| "a read receipt by its subject and words".to_owned())
}

/// `receiver.example!policy.example!1013662812!1013749130.xml.gz` (RFC 7489 §7.2.1.1, RFC 8460 §5.1), sent by the receiver or by
/// nobody: whoever is reported about may send the file on and ask about it.
fn brings_an_aggregate(message: &IncomingMessage) -> bool {
    let Some(author) = message.author() else { return false };
    let by_reporter = |receiver: &str| {
        let domain = author.address.domain().to_lowercase();
        let within = |a: &str, b: &str| a.strip_suffix(b).is_some_and(|it| it.is_empty() || it.ends_with('.'));
        let local = author.address.local().to_lowercase();
        within(&domain, receiver) || within(receiver, &domain) || local.contains("dmarc") || is_nobody(&author.address)
    };
    let receivers = message.attachments.iter().filter_map(|it| reporter(&it.filename.as_deref()?.to_lowercase()));
    message.in_reply_to.is_empty() && receivers.into_iter().any(|it| by_reporter(&it))
}

/// The domain of the one who reports, if the name is that of a report.
fn reporter(file: &str) -> Option<String> {
    let bare =
        [".xml.gz", ".xml.gzip", ".xml.zip", ".xml", ".zip", ".gz", ".json.gz", ".json"].iter().find_map(|it| file.strip_suffix(it))?;
    let pieces: Vec<&str> = bare.split('!').collect();
    let [receiver, policy, begin, end, ..] = pieces[..] else { return None };
    let is_moment = |it: &str| it.len() >= 9 && it.bytes().all(|c| c.is_ascii_digit());
    (receiver.contains('.') && policy.contains('.') && is_moment(begin) && is_moment(end)).then(|| receiver.to_owned())
}

/// `Your document: …`, and right below it `was received by: …`; nothing else to speak of.
fn is_receipt_of_notes(text: &str) -> bool {
    let lines: Vec<String> = text.lines().map(|it| it.trim().to_lowercase()).filter(|it| !it.is_empty()).take(12).collect();
    let tells = |it: &[String]| phrases::RECEIPT_DOCUMENTS.begin(&it[0]) && phrases::RECEIPT_TAKERS.begin(&it[1]);
    lines.len() < 12 && lines.windows(2).any(tells)
}
