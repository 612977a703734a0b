//! What somebody has begun to write: kept while they type, given back wherever they sign in, gone when it is sent.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, NewFile, Result,
        door::{enter, transact},
        reply::Composed,
    },
    desk::{
        comment::{Markup, Visibility},
        draft::{DraftKind, KEPT_FOR, MOST_BYTES, MOST_FILES},
        id::{CommentId, DraftFileId, PersonId, TicketNumber},
        permission::Act,
        person::Person,
    },
    mail::compose::markdown,
    store::{
        Tx,
        comments::{self, FileRow},
        drafts::{self, Draft, Kept, Place},
        taken_away::take_away,
    },
};

/// What is to become of a draft.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// What is in it from now on.
    pub kept: Kept,
    /// Files that come to those that wait with it.
    pub files: Vec<NewFile>,
    /// Files that go.
    pub without: Vec<DraftFileId>,
    /// The last comment that the page shows. What was typed before its writer sent it would come back as a draft.
    pub seen: Option<CommentId>,
    /// What the page knows of what is kept; none: nothing is said of it.
    pub basis: Option<Basis>,
}

/// What a page knows of a draft that it keeps anew: another window may have kept it since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// When it was kept last, in milliseconds since 1970; 0: nothing was kept.
    pub was: i64,
    /// What the page has sent since, and had no answer for: it may be kept or not.
    pub tried: String,
}

/// Keeps what somebody has written so far; nothing written and no file is no draft. Nobody else is told, and the ticket stays as it is.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn keep(desk: &Desk, actor: &Person, number: TicketNumber, kind: DraftKind, keeping: &Keeping) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (_, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::Note(case))?;
        let place = Place { person: actor.id, ticket: number, kind };
        if let Some(seen) = keeping.seen
            && comments::own_since(&mut tx, number, seen, actor.id, visibility(kind)).await?
        {
            let what = "you have sent something since this page was opened; open it again to go on";
            return Err(ActionError::Conflict(what.to_owned()));
        }
        let draft = drafts::get(&mut tx, place).await?;
        if draft.as_ref().is_some_and(|it| says_more(it, keeping.basis.as_ref(), &keeping.kept.body)) {
            let what = "it was changed in another window since; reload the page, and both are there";
            return Err(ActionError::Conflict(what.to_owned()));
        }
        let before = draft.map(|it| it.files).unwrap_or_default();
        let id = drafts::put(&mut tx, place, &keeping.kept, now).await?;
        let going: Vec<_> = before.iter().filter(|it| keeping.without.contains(&it.id)).collect();
        drafts::detach(&mut tx, &going.iter().map(|it| it.id).collect::<Vec<_>>()).await?;
        let staying: Vec<usize> = before.iter().filter(|it| !keeping.without.contains(&it.id)).map(|it| it.file.size).collect();
        // What a merge brought together may be too much to send; it is kept, and what is too much is told when it is sent.
        if !keeping.files.is_empty() {
            has_room(&staying, &keeping.files)?;
        }
        for file in &keeping.files {
            let sha256 = desk.store.blobs().put(&mut tx, &file.bytes, now).await?;
            let (filename, content_type) = (file.name.clone(), file.content_type.clone());
            drafts::attach(&mut tx, id, &FileRow { filename, content_type, size: file.bytes.len(), sha256 }).await?;
        }
        if keeping.kept.body.trim().is_empty() && staying.is_empty() && keeping.files.is_empty() {
            drafts::remove(&mut tx, id).await?;
        }
        take_away(&mut tx, &going.iter().map(|it| it.file.sha256.clone()).collect::<Vec<_>>(), now).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Keeps what somebody wrote on a ticket that was merged into this one meanwhile, with what they had begun here. Its files come too.
///
/// # Errors
/// As [`keep`].
pub async fn carry_over(desk: &Desk, actor: &Person, number: TicketNumber, kind: DraftKind, keeping: &Keeping) -> Result<()> {
    let begun = drafts::get(&mut *desk.store.read().await?, Place { person: actor.id, ticket: number, kind }).await?;
    // What another window keeps there in between is not lost: then this is refused.
    let was = begun.as_ref().map_or(0, |it| it.updated_at.as_millisecond());
    let basis = Some(Basis { was, ..Basis::default() });
    let kept = both(begun.map(|it| it.kept).unwrap_or_default(), keeping.kept.clone());
    keep(desk, actor, number, kind, &Keeping { kept, files: keeping.files.clone(), basis, ..Keeping::default() }).await
}

