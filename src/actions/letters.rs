//! From what is owed to finished mail in the outbox.

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        Desk, Result,
        door::{Change, Echo},
    },
    clock::random_token,
    desk::{
        address::{EmailAddress, Named},
        comment::{PublicText, Via},
        encrypted::Encrypted,
        id::{CommentId, MailboxId, PersonId},
        loop_guard,
        notification::{Owed, StaffNotice, Voice},
        person::{Notify, Person},
        rating::{self, Asked},
        settings::{MailboxSettings, Mode, Satisfaction, SenderName, StatusNotice, SubAddressing},
        target::Promise,
        ticket::{Status, Ticket},
        token::{self, Signed},
    },
    mail::compose::{self, Answerable, Author, Content, File, Letterhead, Outgoing, TemplateFault},
    store::{
        Tx, comments, corrections,
        digest_lines::{self, DigestLine},
        mail_templates,
        outbox::{self, Automatic, Leaves, NewMail, Recipient},
        participants::{self, Participant},
    },
};

/// Who and what is around a change.
pub(super) struct Around<'a> {
    pub desk: &'a Desk,
    pub now: Timestamp,
    /// Whose outbox takes the mail.
    pub outbox: MailboxId,
    pub mailbox: &'a MailboxSettings,
    pub staff: &'a [Person],
    pub participants: &'a [Participant],
}

impl Around<'_> {
    /// What somebody is called; nobody is maildesk itself.
    fn name(&self, id: Option<PersonId>) -> &str {
        let staff = self.staff.iter().find(|it| Some(it.id) == id).map(|it| it.name.as_str());
        staff.or_else(|| self.participants.iter().find(|it| Some(it.person) == id).map(|it| it.name.as_str())).unwrap_or("maildesk")
    }
}

/// Puts every mail that is owed into the outbox. What the desk writes by itself is left out, with a line in the log, when it
/// is over its budget or cannot be made; a person's words never are.
pub(super) async fn owe(tx: &mut Tx, change: &Change, owed: &[Owed], around: &Around<'_>) -> Result<()> {
    for owed in owed {
        match owed {
            Owed::Receipt { to } => to_customer(tx, change, &Content::Receipt, *to, around).await?,
            Owed::Status { notice, to } => {
                let content = Content::Status { notice: *notice };
                for person in to {
                    to_customer(tx, change, &content, *person, around).await?;
                }
            }
            Owed::Comment { comment, to, status, voice } => {
                let letter = CommentLetter { comment: *comment, to, status: *status, voice: *voice };
                comment_mail(tx, change, &letter, around).await?;
            }
            Owed::Staff { to, about, notify } => staff_notice(tx, change, *to, (*about, *notify), around).await?,
        }
    }
    Ok(())
}

struct CommentLetter<'a> {
    comment: CommentId,
    to: &'a [PersonId],
    status: Option<Status>,
    voice: Voice,
}

/// A mail that the desk writes by itself to one customer, within the budgets.
async fn to_customer(tx: &mut Tx, change: &Change, content: &Content<'_>, to: PersonId, around: &Around<'_>) -> Result<()> {
    let Some(person) = around.participants.iter().find(|it| it.person == to) else { return Ok(()) };
    let receipt = matches!(content, Content::Receipt);
    // A ticket of the time when the mailbox was only tried out, or one that was imported: whoever has heard nothing of it from here is told
    // nothing by itself.
    let unheard = !receipt && around.mailbox.mode == Mode::Live && participants::heard_nothing(tx, change.number()).await?;
    if unheard || !may_be_written_to(tx, change, person, around).await? {
        return Ok(());
    }
    let echo = !receipt || change.echo == Echo::Allowed;
    let subject = if echo { change.ticket.subject.as_str() } else { "We have received your message" };
    let mail = Mail {
        kind: if receipt { "receipt" } else { "status" },
        content,
        subject,
        greeting: if echo { &person.name } else { "" },
        to: vec![Recipient { address: person.email.clone(), person: Some(person.person) }],
        names: vec![Named { name: echo.then(|| person.name.clone()), address: person.email.clone() }],
        token: None,
        answers_to: None,
        sender: None,
        author: if receipt { Author::DeskInAnswer } else { Author::Desk },
        comment: None,
        told: None,
        files: Vec::new(),
        not_before: around.now + if receipt { SignedDuration::ZERO } else { change.undo_window(around) },
    };
    mail.post(tx, &change.ticket, around).await
}

