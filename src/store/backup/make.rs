//! Making a backup while the desk works.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{ABOUT, BackupError, CONFIGURATION, DATABASE, FORMAT, Kind, Manifest, Result, SECRET_KEY, Scratch, archive::Writer, at_path};
use crate::store::{Db, Store, StoreError, on};

/// What belongs to a desk beside its data.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The configuration file as it is.
    pub configuration: Vec<u8>,
    /// The root key; none where there is none yet.
    pub secret_key: Option<Vec<u8>>,
}

/// What becomes of a file of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no backup is made.
    Stays,
    /// It is replaced, once the new one is whole.
    IsReplaced,
}

/// A backup that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// What is in it.
    pub manifest: Manifest,
    /// SHA-256 of everything up to the seal.
    pub seal: String,
    /// Of the file, in bytes.
    pub size: u64,
    /// Contents that are not what their hash says: in the backup as they are.
    pub damaged: Vec<String>,
    /// Contents that were erased or expired while the backup was made.
    pub gone: Vec<String>,
}

/// Copies the desk to `file`, which appears whole or not at all, readable for its owner alone. The database first, as it is at one
/// moment, then the files that it names: each was on the disk before its row, so that no row lacks its content. Nothing is locked
/// meanwhile: mail comes and goes.
///
/// # Errors
/// [`BackupError`]; then there is no file, or the one that was there.
pub async fn make(store: &Store, settings: Settings, file: &Path, existing: Existing, now: Timestamp) -> Result<Made> {
    let file = std::path::absolute(file).map_err(at_path(file))?;
    if existing == Existing::Stays && file.exists() {
        return Err(BackupError::Exists(file));
    }
    let folder = file.parent().unwrap_or(Path::new("/"));
    let scratch = Scratch::within(folder)?;
    let copied = copy_database(store, &scratch, folder).await?;
    let work = Work { settings, large: copied.large.clone(), tables: copied.tables, kind: copied.kind, now, blobs: store.blob_folder() };
    let written = tokio::task::block_in_place(|| work.write(&scratch))?;
    let Written { mut manifest, seal, size, damaged } = written;
    let gone = no_longer_named(store, &manifest.missing).await?;
    manifest.missing.retain(|it| !gone.contains(it));
    tokio::task::block_in_place(|| appear(&scratch.path(ARCHIVE), &file, existing))?;
    Ok(Made { manifest, seal, size, damaged, gone })
}

const ARCHIVE: &str = "archive";

struct Copied {
    kind: Kind,
    large: Vec<String>,
    tables: BTreeMap<String, u64>,
}

/// The database at one moment, and the names of the contents that are files.
async fn copy_database(store: &Store, scratch: &Scratch, folder: &Path) -> Result<Copied> {
    let Db::Sqlite { ro, .. } = &store.db else {
        let mut conn = store.read().await?;
        let sql = "select sha256 from blobs where bytes is null order by sha256";
        let large = on!(conn, c => sqlx::query_scalar(sql).fetch_all(c).await).map_err(StoreError::from)?;
        return Ok(Copied { kind: Kind::Postgres, large, tables: BTreeMap::new() });
    };
    let copy = scratch.path(DATABASE);
    // A connection of its own that may write: the readers' are forbidden to, even into another file.
    let options: SqliteConnectOptions = ro.connect_options().as_ref().clone().pragma("query_only", "0").optimize_on_close(false, None);
    let mut conn = SqliteConnection::connect_with(&options).await.map_err(StoreError::from)?;
    let vacuumed = sqlx::query("vacuum into $1").bind(copy.display().to_string()).execute(&mut conn).await;
    conn.close().await.map_err(StoreError::from)?;
    vacuumed.map_err(|why| refused(why, folder))?;
    let options = SqliteConnectOptions::new().filename(&copy).read_only(true).immutable(true);
    let mut conn = SqliteConnection::connect_with(&options).await.map_err(StoreError::from)?;
    let tables = rows_of_each(&mut conn).await.map_err(StoreError::from)?;
    let sql = "select sha256 from blobs where bytes is null order by sha256";
    let large = sqlx::query_scalar(sql).fetch_all(&mut conn).await.map_err(StoreError::from)?;
    conn.close().await.map_err(StoreError::from)?;
    Ok(Copied { kind: Kind::Sqlite, large, tables })
}

/// SQLite says of a full disk only that it is one.
fn refused(error: sqlx::Error, folder: &Path) -> BackupError {
    let full = error.as_database_error().and_then(|it| it.code()).and_then(|it| it.parse::<i64>().ok()).is_some_and(|it| it & 0xff == 13);
    match full {
        true => BackupError::File { path: folder.to_owned(), why: io::ErrorKind::StorageFull.into() },
        false => StoreError::from(error).into(),
    }
}

