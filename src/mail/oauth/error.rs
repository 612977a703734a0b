//! Why an authorisation server gives no token, and the mend.

use super::super::{http::HttpError, tls::ConnectError};
use crate::desk::oauth::{Flow, OAuthClient, Remedy};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// The authorisation server cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It did not answer as a web server does.
    #[error("{server}: {why}; it is tried again")]
    NoAnswer {
        /// `host:port`.
        server: String,
        /// What happened.
        why: HttpError,
    },
    /// It answered, and what it said makes no sense.
    #[error("{server} answered with HTTP {status} and {why}; is token_url the address where it gives tokens?")]
    NotUnderstood {
        /// `host:port`.
        server: String,
        /// The three digits.
        status: u16,
        /// What is odd about it.
        why: &'static str,
    },
    /// It is in trouble itself.
    #[error("{server} is in trouble (HTTP {status}); it is tried again")]
    InTrouble {
        /// `host:port`.
        server: String,
        /// 429, or 500 to 599.
        status: u16,
    },
    /// It refused (RFC 6749 §5.2).
    #[error("{plain} ({words})")]
    Refused {
        /// What that means, with the mend.
        plain: &'static str,
        /// `invalid_grant: Token has been expired or revoked.`
        words: String,
        /// What helps.
        remedy: Remedy,
    },
    /// A person agreed, and yet there will be no renewal.
    #[error("{0}")]
    NoRefreshToken(&'static str),
}

impl OAuthError {
    /// What helps.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Connect(_) | Self::NoAnswer { .. } | Self::InTrouble { .. } => Remedy::Wait,
            Self::NotUnderstood { .. } | Self::NoRefreshToken(_) => Remedy::Configure,
            Self::Refused { remedy, .. } => *remedy,
        }
    }

    /// What a word of RFC 6749 §5.2 means to somebody who runs a desk.
    pub(super) fn refused(client: &OAuthClient, error: &str, words: String) -> Self {
        let (plain, remedy) = match (error, client.flow) {
            ("invalid_grant", Flow::Code) => (
                "the authorisation is over: it was withdrawn, it ran out, or the account’s password changed; connect the mailbox again on \
                 the page Mail of the panel",
                Remedy::Connect,
            ),
            // Microsoft’s answers where a person has to sign in anew, with a second factor for instance.
            ("interaction_required" | "login_required" | "consent_required", _) => (
                "the account has to sign in anew or an administrator has to consent; connect the mailbox again on the page Mail of the panel",
                Remedy::Connect,
            ),
            ("invalid_client", _) => (
                "the authorisation server does not know this application, or its client_secret is wrong or has ended; make a new secret, \
                 write it as client_secret, and restart",
                Remedy::Configure,
            ),
            ("unauthorized_client", _) => (
                "the application may not ask for tokens in this way; allow the flow in its registration, and see tenant and flow",
                Remedy::Configure,
            ),
            ("invalid_scope", _) => (
                "the authorisation server does not give what scope asks for; see scope, and the permissions of the application",
                Remedy::Configure,
            ),
            ("unsupported_grant_type" | "invalid_request" | "invalid_grant", _) => {
                ("the authorisation server does not take the question; see token_url, flow and client_authentication", Remedy::Configure)
            }
            ("access_denied", _) => ("consent was refused; connect the mailbox again, and agree", Remedy::Connect),
            ("temporarily_unavailable" | "server_error" | "slow_down", _) => {
                ("the authorisation server is in trouble; it is tried again", Remedy::Wait)
            }
            (_, Flow::Code) => ("the authorisation server refuses; if it goes on, connect the mailbox again", Remedy::Wait),
            (_, Flow::ClientCredentials) => ("the authorisation server refuses; see the registration of the application", Remedy::Wait),
        };
        Self::Refused { plain, words, remedy }
    }
}
