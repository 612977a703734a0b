//! The panel from outside: may its address be served, do people reach it by its public URL.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use jiff::Timestamp;
use rustls::{CertificateError, ClientConfig, pki_types::ServerName};
use rustls_platform_verifier::ConfigVerifierExt;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{machine, report::Line};
use crate::{
    cli::http::{first_line, healthz},
    config::Config,
    desk::public_url::{PublicUrl, Scheme},
    mail::http::Answer,
};

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn check(config: &Config, now: Timestamp) -> Vec<Line> {
    let mut lines = vec![listen(config.listen).await];
    lines.extend(public_url(&config.public_url, now).await);
    lines
}

async fn listen(address: SocketAddr) -> Line {
    let subject = "listen";
    match TcpListener::bind(address).await {
        Ok(_) => Line::ok(subject, format!("{address} is free")),
        Err(why) if why.kind() == io::ErrorKind::AddrInUse => match asked(address).await {
            Ok(answer) if is_ours(&answer) => Line::ok(subject, format!("maildesk is running on {address}")),
            Ok(_) | Err(_) => Line::fail(subject, taken(address)),
        },
        Err(why) if why.kind() == io::ErrorKind::PermissionDenied => {
            Line::fail(subject, format!("{address}: {why}; choose a port from 1024 up"))
        }
        Err(why) => Line::fail(subject, format!("{address}: {why}; choose an address that this machine has")),
    }
}

fn taken(address: SocketAddr) -> String {
    let port = address.port();
    format!("another program listens on {address}: `ss -ltnp sport = :{port}` names it; stop it, or write another port as listen")
}

async fn asked(address: SocketAddr) -> io::Result<Answer> {
    healthz(TcpStream::connect(address).await?, &address.to_string()).await
}

async fn public_url(url: &PublicUrl, now: Timestamp) -> Vec<Line> {
    let subject = format!("public_url {url}");
    let place = (url.host().trim_matches(['[', ']']).to_owned(), url.port());
    match timeout(PATIENCE, tokio::net::lookup_host(place.clone())).await {
        Ok(Ok(_)) => (),
        Ok(Err(why)) => {
            return vec![Line::fail(&subject, format!("its name does not resolve: {why}; add it to your DNS, or mend the URL"))];
        }
        Err(_) => return vec![Line::fail(&subject, "its name does not resolve within 10 s; see this machine’s DNS")],
    }
    let stream = match timeout(PATIENCE, TcpStream::connect(place)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(why)) => {
            return vec![Line::warn(&subject, format!("nothing answers: {why}; start maildesk serve, and the proxy before it"))];
        }
        Err(_) => return vec![Line::warn(&subject, "nothing answers within 10 s; people may still reach it where this machine does not")],
    };
    let answer = match url.scheme() {
        Scheme::Http => healthz(stream, url.host()).await,
        Scheme::Https => match encrypted(stream, url).await {
            Ok(stream) => healthz(stream, url.host()).await,
            Err(why) => Err(why),
        },
    };
    match answer {
        Ok(answer) => judged(&answer, &subject, now),
        Err(why) => vec![Line::fail(&subject, why.to_string())],
    }
}

async fn encrypted(stream: TcpStream, url: &PublicUrl) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let tls = ClientConfig::with_platform_verifier().map_err(io::Error::other)?;
    let name = ServerName::try_from(url.host().trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
    let shaken = timeout(PATIENCE, TlsConnector::from(Arc::new(tls)).connect(name, stream)).await;
    let shaken = shaken.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "no TLS handshake within 10 s")));
    shaken.map_err(|why| io::Error::other(in_plain_words(&why)))
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
        format!("its certificate is refused: {fault}")
    }
}

/// Only maildesk serves this page with one of these two, and says in its body how it is.
fn is_ours(answer: &Answer) -> bool {
    matches!(answer.status, 200 | 503)
}

fn judged(answer: &Answer, subject: &str, now: Timestamp) -> Vec<Line> {
    let line = match answer.status {
        200 => Line::ok(subject, "answers"),
        503 => Line::warn(subject, format!("answers that something is not well: {}", first_line(answer))),
        301 | 302 | 307 | 308 => Line::warn(subject, "sends to another address; write that one as public_url, or mend the proxy"),
        502 | 504 => {
            Line::warn(subject, "the proxy answers and does not reach maildesk; start maildesk serve, and see what the proxy forwards to")
        }
        status => Line::fail(subject, format!("something else answers (HTTP {status} to /healthz); see what the proxy forwards to")),
    };
    let clock = answer.date.and_then(|theirs| machine::compare(now, theirs, "the web server"));
    std::iter::once(line).chain(clock).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_judged_by_its_status_and_its_clock() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        let told = |status, date: Option<&str>, body: &str| {
            let answer = Answer { status, date: date.map(|it| it.parse().unwrap()), body: body.into() };
            judged(&answer, "panel", now).iter().map(Line::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(200, Some("2026-11-24T10:00:30Z"), "ok"), "ok    panel: answers");
        let late = told(200, Some("2026-11-24T08:00:00Z"), "ok");
        assert!(late.contains("warn  clock: 2h from that of the web server"), "{late}");
        assert!(told(502, None, "").starts_with("warn  panel: the proxy answers"));
        assert!(told(404, None, "").starts_with("FAIL  panel: something else answers (HTTP 404"));
        assert!(told(503, None, "mailbox \"sales\": 12 min\nmore").ends_with("not well: mailbox \"sales\": 12 min"));
    }
}
