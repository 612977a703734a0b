//! One mailbox: the server its mail is taken from, and the one it is given to.

use std::time::Duration;

use jiff::Timestamp;

use super::report::Line;
use crate::{
    config::{Mailbox, WatchedFolder},
    desk::{
        mailbox::{MailServer, Tls, would_take},
        settings::{FirstConnection, MailboxSettings, Mode, TakeExisting},
    },
    mail::{
        imap::{DoneFolder, ImapFindings, ImapLimits, Survey, probe},
        smtp::{SmtpFindings, SmtpLimits, SmtpPool},
    },
    store::disk,
};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of both, in the order in which mail passes them.
pub(super) async fn check(mailbox: &Mailbox) -> Vec<Line> {
    let way_in = async {
        match &mailbox.imap {
            Some(folder) => imap(mailbox, folder).await,
            None => vec![handed_over(mailbox)],
        }
    };
    let (mut lines, out) = tokio::join!(way_in, smtp(mailbox));
    lines.extend(out);
    lines
}

/// The door itself has a line of its own.
fn handed_over(mailbox: &Mailbox) -> Line {
    let MailboxSettings { name, address, .. } = &mailbox.settings;
    let nothing_sent = match mailbox.settings.mode {
        Mode::Live => "",
        Mode::Shadow => "; in shadow mode, so nothing is sent (mode)",
    };
    let text = format!("mail for {address} is handed over at lmtp.listen{nothing_sent}");
    Line::ok(&format!("mailbox {name:?} lmtp"), text)
}

async fn imap(mailbox: &Mailbox, folder: &WatchedFolder) -> Vec<Line> {
    let subject = format!("mailbox {:?} imap", mailbox.settings.name);
    let limits = ImapLimits { connect: PATIENCE, answer: PATIENCE, ..ImapLimits::default() };
    match probe(&folder.account, limits).await {
        Ok(found) => {
            let mut lines = vec![gives_mail(&subject, mailbox, folder, &found)];
            lines.extend(files_mail(&subject, mailbox, folder, &found));
            lines.extend(lies_there(&subject, mailbox, &found.survey));
            lines
        }
        Err(why) => vec![Line::fail(&subject, why.to_string())],
    }
}

fn gives_mail(subject: &str, mailbox: &Mailbox, watched: &WatchedFolder, found: &ImapFindings) -> Line {
    let account = &watched.account;
    let (server, folder, user) = (&account.server, &account.folder, &account.user);
    if found.folder.read_only && mailbox.settings.mode == Mode::Live {
        let mend = "nothing could be marked or moved there; give the account the right to write to it";
        return Line::fail(subject, format!("{server} opens {folder} for {user} for reading only: {mend}"));
    }
    let text = format!("{server}, {}, signed in as {user}, {folder} holds {}", protection(server), messages(found.folder.exists));
    if found.capabilities.idle {
        Line::ok(subject, format!("{text}, tells of new mail (IDLE)"))
    } else {
        let seconds = watched.poll_every.as_secs();
        Line::warn(subject, format!("{text}; it does not tell of new mail (no IDLE), so it is asked every {seconds} s (poll_every)"))
    }
}

fn files_mail(subject: &str, mailbox: &Mailbox, watched: &WatchedFolder, found: &ImapFindings) -> Option<Line> {
    if mailbox.settings.mode == Mode::Shadow {
        return Some(Line::warn(subject, "in shadow mode: no flag is touched there, and nothing is sent (mode)"));
    }
    let folder = watched.account.done_folder.as_deref()?;
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

/// What the first meeting would take of what lies there; nothing to say of an empty folder.
fn lies_there(subject: &str, mailbox: &Mailbox, survey: &Survey) -> Option<Line> {
    if survey.there == 0 {
        return None;
    }
    let (take, first) = (mailbox.settings.take_existing, mailbox.settings.first_connection);
    let unread = survey.unread.map_or_else(String::new, |it| format!(", {it} unread"));
    let would = would_take(take, survey.there, survey.unread).map_or_else(|| "the unread".to_owned(), |it| it.to_string());
    let asks = match (take, first) {
        (TakeExisting::None, _) => "only what arrives from then on is taken",
        (_, FirstConnection::Ask) => "an admin is asked on the page Mail before that",
        (_, FirstConnection::Take) => "without asking",
    };
    let there = format!("{}{unread}{}", messages(survey.there), span(survey));
    Some(Line::ok(subject, format!("{there}; when it is first met, take_existing = {:?} takes {would}: {asks}", take.as_str())))
}

/// `, from 2019-01-03 to 2026-11-02`.
fn span(survey: &Survey) -> String {
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    match (survey.first, survey.last) {
        (Some(first), Some(last)) => format!(", from {} to {}", day(first), day(last)),
        (Some(_) | None, _) => String::new(),
    }
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
