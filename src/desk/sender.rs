//! The block list: what staff have said about a sender or a whole domain, and which of it counts for a message.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use crate::desk::{
    address::EmailAddress,
    domain::{Domain, kind_of},
    id::SenderRuleId,
    message::{IncomingMessage, ReturnPath},
};

/// Whose mail a rule is about: one address, or a domain with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderPattern {
    /// `ann@home.test`, and `ann+shop@home.test` with it.
    Address(EmailAddress),
    /// `home.test` for `@home.test` and `@mail.home.test`; in lower case.
    Domain(String),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is neither an address nor a domain; write name@example.com, or @example.com for everybody there")]
pub struct NotAPattern(String);

impl FromStr for SenderPattern {
    type Err = NotAPattern;

    /// `ann@home.test`, as it is pasted from a mail `Ann Lee <ann@home.test>`, or for a domain `@home.test`, `*@home.test`,
    /// `*.home.test` or `home.test`.
    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let refuse = || NotAPattern(text.chars().take(80).collect());
        let text = text.trim();
        let text = text.strip_suffix('>').and_then(|it| it.rsplit_once('<')).map_or(text, |(_, address)| address.trim());
        let domain = text.strip_prefix("*@").or_else(|| text.strip_prefix("*.")).or_else(|| text.strip_prefix('@'));
        let domain = domain.or((!text.contains('@')).then_some(text));
        match domain {
            // Whatever stands before the @: it is the domain that is looked at.
            Some(domain) => match format!("x@{domain}").parse::<EmailAddress>() {
                Ok(address) if !domain.contains('@') => Ok(Self::Domain(address.domain().to_owned())),
                Ok(_) | Err(_) => Err(refuse()),
            },
            None => text.parse().map(Self::Address).map_err(|_| refuse()),
        }
    }
}

impl fmt::Display for SenderPattern {
    /// As it is stored and shown: `ann@home.test`, `@home.test`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => f.write_str(&address.folded()),
            Self::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

/// So many labels of a domain are looked at; RFC 1035 §2.3.4 allows 127.
const MOST_LABELS: usize = 12;

impl SenderPattern {
    /// Whether it is about this address.
    #[must_use]
    pub fn covers(&self, address: &EmailAddress) -> bool {
        match self {
            Self::Address(own) => own == address || *own == address.without_detail(),
            Self::Domain(own) => address.domain().strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        }
    }

    /// Every pattern, as stored, that could be about this address.
    #[must_use]
    pub fn all_about(address: &EmailAddress) -> Vec<String> {
        let mut all = vec![address.folded(), address.without_detail().folded()];
        let domain = address.domain();
        let below = domain.match_indices('.').map(|(at, _)| &domain[at + 1..]);
        all.extend([domain].into_iter().chain(below).take(MOST_LABELS).map(|it| format!("@{it}")));
        all.dedup();
        all
    }

    /// An address is more exact than a domain, a longer domain than a shorter.
    #[must_use]
    pub fn exactness(&self) -> usize {
        match self {
            Self::Address(_) => usize::MAX,
            Self::Domain(domain) => domain.len(),
        }
    }
}

/// Those of [`SenderPattern::Address`] and [`SenderPattern::Domain`] that a rule about this address may be made of, the address
/// first; no domain that many share. None for a mail server's own (RFC 5321 §4.5.5, RFC 2142 §5): every delivery report of the
/// world comes from there.
#[must_use]
pub fn patterns_for(address: &EmailAddress) -> Vec<SenderPattern> {
    if ["mailer-daemon", "mailerdaemon", "postmaster"].contains(&address.local().to_lowercase().as_str()) {
        return Vec::new();
    }
    let domain = address.domain().to_owned();
    let domain = (kind_of(&domain) == Domain::Own).then_some(SenderPattern::Domain(domain));
    [SenderPattern::Address(address.clone())].into_iter().chain(domain).collect()
}

/// What is said about a sender. In this order the later wins where both are equally exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SenderVerdict {
    /// Neither a spam mark nor being automatic or list mail holds it.
    NeverHold,
    /// It is held.
    Hold,
}

impl SenderVerdict {
    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverHold => "never-hold",
            Self::Hold => "hold",
        }
    }

    /// The word of [`SenderVerdict::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::NeverHold, Self::Hold].into_iter().find(|it| it.as_str() == word)
    }

    /// For screens: `Always hold`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::NeverHold => "Never hold",
            Self::Hold => "Always hold",
        }
    }

    /// The one that is not this one.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::NeverHold => Self::Hold,
            Self::Hold => Self::NeverHold,
        }
    }

    /// What becomes of their mail, said of `who`: `Mail from @shop.test is held`.
    #[must_use]
    pub fn of(self, who: &SenderPattern) -> String {
        match self {
            Self::NeverHold => format!("Mail from {who} is never held for being automatic or marked as spam"),
            Self::Hold => format!("Mail from {who} is always held"),
        }
    }
}

