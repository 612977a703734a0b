//! What a mail says, by its kind: rendered from `templates/mail/<kind>/`.
//!
//! What goes to a customer is built from [`PublicText`] alone; a note cannot be made one.

use serde::Serialize;

use crate::{
    desk::{
        comment::PublicText,
        id::{MailboxId, TicketNumber},
        mail_kind::MailKind,
        message::REPLY_MARKER,
        settings::StatusNotice,
        ticket::Status,
    },
    mail::compose::{ComposeError, digest::DigestTicket},
    templates::{
        Templates,
        own::{OwnMail, Part, Wrong},
    },
};

/// What stands on every mail of a mailbox.
#[derive(Clone, Debug, Serialize)]
pub struct Letterhead<'a> {
    /// The desk's name.
    pub desk: &'a str,
    /// Where the panel is reached, without a trailing slash.
    pub url: &'a str,
    /// Which ticket, where it is about one.
    pub number: Option<TicketNumber>,
    /// Its subject.
    pub subject: &'a str,
    /// How the person is addressed; empty: not by name.
    pub greeting: &'a str,
    /// Where the customer is asked how it was; none: they are not.
    pub rate: Option<&'a str>,
}

/// What a mail says.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// "We have received your message." Never carries the body of what was received.
    Receipt,
    /// A person's words, to the customer or from one participant to the others.
    Reply {
        /// The words.
        said: &'a PublicText,
        /// The last public words before it.
        before: Option<&'a PublicText>,
        /// The status it leaves the ticket in, where that changed.
        status: Option<Status>,
    },
    /// A change of status.
    Status {
        /// Which.
        notice: StatusNotice,
    },
    /// To a helper about a ticket.
    Staff {
        /// What happened, as a sentence: `Ada gave you this ticket`.
        happened: &'a str,
        /// Facts in one line: `Urgent, from Ann`.
        facts: &'a str,
        /// The customer's or colleague's public words.
        said: Option<&'a PublicText>,
        /// Whether an answer by mail is taken as the helper's.
        answerable: Answerable,
    },
    /// To the author of a reply that did not arrive.
    NotSent {
        /// Where it was going.
        address: &'a str,
        /// What the server said.
        words: &'a str,
        /// The reply.
        said: Option<&'a PublicText>,
    },
    /// To a helper whose answer by mail was held.
    AnswerHeld {
        /// Why, as a sentence.
        reason: &'a str,
        /// The subject of what they sent.
        sent: &'a str,
    },
    /// To the admins: what is not well, and what is well again.
    Alarm {
        /// What began.
        began: &'a [AlarmLine],
        /// What is over.
        over: &'a [AlarmLine],
    },
    /// From a mailbox to itself, to see it come back.
    Probe {
        /// Its address.
        address: &'a str,
    },
    /// To a helper: what they chose to hear once a day.
    Digest {
        /// Never empty.
        tickets: &'a [DigestTicket],
        /// On how many tickets more something happened.
        more: usize,
    },
    /// Somebody wants another address, or has it.
    Address {
        /// Makes it theirs; none: it is theirs, and this goes to the one before.
        link: Option<&'a str>,
        /// The new one.
        address: &'a str,
    },
    /// A link that lets somebody set a password, to a new user or to one who forgot it; or that lets them sign in.
    Link {
        /// Which of them.
        purpose: LinkPurpose,
        /// The link.
        link: &'a str,
        /// Who made it.
        by: &'a str,
        /// How long it holds, in words: `three days`.
        holds: &'a str,
    },
}

/// One trouble as a mail tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmLine {
    /// What is wrong, as a sentence.
    pub says: String,
    /// What to do, as a sentence.
    pub mend: String,
    /// `17 November 2026, 14:02 (Europe/Prague)`.
    pub since: String,
    /// When it was over, in the same form; empty while it is not.
    pub until: String,
}

/// Whether an answer by mail to a staff notice is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Answerable {
    /// It becomes a public comment.
    Yes,
    /// It does not.
    No,
}

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LinkPurpose {
    /// Joining the desk.
    Invitation,
    /// A new password.
    Reset,
    /// Signing in.
    SignIn,
}

