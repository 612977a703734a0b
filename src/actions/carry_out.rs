//! What was decided about a message is done.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, NewFile, Result, commands,
        correct::no_spam,
        deliveries,
        door::{Change, Echo, OpenedByMail, TicketRow, record},
        follow,
        mail_words::MailWords,
        merge,
        open_forwarded::open_forwarded,
        own_letter::{OwnLetter, Readers},
        receive_message::{Came, Incoming},
        reply::{self, Words},
        rules::Holding,
        say::{FromMail, Saying, Written, say, say_uncounted, shown, snippet},
        staff_words, write_note,
    },
    desk::{
        address::Named,
        command::{self, Command},
        comment::{Comment, CommentText, Flag, Origin, Via, Visibility},
        event::EventKind,
        id::{PersonId, TicketNumber},
        message::{IncomingAttachment, IncomingMessage},
        notification::Happening,
        person::{Person, clean_name},
        ticket::{Priority, Status, Turn, clean_subject},
        triage::{Answer, Authenticity, Decision, Facts, OurOwn, Requester, Voice},
    },
    mail::compose::Content,
    store::{
        Tx,
        outbox::{self, Automatic},
        participants::{self, Participant, Participation},
        people, round_trips,
        tickets::{self, CommentTrace, NewTicket},
    },
};

/// What was decided, why, and the rules that hold for it.
pub(super) struct Deciding<'a> {
    pub decision: &'a Decision,
    pub reason: &'a str,
    pub rules: &'a Holding<'a>,
}

/// So many people are taken from the Cc of one message.
pub(super) const MOST_COPIES: usize = 20;

/// Does it; the ticket that it went to.
pub(super) async fn carry_out(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    facts: &Facts<'_>,
    Deciding { decision, reason, rules }: &Deciding<'_>,
) -> Result<Option<TicketNumber>> {
    let now = facts.now;
    match decision {
        Decision::Ignore => {
            // One that lies in a file says nothing of how mail goes now.
            if let (Came::Now, OurOwn::Probe, Some(id)) = (incoming.came, facts.our_own, &incoming.message.message_id) {
                round_trips::back(tx, incoming.row.mailbox, id, now).await?;
            }
            Ok(None)
        }
        Decision::RecordBounce(mail) => deliveries::bounced(desk, tx, *mail, incoming.message.bounce.as_ref(), now).await,
        Decision::Hold { tell } => {
            if let Some(helper) = tell {
                tell_helper(desk, tx, incoming, *helper, reason, now).await?;
            }
            Ok(None)
        }
        Decision::Join { ticket, voice } => join(desk, tx, incoming, facts, (*ticket, *voice, rules)).await.map(Some),
        Decision::Open { linked, receipt, requester: Requester::Sender } => {
            open(desk, tx, incoming, facts, (*linked, *receipt, rules)).await
        }
        Decision::Open { receipt, requester: Requester::ForwardedSender, .. } => match (&facts.forwarded, &facts.author) {
            (Some(mail), Some(helper)) => open_forwarded(desk, tx, incoming, (mail, helper), (*receipt, rules), now).await.map(Some),
            (Some(_) | None, _) => Ok(None),
        },
    }
}

/// A helper hears that their answer was not sent; within the budgets, since anybody can write a From.
async fn tell_helper(desk: &Desk, tx: &mut Tx, incoming: &Incoming, helper: PersonId, reason: &str, now: Timestamp) -> Result<()> {
    let Some(helper) = people::get(tx, helper).await?.filter(Person::is_active_staff) else { return Ok(()) };
    let sent = outbox::automatic_sent(tx, &helper.email, now).await?;
    if crate::desk::loop_guard::over_budget(sent, &desk.settings.budgets).is_some() {
        return Ok(());
    }
    let content = Content::AnswerHeld { reason, sent: &incoming.message.subject };
    let to = Readers::People(std::slice::from_ref(&helper));
    let mail = OwnLetter { kind: "answer-held", content, ticket: None, to, automatic: Automatic::Yes };
    mail.post(desk, tx, incoming.row.mailbox, now).await.map(drop)
}

