//! What a mail program does for its user: reads a mailbox, and answers a mail with the thread and the history that belong to it.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::letter::{Body, Letter};
use crate::{
    desk::{
        address::Named,
        message::{IncomingMessage, MessageId},
    },
    mail::parse,
};

/// The folder that mail programs keep what was sent in.
pub const SENT: &str = "Sent";

/// How a program quotes what is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// `On Mon, 2 Nov 2026 at 08:12, Ann wrote:` and lines with `>`.
    #[default]
    Gmail,
    /// A block of `From: Sent: To: Subject:`, and the text as it was.
    Outlook,
    /// `Am 02.11.2026 um 08:12 schrieb Ann:` and lines with `>`.
    Thunderbird,
    /// Nothing is quoted; signed by the telephone.
    Phone,
}

/// An answer to `original`: to whoever wants answers, with `Re:`, In-Reply-To, References and the quoted text.
#[must_use]
pub fn answer(original: &IncomingMessage, me: &Named, words: &str, program: Program, now: Zoned) -> Letter {
    let nobody = || Named::bare(me.address.clone());
    let to = original.reply_to.first().or(original.author()).cloned().unwrap_or_else(nobody);
    let text = format!("{words}\n\n{}", quoted(original, program, now.time_zone()));
    let body = Body { text: Some(text.trim_end().to_owned()), ..Body::default() };
    let mut letter = Letter::new(me.clone(), to, &re(&original.subject), body, now);
    continue_thread(&mut letter, original);
    letter
}

/// In-Reply-To and References (RFC 5322 §3.6.4).
pub fn continue_thread(letter: &mut Letter, original: &IncomingMessage) {
    let id = original.message_id.as_ref().map(MessageId::to_string);
    letter.references = original.references.iter().map(MessageId::to_string).chain(id.clone()).collect();
    letter.in_reply_to = id;
}

/// `Re:` once.
#[must_use]
pub fn re(subject: &str) -> String {
    let has = subject.get(..3).is_some_and(|it| it.eq_ignore_ascii_case("re:"));
    if has { subject.to_owned() } else { format!("Re: {subject}") }
}

fn quoted(original: &IncomingMessage, program: Program, zone: &TimeZone) -> String {
    let author = original.author().map_or_else(String::new, shown);
    let name = original.author().and_then(|it| it.name.clone()).unwrap_or_else(|| author.clone());
    let date = original.date.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    let said = |form: &str| date.strftime(form).to_string();
    let history = original.text.trim_end();
    let marked: String = history.lines().map(|it| if it.is_empty() { ">\n".to_owned() } else { format!("> {it}\n") }).collect();
    match program {
        Program::Gmail => format!("{}, {author} wrote:\n\n{marked}", said("On %a, %-d %b %Y at %H:%M")),
        Program::Thunderbird => format!("{} schrieb {name}:\n{marked}", said("Am %d.%m.%Y um %H:%M")),
        Program::Outlook => {
            let to = original.to.first().map_or_else(String::new, shown);
            let sent = said("%A, %-d %B %Y %H:%M");
            format!("-----Original Message-----\nFrom: {author}\nSent: {sent}\nTo: {to}\nSubject: {}\n\n{history}\n", original.subject)
        }
        Program::Phone => "Sent from my iPhone\n".to_owned(),
    }
}

fn shown(named: &Named) -> String {
    match &named.name {
        Some(name) => format!("{name} <{}>", named.address),
        None => named.address.to_string(),
    }
}

/// A mail of a mailbox, read.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its number in the mailbox.
    pub uid: u32,
    /// When it came.
    pub came: Timestamp,
    /// What it says.
    pub message: IncomingMessage,
}

/// Reads a mail as it lies in a mailbox of the world.
#[must_use]
pub fn open(mail: &super::world::StoredMail) -> Read {
    Read { uid: mail.uid, came: mail.internal_date, message: parse::read(&mail.raw) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_each_program_is_read_back_to_its_words_alone() {
        let ours = "From: Skerry Support <support@desk.test>\r\nTo: Ann <ann@c.test>\r\nReply-To: support+1.x@desk.test\r\n\
            Subject: [#7] Frost\r\nMessage-ID: <b@desk.test>\r\nReferences: <a@c.test>\r\nDate: Mon, 2 Nov 2026 08:12:00 +0000\r\n\r\n\
            Dear Ann\r\n\r\nwe look into it.\r\n";
        let original = parse::read(ours.as_bytes());
        let ann = Named { name: Some("Ann".to_owned()), address: "ann@c.test".parse().unwrap() };
        for program in [Program::Gmail, Program::Outlook, Program::Thunderbird, Program::Phone] {
            let letter = answer(&original, &ann, "Thank you.\nThat helped.", program, Zoned::now());
            assert_eq!(letter.to[0].address.as_str(), "support+1.x@desk.test");
            assert_eq!((letter.in_reply_to.as_deref(), letter.references.len()), (Some("b@desk.test"), 2));
            let read = parse::read(&letter.octets());
            assert_eq!(read.subject, "Re: [#7] Frost");
            assert_eq!(read.reply, "Thank you.\nThat helped.", "{program:?}: {}", read.text);
        }
    }

    #[test]
    fn re_stands_once() {
        assert_eq!(re("RE: x"), "RE: x");
        assert_eq!(re("x"), "Re: x");
        assert_eq!(re("é"), "Re: é");
    }
}
