//! A comment comes to be on a ticket: the row, its files, its words in the search.

use jiff::Timestamp;

use crate::{
    actions::{Desk, Result},
    desk::{
        comment::{CommentText, Flag, Markup, Origin, Via, Visibility},
        id::{CommentId, LedgerId, PersonId, TicketNumber},
    },
    mail::compose::markdown,
    store::{
        Tx,
        comments::{self, FileRow, NewAttachment, NewComment},
        search, tickets,
    },
};

/// How many characters of a comment a list shows.
const SNIPPET: usize = 160;

/// A file that somebody adds.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Safe to show, never a path, not empty.
    pub name: String,
    /// Lower case, without parameters.
    pub content_type: String,
    /// Set for a picture that the HTML shows.
    pub content_id: Option<String>,
    /// The content.
    pub bytes: Vec<u8>,
}

/// What is to be said.
pub(super) struct Saying<'a> {
    pub ticket: TicketNumber,
    pub visibility: Visibility,
    pub origin: Origin,
    pub author: Option<PersonId>,
    pub via: Via,
    pub text: &'a CommentText,
    pub files: &'a [NewFile],
    /// What only a mail brings.
    pub mail: Option<FromMail<'a>>,
    pub flag: Option<Flag>,
    /// What only the panel gives.
    pub written: Written<'a>,
}

/// How somebody wrote in the panel.
#[derive(Clone, Copy, Default)]
pub(super) struct Written<'a> {
    pub markup: Markup,
    /// What stands below a reply; empty: nothing.
    pub signature: &'a str,
    /// Files that waited with the draft, before those that are new.
    pub kept: &'a [FileRow],
}

/// What only a mail brings.
#[derive(Clone, Copy)]
pub(super) struct FromMail<'a> {
    pub message: LedgerId,
    pub quoted: &'a str,
    pub html: Option<&'a str>,
    pub remote_images: usize,
}

/// Says it.
pub(super) async fn say(desk: &Desk, tx: &mut Tx, what: &Saying<'_>, now: Timestamp) -> Result<CommentId> {
    let comment = say_uncounted(desk, tx, what, now).await?;
    let snippet = match (what.visibility, what.origin) {
        (Visibility::Public, Origin::Customer | Origin::Staff) => Some(snippet(what.text.as_str())),
        (Visibility::Public, Origin::Machine) | (Visibility::Internal, _) => None,
    };
    let trace = tickets::CommentTrace { snippet: snippet.as_deref(), files: what.written.kept.len() + shown(what.files) };
    tickets::count_comment(tx, what.ticket, trace).await?;
    Ok(comment)
}

/// How many of these files are listed beside the text, and not shown in it.
pub(super) fn shown(files: &[NewFile]) -> usize {
    files.iter().filter(|it| it.content_id.is_none()).count()
}

/// [`say`] on a ticket whose row was made with it.
pub(super) async fn say_uncounted(desk: &Desk, tx: &mut Tx, what: &Saying<'_>, now: Timestamp) -> Result<CommentId> {
    let mail = what.mail.as_ref();
    let rendered = match what.written.markup {
        Markup::Markdown => Some(markdown::to_html(what.text.as_str())),
        Markup::Plain => None,
    };
    let new = NewComment {
        ticket: what.ticket,
        visibility: what.visibility,
        origin: what.origin,
        author: what.author,
        via: what.via,
        text: what.text,
        quoted: mail.map_or("", |it| it.quoted),
        html: mail.and_then(|it| it.html).or(rendered.as_deref()),
        markup: what.written.markup,
        signature: what.written.signature,
        remote_images: mail.map_or(0, |it| it.remote_images),
        message: mail.map(|it| it.message),
        flag: what.flag,
        at: now,
    };
    let comment = comments::insert(tx, &new).await?;
    for (position, file) in what.written.kept.iter().enumerate() {
        let row = NewAttachment {
            filename: &file.filename,
            content_type: &file.content_type,
            size: file.size,
            sha256: &file.sha256,
            content_id: None,
        };
        comments::attach(tx, comment, position, &row).await?;
    }
    let blobs = desk.store.blobs();
    for (position, file) in (what.written.kept.len()..).zip(what.files) {
        let sha256 = blobs.put(tx, &file.bytes, now).await?;
        let content_id = file.content_id.as_deref();
        let row =
            NewAttachment { filename: &file.name, content_type: &file.content_type, size: file.bytes.len(), sha256: &sha256, content_id };
        comments::attach(tx, comment, position, &row).await?;
    }
    search::comment_made(tx, comment);
    Ok(comment)
}

/// The start of a text, on one line.
pub(super) fn snippet(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SNIPPET).collect()
}
