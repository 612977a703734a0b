//! The report that a message could not be delivered (RFC 3464), as a common mail server writes it.

use jiff::{Timestamp, tz::TimeZone};

use crate::clock::random_token;

/// A finished `multipart/report` with the returned header.
pub(super) fn undeliverable(server: &str, to: &str, from: &str, why: &str, content: &[u8], at: Timestamp) -> Vec<u8> {
    let (boundary, id, date) = (random_token(), random_token(), date(at));
    let header = header(content);
    format!(
        "Return-Path: <>\r\n\
         Date: {date}\r\n\
         From: Mail Delivery System <MAILER-DAEMON@{server}>\r\n\
         To: {from}\r\n\
         Subject: Undelivered Mail Returned to Sender\r\n\
         Message-ID: <{id}@{server}>\r\n\
         Auto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"{boundary}\"\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\
         \r\n\
         Your message could not be delivered to <{to}>: {why}\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: message/delivery-status\r\n\
         \r\n\
         Reporting-MTA: dns; {server}\r\n\
         \r\n\
         Final-Recipient: rfc822; {to}\r\n\
         Action: failed\r\n\
         Status: 5.1.1\r\n\
         Diagnostic-Code: smtp; {why}\r\n\
         \r\n\
         --{boundary}\r\n\
         Content-Type: text/rfc822-headers\r\n\
         \r\n\
         {header}\r\n\
         --{boundary}--\r\n"
    )
    .into_bytes()
}

/// As a header writes it (RFC 5322 §3.3).
pub(super) fn date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_default()
}

fn header(content: &[u8]) -> String {
    let end = content.windows(4).position(|it| it == b"\r\n\r\n").map_or(content.len(), |at| at + 2);
    String::from_utf8_lossy(&content[..end]).into_owned()
}
