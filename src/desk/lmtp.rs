//! The door through which a mail server hands mail over (LMTP, RFC 2033).

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use crate::desk::network::Network;

/// `[lmtp]`: where it is, and who may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LmtpDoor {
    /// Where it is.
    pub at: LmtpPlace,
    /// Who may come besides this machine.
    pub allow: Vec<Network>,
}

/// Where mail is handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LmtpPlace {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system, with the bits of who may write to it: `0o660`.
    Unix(PathBuf, u32),
}

impl LmtpDoor {
    /// Whether somebody may hand mail over: this machine may, and who is named. There is no sign-in.
    #[must_use]
    pub fn admits(&self, peer: IpAddr) -> bool {
        peer.to_canonical().is_loopback() || self.allow.iter().any(|it| it.contains(peer))
    }
}

impl fmt::Display for LmtpPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(at) => at.fmt(f),
            Self::Unix(path, _) => write!(f, "unix:{}", path.display()),
        }
    }
}
