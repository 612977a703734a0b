//! One message to one recipient over one connection, and what came of it.

use std::borrow::Cow;

use super::session::{Session, SmtpError, Step};
use crate::desk::{address::EmailAddress, delivery::HandOver};

/// Whether the connection may be used again.
pub(super) enum After {
    Usable,
    Broken,
    /// Nothing was said on it: it had died while it waited, and the message may go over another.
    WasDead,
}

/// MAIL, RCPT, DATA, the message: each refused, put off or lost for itself.
pub(super) async fn hand_over(session: &mut Session, from: Option<&EmailAddress>, to: &EmailAddress, octets: &[u8]) -> (HandOver, After) {
    let mail = match mail_command(session, from, to, octets) {
        Ok(line) => line,
        Err(refused) => return (refused, After::Usable),
    };
    let fresh = session.messages == 0;
    fail_point!("smtp-mail");
    match session.command(&mail).await {
        Step::Done(_) => (),
        Step::Refused { code, words } => return refused(code, words, After::Usable),
        Step::Lost(words) => return (HandOver::Deferred { words }, if fresh { After::Broken } else { After::WasDead }),
    }
    fail_point!("smtp-recipient");
    for line in [format!("RCPT TO:<{to}>"), "DATA".to_owned()] {
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
    match error {
        SmtpError::SignIn { .. }
        | SmtpError::NoSignIn { .. }
        | SmtpError::TokenRefused { .. }
        | SmtpError::NoToken { .. }
        | SmtpError::TakesNoTokens { .. }
        | SmtpError::Busy { .. } => HandOver::AccountTrouble { words },
        SmtpError::Connect(_) | SmtpError::Refused { .. } | SmtpError::Lost { .. } | SmtpError::TimedOut { .. } => {
            HandOver::Deferred { words }
        }
    }
}

fn refused(code: u16, words: String, after: After) -> (HandOver, After) {
    match code {
        // 421 closes the connection (RFC 5321 §3.8); 530, 534, 535, 538 speak of the sign-in (RFC 4954 §6).
        421 => (HandOver::AccountTrouble { words }, After::Broken),
        530 | 534 | 535 | 538 => (HandOver::AccountTrouble { words }, After::Broken),
        500..=599 => (HandOver::Refused { code, words }, after),
        _ => (HandOver::Deferred { words }, after),
    }
}

fn mail_command(session: &Session, from: Option<&EmailAddress>, to: &EmailAddress, octets: &[u8]) -> Result<String, HandOver> {
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
}
