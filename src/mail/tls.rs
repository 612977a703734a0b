//! A connection to a mail server, protected as the account says, before either protocol speaks on it.

mod starttls;

use std::{error::Error as _, fmt, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use rustls::{
    CertificateError, ClientConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::Verifier;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{
    desk::mailbox::{MailServer, Tls},
    mail::certificate,
};

/// How long a silent peer is trusted before the kernel asks whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Which protocol asks for TLS where it is asked for in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Imap,
    Smtp,
    /// Asks nobody: it has addresses with TLS, and such without.
    Http,
}

/// A connected stream, plain or protected.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug> Socket for T {}

/// A connection that may be spoken on.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: Box<dyn Socket>,
    pub(super) peer: SocketAddr,
    /// Whether the server has greeted already, and will not again.
    pub(super) greeted: bool,
}

/// Why there is no connection that may be spoken on.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No such name, nobody listens there, or the way is barred.
    #[error("cannot reach {server}: {why}; is the name right, is the server up, and does a firewall let this machine through?")]
    Unreachable {
        /// `host:port`.
        server: String,
        /// What the system says.
        why: io::Error,
    },
    /// The other side took too long.
    #[error("{server} gave no answer within {} s while {doing}", limit.as_secs())]
    TimedOut {
        /// `host:port`.
        server: String,
        /// What was waited for.
        doing: &'static str,
        /// How long.
        limit: Duration,
    },
    /// `tls = "none"` to another machine.
    #[error("{server} is not this machine, and tls = \"none\" is allowed to this machine only; use \"implicit\" or \"starttls\"")]
    PlainToElsewhere {
        /// `host:port`.
        server: String,
    },
    /// The file with the private CA.
    #[error("ca_file {}: {why}; it has to hold certificates in PEM", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// No protected connection came about.
    #[error("no TLS with {server}: {why}")]
    Tls {
        /// `host:port`.
        server: String,
        /// What is wrong, and the mend where there is one.
        why: String,
    },
    /// STARTTLS is not among what the server offers: it cannot, or somebody in between took it out.
    #[error(
        "{server} offers no STARTTLS, so nobody signs in there; use tls = \"implicit\" with its TLS port, or find out who takes STARTTLS out of the connection"
    )]
    NoStartTls {
        /// `host:port`.
        server: String,
    },
    /// The server said something else than it should have, before TLS.
    #[error("{server} will not talk to us: {words}")]
    Refused {
        /// `host:port`.
        server: String,
        /// Its words.
        words: String,
    },
}

/// Connects, and protects the connection as the account says.
pub(super) async fn connect(server: &MailServer, protocol: Protocol, limit: Duration) -> Result<Link, ConnectError> {
    let tcp = within(server, "connecting", limit, reach(server)).await?;
    let unreachable = |why| ConnectError::Unreachable { server: server.to_string(), why };
    let peer = tcp.peer_addr().map_err(unreachable)?;
    if server.tls == Tls::None && !is_this_machine(peer) {
        return Err(ConnectError::PlainToElsewhere { server: server.to_string() });
    }
    tcp.set_nodelay(true).map_err(unreachable)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4).with_retries(4);
    SockRef::from(&tcp).set_tcp_keepalive(&keepalive).map_err(unreachable)?;
    let handshake = "agreeing on TLS";
    Ok(match server.tls {
        Tls::None => Link { stream: Box::new(tcp), peer, greeted: false },
        Tls::Implicit => {
            let stream = within(server, handshake, limit, protect(server, tcp)).await?;
            Link { stream, peer, greeted: false }
        }
        Tls::StartTls => {
            let tcp = within(server, "asking for STARTTLS", limit, starttls::ask(server, protocol, tcp)).await?;
            let stream = within(server, handshake, limit, protect(server, tcp)).await?;
            Link { stream, peer, greeted: true }
        }
    })
}

fn is_this_machine(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

async fn within<T>(
    server: &MailServer,
    doing: &'static str,
    limit: Duration,
    done: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    timeout(limit, done).await.unwrap_or_else(|_| Err(ConnectError::TimedOut { server: server.to_string(), doing, limit }))
}

async fn reach(server: &MailServer) -> Result<TcpStream, ConnectError> {
    let host = server.host.trim_start_matches('[').trim_end_matches(']');
    TcpStream::connect((host, server.port)).await.map_err(|why| ConnectError::Unreachable { server: server.to_string(), why })
}

async fn protect(server: &MailServer, tcp: TcpStream) -> Result<Box<dyn Socket>, ConnectError> {
    let fault = |why: String| ConnectError::Tls { server: server.to_string(), why };
    let config = trust(server)?;
    let host = server.host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let name = ServerName::try_from(host).map_err(|_| fault(format!("`{}` is no name that a certificate can be for", server.host)))?;
    match TlsConnector::from(config).connect(name, tcp).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(fault(in_plain_words(server, &error))),
    }
}

/// Whom we believe: the system's certificate authorities, and those of `ca_file`.
fn trust(server: &MailServer) -> Result<Arc<ClientConfig>, ConnectError> {
    let mut extra = Vec::new();
    if let Some(path) = &server.ca_file {
        let fault = |why: String| ConnectError::CaFile { path: path.clone(), why };
        let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| fault(error.to_string()));
        extra = found?;
        if extra.is_empty() {
            return Err(fault("there is no certificate in it".to_owned()));
        }
    }
    let fault = |error: rustls::Error| ConnectError::Tls { server: server.to_string(), why: error.to_string() };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(extra, provider.clone()).map_err(fault)?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(fault)?;
    Ok(Arc::new(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()))
}

fn in_plain_words(server: &MailServer, error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(fault)) => certificate_fault(server, fault),
        Some(rustls::Error::InvalidMessage(_)) => {
            "what answers there does not speak TLS; is this a port for tls = \"starttls\"?".to_owned()
        }
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection; is this a port for tls = \"starttls\"?".to_owned()
        }
        None => error.source().map_or_else(|| error.to_string(), ToString::to_string),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what rustls finds wrong with certificates grows")]
fn certificate_fault(server: &MailServer, fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => {
            "nobody we trust has signed its certificate; name the certificate of its CA as ca_file".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("its certificate is not for `{}`; use the name that it is for", server.host)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is this machine’s clock right?".to_owned()
        }
        other => certificate::refused(other),
    }
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn plain_words_go_to_this_machine_only() {
        for (peer, ours) in
            [("127.0.0.1:25", true), ("[::1]:25", true), ("[::ffff:127.1.2.3]:25", true), ("10.0.0.1:25", false), ("[fe80::1]:25", false)]
        {
            assert_eq!(is_this_machine(peer.parse().unwrap()), ours, "{peer}");
        }
    }
}
