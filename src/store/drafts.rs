//! Rows of `drafts` and `draft_files`: what somebody has begun to write, until it is sent.

use jiff::Timestamp;

use crate::{
    desk::{
        comment::Markup,
        draft::DraftKind,
        id::{DraftFileId, PersonId, TicketNumber},
    },
    store::{Conn, Result, Tx, at, blobs::ContentHash, comments::FileRow, ms, on, word},
};

/// Whose draft, of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub person: PersonId,
    /// On which ticket.
    pub ticket: TicketNumber,
    /// A reply or a note.
    pub kind: DraftKind,
}

/// What is kept of it besides its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The words so far.
    pub body: String,
    /// How they are written.
    pub markup: Markup,
    /// Addresses to add, as they were typed.
    pub cc: String,
    /// Who is not sent it.
    pub left_out: Vec<PersonId>,
    /// The status to set with it, as the form says it; empty: none.
    pub follow_up: String,
}

/// A draft with its files.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its row.
    pub id: i64,
    /// What is in it.
    pub kept: Kept,
    /// When it was kept last.
    pub updated_at: Timestamp,
    /// In their order.
    pub files: Vec<DraftFile>,
}

/// A file that waits with a draft.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// Its row.
    pub id: DraftFileId,
    /// What it is.
    pub file: FileRow,
}

/// What somebody has begun to write.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn get(conn: &mut Conn, place: Place) -> Result<Option<Draft>> {
    let sql = "select id, body, markup, cc, left_out, follow_up, updated_at from drafts where person = $1 and ticket = $2 and kind = $3";
    type Row = (i64, String, String, String, String, String, i64);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql)
        .bind(place.person.0).bind(place.ticket.0).bind(place.kind.as_str()).fetch_optional(c).await)?;
    let Some((id, body, markup, cc, left_out, follow_up, updated_at)) = row else { return Ok(None) };
    let markup = word("drafts", "markup", &markup, Markup::parse)?;
    let left_out = left_out.split(',').filter_map(|it| it.parse().ok()).map(PersonId).collect();
    let kept = Kept { body, markup, cc, left_out, follow_up };
    Ok(Some(Draft { id, kept, updated_at: at(updated_at), files: files(conn, id).await? }))
}

async fn files(conn: &mut Conn, draft: i64) -> Result<Vec<DraftFile>> {
    let sql = "select id, filename, content_type, size, sha256 from draft_files where draft = $1 order by position, id";
    type Row = (i64, String, String, i64, String);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(draft).fetch_all(c).await)?;
    let file = |(id, filename, content_type, size, sha256): Row| {
        let file =
            FileRow { filename, content_type, size: usize::try_from(size).unwrap_or_default(), sha256: ContentHash::parse(&sha256)? };
        Ok(DraftFile { id: DraftFileId(id), file })
    };
    rows.into_iter().map(file).collect()
}

/// Keeps it in place of what was kept before; the files stay. The row.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, place: Place, kept: &Kept, now: Timestamp) -> Result<i64> {
    let sql = "insert into drafts (person, ticket, kind, body, markup, cc, left_out, follow_up, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (person, ticket, kind) do update set body = excluded.body, markup = excluded.markup, cc = excluded.cc,
            left_out = excluded.left_out, follow_up = excluded.follow_up, updated_at = excluded.updated_at returning id";
    let left_out = kept.left_out.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Ok(on!(tx, c => sqlx::query_scalar(sql)
        .bind(place.person.0).bind(place.ticket.0).bind(place.kind.as_str()).bind(&kept.body).bind(kept.markup.as_str())
        .bind(&kept.cc).bind(left_out).bind(&kept.follow_up).bind(ms(now)).fetch_one(c).await)?)
}

