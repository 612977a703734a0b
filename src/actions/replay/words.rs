//! What a comment would show of a mail that came in today.

use crate::{
    actions::{
        Desk, NewFile, Result,
        mail_words::MailWords,
        read_held::{self, HeldFile},
        receive_message::Incoming,
        staff_words,
    },
    desk::{
        command,
        comment::{Origin, Visibility},
        message::IncomingMessage,
        replay::{File, Header, Title, Words, both_made_up, retitled},
        ticket::clean_subject,
    },
    mail::parse::forwarded,
    store::{
        Conn,
        blobs::ContentHash,
        people,
        replay::{self, Said},
    },
};

/// The words that the comment of a mail would have: a helper's without their commands, a forwarded customer's alone.
pub(super) async fn today(desk: &Desk, conn: &mut Conn, said: &Said, incoming: &Incoming) -> Result<MailWords> {
    let message = &incoming.message;
    if said.origin == Origin::Staff {
        let words = staff_words::of(desk, conn, message).await?;
        let (_, rest) = command::read(&words).unwrap_or_else(|_| (Vec::new(), words.into_owned()));
        return Ok(MailWords::of_answer_to_notice(message, &rest));
    }
    let author = match said.author {
        Some(id) => people::get(conn, id).await?,
        None => None,
    };
    // Not whoever sent it: a helper had forwarded it.
    let forwarded = author.filter(|it| message.author().is_none_or(|sender| sender.address != it.email)).and_then(|author| {
        let mail = forwarded::find(message)?;
        (mail.from.address == author.email).then_some(mail)
    });
    match forwarded {
        Some(mail) => Ok(MailWords::forwarded(&mail)),
        None if said.visibility == Visibility::Internal => Ok(MailWords::of(message)),
        None => staff_words::shown(desk, conn, message).await,
    }
}

/// The same as it is kept.
pub(super) fn shown(words: &MailWords) -> Words {
    Words {
        text: words.text.as_str().to_owned(),
        quoted: words.quoted.clone(),
        html: words.html.clone(),
        remote_images: words.remote_images,
        files: words.files.iter().map(file).collect(),
    }
}

fn file(file: &NewFile) -> File {
    File {
        name: file.name.clone(),
        content_type: file.content_type.clone(),
        size: file.bytes.len() as u64,
        sha256: ContentHash::of(&file.bytes).as_str().to_owned(),
        content_id: file.content_id.clone(),
    }
}

/// What the ledger would say of it; what the list of held mail shows only where it shows it.
pub(super) fn header(incoming: &Incoming, stored: &Header) -> Header {
    let message = &incoming.message;
    Header {
        message_id: message.message_id.as_ref().map(ToString::to_string),
        sender: message.author().map(|it| it.address.folded()),
        sender_name: message.author().and_then(|it| it.name.clone()),
        subject: message.subject.replace('\0', ""),
        sender_check: incoming.sender_check.as_ref().map(|it| (it.authenticity.as_str().to_owned(), it.why.clone())),
        excerpt: stored.excerpt.as_ref().map(|_| read_held::excerpt(message)),
        files: stored.files.as_ref().map(|it| listed(message, it)),
    }
}

/// JSON for the list of held mail; a name that was made up for it then stays.
fn listed(message: &IncomingMessage, stored: &str) -> String {
    let then: Vec<HeldFile> = serde_json::from_str(stored).unwrap_or_default();
    let mut files = read_held::files(message);
    for (at, ((file, then), part)) in files.iter_mut().zip(then).zip(&message.attachments).enumerate() {
        if both_made_up(&then.name, &file.name, &part.content_type, at) {
            file.name = then.name;
        }
    }
    serde_json::to_string(&files).unwrap_or_default()
}

/// What becomes of the title of the ticket that a mail opened and is on: one that a forwarded customer's mail gave is that one's.
pub(super) async fn title(
    conn: &mut Conn,
    said: Option<&Said>,
    incoming: &Incoming,
    (then, today): (&Header, &Header),
) -> Result<Option<Title>> {
    let Some(said) = said.filter(|_| then.subject != today.subject) else { return Ok(None) };
    let Some(titled) = replay::titled(conn, said.id).await? else { return Ok(None) };
    let found = retitled(&titled.title, &then.subject, &today.subject, titled.renamed_by.as_deref());
    let is_forwarded = || forwarded::find(&incoming.message).is_some_and(|it| clean_subject(&it.subject) == titled.title);
    Ok(found.filter(|it| it.left.is_none() || !is_forwarded()))
}
