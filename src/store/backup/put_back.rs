//! A backup becomes the desk: what it owes is held back for a person first, then it takes the old one's place.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{BackupError, DATABASE, Kind, Result, SECRET_KEY, UNFINISHED, at_path, check::Unpacked};
use crate::store::{Store, StoreError, Tx, ms, on, open, owner};

/// How the folders begin to which the old desk is moved.
const ASIDE: &str = "before-restore-";

/// Where a desk lies on this machine.
#[derive(Clone, Debug)]
pub struct Target {
    /// The data folder.
    pub data_dir: PathBuf,
    /// SQLite's file; none with PostgreSQL.
    pub database: Option<PathBuf>,
    /// The root key's file; none where the configuration gives the key.
    pub key: Option<PathBuf>,
}

/// What keeps every daemon of an SQLite database away until it is dropped. Folders that were made for it go with it, unless it stays.
#[derive(Debug)]
pub struct Lock {
    files: Option<[File; 2]>,
    /// Deepest first.
    made: Vec<PathBuf>,
}

/// Keeps every daemon away from a desk, whose folder is made when it is missing. On PostgreSQL nothing does.
///
/// # Errors
/// [`StoreError::InUse`] while a daemon runs on it.
pub fn lock(data_dir: &Path, database: Option<&Path>) -> Result<Lock> {
    let mut lock = Lock { files: None, made: Vec::new() };
    lock.make(data_dir)?;
    owner::must_be_ours(data_dir)?;
    let Some(database) = database else { return Ok(lock) };
    if let Some(folder) = database.parent() {
        lock.make(folder)?;
    }
    lock.files = Some(open::lock_for_daemon(data_dir, database)?);
    Ok(lock)
}

impl Lock {
    fn make(&mut self, folder: &Path) -> Result<()> {
        let missing: Vec<PathBuf> = folder.ancestors().take_while(|it| !it.exists()).map(Path::to_owned).collect();
        self.made.splice(..0, missing);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at_path(folder))
    }

    /// There is a desk now: the folders that were made for it are its own.
    pub fn stays(&mut self) {
        self.made.clear();
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        for folder in &self.made {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let locks = entries.filter(|it| it.file_name().as_encoded_bytes().ends_with(b".lock"));
            locks.for_each(|it| drop(fs::remove_file(it.path())));
            // One that holds more is somebody's.
            fs::remove_dir(folder).ok();
        }
    }
}

impl Target {
    /// What is there of a desk already: its database with SQLite's own files beside it, its contents, its key.
    #[must_use]
    pub fn there(&self) -> Vec<PathBuf> {
        let beside = |end: &str| self.database.as_ref().map(|it| PathBuf::from(format!("{}{end}", it.display())));
        let blobs = Some(self.data_dir.join("blobs")).filter(|it| fs::read_dir(it).is_ok_and(|mut it| it.next().is_some()));
        let all = [beside(""), beside("-wal"), beside("-shm"), blobs, self.key.clone()];
        all.into_iter().flatten().filter(|it| it.exists()).collect()
    }

    /// Folders in which desks lie whose place a backup took; [`put`] makes them, and nothing removes them.
    #[must_use]
    pub fn set_aside(&self) -> Vec<PathBuf> {
        let beside = |file: &Option<PathBuf>| file.as_ref().and_then(|it| it.parent()).map(Path::to_owned);
        let mut folders: Vec<PathBuf> =
            [Some(self.data_dir.clone()), beside(&self.database), beside(&self.key)].into_iter().flatten().collect();
        folders.sort_unstable();
        folders.dedup();
        let all = folders.iter().filter_map(|it| fs::read_dir(it).ok()).flatten().flatten();
        let aside = all.filter(|it| it.file_name().to_string_lossy().starts_with(ASIDE)).map(|it| it.path());
        let mut aside: Vec<PathBuf> = aside.filter(|it| it.is_dir()).collect();
        aside.sort_unstable();
        aside
    }
}

/// What was changed in the desk before it took its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Copies that wait for a person to say whether they leave.
    pub held_back: u64,
    /// New tickets begin with this number.
    pub next_number: i64,
}