/// What was kept and what is typed: both texts, everybody who is added or left out; else as it is typed.
#[must_use]
pub fn both(kept: Kept, typed: Kept) -> Kept {
    let mut cc: Vec<&str> = Vec::new();
    for it in [&kept.cc, &typed.cc].into_iter().flat_map(|it| it.split([',', ';', ' ', '\n'])).map(str::trim) {
        if !it.is_empty() && !cc.iter().any(|known| known.eq_ignore_ascii_case(it)) {
            cc.push(it);
        }
    }
    let cc = cc.join(", ");
    let mut left_out = kept.left_out;
    let more: Vec<PersonId> = typed.left_out.iter().copied().filter(|it| !left_out.contains(it)).collect();
    left_out.extend(more);
    Kept { body: joined(kept.body, &typed.body), cc, left_out, ..typed }
}

/// Both texts, the one that holds the other alone.
fn joined(one: String, other: &str) -> String {
    if holds(&one, other) {
        one
    } else if holds(other, &one) {
        other.to_owned()
    } else {
        format!("{}\n\n{other}", one.trim_end())
    }
}

/// Whether a text has all that another says; spaces and breaks do not count.
fn holds(text: &str, part: &str) -> bool {
    let letters = |it: &str| it.split_whitespace().collect::<String>();
    letters(text).contains(&letters(part))
}

/// Whether a draft was kept from elsewhere since a page read it, and says what is not in the words of that page.
fn says_more(draft: &Draft, basis: Option<&Basis>, words: &str) -> bool {
    let Some(Basis { was, tried }) = basis else { return false };
    let of_this_page = *was == draft.updated_at.as_millisecond() || !tried.is_empty() && holds(tried, &draft.kept.body);
    !of_this_page && !holds(words, &draft.kept.body)
}

fn visibility(kind: DraftKind) -> Visibility {
    match kind {
        DraftKind::Reply => Visibility::Public,
        DraftKind::Note => Visibility::Internal,
    }
}

fn has_room(staying: &[usize], new: &[NewFile]) -> Result<()> {
    let bytes = staying.iter().copied().chain(new.iter().map(|it| it.bytes.len())).sum::<usize>();
    let refused = |why: String| Err(ActionError::Invalid { field: "files", why });
    if bytes > MOST_BYTES {
        return refused(format!(
            "the files have {} MB together; at most {} can be sent",
            bytes.div_ceil(1_000_000),
            MOST_BYTES / 1_000_000
        ));
    }
    if staying.len() + new.len() > MOST_FILES {
        return refused(format!("at most {MOST_FILES} files can be sent at once"));
    }
    Ok(())
}

/// Takes a draft to be sent, with those of its files that the page showed. One that the page showed and that is gone is not sent
/// without: whoever wrote counts on it. Files and words that came from elsewhere meanwhile stay.
pub(super) async fn take(tx: &mut Tx, place: Place, composed: &Composed, words: &str) -> Result<Vec<FileRow>> {
    let shown = &composed.kept;
    let draft = drafts::get(tx, place).await?;
    let all = draft.as_ref().map(|it| it.files.clone()).unwrap_or_default();
    if shown.iter().any(|id| !all.iter().any(|it| it.id == *id)) {
        let why = "a file that this page showed was taken off the draft elsewhere; look at what is attached, and send again".to_owned();
        return Err(ActionError::Invalid { field: "files", why });
    }
    let (going, staying): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| shown.contains(&it.id));
    has_room(&going.iter().map(|it| it.file.size).collect::<Vec<_>>(), &[])?;
    if let Some(draft) = draft {
        let more = says_more(&draft, composed.basis.as_ref(), words);
        if staying.is_empty() && !more {
            drafts::remove(tx, draft.id).await?;
        } else {
            drafts::detach(tx, &going.iter().map(|it| it.id).collect::<Vec<_>>()).await?;
            let kept = if more { draft.kept } else { Kept::default() };
            drafts::put(tx, place, &kept, draft.updated_at).await?;
        }
    }
    Ok(going.into_iter().map(|it| it.file).collect())
}

/// Puts what was taken back where it was written, before what was begun there since.
pub(super) async fn put_back(tx: &mut Tx, place: Place, was: Kept, files: &[FileRow], now: Timestamp) -> Result<()> {
    let begun = drafts::get(tx, place).await?.map(|it| it.kept.body).filter(|it| !it.trim().is_empty());
    let body = begun.map_or_else(|| was.body.clone(), |begun| format!("{}\n\n{begun}", was.body));
    let id = drafts::put(tx, place, &Kept { body, ..was }, now).await?;
    for file in files {
        drafts::attach(tx, id, file).await?;
    }
    Ok(())
}

/// What words in Markdown come to; none for plain ones.
#[must_use]
pub fn rendered(kept: &Kept) -> Option<String> {
    match kept.markup {
        Markup::Markdown => Some(markdown::to_html(&kept.body)),
        Markup::Plain => None,
    }
}

/// Forgets the drafts that nobody has come back to for [`KEPT_FOR`].
///
/// # Errors
/// When the database fails.
pub async fn forget_old(desk: &Desk) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let gone = drafts::forget_older(&mut tx, now - KEPT_FOR).await?;
        take_away(&mut tx, &gone, now).await?;
        Ok(tx.commit().await?)
    })
    .await
}
