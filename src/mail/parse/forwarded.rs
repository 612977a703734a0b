//! A mail that another brings along: written into its text, or as a file.

use super::address;
use crate::{
    desk::{
        address::Named,
        message::{Forwarded, IncomingMessage},
    },
    mail::reply_text::{self, Purpose, forwarded},
};

/// The mail that this one forwards; none where it forwards none, or where nobody can be told to have written it.
#[must_use]
pub fn find(message: &IncomingMessage) -> Option<Forwarded> {
    if Purpose::of(&message.subject) != Purpose::Forwards {
        return None;
    }
    as_file(message).or_else(|| in_text(message))
}

fn in_text(message: &IncomingMessage) -> Option<Forwarded> {
    let block = forwarded::find(&message.text)?;
    let from = sender(&block.from)?;
    let above = reply_text::split(&block.above, Purpose::Answers).reply;
    let subject = block.subject.unwrap_or_else(|| message.subject.clone());
    Some(Forwarded { from, subject, above, text: block.below, files: message.attachments.clone() })
}

/// The one mail among the files.
fn as_file(message: &IncomingMessage) -> Option<Forwarded> {
    let mut mails = message.attachments.iter().filter(|it| it.content_type == "message/rfc822");
    let (Some(mail), None) = (mails.next(), mails.next()) else { return None };
    let inner = super::read(&mail.bytes);
    let from = inner.author()?.clone();
    Some(Forwarded { from, subject: inner.subject, above: message.reply.clone(), text: inner.text, files: inner.attachments })
}

/// `Ann Lee <ann@home.test>`, `Ann Lee [mailto:ann@home.test]`.
fn sender(value: &str) -> Option<Named> {
    let value = value.replace("[mailto:", "<").replace("<mailto:", "<").replace(']', ">");
    address::read(value.as_bytes()).mailboxes.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_forwarded_as_a_file_is_read() {
        let raw = b"From: Hal <hal@desk.test>\nSubject: FW: Printer\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nPlease.\n--b\nContent-Type: message/rfc822\n\nFrom: Ann <ann@home.test>\nSubject: Printer\n\nIt smokes.\n--b--\n";
        let found = find(&super::super::read(raw)).unwrap();
        assert_eq!((found.from.address.as_str(), found.subject.as_str()), ("ann@home.test", "Printer"));
        assert_eq!((found.above.as_str(), found.text.trim()), ("Please.", "It smokes."));
    }

    #[test]
    fn a_gateways_tag_before_the_prefix_hides_no_forward() {
        for subject in ["[EXTERNAL] Fwd: Printer", "[EXT] FW: Printer", "[EXTERN] WG: Printer"] {
            let raw = format!(
                "From: Hal <hal@desk.test>\nSubject: {subject}\n\nPlease.\n\nFrom: Ann <ann@home.test>\nSent: 5 February 2018\nTo: Hal\nSubject: Printer\n\nIt smokes.\n"
            );
            let found = find(&super::super::read(raw.as_bytes())).unwrap();
            assert_eq!((found.from.address.as_str(), found.above.as_str(), found.text.trim()), ("ann@home.test", "Please.", "It smokes."));
        }
    }

    #[test]
    fn outlook_writes_addresses_in_brackets() {
        assert_eq!(sender("Ann Lee [mailto:ann@home.test]").unwrap().address.as_str(), "ann@home.test");
        assert!(sender("Ann Lee").is_none());
    }
}