/// Makes of a copy of the desk one that may go on, in one transaction of its own:
///
/// - what had not left is held back: it may have left after the copy was made;
/// - sessions and links end: they may have ended since;
/// - ticket numbers go on beyond those that may have been given since, so that no customer's answer finds somebody else's ticket;
/// - mail that the server got since is looked for again where it was filed.
///
/// # Errors
/// When the database refuses.
pub async fn settle(store: &Store, unpacked: &Unpacked, why_held_back: &str, now: Timestamp) -> Result<Settled> {
    let made_at = unpacked.manifest.made_at;
    let mut tx = store.begin().await?;
    let settled = change(&mut tx, made_at, why_held_back, now).await?;
    // In its own copy a backup is still being made.
    let sql =
        "update backups set ended_at = $2, seal = $3, size = $4, verified_at = $2 where began_at = $1 and seal is null and error is null";
    let size = i64::try_from(unpacked.size).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(sql).bind(ms(made_at)).bind(ms(now)).bind(&unpacked.seal).bind(size).execute(c).await.map(|_| ()))
        .map_err(StoreError::from)?;
    tx.commit().await?;
    Ok(settled)
}

async fn change(tx: &mut Tx, made_at: Timestamp, why: &str, now: Timestamp) -> crate::store::Result<Settled> {
    let sql =
        "update deliveries set held_back = $1, lease_owner = null, lease_until = null where state in ('waiting', 'delayed', 'unknown')";
    let held_back = on!(tx, c => sqlx::query(sql).bind(why).execute(c).await.map(|it| it.rows_affected()))?;
    for sql in ["delete from sessions", "delete from links"] {
        on!(tx, c => sqlx::query(sql).execute(c).await.map(|_| ()))?;
    }
    let sql = "update mailboxes set look_again_since = case when look_again_since < $1 then look_again_since else $1 end where met_at is not null";
    on!(tx, c => sqlx::query(sql).bind(ms(made_at)).execute(c).await.map(|_| ()))?;
    let sql = "insert into restores (backup_at, restored_at) values ($1, $2)";
    on!(tx, c => sqlx::query(sql).bind(ms(made_at)).bind(ms(now)).execute(c).await.map(|_| ()))?;
    // As many as were opened in as long a time before, ten times over, and never fewer than a thousand.
    let before = ms(made_at) - (ms(now) - ms(made_at)).max(0);
    let sql = "select coalesce(max(number), 0), count(*) filter (where opened_at > $1) from tickets";
    let (last, lately): (i64, i64) = on!(tx, c => sqlx::query_as(sql).bind(before).fetch_one(c).await)?;
    let next_number = beyond(last.max(last_given(tx).await?), lately);
    give_numbers_from(tx, next_number).await?;
    Ok(Settled { held_back, next_number })
}

/// A round number beyond those that may have been given: `1` thousand more than `last` at least.
fn beyond(last: i64, lately: i64) -> i64 {
    let gap = lately.saturating_mul(10).max(1000);
    last.saturating_add(gap).saturating_add(999) / 1000 * 1000 + 1
}

