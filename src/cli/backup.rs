//! `maildesk backup FILE`: the whole desk in one file, while it runs.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::say;
use crate::{
    actions::{
        audit::{self, Line},
        people::By,
    },
    app,
    clock::Clock,
    config::Config,
    desk::audit::AuditKind,
    store::{
        Store,
        backup::{
            Kind, clear_left_over,
            make::{Existing, Made, make},
            rows::{self, MadeBy},
        },
    },
};

/// Where to.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// The file that is made, readable for its owner alone; it appears whole or not at all
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a file of that name, once the new one is whole
    #[arg(long)]
    overwrite: bool,
}

/// Exit code 0: it is made; 1: it is made, and something that the desk lacks already is named; 2: it is not made.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(made) => {
            say::out(&page(arguments, &made));
            ExitCode::from(u8::from(!made.manifest.missing.is_empty() || !made.damaged.is_empty()))
        }
        Err(error) => {
            aside!("maildesk backup: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<Made> {
    let config = Config::load(&arguments.configured.config)?;
    let store = super::existing_store(&config).await?;
    let done = back_up(&store, &config, arguments).await;
    store.close().await;
    done
}

async fn back_up(store: &Store, config: &Config, arguments: &Arguments) -> anyhow::Result<Made> {
    let file = std::path::absolute(&arguments.file)?;
    let existing = if arguments.overwrite { Existing::IsReplaced } else { Existing::Stays };
    clear_left_over(file.parent().unwrap_or(&file));
    let now = Clock::System.now();
    let mut tx = store.begin().await?;
    let row = rows::begin(&mut tx, &file, MadeBy::Hand, now).await?;
    tx.commit().await?;
    let done = make(store, app::settings(config)?, &file, existing, now).await;
    let mut tx = store.begin().await?;
    match &done {
        Ok(made) => {
            rows::made(&mut tx, row, made, Clock::System.now()).await?;
            audit::note(&mut tx, By::Shell, Line::of(AuditKind::Backup, file.display(), "made"), Clock::System.now()).await?;
        }
        // Whoever asked is told here; the panel speaks of the schedule's.
        Err(_) => rows::forget(&mut tx, row).await?,
    }
    tx.commit().await?;
    Ok(done?)
}

fn page(arguments: &Arguments, made: &Made) -> String {
    let mut page = String::new();
    let mut name = |all: &[String], what: &str| all.iter().for_each(|it| page += &format!("the content {it} is {what}\n"));
    name(&made.manifest.missing, "missing in this desk, so it is not in the backup either; maildesk verify says what it is");
    name(&made.damaged, "damaged in this desk, and so in the backup; maildesk verify says what it is");
    name(&made.gone, "gone: it was erased or expired while the backup was made");
    let manifest = &made.manifest;
    let of = |table| manifest.rows(table).unwrap_or(0);
    let holds = match manifest.database {
        Kind::Sqlite => {
            format!("{} tickets, {} messages, {} people, the configuration and the secret key", of("tickets"), of("messages"), of("people"))
        }
        Kind::Postgres => format!(
            "{} large contents, the configuration and the secret key; the database is PostgreSQL and NOT in it: copy it with pg_dump first, \
             then make this backup, so that no row lacks its content",
            manifest.members.iter().filter(|it| it.name.starts_with("blobs/")).count()
        ),
    };
    format!(
        "{page}{}: {} MB, as of {}: {holds}\nWhoever has this file can read all mail and sign in as anybody. Password files that the configuration names are not in it.\n",
        arguments.file.display(),
        made.size.div_ceil(1_000_000),
        manifest.made_at,
    )
}
