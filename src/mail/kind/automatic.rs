//! Machines, by what they say of themselves (RFC 3834) and by their habits.

use super::{phrases, sentence};
use crate::{
    desk::{
        address::EmailAddress,
        message::{IncomingMessage, Kind, ReturnPath},
        token,
    },
    mail::{
        delivery_report,
        parse::{
            address,
            facts::LIST_FIELDS,
            header::Header,
            people::{is_nobody, posts_to},
        },
        phrases::{head, plain},
    },
};

/// A subject that only an automatic answer has; said before bounces are looked for, since both come from nobody.
pub(crate) fn answers_by_subject(header: &Header<'_>, message: &IncomingMessage) -> Option<String> {
    let subject = plain(&message.subject);
    let (to_many, answers) = (writes_to_many(header, message), answers_somebody(message));
    let machine = shows_a_machine(header, message) && !to_many && !writes_of_its_own_accord(header, message);
    let leads = |rest: &str| introduces(&subject[..subject.len() - rest.len()], rest) && (answers || !to_many && !asks(rest));
    let introduced = || phrases::ANSWER_BEGINS.behind(&subject).any(leads) || answers && phrases::ANSWER_ENDS.end(&subject);
    let whole = phrases::ANSWER_SUBJECTS.are(&subject);
    if whole || machine && phrases::ANSWER_BEGINS.begin(&subject) || !delivery_report::is_from_a_mail_program(header) && introduced() {
        return Some("a subject that only automatic answers have".to_owned());
    }
    // A person may write about an absence; a machine that does so answers.
    let absent =
        phrases::ABSENT.within(&subject) && phrases::ABSENT.iter().any(|it| has_word(&subject, it)) && !delivery_report::is_daemon(message);
    (absent && machine).then(|| "a subject that speaks of absence, from a machine".to_owned())
}

/// Whether words of an automatic answer have nothing behind them, or the subject that they answer. Other words are a person's who
/// speaks about one: `Automatic reply broken, too`.
pub(super) fn introduces(words: &str, rest: &str) -> bool {
    let bare = rest.trim().trim_end_matches(['.', '!']);
    words.ends_with([':', ']', ')'])
        || bare.is_empty()
        || bare.starts_with([':', '：', '[', '(', '"', '«', '„', '“'])
        || ["re:", "re :", "aw:", "sv:"].iter().any(|it| bare.starts_with(it))
}

const ANSWER_PREFIXES: &[&str] = &["re", "aw", "sv"];

/// `Autoreply: how do I stop it?` is a person’s, where it answers nothing.
fn asks(rest: &str) -> bool {
    let first = rest.split(|c: char| !c.is_alphanumeric()).find(|it| !it.is_empty()).unwrap_or_default();
    let asks = phrases::QUESTIONS.are(first) || rest.trim_end().ends_with(['?', '？']);
    asks && !ANSWER_PREFIXES.contains(&first)
}

/// Whether a phrase begins a word; writing without spaces has no words to begin.
fn has_word(text: &str, phrase: &str) -> bool {
    let spaced = phrase.chars().next().is_some_and(|c| c < '\u{2e80}');
    text.match_indices(phrase).any(|(at, _)| !spaced || !text[..at].ends_with(char::is_alphabetic))
}

/// It says of itself that a machine wrote it.
pub(super) fn shows_a_machine(header: &Header<'_>, message: &IncomingMessage) -> bool {
    message.return_path == ReturnPath::Null
        || submitted(header, message).is_some()
        || message.facts.bulk
        || precedence(header).starts_with("auto")
        || header.text("x-auto-response-suppress").is_some_and(|it| is_a_machines(&it, header))
        || answers_by_rule(header, message)
        || ANSWER_FIELDS.iter().chain(MACHINE_FIELDS).any(|it| header.first(it).is_some())
}

/// A list’s mail and a newsletter, whatever they are about: an automatic answer through a list says so in another field.
fn writes_to_many(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let of_a_list = |it: &str| header.first(it).is_some() && (it != UNSUBSCRIBE || !answers_somebody(message));
    LIST_FIELDS.iter().any(|it| of_a_list(it)) && !declares_an_answer(header, message)
}

/// A program that calls its mail generated, or that has a field of those, and names no mail that it answers: monitoring, companies and
/// shops speak of absences and vacations all day.
fn writes_of_its_own_accord(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let generated = submitted(header, message).is_some() || GENERATED_FIELDS.iter().any(|it| header.first(it).is_some());
    let subject = plain(&message.subject);
    let answers = answers_somebody(message) || ANSWER_PREFIXES.iter().any(|it| has_word(&subject, &format!("{it}:")));
    generated && !answers && !declares_an_answer(header, message)
}

