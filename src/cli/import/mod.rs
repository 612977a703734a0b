//! `maildesk import PATH…`: what another program, or another desk, has kept.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, IsTerminal as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Args;

use super::say;
use crate::{config::Config, desk::address::EmailAddress, store::backup};

mod desk;
mod mail;
mod told;

/// What is read.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// Mail of other programs: mbox files, a Maildir with its subfolders, MH folders, folders of .eml files, one .eml file. Give all of it at once,
    /// what was sent as well, so that each answer finds its question. Or what maildesk export wrote: read into an empty desk, whole or
    /// not at all
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The mailbox that it is for, by its short name; not needed where there is one
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// Where its tickets end, as of the date of their last mail: closed, resolved, or open as their mail leaves them
    #[arg(long, value_name = "STATUS", default_value = "closed", value_parser = ["closed", "resolved", "open"])]
    status: String,
    /// An address that wrote to customers in this mail and is nobody's here today; may be given several times. The mailboxes’ addresses and
    /// those of your people are known
    #[arg(long, value_name = "ADDRESS")]
    agent: Vec<EmailAddress>,
    /// Say what would be taken in; write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Exit code 0: all of it is in the desk. 1: nothing was done, or what is named could not be taken in.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok((page, code)) => {
            say::out(&page);
            code
        }
        Err(error) => {
            aside!("maildesk import: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<(String, ExitCode)> {
    let config = Config::load(&arguments.configured.config)?;
    for path in arguments.paths.iter().filter(|it| it.is_file()) {
        let mut from = BufReader::with_capacity(1 << 17, File::open(path).with_context(|| path.display().to_string())?);
        if desk::begins_as_an_export(&mut from).with_context(|| path.display().to_string())? {
            let page = export(&config, arguments, from, path).await?;
            return Ok((page, ExitCode::SUCCESS));
        }
        if backup::begins_as_one(from.fill_buf().with_context(|| path.display().to_string())?) {
            bail!(
                "{} is a backup of a whole desk: maildesk restore brings it back, and maildesk verify looks whether it is whole",
                path.display()
            );
        }
    }
    mail::import(&config, arguments).await
}

async fn export(config: &Config, arguments: &Arguments, from: BufReader<File>, path: &Path) -> anyhow::Result<String> {
    if arguments.paths.len() > 1 {
        bail!("{} is an export of a whole desk: give it alone, into an empty desk, and import mail afterwards", path.display());
    }
    if arguments.mailbox.is_some() || arguments.dry_run || !arguments.agent.is_empty() || arguments.status != "closed" {
        bail!(
            "{} is an export of a whole desk, which is read as it is: leave out --mailbox, --status, --agent and --dry-run",
            path.display()
        );
    }
    desk::read(config, from, path).await
}

/// Whether somebody watches: then one line tells how far it is, and is written over.
fn is_watched() -> bool {
    std::io::stderr().is_terminal()
}
