//! An e-mail address that can be written to, and a name beside it.

use std::{fmt, str::FromStr};

/// An address of the form `local@domain` (RFC 5321 §4.1.2), at most 254 bytes.
///
/// Kept as written, but for the domain, which is lower case. Two addresses are equal when they differ in
/// case alone: no server in use today tells `Ann@` from `ann@`, and people do not either.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// Why a text is not an address that can be written to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an e-mail address: {why}")]
pub struct NotAnAddress {
    /// What was given, at most 80 characters of it.
    pub text: String,
    /// What is missing or wrong.
    pub why: &'static str,
}

impl EmailAddress {
    /// As it is written in a header or on a screen.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Lower case throughout: the form to look up, to compare and to store.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// What stands before the last `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after the last `@`, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address without its sub-address: `support+1042.7@x` is `support@x` (RFC 5233).
    #[must_use]
    pub fn without_detail(&self) -> Self {
        match self.local().split_once('+') {
            Some((user, _)) if !user.is_empty() => Self(format!("{user}@{}", self.domain())),
            _ => self.clone(),
        }
    }

    /// The sub-address alone: `1042.7` in `support+1042.7@x`.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.local().split_once('+').map(|(_, detail)| detail)
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let refuse = |why| Err(NotAnAddress { text: text.chars().take(80).collect(), why });
        let text = text.trim();
        let Some((local, domain)) = text.rsplit_once('@') else {
            return refuse("there is no @; write it as name@example.com");
        };
        if local.is_empty() {
            return refuse("nothing stands before the @");
        }
        if domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') || domain.contains("..") {
            return refuse("what stands after the @ is not a domain");
        }
        // RFC 5321 §4.5.3.1.1 allows 64 before the @; bounce and gateway addresses that work are longer.
        if text.len() > 254 {
            return refuse("it is too long: at most 254 bytes");
        }
        let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
        let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | '\\' | '"');
        if domain.chars().any(|c| odd(c) || c == '@') {
            return refuse("the domain holds a character that no domain has");
        }
        let local_is_odd =
            if quoted { local.chars().any(char::is_control) } else { local.chars().any(|c| odd(c) || matches!(c, '@' | ':' | '[' | ']')) };
        if local_is_odd {
            return refuse("there is a space or another character that an address cannot hold");
        }
        Ok(Self(format!("{local}@{}", domain.to_lowercase())))
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        if self.0.is_ascii() && other.0.is_ascii() { self.0.eq_ignore_ascii_case(&other.0) } else { self.folded() == other.folded() }
    }
}

impl Eq for EmailAddress {}

impl std::hash::Hash for EmailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded().hash(state);
    }
}

/// A mailbox as a header names it: an address and the name beside it (RFC 5322 §3.4), decoded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Named {
    /// The display name, decoded; none when the header gives none.
    pub name: Option<String>,
    /// Where to write to.
    pub address: EmailAddress,
}

impl Named {
    /// An address with no name beside it.
    #[must_use]
    pub fn bare(address: EmailAddress) -> Self {
        Self { name: None, address }
    }

    /// The name, or what stands before the @ where there is none.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self.name.as_deref().map(str::trim) {
            Some(name) if !name.is_empty() => name,
            _ => self.address.local(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_as_written_and_compared_without_case() {
        let ann: EmailAddress = " Ann.Lee@Example.COM ".parse().unwrap();
        assert_eq!(ann.as_str(), "Ann.Lee@example.com");
        assert_eq!(ann, "ann.lee@example.com".parse().unwrap());
    }

    #[test]
    fn what_cannot_be_written_to_is_refused_by_its_fault() {
        for (text, why) in [
            ("ann", "no @"),
            ("@x.test", "before the @"),
            ("a@", "not a domain"),
            ("a b@x.test", "space"),
            ("a@b\r\nBcc: x", "domain holds"),
            ("a@x..y", "not a domain"),
        ] {
            let refused = text.parse::<EmailAddress>().unwrap_err().to_string();
            assert!(refused.contains(why), "{text:?}: {refused}");
        }
    }

    #[test]
    fn a_sub_address_is_taken_off() {
        let reply: EmailAddress = "support+1042.7.abc@desk.test".parse().unwrap();
        assert_eq!((reply.without_detail().as_str(), reply.detail()), ("support@desk.test", Some("1042.7.abc")));
    }
}
