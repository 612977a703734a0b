//! `maildesk verify FILE`: a backup, restored to a scratch place and looked at there.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::{Arguments, Seen};
use crate::{
    clock::Clock,
    config::Config,
    store::backup::{
        Kind, Manifest, Scratch,
        check::{self, Checked, Unpacked},
        rows::{self, Verdict},
    },
};

/// Looks at the file; where it is one of the configured desk's, the desk remembers what was found.
pub(super) async fn look(file: &Path, arguments: &Arguments) -> anyhow::Result<Seen> {
    let (unpacked, checked) = unpacked(file, arguments.scratch.as_deref()).await?;
    if let Err(error) = remember(arguments, &unpacked, &checked).await {
        aside!("maildesk verify: the desk could not be told what was found: {error:#}");
    }
    Ok(Seen { backup: Some(unpacked.manifest), rules: checked.rules, contents: checked.contents, online: None, findings: checked.findings })
}

async fn unpacked(file: &Path, scratch: Option<&Path>) -> anyhow::Result<(Unpacked, Checked)> {
    let scratch = place(file, scratch)?;
    let unpacked = tokio::task::block_in_place(|| check::unpack(file, scratch.folder()))?;
    let checked = unpacked.check(file).await?;
    Ok((unpacked, checked))
}

/// Where it is unpacked: as asked for, else beside the file, else where the system keeps what is not kept.
fn place(file: &Path, asked: Option<&Path>) -> anyhow::Result<Scratch> {
    let needed = check::room_for(file)?;
    let beside = std::path::absolute(file).ok().and_then(|it| it.parent().map(Path::to_owned));
    let places: Vec<PathBuf> = match asked {
        Some(asked) => vec![asked.to_owned()],
        None => beside.into_iter().chain([env::temp_dir()]).collect(),
    };
    let mut refused = None;
    for place in places {
        match Scratch::with_room(&place, needed) {
            Ok(scratch) => return Ok(scratch),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(anyhow::Error::from(refused.expect("at least one place was tried")))
        .context("it is unpacked to be looked at; --scratch names a place for it")
}

async fn remember(arguments: &Arguments, unpacked: &Unpacked, checked: &Checked) -> anyhow::Result<()> {
    let Ok(config) = Config::load(&arguments.configured.config) else { return Ok(()) };
    let Ok(store) = super::super::existing_store(&config).await else { return Ok(()) };
    let says = checked.findings.first().map(|it| it.says);
    let verdict = says.map_or(Verdict::Whole, Verdict::Wrong);
    let mut tx = store.begin().await?;
    // Whether it is one of this desk's or not, the transaction ends before the store is closed.
    rows::looked_at(&mut tx, &unpacked.seal, verdict, Clock::System.now()).await?;
    tx.commit().await?;
    store.close().await;
    Ok(())
}

/// What a backup is, in one line.
pub(super) fn sentence(it: &Manifest) -> String {
    let holds = match it.database {
        Kind::Sqlite => {
            let of = |table| it.rows(table).unwrap_or(0);
            format!("{} tickets, {} messages, {} people", of("tickets"), of("messages"), of("people"))
        }
        Kind::Postgres => "large contents and settings; the database is PostgreSQL and not in it".to_owned(),
    };
    format!("a backup of {}, by maildesk {}: {holds}", it.made_at, it.maildesk)
}
