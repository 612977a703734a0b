//! Reports by machines that are no bounces: read receipts (RFC 8098), abuse feedback (RFC 5965), DMARC and TLS reports.

use super::phrases;
use crate::{
    desk::message::IncomingMessage,
    mail::{delivery_report, parse::structure::Tree, phrases::head},
};

/// Why it is one, if it is.
pub(super) fn read(tree: &Tree<'_>, message: &IncomingMessage) -> Option<String> {
    let has = |names: &[&str]| tree.parts.iter().find(|it| names.contains(&it.media.main.as_str())).map(|it| it.media.main.clone());
    if let Some(media) = has(&[
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "application/tlsrpt+gzip",
        "application/tlsrpt+json",
    ]) {
        return Some(format!("a part of type {media}"));
    }
    let root = &tree.parts[0].media;
    let kind = root.param("report-type").unwrap_or_default().to_lowercase();
    if root.main == "multipart/report" && ["disposition-notification", "feedback-report", "tlsrpt", "mdn"].contains(&kind.as_str()) {
        return Some(format!("multipart/report; report-type={kind}"));
    }
    let subject = message.subject.to_lowercase();
    // RFC 7489 §7.2.1.1: `Report Domain: … Submitter: … Report-ID: …`.
    if subject.contains("report domain:") && subject.contains("submitter:") {
        return Some("a DMARC report by its subject".to_owned());
    }
    if delivery_report::is_complaint(message) {
        return Some("a complaint notification of Amazon SES".to_owned());
    }
    if phrases::FEEDBACK_SUBJECTS.begin(&subject) && (has(&["message/rfc822"]).is_some() || !tree.parts[0].multipart) {
        return Some("an abuse report by its subject".to_owned());
    }
    let fields = ["Feedback-Type:", "User-Agent:", "Version:"];
    let told = || message.text.lines().take(400).filter(|line| fields.iter().any(|it| line.starts_with(it))).count();
    if message.text.contains("Feedback-Type:") && told() >= 2 {
        return Some("the fields of a feedback report in its text".to_owned());
    }
    let receipt = phrases::RECEIPT_SUBJECTS.begin(&subject) && phrases::RECEIPT_WORDS.within(&head(&message.text, 600).to_lowercase());
    receipt.then(|| "a read receipt by its subject and words".to_owned())
}