/// A field says that it answers.
fn declares_an_answer(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let said = submitted(header, message).is_some_and(|it| it.starts_with("auto-replied") || it.contains("vacation"));
    said || answers_by_field(header, message).is_some()
}

/// Fields of programs that write of their own accord, whatever they say.
const MACHINE_FIELDS: &[&str] = &["x-autogenerated", "x-cron-env"];

/// Fields that programs which answer set.
const ANSWER_FIELDS: &[&str] = &[
    "x-autoreply",
    "x-autoreply-from",
    "x-autoreply-to",
    "x-autorespond",
    "x-autorespond-from",
    "x-autoresponder",
    "x-auto-reply",
    "x-auto-respond",
    "x-auto-responder",
    "x-mail-autoreply",
    "x-vacation",
    "x-amazon-auto-reply",
    "x-fc-machinegenerated",
    "x-tmda-fingerprint",
    "x-boxbe-challenge",
    "x-spamarrest-noauth",
];

/// A challenge: the machine of somebody who wants to know first that a person writes. Or "we have received your mail".
pub(crate) fn answers_by_words(header: &Header<'_>, message: &IncomingMessage) -> Option<String> {
    let machine = shows_a_machine(header, message);
    if !machine && delivery_report::is_from_a_mail_program(header) {
        return None;
    }
    let subject = message.subject.to_lowercase();
    let challenges = phrases::CHALLENGE_SUBJECTS.within(&subject);
    let answers = !message.in_reply_to.is_empty() || subject.starts_with("re:") || !message.references.is_empty();
    if !machine && !challenges && (!answers || message.facts.list) {
        return None;
    }
    // Their own words: an answer may quote a machine's.
    let own = head(&message.reply, 3000);
    let text = plain(own);
    // A person who was asked tells about it, without the link.
    let by_a_machine = || text.contains("http") || text.contains("www.") || !delivery_report::is_by_a_person(header, message);
    if (machine || challenges && by_a_machine()) && phrases::CHALLENGE_TEXTS.within(&text) {
        return Some("a challenge: it asks whether a person wrote".to_owned());
    }
    let taken = || phrases::RECEIVED_SUBJECTS.within(&subject) || phrases::RECEIVED_TEXTS.within(&text);
    let automatic = || if machine { phrases::AUTOMATIC_TEXTS.within(&text) } else { sentence::says_it_is_automatic(own) };
    (!message.facts.list && (machine || answers) && taken() && (machine && answers || automatic()))
        .then(|| "its words say that a machine confirms a mail".to_owned())
}

/// Any other sign of a machine.
pub(crate) fn read(header: &Header<'_>, message: &IncomingMessage) -> Option<(Kind, String)> {
    if tells_of_an_absence(header, message) {
        return Some((Kind::AutoReply, "a machine whose words are those of an absence".to_owned()));
    }
    declared(header, message).or_else(|| by_fields(header, message)).or_else(|| by_sender(header, message))
}

/// RFC 3834 §5: anything but `no`; said of the mail itself, and not of the rule that passed it on.
fn submitted(header: &Header<'_>, message: &IncomingMessage) -> Option<String> {
    let value = header.text("auto-submitted")?.to_lowercase();
    // A comment may stand before it (RFC 3834 §5).
    let mut value = &*value;
    while let Some((_, rest)) = value.strip_prefix('(').and_then(|it| it.split_once(')')) {
        value = rest.trim_start();
    }
    let keyword = value.split([';', ' ', '(']).next().unwrap_or_default().to_owned();
    let of_the_rule = keyword == "auto-generated" && is_redirected_by_a_rule(header, message);
    (!keyword.is_empty() && keyword != "no" && !of_the_rule).then(|| value.to_owned())
}

/// A rule of Exchange passed it on unchanged, and marked that as its own doing: the mailbox that resent it (RFC 5322 §3.6.6) is
/// the one whose rule it was, and is not the author.
fn is_redirected_by_a_rule(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let Some(of_rule) = rules_mailbox(header) else { return false };
    let by = header.first("resent-from").and_then(|it| address::read(it).mailboxes.into_iter().next()).map(|it| it.address.folded());
    by.as_ref() == Some(&of_rule) && message.author().is_some_and(|it| it.address.folded() != of_rule && !is_nobody(&it.address))
}

fn declared(header: &Header<'_>, message: &IncomingMessage) -> Option<(Kind, String)> {
    let value = submitted(header, message)?;
    // Written because somebody wrote: what Auto-Submitted calls generated may be an answer all the same.
    let in_answer = value.starts_with("auto-generated") && answers_a_mail(header, message) && !message.facts.list;
    let answers = value.starts_with("auto-replied") || value.contains("vacation") || in_answer;
    Some((if answers { Kind::AutoReply } else { Kind::AutoGenerated }, format!("Auto-Submitted: {}", short(&value))))
}

