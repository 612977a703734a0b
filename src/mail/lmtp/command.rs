//! One line of the client as a command.

use std::fmt;

use crate::desk::address::EmailAddress;

/// Where a report about the message goes: an address as it was written, or nothing (`<>`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReturnPath(String);

impl fmt::Display for ReturnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Its greeting.
    Lhlo,
    /// A message begins.
    Mail {
        /// Where reports go.
        from: ReturnPath,
        /// Its octets, as the client counts them (RFC 1870).
        size: Option<u64>,
    },
    /// One more whom it is for.
    Rcpt(EmailAddress),
    /// The octets follow.
    Data,
    /// The message is forgotten.
    Rset,
    /// Nothing.
    Noop,
    /// Whether somebody is here.
    Vrfy,
    /// The end.
    Quit,
}

/// Why a line is no command: the answer to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

const SYNTAX_FROM: Refused = Refused("501 5.5.4 write MAIL FROM:<address>, and SIZE=, BODY=8BITMIME or SMTPUTF8 after it");
const SYNTAX_TO: Refused = Refused("501 5.5.4 write RCPT TO:<address> and nothing after it");

/// Reads a line, without its end.
///
/// # Errors
/// The answer to give instead.
pub fn read_command(line: &[u8]) -> Result<Command, Refused> {
    let Ok(line) = std::str::from_utf8(line) else { return Err(Refused("500 5.5.2 this is not UTF-8")) };
    if line.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Refused("500 5.5.2 a command holds no control characters"));
    }
    let line = line.trim_end();
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match (verb.to_ascii_uppercase().as_str(), rest) {
        ("LHLO", "") => Err(Refused("501 5.5.4 write LHLO and your name")),
        ("LHLO", _) => Ok(Command::Lhlo),
        ("HELO" | "EHLO", _) => Err(Refused("500 5.5.1 this is LMTP (RFC 2033): write LHLO")),
        ("MAIL", rest) => mail(rest),
        ("RCPT", rest) => rcpt(rest),
        ("DATA", "") => Ok(Command::Data),
        ("RSET", "") => Ok(Command::Rset),
        ("NOOP", _) => Ok(Command::Noop),
        ("VRFY", _) => Ok(Command::Vrfy),
        ("QUIT", "") => Ok(Command::Quit),
        ("DATA" | "RSET" | "QUIT", _) => Err(Refused("501 5.5.4 nothing follows this command")),
        _ => Err(Refused("500 5.5.1 this is not a command that is known here")),
    }
}

fn mail(rest: &str) -> Result<Command, Refused> {
    let (from, params) = path(rest, "FROM:").ok_or(SYNTAX_FROM)?;
    let mut size = None;
    for param in params.split_ascii_whitespace() {
        match param.to_ascii_uppercase().split_once('=') {
            Some(("SIZE", octets)) => size = Some(octets.parse().map_err(|_| SYNTAX_FROM)?),
            Some(("BODY", "7BIT" | "8BITMIME")) => {}
            None if param.eq_ignore_ascii_case("SMTPUTF8") => {}
            Some(_) | None => return Err(Refused("555 5.5.4 a parameter of MAIL that is not known here")),
        }
    }
    Ok(Command::Mail { from: ReturnPath(from.to_owned()), size })
}

fn rcpt(rest: &str) -> Result<Command, Refused> {
    let (to, params) = path(rest, "TO:").ok_or(SYNTAX_TO)?;
    if !params.trim().is_empty() {
        return Err(Refused("555 5.5.4 a parameter of RCPT that is not known here"));
    }
    to.parse().map(Command::Rcpt).map_err(|_| Refused("501 5.1.3 this is not an address that a mailbox here can have"))
}

/// `FROM:<path>` and what follows; a source route before the address is passed over (RFC 5321 §4.1.1.3).
fn path<'a>(rest: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (head, rest) = rest.trim_start().split_at_checked(word.len())?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let (path, params) = rest.trim_start().strip_prefix('<')?.rsplit_once('>')?;
    let address = if path.starts_with('@') { path.split_once(':')?.1 } else { path };
    let odd = |c: char| matches!(c, '<' | '>' | '\t');
    let separated = params.is_empty() || params.starts_with(' ');
    (separated && address.len() <= 1000 && !address.contains(odd)).then_some((address, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_every_dress() {
        let to = |it: &str| Command::Rcpt(it.parse().unwrap());
        let mail = |from: &str, size| Command::Mail { from: ReturnPath(from.to_owned()), size };
        for (line, command) in [
            ("LHLO mx.test", Command::Lhlo),
            ("mail from:<ann@home.test>", mail("ann@home.test", None)),
            ("MAIL FROM: <ann@home.test> SIZE=12 BODY=8BITMIME SMTPUTF8", mail("ann@home.test", Some(12))),
            ("MAIL FROM:<>", mail("", None)),
            ("MAIL FROM:<\"a b\"@home.test>", mail("\"a b\"@home.test", None)),
            ("RCPT TO:<@a.test,@b.test:support@desk.test>", to("support@desk.test")),
            ("Rcpt To:<Support+1.x@desk.test>", to("Support+1.x@desk.test")),
            ("DATA", Command::Data),
            ("quit ", Command::Quit),
            ("NOOP whatever", Command::Noop),
        ] {
            assert_eq!(read_command(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn what_is_no_command_is_answered_with_its_code() {
        for (line, code) in [
            (&b"EHLO mx"[..], "500 5.5.1"),
            (b"LHLO", "501 5.5.4"),
            (b"MAIL FROM:ann@home.test", "501 5.5.4"),
            (b"MAIL FROM:<ann@home.test> SIZE=many", "501 5.5.4"),
            (b"MAIL FROM:<ann@home.test> BODY=BINARYMIME", "555 5.5.4"),
            (b"MAIL FROM:<a@b.test>SIZE=1", "501 5.5.4"),
            (b"RCPT TO:<nobody>", "501 5.1.3"),
            (b"RCPT TO:<a@b.test> NOTIFY=NEVER", "555 5.5.4"),
            (b"RCPT TO:<>", "501 5.1.3"),
            (b"DATA now", "501 5.5.4"),
            (b"\xff\xfe", "500 5.5.2"),
            (b"NOOP \0", "500 5.5.2"),
            (b"", "500 5.5.1"),
        ] {
            let refused = read_command(line).unwrap_err();
            assert!(refused.0.starts_with(code), "{line:?}: {}", refused.0);
        }
    }
}
