//! The panel as people reach it: its public URL, asked from this machine.

use std::{io, sync::Arc, time::Duration};

use rustls::{CertificateError, ClientConfig, pki_types::ServerName};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

use crate::{
    desk::public_url::{PublicUrl, Scheme},
    mail::{
        certificate,
        http::{self, Answer, Question},
    },
};

const PATIENCE: Duration = Duration::from_secs(10);

/// Why a public URL gave no answer: the thing, and the mend.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Its name is unknown.
    #[error("its name does not resolve: {0}; add it to your DNS, or mend the URL")]
    NoName(io::Error),
    /// Nobody says whether its name is known.
    #[error("its name does not resolve within 10 s; see this machine’s DNS")]
    SilentDns,
    /// Nobody listens there.
    #[error("nothing answers: {0}; start maildesk serve, and the proxy before it")]
    Nobody(io::Error),
    /// Nobody answers this machine.
    #[error("nothing answers within 10 s; people may still reach it where this machine does not")]
    Silence,
    /// What answers is not what it should be: its certificate, or its protocol.
    #[error("{0}")]
    Strange(String),
}

/// Asks a public URL for `/healthz`, as a browser would reach it; no redirect is followed.
///
/// # Errors
/// When there is no answer.
pub async fn healthz(url: &PublicUrl) -> Result<Answer, NoAnswer> {
    let place = (url.host().trim_matches(['[', ']']).to_owned(), url.port());
    let found = timeout(PATIENCE, tokio::net::lookup_host(place.clone())).await.map_err(|_| NoAnswer::SilentDns)?;
    found.map(drop).map_err(NoAnswer::NoName)?;
    let stream = timeout(PATIENCE, TcpStream::connect(place)).await.map_err(|_| NoAnswer::Silence)?.map_err(NoAnswer::Nobody)?;
    let question = Question { host: url.host().to_owned(), path: "/healthz".to_owned(), form: None, authorization: None };
    let answer = match url.scheme() {
        Scheme::Http => http::ask(stream, question, PATIENCE).await,
        Scheme::Https => http::ask(encrypted(stream, url).await?, question, PATIENCE).await,
    };
    answer.map_err(|why| NoAnswer::Strange(why.to_string()))
}

/// What is wrong with an answer to `/healthz`; none: maildesk answers. Only maildesk serves this page with one of its two states.
#[must_use]
pub fn fault(answer: &Answer) -> Option<String> {
    Some(match answer.status {
        200 | 503 => return None,
        301 | 302 | 307 | 308 => "sends to another address; write that one as public_url, or mend the proxy".to_owned(),
        502 | 504 => "the proxy answers and does not reach maildesk; start maildesk serve, and see what the proxy forwards to".to_owned(),
        status => format!("something else answers (HTTP {status} to /healthz); see what the proxy forwards to"),
    })
}

async fn encrypted(stream: TcpStream, url: &PublicUrl) -> Result<tokio_rustls::client::TlsStream<TcpStream>, NoAnswer> {
    let strange = |why: &dyn std::fmt::Display| NoAnswer::Strange(why.to_string());
    let tls = ClientConfig::with_platform_verifier().map_err(|why| strange(&why))?;
    let name = ServerName::try_from(url.host().trim_matches(['[', ']']).to_owned()).map_err(|why| strange(&why))?;
    let shaken = timeout(PATIENCE, TlsConnector::from(Arc::new(tls)).connect(name, stream)).await;
    shaken.map_err(|_| strange(&"no TLS handshake within 10 s"))?.map_err(|why| NoAnswer::Strange(in_plain_words(&why)))
}

fn in_plain_words(why: &io::Error) -> String {
    let tls = why.get_ref().and_then(|it| it.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(fault)) = tls else { return format!("no TLS: {why}") };
    if matches!(fault, CertificateError::Expired | CertificateError::ExpiredContext { .. }) {
        "its certificate has expired; renew it".to_owned()
    } else if matches!(fault, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) {
        "its certificate is for another name; get one for this name, or mend the URL".to_owned()
    } else if *fault == CertificateError::UnknownIssuer {
        "nobody that browsers trust has signed its certificate, or the proxy leaves out the certificate between; send the whole chain"
            .to_owned()
    } else {
        certificate::refused(fault)
    }
}
