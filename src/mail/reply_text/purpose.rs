//! What a message is for, as far as its header tells.

use super::phrases::{self, lower};
use crate::{desk::message::IncomingMessage, mail::ticket_mark};

/// It decides how sure it must be that something is history before it is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It answers: what it answers may stand below its words, or above them.
    Answers,
    /// `Fwd:`, `WG:`, `TR:` and the like: the other mail is what the sender wants to show, not history.
    Forwards,
    /// Nothing says that it answers: a first letter, a web form. Only what can be nothing else is history.
    Begins,
}

/// Tags before the prefix, such as `[EXTERNAL]`; no more are looked at.
const MOST_TAGS: usize = 4;

impl Purpose {
    /// From the subject, and from what the header names as answered.
    #[must_use]
    pub fn of_message(message: &IncomingMessage) -> Self {
        let answers = !message.in_reply_to.is_empty() || !message.references.is_empty() || ticket_mark(&message.subject).is_some();
        match Self::of(&message.subject) {
            Self::Begins if answers => Self::Answers,
            purpose @ (Self::Answers | Self::Forwards | Self::Begins) => purpose,
        }
    }

    /// From the subject alone: what its first prefix says.
    #[must_use]
    pub fn of(subject: &str) -> Self {
        let mut rest = subject;
        for _ in 0..MOST_TAGS {
            rest = without_tag(rest);
            let Some((prefix, behind)) = rest.split_once([':', '：']) else { break };
            let prefix = lower(without_count(prefix.trim()));
            if phrases::FORWARD_PREFIXES.are(&prefix) {
                return Self::Forwards;
            } else if phrases::ANSWER_PREFIXES.are(&prefix) {
                return Self::Answers;
            } else if !phrases::SUBJECT_TAGS.are(&prefix) {
                break;
            }
            rest = behind;
        }
        Self::Begins
    }
}

/// `[EXT] FW: Printer`, `(External) FW: Printer`, `*EXTERN* FW: Printer`, `[users] [#1042] FW: Printer`.
fn without_tag(subject: &str) -> &str {
    let mut rest = subject.trim_start();
    for _ in 0..MOST_TAGS {
        let ends = match rest.chars().next() {
            Some('[') => ']',
            Some('(') => ')',
            Some('{') => '}',
            Some('【') => '】',
            Some('*') => '*',
            _ => break,
        };
        let inside = rest.trim_start_matches(['[', '(', '{', '【', '*']);
        let Some((_, behind)) = inside.split_once(ends).filter(|(tag, _)| tag.chars().count() <= 40) else { break };
        rest = behind.trim_start_matches(ends).trim_start();
    }
    rest
}

/// `Re[2]`, `Fwd(3)`, `RE^2`: how often it went to and fro.
fn without_count(prefix: &str) -> &str {
    prefix.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')' | '^' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_prefix_of_a_subject_tells_behind_any_tags() {
        for (subject, purpose) in [
            ("Printer", Purpose::Begins),
            ("", Purpose::Begins),
            ("Printer: it smokes", Purpose::Begins),
            ("[EXT] Printer", Purpose::Begins),
            ("Re: Printer", Purpose::Answers),
            ("AW: WG: Printer", Purpose::Answers),
            ("RE: FW: Printer", Purpose::Answers),
            ("[users] Re[2]: Printer", Purpose::Answers),
            ("Odp.: Printer", Purpose::Answers),
            ("回复：Printer", Purpose::Answers),
            ("YNT: İLT: Printer", Purpose::Answers),
            ("Fwd: Re: Printer", Purpose::Forwards),
            ("[EXT] FW: Printer", Purpose::Forwards),
            ("[EXTERN] WG: Printer", Purpose::Forwards),
            ("[EXTERNAL] [users] Fwd: Printer", Purpose::Forwards),
            ("***EXTERNAL*** Fwd: Printer", Purpose::Forwards),
            ("EXTERNAL: Fwd: Printer", Purpose::Forwards),
            ("Fwd[2]: Printer", Purpose::Forwards),
            ("İLT: Yazıcı", Purpose::Forwards),
            ("전달: 프린터", Purpose::Forwards),
            ("הועבר: מדפסת", Purpose::Forwards),
            ("إعادة توجيه: الطابعة", Purpose::Forwards),
            ("[never closed FW: Printer", Purpose::Begins),
        ] {
            assert_eq!(Purpose::of(subject), purpose, "{subject}");
        }
    }

    #[test]
    fn a_message_answers_that_names_what_it_answers() {
        let of = |header: &str| Purpose::of_message(&crate::mail::parse::read(format!("From: ann@x.test\n{header}\n\nHello\n").as_bytes()));
        assert_eq!(of("Subject: Printer"), Purpose::Begins);
        assert_eq!(of("Subject: Printer\nIn-Reply-To: <a@b.test>"), Purpose::Answers);
        assert_eq!(of("Subject: Printer\nReferences: <a@b.test>"), Purpose::Answers);
        assert_eq!(of("Subject: Printer [#1042]"), Purpose::Answers);
        assert_eq!(of("Subject: Fwd: Printer\nIn-Reply-To: <a@b.test>"), Purpose::Forwards);
    }
}
