//! Mail that another program has kept, taken into the desk.

use std::process::ExitCode;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use super::{
    Arguments,
    told::{self, Teller},
};
use crate::{
    actions::import::How,
    app,
    clock::Clock,
    config::Config,
    desk::ticket::Status,
    store::{Opener, probe},
    workers::import::{Archive, find::find, look, scan, take},
};

/// Takes it in, or says what would be.
///
/// # Errors
/// When a path holds no mail, the mailbox is not known, or the desk cannot be had: nothing was done. When the database fails on the way: it can
/// be begun again.
pub(super) async fn import(config: &Config, arguments: &Arguments) -> anyhow::Result<(String, ExitCode)> {
    let at = super::super::ingest::which(config, arguments.mailbox.as_deref())?;
    let name = &config.mailboxes[at].settings.name;
    let archive = tokio::task::block_in_place(|| {
        let files = find(&arguments.paths)?;
        let mut teller = Teller::new("looking");
        let archive = scan(files, Clock::System.now(), &mut |it| teller.tell(it));
        teller.end();
        anyhow::Ok(archive)
    })?;
    if arguments.dry_run {
        return would(config, &archive, name).await;
    }
    let (desk, rows) = app::desk(config, Clock::System, Opener::Command).await?;
    let ends = Status::parse(&arguments.status).context("--status: write closed, resolved or open")?;
    let how = How { mailbox: rows[at], ends, agents: arguments.agent.clone() };
    let mut teller = Teller::new("importing");
    let done = take(&desk, &how, &archive, &mut |it| teller.tell(it)).await;
    teller.end();
    desk.store.close().await;
    let summary = done.map_err(|error| {
        let full = if error.is_full() { format!(", for there is no room in {}", config.data_dir.display()) } else { String::new() };
        anyhow::Error::from(error)
            .context(format!("broken off{full}; what was taken in stays, and the same command again goes on where it ended"))
    })?;
    let page = told::summary(&summary, &archive, ends, name);
    let whole = summary.too_large.is_empty() && summary.unreadable.is_empty() && archive.unreadable.is_empty();
    Ok((page, if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

/// A look alone makes no desk.
async fn would(config: &Config, archive: &Archive, mailbox: &str) -> anyhow::Result<(String, ExitCode)> {
    let store = match probe::missing(config.database_url.expose_secret(), &config.data_dir)? {
        Some(_) => None,
        None => Some(app::open::store(config, Opener::Command).await?),
    };
    let mut teller = Teller::new("reading");
    let looked = look(store.as_ref(), config.desk.max_message_bytes, archive, &mut |it| teller.tell(it)).await;
    teller.end();
    if let Some(store) = store {
        store.close().await;
    }
    let looked = looked?;
    let whole = looked.too_large.is_empty() && looked.unreadable.is_empty() && archive.unreadable.is_empty();
    Ok((told::would(&looked, archive, mailbox), if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}
