//! Whether a backup is whole: unpacked in a scratch place, every byte held against the seal, every member against the manifest, the
//! database against its rules, every content against its hash.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Component, Path, PathBuf},
};

use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    BackupError, DATABASE, FORMAT, Kind, MANIFEST, Manifest, Member, Result,
    archive::{Hashing, SEAL_BYTES, begins_as_ours, seal_of},
    at_path, make,
};
use crate::store::{
    Opener, Store, StoreError,
    blobs::ContentHash,
    export,
    probe::{self, Tables},
    verify::{self, Contents, Finding, MOST_NAMED, RULES},
};

/// The rule under which it is said that the file itself is damaged.
const DAMAGED: &str = "backup-file";

/// A backup, unpacked.
#[derive(Debug)]
pub struct Unpacked {
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of everything up to the seal, as read.
    pub seal: String,
    /// The file's bytes.
    pub size: u64,
    /// Where it lies now.
    pub folder: PathBuf,
    /// What is wrong with the file.
    pub findings: Vec<Finding>,
}

/// What looking at a backup came to.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// How many rules were asked.
    pub rules: usize,
    /// What reading every content came to; none where the backup holds no database.
    pub contents: Option<Contents>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// How many bytes unpacking takes at most, with what SQLite needs to look at its database.
///
/// # Errors
/// When the file cannot be read, or is no backup at all.
pub fn room_for(file: &Path) -> Result<u64> {
    let said = at_path(file);
    let opened = File::open(file).map_err(&said)?;
    let mut first = Vec::new();
    // What cannot be read, a folder say, is none either.
    (&opened).take(512).read_to_end(&mut first).ok();
    let len = opened.metadata().map_err(&said)?.len();
    if first.len() == 512 && begins_as_ours(&first) {
        Ok(len + len / 20 + 4_000_000)
    } else if first.starts_with(export::BEGINS.as_bytes()) {
        Err(BackupError::Export(file.to_owned()))
    } else {
        Err(BackupError::NotOurs(file.to_owned()))
    }
}

/// Unpacks a backup into an empty folder. What is damaged is named and unpacked as it is.
///
/// # Errors
/// When the file cannot be read, is no backup, is of a newer format, or is so damaged that it has no manifest; when the disk refuses.
pub fn unpack(file: &Path, folder: &Path) -> Result<Unpacked> {
    let said = at_path(file);
    room_for(file)?;
    let mut opened = File::open(file).map_err(&said)?;
    let size = opened.metadata().map_err(&said)?.len();
    let until = size.saturating_sub(SEAL_BYTES);
    let mut hashing = Hashing::new(BufReader::with_capacity(1 << 18, opened.try_clone().map_err(&said)?.take(until)));
    let (mut found, mut broken, mut manifest) = (BTreeMap::new(), Vec::new(), None);
    if let Err(error) = members(&mut hashing, folder, &mut found, &mut manifest, &said)? {
        broken.push(format!("it cannot be read beyond {} bytes: {error}", hashing.passed()));
    }
    io::copy(&mut hashing, &mut io::sink()).map_err(&said)?;
    let seal = hashing.sha256();
    let mut last = Vec::new();
    opened.seek(SeekFrom::Start(until)).and_then(|_| opened.read_to_end(&mut last)).map_err(&said)?;
    if last != seal_of(&seal).map_err(&said)? {
        broken.push("its seal is missing or broken: it was cut off, or bytes in it have changed".to_owned());
    }
    let Some(manifest) = manifest else {
        let why = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the backup is cut off or damaged: its manifest cannot be read; use another backup",
        );
        return Err(said(why));
    };
    if manifest.format > FORMAT {
        return Err(BackupError::Newer { path: file.to_owned(), by: manifest.maildesk });
    }
    broken.extend(disagree(&manifest.members, &found));
    let findings = finding(DAMAGED, "the file of the backup is damaged", broken).into_iter().collect();
    Ok(Unpacked { manifest, seal, size, folder: folder.to_owned(), findings })
}

