//! One message to one recipient over one connection, and what came of it.

use std::borrow::Cow;

use super::{
    Fence, limit,
    session::{Session, SmtpError, Step},
};
use crate::desk::{
    address::EmailAddress,
    delivery::{HandOver, Trouble},
};

/// Whether the connection may be used again.
pub(super) enum After {
    Usable,
    Broken,
    /// Nothing was said on it: it had died while it waited, and the message may go over another.
    WasDead,
}

/// One message for one recipient.
pub(super) struct Letter<'a> {
    /// None: the null return path.
    pub from: Option<&'a EmailAddress>,
    pub to: &'a EmailAddress,
    pub octets: &'a [u8],
    /// While it stands, the message may be given.
    pub fence: &'a Fence,
}

/// MAIL, RCPT, DATA, the message: each refused, put off or lost for itself.
pub(super) async fn hand_over(session: &mut Session, letter: &Letter<'_>) -> (HandOver, After) {
    let mail = match mail_command(session, letter) {
        Ok(line) => line,
        Err(refused) => return (refused, After::Usable),
    };
    let fresh = session.messages == 0;
    fail_point!("smtp-mail");
    match session.command(&mail).await {
        Step::Done(_) => (),
        Step::Refused { code: 421, .. } if !fresh => return (stopped("the server closed the connection"), After::WasDead),
        Step::Refused { code, words } => return refused_sender(letter, code, words),
        Step::Lost(words) if fresh => return (away(words), After::Broken),
        Step::Lost(words) => return (away(words), After::WasDead),
    }
    fail_point!("smtp-recipient");
    for line in [format!("RCPT TO:<{}>", letter.to), "DATA".to_owned()] {
        if line == "DATA" {
            fail_point!("smtp-data");
        }
        match session.command(&line).await {
            Step::Done(_) => (),
            Step::Refused { code, words } => {
                let after = match session.command("RSET").await {
                    Step::Done(_) => After::Usable,
                    Step::Refused { .. } | Step::Lost(_) => After::Broken,
                };
                return refused(code, words, after);
            }
            Step::Lost(words) => return (HandOver::Deferred { words }, After::Broken),
        }
    }
    if !letter.fence.stands() {
        // The server waits for the message; nothing but the end of the connection says that there will be none.
        return (stopped("its lease ended before the server had it"), After::Broken);
    }
    give(session, letter.octets).await
}

async fn give(session: &mut Session, octets: &[u8]) -> (HandOver, After) {
    // lettre ends the message with CRLF, dot, CRLF: its own last line end would be one too many.
    let lines = with_crlf(octets);
    fail_point!("smtp-message");
    match session.message(lines.strip_suffix(b"\r\n").unwrap_or(&lines)).await {
        Step::Done(words) => (HandOver::Accepted { words }, After::Usable),
        Step::Refused { code, words } => refused(code, words, After::Usable),
        Step::Lost(words) if session.gave_all() => (HandOver::Unknown { words }, After::Broken),
        Step::Lost(words) => (HandOver::Deferred { words }, After::Broken),
    }
}

/// What is not spoken of a message at all, but of the connection.
pub(super) fn not_connected(error: &SmtpError) -> HandOver {
    let words = error.to_string();
    let trouble = match error {
        SmtpError::SignIn { .. } | SmtpError::NoSignIn { .. } | SmtpError::TakesNoTokens { .. } => Trouble::Lasting,
        SmtpError::TokenRefused { .. }
        | SmtpError::NoToken { .. }
        | SmtpError::Busy { .. }
        | SmtpError::Connect(_)
        | SmtpError::Refused { .. }
        | SmtpError::Lost { .. }
        | SmtpError::TimedOut { .. } => Trouble::Passing,
    };
    HandOver::AccountTrouble { trouble, words }
}

fn away(words: String) -> HandOver {
    HandOver::AccountTrouble { trouble: Trouble::Passing, words }
}

/// What is stopped before the server had it.
pub(super) fn stopped(why: &str) -> HandOver {
    HandOver::Stopped { words: why.to_owned() }
}