/// Puts a file behind those that wait with a draft.
///
/// # Errors
/// When the database refuses.
pub async fn attach(tx: &mut Tx, draft: i64, file: &FileRow) -> Result<()> {
    let sql = "insert into draft_files (draft, position, filename, content_type, size, sha256)
        values ($1, (select coalesce(max(position), -1) + 1 from draft_files where draft = $1), $2, $3, $4, $5)";
    let size = i64::try_from(file.size).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql)
        .bind(draft).bind(&file.filename).bind(&file.content_type).bind(size).bind(file.sha256.as_str()).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes files off a draft.
///
/// # Errors
/// When the database refuses.
pub async fn detach(tx: &mut Tx, files: &[DraftFileId]) -> Result<()> {
    for file in files {
        on!(tx, c => sqlx::query("delete from draft_files where id = $1").bind(file.0).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Removes a draft with its files.
///
/// # Errors
/// When the database refuses.
pub async fn remove(tx: &mut Tx, draft: i64) -> Result<()> {
    for sql in ["delete from draft_files where draft = $1", "delete from drafts where id = $1"] {
        on!(tx, c => sqlx::query(sql).bind(draft).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// Which of these tickets somebody has a draft on.
///
/// # Errors
/// When the database refuses.
pub async fn begun_on(conn: &mut Conn, person: PersonId, tickets: &[TicketNumber]) -> Result<Vec<TicketNumber>> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    // Our own integers: nothing to escape, and both databases take them as they are.
    let listed = tickets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!("select distinct ticket from drafts where person = $1 and ticket in ({listed})");
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(person.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TicketNumber).collect())
}

/// What was begun on one ticket goes on on another; where the same person has begun the same there, behind that, with its files.
///
/// # Errors
/// When the database refuses.
pub async fn move_all(tx: &mut Tx, from: TicketNumber, to: TicketNumber) -> Result<()> {
    let sql = "select d.id, d.body, d.cc, d.left_out, d.updated_at, o.id, o.body, o.cc, o.left_out
        from drafts o join drafts d on d.ticket = $1 and d.person = o.person and d.kind = o.kind where o.ticket = $2";
    type Row = (i64, String, String, String, i64, i64, String, String, String);
    let pairs: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(from.0).bind(to.0).fetch_all(c).await)?;
    for (gone, begun, cc, left_out, at, stays, body, also_cc, also_out) in pairs {
        let joined = |one: &str, other: &str, between: &str| {
            [one.trim_end(), other].iter().filter(|it| !it.trim().is_empty()).copied().collect::<Vec<_>>().join(between)
        };
        let sql =
            "update drafts set body = $2, cc = $3, left_out = $4, updated_at = case when updated_at > $5 then updated_at else $5 end + 1
            where id = $1";
        let (body, cc, left_out) = (joined(&body, &begun, "\n\n"), joined(&also_cc, &cc, ", "), joined(&also_out, &left_out, ","));
        on!(tx, c => sqlx::query(sql).bind(stays).bind(body).bind(cc).bind(left_out).bind(at).execute(c).await.map(|_| ()))?;
        let sql = "update draft_files set draft = $2, position = position + 1000 where draft = $1";
        on!(tx, c => sqlx::query(sql).bind(gone).bind(stays).execute(c).await.map(|_| ()))?;
        on!(tx, c => sqlx::query("delete from drafts where id = $1").bind(gone).execute(c).await.map(|_| ()))?;
    }
    on!(tx, c => sqlx::query("update drafts set ticket = $2 where ticket = $1").bind(from.0).bind(to.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Removes the drafts that nobody has come back to since; the contents of their files.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn forget_older(tx: &mut Tx, than: Timestamp) -> Result<Vec<ContentHash>> {
    let sql = "delete from draft_files where draft in (select id from drafts where updated_at < $1) returning sha256";
    let gone: Vec<String> = on!(tx, c => sqlx::query_scalar(sql).bind(ms(than)).fetch_all(c).await)?;
    on!(tx, c => sqlx::query("delete from drafts where updated_at < $1").bind(ms(than)).execute(c).await.map(|_| ()))?;
    gone.iter().map(|it| ContentHash::parse(it)).collect()
}