/// A mail's id is named that it answers; a helpdesk that calls itself bulk names it in References alone.
fn answers_a_mail(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let by_a_helpdesk = header.first("x-otrs-loop").is_some() && !message.references.is_empty();
    by_a_helpdesk || !message.in_reply_to.is_empty() && !message.facts.bulk
}

/// A machine that says in somebody's name that they are away, whatever else it says of itself.
fn tells_of_an_absence(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let away = || phrases::ABSENCE_TEXTS.within(&plain(head(&message.reply, 1500)));
    shows_a_machine(header, message)
        && !writes_to_many(header, message)
        && !writes_of_its_own_accord(header, message)
        && !message.author().is_none_or(|it| is_nobody(&it.address))
        && away()
}

fn by_fields(header: &Header<'_>, message: &IncomingMessage) -> Option<(Kind, String)> {
    let says = |name: &str| header.text(name).filter(|it| !matches!(it.to_lowercase().as_str(), "" | "no" | "none" | "false" | "0"));
    if let Some(why) = answers_by_field(header, message) {
        return Some((Kind::AutoReply, why));
    }
    if let Some(value) = says("x-auto-response-suppress").filter(|it| is_a_machines(it, header)) {
        let answers = message.return_path == ReturnPath::Null && !message.in_reply_to.is_empty();
        return Some((if answers { Kind::AutoReply } else { Kind::AutoGenerated }, format!("X-Auto-Response-Suppress: {}", short(&value))));
    }
    if is_person_in_a_group(header, message) {
        return None;
    }
    if let Some(name) = LIST_FIELDS.iter().find(|it| header.first(it).is_some() && (**it != UNSUBSCRIBE || !answers_somebody(message))) {
        return Some((Kind::AutoGenerated, format!("a list’s field, {name}")));
    }
    let precedence = precedence(header);
    if ["bulk", "list", "junk"].contains(&precedence.as_str()) {
        return Some((Kind::AutoGenerated, format!("Precedence: {precedence}")));
    }
    if let Some(name) = GENERATED_FIELDS.iter().find(|it| says(it).is_some()) {
        return Some((Kind::AutoGenerated, (*name).to_owned()));
    }
    // Amazon sets it on all that it carries, a contact form's mail too.
    let of_a_campaign = says("feedback-id").is_some_and(|it| !it.to_lowercase().contains("amazonses"));
    if of_a_campaign && !delivery_report::answers_to_another(message) && !answers_somebody(message) {
        return Some((Kind::AutoGenerated, "feedback-id".to_owned()));
    }
    let mailer = header.text("x-mailer").unwrap_or_default().to_lowercase();
    let mass = phrases::MASS_MAILERS.iter().find(|it| mailer.contains(it))?;
    Some((Kind::AutoGenerated, format!("X-Mailer: {mass}")))
}

/// Programs for salespeople set it on a person's answer too.
const UNSUBSCRIBE: &str = "list-unsubscribe";

fn answers_somebody(message: &IncomingMessage) -> bool {
    let mut written_to = message.to.iter().chain(&message.cc).map(|it| &it.address).chain(&message.facts.delivered_to);
    !message.in_reply_to.is_empty()
        || !message.references.is_empty()
        || super::ticket_mark(&message.subject).is_some()
        || written_to.any(token::has_the_form_of_one)
}

/// Fields of services that write to many, or of their own accord.
const GENERATED_FIELDS: &[&str] = &[
    "x-autogenerated",
    "x-cron-env",
    "x-campaign-id",
    "x-campaignid",
    "x-campaign",
    "x-csa-complaints",
    "x-github-reason",
    "x-jira-fingerprint",
    "x-gitlab-notificationreason",
    "x-bugzilla-reason",
    "x-facebook-notify",
    "x-linkedin-template",
    "x-mc-user",
    "x-mailchimp-id",
    "x-mailer-recptid",
];

