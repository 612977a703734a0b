//! One connection to a server for outgoing mail, ready to take messages.

use std::time::{Duration, Instant};

use lettre::transport::smtp::{
    Error as LettreError,
    client::AsyncSmtpConnection,
    extension::{ClientId, Extension},
    response::Response,
};
use tokio::time::timeout;

use super::{SmtpFindings, SmtpLimits, sign_in::sign_in};
use crate::{
    desk::mailbox::SmtpAccount,
    mail::{
        bounded::{FinalDot, ReplyBound, words},
        tls::{self, ConnectError, Protocol},
    },
};

/// Why a server for outgoing mail cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The sign-in was refused.
    #[error("{server} refuses the sign-in of {user}: {words}; enter the right smtp.user and smtp.password")]
    SignIn {
        /// `host:port`.
        server: String,
        /// Who.
        user: String,
        /// The server's words.
        words: String,
    },
    /// The server lets nobody sign in, or not in a way that we know.
    #[error("{server} offers no sign-in by PLAIN or LOGIN; leave out smtp.user and smtp.password, or use its port for submission")]
    NoSignIn {
        /// `host:port`.
        server: String,
    },
    /// The access token was refused: trying it again changes nothing, a newer one may.
    #[error(
        "{server} refuses the access token of {user}: {words}; if it goes on, connect the mailbox again on the panel’s page Mail, and see \
         that SMTP with sign-in (SMTP AUTH) is allowed to this account"
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
        "{server} offers no sign-in with an access token (XOAUTH2, OAUTHBEARER); use its port for submission, and see that SMTP with \
         sign-in (SMTP AUTH) is allowed to this account"
    )]
    TakesNoTokens {
        /// `host:port`.
        server: String,
    },
    /// It wants nothing of us now (421).
    #[error("{server} wants no mail from us now: {words}")]
    Busy {
        /// `host:port`.
        server: String,
        /// The server's words.
        words: String,
    },
    /// It answered the greeting, EHLO or NOOP with a refusal.
    #[error("{server} will not talk to us: {words}")]
    Refused {
        /// `host:port`.
        server: String,
        /// The server's words.
        words: String,
    },
    /// It said what is no SMTP, or went away.
    #[error("{server} broke off: {why}")]
    Lost {
        /// `host:port`.
        server: String,
        /// What happened.
        why: String,
    },
    /// It was silent.
    #[error("{server} gave no answer within {} s", limit.as_secs())]
    TimedOut {
        /// `host:port`.
        server: String,
        /// How long.
        limit: Duration,
    },
}

/// What came of one command.
pub(super) enum Step {
    /// A positive reply: its code and words.
    Done(String),
    /// A negative one.
    Refused { code: u16, words: String },
    /// No reply, or none that can be read; the connection is of no use any more.
    Lost(String),
}

pub(super) struct Session {
    pub(super) connection: AsyncSmtpConnection,
    pub(super) limits: SmtpLimits,
    dot: FinalDot,
    pub(super) messages: u32,
    pub(super) idle_since: Instant,
}

impl Session {
    /// Connects and signs in.
    pub(super) async fn open(account: &SmtpAccount, limits: SmtpLimits) -> Result<Self, SmtpError> {
        let link = tls::connect(&account.server, Protocol::Smtp, limits.connect).await?;
        let stream = ReplyBound::new(link);
        let dot = stream.dot();
        let server = account.server.to_string();
        let hello = ClientId::default();
        let greeted = timeout(limits.hello, AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello)).await;
        let connection = match step(greeted, limits.hello) {
            Ok(connection) => connection,
            Err(fault) => return Err(fault.about(server)),
        };
        let mut session = Self { connection, limits, dot, messages: 0, idle_since: Instant::now() };
        sign_in(&mut session, account).await?;
        Ok(session)
    }

    /// What the server said of itself.
    pub(super) fn findings(&self, account: &SmtpAccount, largest: Option<u64>) -> SmtpFindings {
        let info = self.connection.server_info();
        SmtpFindings {
            name: words(info.name()),
            largest,
            takes_utf8: info.supports_feature(Extension::SmtpUtfEight),
            signed_in: account.sign_in.is_some(),
        }
    }

    pub(super) fn takes_utf8(&self) -> bool {
        self.connection.server_info().supports_feature(Extension::SmtpUtfEight)
    }

    pub(super) fn takes_8bit(&self) -> bool {
        self.connection.server_info().supports_feature(Extension::EightBitMime)
    }

    /// One command, one reply. `line` is without its end and holds no control characters.
    pub(super) async fn command(&mut self, line: &str) -> Step {
        if line.chars().any(char::is_control) {
            return Step::Lost("a control character was about to be sent as part of a command".to_owned());
        }
        let limit = if line.starts_with("MAIL") { self.limits.hello } else { self.limits.command };
        let said = timeout(limit, self.connection.command(format!("{line}\r\n"))).await;
        step(said, limit).into()
    }

    /// The message itself, after DATA was agreed to; in pieces, so that a large one is not copied.
    pub(super) async fn message(&mut self, octets: &[u8]) -> Step {
        self.messages += 1;
        self.dot.forget();
        let allowance = Duration::from_secs(octets.len() as u64 / 10_000);
        let limit = self.limits.transfer + allowance + self.limits.after_message;
        let said = timeout(limit, self.connection.message_iter(octets.chunks(64 * 1024))).await;
        step(said, limit).into()
    }

    /// Whether the last message may have become the server's, although no answer said so.
    pub(super) fn gave_all(&self) -> bool {
        self.dot.has_left()
    }

    /// Says goodbye; what comes of it does not matter.
    pub(super) async fn quit(mut self) {
        timeout(Duration::from_secs(5), self.connection.quit()).await.ok();
    }
}

pub(super) enum Fault {
    Reply { code: u16, words: String },
    Lost(String),
    TimedOut(Duration),
}

impl Fault {
    pub(super) fn about(self, server: String) -> SmtpError {
        match self {
            Self::Reply { code: 421 | 454, words } => SmtpError::Busy { server, words },
            Self::Reply { words, .. } => SmtpError::Refused { server, words },
            Self::Lost(why) => SmtpError::Lost { server, why },
            Self::TimedOut(limit) => SmtpError::TimedOut { server, limit },
        }
    }
}

pub(super) fn step<T>(said: Result<Result<T, LettreError>, tokio::time::error::Elapsed>, limit: Duration) -> Result<T, Fault> {
    match said {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(match error.status() {
            Some(code) => {
                let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                Fault::Reply { code: code.into(), words: words(&format!("{code} {text}")) }
            }
            None => Fault::Lost(words(&error.to_string())),
        }),
        Err(_) => Err(Fault::TimedOut(limit)),
    }
}

impl From<Result<Response, Fault>> for Step {
    fn from(said: Result<Response, Fault>) -> Self {
        match said {
            Ok(response) => {
                let text: Vec<&str> = response.message().collect();
                Self::Done(words(&format!("{} {}", response.code(), text.join(" "))))
            }
            Err(Fault::Reply { code, words }) => Self::Refused { code, words },
            Err(Fault::Lost(why)) => Self::Lost(why),
            Err(Fault::TimedOut(limit)) => Self::Lost(format!("no answer within {} s", limit.as_secs())),
        }
    }
}
