//! What the configuration says about the desk and its mailboxes, as values that the rules can ask.

use std::collections::BTreeSet;

use jiff::{SignedDuration, tz::TimeZone};

use crate::desk::{
    address::{EmailAddress, Named},
    backup::Schedule,
    oauth::OAuthClient,
};

/// A closed set of words of the configuration, each written in one way.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$word_doc])* $word),+ }

        impl $name {
            /// Every word with what it means, in the order of the documentation.
            pub const WORDS: &[(&str, Self)] = &[$(($text, Self::$word)),+];

            /// As the configuration writes it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text),+ }
            }
        }
    )+};
}

words! {
    /// Which tickets exist for a helper, beside those they are assigned (PRODUCT.md, "Roles").
    Reach {
        /// Their own alone.
        Assigned = "assigned",
        /// Their own and those that nobody has taken.
        Unassigned = "unassigned",
        /// Every ticket.
        All = "all",
    }
    /// Whom a helper may give a ticket to.
    HelpersAssign {
        /// To themselves, and their own to somebody else.
        Myself = "self",
        /// To anyone.
        Anyone = "anyone",
    }
    /// What a mailbox met for the first time takes in of the mail that already lies there.
    TakeExisting {
        /// Nothing: only what arrives from then on.
        None = "none",
        /// What nobody has read.
        Unseen = "unseen",
        /// Everything.
        All = "all",
    }
    /// Whether a mailbox met for the first time waits for an admin's word before it takes of the mail that lies there.
    FirstConnection {
        /// It does, where `take_existing` would take something.
        Ask = "ask",
        /// It takes at once what `take_existing` says.
        Take = "take",
    }
    /// What becomes of a mailing list's message (RFC 2919, RFC 2369).
    ListMail {
        /// It is held for a person to look at.
        Hold = "hold",
        /// It opens a ticket or joins one; it is never answered automatically.
        Ticket = "ticket",
    }
    /// Whether mail to `support+detail@…` reaches `support@…` (RFC 5233).
    SubAddressing {
        /// It does: signed reply addresses can be used.
        Plus = "plus",
        /// It does not: the token travels in the Message-ID alone.
        None = "none",
    }
    /// Whose name stands beside the mailbox's address in a reply's From.
    SenderName {
        /// The mailbox's display name.
        Desk = "desk",
        /// The name of the helper who wrote, and the mailbox's.
        Helper = "helper",
    }
    /// Whether customers can write to a mailbox from their pages.
    Portal {
        /// They can choose it.
        Offer = "offer",
        /// It is not shown to them.
        Hide = "hide",
    }
    /// Whether somebody who opens a ticket by mail is told its number.
    Receipt {
        /// Yes, within the budgets for automatic mail.
        Send = "send",
        /// Never.
        Never = "never",
    }
    /// Whether the mail that says that a request is resolved asks how it was.
    Satisfaction {
        /// It does.
        Ask = "ask",
        /// It does not.
        Never = "never",
    }
    /// A change of status that the requester and the participants may be told.
    StatusNotice {
        /// Somebody works on it.
        InProgress = "in_progress",
        /// It is thought to be done.
        Resolved = "resolved",
        /// It is over.
        Closed = "closed",
        /// It was done and is open again.
        Reopened = "reopened",
    }
}

/// Whether a mailbox is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It is: what it takes in is filed on the server, what it decides to send is sent.
    Live,
    /// It is tried out beside what a team uses today: no flag is touched on the server, and what would be sent is listed and never
    /// leaves.
    Shadow,
}

impl Mode {
    /// The words of the configuration, in the order of the documentation.
    pub const WORDS: &[(&str, Self)] = &[("live", Self::Live), ("shadow", Self::Shadow)];
}

/// How the mail of a mailbox gets to this desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WayIn {
    /// It is fetched from a folder that is watched (IMAP).
    #[default]
    Folder,
    /// A mail server hands it over (LMTP); there is nothing to look at, and nothing to file.
    HandedOver,
}

/// `[desk]`: how this desk works, whatever the mailbox.
#[derive(Clone, Debug)]
pub struct DeskSettings {
    /// Shown in the panel's title and in mail; 1 to 100 characters on one line.
    pub name: String,
    /// Where the desk's days begin and end: figures, and times shown to nobody in particular.
    pub time_zone: TimeZone,
    /// Which tickets exist for a helper.
    pub helpers_see: Reach,
    /// Whom a helper may give a ticket to.
    pub helpers_assign: HelpersAssign,
    /// From resolving without an answer to closing by itself.
    pub close_after: SignedDuration,
    /// How long after closing a customer's answer opens the same ticket again; later it opens a new one.
    pub reopen_within: SignedDuration,
    /// How long a public reply waits before it is sent, so that it can be taken back; may be zero.
    pub undo_window: SignedDuration,
    /// A mailbox not checked, or a reply not sent, for so long raises an alarm.
    pub alarm_after: SignedDuration,
    /// Less room on the disk of the data folder raises an alarm; bytes.
    pub alarm_free: u64,
    /// A larger message is held as its header alone; bytes.
    pub max_message_bytes: u64,
    /// So long the original of a message is kept after it came and its ticket was closed; none: always.
    pub keep_raw: Option<SignedDuration>,
    /// The guards against floods and loops.
    pub budgets: Budgets,
    /// For how long the audit log is kept.
    pub audit_keep: SignedDuration,
    /// How long a sign-in lasts.
    pub sessions: SessionLimits,
    /// When and where the desk is backed up by itself; none: it is not.
    pub backup: Option<Schedule>,
}

