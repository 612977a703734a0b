//! What the index holds, made from the rows themselves when a transaction ends: whatever an action does, what is found is what is there.
//!
//! A row has the folded words of its comment, and beside them words of a namespace, which no text has: a letter and `_` before them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    iter,
};

use super::fold::{Stems, each, words};
use crate::{
    desk::id::{CommentId, PersonId, TicketNumber},
    store::{Conn, Driver, Result, Store, Tx, at, on},
};

/// Words that stand in a row beside what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// Of the subject, and of the subjects of what was merged into its ticket.
    Subject,
    /// Of the names of its files.
    File,
    /// Of the names of who wrote it and whose ticket it is.
    Person,
    /// Of their addresses: customers do not search them.
    Address,
    /// Of whom it was sent to.
    To,
}

impl Space {
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Subject => "s_",
            Self::File => "f_",
            Self::Person => "p_",
            Self::Address => "e_",
            Self::To => "o_",
        }
    }
}

/// A row that a customer may see has the first, another the second.
pub(super) const PUBLIC: &str = "v_public";
pub(super) const INTERNAL: &str = "v_internal";
/// There is a file beside it that no text shows.
pub(super) const HAS_FILE: &str = "a_file";

/// On this ticket.
pub(super) fn on_ticket(number: i64) -> String {
    format!("t_{number}")
}

/// What changed and is to be indexed when the transaction ends.
#[derive(Debug, Default)]
pub(in crate::store) struct Changed {
    comments: BTreeMap<i64, Row>,
}

/// Whether a row of the index can be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    New,
    Known,
}

/// Somebody said something.
pub fn comment_made(tx: &mut Tx, comment: CommentId) {
    tx.later.found.comments.entry(comment.0).or_insert(Row::New);
}

/// What it says, its files, who may read it or where it is changed; or it was taken back.
pub fn comment_changed(tx: &mut Tx, comment: CommentId) {
    // A row that is yet to be written is written as it is then.
    tx.later.found.comments.entry(comment.0).or_insert(Row::Known);
}

/// The subject of a ticket changed, or whose it is, or what was merged into it. One that was merged is found where it is now, by its
/// own subject too.
///
/// # Errors
/// When the database refuses.
pub async fn ticket_changed(tx: &mut Tx, ticket: TicketNumber) -> Result<()> {
    let sql = "with recursive these (number) as (select $1 union select t.merged_into from tickets t join these on t.number = these.number
            where t.merged_into is not null)
        select id from comments where ticket in (select number from these)";
    let all: Vec<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(ticket.0).fetch_all(c).await)?;
    all.into_iter().for_each(|it| comment_changed(tx, CommentId(it)));
    Ok(())
}

/// So many comments are indexed anew when somebody has another name: the newest on tickets of theirs.
const MOST_OF_A_PERSON: i64 = 2000;

/// A customer has another name. What staff have written is found by the name that they had.
///
/// # Errors
/// When the database refuses.
pub async fn person_changed(tx: &mut Tx, person: PersonId) -> Result<()> {
    let sql = "select c.id from tickets t join comments c on c.ticket = t.number where t.requester = $1 order by c.id desc limit $2";
    let all: Vec<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(person.0).bind(MOST_OF_A_PERSON).fetch_all(c).await)?;
    all.into_iter().for_each(|it| comment_changed(tx, CommentId(it)));
    Ok(())
}

/// So many rows in one statement.
const AT_ONCE: usize = 500;

#[derive(sqlx::FromRow)]
struct Source {
    /// Subjects of the tickets that were merged into its own.
    #[sqlx(skip)]
    merged: Vec<String>,
    id: i64,
    visibility: String,
    origin: String,
    body: String,
    created_at: i64,
    ticket: i64,
    subject: String,
    requester: i64,
    requester_name: String,
    requester_email: String,
    author: Option<i64>,
    author_name: Option<String>,
    author_email: Option<String>,
    mailbox_address: String,
    files: Option<String>,
    shown_files: i64,
    sent_to: Option<String>,
}

