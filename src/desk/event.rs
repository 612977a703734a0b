//! A ticket's history: one line for each change, told by what changed from what to what.

/// What happened. Every figure is counted from these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The ticket came to be; `new` is how: `mail`, `import`, `panel`, `portal`, `split`.
    Opened,
    /// Staff wrote to the customer.
    Replied,
    /// The customer, or another participant, wrote.
    Commented,
    /// A machine's message was joined; nobody is told.
    Automatic,
    /// Staff wrote a note.
    Noted,
    /// `old` and `new` are statuses.
    Status,
    /// `old` and `new` are priorities.
    Priority,
    /// `old` and `new` are people's ids; none: nobody.
    Assigned,
    /// `old` and `new` are subjects.
    Subject,
    /// `old` and `new` are the addresses of mailboxes.
    Mailbox,
    /// `new` is the address that was accepted as a participant.
    ParticipantAdded,
    /// `new` is the address that was proposed: from the Cc of a later mail, or a new voice in the thread.
    ParticipantProposed,
    /// `old` is the address that was taken off.
    ParticipantRemoved,
    /// `new` is the ticket this one came out of.
    Linked,
    /// `new` is a ticket that staff said has to do with this one.
    Related,
    /// `old` is a ticket of which they say so no more.
    Unrelated,
    /// A reply was taken back within its undo window.
    Withdrawn,
    /// `new` is the address a reply came back from.
    Bounced,
    /// A reply that had not reached `old` was sent to `new` as well.
    SentElsewhere,
    /// A message went to another ticket: `new`.
    MovedOut,
    /// A message came from another ticket: `old`.
    MovedIn,
    /// This ticket was merged into `new`.
    MergedInto,
    /// The ticket `old` was merged into this one.
    MergedFrom,
    /// A move or merge was undone: what had gone to `old` is here again.
    CameBack,
    /// A move or merge was undone: what had come from `new` is there again.
    WentBack,
    /// maildesk read a stored mail again, and what it shows is better for it: `new` is what changed.
    ReadAgain,
    /// Staff made the ticket from held mail, or joined held mail to it.
    Released,
    /// Staff put the message back among the held.
    PutBack,
    /// Staff marked it as spam; `old` is the status it had, `new` the rule about its sender that was made with it.
    Spam,
    /// Staff undid that.
    NotSpam,
    /// `new` is the id of a tag that the ticket has from then on.
    Tagged,
    /// `old` is the id of a tag that the ticket had.
    Untagged,
    /// Put off: `new` is until when, `old` until when it was before; milliseconds since 1970.
    Snoozed,
    /// Back before or at the time `old` that it was put off until; `new` is why: [`crate::desk::snooze::Back`].
    Returned,
    /// The customer said how it was: `old` and `new` are answers.
    Rated,
    /// A rule held, and what follows at the same moment is its doing; `new` is its name.
    Rule,
    /// Staff undid what they had just done to its status: the line that follows takes back one before.
    Undone,
}

impl EventKind {
    /// Every kind there is.
    pub const ALL: [Self; 37] = [
        Self::Opened,
        Self::Replied,
        Self::Commented,
        Self::Automatic,
        Self::Noted,
        Self::Status,
        Self::Priority,
        Self::Assigned,
        Self::Subject,
        Self::Mailbox,
        Self::ParticipantAdded,
        Self::ParticipantProposed,
        Self::ParticipantRemoved,
        Self::Linked,
        Self::Related,
        Self::Unrelated,
        Self::Withdrawn,
        Self::Bounced,
        Self::SentElsewhere,
        Self::MovedOut,
        Self::MovedIn,
        Self::MergedInto,
        Self::MergedFrom,
        Self::CameBack,
        Self::WentBack,
        Self::ReadAgain,
        Self::Released,
        Self::PutBack,
        Self::Spam,
        Self::NotSpam,
        Self::Tagged,
        Self::Untagged,
        Self::Snoozed,
        Self::Returned,
        Self::Rated,
        Self::Rule,
        Self::Undone,
    ];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Replied => "replied",
            Self::Commented => "commented",
            Self::Automatic => "automatic",
            Self::Noted => "noted",
            Self::Status => "status",
            Self::Priority => "priority",
            Self::Assigned => "assigned",
            Self::Subject => "subject",
            Self::Mailbox => "mailbox",
            Self::ParticipantAdded => "participant-added",
            Self::ParticipantProposed => "participant-proposed",
            Self::ParticipantRemoved => "participant-removed",
            Self::Linked => "linked",
            Self::Related => "related",
            Self::Unrelated => "unrelated",
            Self::Withdrawn => "withdrawn",
            Self::Bounced => "bounced",
            Self::SentElsewhere => "sent-elsewhere",
            Self::MovedOut => "moved-out",
            Self::MovedIn => "moved-in",
            Self::MergedInto => "merged-into",
            Self::MergedFrom => "merged-from",
            Self::CameBack => "came-back",
            Self::WentBack => "went-back",
            Self::ReadAgain => "read-again",
            Self::Released => "released",
            Self::PutBack => "put-back",
            Self::Spam => "spam",
            Self::NotSpam => "not-spam",
            Self::Tagged => "tagged",
            Self::Untagged => "untagged",
            Self::Snoozed => "snoozed",
            Self::Returned => "returned",
            Self::Rated => "rated",
            Self::Rule => "rule",
            Self::Undone => "undone",
        }
    }

    /// The word of [`EventKind::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}
