//! Delivery reports: RFC 3464, and what mail systems write instead.

mod phrases;
mod status;
mod words;

pub(crate) use words::in_words;

use crate::{
    desk::message::{DeliveryReport, MessageId},
    mail::parse::{header, ids, structure::Tree, transfer},
};

/// A report by the standard, and the sentence that says so.
pub(crate) fn standard(tree: &Tree<'_>) -> Option<(DeliveryReport, String)> {
    let is_status = |media: &str| matches!(media, "message/delivery-status" | "message/global-delivery-status");
    let part = tree.parts.iter().find(|it| is_status(&it.media.main))?;
    let (bytes, _) = transfer::decode(part.encoding(), part.body);
    let recipients = status::read(&String::from_utf8_lossy(&bytes));
    let report = DeliveryReport { recipients, original_message_id: original_id(tree) };
    Some((report, format!("a part of type {}", part.media.main)))
}

/// The Message-ID of the mail that came back, from the copy of it or of its header.
fn original_id(tree: &Tree<'_>) -> Option<MessageId> {
    let returned = |media: &str| {
        matches!(media, "message/rfc822" | "text/rfc822-headers" | "message/rfc822-headers" | "message/global" | "message/global-headers")
    };
    tree.parts.iter().skip(1).filter(|it| returned(&it.media.main)).find_map(|part| {
        let (bytes, _) = transfer::decode(part.encoding(), part.body);
        let (header, _) = header::read(&bytes, 0, |_| false);
        header.all("message-id").find_map(|it| ids::ids(it).into_iter().next())
    })
}
