//! Whether everything that the database holds agrees with itself: MAIL.md's invariants I1 to I8 as questions that no row may
//! answer, and every content read again.

use sqlx::{ConnectOptions as _, Connection as _};

use crate::{
    desk::id::OutboxId,
    store::{
        Conn, Db, Inner, Reading, Result, Store, StoreError,
        blobs::{ContentHash, EXPIRED_OCTETS},
        on,
    },
};

mod rules;
pub mod server;
pub use rules::{RULES, Rule};

/// So many places are named of each fault; the count says how many there are.
pub const MOST_NAMED: usize = 10;

/// So many contents are looked up at once.
const AT_ONCE: i64 = 500;

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name: `one-comment`.
    pub rule: &'static str,
    /// What is so and must not be, in one sentence.
    pub says: &'static str,
    /// How often.
    pub count: u64,
    /// Where, at most [`MOST_NAMED`].
    pub places: Vec<String>,
}

impl Finding {
    /// Nothing found yet.
    #[must_use]
    pub fn new(rule: &'static str, says: &'static str) -> Self {
        Self { rule, says, count: 0, places: Vec::new() }
    }

    /// Found once more, there.
    pub fn add(&mut self, place: String) {
        self.count += 1;
        if self.places.len() < MOST_NAMED {
            self.places.push(place);
        }
    }
}

impl Store {
    /// For reading many things as they are at one moment, while others write.
    ///
    /// # Errors
    /// When no connection is to be had within 10 s.
    pub async fn snapshot(&self) -> Result<Reading> {
        Ok(Reading(Conn(match &self.db {
            Db::Sqlite { ro, .. } => Inner::SqliteTx(ro.begin().await?),
            Db::Pg(pool, _, patience) => {
                let begun = pool.begin_with("begin isolation level repeatable read read only");
                Inner::PgTx(patience.wait_for(begun).await?, *patience)
            }
        })))
    }
}

/// What the file itself says about its pages, indexes and references; nothing on PostgreSQL, which does not let them be wrong.
///
/// # Errors
/// When the database cannot be read at all.
pub async fn file(store: &Store) -> Result<Option<Finding>> {
    let Db::Sqlite { ro, .. } = &store.db else { return Ok(None) };
    // A connection of its own: the check of the search's index trusts what an older one remembers of it.
    let mut conn = ro.connect_options().as_ref().clone().optimize_on_close(false, None).connect().await?;
    let mut found = Finding::new("database", "the database file is damaged");
    let said: Vec<String> = sqlx::query_scalar("pragma integrity_check").fetch_all(&mut conn).await?;
    said.into_iter().filter(|it| it != "ok").for_each(|it| found.add(it));
    let sql = "select \"table\" || ' row ' || coalesce(rowid, 0) || ' names a row of ' || parent || ' that is not there' from pragma_foreign_key_check";
    let dangling: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut conn).await?;
    dangling.into_iter().for_each(|it| found.add(it));
    conn.close().await?;
    Ok((found.count > 0).then_some(found))
}

/// Asks one rule.
///
/// # Errors
/// When the database refuses.
pub async fn ask(conn: &mut Conn, rule: &Rule) -> Result<Option<Finding>> {
    let wrong = rule.wrong(conn);
    let (count, some) =
        (format!("select count(*) from ({wrong}) wrong"), format!("select place from ({wrong}) wrong order by 1 limit {MOST_NAMED}"));
    let count: i64 = on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(count)).fetch_one(c).await)?;
    if count == 0 {
        return Ok(None);
    }
    let places = on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(some)).fetch_all(c).await)?;
    Ok(Some(Finding { rule: rule.name, says: rule.says, count: count.unsigned_abs(), places }))
}

/// What reading every content came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// How many there are.
    pub count: u64,
    /// Their bytes, before packing.
    pub bytes: u64,
    /// Those that are missing, damaged or cannot be read, and mail whose octets are not those that its row speaks of.
    pub findings: Vec<Finding>,
}