async fn open(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    facts: &Facts<'_>,
    (linked, receipt, rules): (Option<TicketNumber>, Answer, &Holding<'_>),
) -> Result<Option<TicketNumber>> {
    let (message, now) = (&incoming.message, facts.now);
    let Some(requester) = requester(tx, message, facts).await? else { return Ok(None) };
    let words = staff_words::shown(desk, tx, message).await?;
    let subject = clean_subject(&message.subject);
    let opened_message = message.message_id.as_ref().map(|it| it.as_str().to_owned());
    let new = NewTicket {
        mailbox: incoming.row.mailbox,
        subject: &subject,
        priority: Priority::Normal,
        requester: requester.id,
        assignee: None,
        status: Status::Open,
        turn: Turn::Staff,
        opened_message: opened_message.as_deref(),
        linked,
        at: now,
    };
    let start = snippet(words.text.as_str());
    let trace = CommentTrace { snippet: Some(&start), files: shown(&words.files) };
    let ticket = tickets::insert_with(tx, &new, Some(trace)).await?;
    let number = ticket.number;
    participants::set(tx, number, requester.id, Participation::Active, now).await?;
    let copied = copied(desk, tx, message, number, Participation::Active, now).await?;
    let speaker = customer(&requester);
    let comment = say_uncounted(desk, tx, &saying(incoming, number, &speaker, &words), now).await?;
    let mut change = Change::of(ticket, Some(requester.id));
    (change.row, change.came) = (TicketRow::JustMade, incoming.came);
    change.opened_by_mail = Some(OpenedByMail {
        participants: [&requester].into_iter().chain(&copied).map(Participant::active).collect(),
        comment: Comment::of_mail(comment, number, &requester, words.text, now),
    });
    // It is From that was verified: a receipt to whom Reply-To names repeats nothing.
    let vouched = incoming.authenticity() == Authenticity::Verified && message.author().is_some_and(|it| it.address == requester.email);
    change.echo = if vouched { Echo::Allowed } else { Echo::Never };
    change.opened(incoming.came.opens_by(), comment);
    if let Some(linked) = linked {
        change.changed(EventKind::Linked, None, Some(linked.to_string()));
    }
    change.happened(Happening::Opened { comment, receipt });
    rules.apply(tx, &mut change, now).await?;
    record(desk, tx, change, now).await?;
    Ok(Some(number))
}

/// Whose ticket a mail opens; an account is made where there is none.
async fn requester(tx: &mut Tx, message: &IncomingMessage, facts: &Facts<'_>) -> Result<Option<Person>> {
    let Some(named) = &message.requester else { return Ok(None) };
    let is_author = message.author().is_some_and(|it| it.address == named.address);
    Ok(Some(match &facts.author {
        Some(author) if is_author => author.clone(),
        None if is_author => people::make_customer(tx, &named.address, &account_name(named), facts.now).await?,
        Some(_) | None => person(tx, named, facts.now).await?,
    }))
}

async fn join(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    facts: &Facts<'_>,
    (joined, voice, rules): (TicketNumber, Voice, &Holding<'_>),
) -> Result<TicketNumber> {
    let now = facts.now;
    if let Voice::Staff(_) = voice
        && let Some(into) = commands::merge_into(desk, tx, &incoming.message).await?
    {
        let standing = tickets::standing(tx, joined).await?.map(|it| it.number);
        tickets::lock_all(tx, standing.into_iter().chain([into])).await?;
    }
    let ticket = tickets::lock_standing(tx, joined).await?.ok_or(crate::actions::ActionError::Missing("ticket"))?;
    let number = ticket.number;
    if voice != Voice::Machine {
        // Marked while this mail was looked at: it is decided again.
        no_spam(tx, number).await?;
    }
    let author = match incoming.message.author() {
        Some(named) => Some(person(tx, named, now).await?),
        None => None,
    };
    let mut change = Change::of(ticket, author.as_ref().map(|it| it.id));
    change.came = incoming.came;
    match (voice, author) {
        (Voice::Staff(id), Some(helper)) if helper.id == id => staff(desk, tx, incoming, &mut change, &helper, now).await?,
        (Voice::Participant, Some(author)) => {
            let flag = author.role.is_staff().then_some(Flag::UnsignedStaff);
            let comment = by_mail(desk, tx, incoming, number, &Speaker { flag, ..customer(&author) }, now).await?;
            propose(desk, tx, &incoming.message, &mut change, now).await?;
            reply::customer_wrote(&mut change, comment, now);
        }
        (Voice::NewParticipant, Some(author)) => {
            let comment =
                by_mail(desk, tx, incoming, number, &Speaker { flag: Some(Flag::NewParticipant), ..customer(&author) }, now).await?;
            if participants::of(tx, number, author.id).await?.is_none() {
                participants::set(tx, number, author.id, Participation::Proposed, now).await?;
                change.changed(EventKind::ParticipantProposed, None, Some(author.email.to_string()));
            }
            change.customers_word(now);
            change.note(EventKind::Commented, Some(comment));
            change.happened(Happening::StrangerCommented { comment });
        }
        (Voice::Machine | Voice::Staff(_) | Voice::Participant | Voice::NewParticipant, author) => {
            // Staff alone see it: a helper's out-of-office quotes a notice and the address that only they were given.
            let speaker = Speaker {
                author: author.map(|it| it.id),
                origin: Origin::Machine,
                flag: Some(Flag::Automatic),
                visibility: Visibility::Internal,
            };
            let comment = by_mail(desk, tx, incoming, number, &speaker, now).await?;
            change.note(EventKind::Automatic, Some(comment));
        }
    }
    rules.apply(tx, &mut change, now).await?;
    record(desk, tx, change, now).await?;
    follow::follow(tx, (incoming.row.id, voice), facts, (joined, number), now).await?;
    match voice {
        Voice::Staff(helper) => merge_if_asked(desk, tx, incoming, helper, number, now).await,
        Voice::Participant | Voice::NewParticipant | Voice::Machine => Ok(number),
    }
}

/// Merges the ticket where a command says so; where its messages are then.
async fn merge_if_asked(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    helper: PersonId,
    number: TicketNumber,
    now: Timestamp,
) -> Result<TicketNumber> {
    let Some(into) = commands::merge_into(desk, tx, &incoming.message).await? else { return Ok(number) };
    let Some(helper) = people::get(tx, helper).await? else { return Ok(number) };
    merge::within(desk, tx, &helper, number, into, now).await?;
    Ok(into)
}

/// A helper's answer: their commands, then their words.
async fn staff(desk: &Desk, tx: &mut Tx, incoming: &Incoming, change: &mut Change, helper: &Person, now: Timestamp) -> Result<()> {
    let words = staff_words::of(desk, tx, &incoming.message).await?;
    let (commands, rest) = command::read(&words).unwrap_or_else(|_| (Vec::new(), words.into_owned()));
    let files = files(&incoming.message.attachments, None);
    if !rest.is_empty() || !files.is_empty() {
        let text = CommentText::from_mail(&rest);
        // As [`staff_words::shown`]: neither the quoted history nor the HTML.
        let mail = FromMail { message: incoming.row.id, quoted: "", html: None, remote_images: 0 };
        let words = Words { text: &text, files: &files, via: Via::Mail, mail: Some(mail), written: Written::default() };
        if commands.contains(&Command::Note) {
            write_note::note(desk, tx, change, helper, &words, now).await?;
        } else {
            reply::as_staff(desk, tx, change, helper, &words, now).await?;
        }
    }
    for command in &commands {
        commands::apply(desk, tx, change, helper, command, now).await?;
    }
    Ok(())
}

/// Whose words a mail's comment is.
struct Speaker {
    author: Option<PersonId>,
    origin: Origin,
    flag: Option<Flag>,
    visibility: Visibility,
}

fn customer(person: &Person) -> Speaker {
    Speaker { author: Some(person.id), origin: Origin::Customer, flag: None, visibility: Visibility::Public }
}

async fn by_mail(
    desk: &Desk,
    tx: &mut Tx,
    incoming: &Incoming,
    number: TicketNumber,
    speaker: &Speaker,
    now: Timestamp,
) -> Result<crate::desk::id::CommentId> {
    let words = match speaker.visibility {
        Visibility::Public => staff_words::shown(desk, tx, &incoming.message).await?,
        Visibility::Internal => MailWords::of(&incoming.message),
    };
    say(desk, tx, &saying(incoming, number, speaker, &words), now).await
}

fn saying<'a>(incoming: &Incoming, number: TicketNumber, speaker: &Speaker, words: &'a MailWords) -> Saying<'a> {
    Saying {
        ticket: number,
        visibility: speaker.visibility,
        origin: speaker.origin,
        author: speaker.author,
        via: Via::Mail,
        text: &words.text,
        files: &words.files,
        mail: Some(FromMail {
            message: incoming.row.id,
            quoted: &words.quoted,
            html: words.html.as_deref(),
            remote_images: words.remote_images,
        }),
        flag: speaker.flag,
        written: Written::default(),
    }
}