/// The highest ticket number that was ever given.
///
/// # Errors
/// When the database refuses.
pub(in crate::store) async fn last_given(tx: &mut Tx) -> crate::store::Result<i64> {
    let sql = tx.pick(
        "select coalesce((select seq from sqlite_sequence where name = 'tickets'), 0)",
        "select coalesce(pg_sequence_last_value(cast(pg_get_serial_sequence('tickets', 'number') as regclass)), 0)",
    );
    Ok(on!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}

/// The next ticket gets this number.
///
/// # Errors
/// When the database refuses.
pub(in crate::store) async fn give_numbers_from(tx: &mut Tx, next: i64) -> crate::store::Result<()> {
    let forget = tx.pick("delete from sqlite_sequence where name = 'tickets'", "select 1");
    on!(tx, c => sqlx::query(forget).execute(c).await.map(|_| ()))?;
    let sql = tx.pick(
        "insert into sqlite_sequence (name, seq) values ('tickets', $1 - 1)",
        "select setval(pg_get_serial_sequence('tickets', 'number'), greatest($1 - 1, 1), $1 > 1)",
    );
    on!(tx, c => sqlx::query(sql).bind(next).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Puts what was unpacked (in a folder within the data folder) where the desk lies, and what was there into a folder beside it, which
/// is given back. Until it is done no maildesk opens the folder: one that is cut off here is done again.
///
/// # Errors
/// When the disk refuses.
pub fn put(unpacked: &Unpacked, target: &Target, stamp: &str) -> Result<Option<PathBuf>> {
    let said = at_path(&target.data_dir);
    let unfinished = target.data_dir.join(UNFINISHED);
    File::create(&unfinished).and_then(|it| it.sync_all()).and_then(|()| sync(&target.data_dir)).map_err(&said)?;
    let mut aside = None;
    for old in target.there() {
        let folder = old.parent().unwrap_or(Path::new("/")).join(format!("{ASIDE}{stamp}"));
        fs::create_dir_all(&folder).map_err(&said)?;
        fs::rename(&old, folder.join(old.file_name().unwrap_or_default())).map_err(at_path(&old))?;
        aside.get_or_insert(folder);
    }
    let new = |name: &str| Some(unpacked.folder.join(name)).filter(|it| it.exists());
    let blobs = target.data_dir.join("blobs");
    fs::remove_dir(&blobs).ok();
    let places = [(new(DATABASE), target.database.clone()), (new("blobs"), Some(blobs)), (new(SECRET_KEY), target.key.clone())];
    for (from, to) in places.into_iter().filter_map(|(from, to)| Some((from?, to?))) {
        take_place(&from, &to).map_err(at_path(&to))?;
    }
    sync(&target.data_dir).map_err(&said)?;
    fs::remove_file(&unfinished).and_then(|()| sync(&target.data_dir)).map_err(&said)?;
    Ok(aside)
}

/// A database may lie on another disk than the data folder.
fn take_place(from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut beside = tempfile::NamedTempFile::new_in(folder)?;
            io::copy(&mut File::open(from)?, &mut beside)?;
            beside.as_file().sync_all()?;
            beside.persist(to)?;
        }
        renamed => renamed?,
    }
    sync(folder)
}

/// With PostgreSQL the contents are added to those that are there: each lies under its hash, so that none takes another's place.
///
/// # Errors
/// When the disk refuses.
pub fn add(unpacked: &Unpacked, target: &Target) -> Result<()> {
    for it in unpacked.manifest.members.iter().filter(|it| it.name.starts_with("blobs/")) {
        let to = target.data_dir.join(&it.name);
        if !to.exists() {
            take_place(&unpacked.folder.join(&it.name), &to).map_err(at_path(&to))?;
        }
    }
    Ok(())
}

/// Refuses a backup of the other kind of database.
///
/// # Errors
/// The sentence says how else to go there.
pub fn fits(kind: Kind, target: &Target) -> std::result::Result<(), &'static str> {
    match (kind, &target.database) {
        (Kind::Sqlite, Some(_)) | (Kind::Postgres, None) => Ok(()),
        (Kind::Sqlite, None) => Err(
            "this backup holds an SQLite database, and database_url names PostgreSQL: restore it with SQLite, then go over with maildesk export and import",
        ),
        (Kind::Postgres, Some(_)) => Err("this backup is of a desk on PostgreSQL and holds no database; set database_url"),
    }
}

/// The disk knows the names in a folder.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Unpacked {
    /// The root key that the backup holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn key(&self) -> Result<Option<Vec<u8>>> {
        let path = self.folder.join(SECRET_KEY);
        match fs::read(&path) {
            Ok(key) => Ok(Some(key)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(BackupError::File { path, why }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_beyond_all_that_may_have_been_given() {
        for (last, lately, next) in [(0, 0, 1001), (7, 0, 2001), (1000, 0, 2001), (1042, 30, 3001), (5000, 500, 10001)] {
            assert_eq!(beyond(last, lately), next, "{last} {lately}");
        }
    }
}