/// MAIL speaks of us and of the server, before any recipient is named: what it puts off, it puts off for all of our mail. The null
/// return path is no address of ours; there it is this mail alone.
fn refused_sender(letter: &Letter<'_>, code: u16, words: String) -> (HandOver, After) {
    match code {
        400..=499 if letter.from.is_some() && code != 421 => (away(words), After::Usable),
        _ => refused(code, words, After::Usable),
    }
}

fn refused(code: u16, words: String, after: After) -> (HandOver, After) {
    if let Some(trouble) = limit::of_the_account(code, &words) {
        let after = if code == 421 { After::Broken } else { after };
        return (HandOver::AccountTrouble { trouble, words }, after);
    }
    match code {
        500..=599 => (HandOver::Refused { code, words }, after),
        _ => (HandOver::Deferred { words }, after),
    }
}

fn mail_command(session: &Session, letter: &Letter<'_>) -> Result<String, HandOver> {
    let Letter { from, to, octets, .. } = letter;
    let mut line = format!("MAIL FROM:<{}>", from.map_or("", EmailAddress::as_str));
    if !octets.is_ascii() && session.takes_8bit() {
        line.push_str(" BODY=8BITMIME");
    }
    if !to.as_str().is_ascii() || from.is_some_and(|it| !it.as_str().is_ascii()) {
        if !session.takes_utf8() {
            let words = "553 5.6.7 the server takes no addresses with letters outside ASCII (it offers no SMTPUTF8)".to_owned();
            return Err(HandOver::Refused { code: 553, words });
        }
        line.push_str(" SMTPUTF8");
    }
    Ok(line)
}

/// The octets with every line ended by CRLF: a lone CR or LF on the wire can end a message early at the next server
/// (SMTP smuggling; lettre lets them through, RUSTSEC-2026-0561).
fn with_crlf(octets: &[u8]) -> Cow<'_, [u8]> {
    let mut before = 0;
    let lone = octets.iter().enumerate().any(|(at, octet)| {
        let lone = (*octet == b'\n' && before != b'\r') || (*octet == b'\r' && octets.get(at + 1) != Some(&b'\n'));
        before = *octet;
        lone
    });
    if !lone {
        return Cow::Borrowed(octets);
    }
    let mut lines = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut rest = octets.iter().peekable();
    while let Some(octet) = rest.next() {
        match octet {
            b'\r' => {
                rest.next_if(|it| **it == b'\n');
                lines.extend_from_slice(b"\r\n");
            }
            b'\n' => lines.extend_from_slice(b"\r\n"),
            other => lines.push(*other),
        }
    }
    Cow::Owned(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ends_with_both_octets() {
        for (given, sent) in [
            ("a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd"),
            ("a\n.\nMAIL FROM:<x>", "a\r\n.\r\nMAIL FROM:<x>"),
            ("a\r\r\nb\n\r", "a\r\n\r\nb\r\n\r\n"),
            ("fine\r\n", "fine\r\n"),
        ] {
            assert_eq!(with_crlf(given.as_bytes()), sent.as_bytes(), "{given:?}");
        }
        assert!(matches!(with_crlf(b"fine\r\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_code_speaks_of_the_message_or_of_the_account() {
        let outcome = |code| refused(code, String::new(), After::Usable).0;
        assert!(matches!(outcome(550), HandOver::Refused { code: 550, .. }));
        assert!(matches!(outcome(452), HandOver::Deferred { .. }));
        for code in [421, 530, 534, 535] {
            assert!(matches!(outcome(code), HandOver::AccountTrouble { .. }), "{code}");
        }
    }

    #[test]
    fn what_is_put_off_before_a_recipient_is_named_is_put_off_for_all() {
        let (us, to) = ("support@desk.test".parse().unwrap(), "ann@home.test".parse().unwrap());
        let outcome = |from, code| {
            let letter = Letter { from, to: &to, octets: b"", fence: &Fence::none() };
            refused_sender(&letter, code, String::new()).0
        };
        assert!(matches!(outcome(Some(&us), 451), HandOver::AccountTrouble { trouble: Trouble::Passing, .. }));
        assert!(matches!(outcome(Some(&us), 550), HandOver::Refused { .. }));
        assert!(matches!(outcome(None, 451), HandOver::Deferred { .. }));
        assert!(matches!(outcome(None, 421), HandOver::AccountTrouble { .. }));
    }
}
