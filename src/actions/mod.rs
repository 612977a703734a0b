//! What may be done: one verb a file, one transaction, ending at one door (`door.rs`) that records the events, owes the mail
//! they call for, and commits. No change can forget its history line or its notification.

use std::sync::Arc;

use crate::{
    auth::keys::Keys,
    clock::Clock,
    desk::{
        address::EmailAddress,
        correction::CannotCorrect,
        health::LastRound,
        id::{CommentId, MailboxId},
        permission::{Act, Rules, Verdict, may},
        person::Person,
        present::Present,
        public_url::PublicUrl,
        settings::{DeskSettings, MailboxSettings},
        ticket::NoSuchStep,
    },
    mail::compose::ComposeError,
    store::{Store, StoreError},
    templates::Templates,
};

mod ahead;
pub mod alarm;
pub mod assign;
pub mod audit;
mod brought;
mod carry_out;
pub mod change_ticket;
mod commands;
pub mod connect_mailbox;
mod correct;
pub mod deliveries;
pub mod digest;
mod door;
pub mod drafts;
pub mod due;
pub mod edit;
pub mod erase;
pub mod existing_mail;
pub mod expire_raw;
mod facts;
mod follow;
pub mod hand_back;
pub mod held;
pub mod hours;
pub mod import;
mod letters;
pub mod link_tickets;
pub mod mail_templates;
mod mail_words;
pub mod make_token;
pub mod manage_tags;
pub mod merge;
pub mod move_message;
pub mod once;
mod open_forwarded;
pub mod open_ticket;
mod own_letter;
pub mod own_profile;
pub mod participants;
pub mod people;
pub mod placeholders;
pub mod presence;
pub mod rate;
pub mod read_again;
pub mod read_held;
pub mod receive_message;
pub mod replay;
pub mod reply;
pub mod revoke_token;
pub mod round_trip;
pub mod rules;
pub mod saved_replies;
pub mod saved_views;
mod say;
pub mod sender_rules;
pub mod set_status;
pub mod settings;
pub mod sign_in;
pub mod signatures;
pub mod snooze;
pub mod spam;
mod staff_words;
pub mod stale;
mod status_notices;
pub mod tag;
pub mod take_back;
pub mod tokens;
pub mod try_mailbox;
pub mod two_factor;
pub mod undo_change;
pub mod undo_correction;
pub mod use_token;
pub mod visits;
pub mod web_mailboxes;
pub mod withdraw_reply;
pub mod write_note;

pub use door::transact;
pub use say::NewFile;

/// What every action needs: where things are kept, what time it is, and what the configuration says.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The memory.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// `[desk]`, and what was chosen on the web.
    pub settings: Present<DeskSettings>,
    /// `[[mailbox]]` with their rows, and what was chosen on the web.
    pub mailboxes: Present<Mailboxes>,
    /// What is signed with.
    pub keys: Keys,
    /// Where people reach the panel.
    pub url: PublicUrl,
    /// Pages and mail.
    pub templates: Arc<Templates>,
    /// Tells the senders that something waits.
    pub outbox_grew: Arc<tokio::sync::watch::Sender<u64>>,
    /// What is well and what is not, as the last round found it.
    pub health: LastRound,
    /// Tells that the access token of a mailbox came, or was refused.
    pub tokens_moved: Arc<tokio::sync::watch::Sender<u64>>,
}

impl Desk {
    /// The settings that change the table of permissions.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules { reach: self.settings.helpers_see, helpers_assign: self.settings.helpers_assign }
    }

    /// What a mailbox is called; its number where it is none of this desk's any more.
    #[must_use]
    pub fn name_of(&self, id: MailboxId) -> String {
        self.mailboxes.iter().find(|(it, _)| *it == id).map_or_else(|| id.to_string(), |(_, it)| it.name.clone())
    }

    /// Signs what an answer is known again by (`desk/token.rs`).
    #[must_use]
    pub fn sign(&self, text: &str) -> [u8; 32] {
        self.keys.mac("mail", &[text.as_bytes()])
    }

    /// Signs what a customer says how it was by (`desk/rating.rs`).
    #[must_use]
    pub fn sign_rating(&self, text: &str) -> [u8; 32] {
        self.keys.mac("rating", &[text.as_bytes()])
    }

    /// Refuses what `who` may not do.
    ///
    /// # Errors
    /// [`ActionError::Missing`] or [`ActionError::Forbidden`].
    pub fn allow(&self, who: &Person, what: Act) -> Result<()> {
        match may(who, what, self.rules()) {
            Verdict::Allowed => Ok(()),
            Verdict::Missing => Err(ActionError::Missing("ticket")),
            Verdict::Forbidden => Err(ActionError::Forbidden),
        }
    }
}