/// Reads every content and holds it against its hash, and every outgoing mail against its row. Content is only ever added, so this
/// needs no moment at which everything stands still.
///
/// # Errors
/// When the database refuses.
pub async fn contents(store: &Store) -> Result<Contents> {
    let mut read = Contents::default();
    let mut broken = Finding::new("content", "content is missing or damaged; restore it from a backup");
    let mut barred =
        Finding::new("content-barred", "content is there and cannot be read; give the data folder to the user that maildesk runs as");
    // The first two of all hashes are those of what was erased and of what expired.
    let mut last = EXPIRED_OCTETS.to_owned();
    loop {
        let sql = "select sha256, size from blobs where sha256 > $1 and packing not in ('gone', 'leaving') order by sha256 limit $2";
        let mut conn = store.read().await?;
        let some: Vec<(String, i64)> = on!(conn, c => sqlx::query_as(sql).bind(&last).bind(AT_ONCE).fetch_all(c).await)?;
        let Some((end, _)) = some.last() else { break };
        last.clone_from(end);
        for (sha256, size) in some {
            read.count += 1;
            read.bytes += u64::try_from(size).unwrap_or(0);
            match one(store, &mut conn, &sha256).await {
                Ok(bytes) if i64::try_from(bytes.len()) == Ok(size) => {}
                Ok(bytes) => broken.add(format!("{sha256} has {} bytes and not {size}", bytes.len())),
                Err(StoreError::Content { what, .. }) => broken.add(format!("{sha256} is {what}{}", named_by(&mut conn, &sha256).await?)),
                Err(StoreError::File { path, why }) => barred.add(format!("{}: {why}", path.display())),
                Err(StoreError::Unreadable { value, .. }) => broken.add(format!("`{value}` is no hash")),
                Err(other) => return Err(other),
            }
        }
    }
    let strange = outgoing(store).await?;
    read.findings = [broken, barred, strange].into_iter().filter(|it| it.count > 0).collect();
    Ok(read)
}

async fn one(store: &Store, conn: &mut Conn, sha256: &str) -> Result<Vec<u8>> {
    let hash = ContentHash::parse(sha256)?;
    let missing = || StoreError::Content { sha256: sha256.to_owned(), what: "missing" };
    store.blobs().get(conn, &hash).await?.ok_or_else(missing)
}

/// What a content is, for whoever looks for it in a backup.
async fn named_by(conn: &mut Conn, sha256: &str) -> Result<String> {
    let sql = "select 'message ' || id from messages where sha256 = $1
        union all select 'outgoing mail ' || id from outbox where sha256 = $1
        union all select 'the attachment `' || a.filename || '` of #' || c.ticket from attachments a join comments c on c.id = a.comment where a.sha256 = $1
        limit 3";
    let names: Vec<String> = on!(conn, c => sqlx::query_scalar(sql).bind(sha256).fetch_all(c).await)?;
    Ok(if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) })
}

/// A retry sends the same octets under the same Message-ID (I5): so the octets must carry it.
async fn outgoing(store: &Store) -> Result<Finding> {
    let mut strange = Finding::new("outgoing-octets", "an outgoing mail does not carry the Message-ID that its row names");
    let mut last = 0_i64;
    loop {
        let sql = "select id, message_id, sha256 from outbox where id > $1 order by id limit $2";
        let mut conn = store.read().await?;
        let some: Vec<(i64, String, String)> = on!(conn, c => sqlx::query_as(sql).bind(last).bind(AT_ONCE).fetch_all(c).await)?;
        let Some((end, ..)) = some.last() else { return Ok(strange) };
        last = *end;
        for (id, message_id, sha256) in some {
            // One that cannot be read is named among the contents.
            let Ok(octets) = one(store, &mut conn, &sha256).await else { continue };
            if !carries(&octets, &message_id) {
                strange.add(format!("outgoing mail {}", OutboxId(id)));
            }
        }
    }
}

/// Whether the header of a mail of ours has this id; ours are never folded.
fn carries(octets: &[u8], message_id: &str) -> bool {
    let end = octets.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(octets.len());
    let wanted = format!("message-id: <{}>", message_id.trim_matches(['<', '>'])).to_lowercase();
    String::from_utf8_lossy(&octets[..end]).to_lowercase().lines().any(|it| it.trim_end() == wanted)
}
