//! Rows of `backups`: which were made, which were found whole, which are still there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::make::Made;
use crate::{
    desk::backup::{BackupFacts, CameTo, Scheduled, VerifiedBackup},
    store::{Conn, Result, Tx, at, ms, on},
};

/// Who asked for a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// The section `[backup]` of the configuration.
    Schedule,
    /// `maildesk backup`.
    Hand,
}

impl MadeBy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Hand => "hand",
        }
    }
}

/// The row of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupId(i64);

/// Notes that a backup begins.
///
/// # Errors
/// When the database refuses.
pub async fn begin(tx: &mut Tx, file: &Path, made_by: MadeBy, now: Timestamp) -> Result<BackupId> {
    let sql = "insert into backups (file, made_by, began_at) values ($1, $2, $3) returning id";
    let file = file.display().to_string();
    Ok(BackupId(on!(tx, c => sqlx::query_scalar(sql).bind(&file).bind(made_by.as_str()).bind(ms(now)).fetch_one(c).await)?))
}

/// Notes that it is made. What was in a file of that name before is no backup any more.
///
/// # Errors
/// When the database refuses.
pub async fn made(tx: &mut Tx, id: BackupId, made: &Made, now: Timestamp) -> Result<()> {
    let replaced = "update backups set removed_at = $2 where id <> $1 and removed_at is null and seal is not null
        and file = (select b.file from backups b where b.id = $1)";
    on!(tx, c => sqlx::query(replaced).bind(id.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    let sql = "update backups set ended_at = $2, seal = $3, size = $4 where id = $1";
    let size = i64::try_from(made.size).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(&made.seal).bind(size).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Notes why it was not made.
///
/// # Errors
/// When the database refuses.
pub async fn not_made(tx: &mut Tx, id: BackupId, why: &str, now: Timestamp) -> Result<()> {
    let sql = "update backups set ended_at = $2, error = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(why).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What looking at a backup came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It is whole.
    Whole,
    /// It is not, or could not be looked at: in one sentence.
    Wrong(&'a str),
}

/// Notes what looking at the backup with this seal came to, if it is one of this desk's.
///
/// # Errors
/// When the database refuses.
pub async fn looked_at(tx: &mut Tx, seal: &str, verdict: Verdict<'_>, now: Timestamp) -> Result<()> {
    let (verified_at, error) = match verdict {
        Verdict::Whole => (Some(ms(now)), None),
        Verdict::Wrong(why) => (None, Some(why)),
    };
    let sql = "update backups set verified_at = $2, error = $3 where seal = $1";
    on!(tx, c => sqlx::query(sql).bind(seal).bind(verified_at).bind(error).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// How this desk is backed up: what the panel shows, and what `/readyz` and the alarms ask [`crate::desk::backup::trouble`] about.
/// Asks for three rows by index.
///
/// # Errors
/// When the database refuses.
pub async fn facts(conn: &mut Conn) -> Result<BackupFacts> {
    let sql = "select file, began_at, coalesce(size, 0), verified_at from backups
        where verified_at is not null and removed_at is null order by began_at desc, id desc limit 1";
    let last: Option<(String, i64, i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_optional(c).await)?;
    let verified = |(file, made_at, size, verified_at): (String, i64, i64, i64)| VerifiedBackup {
        file: file.into(),
        made_at: at(made_at),
        size: size.unsigned_abs(),
        verified_at: at(verified_at),
    };
    let sql = "select began_at, verified_at from backups where made_by = 'schedule' order by began_at desc, id desc limit 1";
    let scheduled: Option<(i64, Option<i64>)> = on!(conn, c => sqlx::query_as(sql).fetch_optional(c).await)?;
    let sql = "select error, ended_at from backups where ended_at is not null order by began_at desc, id desc limit 1";
    let ended: Option<(Option<String>, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_optional(c).await)?;
    Ok(BackupFacts {
        last_verified: last.map(verified),
        last_scheduled: scheduled.map(|(began_at, verified_at)| Scheduled {
            began_at: at(began_at),
            came_to: if verified_at.is_some() { CameTo::Whole } else { CameTo::NotYet },
        }),
        error: ended.and_then(|(error, ended_at)| Some((error?, at(ended_at)))),
    })
}

/// Keeps other instances from beginning one in this moment; until the transaction ends.
///
/// # Errors
/// When the database refuses.
pub async fn alone(tx: &mut Tx) -> Result<()> {
    let sql = tx.pick("select 1", "lock table backups in share row exclusive mode");
    on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Those of the schedule that are older than the newest `keep` that were found whole: what may be cleared away, each with its file. One
/// that was not found whole never counts as kept, so that no good one is cleared away for it.
///
/// # Errors
/// When the database refuses.
pub async fn beyond(conn: &mut Conn, keep: u32) -> Result<Vec<(BackupId, PathBuf)>> {
    let sql = "select id, file from backups
        where made_by = 'schedule' and seal is not null and removed_at is null and began_at < coalesce((
            select b.began_at from backups b where b.made_by = 'schedule' and b.verified_at is not null and b.removed_at is null
            order by b.began_at desc limit 1 offset $1), 0) order by began_at";
    let offset = i64::from(keep.max(1)) - 1;
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).bind(offset).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, file)| (BackupId(id), file.into())).collect())
}

/// Notes that a backup was cleared away.
///
/// # Errors
/// When the database refuses.
pub async fn removed(tx: &mut Tx, id: BackupId, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("update backups set removed_at = $2 where id = $1").bind(id.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Forgets one that was not made.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx, id: BackupId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from backups where id = $1").bind(id.0).execute(c).await.map(|_| ()))?;
    Ok(())
}