/// How many rows each table has; what the search and SQLite itself keep is left out.
pub(super) async fn rows_of_each(conn: &mut SqliteConnection) -> sqlx::Result<BTreeMap<String, u64>> {
    let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like 'search%' order by name";
    let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *conn).await?;
    let mut tables = BTreeMap::new();
    for name in names {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from \"{name}\""));
        let n: i64 = sqlx::query_scalar(sql).fetch_one(&mut *conn).await?;
        tables.insert(name, n.unsigned_abs());
    }
    Ok(tables)
}

/// Those of these contents that no row names any more.
async fn no_longer_named(store: &Store, missing: &[String]) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for sha256 in missing {
        let mut conn = store.read().await?;
        let sql = "select count(*) from blobs where sha256 = $1 and bytes is null";
        let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(sha256).fetch_one(c).await).map_err(StoreError::from)?;
        if n == 0 {
            gone.push(sha256.clone());
        }
    }
    Ok(gone)
}

struct Work {
    settings: Settings,
    large: Vec<String>,
    tables: BTreeMap<String, u64>,
    kind: Kind,
    now: Timestamp,
    blobs: PathBuf,
}

struct Written {
    manifest: Manifest,
    seal: String,
    size: u64,
    damaged: Vec<String>,
}

impl Work {
    fn write(self, scratch: &Scratch) -> Result<Written> {
        let path = scratch.path(ARCHIVE);
        let said = at_path(scratch.folder().parent().unwrap_or(Path::new("/")));
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path).map_err(&said)?;
        let at = u64::try_from(self.now.as_second()).unwrap_or(0);
        let mut archive = Writer::new(BufWriter::with_capacity(1 << 18, file), at);
        archive.add(ABOUT, self.about().as_bytes()).map_err(&said)?;
        if self.kind == Kind::Sqlite {
            archive.add_file(DATABASE, &scratch.path(DATABASE)).map_err(&said)?;
            fs::remove_file(scratch.path(DATABASE)).map_err(&said)?;
        }
        let (mut missing, mut damaged) = (Vec::new(), Vec::new());
        for sha256 in &self.large {
            let (short, name) = (sha256.get(..2).unwrap_or_default(), format!("blobs/{}/{sha256}", sha256.get(..2).unwrap_or_default()));
            match archive.add_file(&name, &self.blobs.join(short).join(sha256)) {
                Ok(is) if is == *sha256 => {}
                Ok(_) => damaged.push(sha256.clone()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(sha256.clone()),
                Err(error) => return Err(said(error)),
            }
        }
        archive.add(CONFIGURATION, &self.settings.configuration).map_err(&said)?;
        if let Some(key) = &self.settings.secret_key {
            archive.add(SECRET_KEY, key).map_err(&said)?;
        }
        let manifest = Manifest {
            format: FORMAT,
            maildesk: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: self.now,
            database: self.kind,
            tables: self.tables,
            missing,
            members: archive.members.clone(),
        };
        let (seal, mut into) = archive.seal(&manifest).map_err(&said)?;
        into.flush().map_err(&said)?;
        let file = into.into_inner().map_err(|it| said(it.into_error()))?;
        file.sync_all().map_err(&said)?;
        let size = file.metadata().map_err(&said)?.len();
        Ok(Written { manifest, seal, size, damaged })
    }

    fn about(&self) -> String {
        let holds = match self.kind {
            Kind::Sqlite => "the database, all mail and attachments, the configuration and the secret key",
            Kind::Postgres => {
                "large mail and attachments, the configuration and the secret key; the database is PostgreSQL and not in here"
            }
        };
        format!(
            "A backup of a maildesk desk, made by maildesk {} at {}.\nIt holds {holds}.\nWhoever has this file can read all mail and sign in as anybody: keep it as such.\n\n\
             maildesk verify FILE     looks whether it is whole\nmaildesk restore FILE    brings it back\n",
            env!("CARGO_PKG_VERSION"),
            self.now,
        )
    }
}

/// Gives the finished file its name; durable when this returns.
fn appear(from: &Path, file: &Path, existing: Existing) -> Result<()> {
    let said = at_path(file);
    match existing {
        Existing::IsReplaced => fs::rename(from, file).map_err(&said)?,
        // A link and not a rename: that would replace what has come meanwhile.
        Existing::Stays => match fs::hard_link(from, file) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(BackupError::Exists(file.to_owned())),
            Err(_) => fs::rename(from, file).map_err(&said)?,
            Ok(()) => {}
        },
    }
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(&said)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    File::open(folder).and_then(|it| it.sync_all()).map_err(&said)
}