/// The mailboxes of the configuration, each with its row.
#[derive(Clone, Debug, Default)]
pub struct Mailboxes(Vec<(MailboxId, MailboxSettings)>);

impl Mailboxes {
    /// In the order of the configuration.
    #[must_use]
    pub fn new(all: Vec<(MailboxId, MailboxSettings)>) -> Self {
        Self(all)
    }

    /// All, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = (MailboxId, &MailboxSettings)> {
        self.0.iter().map(|(id, settings)| (*id, settings))
    }

    /// One; a row whose mailbox is no longer configured is answered for by the first.
    #[must_use]
    pub fn get(&self, id: MailboxId) -> Option<&MailboxSettings> {
        self.answering(id).map(|(_, settings)| settings)
    }

    /// The same with its row: whose outbox takes the mail.
    #[must_use]
    pub fn answering(&self, id: MailboxId) -> Option<(MailboxId, &MailboxSettings)> {
        self.0.iter().find(|(it, _)| *it == id).or(self.0.first()).map(|(id, settings)| (*id, settings))
    }

    /// The first that sends: live, and not paused.
    #[must_use]
    pub fn sending(&self) -> Option<(MailboxId, &MailboxSettings)> {
        self.iter().find(|(_, it)| it.sends())
    }

    /// Whether mail to this address comes back to us.
    #[must_use]
    pub fn is_ours(&self, address: &EmailAddress) -> bool {
        self.0.iter().any(|(_, it)| it.address == *address || it.address == address.without_detail())
    }
}

/// The complete list of what can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// It does not exist, or not for this person: the two look the same.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// It exists, and is not theirs to do.
    #[error("this is not yours to do; ask an admin")]
    Forbidden,
    /// Somebody changed the ticket since the page was made.
    #[error("somebody changed the ticket since this page was opened; look at what changed and do it again")]
    Stale,
    /// Somebody wrote since the page was made: the safety catch.
    #[error("somebody wrote on the ticket since this page was opened; read it, then send again")]
    NewWords {
        /// What was written, oldest first.
        comments: Vec<CommentId>,
    },
    /// The ticket has a reply that was not sent: whoever resolves it is asked first.
    #[error("a reply to {} was not sent; look at it, or say that it does not matter", addresses.join(", "))]
    Unsent {
        /// To whom, a few of them.
        addresses: Vec<String>,
    },
    /// It is too late, or it is done already.
    #[error("{0}")]
    Conflict(String),
    /// A move, merge or its undoing that does not fit how the tickets are now.
    #[error(transparent)]
    CannotCorrect(#[from] CannotCorrect),
    /// A status that cannot follow.
    #[error(transparent)]
    NoSuchStep(#[from] NoSuchStep),
    /// What was typed cannot be taken.
    #[error("{why}")]
    Invalid {
        /// The form's field.
        field: &'static str,
        /// The sentence below it.
        why: String,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A mail cannot be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// A fault of our own.
    #[error("a fault of maildesk itself: {0}; please report it")]
    Panicked(String),
}

/// What kind of refusal it is: an HTTP status, a page, a problem document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 404.
    Missing,
    /// 403.
    Forbidden,
    /// 409.
    Conflict,
    /// 422.
    Invalid,
    /// 500: ours; the cause is logged and not shown.
    Broken,
}

impl ActionError {
    /// Whether the database or the disk is at fault, in a way that may pass ([`StoreError::is_passing`]).
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_passing())
    }

    /// Whether another transaction was in the way ([`StoreError::is_lost_race`]).
    #[must_use]
    pub fn is_lost_race(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost_race())
    }

    /// Whether the connection to the database ended before the change was made ([`StoreError::is_lost_connection`]).
    #[must_use]
    pub fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost_connection())
    }

    /// Which kind this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Missing(_) => Kind::Missing,
            Self::Forbidden => Kind::Forbidden,
            Self::Stale | Self::NewWords { .. } | Self::Unsent { .. } | Self::Conflict(_) | Self::CannotCorrect(_) => Kind::Conflict,
            Self::NoSuchStep(_) | Self::Invalid { .. } => Kind::Invalid,
            Self::Store(StoreError::Erased | StoreError::Expired) => Kind::Conflict,
            Self::Store(_) | Self::Compose(_) | Self::Panicked(_) => Kind::Broken,
        }
    }
}

/// The words of a panic, as far as it has any.
#[must_use]
pub fn what_panicked(cause: &(dyn std::any::Any + Send)) -> String {
    let words = cause.downcast_ref::<&str>().map(|it| (*it).to_owned()).or_else(|| cause.downcast_ref::<String>().cloned());
    words.unwrap_or_else(|| "no words were left".to_owned())
}

/// Every action's answer.
pub type Result<T> = std::result::Result<T, ActionError>;