/// How much mail is taken, and made by itself, before the desk grows quiet (MAIL.md, "Deciding" 6 and "Writing a message").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// New tickets from one sender in an hour; what is more is held.
    pub new_per_sender_hour: u32,
    /// Messages joined to one ticket in an hour; what is more is held.
    pub per_ticket_hour: u32,
    /// Automatic messages to one address in an hour.
    pub automatic_per_address_hour: u32,
    /// Automatic messages to one address in 24 hours.
    pub automatic_per_address_day: u32,
    /// Automatic messages to all addresses of one domain in an hour.
    pub automatic_per_domain_hour: u32,
    /// Automatic messages of the whole desk in an hour.
    pub automatic_per_hour: u32,
}

/// When a session of the panel ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// After so long without a request.
    pub idle: SignedDuration,
    /// After so long in any case; not shorter than `idle`.
    pub absolute: SignedDuration,
}

/// `[[mailbox]]`: how one mailbox reads and answers. How it is reached is an `ImapAccount` and an `SmtpAccount`.
#[derive(Clone, Debug)]
pub struct MailboxSettings {
    /// The short name that the panel, the logs and the environment use: 1 to 32 of `a-z 0-9 -`, unique.
    pub name: String,
    /// The address that customers write to and that answers come from; unique.
    pub address: EmailAddress,
    /// The name beside the address in what is sent.
    pub display_name: String,
    /// How its mail gets here.
    pub way_in: WayIn,
    /// Whether it is at work.
    pub mode: Mode,
    /// What is taken at the first meeting.
    pub take_existing: TakeExisting,
    /// Whether an admin is asked before that is taken.
    pub first_connection: FirstConnection,
    /// What becomes of list mail.
    pub list_mail: ListMail,
    /// The name under which our own mail server writes `Authentication-Results` (RFC 8601 §2.5); without it none is believed.
    pub authserv_id: Option<String>,
    /// Whether signed reply addresses can be used.
    pub sub_addressing: SubAddressing,
    /// Which changes of status the customer is told.
    pub notices: BTreeSet<StatusNotice>,
    /// Whether a new ticket is acknowledged.
    pub receipt: Receipt,
    /// Whether the customer is asked how it was.
    pub satisfaction: Satisfaction,
    /// Whose name a reply bears.
    pub sender_name: SenderName,
    /// Whether customers choose it for a new request on their pages.
    pub portal: Portal,
    /// How often it writes to itself, to see whether mail to it arrives; none: never.
    pub probe_every: Option<SignedDuration>,
    /// How it comes by access tokens; none: it signs in with passwords, or not at all.
    pub oauth: Option<OAuthClient>,
    /// Whether it is at work; one of the file always is.
    pub work: AtWork,
}

/// Whether a mailbox reads and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtWork {
    /// It does.
    Yes,
    /// It rests until somebody says otherwise.
    Paused,
}

impl MailboxSettings {
    /// A mailbox as it is where the configuration says no more than this.
    #[must_use]
    pub fn new(name: &str, address: EmailAddress, display_name: &str) -> Self {
        Self {
            name: name.to_owned(),
            address,
            display_name: display_name.to_owned(),
            way_in: WayIn::Folder,
            mode: Mode::Live,
            take_existing: TakeExisting::None,
            first_connection: FirstConnection::Ask,
            list_mail: ListMail::Hold,
            authserv_id: None,
            sub_addressing: SubAddressing::Plus,
            notices: StatusNotice::WORDS.iter().map(|(_, it)| *it).collect(),
            receipt: Receipt::Send,
            satisfaction: Satisfaction::Ask,
            sender_name: SenderName::Desk,
            portal: Portal::Offer,
            probe_every: None,
            oauth: None,
            work: AtWork::Yes,
        }
    }

    /// Whether mail leaves it: it is live, and not paused.
    #[must_use]
    pub fn sends(&self) -> bool {
        (self.mode, self.work) == (Mode::Live, AtWork::Yes)
    }

    /// How often it writes to itself, to see it come back; none: never. A mailbox that sends nothing does not.
    #[must_use]
    pub fn probes(&self) -> Option<SignedDuration> {
        match (self.mode, self.work) {
            (Mode::Live, AtWork::Yes) => self.probe_every,
            (Mode::Shadow, _) | (_, AtWork::Paused) => None,
        }
    }

    /// The mailbox as a header names it when no helper's name stands beside it.
    #[must_use]
    pub fn named(&self) -> Named {
        Named { name: Some(self.display_name.clone()), address: self.address.clone() }
    }
}

impl Default for DeskSettings {
    /// What holds where the file says nothing.
    fn default() -> Self {
        Self {
            name: "Support".to_owned(),
            time_zone: TimeZone::UTC,
            helpers_see: Reach::Unassigned,
            helpers_assign: HelpersAssign::Myself,
            close_after: SignedDuration::from_hours(7 * 24),
            reopen_within: SignedDuration::from_hours(30 * 24),
            undo_window: SignedDuration::from_secs(10),
            alarm_after: SignedDuration::from_mins(10),
            alarm_free: 500 * 1024 * 1024,
            max_message_bytes: 50 * 1024 * 1024,
            keep_raw: None,
            budgets: Budgets::default(),
            audit_keep: SignedDuration::from_hours(730 * 24),
            sessions: SessionLimits::default(),
            backup: None,
        }
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            new_per_sender_hour: 20,
            per_ticket_hour: 30,
            automatic_per_address_hour: 5,
            automatic_per_address_day: 20,
            automatic_per_domain_hour: 100,
            automatic_per_hour: 1000,
        }
    }
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle: SignedDuration::from_hours(12), absolute: SignedDuration::from_hours(14 * 24) }
    }
}
