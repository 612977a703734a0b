//! Names in a text that is written once and sent many times: `{{ customer.first_name }}`. A closed set; what is not in it is refused when
//! the text is saved, so that no customer ever reads a bare placeholder.

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// The requester’s name.
    CustomerName,
    /// The first word of it.
    CustomerFirstName,
    /// Their address.
    CustomerEmail,
    /// `1042`.
    TicketNumber,
    /// What it is about.
    TicketSubject,
    /// Who writes.
    HelperName,
    /// The first word of their name.
    HelperFirstName,
    /// The name beside the mailbox’s address.
    MailboxName,
    /// The mailbox’s address.
    MailboxAddress,
    /// The desk’s name.
    Company,
}

impl Placeholder {
    /// Every one, in the order in which they are told.
    pub const ALL: [Self; 10] = [
        Self::CustomerName,
        Self::CustomerFirstName,
        Self::CustomerEmail,
        Self::TicketNumber,
        Self::TicketSubject,
        Self::HelperName,
        Self::HelperFirstName,
        Self::MailboxName,
        Self::MailboxAddress,
        Self::Company,
    ];

    /// As it is written between the braces.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerName => "customer.name",
            Self::CustomerFirstName => "customer.first_name",
            Self::CustomerEmail => "customer.email",
            Self::TicketNumber => "ticket.number",
            Self::TicketSubject => "ticket.subject",
            Self::HelperName => "helper.name",
            Self::HelperFirstName => "helper.first_name",
            Self::MailboxName => "mailbox.name",
            Self::MailboxAddress => "mailbox.address",
            Self::Company => "company",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// A text with a placeholder that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: there is no placeholder {{{{ {name} }}}}; there are {all}", all = all())]
pub struct UnknownPlaceholder {
    /// Where, from 1.
    pub line: usize,
    /// What it says.
    pub name: String,
}

/// Every placeholder, for a sentence.
fn all() -> String {
    Placeholder::ALL.map(Placeholder::as_str).join(", ")
}

/// A piece of a text.
enum Piece<'t> {
    Words(&'t str),
    /// As it is written, braces and all, and what stands between them.
    Name(&'t str, &'t str),
}

/// Two braces that are never closed on their line are words.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let open = rest.find("{{");
        if open == Some(0) {
            let end = rest.find("}}").filter(|end| !rest[..*end].contains('\n'));
            let (piece, after) = match end {
                Some(end) => (Piece::Name(&rest[..end + 2], rest[2..end].trim()), &rest[end + 2..]),
                None => (Piece::Words(&rest[..2]), &rest[2..]),
            };
            rest = after;
            return Some(piece);
        }
        let (words, after) = rest.split_at(open.unwrap_or(rest.len()));
        rest = after;
        Some(Piece::Words(words))
    })
}

/// Refuses a text with a placeholder that does not exist.
///
/// # Errors
/// The first of them.
pub fn check(text: &str) -> Result<(), UnknownPlaceholder> {
    let mut line = 1;
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => line += words.matches('\n').count(),
            Piece::Name(_, name) if Placeholder::parse(name).is_none() => {
                return Err(UnknownPlaceholder { line, name: name.chars().take(60).collect() });
            }
            Piece::Name(..) => {}
        }
    }
    Ok(())
}

/// The text with each placeholder filled in. What is filled in is never looked through for placeholders; one that is not known stays
/// as it is written.
#[must_use]
pub fn fill(text: &str, value: impl Fn(Placeholder) -> String) -> String {
    pieces(text)
        .map(|piece| match piece {
            Piece::Words(words) => words.to_owned(),
            Piece::Name(written, name) => Placeholder::parse(name).map_or_else(|| written.to_owned(), &value),
        })
        .collect()
}

/// The first word of a name.
#[must_use]
pub fn first_name(name: &str) -> &str {
    name.split_whitespace().next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let value = |it: Placeholder| match it == Placeholder::CustomerName {
            true => "{{ company }}".to_owned(),
            false => format!("<{}>", it.as_str()),
        };
        for (text, filled) in [
            ("Hello {{ customer.first_name }},", "Hello <customer.first_name>,"),
            ("{{customer.name}}{{ticket.number}}", "{{ company }}<ticket.number>"),
            ("{{ nobody }} {{", "{{ nobody }} {{"),
            ("{{ a\n}} {{ company }}", "{{ a\n}} <company>"),
            ("", ""),
        ] {
            assert_eq!(fill(text, value), filled, "{text}");
        }
    }

    #[test]
    fn a_placeholder_that_does_not_exist_is_named_with_those_that_do() {
        let error = check("Hello {{ customer.name }},\n{{ customer.nam }}").unwrap_err();
        assert_eq!((error.line, error.name.as_str()), (2, "customer.nam"));
        assert!(error.to_string().starts_with("line 2: there is no placeholder {{ customer.nam }}; there are customer.name, "), "{error}");
        assert_eq!(check("{{ }}").unwrap_err().name, "");
        assert!(check("{% for x in y %}{{ ticket.subject }} { {").is_ok());
    }

    #[test]
    fn every_placeholder_is_read_as_it_is_written() {
        for it in Placeholder::ALL {
            assert_eq!(Placeholder::parse(it.as_str()), Some(it));
        }
    }
}
