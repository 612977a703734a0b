//! One mailbox: the server its mail is taken from, and the one it is given to.

use std::time::Duration;

use super::report::Line;
use crate::{
    config::Mailbox,
    desk::mailbox::{MailServer, Tls},
    mail::{
        imap::{DoneFolder, ImapFindings, ImapLimits, probe},
        smtp::{SmtpFindings, SmtpLimits, SmtpPool},
    },
    store::disk,
};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of both, in the order in which mail passes them.
pub(super) async fn check(mailbox: &Mailbox) -> Vec<Line> {
    let (mut lines, out) = tokio::join!(imap(mailbox), smtp(mailbox));
    lines.extend(out);
    lines
}

async fn imap(mailbox: &Mailbox) -> Vec<Line> {
    let subject = format!("mailbox {:?} imap", mailbox.settings.name);
    let limits = ImapLimits { connect: PATIENCE, answer: PATIENCE, ..ImapLimits::default() };
    match probe(&mailbox.imap, limits).await {
        Ok(found) => [gives_mail(&subject, mailbox, &found)].into_iter().chain(files_mail(&subject, mailbox, &found)).collect(),
        Err(why) => vec![Line::fail(&subject, why.to_string())],
    }
}

fn gives_mail(subject: &str, mailbox: &Mailbox, found: &ImapFindings) -> Line {
    let account = &mailbox.imap;
    let (server, folder, user) = (&account.server, &account.folder, &account.user);
    if found.folder.read_only {
        let mend = "nothing could be marked or moved there; give the account the right to write to it";
        return Line::fail(subject, format!("{server} opens {folder} for {user} for reading only: {mend}"));
    }
    let text = format!("{server}, {}, signed in as {user}, {folder} holds {}", protection(server), messages(found.folder.exists));
    if found.capabilities.idle {
        Line::ok(subject, format!("{text}, tells of new mail (IDLE)"))
    } else {
        let seconds = mailbox.poll_every.as_secs();
        Line::warn(subject, format!("{text}; it does not tell of new mail (no IDLE), so it is asked every {seconds} s (poll_every)"))
    }
}

fn files_mail(subject: &str, mailbox: &Mailbox, found: &ImapFindings) -> Option<Line> {
    let folder = mailbox.imap.done_folder.as_deref()?;
    let can = found.capabilities;
    let how = match (can.moves, can.uid_plus) {
        (true, _) => "MOVE",
        (false, true) => "COPY and UIDPLUS",
        (false, false) => {
            let why = "the server has neither MOVE nor UIDPLUS, so what is taken in stays where it is, marked as read";
            return Some(Line::warn(subject, format!("{why}; write done_folder = \"\" to say so")));
        }
    };
    Some(match found.done_folder {
        Some(DoneFolder::Found) => Line::ok(subject, format!("what is taken in goes to {folder} ({how})")),
        Some(DoneFolder::Missing) | None => {
            Line::ok(subject, format!("what is taken in goes to {folder} ({how}), which is made when needed"))
        }
    })
}

fn messages(number: u32) -> String {
    if number == 1 { "1 message".to_owned() } else { format!("{number} messages") }
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
        Some(octets) => format!(", messages up to {}", disk::shown(octets)),
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
