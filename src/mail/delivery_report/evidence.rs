//! Whether a mail without a delivery status is a bounce: by who writes, how the subject reads, and what the text says.

use super::{path, phrases, told::Told};
use crate::{
    desk::{
        address::EmailAddress,
        message::{IncomingMessage, ReturnPath},
    },
    mail::{
        parse::{header::Header, people::is_nobody, structure::Tree},
        phrases::{Phrases, head, plain},
    },
};

/// Who writes, by what they are called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    /// A mail system, as no person is called.
    System,
    /// A mail system or somebody who looks after one: `postmaster`, `sysadmin`, `System Administrator`.
    Role,
    Other,
}

/// What can be known before the text is read.
pub(super) struct Signs {
    author: Author,
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
        let (author, nobody) = (author(message), message.return_path == ReturnPath::Null);
        let is_possible = author != Author::Other
            || nobody
            || subject_says
            || is_delivery_report(tree)
            || header.first("x-failed-recipients").is_some()
            || BOUNCE_FIELDS.iter().any(|it| header.first(it).is_some());
        is_possible.then_some(Self { author, nobody, answered, subject_says })
    }
}

/// The sentence that says by what it is one; none: it is none.
pub(super) fn find(tree: &Tree<'_>, message: &IncomingMessage, signs: &Signs, told: &Told<'_>) -> Option<String> {
    let header = &tree.parts[0].header;
    let Signs { author, nobody, answered, subject_says } = *signs;
    let daemon = author != Author::Other;
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
    let by_a_system = || match author {
        Author::System => true,
        Author::Role => nobody || is_no_persons(tree, message, signs, told, text_says),
        Author::Other => false,
    };
    if (subject_says || text_says) && by_a_system() {
        return Some("from a mail system, speaking of a failure".to_owned());
    }
    // A form is sent by nobody too, in the name of whoever filled it in.
    if nobody && !daemon && answers_to_another(message) && !told.names_a_code(message) && !told.shows_a_copy(tree) {
        return None;
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
    // A parcel is not delivered either.
    let of_a_mail = || told.shows_a_copy(tree) || told.names_somebody(message) || told.names_a_status();
    (subject_says && text_says && !by_person() && declares_itself(header, message) && of_a_mail())
        .then(|| "subject and text speak of a mail’s failure, with a mark of a machine".to_owned())
}

/// Whether a mail that speaks of a failure is a system's, where the name is one that people have too: nobody is answered and nobody
/// else would be, and it shows the refusal or the mail. Those who look after a mail server write about failures of all kinds.
fn is_no_persons(tree: &Tree<'_>, message: &IncomingMessage, signs: &Signs, told: &Told<'_>, text_says: bool) -> bool {
    let answers = signs.answered || !message.in_reply_to.is_empty() && !signs.subject_says;
    if answers || answers_to_another(message) {
        return false;
    }
    let shows = || told.shows_a_copy(tree) || told.names_a_code(message);
    let both = signs.subject_says && text_says;
    if path::is_authors(message) {
        return both && (shows() || told.names_somebody(message));
    }
    both || shows() || signs.subject_says && told.names_somebody(message)
}

/// Reply-To names somebody else than From, who can be answered: a form passes on what they wrote.
pub(crate) fn answers_to_another(message: &IncomingMessage) -> bool {
    let Some(from) = message.author() else { return false };
    let usable = |it: &EmailAddress| !is_nobody(it) && !is_daemon_local(it.local());
    message.reply_to.iter().any(|it| it.address != from.address && usable(&it.address))
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
    let nobodys = message.author().is_none_or(|it| is_nobody(&it.address)) && !answers_to_another(message);
    submitted || loop_guard || nobodys
}

/// Programs that people write with.
pub(crate) fn is_from_a_mail_program(header: &Header<'_>) -> bool {
    let program = ["user-agent", "x-mailer"].iter().find_map(|it| header.text(it)).unwrap_or_default().to_lowercase();
    phrases::MAIL_PROGRAMS.within(&program)
}

/// `Re:`, `Fwd:` or ids of what is answered: whoever speaks about a bounce, and no bounce.
pub(crate) fn answers_somebody(message: &IncomingMessage) -> bool {
    !message.in_reply_to.is_empty() || phrases::ANSWER_PREFIXES.begin(&plain(&message.subject))
}

/// A person wrote it, whatever its words: with a program of people, or under a return path that is the author's own, and not as a
/// mail system that names itself. An empty return path is a machine's (RFC 3834 §4).
pub(crate) fn is_by_a_person(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let Some(from) = message.author() else { return false };
    if is_system(&from.address) || message.return_path == ReturnPath::Null || is_nobody(&from.address) {
        return false;
    }
    is_from_a_mail_program(header) || path::is_authors(message) && !is_daemon(message)
}

/// `MAILER-DAEMON`, `postmaster` and those who call themselves so.
pub(crate) fn is_daemon(message: &IncomingMessage) -> bool {
    author(message) != Author::Other
}

fn author(message: &IncomingMessage) -> Author {
    let Some(from) = message.author().or(message.sender.as_ref()) else { return Author::Other };
    let local = from.address.local().to_lowercase();
    let name = from.name.as_ref().map(|it| plain(it)).unwrap_or_default();
    let name = name.trim_matches(['"', '\'', '(', ')', '<', '>', '*']);
    let name = name.strip_prefix("the ").unwrap_or(name);
    // `mailermann` is somebody; `bounce-12=ann` and `MicrosoftExchange329e…` are nobody.
    let called = |locals: &Phrases| locals.behind(&local).any(|rest| !rest.starts_with(char::is_alphabetic));
    let named = |names: &Phrases| names.behind(name).any(is_whole_name);
    let system = called(&phrases::DAEMON_LOCALS) || phrases::SYSTEM_LOCALS.begin(&local);
    if system || phrases::SYSTEM_NAMES.within(name) || named(&phrases::DAEMON_NAMES) {
        Author::System
    } else if called(&phrases::ROLE_LOCALS) || named(&phrases::ROLE_NAMES) {
        Author::Role
    } else {
        Author::Other
    }
}

/// Whether nothing that belongs to a name stands behind one: `Post Office Café` is a shop.
fn is_whole_name(rest: &str) -> bool {
    rest.strip_prefix(' ').unwrap_or(rest).is_empty()
        || rest.starts_with(|c: char| !c.is_alphanumeric() && c != ' ')
        || [" at ", " on ", " (", " -", " @", " for "].iter().any(|it| rest.starts_with(it))
}

/// `mailer-daemon@` and its like, which no person has.
pub(crate) fn is_system(address: &EmailAddress) -> bool {
    phrases::SYSTEM_LOCALS.begin(&address.local().to_lowercase())
}

/// The words before the @ of an address that no mail is about.
pub(super) fn is_daemon_local(local: &str) -> bool {
    let local = local.to_lowercase();
    [&phrases::DAEMON_LOCALS, &phrases::SYSTEM_LOCALS, &phrases::ROLE_LOCALS].iter().any(|it| it.begin(&local))
}
