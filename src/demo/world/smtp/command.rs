//! One line of a client, read as a command (RFC 5321 §4.1.1).

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Hello { domain: String, extended: bool },
    Auth(Mechanism, Option<String>),
    Mail(Path),
    Recipient(Path),
    Data,
    Reset,
    Noop,
    Verify,
    Quit,
    Malformed(&'static str),
    Unknown,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    Login,
    Other,
}

/// An address in angle brackets, without them, and the SIZE said with it; the empty address is the null return path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) address: String,
    pub(super) size: Option<usize>,
}

impl Command {
    pub(super) fn parse(line: &str) -> Self {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => Self::Hello { domain: clean(rest), extended: true },
            "HELO" => Self::Hello { domain: clean(rest), extended: false },
            "AUTH" => auth(rest),
            "MAIL" => path(rest, "FROM:").map_or(Self::Malformed("MAIL FROM:<address>"), Self::Mail),
            "RCPT" => match path(rest, "TO:") {
                Some(path) if !path.address.is_empty() => Self::Recipient(path),
                Some(_) | None => Self::Malformed("RCPT TO:<address>"),
            },
            "DATA" => Self::Data,
            "RSET" => Self::Reset,
            "NOOP" => Self::Noop,
            "VRFY" => Self::Verify,
            "QUIT" => Self::Quit,
            _ => Self::Unknown,
        }
    }
}

fn auth(rest: &str) -> Command {
    let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
    let mechanism = match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => Mechanism::Plain,
        "LOGIN" => Mechanism::Login,
        _ => Mechanism::Other,
    };
    Command::Auth(
        mechanism,
        Some(initial.trim()).filter(|it| !it.is_empty()).map(|it| if it == "=" { String::new() } else { it.to_owned() }),
    )
}

fn path(rest: &str, word: &str) -> Option<Path> {
    let (said, rest) = rest.split_at_checked(word.len())?;
    if !said.eq_ignore_ascii_case(word) {
        return None;
    }
    let (address, parameters) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let size = parameters.split_whitespace().find_map(|it| it.to_ascii_uppercase().strip_prefix("SIZE=").and_then(|it| it.parse().ok()));
    Some(Path { address: address.to_owned(), size })
}

/// A host's name for itself, fit to stand in a trace header.
fn clean(domain: &str) -> String {
    domain.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_[]:".contains(*c)).take(255).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_with_its_size_and_the_null_path_too() {
        let path = |address: &str, size| Path { address: address.to_owned(), size };
        assert_eq!(Command::parse("mail from:<ann@x.test> size=12 BODY=8BITMIME"), Command::Mail(path("ann@x.test", Some(12))));
        assert_eq!(Command::parse("MAIL FROM: <>"), Command::Mail(path("", None)));
        assert_eq!(Command::parse("RCPT TO:<a+b@x>"), Command::Recipient(path("a+b@x", None)));
        assert!(matches!(Command::parse("RCPT TO:<>"), Command::Malformed(_)));
        assert!(matches!(Command::parse("MAIL FROM:é"), Command::Malformed(_)));
    }

    #[test]
    fn a_sign_in_may_come_with_its_first_answer() {
        assert_eq!(Command::parse("AUTH PLAIN AGE="), Command::Auth(Mechanism::Plain, Some("AGE=".to_owned())));
        assert_eq!(Command::parse("auth login"), Command::Auth(Mechanism::Login, None));
    }
}
