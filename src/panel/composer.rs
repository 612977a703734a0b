//! The composer of a ticket: a reply and a note, each with its own draft, so that one never becomes the other by a slip.

use serde::Serialize;

use crate::{
    actions::{drafts::rendered, placeholders::signature_by, write_note::may_be_named},
    desk::{
        comment::Markup,
        draft::{DraftKind, MOST_BYTES},
        id::{CommentId, SavedReplyId, TicketNumber},
        mention,
        person::Person,
        ticket::Ticket,
    },
    panel::{
        Panel,
        error::PageError,
        presence::{self, Strip},
        prose::from_text,
        saved_replies::{Offer, offers},
        visitor::Visitor,
        words::{When, size},
    },
    store::{
        Conn,
        conversation::Said,
        drafts::{self, Draft, Kept, Place},
        participants::{Participant, Participation},
        signatures::{self, Habits},
    },
};

/// What the composer is to show, besides what was kept.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Which of the two; none: the one that was begun.
    pub kind: Option<DraftKind>,
    /// What was typed in it, where that is not kept.
    pub typed: Option<Kept>,
    /// It stands open.
    pub open: bool,
    /// Why it was not sent.
    pub err: Option<String>,
    /// What others have written since the page was opened, to be read before it is sent.
    pub unread: Vec<Unread>,
    /// What was asked, and is answered by sending once more.
    pub sure: &'static str,
    /// What is written is shown as it will be read.
    pub preview: bool,
    /// The saved reply that was put in.
    pub saved: Option<SavedReplyId>,
}

/// Words that somebody has not seen.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Unread {
    pub id: i64,
    pub by: String,
    /// How it begins.
    text: String,
}

impl Unread {
    pub fn of(id: CommentId, by: String, words: &str) -> Self {
        const BEGINNING: usize = 600;
        let mut text: String = words.chars().take(BEGINNING).collect();
        if text.len() < words.len() {
            text.push('…');
        }
        Self { id: id.0, by, text }
    }
}

/// Both, as `parts/composer.html` draws them.
#[derive(Serialize)]
pub(super) struct Composer {
    note: bool,
    open: bool,
    err: Option<String>,
    unread: Vec<Unread>,
    sure: &'static str,
    reply: Pane,
    aside: Pane,
    recipients: Vec<Recipient>,
    /// What stands below a reply.
    signature: String,
    offers: Vec<Offer>,
    saved: Option<i64>,
    handles: Vec<Handle>,
    present: Strip,
    largest: String,
    largest_bytes: usize,
}

/// One of the two.
#[derive(Serialize)]
pub(super) struct Pane {
    kind: DraftKind,
    text: String,
    markup: Markup,
    cc: String,
    then: String,
    files: Vec<DraftFile>,
    /// When it was kept last.
    kept: Option<When>,
    /// The same in milliseconds, for the next keeping to say what it knows of; 0: nothing is kept.
    was: i64,
    /// As it will be read.
    preview: Option<String>,
    /// The last of one's own of this kind: what a browser kept before it was sent with it.
    own: i64,
}

#[derive(Serialize)]
struct DraftFile {
    id: i64,
    name: String,
    size: String,
}

#[derive(Serialize)]
struct Recipient {
    id: i64,
    name: String,
    email: String,
    left_out: bool,
}

/// A colleague whom a note can name.
#[derive(Serialize)]
struct Handle {
    handle: String,
    name: String,
}

/// The ticket, and who is around it.
pub(super) struct Around<'a> {
    pub ticket: &'a Ticket,
    pub said: &'a [Said],
    pub people: &'a [Participant],
    pub staff: &'a [Person],
}

