//! Receipts of Italian certified mail (PEC; DM 2 November 2005, technical rules §6.3–6.5), which say in a field what became of a mail.

use super::told;
use crate::{
    desk::message::{DeliveryReport, IncomingMessage, ReportedAction},
    mail::parse::{header::Header, ids, structure::Tree},
};

/// A mail that was not delivered.
pub(super) fn failure(tree: &Tree<'_>, message: &IncomingMessage) -> Option<(DeliveryReport, String)> {
    let header = &tree.parts[0].header;
    let receipt = receipt(header)?;
    let action = match receipt.as_str() {
        "preavviso-errore-consegna" => ReportedAction::Delayed,
        "non-accettazione" | "errore-consegna" | "rilevazione-virus" => ReportedAction::Failed,
        _ => return None,
    };
    let mut recipients = told::Told::of(tree, message).recipients(header, message);
    for recipient in &mut recipients {
        recipient.action = action;
    }
    let original_message_id = header.all("x-riferimento-message-id").find_map(|it| ids::ids(it).into_iter().next());
    Some((DeliveryReport { recipients, original_message_id }, format!("X-Ricevuta: {receipt}")))
}

/// A mail that is on its way or arrived, and the sentence that says so.
pub(crate) fn receipt_of_success(header: &Header<'_>) -> Option<String> {
    let receipt = receipt(header).filter(|it| ["accettazione", "presa-in-carico", "avvenuta-consegna"].contains(&it.as_str()))?;
    Some(format!("X-Ricevuta: {receipt}"))
}

fn receipt(header: &Header<'_>) -> Option<String> {
    Some(header.text("x-ricevuta")?.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use crate::{
        desk::message::{Kind, ReportedAction},
        mail::parse,
    };

    #[test]
    fn a_receipt_of_certified_mail_says_in_a_field_what_became_of_a_mail() {
        let text =
            "nel messaggio proveniente da \"support@desk.test\" e destinato all'utente \"ann@y.test\" è stato rilevato un errore 5.1.1";
        for (receipt, kind, action) in [
            ("accettazione", Kind::Report, None),
            ("avvenuta-consegna", Kind::Report, None),
            ("errore-consegna", Kind::Bounce, Some(ReportedAction::Failed)),
            ("preavviso-errore-consegna", Kind::Bounce, Some(ReportedAction::Delayed)),
            ("altro", Kind::New, None),
        ] {
            let fields = format!("X-Ricevuta: {receipt}\nX-Riferimento-Message-ID: <1@desk.test>\nTo: support@desk.test");
            let message = parse::read(format!("From: posta-certificata@x.test\n{fields}\n\n{text}\n").as_bytes());
            assert_eq!(message.kind, kind, "{receipt}");
            let Some(action) = action else { continue };
            let bounce = message.bounce.unwrap();
            let [found] = &bounce.recipients[..] else { panic!("{receipt}: {:?}", bounce.recipients) };
            assert_eq!((found.address.as_str(), found.action), ("ann@y.test", action), "{receipt}");
            assert_eq!(bounce.original_message_id.unwrap().as_str(), "1@desk.test", "{receipt}");
        }
    }
}
