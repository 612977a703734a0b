//! Whether a mail without a delivery status is a bounce: by who writes, how the subject reads, and what the text says.

use super::{phrases, told::Told};
use crate::{
    desk::message::{IncomingMessage, ReturnPath},
    mail::{
        parse::{header::Header, people::is_nobody, structure::Tree},
        phrases::{head, plain},
    },
};

/// What can be known before the text is read.
pub(super) struct Signs {
    daemon: bool,
    nobody: bool,
    answered: bool,
    subject_says: bool,
}

impl Signs {
    /// None: whatever the text says, it is no bounce. So it is with most mail.
    pub fn of(tree: &Tree<'_>, message: &IncomingMessage) -> Option<Self> {
        let header = &tree.parts[0].header;
        if !is_delivery_report(tree) && is_by_a_person(header, message) {
            return None;
        }
        let subject = plain(&message.subject);
        let answered = phrases::ANSWER_PREFIXES.begin(&subject);
        let subject_says = !answered && phrases::SUBJECTS.within(&subject);
        let (daemon, nobody) = (is_daemon(message), message.return_path == ReturnPath::Null);
        let is_possible = daemon
            || nobody
            || subject_says
            || is_delivery_report(tree)
            || header.first("x-failed-recipients").is_some()
            || BOUNCE_FIELDS.iter().any(|it| header.first(it).is_some());
        is_possible.then_some(Self { daemon, nobody, answered, subject_says })
    }
}

/// The sentence that says by what it is one; none: it is none.
pub(super) fn find(tree: &Tree<'_>, message: &IncomingMessage, signs: &Signs, told: &Told<'_>) -> Option<String> {
    let header = &tree.parts[0].header;
    let Signs { daemon, nobody, answered, subject_says } = *signs;
    if header.first("x-failed-recipients").is_some() && (daemon || nobody || header.first("auto-submitted").is_some()) {
        return Some("X-Failed-Recipients, from a mail system".to_owned());
    }
    let text_says = phrases::TEXTS.within(&plain(head(&told.words, 4000)));
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
    if nobody && (daemon || message.in_reply_to.is_empty() && !answered) && told.refuses_somebody(message) {
        return Some("the return path is empty and it shows in numbers that a server refused somebody".to_owned());
    }
    let by_person = || answers_somebody(message) || is_from_a_mail_program(header);
    let by_machine = || told.shows_a_copy(tree) || declares_itself(header, message);
    (subject_says && text_says && !by_person() && by_machine())
        .then(|| "subject and text speak of a failure in a mail system’s words, with the mail or a mark of a machine".to_owned())
}

/// Fields that only bounces have.
const BOUNCE_FIELDS: &[&str] =
    &["x-ms-exchange-message-is-ndr", "x-bounce-id", "x-mlserver-error", "x-dsncontext", "x-ahmailid", "x-sef-processed", "x-mx-bounce"];

fn is_delivery_report(tree: &Tree<'_>) -> bool {
    let root = &tree.parts[0].media;
    root.main == "multipart/report" && root.param("report-type").is_none_or(|it| it.eq_ignore_ascii_case("delivery-status"))
}

/// It says of itself that a machine wrote it.
pub(super) fn declares_itself(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let submitted = header.text("auto-submitted").is_some_and(|it| !it.trim().eq_ignore_ascii_case("no"));
    let loop_guard = ["x-loop", "x-mlserver"].iter().any(|it| header.first(it).is_some());
    submitted || loop_guard || message.author().is_none_or(|it| is_nobody(&it.address))
}

/// Programs that people write with.
pub(crate) fn is_from_a_mail_program(header: &Header<'_>) -> bool {
    let program = ["user-agent", "x-mailer"].iter().find_map(|it| header.text(it)).unwrap_or_default().to_lowercase();
    phrases::MAIL_PROGRAMS.within(&program)
}

/// `Re:`, `Fwd:` or ids of what is answered: whoever speaks about a bounce, and no bounce.
pub(super) fn answers_somebody(message: &IncomingMessage) -> bool {
    !message.in_reply_to.is_empty() || phrases::ANSWER_PREFIXES.begin(&plain(&message.subject))
}

/// A person wrote it, whatever its words: with a program of people, or under a return path that is the author's own, and not as a
/// mail system that names itself. An empty return path is a machine's (RFC 3834 §4).
pub(crate) fn is_by_a_person(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let Some(from) = message.author() else { return false };
    let system = phrases::SYSTEM_LOCALS.begin(&from.address.local().to_lowercase());
    if system || message.return_path == ReturnPath::Null || is_nobody(&from.address) {
        return false;
    }
    let own_path = || match &message.return_path {
        ReturnPath::Address(path) => path.without_detail() == from.address.without_detail() && !is_daemon(message),
        ReturnPath::Unknown | ReturnPath::Null => false,
    };
    is_from_a_mail_program(header) || own_path()
}

/// `MAILER-DAEMON`, `postmaster` and those who call themselves so.
pub(crate) fn is_daemon(message: &IncomingMessage) -> bool {
    let Some(from) = message.author().or(message.sender.as_ref()) else { return false };
    let local = from.address.local().to_lowercase();
    // `mailermann` is somebody; `bounce-12=ann` and `MicrosoftExchange329e…` are nobody.
    let locals = phrases::DAEMON_LOCALS.behind(&local).any(|rest| !rest.starts_with(char::is_alphabetic));
    locals || phrases::SYSTEM_LOCALS.begin(&local) || from.name.as_ref().is_some_and(|it| is_daemon_name(&plain(it)))
}

/// A mail system's name as a whole, or such a one wherever it stands: `Village Post Office` is a shop.
fn is_daemon_name(name: &str) -> bool {
    let name = name.trim_matches(['"', '\'', '(', ')', '<', '>', '*']);
    let name = name.strip_prefix("the ").unwrap_or(name);
    let ends = |rest: &str| {
        rest.strip_prefix(' ').unwrap_or(rest).is_empty()
            || rest.starts_with(|c: char| !c.is_alphanumeric() && c != ' ')
            || [" at ", " on ", " (", " -", " @", " for "].iter().any(|it| rest.starts_with(it))
    };
    phrases::SYSTEM_NAMES.within(name) || phrases::DAEMON_NAMES.behind(name).any(ends)
}

/// The words before the @ of an address that no mail is about.
pub(super) fn is_daemon_local(local: &str) -> bool {
    let local = local.to_lowercase();
    phrases::DAEMON_LOCALS.begin(&local) || phrases::SYSTEM_LOCALS.begin(&local)
}
