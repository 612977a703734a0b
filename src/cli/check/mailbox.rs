//! One mailbox: the server its mail is taken from, and the one it is given to.

use std::time::Duration;

use super::report::Line;
use crate::{
    config::Mailbox,
    desk::mailbox::{MailServer, Tls},
    mail::smtp::{SmtpFindings, SmtpLimits, SmtpPool},
};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of both, in the order in which mail passes them.
pub(super) async fn check(mailbox: &Mailbox) -> Vec<Line> {
    smtp(mailbox).await
}

async fn smtp(mailbox: &Mailbox) -> Vec<Line> {
    let subject = format!("mailbox {:?} smtp", mailbox.settings.name);
    let limits = SmtpLimits { connect: PATIENCE, command: PATIENCE, ..SmtpLimits::default() };
    match SmtpPool::with_limits(mailbox.smtp.clone(), limits).probe().await {
        Ok(found) => vec![takes_mail(&subject, mailbox, &found)],
        Err(why) => vec![Line::fail(&subject, why.to_string())],
    }
}

fn takes_mail(subject: &str, mailbox: &Mailbox, found: &SmtpFindings) -> Line {
    let account = &mailbox.smtp;
    let who = match &account.sign_in {
        Some((user, _)) => format!("signed in as {user}"),
        None => "nobody signs in".to_owned(),
    };
    let largest = match found.largest {
        Some(0) | None => String::new(),
        Some(octets) => format!(", messages up to {}", super::machine::shown(octets)),
    };
    Line::ok(subject, format!("{}, {}, {who}{largest}", account.server, protection(&account.server)))
}

fn protection(server: &MailServer) -> &'static str {
    match server.tls {
        Tls::Implicit => "TLS",
        Tls::StartTls => "STARTTLS",
        Tls::None => "no TLS, on this machine",
    }
}