/// Whether mail that nobody at the desk wrote may go to this person now: not to ourselves, and within the budgets, whatever any
/// header says.
async fn may_be_written_to(tx: &mut Tx, change: &Change, person: &Participant, around: &Around<'_>) -> Result<bool> {
    let (desk, now) = (around.desk, around.now);
    if desk.mailboxes.is_ours(&person.email) || loop_guard::nobody_reads(&person.email) {
        return Ok(false);
    }
    let sent = outbox::automatic_sent(tx, &person.email, now).await?;
    let bound = loop_guard::over_budget(sent, &desk.settings.budgets);
    if let Some(bound) = &bound {
        tracing::warn!(ticket = %change.number(), "no automatic mail about ticket {}: {bound}", change.number());
    }
    Ok(bound.is_none())
}

/// A public comment to everybody who takes part.
async fn comment_mail(tx: &mut Tx, change: &Change, letter: &CommentLetter<'_>, around: &Around<'_>) -> Result<()> {
    let desk = around.desk;
    let Some(comment) = comments::get(tx, letter.comment).await? else { return Ok(()) };
    let Some(said) = PublicText::of(&comment) else { return Ok(()) };
    let last = comments::last_public(tx, change.number(), letter.comment).await?;
    // What we say of a mail that cannot be read is not quoted to her who wrote it.
    let before = last.as_ref().filter(|it| Encrypted::stands_for(it.text.as_str()).is_none()).and_then(PublicText::of);
    let quotable = match &last {
        Some(last) => corrections::known_to(tx, last.id).await?,
        None => Vec::new(),
    };
    let by_staff = letter.voice == Voice::Staff;
    let mut people: Vec<&Participant> = Vec::new();
    for person in around.participants.iter().filter(|it| letter.to.contains(&it.person) && !desk.mailboxes.is_ours(&it.email)) {
        if by_staff || may_be_written_to(tx, change, person, around).await? {
            people.push(person);
        }
    }
    if people.is_empty() {
        return Ok(());
    }
    let before = before.filter(|_| people.iter().all(|it| quotable.contains(&it.person)));
    let undo = if by_staff && matches!(comment.via, Via::Panel | Via::Api) { desk.settings.undo_window } else { SignedDuration::ZERO };
    let mail = Mail {
        kind: if by_staff { "reply" } else { "relay" },
        content: &Content::Reply { said: &said, before: before.as_ref(), status: letter.status },
        subject: &change.ticket.subject,
        greeting: "",
        to: people.iter().map(|it| Recipient { address: it.email.clone(), person: Some(it.person) }).collect(),
        names: people.iter().map(|it| Named { name: Some(it.name.clone()), address: it.email.clone() }).collect(),
        token: None,
        answers_to: None,
        sender: Some(said.author()),
        author: if by_staff { Author::Person } else { Author::Desk },
        comment: Some(letter.comment),
        told: by_staff.then_some(comment.author).flatten(),
        files: files(desk, tx, letter.comment).await?,
        not_before: around.now + undo,
    };
    mail.post(tx, &change.ticket, around).await
}

async fn files(desk: &Desk, tx: &mut Tx, comment: CommentId) -> Result<Vec<File>> {
    let blobs = desk.store.blobs();
    let mut files = Vec::new();
    for row in comments::files(tx, comment).await? {
        if let Some(bytes) = blobs.get(tx, &row.sha256).await? {
            files.push(File { name: row.filename, content_type: row.content_type, bytes });
        }
    }
    Ok(files)
}

