//! The root key: what sessions, signed reply addresses and our Message-IDs are signed with.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use secrecy::{ExposeSecret, SecretString};

use super::section::{Noted, Section};
use crate::clock::random_bytes;

/// The file in the data folder that holds the key where the configuration gives none.
pub const KEY_FILE: &str = "secret.key";

const LEAST_BYTES: usize = 32;

/// Where the root key is.
#[derive(Clone, Debug)]
pub enum RootKey {
    /// In the configuration: at least 32 bytes.
    Given(SecretString),
    /// In this file, which is made at the first start.
    KeptIn(PathBuf),
}

/// Why there is no root key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read, or cannot be made.
    #[error("the key file {} cannot be used: {why}; make its folder writable for the user that maildesk runs as", .file.display())]
    File {
        /// The key file.
        file: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The file is there and holds too little.
    #[error(
        "the key file {} holds fewer than 32 bytes; put back the one from the backup (a new one ends all sessions and makes the \
         answers to mail already sent harder to match)", .file.display()
    )]
    Short {
        /// The key file.
        file: PathBuf,
    },
}

impl RootKey {
    /// The key itself, at least 32 bytes. Makes the file, readable for its owner alone, when it is not there yet; when two
    /// processes do so at once, both get the same key.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds too little.
    pub fn load(&self) -> Result<SecretString, KeyError> {
        let file = match self {
            Self::Given(key) => return Ok(key.clone()),
            Self::KeptIn(file) => file,
        };
        let text = match fs::read_to_string(file) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => make(file).and_then(|()| fs::read_to_string(file)),
            read => read,
        };
        let text = text.map_err(|why| KeyError::File { file: file.clone(), why })?;
        let key = text.trim_end();
        if key.len() < LEAST_BYTES { Err(KeyError::Short { file: file.clone() }) } else { Ok(key.into()) }
    }
}

/// Whole or not at all: written beside, synced, then given its name unless somebody was faster.
fn make(file: &Path) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(beside, "{}", BASE64.encode(&random_bytes::<LEAST_BYTES>()))?;
    beside.as_file().sync_all()?;
    match beside.persist_noclobber(file) {
        Ok(_) => fs::File::open(folder)?.sync_all(),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(lost) => Err(lost.error),
    }
}

/// Reads `secret_key`. With PostgreSQL it must be given: several instances share it.
pub(super) fn read(top: &mut Section<'_>, database_url: Option<&SecretString>, data_dir: &Path) -> Result<RootKey, Noted> {
    if let Some(key) = top.secret("secret_key")? {
        if key.expose_secret().len() >= LEAST_BYTES {
            return Ok(RootKey::Given(key));
        }
        return Err(top.at_odds("secret_key holds fewer than 32 bytes; make one with: openssl rand -base64 32"));
    }
    if database_url.is_some_and(|it| it.expose_secret().starts_with("postgres")) {
        let mend = "with PostgreSQL every instance needs the same one: make it once with openssl rand -base64 32";
        return Err(top.missing("secret_key", mend));
    }
    Ok(RootKey::KeptIn(data_dir.join(KEY_FILE)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let key = RootKey::KeptIn(folder.path().join(KEY_FILE));
        let first = key.load().unwrap();
        assert_eq!(first.expose_secret(), key.load().unwrap().expose_secret());
        assert_eq!(first.expose_secret().len(), 44);
        let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left lying");
    }

    #[test]
    fn many_who_start_at_once_get_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let key = RootKey::KeptIn(folder.path().join(KEY_FILE));
        let keys: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| key.load().unwrap().expose_secret().to_owned())).collect();
            all.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|it| *it == keys[0]));
    }

    #[test]
    fn a_damaged_key_is_never_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(KEY_FILE);
        fs::write(&file, "short\n").unwrap();
        assert!(matches!(RootKey::KeptIn(file).load(), Err(KeyError::Short { .. })));
    }
}