fn answers_by_field(header: &Header<'_>, message: &IncomingMessage) -> Option<String> {
    let says = |name: &str| header.text(name).filter(|it| !matches!(it.to_lowercase().as_str(), "" | "no" | "none" | "false" | "0"));
    if header.text("x-apple-action").is_some_and(|it| it.eq_ignore_ascii_case("vacation")) {
        return Some("X-Apple-Action: vacation".to_owned());
    }
    if let Some(name) = ANSWER_FIELDS.iter().find(|it| says(it).is_some()) {
        return Some((*name).to_owned());
    }
    // GroupWise says what it generated: a reply, a forward, or mail of a rule.
    if says("x-autogenerated").is_some_and(|it| it.eq_ignore_ascii_case("reply")) {
        return Some("X-Autogenerated: Reply".to_owned());
    }
    if answers_by_rule(header, message) {
        return Some("X-MS-Exchange-Inbox-Rules-Loop names the author".to_owned());
    }
    let precedence = precedence(header);
    if precedence.starts_with("auto") {
        return Some(format!("Precedence: {}", short(&precedence)));
    }
    if header.text("x-post-messageclass").is_some_and(|it| it.to_lowercase().contains("autorespond")) {
        return Some("X-POST-MessageClass: Autoresponder".to_owned());
    }
    if header.all("delivered-to").any(|it| it.trim_ascii().eq_ignore_ascii_case(b"autoresponder")) {
        return Some("Delivered-To: Autoresponder".to_owned());
    }
    None
}

/// Exchange names the mailbox whose rule made a mail: the author's own where it answered, another's where it forwarded.
fn answers_by_rule(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let author = message.author().map(|it| it.address.folded());
    let mailbox = rules_mailbox(header);
    mailbox.is_some() && mailbox == author
}

fn rules_mailbox(header: &Header<'_>) -> Option<String> {
    header.text("x-ms-exchange-inbox-rules-loop").map(|it| it.trim().to_lowercase())
}

fn precedence(header: &Header<'_>) -> String {
    ["precedence", "x-precedence"].iter().find_map(|it| header.text(it)).unwrap_or_default().to_lowercase()
}

/// X-Auto-Response-Suppress (MS-OXCMAIL §2.2.3.2.14) that wants no automatic answer; a person's mail program may set it too.
fn is_a_machines(value: &str, header: &Header<'_>) -> bool {
    let value = value.to_lowercase();
    let wants_none = value.split([',', ';', ' ']).any(|it| matches!(it.trim(), "all" | "autoreply"));
    wants_none && !delivery_report::is_from_a_mail_program(header)
}

/// A person who writes to an address that is a group: the group's fields are there, and the author's own address.
fn is_person_in_a_group(header: &Header<'_>, message: &IncomingMessage) -> bool {
    let of_google = header.first("x-google-group-id").is_some() && header.first("x-original-sender").is_some();
    let mut written_to = message.to.iter().chain(&message.cc).map(|it| &it.address);
    let a_group = of_google && written_to.clone().any(|it| posts_to(header, it)) || written_to.any(|it| is_group_of_office(header, it));
    a_group && message.requester.as_ref().is_some_and(|it| !is_nobody(&it.address)) && header.first("feedback-id").is_none()
}

/// Office 365 leaves its fields on what is written to a group; one leaves the group by a detail of its own address.
fn is_group_of_office(header: &Header<'_>, address: &EmailAddress) -> bool {
    let leave = format!("{}+unsubscribe@{}", address.local(), address.domain()).to_lowercase();
    let named = header.text(UNSUBSCRIBE).is_some_and(|it| it.to_lowercase().contains(&leave));
    let by_exchange = header.fields.iter().any(|it| it.name.starts_with("x-ms-exchange-"));
    by_exchange && named || header.text("x-ms-exchange-group").is_some_and(|it| it.trim().eq_ignore_ascii_case(address.local()))
}

fn by_sender(header: &Header<'_>, message: &IncomingMessage) -> Option<(Kind, String)> {
    if message.return_path == ReturnPath::Null {
        let answers = !message.in_reply_to.is_empty() || message.subject.to_lowercase().starts_with("re:");
        return Some((if answers { Kind::AutoReply } else { Kind::AutoGenerated }, "the return path is empty".to_owned()));
    }
    let from = message.author()?;
    // Whatever sends a form, it passes on what somebody wrote.
    let of_a_form = delivery_report::answers_to_another(message);
    if is_nobody(&from.address) && !of_a_form {
        return Some((Kind::AutoGenerated, format!("From {} wants no answer", from.address)));
    }
    let machine = match from.address.local().to_lowercase().as_str() {
        "mailer-daemon" | "mailerdaemon" | "cron" | "listserv" | "majordomo" => true,
        "root" | "daemon" => !of_a_form || message.subject.to_lowercase().starts_with("cron <"),
        // Somebody reads what is written there, and may write from there.
        "postmaster" => !of_a_form && !delivery_report::has_its_own_path(message),
        _ => false,
    };
    (machine && !delivery_report::is_from_a_mail_program(header))
        .then(|| (Kind::AutoGenerated, format!("From {} is a machine", from.address)))
}

fn short(value: &str) -> String {
    value.chars().take(80).collect()
}