/// What came with a mail, under names that can be shown. A picture belongs to the text where its part says so, or where `html`
/// shows it: Outlook calls such pictures attachments.
pub(super) fn files(attachments: &[IncomingAttachment], html: Option<&str>) -> Vec<NewFile> {
    let shows = |id: &str| html.is_some_and(|it| it.contains(&format!("cid:{id}")));
    let file = |(at, it): (usize, &IncomingAttachment)| NewFile {
        name: it.shown_name(at),
        content_type: it.content_type.replace('\0', ""),
        content_id: it.content_id.clone().filter(|id| it.inline || shows(id)).map(|it| it.replace('\0', "")),
        bytes: it.bytes.clone(),
    };
    attachments.iter().enumerate().map(file).collect()
}

/// The account of an address, made where there is none.
pub(super) async fn person(tx: &mut Tx, named: &Named, now: Timestamp) -> Result<Person> {
    Ok(people::ensure(tx, &named.address, &account_name(named), now).await?)
}

fn account_name(named: &Named) -> String {
    clean_name(named.name.as_deref().unwrap_or_default(), &named.address)
}

/// Those in the Cc of a message that opens a ticket take part.
async fn copied(
    desk: &Desk,
    tx: &mut Tx,
    message: &IncomingMessage,
    number: TicketNumber,
    state: Participation,
    now: Timestamp,
) -> Result<Vec<Person>> {
    let mut added = Vec::new();
    for named in message.cc.iter().filter(|it| !desk.mailboxes.is_ours(&it.address)).take(MOST_COPIES) {
        let person = person(tx, named, now).await?;
        if person.role.is_staff() || participants::of(tx, number, person.id).await?.is_some() {
            continue;
        }
        participants::set(tx, number, person.id, state, now).await?;
        added.push(person);
    }
    Ok(added)
}

/// Those in the Cc of a later message are proposed to staff, and get nothing until accepted.
async fn propose(desk: &Desk, tx: &mut Tx, message: &IncomingMessage, change: &mut Change, now: Timestamp) -> Result<()> {
    for person in copied(desk, tx, message, change.number(), Participation::Proposed, now).await? {
        change.changed(EventKind::ParticipantProposed, None, Some(person.email.to_string()));
    }
    Ok(())
}
