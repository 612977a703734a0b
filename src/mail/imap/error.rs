//! What can go wrong with an IMAP server: the thing, and the mend.

use std::time::Duration;

use super::super::{bounded::Struck, tls::ConnectError};

/// Why an IMAP session cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ImapError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The sign-in was refused: trying again soon can lock the account.
    #[error("{server} refuses the sign-in of {user}: {words}; enter the right imap.user and imap.password")]
    SignInRefused {
        /// `host:port`.
        server: String,
        /// Who.
        user: String,
        /// The server's words.
        words: String,
    },
    /// The access token was refused: trying it again changes nothing, a newer one may.
    #[error(
        "{server} refuses the access token of {user}: {words}; if it goes on, connect the mailbox again on the panel’s page Mail, and see \
         that IMAP is allowed to this account"
    )]
    TokenRefused {
        /// `host:port`.
        server: String,
        /// Who.
        user: String,
        /// The server's words.
        words: String,
    },
    /// There is no access token to sign in with.
    #[error("nobody can sign in to {server} as {user}: {why}")]
    NoToken {
        /// `host:port`.
        server: String,
        /// Who.
        user: String,
        /// Why, and the mend.
        why: String,
    },
    /// The server knows neither way to say an access token.
    #[error(
        "{server} offers no sign-in with an access token (XOAUTH2, OAUTHBEARER); is it the server of the provider, or is this a mailbox \
         for imap.password?"
    )]
    TakesNoTokens {
        /// `host:port`.
        server: String,
    },
    /// The folder is not there, or not for us.
    #[error("{server} does not open the folder `{folder}`: {words}; write imap.folder as the server names it")]
    FolderMissing {
        /// `host:port`.
        server: String,
        /// The folder, in plain UTF-8.
        folder: String,
        /// The server's words.
        words: String,
    },
    /// A name that no folder can have.
    #[error("`{name}` cannot be a folder: its name has a control character or is empty")]
    FolderName {
        /// As it was given.
        name: String,
    },
    /// A command was answered NO or BAD; the session goes on.
    #[error("{server} refuses: {words}")]
    Refused {
        /// `host:port`.
        server: String,
        /// The server's words.
        words: String,
    },
    /// The session is over: closed, broken off, or no IMAP any more.
    #[error("{server} broke off: {why}")]
    Lost {
        /// `host:port`.
        server: String,
        /// What happened.
        why: String,
    },
    /// The server was silent for too long; the session is over.
    #[error("{server} gave no answer within {} s", limit.as_secs())]
    TimedOut {
        /// `host:port`.
        server: String,
        /// How long.
        limit: Duration,
    },
    /// What was to be done on the server may be another's to do by now.
    #[error("nothing more is done on {server}: another instance may read this mailbox by now")]
    TooLate {
        /// `host:port`.
        server: String,
    },
    /// The server sent more than it may; the session is over.
    #[error("{server} broke a bound: {bound}")]
    Bound {
        /// `host:port`.
        server: String,
        /// Which one.
        bound: String,
    },
}

impl ImapError {
    /// Whether the session may be used further.
    #[must_use]
    pub fn session_goes_on(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::FolderName { .. })
    }

    pub(super) fn bound(server: &str, struck: Struck) -> Self {
        Self::Bound { server: server.to_owned(), bound: struck.to_string() }
    }
}
