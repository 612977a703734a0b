//! Handing finished messages to a server, one recipient at a time, each step with its own outcome (RFC 5321).
//!
//! lettre frames commands and reads replies. Connecting, TLS, time limits, the number of connections and the bounds on
//! what a server may say are ours: lettre's time limit covers connecting alone, and its pool caps idle connections only.

mod fence;
mod hand_over;
mod limit;
mod pool;
mod session;
mod sign_in;

use std::time::Duration;

pub use fence::Fence;
pub use pool::SmtpPool;
pub use session::SmtpError;

/// How long each step may take (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug)]
pub struct SmtpLimits {
    /// To connect, and again to agree on TLS.
    pub connect: Duration,
    /// For the answer to each command before a recipient is named: what is wrong then is wrong with the server, and it is found so soon.
    pub hello: Duration,
    /// For the answer to any command about a recipient.
    pub command: Duration,
    /// To transfer the message, besides what its size calls for at 10 KB/s.
    pub transfer: Duration,
    /// For the answer to the message: long, because giving up here is not knowing.
    pub after_message: Duration,
    /// How long a connection without work is kept.
    pub idle: Duration,
}

impl Default for SmtpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            hello: Duration::from_secs(50),
            command: Duration::from_secs(120),
            transfer: Duration::from_secs(180),
            after_message: Duration::from_secs(600),
            idle: Duration::from_secs(20),
        }
    }
}

/// What `maildesk check` found out about a server for outgoing mail; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpFindings {
    /// The server's name for itself.
    pub name: String,
    /// The largest message it takes, in octets, where it says so (RFC 1870); 0: it sets no limit.
    pub largest: Option<u64>,
    /// Whether it takes addresses outside ASCII (RFC 6531).
    pub takes_utf8: bool,
    /// Whether somebody signed in.
    pub signed_in: bool,
}