const SOURCE: &str = "select c.id, c.visibility, c.origin, c.body, c.created_at, t.number as ticket, t.subject,
        r.id as requester, r.name as requester_name, r.email as requester_email, c.author, a.name as author_name, a.email as author_email,
        m.address as mailbox_address,
        (select string_agg(f.filename, ' / ') from attachments f where f.comment = c.id) as files,
        (select count(*) from attachments f where f.comment = c.id and f.content_id is null) as shown_files,
        (select string_agg(d.address || ' ' || coalesce(p.name, ''), ' / ') from outbox o join deliveries d on d.outbox = o.id
            left join people p on p.id = d.person where o.comment = c.id and o.kind = 'reply') as sent_to
    from comments c join tickets t on t.number = c.ticket join people r on r.id = t.requester join mailboxes m on m.id = t.mailbox
    left join people a on a.id = c.author where c.withdrawn_at is null and ";

impl Tx {
    /// Writes what changed into the index; the last of what a transaction writes.
    pub(in crate::store) async fn index(&mut self, changed: Changed) -> Result<()> {
        let known: Vec<i64> = changed.comments.iter().filter(|it| *it.1 == Row::Known).map(|it| *it.0).collect();
        for some in known.chunks(AT_ONCE) {
            let sql = format!("delete from search where rowid in ({})", listed(some));
            on!(self, c => sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await.map(|_| ()))?;
        }
        let all: Vec<i64> = changed.comments.into_keys().collect();
        for some in all.chunks(AT_ONCE) {
            let rows = sources(self, format!("c.id in ({})", listed(some))).await?;
            self.index_rows(&rows).await?;
        }
        Ok(())
    }

    async fn index_rows(&mut self, rows: &[Source]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let stems = Stems::default();
        let rows: Vec<(i64, String)> = rows.iter().map(|it| (it.id, tokens(it, &stems))).collect();
        match self.driver() {
            Driver::Sqlite(c) => {
                let mut sql = sqlx::QueryBuilder::new("insert into search (rowid, words) ");
                sql.push_values(&rows, |mut row, it| {
                    row.push_bind(it.0).push_bind(&it.1);
                });
                sql.build().execute(c).await.map(|_| ())?;
            }
            Driver::Pg(c) => {
                let mut sql = sqlx::QueryBuilder::new("insert into search (rowid, words) ");
                sql.push_values(&rows, |mut row, it| {
                    row.push_bind(it.0).push_bind(vector(&it.1)).push_unseparated("::tsvector");
                });
                sql.build().execute(c).await.map(|_| ())?;
            }
        }
        Ok(())
    }
}

/// Our own integers: nothing to escape, and both databases take them as they are.
pub(super) fn listed(ids: &[i64]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

async fn sources(conn: &mut Conn, which: String) -> Result<Vec<Source>> {
    let sql = format!("{SOURCE}{which} order by c.id");
    let mut rows: Vec<Source> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(c).await)?;
    let merged = merged(conn, rows.iter().map(|it| it.ticket).collect()).await?;
    for row in &mut rows {
        row.merged = merged.get(&row.ticket).cloned().unwrap_or_default();
        row.merged.retain(|it| *it != row.subject);
    }
    Ok(rows)
}

/// Of a ticket that hundreds were merged into, so many subjects lead to it; nearly all say the same then.
const MOST_MERGED: usize = 50;

/// The subjects of what was merged into these tickets, however often: each once, and the first of them.
async fn merged(conn: &mut Conn, tickets: BTreeSet<i64>) -> Result<BTreeMap<i64, Vec<String>>> {
    let mut subjects: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    if tickets.is_empty() {
        return Ok(subjects);
    }
    let tickets = listed(&tickets.into_iter().collect::<Vec<_>>());
    let sql = format!(
        "with recursive these (number, stands, subject) as (select number, merged_into, subject from tickets where merged_into in ({tickets})
            union select t.number, these.stands, t.subject from tickets t join these on t.merged_into = these.number)
        select stands, subject from these order by number"
    );
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).persistent(false).fetch_all(c).await)?;
    for (stands, subject) in rows {
        let known = subjects.entry(stands).or_default();
        if known.len() < MOST_MERGED && !known.contains(&subject) {
            known.push(subject);
        }
    }
    Ok(subjects)
}

