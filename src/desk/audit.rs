//! Who changed what about the desk itself. What happens to tickets is in their own history (`event.rs`).

/// What sort of thing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditKind {
    /// A person: added, renamed, another role, disabled, enabled.
    User,
    /// How somebody gets in: passwords, links, sessions.
    Access,
    /// A mailbox: added, changed, paused, removed, connected, and what of its old mail is taken.
    Mailbox,
    /// Mail that the desk writes, and whether it does.
    Template,
    /// What is done with mail by itself.
    Rule,
    /// A token of the API: made, revoked.
    Token,
    /// A setting of the desk.
    Setting,
    /// Hours, holidays and response targets.
    Target,
    /// A view that all of the staff see.
    View,
    /// A saved reply.
    SavedReply,
    /// A tag.
    Tag,
    /// The block list.
    Sender,
    /// A backup, or that the desk was brought back from one.
    Backup,
    /// A customer was erased.
    Erasure,
}

impl AuditKind {
    /// Every kind, in the order of the page's filter.
    pub const ALL: [Self; 14] = [
        Self::User,
        Self::Access,
        Self::Mailbox,
        Self::Template,
        Self::Rule,
        Self::Token,
        Self::Setting,
        Self::Target,
        Self::View,
        Self::SavedReply,
        Self::Tag,
        Self::Sender,
        Self::Backup,
        Self::Erasure,
    ];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Access => "access",
            Self::Mailbox => "mailbox",
            Self::Template => "template",
            Self::Rule => "rule",
            Self::Token => "api-token",
            Self::Setting => "setting",
            Self::Target => "target",
            Self::View => "view",
            Self::SavedReply => "saved-reply",
            Self::Tag => "tag",
            Self::Sender => "sender",
            Self::Backup => "backup",
            Self::Erasure => "erasure",
        }
    }

    /// The word of [`AuditKind::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Access => "Access",
            Self::Mailbox => "Mailboxes",
            Self::Template => "Notices",
            Self::Rule => "Rules",
            Self::Token => "API tokens",
            Self::Setting => "General",
            Self::Target => "Hours and targets",
            Self::View => "Shared views",
            Self::SavedReply => "Saved replies",
            Self::Tag => "Tags",
            Self::Sender => "Senders",
            Self::Backup => "Backups",
            Self::Erasure => "Erasures",
        }
    }
}

/// What is kept of a value: characters.
const LONGEST: usize = 2000;

/// A value as the log keeps it: cut where it is long, without control characters but line ends and tabs.
#[must_use]
pub fn kept(value: &str) -> String {
    let clean = |c: char| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c };
    let short: String = value.chars().take(LONGEST).map(clean).collect();
    if value.chars().nth(LONGEST).is_some() { short + "…" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_back_and_a_value_is_bounded() {
        for kind in AuditKind::ALL {
            assert_eq!(AuditKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(AuditKind::parse("nothing"), None);
        assert_eq!(kept("a\u{0}b\nc"), "a b\nc");
        assert_eq!(kept(&"x".repeat(3000)).chars().count(), LONGEST + 1);
    }
}
