//! Just enough HTTP to ask maildesk how it is: one GET, one answer (RFC 9112).

use std::{io, time::Duration};

use jiff::{Timestamp, fmt::rfc2822};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

/// No health page is longer; bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// What a web server said.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    /// When it says that it is.
    pub date: Option<Timestamp>,
    pub body: String,
}

impl Answer {
    /// The first line of the body, at most 200 characters of it.
    pub fn first_line(&self) -> String {
        self.body.lines().next().unwrap_or_default().chars().take(200).collect()
    }
}

/// Asks for `/healthz`, and waits at most 10 s.
pub(super) async fn healthz<S: AsyncRead + AsyncWrite + Unpin>(stream: S, host: &str) -> io::Result<Answer> {
    get(stream, host, "/healthz", "").await
}

/// Asks for a page, with more header fields (each with its line end), and waits at most 10 s.
pub(super) async fn get<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, host: &str, path: &str, more: &str) -> io::Result<Answer> {
    let ask = async {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: maildesk\r\n{more}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        match stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await {
            // Many servers end without TLS's closing alert; what came is what they said.
            Err(why) if why.kind() != io::ErrorKind::UnexpectedEof => Err(why),
            Ok(_) | Err(_) => Ok(answer),
        }
    };
    let answer = timeout(PATIENCE, ask).await.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer within 10 s"))??;
    read(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::Error::other("what answers does not speak HTTP"))
}

/// The status line, the Date header and the body.
pub(super) fn read(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let date = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("date"));
    let date = date.and_then(|(_, value)| rfc2822::parse(value.trim()).ok()).map(|it| it.timestamp());
    Some(Answer { status, date, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_a_date_and_a_body() {
        let answer = read("HTTP/1.1 503 Oh\r\nContent-Type: text/plain\r\ndate: Tue, 24 Nov 2026 10:00:30 GMT\r\n\r\none\ntwo").unwrap();
        assert_eq!((answer.status, answer.first_line().as_str()), (503, "one"));
        assert_eq!(answer.date, Some("2026-11-24T10:00:30Z".parse().unwrap()));
    }

    #[test]
    fn what_is_not_http_is_no_answer() {
        for text in ["", "220 mx ESMTP\r\n\r\n", "HTTP/1.1 200 OK", "HTTP/1.1 abc\r\n\r\n"] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
