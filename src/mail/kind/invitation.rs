//! Answers to invitations that a calendar program wrote.

use super::phrases;
use crate::{
    desk::message::IncomingMessage,
    mail::{parse::structure::Tree, phrases::plain},
};

/// So many octets of a calendar are looked at for its method.
const LONGEST_HEAD: usize = 4096;

/// An answer of a calendar program (RFC 5546 §3.2) in which nobody wrote a word of their own.
pub(super) fn answer(tree: &Tree<'_>, message: &IncomingMessage) -> Option<String> {
    let by_type = tree.parts.iter().filter(|it| it.media.main == "text/calendar").find_map(|it| it.media.param("method"));
    let method = by_type.map(str::to_ascii_uppercase).or_else(|| said_method(message))?;
    if !["REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH"].contains(&method.as_str()) {
        return None;
    }
    let told = message.invitation.as_deref().unwrap_or_default();
    let remarks = || told.lines().filter_map(|it| it.strip_prefix("Comment:")).any(|it| !it.trim().is_empty());
    // What a company writes below every mail is nobody's word.
    let own = message.reply.lines().take_while(|it| !is_rule(it.trim())).collect::<Vec<_>>().join("\n");
    let said = own.trim();
    let wordless = said.is_empty() || said == message.subject.trim() || message.text.trim() == told.trim() && !remarks();
    let by_a_program = || {
        let text = plain(said);
        let sentence = text.trim_end_matches(['.', '!']);
        let alone = !sentence.contains(". ") && phrases::INVITATION_SENTENCES.end(sentence);
        (alone || phrases::INVITATION_ANSWERS.within(&text)) && !phrases::INVITATION_REMARKS.within(&text)
    };
    (wordless || by_a_program()).then(|| format!("an answer to an invitation (text/calendar; method={method}) without words of its own"))
}

/// The line above such words.
fn is_rule(line: &str) -> bool {
    line.len() >= 10 && line.bytes().all(|c| matches!(c, b'_' | b'-' | b'=' | b'*'))
}

/// The method that the calendar itself names, where its type does not (RFC 5546 §1.4).
fn said_method(message: &IncomingMessage) -> Option<String> {
    let calendars = message.attachments.iter().filter(|it| matches!(it.content_type.as_str(), "text/calendar" | "application/ics"));
    calendars.map(|it| String::from_utf8_lossy(&it.bytes[..it.bytes.len().min(LONGEST_HEAD)]).to_ascii_uppercase()).find_map(|it| {
        let outside = it.lines().take_while(|it| !it.starts_with("BEGIN:VEVENT"));
        outside.filter_map(|it| it.strip_prefix("METHOD:")).map(|it| it.trim().to_owned()).next()
    })
}