/// A mail's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Without the ticket's tag.
    pub subject: String,
    /// The text form.
    pub text: String,
    /// The HTML form.
    pub html: String,
    /// Where somebody's own words could not be used, and what is shipped is sent instead.
    pub fault: Option<TemplateFault>,
}

/// Somebody's own words for a mail cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// Which mail.
    pub kind: MailKind,
    /// Of which mailbox they are; none: of all.
    pub mailbox: Option<MailboxId>,
    /// Why.
    pub why: String,
}

/// Fills in the templates of this kind of mail, as `mailbox` sends it: in the desk's own words where it has any. Where these cannot be
/// used, what is shipped is sent, and the fault is told.
///
/// # Errors
/// [`ComposeError::Template`] when a shipped template is wrong.
pub fn write(templates: &Templates, mailbox: MailboxId, head: &Letterhead<'_>, content: &Content<'_>) -> Result<Written, ComposeError> {
    let mut fault = None;
    if let Some((of, own)) = templates.sent_by(kind(content), mailbox) {
        match fill(templates, &own, head, content) {
            Ok(written) => return Ok(written),
            Err(Wrong { part, why }) => {
                tracing::error!(
                    "the desk’s own words for {} cannot be used, so the shipped ones are sent: {}: {why}",
                    kind(content),
                    part.field()
                );
                fault =
                    MailKind::parse(kind(content)).map(|kind| TemplateFault { kind, mailbox: of, why: format!("{}: {why}", part.field()) });
            }
        }
    }
    let fields = Fields::of(head, content);
    let render = |part: Part| templates.render(&format!("mail/{}/{}", kind(content), part.file()), &fields);
    Ok(Written { subject: one_line(&render(Part::Subject)?), text: render(Part::Text)?, html: render(Part::Html)?, fault })
}

/// Fills in one that somebody wrote.
///
/// # Errors
/// The part that cannot be used, and why.
pub(super) fn fill(templates: &Templates, own: &OwnMail, head: &Letterhead<'_>, content: &Content<'_>) -> Result<Written, Wrong> {
    let fields = Fields::of(head, content);
    let render = |part: Part| templates.render_own(own, part, &fields);
    Ok(Written { subject: one_line(&render(Part::Subject)?), text: render(Part::Text)?, html: render(Part::Html)?, fault: None })
}

/// A subject is no longer; characters.
const LONGEST_SUBJECT: usize = 400;

/// Whatever comes out of a template, it stays one line of a header, and a short one.
fn one_line(subject: &str) -> String {
    let clean: String = subject.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SUBJECT).collect();
    clean.trim_end().to_owned()
}

fn kind(content: &Content<'_>) -> &'static str {
    match content {
        Content::Receipt => "receipt",
        Content::Reply { .. } => "reply",
        Content::Status { .. } => "status",
        Content::Staff { .. } => "staff",
        Content::NotSent { .. } => "not-sent",
        Content::AnswerHeld { .. } => "answer-held",
        Content::Link { .. } => "link",
        Content::Address { .. } => "address",
        Content::Alarm { .. } => "alarm",
        Content::Probe { .. } => "probe",
        Content::Digest { .. } => "digest",
    }
}

#[derive(Serialize)]
struct Fields<'a> {
    desk: Desk<'a>,
    ticket: Ticket<'a>,
    person: Greeted<'a>,
    signature: Signature<'a>,
    rate: Option<&'a str>,
    marker: &'static str,
    it: Shown<'a>,
}

impl<'a> Fields<'a> {
    fn of(head: &'a Letterhead<'a>, content: &Content<'a>) -> Self {
        Self {
            desk: Desk { name: head.desk, url: head.url },
            ticket: Ticket { number: head.number, subject: head.subject },
            person: Greeted { name: head.greeting, first_name: head.greeting.split_whitespace().next().unwrap_or_default() },
            signature: below(content),
            rate: head.rate,
            marker: REPLY_MARKER,
            it: shown(content),
        }
    }
}

#[derive(Serialize)]
struct Desk<'a> {
    name: &'a str,
    url: &'a str,
}

#[derive(Serialize)]
struct Ticket<'a> {
    number: Option<TicketNumber>,
    subject: &'a str,
}

