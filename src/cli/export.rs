//! `maildesk export`: the whole desk as JSON lines, with the raw mail.

use std::{
    fs,
    io::{self, BufWriter, IsTerminal as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;

use crate::{
    config::Config,
    store::{
        Store, disk,
        export::{self, Counts, ExportError, Passwords},
    },
};

/// Where to, and what goes along.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// The file that is made, readable for its owner alone; it appears whole or not at all. Without it, or with -: standard output
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace a file of that name, once the new one is whole
    #[arg(long)]
    overwrite: bool,
    /// Leave out the hashes of people's passwords: everybody needs an invitation at the desk that reads it
    #[arg(long)]
    without_passwords: bool,
}

/// Exit code 0: everything was written.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(counts) => {
            let of = |kind| counts.get(kind).copied().unwrap_or(0);
            aside!("exported {} tickets, {} messages, {} contents", of("ticket"), of("message"), of("content"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            aside!("maildesk export: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<Counts> {
    let config = Config::load(&arguments.configured.config)?;
    let store = super::existing_store(&config).await?;
    let passwords = if arguments.without_passwords { Passwords::Stay } else { Passwords::GoAlong };
    let done = match arguments.file.as_deref().filter(|it| *it != Path::new("-")) {
        Some(file) => to_file(&store, passwords, file, arguments.overwrite).await,
        None if io::stdout().is_terminal() => bail!("name a FILE, or send standard output to one: it is long, and holds everything"),
        None => to_standard_output(&store, passwords).await,
    };
    store.close().await;
    done
}

/// What it does is what it says: one that could not be written to its end is not whole, and fails, whoever read it.
async fn to_standard_output(store: &Store, passwords: Passwords) -> anyhow::Result<Counts> {
    let written = export::write(store, passwords, BufWriter::with_capacity(1 << 17, io::stdout())).await;
    written.map_err(|error| {
        if let ExportError::Io(why) = error { anyhow!("cannot write: {why}; what was written is not whole") } else { error.into() }
    })
}

async fn to_file(store: &Store, passwords: Passwords, file: &Path, overwrite: bool) -> anyhow::Result<Counts> {
    let file = std::path::absolute(file)?;
    if !overwrite && file.exists() {
        bail!("{} is there already and stays as it is; give another name, or --overwrite", file.display());
    }
    let said = || file.display().to_string();
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut beside = tempfile::NamedTempFile::new_in(folder).with_context(said)?;
    let written = export::write(store, passwords, BufWriter::with_capacity(1 << 17, &mut beside)).await;
    let counts = written.map_err(|error| match error {
        ExportError::Io(why) => anyhow!("{}: {why}{}", said(), disk::room_for_file(&why)),
        ExportError::Store(_) | ExportError::Line { .. } | ExportError::CutOff(_) | ExportError::NotEmpty(_) => error.into(),
    })?;
    beside.flush()?;
    beside.as_file().set_permissions(fs::Permissions::from_mode(0o600)).with_context(said)?;
    beside.as_file().sync_all().with_context(said)?;
    match overwrite {
        true => drop(beside.persist(&file).map_err(|it| it.error).with_context(said)?),
        false => drop(beside.persist_noclobber(&file).map_err(|it| it.error).with_context(said)?),
    }
    fs::File::open(folder)?.sync_all()?;
    Ok(counts)
}