async fn staff_notice(
    tx: &mut Tx,
    change: &Change,
    to: PersonId,
    (about, notify): (StaffNotice, Notify),
    around: &Around<'_>,
) -> Result<()> {
    let Some(helper) = around.staff.iter().find(|it| it.id == to) else { return Ok(()) };
    let (happened, comment) = told(about, around.name(change.actor), around);
    if notify == Notify::Digest {
        let line = DigestLine { ticket: change.number(), says: happened, at: around.now };
        return Ok(digest_lines::insert(tx, to, &line).await?);
    }
    let comment = match (comment, &change.opened_by_mail) {
        (Some(id), Some(opened)) if opened.comment.id == id => Some(opened.comment.clone()),
        (Some(id), _) => comments::get(tx, id).await?,
        (None, _) => comments::last_public(tx, change.number(), CommentId(i64::MAX)).await?,
    };
    let said = comment.as_ref().and_then(PublicText::of);
    let facts = format!(
        "{}, {} priority, from {}",
        change.ticket.status.title(),
        change.ticket.priority.title(),
        around.name(Some(change.ticket.requester))
    );
    // Whoever answers a note by mail speaks to a colleague: such an answer never comes to the ticket, where the customer would see it.
    let colleague = if about == StaffNotice::Named { around.staff.iter().find(|it| Some(it.id) == change.actor) } else { None };
    let answerable = if about == StaffNotice::Named { Answerable::No } else { Answerable::Yes };
    let mail = Mail {
        kind: "staff",
        content: &Content::Staff { happened: &happened, facts: &facts, said: said.as_ref(), answerable },
        subject: &change.ticket.subject,
        greeting: "",
        to: vec![Recipient { address: helper.email.clone(), person: Some(helper.id) }],
        names: vec![Named { name: Some(helper.name.clone()), address: helper.email.clone() }],
        token: (answerable == Answerable::Yes).then_some(helper.id),
        answers_to: colleague.map(|it| &it.email),
        sender: None,
        author: Author::Desk,
        comment: None,
        told: None,
        files: Vec::new(),
        not_before: around.now,
    };
    mail.post(tx, &change.ticket, around).await
}

/// What a helper is told in a sentence, and the comment that it is about.
fn told(about: StaffNotice, actor: &str, around: &Around<'_>) -> (String, Option<CommentId>) {
    match about {
        StaffNotice::Assigned => (format!("{actor} gave you this ticket"), None),
        StaffNotice::Named => (format!("{actor} named you in a note"), None),
        StaffNotice::NewTicket { comment } => ("New ticket".to_owned(), Some(comment)),
        StaffNotice::Commented { comment } => (format!("{actor} wrote"), Some(comment)),
        StaffNotice::Replied { comment } => (format!("{actor} answered the customer"), Some(comment)),
        StaffNotice::Status { to } => (format!("{actor} set it to {}", to.title()), None),
        StaffNotice::Due { promise, at } => (due(promise, at, around), None),
    }
}

/// `First reply was due by 14:02 on 17 November (Europe/Prague) and is missed`.
fn due(promise: Promise, at: Timestamp, around: &Around<'_>) -> String {
    let zone = &around.desk.settings.time_zone;
    let by = at.to_zoned(zone.clone()).strftime("%H:%M on %-d %B");
    let zone = zone.iana_name().unwrap_or("UTC");
    match at <= around.now {
        true => format!("{} was due by {by} ({zone}) and is missed", promise.title()),
        false => format!("{} is due by {by} ({zone})", promise.title()),
    }
}

/// A finished mail.
struct Made<'a> {
    id: &'a str,
    bytes: &'a [u8],
    subject: &'a str,
}

/// One mail about a ticket, ready to be written.
struct Mail<'a> {
    kind: &'static str,
    content: &'a Content<'a>,
    subject: &'a str,
    greeting: &'a str,
    to: Vec<Recipient>,
    names: Vec<Named>,
    /// The helper whose token it carries.
    token: Option<PersonId>,
    /// Where answers go, if not to the ticket.
    answers_to: Option<&'a EmailAddress>,
    /// Whose words it carries.
    sender: Option<&'a str>,
    author: Author,
    comment: Option<CommentId>,
    /// Who is told when it fails.
    told: Option<PersonId>,
    files: Vec<File>,
    not_before: Timestamp,
}

