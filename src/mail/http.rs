//! One question to a web server and its answer (RFC 9110, 9112): bounded in time and size, no redirect followed.

use std::{borrow::Cow, time::Duration};

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1,
    header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, DATE, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use jiff::{Timestamp, fmt::rfc2822};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};

/// No answer that we ask for is longer; bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The host as the request names it, with its port where that is not the usual one.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Fields as `application/x-www-form-urlencoded`, which makes it a POST; none: a GET.
    pub form: Option<String>,
    /// What proves that we may ask: `Basic …` (RFC 7617), `Bearer …` (RFC 6750).
    pub authorization: Option<String>,
}

/// What a web server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The three digits.
    pub status: u16,
    /// When it says that it is.
    pub date: Option<Timestamp>,
    /// At most 64 KiB.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// What answers does not speak HTTP, or broke off.
    #[error("what answers does not speak HTTP, or broke off: {0}")]
    Broken(hyper::Error),
    /// A question that cannot be put: a control character in it.
    #[error("the question cannot be put: {0}")]
    Question(hyper::http::Error),
    /// More than anybody needs.
    #[error("the answer is longer than {LONGEST_ANSWER} bytes")]
    TooLong,
}

impl From<hyper::Error> for HttpError {
    fn from(why: hyper::Error) -> Self {
        Self::Broken(why)
    }
}

impl From<hyper::http::Error> for HttpError {
    fn from(why: hyper::http::Error) -> Self {
        Self::Question(why)
    }
}

/// Asks over a connection that is good for this alone, and waits no longer than `limit` for the whole of the answer.
///
/// # Errors
/// When there is no answer, or too much of one.
pub async fn ask<S>(stream: S, question: Question, limit: Duration) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    timeout(limit, talk(stream, question)).await.unwrap_or(Err(HttpError::TimedOut(limit)))
}

async fn talk<S>(stream: S, question: Question) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = request(question)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with this question, whatever becomes of it.
    let mut connection_task = tokio::task::JoinSet::new();
    connection_task.spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let date = response.headers().get(DATE).and_then(|it| rfc2822::parse(it.to_str().ok()?.trim()).ok()).map(|it| it.timestamp());
    let mut body = Vec::new();
    let mut rest = response.into_body();
    while let Some(frame) = rest.frame().await {
        if let Ok(some) = frame?.into_data() {
            if body.len() + some.len() > LONGEST_ANSWER {
                return Err(HttpError::TooLong);
            }
            body.extend_from_slice(&some);
        }
    }
    Ok(Answer { status, date, body })
}

fn request(question: Question) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let method = if question.form.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder()
        .method(method)
        .uri(question.path)
        .header(HOST, question.host)
        .header(USER_AGENT, "maildesk")
        .header(ACCEPT, "application/json, text/plain")
        .header(CONNECTION, "close");
    if question.form.is_some() {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(authorization) = question.authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.body(Full::from(question.form.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// What was asked, and what came of this answer.
    async fn answered(answer: impl Into<Vec<u8>>, form: Option<&str>) -> (String, Result<Answer, HttpError>) {
        let (ours, mut theirs) = duplex(256 * 1024);
        let answer = answer.into();
        let server = tokio::spawn(async move {
            let mut heard = vec![0; 4096];
            let many = theirs.read(&mut heard).await.unwrap();
            theirs.write_all(&answer).await.ok();
            heard.truncate(many);
            String::from_utf8(heard).unwrap()
        });
        let question =
            Question { host: "login.test".to_owned(), path: "/token".to_owned(), form: form.map(str::to_owned), authorization: None };
        let came = ask(ours, question, Duration::from_secs(5)).await;
        (server.await.unwrap(), came)
    }

    #[tokio::test]
    async fn a_question_is_a_get_or_a_form_and_the_answer_has_a_status_a_date_and_a_body() {
        let (asked, answer) =
            answered("HTTP/1.1 503 Oh\r\ndate: Tue, 24 Nov 2026 10:00:30 GMT\r\ncontent-length: 7\r\n\r\none\ntwo", None).await;
        assert!(asked.starts_with("GET /token HTTP/1.1\r\nhost: login.test\r\n"), "{asked}");
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (503, &b"one\ntwo"[..]));
        assert_eq!(answer.date, Some("2026-11-24T10:00:30Z".parse().unwrap()));
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n4\r\n two\r\n0\r\n\r\n";
        let (asked, answer) = answered(chunked, Some("a=b")).await;
        assert!(asked.starts_with("POST /token HTTP/1.1\r\n") && asked.contains("urlencoded") && asked.ends_with("\r\n\r\na=b"), "{asked}");
        assert_eq!(answer.unwrap().body, b"one two");
    }

    #[tokio::test]
    async fn what_is_not_http_or_too_long_is_no_answer() {
        for text in ["", "220 mx ESMTP\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"] {
            assert!(matches!(answered(text, None).await.1, Err(HttpError::Broken(_))), "{text}");
        }
        let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n{}", "x".repeat(70_000));
        assert!(matches!(answered(long, None).await.1, Err(HttpError::TooLong)));
    }
}