/// The composer as somebody finds it.
pub(super) async fn of(
    panel: &Panel,
    visitor: &Visitor,
    conn: &mut Conn,
    around: &Around<'_>,
    state: State,
) -> Result<Composer, PageError> {
    let (me, number) = (&visitor.person, around.ticket.number);
    let habits = signatures::habits(conn, me.id).await?;
    let place = |kind| Place { person: me.id, ticket: number, kind };
    let reply = drafts::get(conn, place(DraftKind::Reply)).await?;
    let aside = drafts::get(conn, place(DraftKind::Note)).await?;
    let kind = state.kind.unwrap_or_else(|| newer(reply.as_ref(), aside.as_ref()));
    let open = state.open || reply.is_some() || aside.is_some();
    let left_out = state.typed.as_ref().or(reply.as_ref().map(|it| &it.kept)).map(|it| it.left_out.clone()).unwrap_or_default();
    let drawn = |of: DraftKind, draft: Option<Draft>| {
        let shown = of == kind;
        pane(panel, of, draft, state.typed.clone().filter(|_| shown), &habits, state.preview && shown, own(around.said, me, of))
    };
    let recipient = |it: &Participant| Recipient {
        id: it.person.0,
        name: it.name.clone(),
        email: it.email.to_string(),
        left_out: left_out.contains(&it.person),
    };
    let colleagues = around.staff.iter().filter(|it| it.id != me.id && may_be_named(&panel.desk, around.ticket, it));
    Ok(Composer {
        note: kind == DraftKind::Note,
        open,
        err: state.err.clone(),
        unread: state.unread.clone(),
        sure: state.sure,
        reply: drawn(DraftKind::Reply, reply),
        aside: drawn(DraftKind::Note, aside),
        recipients: around.people.iter().filter(|it| it.state == Participation::Active && it.person != me.id).map(recipient).collect(),
        signature: signature_by(&habits, &panel.desk, conn, me, around.ticket).await?,
        offers: offers(panel, conn, me, around.ticket).await?,
        saved: state.saved.map(|it| it.0),
        handles: colleagues.filter_map(|it| handle(it, around.staff)).collect(),
        present: presence::strip(panel, visitor, conn, number).await?,
        largest: size(u64::try_from(MOST_BYTES).unwrap_or_default()).replace(".0", ""),
        largest_bytes: MOST_BYTES,
    })
}

/// One of the two by itself, after something was kept of it.
pub(super) async fn kept(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    kind: DraftKind,
    preview: bool,
) -> Result<Pane, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let draft = drafts::get(&mut conn, Place { person: visitor.person.id, ticket: number, kind }).await?;
    Ok(pane(panel, kind, draft, None, &Habits::default(), preview, 0))
}

fn handle(it: &Person, staff: &[Person]) -> Option<Handle> {
    mention::handle(it, staff).map(|handle| Handle { handle, name: it.name.clone() })
}

/// The one that was written on last; a reply where nothing was begun.
fn newer(reply: Option<&Draft>, aside: Option<&Draft>) -> DraftKind {
    match (reply, aside) {
        (None, Some(_)) => DraftKind::Note,
        (Some(reply), Some(aside)) if aside.updated_at > reply.updated_at => DraftKind::Note,
        (Some(_) | None, _) => DraftKind::Reply,
    }
}

fn own(said: &[Said], me: &Person, kind: DraftKind) -> i64 {
    use crate::desk::comment::Visibility;
    let is = |it: &&Said| {
        let of_kind = match it.visibility {
            Visibility::Public => kind == DraftKind::Reply,
            Visibility::Internal => kind == DraftKind::Note,
        };
        of_kind && it.withdrawn_at.is_none() && it.author.as_ref().is_some_and(|author| author.id == me.id)
    };
    said.iter().rev().find(is).map_or(0, |it| it.id.0)
}

fn pane(panel: &Panel, kind: DraftKind, draft: Option<Draft>, typed: Option<Kept>, habits: &Habits, preview: bool, own: i64) -> Pane {
    let when = draft.as_ref().map(|it| When::new(it.updated_at, panel.desk.clock.now(), &panel.zone()));
    let was = draft.as_ref().map_or(0, |it| it.updated_at.as_millisecond());
    let (kept, files) = draft.map_or_else(|| (Kept { markup: habits.markup, ..Kept::default() }, Vec::new()), |it| (it.kept, it.files));
    let kept = typed.unwrap_or(kept);
    let file = |it: drafts::DraftFile| DraftFile {
        id: it.id.0,
        name: it.file.filename,
        size: size(u64::try_from(it.file.size).unwrap_or_default()),
    };
    let preview = preview.then(|| rendered(&kept).unwrap_or_else(|| from_text(&kept.body, &[])));
    Pane {
        kind,
        markup: kept.markup,
        then: kept.follow_up,
        text: kept.body,
        cc: kept.cc,
        files: files.into_iter().map(file).collect(),
        kept: when,
        was,
        preview,
        own,
    }
}