/// What a row holds, each token with a space behind it. A part of it begins with a gap that no phrase spans.
fn tokens(row: &Source, stems: &Stems) -> String {
    let at = at(row.created_at).to_zoned(jiff::tz::TimeZone::UTC);
    let mut tokens = String::with_capacity(row.body.len() + 400);
    let seen_by = if row.visibility == "public" { PUBLIC } else { INTERNAL };
    let _ = write!(tokens, "{seen_by} {} d_{:04} d_{:04}{:02} ", on_ticket(row.ticket), at.year(), at.year(), at.month());
    if row.shown_files > 0 {
        put(&mut tokens, HAS_FILE);
    }
    let mut text = |prefixes: &[&str], text: &str| {
        let words = words(text);
        for prefix in prefixes {
            for word in each(&words) {
                tokens.push_str(prefix);
                stems.with(word, |it| put(&mut tokens, it));
            }
            put(&mut tokens, GAP);
        }
    };
    for subject in iter::once(&row.subject).chain(&row.merged) {
        text(&[Space::Subject.prefix(), ""], subject);
    }
    text(&[Space::Person.prefix(), ""], &row.requester_name);
    text(&[Space::Address.prefix()], &row.requester_email);
    if row.author.is_some_and(|it| it != row.requester) {
        text(&[Space::Person.prefix(), ""], row.author_name.as_deref().unwrap_or_default());
        text(&[Space::Address.prefix()], row.author_email.as_deref().unwrap_or_default());
    }
    if let Some(files) = &row.files {
        text(&[Space::File.prefix(), ""], files);
    }
    match (&row.sent_to, row.origin.as_str()) {
        (Some(to), _) => text(&[Space::To.prefix()], to),
        (None, "customer") => text(&[Space::To.prefix()], &row.mailbox_address),
        (None, _) => {}
    }
    text(&[""], &row.body);
    tokens
}

fn put(tokens: &mut String, token: &str) {
    tokens.push_str(token);
    tokens.push(' ');
}

/// Stands between two texts.
const GAP: &str = "_";

/// The tokens with their places, as PostgreSQL writes a vector. They hold letters, digits and `_` alone.
fn vector(tokens: &str) -> String {
    let mut vector = String::with_capacity(tokens.len() * 2);
    for (place, token) in tokens.split_ascii_whitespace().enumerate() {
        let _ = write!(vector, "'{token}':{} ", (place + 1).min(16_383));
    }
    vector
}

/// Under this name stands in which form the index is.
const FORM: &str = "search/form";
/// Goes up whenever what a row holds changes.
const IS: &str = "2";
/// So many comments in one statement while the whole is made.
const MADE_AT_ONCE: i64 = 1000;

/// Makes the whole index anew.
///
/// # Errors
/// When the database refuses.
pub async fn rebuild(tx: &mut Tx) -> Result<()> {
    let sql = tx.pick("insert into search (search) values ('delete-all')", "truncate table search");
    on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ()))?;
    let mut last = 0_i64;
    let sql = "select id from comments where id > $1 order by id limit $2";
    loop {
        let some: Vec<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(last).bind(MADE_AT_ONCE).fetch_all(c).await)?;
        let Some(end) = some.last() else { break };
        let rows = sources(tx, format!("c.id > {last} and c.id <= {end}")).await?;
        last = *end;
        for some in rows.chunks(AT_ONCE) {
            tx.index_rows(some).await?;
        }
    }
    let sql = "insert into facts (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
    on!(tx, c => sqlx::query(sql).bind(FORM).bind(IS).execute(c).await.map(|_| ()))?;
    Ok(())
}

impl Store {
    /// Makes the index where it is of an older form, or of none.
    pub(in crate::store) async fn bring_search_up_to_date(&self) -> Result<()> {
        let mut conn = self.read().await?;
        if is_up_to_date(&mut conn).await? {
            return Ok(());
        }
        drop(conn);
        let mut tx = self.begin().await?;
        // On PostgreSQL another instance may be at it.
        let lock = tx.pick("select 1", "select 1 from pg_advisory_xact_lock(hashtext('search'))");
        on!(tx, c => sqlx::query(lock).fetch_optional(c).await.map(|_| ()))?;
        if is_up_to_date(&mut tx).await? {
            return Ok(());
        }
        let began = std::time::Instant::now();
        rebuild(&mut tx).await?;
        tx.commit().await?;
        if began.elapsed().as_secs() > 0 {
            tracing::info!("made the index of the search, in {} s", began.elapsed().as_secs());
        }
        Ok(())
    }
}

async fn is_up_to_date(conn: &mut Conn) -> Result<bool> {
    let sql = "select value from facts where name = $1";
    let form: Option<String> = on!(conn, c => sqlx::query_scalar(sql).bind(FORM).fetch_optional(c).await)?;
    Ok(form.as_deref() == Some(IS))
}
