//! Opening what the desk of a configuration keeps: where that fails, the sentence names what the operator wrote, and the mend.

use std::{io, path::Path};

use anyhow::{Context as _, anyhow};
use secrecy::ExposeSecret as _;

use crate::{
    config::Config,
    store::{
        Opener, Store, StoreError,
        backup::{
            BackupError,
            put_back::{self, Lock},
        },
        disk, probe,
    },
};

/// What the desk keeps; made where there is none.
///
/// # Errors
/// When the data folder or the database cannot be had: names `data_dir`, or the database.
pub async fn store(config: &Config, opener: Opener) -> anyhow::Result<Store> {
    let url = config.database_url.expose_secret();
    let error = match Store::open(url, &config.data_dir, opener).await {
        Ok(store) => return Ok(store),
        Err(error) => error,
    };
    if let Some(fault) = data_dir(config, &error) {
        return Err(fault);
    }
    // What is wrong with a file names that file itself.
    let is_of_database = matches!(error, StoreError::Database(_) | StoreError::Migrate(_));
    let file = probe::file(url).ok().flatten().filter(|_| is_of_database);
    match file {
        Some(file) => Err(error).context(file.display().to_string()),
        None if is_of_database => Err(error).context("database_url"),
        None => Err(error.into()),
    }
}

/// Keeps every daemon away from the desk, whose folder is made where it is missing.
///
/// # Errors
/// While a daemon runs on it, or when the data folder cannot be had: names `data_dir`.
pub fn lock(config: &Config) -> anyhow::Result<Lock> {
    let database = probe::file(config.database_url.expose_secret())?;
    put_back::lock(&config.data_dir, database.as_deref()).map_err(|error| {
        let fault = match &error {
            BackupError::Store(error) => data_dir(config, error),
            BackupError::File { path, why } => in_data_dir(config, path, why),
            BackupError::Exists(_)
            | BackupError::NotOurs(_)
            | BackupError::Export(_)
            | BackupError::Newer { .. }
            | BackupError::NoRoom { .. } => None,
        };
        fault.unwrap_or_else(|| error.into())
    })
}

/// The fault, where it is the data folder's: SQLite does not say why it cannot open a file there.
fn data_dir(config: &Config, error: &StoreError) -> Option<anyhow::Error> {
    if let StoreError::File { path, why } = error {
        return in_data_dir(config, path, why);
    }
    let database = probe::file(config.database_url.expose_secret()).ok().flatten()?;
    let is_of_it = matches!(error, StoreError::Database(_)) && database.starts_with(&config.data_dir);
    let why = is_of_it.then(|| disk::try_writing(&config.data_dir).err()).flatten()?;
    Some(refused(&config.data_dir, &why))
}

fn in_data_dir(config: &Config, path: &Path, why: &io::Error) -> Option<anyhow::Error> {
    path.starts_with(&config.data_dir).then(|| refused(&config.data_dir, why))
}

fn refused(folder: &Path, why: &io::Error) -> anyhow::Error {
    let mend = "give it to the user that maildesk runs as, see that its disk is neither full nor read-only, or name another folder";
    anyhow!("data_dir: {} cannot be made or written to: {why}; {mend}", folder.display())
}