/// Reads every member there is. The inner error: the archive itself cannot be read on.
fn members(
    from: &mut Hashing<impl io::Read>,
    folder: &Path,
    found: &mut BTreeMap<String, (u64, String)>,
    manifest: &mut Option<Manifest>,
    said: &impl Fn(io::Error) -> BackupError,
) -> Result<io::Result<()>> {
    let mut archive = tar::Archive::new(from);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return Ok(Err(error)),
    };
    for entry in entries {
        let (mut entry, name) = match entry.and_then(|it| it.path().map(|name| name.display().to_string()).map(|name| (it, name))) {
            Ok(both) => both,
            Err(error) => return Ok(Err(error)),
        };
        let plain = entry.header().entry_type().is_file() && Path::new(&name).components().all(|it| matches!(it, Component::Normal(_)));
        if !plain || manifest.is_some() {
            return Ok(Err(io::Error::other(format!("`{name}` does not belong there"))));
        }
        if name == MANIFEST {
            let mut text = String::new();
            *manifest = match entry.read_to_string(&mut text).and_then(|_| Ok(serde_json::from_str(&text)?)) {
                Ok(it) => Some(it),
                Err(error) => return Ok(Err(error)),
            };
            continue;
        }
        match write(&mut entry, &folder.join(&name)).map_err(said)? {
            Ok(it) => drop(found.insert(name, it)),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

/// One member to the disk; its size and hash. The outer error is the disk's, the inner one the archive's.
fn write(from: &mut impl io::Read, to: &Path) -> io::Result<io::Result<(u64, String)>> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    let mut from = Hashing::new(from);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    let mut some = vec![0; 1 << 17];
    loop {
        match from.read(&mut some) {
            Ok(0) => break,
            Ok(n) => file.write_all(&some[..n])?,
            Err(error) => return Ok(Err(error)),
        }
    }
    file.sync_all()?;
    Ok(Ok((from.passed(), from.sha256())))
}

fn disagree(members: &[Member], found: &BTreeMap<String, (u64, String)>) -> Vec<String> {
    let mut broken = Vec::new();
    for it in members {
        match found.get(&it.name) {
            None => broken.push(format!("{} is not in it", it.name)),
            Some((size, sha256)) if *size == it.size && *sha256 == it.sha256 => {}
            Some(_) => broken.push(format!("{} is not what was put in", it.name)),
        }
    }
    let unknown = found.keys().filter(|name| !members.iter().any(|it| it.name == **name));
    broken.extend(unknown.map(|it| format!("{it} was not put in")));
    broken
}

fn finding(rule: &'static str, says: &'static str, places: Vec<String>) -> Option<Finding> {
    let count = places.len() as u64;
    let places = places.into_iter().take(MOST_NAMED).collect();
    (count > 0).then_some(Finding { rule, says, count, places })
}

impl Unpacked {
    /// The database that was unpacked, as [`Store::open`] takes it; none where the desk is on PostgreSQL.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let path = self.folder.join(DATABASE).display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        (self.manifest.database == Kind::Sqlite).then(|| format!("sqlite:{path}"))
    }

    /// Looks at everything that was unpacked. Brings its tables up to date on the way.
    ///
    /// # Errors
    /// When the database cannot be read at all, or is of a newer maildesk.
    pub async fn check(&self, file: &Path) -> Result<Checked> {
        let mut checked = Checked { findings: self.findings.clone(), ..Checked::default() };
        let Some(url) = self.url() else {
            checked.findings.extend(self.loose_contents()?);
            return Ok(checked);
        };
        checked.findings.extend(self.counts().await?);
        if probe::probe(&url).await?.tables == Tables::Newer {
            return Err(BackupError::Newer { path: file.to_owned(), by: self.manifest.maildesk.clone() });
        }
        let store = Store::open(&url, &self.folder, Opener::Command).await?;
        let looked = look(&store, &mut checked).await;
        store.close().await;
        looked.map(|()| checked)
    }

    /// Whether each table has as many rows as the manifest says.
    async fn counts(&self) -> Result<Option<Finding>> {
        let options = SqliteConnectOptions::new().filename(self.folder.join(DATABASE)).read_only(true).immutable(true);
        let mut conn = SqliteConnection::connect_with(&options).await.map_err(StoreError::from)?;
        let counted = make::rows_of_each(&mut conn).await;
        conn.close().await.ok();
        let counted = counted.map_err(StoreError::from)?;
        let names: std::collections::BTreeSet<&String> = counted.keys().chain(self.manifest.tables.keys()).collect();
        let wrong = names.into_iter().filter_map(|name| {
            let (is, was) = (counted.get(name).copied().unwrap_or(0), self.manifest.tables.get(name).copied().unwrap_or(0));
            (is != was).then(|| format!("{name}: {is} and not {was}"))
        });
        Ok(finding("backup-counts", "a table has not as many rows as were put in", wrong.collect()))
    }

    /// Without a database that names them: each file under its hash.
    fn loose_contents(&self) -> Result<Option<Finding>> {
        let mut wrong = Vec::new();
        for it in &self.manifest.members {
            let Some(hash) = it.name.strip_prefix("blobs/").and_then(|it| it.split_once('/')).map(|(_, hash)| hash) else { continue };
            let path = self.folder.join(&it.name);
            let bytes = fs::read(&path).map_err(at_path(&path))?;
            if ContentHash::of(&bytes).as_str() != hash {
                wrong.push(format!("{hash} is damaged"));
            }
        }
        Ok(finding("content", "content is missing or damaged; restore it from a backup", wrong))
    }
}

/// As `maildesk verify` looks at a desk.
async fn look(store: &Store, checked: &mut Checked) -> Result<()> {
    checked.findings.extend(verify::file(store).await?);
    let mut then = store.snapshot().await?;
    for rule in RULES {
        checked.findings.extend(verify::ask(&mut then, rule).await?);
    }
    drop(then);
    checked.rules = RULES.len();
    let contents = verify::contents(store).await?;
    checked.findings.extend(contents.findings.iter().cloned());
    checked.contents = Some(contents);
    Ok(())
}
