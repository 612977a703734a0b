//! Whether a mail without a delivery status is a bounce: by who writes, how the subject reads, and what the text says.

use super::{phrases, told::Told};
use crate::{
    desk::message::{IncomingMessage, ReturnPath},
    mail::parse::{header::Header, people::is_nobody, structure::Tree},
};

/// The sentence that says by what it is one; none: it is none.
pub(super) fn find(tree: &Tree<'_>, message: &IncomingMessage, told: &Told<'_>) -> Option<String> {
    let header = &tree.parts[0].header;
    let (daemon, nobody) = (is_daemon(message), message.return_path == ReturnPath::Null);
    if header.first("x-failed-recipients").is_some() && (daemon || nobody || header.first("auto-submitted").is_some()) {
        return Some("X-Failed-Recipients, from a mail system".to_owned());
    }
    let subject = plain(&message.subject);
    let answered = phrases::ANSWER_PREFIXES.iter().any(|it| subject.starts_with(it));
    let subject_says = !answered && phrases::SUBJECTS.iter().any(|it| subject.contains(it));
    let text = plain(&told.words.chars().take(4000).collect::<String>());
    let text_says = phrases::TEXTS.iter().any(|it| text.contains(it));
    if is_delivery_report(tree) && (subject_says || text_says || daemon) {
        return Some("multipart/report that speaks of a failure".to_owned());
    }
    if let Some(name) = BOUNCE_FIELDS.iter().find(|it| header.first(it).is_some()).filter(|_| subject_says || text_says) {
        return Some(format!("{name}, speaking of a failure"));
    }
    if daemon && (subject_says || text_says) {
        return Some("from a mail system, speaking of a failure".to_owned());
    }
    if nobody && subject_says {
        return Some("the return path is empty and the subject speaks of a failure".to_owned());
    }
    if nobody && text_says && message.in_reply_to.is_empty() && !answered {
        return Some("the return path is empty and the text speaks of a failure".to_owned());
    }
    let by_machine = told.shows_a_transcript() || told.shows_a_copy(tree) || declares_itself(header, message);
    let by_person = answers_somebody(message) || is_from_a_mail_program(header);
    (subject_says && text_says && by_machine && !by_person)
        .then(|| "subject and text speak of a failure in a mail system's words, with its transcript or the mail".to_owned())
}

/// Fields that only bounces have.
const BOUNCE_FIELDS: &[&str] =
    &["x-ms-exchange-message-is-ndr", "x-bounce-id", "x-mlserver-error", "x-dsncontext", "x-ahmailid", "x-sef-processed", "x-mx-bounce"];

fn is_delivery_report(tree: &Tree<'_>) -> bool {
    let root = &tree.parts[0].media;
    root.main == "multipart/report" && root.param("report-type").is_none_or(|it| it.eq_ignore_ascii_case("delivery-status"))
}

/// It says of itself that a machine wrote it.
fn declares_itself(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let submitted = header.text("auto-submitted").is_some_and(|it| !it.trim().eq_ignore_ascii_case("no"));
    let loop_guard = ["x-loop", "x-mlserver"].iter().any(|it| header.first(it).is_some());
    submitted || loop_guard || message.author().is_none_or(|it| is_nobody(&it.address))
}

/// Programs that people write with.
pub(crate) fn is_from_a_mail_program(header: &Header<'_>) -> bool {
    let program = ["user-agent", "x-mailer"].iter().find_map(|it| header.text(it)).unwrap_or_default().to_lowercase();
    phrases::MAIL_PROGRAMS.iter().any(|it| program.contains(it))
}

/// `Re:`, `Fwd:` or ids of what is answered: whoever speaks about a bounce, and no bounce.
pub(super) fn answers_somebody(message: &IncomingMessage) -> bool {
    let subject = plain(&message.subject);
    !message.in_reply_to.is_empty() || phrases::ANSWER_PREFIXES.iter().any(|it| subject.starts_with(it))
}

/// `MAILER-DAEMON`, `postmaster` and those who call themselves so.
pub(crate) fn is_daemon(message: &IncomingMessage) -> bool {
    let Some(from) = message.author().or(message.sender.as_ref()) else { return false };
    let name = plain(from.name.as_deref().unwrap_or_default());
    is_daemon_local(from.address.local()) || phrases::DAEMON_NAMES.iter().any(|it| name.contains(it))
}

/// The words before the @ of such an address.
pub(super) fn is_daemon_local(local: &str) -> bool {
    let local = local.to_lowercase();
    phrases::DAEMON_LOCALS.iter().any(|it| local.starts_with(it))
}

/// Lower case, white space as single spaces, apostrophes straight.
fn plain(text: &str) -> String {
    let text = text.to_lowercase().replace('\u{2019}', "'");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
