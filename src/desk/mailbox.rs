//! Where mail is taken from and given to: the accounts on other people's servers.

use std::{fmt, path::PathBuf};

use secrecy::SecretString;

use super::{oauth::CurrentToken, settings::TakeExisting};

/// How a connection to a mail server is protected (RFC 8314).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first octet: usually port 993 (IMAP) or 465 (SMTP).
    Implicit,
    /// Plain until `STARTTLS`, which the server must offer; without it nothing is said and nobody signs in.
    StartTls,
    /// No protection: to this machine alone.
    None,
}

/// A mail server, and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// Name or address, without a port.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Certificates in PEM that are trusted besides the system's: the CA of one's own house.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Display for MailServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// With what somebody signs in to a mail server.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// A password.
    Password(SecretString),
    /// An access token of OAuth 2.0, which somebody else keeps good.
    Token(CurrentToken),
}

impl SignIn {
    /// Where the access token is; none: it is a password.
    #[must_use]
    pub fn token(&self) -> Option<&CurrentToken> {
        match self {
            Self::Token(current) => Some(current),
            Self::Password(_) => None,
        }
    }
}

impl From<&str> for SignIn {
    fn from(password: &str) -> Self {
        Self::Password(password.into())
    }
}

/// One folder on an IMAP server, and who reads it.
#[derive(Clone, Debug)]
pub struct ImapAccount {
    /// The server.
    pub server: MailServer,
    /// Who signs in.
    pub user: String,
    /// With what.
    pub sign_in: SignIn,
    /// The folder that is watched, in plain UTF-8: `INBOX`.
    pub folder: String,
    /// Where a message goes once it is taken in, in plain UTF-8; none: it stays.
    pub done_folder: Option<String>,
}

/// A server that takes outgoing mail.
#[derive(Clone, Debug)]
pub struct SmtpAccount {
    /// The server.
    pub server: MailServer,
    /// Who signs in, with what; none: nobody does, the server knows this machine.
    pub sign_in: Option<(String, SignIn)>,
    /// Connections at one time, at least 1.
    pub connections: usize,
}

/// How many messages would be taken of those that lie in a folder, of which `unread` nobody has read; none where the server does not
/// say how many those are.
#[must_use]
pub fn would_take(take: TakeExisting, there: u32, unread: Option<u32>) -> Option<u32> {
    match take {
        TakeExisting::None => Some(0),
        TakeExisting::Unseen => unread.map(|it| it.min(there)),
        TakeExisting::All => Some(there),
    }
}