impl Mail<'_> {
    async fn post(&self, tx: &mut Tx, ticket: &Ticket, around: &Around<'_>) -> Result<()> {
        let (desk, mailbox) = (around.desk, around.mailbox);
        let url = desk.url.to_string();
        let rate = self.rating_page(ticket, around);
        let head = Letterhead {
            desk: &desk.settings.name,
            url: &url,
            number: Some(ticket.number),
            subject: self.subject,
            greeting: self.greeting,
            rate: rate.as_deref(),
        };
        let written = compose::write(&desk.templates, around.outbox, &head, self.content)?;
        note_fault(tx, written.fault.as_ref()).await?;
        let thread = self.thread(tx, ticket).await?;
        let sign = |text: &str| desk.sign(text);
        let id = token::message_id(Some(ticket.number), self.token, &random_token(), mailbox.address.domain(), &sign);
        let reply_to = match mailbox.sub_addressing {
            _ if self.answers_to.is_some() => self.answers_to.cloned(),
            SubAddressing::Plus => token::reply_address(&mailbox.address, Signed { ticket: ticket.number, person: self.token }, &sign),
            SubAddressing::None => None,
        };
        let from = self.from(mailbox);
        let bytes = compose::compose(&Outgoing {
            from: &from,
            to: &self.names,
            reply_to: reply_to.as_ref(),
            subject: &written.subject,
            message_id: &id,
            in_reply_to: thread.last().map(String::as_str),
            references: &thread,
            date: around.now,
            author: self.author,
            loop_mark: &token::loop_mark(&random_token(), &sign),
            text: &written.text,
            html: &written.html,
            files: &self.files,
        })?;
        let made = Made { id: &id, bytes: &bytes, subject: &written.subject };
        self.keep(tx, ticket, &made, around).await
    }

    /// Where whoever opened the ticket says how it was, when this mail tells them that it is resolved.
    fn rating_page(&self, ticket: &Ticket, around: &Around<'_>) -> Option<String> {
        let resolved = match *self.content {
            Content::Status { notice } => notice == StatusNotice::Resolved,
            Content::Reply { status, .. } => status == Some(Status::Resolved),
            Content::Receipt
            | Content::Staff { .. }
            | Content::NotSent { .. }
            | Content::AnswerHeld { .. }
            | Content::Alarm { .. }
            | Content::Probe { .. }
            | Content::Link { .. }
            | Content::Address { .. }
            | Content::Digest { .. } => false,
        };
        let asks = around.mailbox.satisfaction == Satisfaction::Ask && self.to.iter().any(|it| it.person == Some(ticket.requester));
        let person = Some(ticket.requester).filter(|_| self.to.len() == 1);
        let asked = Asked { ticket: ticket.number, resolved_at: ticket.status_at, person };
        (resolved && asks).then(|| around.desk.url.page(&format!("/rate/{}", rating::token(asked, &|text| around.desk.sign_rating(text)))))
    }

    async fn keep(&self, tx: &mut Tx, ticket: &Ticket, made: &Made<'_>, around: &Around<'_>) -> Result<()> {
        let sha256 = around.desk.store.blobs().put_later(tx, made.bytes, around.now).await?;
        let by_itself = self.author != Author::Person;
        let new = NewMail {
            mailbox: around.outbox,
            kind: self.kind,
            ticket: Some(ticket.number),
            comment: self.comment,
            author: self.told,
            message_id: made.id,
            envelope_from: (!by_itself || self.comment.is_some()).then_some(&around.mailbox.address),
            sha256: &sha256,
            subject: made.subject,
            // Budgets guard strangers; what a helper asked to be told is not counted.
            automatic: if by_itself && self.kind != "staff" { Automatic::Yes } else { Automatic::No },
            leaves: leaves(around.mailbox),
        };
        outbox::insert(tx, &new, &self.to, self.not_before, around.now);
        Ok(())
    }

    /// The customer's own thread for a customer; for a helper the mail that opened it, so that their program shows one thread.
    async fn thread(&self, tx: &mut Tx, ticket: &Ticket) -> Result<Vec<String>> {
        if self.kind == "staff" || self.kind == "receipt" {
            return Ok(ticket.opened_message.iter().cloned().collect());
        }
        Ok(comments::thread_ids(tx, ticket.number, self.comment.unwrap_or(CommentId(i64::MAX))).await?)
    }

    fn from(&self, mailbox: &MailboxSettings) -> Named {
        match (mailbox.sender_name, self.sender) {
            (SenderName::Helper, Some(name)) => {
                Named { name: Some(format!("{name} ({})", mailbox.display_name)), address: mailbox.address.clone() }
            }
            (SenderName::Desk, _) | (SenderName::Helper, None) => mailbox.named(),
        }
    }
}

/// Keeps in mind that the desk's own words for a mail cannot be used: the admins are told.
pub(super) async fn note_fault(tx: &mut Tx, fault: Option<&TemplateFault>) -> Result<()> {
    match fault {
        Some(it) => Ok(mail_templates::failed(tx, it.kind, it.mailbox, &it.why).await?),
        None => Ok(()),
    }
}

/// Whether mail of this mailbox is sent.
pub(super) fn leaves(mailbox: &MailboxSettings) -> Leaves {
    match mailbox.mode {
        Mode::Live => Leaves::Yes,
        Mode::Shadow => Leaves::Never,
    }
}
