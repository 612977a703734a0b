//! People: admins, helpers and customers, each exactly one of these.

use crate::desk::{address::EmailAddress, id::PersonId};

/// What a person is at this desk. Rights are in `desk/permission.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Writes in, sees their own tickets.
    Customer,
    /// Answers.
    Helper,
    /// Answers, and manages the desk.
    Admin,
}

impl Role {
    /// Every role, for forms.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Helper, Self::Customer];

    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Helper => "helper",
            Self::Admin => "admin",
        }
    }

    /// The word of [`Role::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// For screens: `Helper`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Customer => "Customer",
            Self::Helper => "Helper",
            Self::Admin => "Admin",
        }
    }

    /// Helpers and admins.
    #[must_use]
    pub fn is_staff(self) -> bool {
        match self {
            Self::Customer => false,
            Self::Helper | Self::Admin => true,
        }
    }
}

/// Whether a person may sign in and be given work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonState {
    /// As usual.
    Active,
    /// Kept for the history; sessions ended, no sign-in, no notices.
    Disabled,
}

impl PersonState {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The word of [`PersonState::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Disabled].into_iter().find(|state| state.as_str() == word)
    }
}

/// Whether somebody has ever been here: they have a password, or have signed in once by a link. An invitation that nobody has accepted may
/// have gone to a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// They have.
    Yes,
    /// They were invited at most.
    NotYet,
}

/// How soon a helper hears of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// By mail, at once.
    AtOnce,
    /// By mail, once a day, with all else of that day.
    Digest,
    /// Not by mail; the panel shows it.
    Never,
}

impl Notify {
    /// Every choice, as forms list them.
    pub const ALL: [Self; 3] = [Self::AtOnce, Self::Digest, Self::Never];

    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::Digest => "digest",
            Self::Never => "never",
        }
    }

    /// The word of [`Notify::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::AtOnce => "At once",
            Self::Digest => "In a daily digest",
            Self::Never => "Never",
        }
    }
}

/// What a helper may be told by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// They were given a ticket.
    Assigned,
    /// The customer wrote on a ticket of theirs.
    Answered,
    /// A note names them.
    Named,
    /// A reply of theirs did not arrive.
    NotSent,
    /// Somebody else answered on a ticket of theirs, or changed its status.
    Colleagues,
    /// A ticket came that nobody has, or the customer wrote on one.
    Nobodys,
    /// A response target of a ticket of theirs is about to be missed, or was.
    Due,
}

impl NoticeKind {
    /// Every kind, as forms list them.
    pub const ALL: [Self; 7] = [Self::Assigned, Self::Answered, Self::Named, Self::Due, Self::NotSent, Self::Colleagues, Self::Nobodys];

    /// As forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Answered => "answered",
            Self::Named => "named",
            Self::NotSent => "not-sent",
            Self::Colleagues => "colleagues",
            Self::Nobodys => "nobodys",
            Self::Due => "due",
        }
    }

    /// After “Tell me by mail when”.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Assigned => "a ticket is given to me",
            Self::Answered => "a customer writes on one of my tickets",
            Self::Named => "somebody names me in a note",
            Self::NotSent => "a reply of mine could not be sent, or came back",
            Self::Colleagues => "somebody else answers on one of my tickets, or changes its status",
            Self::Nobodys => "a ticket comes that nobody has, or its customer writes again",
            Self::Due => "the answer to one of my tickets is nearly late, or late",
        }
    }
}

/// How soon a helper hears of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notices([Notify; NoticeKind::ALL.len()]);

impl Notices {
    /// The same for every kind.
    #[must_use]
    pub fn all(notify: Notify) -> Self {
        Self([notify; NoticeKind::ALL.len()])
    }

    /// Of one kind.
    #[must_use]
    pub fn of(self, kind: NoticeKind) -> Notify {
        self.0[kind as usize]
    }

    /// With another answer for one kind.
    #[must_use]
    pub fn with(mut self, kind: NoticeKind, notify: Notify) -> Self {
        self.0[kind as usize] = notify;
        self
    }
}

/// Somebody the desk knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Their row.
    pub id: PersonId,
    /// What they are here.
    pub role: Role,
    /// Whether they may sign in.
    pub state: PersonState,
    /// Whether they ever did, or have a password.
    pub arrived: Arrived,
    /// As they are called; never empty.
    pub name: String,
    /// Where they are written to.
    pub email: EmailAddress,
    /// What they are told by mail (staff).
    pub notices: Notices,
}

impl Person {
    /// Staff who may act: an active helper or admin who has accepted the invitation. Nobody else is given tickets, told of them, named in
    /// notes or heard as staff.
    #[must_use]
    pub fn is_active_staff(&self) -> bool {
        self.role.is_staff() && self.state == PersonState::Active && self.arrived == Arrived::Yes
    }
}

/// A name fit to show: control characters gone, white space single, at most 100 characters; the address's local
/// part where nothing is left.
#[must_use]
pub fn clean_name(name: &str, email: &EmailAddress) -> String {
    let clean = name.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    let clean: String = clean.chars().take(100).collect();
    if clean.is_empty() { email.local().to_owned() } else { clean }
}
