//! Asking maildesk how it is.

use std::{io, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::mail::http::{self, Answer, Question};

const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for `/healthz`, and waits at most 10 s.
pub(super) async fn healthz<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, host: &str) -> io::Result<Answer> {
    get(stream, host, "/healthz", None).await
}

/// Asks for a page, with what proves that we may see it, and waits at most 10 s.
pub(super) async fn get<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    host: &str,
    path: &str,
    authorization: Option<String>,
) -> io::Result<Answer> {
    let question = Question { host: host.to_owned(), path: path.to_owned(), form: None, authorization };
    http::ask(stream, question, PATIENCE).await.map_err(io::Error::other)
}

/// The first line of the body, at most 200 characters of it.
pub(super) fn first_line(answer: &Answer) -> String {
    answer.text().lines().next().unwrap_or_default().chars().take(200).collect()
}
