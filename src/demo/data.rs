//! The folder that a demo's desk is kept in: a temporary one, or one that somebody named.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};

use crate::store::disk;

/// Says that the folder is a demo's: a real desk is never given people with a known password.
const MARK: &str = "demo";
const BEGUN: &str = "begun\n";
const SEEDED: &str = "seeded\n";

pub(super) struct DataFolder {
    path: PathBuf,
    temporary: Option<tempfile::TempDir>,
}

/// What a folder holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// No desk yet.
    Nothing,
    /// A demo's desk that has lived its two weeks.
    TheDemo,
}

impl DataFolder {
    pub(super) fn open(named: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = named else {
            let temporary = tempfile::Builder::new().prefix("maildesk-demo-").tempdir().context("no temporary folder can be made")?;
            return Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) });
        };
        if path.exists() && !path.is_dir() {
            bail!("--data {} is a file; name a folder that is empty, or does not exist yet", path.display());
        }
        fs::create_dir_all(&path).with_context(|| format!("--data {} cannot be made; name another folder", path.display()))?;
        let it = Self { path: fs::canonicalize(&path)?, temporary: None };
        it.refuse_what_is_not_ours()?;
        disk::try_writing(&it.path)
            .with_context(|| format!("--data {} cannot be written to; give it to your user, or name another folder", it.path.display()))?;
        Ok(it)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn mark(&self) -> Option<String> {
        fs::read_to_string(self.path.join(MARK)).ok()
    }

    fn refuse_what_is_not_ours(&self) -> anyhow::Result<()> {
        let place = self.path.display();
        match self.mark().as_deref() {
            Some(SEEDED) => Ok(()),
            Some(_) => bail!("--data {place}: an earlier demo was ended while it filled this folder; remove the folder, or name another"),
            None if fs::read_dir(&self.path)?.next().is_some() => {
                bail!("--data {place} holds files that are no demo’s; name a folder that is empty, or does not exist yet")
            }
            None => Ok(()),
        }
    }

    /// Known before the desk is opened: opening makes its files.
    pub(super) fn holds(&self) -> Holds {
        if self.mark().as_deref() == Some(SEEDED) { Holds::TheDemo } else { Holds::Nothing }
    }

    pub(super) fn note_begun(&self) -> io::Result<()> {
        fs::write(self.path.join(MARK), BEGUN)
    }

    pub(super) fn note_seeded(&self) -> io::Result<()> {
        fs::write(self.path.join(MARK), SEEDED)
    }

    /// A temporary folder is removed; what ends beside us may still be writing into it for a moment.
    pub(super) async fn close(mut self) -> io::Result<()> {
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        tokio::task::spawn_blocking(move || remove(temporary)).await?
    }
}

impl Drop for DataFolder {
    /// Of a demo that was ended while it began.
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            remove(temporary).ok();
        }
    }
}

fn remove(temporary: tempfile::TempDir) -> io::Result<()> {
    let path = temporary.keep();
    for _ in 0..40 {
        match fs::remove_dir_all(&path) {
            Ok(()) => return Ok(()),
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    fs::remove_dir_all(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_no_demos_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let named = || DataFolder::open(Some(folder.path().to_owned()));
        let mine = named().unwrap();
        assert_eq!(mine.holds(), Holds::Nothing);
        mine.note_begun().unwrap();
        assert!(named().err().unwrap().to_string().contains("ended while it filled"));
        mine.note_seeded().unwrap();
        assert_eq!(named().unwrap().holds(), Holds::TheDemo);
        fs::remove_file(folder.path().join(MARK)).unwrap();
        fs::write(folder.path().join("maildesk.db"), "x").unwrap();
        assert!(named().err().unwrap().to_string().contains("no demo’s"));
    }

    #[tokio::test]
    async fn a_temporary_folder_is_gone_at_the_end() {
        let folder = DataFolder::open(None).unwrap();
        let path = folder.path().to_owned();
        fs::create_dir_all(path.join("blobs")).unwrap();
        folder.close().await.unwrap();
        assert!(!path.exists());
    }
}