#[derive(Serialize)]
struct Greeted<'a> {
    name: &'a str,
    first_name: &'a str,
}

#[derive(Serialize)]
struct Signature<'a> {
    text: &'a str,
    lines: Vec<&'a str>,
}

/// What stands below somebody's words.
fn below<'a>(content: &Content<'a>) -> Signature<'a> {
    let text = match *content {
        Content::Reply { said, .. } => said.signature(),
        Content::Receipt
        | Content::Status { .. }
        | Content::Staff { .. }
        | Content::NotSent { .. }
        | Content::AnswerHeld { .. }
        | Content::Link { .. }
        | Content::Address { .. }
        | Content::Alarm { .. }
        | Content::Digest { .. }
        | Content::Probe { .. } => "",
    };
    Signature { text, lines: text.lines().collect() }
}

/// The fields a template may use; those that a kind lacks are none.
#[derive(Default, Serialize)]
struct Shown<'a> {
    said: Option<Words>,
    before: Option<Words>,
    status: Option<&'static str>,
    happened: &'a str,
    facts: &'a str,
    answerable: bool,
    address: &'a str,
    words: &'a str,
    reason: &'a str,
    sent: &'a str,
    link: &'a str,
    by: &'a str,
    holds: &'a str,
    invitation: bool,
    signs_in: bool,
    began: &'a [AlarmLine],
    over: &'a [AlarmLine],
    tickets: &'a [DigestTicket],
    more: usize,
    /// `tickets` and `more` together.
    ticket_count: usize,
}

/// Words as a template lays them out.
#[derive(Serialize)]
struct Words {
    author: String,
    /// For the attribution line: `17 November 2026 at 14:02 (UTC)`.
    at: String,
    text: String,
    /// What words in Markdown come to, sanitised.
    html: Option<String>,
    /// Each line after `> `.
    quoted: String,
    /// Paragraphs of lines.
    paragraphs: Vec<Vec<String>>,
}

impl Words {
    fn of(said: &PublicText) -> Self {
        let text = said.text();
        Self {
            author: said.author().to_owned(),
            at: said.written_at().strftime("%-d %B %Y at %H:%M (UTC)").to_string(),
            text: text.to_owned(),
            html: said.rendered().map(str::to_owned),
            quoted: text
                .lines()
                .map(|line| if line.is_empty() { ">".to_owned() } else { format!("> {line}") })
                .collect::<Vec<_>>()
                .join("\n"),
            paragraphs: text
                .split("\n\n")
                .filter(|it| !it.trim().is_empty())
                .map(|it| it.trim_matches('\n').lines().map(str::to_owned).collect())
                .collect(),
        }
    }
}

fn shown<'a>(content: &Content<'a>) -> Shown<'a> {
    match *content {
        Content::Receipt => Shown::default(),
        Content::Reply { said, before, status } => {
            Shown { said: Some(Words::of(said)), before: before.map(Words::of), status: status.map(Status::as_str), ..Shown::default() }
        }
        Content::Status { notice } => Shown { status: Some(notice.as_str()), ..Shown::default() },
        Content::Staff { happened, facts, said, answerable } => {
            Shown { happened, facts, said: said.map(Words::of), answerable: answerable == Answerable::Yes, ..Shown::default() }
        }
        Content::NotSent { address, words, said } => Shown { address, words, said: said.map(Words::of), ..Shown::default() },
        Content::Alarm { began, over } => Shown { began, over, ..Shown::default() },
        Content::Address { link, address } => Shown { link: link.unwrap_or_default(), address, ..Shown::default() },
        Content::Probe { address } => Shown { address, ..Shown::default() },
        Content::Digest { tickets, more } => Shown { tickets, more, ticket_count: tickets.len() + more, ..Shown::default() },
        Content::AnswerHeld { reason, sent } => Shown { reason, sent, ..Shown::default() },
        Content::Link { purpose, link, by, holds } => Shown {
            link,
            by,
            holds,
            invitation: purpose == LinkPurpose::Invitation,
            signs_in: purpose == LinkPurpose::SignIn,
            ..Shown::default()
        },
    }
}