/// A rule in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderRule {
    /// Its row.
    pub id: SenderRuleId,
    /// Whose mail.
    pub pattern: SenderPattern,
    /// What becomes of it.
    pub verdict: SenderVerdict,
    /// Why; may be empty.
    pub note: String,
    /// What whoever made it is called.
    pub made_by: String,
    /// The day, in the desk's time zone.
    pub made_on: Date,
}

impl SenderRule {
    /// `@example.test (added by Ada on 3 Mar 2026: only offers)`.
    #[must_use]
    pub fn words(&self) -> String {
        let why = if self.note.is_empty() { String::new() } else { format!(": {}", self.note) };
        format!("{} (added by {} on {}{why})", self.pattern, self.made_by, self.made_on.strftime("%-d %b %Y"))
    }

    /// Holding goes by everybody whom the mail names as its sender: to be held is no advantage. Being spared goes by From alone,
    /// and by each that stands there.
    fn is_about(&self, message: &IncomingMessage) -> bool {
        match self.verdict {
            SenderVerdict::Hold => senders(message).any(|it| self.pattern.covers(it)),
            SenderVerdict::NeverHold => !message.from.is_empty() && message.from.iter().all(|it| self.pattern.covers(&it.address)),
        }
    }
}

/// From, Sender and the envelope's sender.
pub fn senders(message: &IncomingMessage) -> impl Iterator<Item = &EmailAddress> {
    let envelope = match &message.return_path {
        ReturnPath::Address(address) => Some(address),
        ReturnPath::Null | ReturnPath::Unknown => None,
    };
    message.from.iter().chain(&message.sender).map(|it| &it.address).chain(envelope)
}

/// The rule that counts for a message: the most exact; of two as exact, the one that holds.
#[must_use]
pub fn deciding(rules: Vec<SenderRule>, message: &IncomingMessage) -> Option<SenderRule> {
    rules.into_iter().filter(|it| it.is_about(message)).max_by_key(|it| (it.pattern.exactness(), it.verdict))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> SenderPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_is_an_address_or_a_domain_with_all_below_it() {
        for (typed, stored) in [
            (" Ann@Home.test ", "ann@home.test"),
            ("Ann Lee <Ann@home.test> ", "ann@home.test"),
            ("\"Lee, Ann @ work\" <ann@home.test>", "ann@home.test"),
            ("<ann@home.test>", "ann@home.test"),
            ("@Home.test", "@home.test"),
            ("*@home.test", "@home.test"),
            ("*.home.test", "@home.test"),
            ("home.test", "@home.test"),
        ] {
            assert_eq!(pattern(typed).to_string(), stored, "{typed}");
        }
        for odd in ["", "@", "ann@", "a b@home.test", "@ho me.test", "@.test", "@a@b.test", "Ann <>", "<ann@home.test> Ann", "*"] {
            assert!(odd.parse::<SenderPattern>().is_err() || odd == "*", "{odd}");
        }
    }

    #[test]
    fn a_rule_is_offered_for_an_address_and_its_domain_and_for_no_mail_server() {
        for (address, offered) in [
            ("ann@mail.home.test", &["ann@mail.home.test", "@mail.home.test"][..]),
            ("root@localhost", &["root@localhost"]),
            ("ann@gmail.com", &["ann@gmail.com"]),
            ("MAILER-DAEMON@home.test", &[]),
            ("postmaster@home.test", &[]),
        ] {
            let patterns = patterns_for(&address.parse().unwrap());
            assert_eq!(patterns.iter().map(ToString::to_string).collect::<Vec<_>>(), offered, "{address}");
        }
    }

    #[test]
    fn a_domain_covers_what_is_below_it_and_nothing_beside_it() {
        for (rule, address, covered) in [
            ("@home.test", "ann@home.test", true),
            ("@home.test", "ann@mail.home.test", true),
            ("@home.test", "ann@athome.test", false),
            ("@mail.home.test", "ann@home.test", false),
            ("ann@home.test", "ANN@home.test", true),
            ("ann@home.test", "ann+shop@home.test", true),
            ("ann+shop@home.test", "ann@home.test", false),
            ("ann@home.test", "ann@mail.home.test", false),
        ] {
            let address: EmailAddress = address.parse().unwrap();
            assert_eq!(pattern(rule).covers(&address), covered, "{rule} {address}");
            assert_eq!(SenderPattern::all_about(&address).contains(&pattern(rule).to_string()), covered, "{rule} {address}");
        }
    }
}
