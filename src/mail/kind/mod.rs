//! What sort of message it is: a person, a machine that answers, a machine that writes, a bounce, a report.

pub mod automatic;
mod invitation;
mod phrases;
mod report;
mod sentence;
mod shape;

use crate::{
    desk::message::{IncomingMessage, Kind},
    mail::{
        delivery_report::{self, Standard},
        parse::structure::Tree,
    },
};

/// Decides `kind` and `bounce`, and says why. Strongest evidence first.
pub(crate) fn read(tree: &Tree<'_>, message: &mut IncomingMessage) {
    let (kind, why) = decide(tree, message);
    message.kind = kind;
    message.why.insert(0, format!("kind {}: {why}", kind.as_str()));
}

fn decide(tree: &Tree<'_>, message: &mut IncomingMessage) -> (Kind, String) {
    match delivery_report::standard(tree, message) {
        Some(Standard::Failure(report, why)) => {
            message.bounce = Some(report);
            return (Kind::Bounce, why);
        }
        Some(Standard::Success(report, why)) => {
            message.bounce = Some(report);
            return (Kind::Report, format!("{why}; it says that the mail arrived"));
        }
        None => (),
    }
    if let Some(why) = report::read(tree, message) {
        return (Kind::Report, why);
    }
    let header = &tree.parts[0].header;
    if let Some(why) = automatic::answers_by_subject(header, message).or_else(|| shape::subject(message)) {
        return (Kind::AutoReply, why);
    }
    if let Some(why) = invitation::answer(tree, message) {
        return (Kind::AutoReply, why);
    }
    if let Some((report, why)) = delivery_report::in_words(tree, message) {
        message.bounce = Some(report);
        return (Kind::Bounce, why);
    }
    if let Some(why) = automatic::answers_by_words(header, message).or_else(|| shape::text(header, message)) {
        return (Kind::AutoReply, why);
    }
    if let Some((kind, why)) = automatic::read(header, message) {
        return (kind, why);
    }
    person(message)
}

/// RFC 5322 §3.6.4, or a ticket's number in the subject.
fn person(message: &IncomingMessage) -> (Kind, String) {
    if !message.in_reply_to.is_empty() {
        return (Kind::Reply, "In-Reply-To".to_owned());
    }
    if !message.references.is_empty() {
        return (Kind::Reply, "References".to_owned());
    }
    match ticket_mark(&message.subject) {
        Some(mark) => (Kind::Reply, format!("ticket mark {mark} in the subject")),
        None => (Kind::New, "no In-Reply-To, no References, no ticket mark".to_owned()),
    }
}

/// `[#1042]`, with its brackets.
#[must_use]
pub fn ticket_mark(subject: &str) -> Option<&str> {
    subject.match_indices("[#").find_map(|(at, _)| {
        let rest = &subject[at + 2..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        (digits > 0 && digits <= 18 && rest[digits..].starts_with(']')).then(|| &subject[at..at + digits + 3])
    })
}

#[cfg(test)]
mod tests;
