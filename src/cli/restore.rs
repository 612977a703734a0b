//! `maildesk restore FILE`: a backup becomes the desk.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{Timestamp, tz::TimeZone};
use secrecy::ExposeSecret as _;

use super::say;
use crate::{
    actions::{
        audit::{self, Line},
        people::By,
    },
    app::open,
    clock::Clock,
    config::{Config, RootKey},
    desk::audit::AuditKind,
    store::{
        Opener, Store,
        backup::{
            Kind, Scratch,
            check::{self, Unpacked},
            clear_left_over,
            put_back::{self, Settled, Target},
        },
        instances,
    },
};

/// From where, and what becomes of what is there.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// A backup that maildesk backup made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take the place of the desk that is there, which is moved to data_dir/before-restore-… and never deleted
    #[arg(long)]
    replace: bool,
    /// Bring back a backup that is damaged, too: what is wrong is named, and stays wrong
    #[arg(long)]
    damaged: bool,
}

/// Exit code 0: the desk is there; 1: it is not, and nothing was touched.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(page) => {
            say::out(&page);
            ExitCode::SUCCESS
        }
        Err(error) => {
            aside!("maildesk restore: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<String> {
    let config = Config::load(&arguments.configured.config).with_context(|| {
        format!("the backup holds the configuration that it was made with: tar -xOf {} settings/maildesk.toml", arguments.file.display())
    })?;
    let target = super::place(&config)?;
    let needed = check::room_for(&arguments.file)?;
    let mut lock = open::lock(&config)?;
    clear_left_over(&target.data_dir);
    let there = target.there();
    if target.database.is_some() && !there.is_empty() && !arguments.replace {
        let there: Vec<String> = there.iter().map(|it| it.display().to_string()).collect();
        bail!("there is a desk already: {}; --replace moves it aside and puts the backup in its place", there.join(", "));
    }
    // Within the data folder: on the same disk, and where its owner may write.
    let scratch = Scratch::with_room(&target.data_dir, needed)?;
    let unpacked = tokio::task::block_in_place(|| check::unpack(&arguments.file, scratch.folder()))?;
    if let Err(why) = put_back::fits(unpacked.manifest.database, &target) {
        bail!(why);
    }
    let wrong = looked_at(&unpacked, arguments).await?;
    let now = Clock::System.now();
    let words = words_for(&unpacked, &config);
    let settled = settled(&unpacked, &config, &words, now).await?;
    lock.stays();
    let strange_key = other_key(&unpacked, &config)?;
    let aside = match unpacked.manifest.database {
        Kind::Sqlite => put_back::put(&unpacked, &target, &now.strftime("%Y%m%dT%H%M%SZ").to_string())?,
        Kind::Postgres => put_back::add(&unpacked, &target).map(|()| None)?,
    };
    Ok(wrong + &page(&unpacked, &target, settled, aside.as_deref(), strange_key))
}

/// What is wrong with it, in lines.
async fn looked_at(unpacked: &Unpacked, arguments: &Arguments) -> anyhow::Result<String> {
    let findings = unpacked.check(&arguments.file).await?.findings;
    let lines: String =
        findings.iter().map(|it| format!("{} ({}): {}\n    {}\n", it.rule, it.count, it.says, it.places.join("\n    "))).collect();
    if !lines.is_empty() && !arguments.damaged {
        say::err(&lines);
        bail!("the backup is not whole, so nothing was touched; use another one, or --damaged to have what there is of this");
    }
    Ok(lines)
}

fn words_for(unpacked: &Unpacked, config: &Config) -> String {
    let made_at = in_words(unpacked.manifest.made_at, &config.desk.time_zone);
    format!(
        "Held back: this desk was restored from a backup of {made_at}, and this may have left after that. Send it if it did not, or call it off."
    )
}

fn in_words(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M").to_string()
}

/// With SQLite the copy is changed before it takes its place; with PostgreSQL the database that pg_restore has brought back.
async fn settled(unpacked: &Unpacked, config: &Config, words: &str, now: Timestamp) -> anyhow::Result<Settled> {
    let (url, folder) = match unpacked.url() {
        Some(url) => (url, unpacked.folder.as_path()),
        None => (config.database_url.expose_secret().to_owned(), config.data_dir.as_path()),
    };
    let store = Store::open(&url, folder, Opener::Command).await?;
    // SQLite's file is locked against daemons; on PostgreSQL they say that they live.
    let alive = if unpacked.url().is_none() { instances::alive(&mut *store.read().await?, now).await? } else { Vec::new() };
    if !alive.is_empty() {
        bail!("maildesk runs on this database: {}; stop it first, and wait for half a minute where it was killed", alive.join(", "));
    }
    let settled = put_back::settle(&store, unpacked, words, now).await?;
    let mut tx = store.begin().await?;
    let line = Line::of(AuditKind::Backup, "the desk", "brought back from a backup")
        .to(in_words(unpacked.manifest.made_at, &config.desk.time_zone));
    audit::note(&mut tx, By::Shell, line, now).await?;
    tx.commit().await?;
    store.close().await;
    Ok(settled)
}

/// Whether the configuration gives another key than the backup holds.
fn other_key(unpacked: &Unpacked, config: &Config) -> anyhow::Result<bool> {
    let RootKey::Given(given) = &config.root_key else { return Ok(false) };
    Ok(unpacked.key()?.is_some_and(|it| it != given.expose_secret().as_bytes()))
}

fn page(unpacked: &Unpacked, target: &Target, settled: Settled, aside: Option<&Path>, strange_key: bool) -> String {
    let manifest = &unpacked.manifest;
    let mut page = match manifest.database {
        Kind::Sqlite => format!(
            "restored to {}, as of {}: {} tickets, {} messages\n",
            target.data_dir.display(),
            manifest.made_at,
            manifest.rows("tickets").unwrap_or(0),
            manifest.rows("messages").unwrap_or(0),
        ),
        Kind::Postgres => format!(
            "contents and key are back in {}; the database is as pg_restore brought it back, and must be of {} or a little before\n",
            target.data_dir.display(),
            manifest.made_at,
        ),
    };
    if let Some(aside) = aside {
        page += &format!("what was there is in {}; remove it when it is no longer needed\n", aside.display());
    }
    if settled.held_back > 0 {
        let held = settled.held_back;
        page += &format!(
            "{held} outgoing mails had not left then and may have left since: they are held back in the panel, under Mail, Not delivered\n"
        );
    }
    page += &format!(
        "everybody signs in again; people, roles, passwords and tokens of the API are as they were then: disable and revoke again what was since\nnew tickets begin with #{}, beyond the numbers given since\n\
         mail that the server got since then is taken in again when maildesk starts, from the folder where it was filed; answers given since are not here\n",
        settled.next_number
    );
    if strange_key {
        page += "the secret_key of the configuration is not the one of the backup (tar -xOf FILE settings/secret.key): answers to old mail are harder to match, authenticator apps let nobody in, and mailboxes that were added on the web wait for their passwords\n";
    }
    page
}
