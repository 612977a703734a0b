//! Answers that no header field declares: known by the exact shape of a sentence, at the place where machines write it.

use super::phrases;
use crate::{
    desk::message::IncomingMessage,
    mail::{
        delivery_report,
        parse::header::Header,
        phrases::{head, plain},
    },
};

/// Lines of an answer in which a machine says that it is one; what stands further down may be somebody else's words.
const FIRST_LINES: usize = 6;

/// Lotus Notes: `Ann Lee is out of the office.` by Ann Lee, and `AUTO: Ann Lee is out of the office (returning 12/01/2026)`.
pub(super) fn subject(message: &IncomingMessage) -> Option<String> {
    let subject = plain(&message.subject);
    let marked = ["auto:", "auto :"].iter().find_map(|it| subject.strip_prefix(it)).map(str::trim);
    let said = marked.unwrap_or(&subject).trim_end_matches(['.', '。']);
    let returns = || said.ends_with(')') && phrases::RETURNS.within(said);
    let is_their_own = |who: &str| marked.is_some() || is_author(who, message);
    let absent = || phrases::NAMED_ABSENCES.iter().filter_map(|it| said.strip_suffix(it)).any(is_their_own);
    (marked.is_some() && returns() || absent()).then(|| "a subject by which Lotus Notes says that its author is away".to_owned())
}

/// `This is an automated response to your message`: at the beginning of a line of an answer, or of the whole text.
pub(super) fn text(header: &Header<'_>, message: &IncomingMessage) -> Option<String> {
    if message.facts.list || delivery_report::is_from_a_mail_program(header) {
        return None;
    }
    let answers = !message.in_reply_to.is_empty() || !message.references.is_empty() || message.subject.to_lowercase().starts_with("re:");
    let text = head(&message.reply, 1500);
    let lines = text.split_inclusive('\n').filter(|it| !it.trim().is_empty()).take(if answers { FIRST_LINES } else { 1 });
    // A sentence may go on in the next line.
    let onward = |line: &str| sentence(&text[line.as_ptr().addr() - text.as_ptr().addr()..]);
    lines.map(onward).any(|it| phrases::ANSWER_TEXTS.begin(&it)).then(|| "its text says that it answers by itself".to_owned())
}

/// The words at the beginning, behind marks and a word that announces them: `*** Note: This is …`.
fn sentence(text: &str) -> String {
    let text = plain(head(text, 200));
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    match text.split_once(':') {
        Some((label, rest)) if phrases::NOTE_LABELS.are(label.trim_end()) => rest.trim_start().to_owned(),
        _ => text.to_owned(),
    }
}

/// Whether these words are the author's name, in whatever order, or what stands before the @ of the address.
fn is_author(who: &str, message: &IncomingMessage) -> bool {
    let words = |text: &str| {
        // `Ann Lee/Sales/Example`: the names of Notes have a place in a tree.
        let name = text.split('/').next().unwrap_or_default().to_lowercase();
        let mut words: Vec<String> = name.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()).map(str::to_owned).collect();
        words.sort();
        words
    };
    let who = words(who);
    let Some(author) = message.author() else { return false };
    !who.is_empty() && author.name.iter().map(String::as_str).chain([author.address.local()]).any(|it| words(it) == who)
}
