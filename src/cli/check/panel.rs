//! The panel from outside: may its address be served, do people reach it by its public URL.

use std::{io, net::SocketAddr};

use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};

use super::{machine, report::Line};
use crate::{
    cli::http::{first_line, healthz},
    config::Config,
    desk::public_url::PublicUrl,
    mail::{
        http::Answer,
        site::{self, NoAnswer},
    },
};

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
    match site::healthz(url).await {
        Ok(answer) => judged(&answer, &subject, now),
        // It may only not be running yet, or be out of this machine's sight.
        Err(why @ (NoAnswer::Nobody(_) | NoAnswer::Silence)) => vec![Line::warn(&subject, why.to_string())],
        Err(why @ (NoAnswer::NoName(_) | NoAnswer::SilentDns | NoAnswer::Strange(_))) => vec![Line::fail(&subject, why.to_string())],
    }
}

/// Only maildesk serves this page with one of these two, and says in its body how it is.
fn is_ours(answer: &Answer) -> bool {
    matches!(answer.status, 200 | 503)
}

fn judged(answer: &Answer, subject: &str, now: Timestamp) -> Vec<Line> {
    let line = match (answer.status, site::fault(answer)) {
        (503, _) => Line::warn(subject, format!("answers that something is not well: {}", first_line(answer))),
        (_, None) => Line::ok(subject, "answers"),
        (301 | 302 | 307 | 308 | 502 | 504, Some(why)) => Line::warn(subject, why),
        (_, Some(why)) => Line::fail(subject, why),
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
