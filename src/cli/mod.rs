//! The commands: one file each.

#[macro_use]
mod say;

mod backup;
mod check;
mod demo;
mod empty_desk;
mod erase;
mod export;
mod healthz;
mod http;
mod import;
mod ingest;
pub mod inspect;
mod mailbox;
mod recount;
mod replay;
mod restore;
pub mod serve;
mod user;
mod verify;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{anyhow, bail};
use clap::{Args, Parser, Subcommand};
use secrecy::ExposeSecret as _;

use crate::{
    actions::Desk,
    app::{self, open},
    clock::Clock,
    config::{Config, RootKey},
    desk::id::{LedgerId, MailboxId},
    store::{Opener, Store, backup::put_back::Target, probe},
};

/// A helpdesk that lives in a mailbox.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy the whole desk to one file, while it runs: database, mail, attachments, configuration, key.
    Backup(backup::Arguments),
    /// Try every connection that the configuration names; sends nothing, changes nothing. Exit code 0 when all works.
    Check(Configured),
    /// Run a desk to try, with a mail world of its own, on this machine alone. Ctrl-C ends it, and without --data leaves nothing.
    Demo(demo::Arguments),
    /// Erase the personal data of a customer; says what that is and asks, unless --yes.
    Erase(erase::Arguments),
    /// Write the whole desk as JSON lines, with the raw mail: for another desk, another database, another program.
    Export(export::Arguments),
    /// Ask the daemon on this machine how it is, with --ready everything it looks after. Exit code 0 when it is well.
    Healthz(healthz::Arguments),
    /// Take in mail that other programs have kept (mbox, Maildir, MH, .eml), with its threads and dates, or what maildesk export wrote; sends nothing.
    /// Exit code 0 when all that was found is in the desk.
    Import(import::Arguments),
    /// Take in one message from standard input or a file: 0 once it is durable, 75 to offer it again, 65 when it is none, 66 when there is no
    /// such file.
    Ingest(ingest::Arguments),
    /// Say what would be done with a mail in a file, and why, without a configuration; or with --message what was done with a stored
    /// one. Sends and stores nothing.
    Inspect(inspect::Arguments),
    /// List the mailboxes, and say what is taken of the mail that lay in one when it was first met.
    Mailbox(mailbox::Arguments),
    /// Make what figures and due times are made from anew from the history: where maildesk verify names the rule course or due.
    Recount(Configured),
    /// Read stored mail again as it is read today, and show what would change; --apply writes it. Never sends. Exit code 0 when every
    /// message could be read.
    Replay(replay::Arguments),
    /// Bring a desk back from a backup: into an empty data folder, or with --replace in the place of the desk that is there.
    Restore(restore::Arguments),
    /// Run the daemon: watch the mailboxes, send, serve the panel.
    Serve(Configured),
    /// Add people, list them, give them passwords, keep them out and let them in again.
    User(user::Arguments),
    /// Hold everything the desk keeps, or a backup of it, against its own rules, and read every content again; mends nothing. Exit code 0
    /// when all agrees.
    Verify(verify::Arguments),
}

/// Which configuration a command works with.
#[derive(Args, Debug)]
struct Configured {
    /// The configuration; every key is documented in deploy/maildesk.toml.
    #[arg(long, value_name = "FILE", env = "MAILDESK_CONFIG", default_value = "/etc/maildesk/maildesk.toml", global = true)]
    config: PathBuf,
}

/// The desk of a configuration, where there is one: who looks for something makes nothing.
///
/// # Errors
/// When it has no data folder or database yet, or they cannot be had.
async fn existing_desk(config: &Config) -> anyhow::Result<(Desk, Vec<MailboxId>)> {
    must_exist(config)?;
    app::desk(config, Clock::System, Opener::Command).await
}

/// What the desk of a configuration keeps, alone: no key, no mailbox is asked for.
///
/// # Errors
/// As [`existing_desk`].
async fn existing_store(config: &Config) -> anyhow::Result<Store> {
    must_exist(config)?;
    open::store(config, Opener::Command).await
}

fn must_exist(config: &Config) -> anyhow::Result<()> {
    if let Some(missing) = probe::missing(config.database_url.expose_secret(), &config.data_dir)? {
        bail!(
            "there is no desk here: {} does not exist; see data_dir in the configuration, or start maildesk serve first",
            missing.display()
        );
    }
    Ok(())
}

/// Where the desk of a configuration lies on this machine.
///
/// # Errors
/// When `database_url` is none.
fn place(config: &Config) -> anyhow::Result<Target> {
    let key = match &config.root_key {
        RootKey::KeptIn(file) => Some(file.clone()),
        RootKey::Given(_) => None,
    };
    Ok(Target { data_dir: config.data_dir.clone(), database: probe::file(config.database_url.expose_secret())?, key })
}

/// The place of the mailbox of this name in the configuration.
fn mailbox(config: &Config, name: &str) -> anyhow::Result<usize> {
    let at = config.mailboxes.iter().position(|it| it.settings.name == name);
    at.ok_or_else(|| anyhow!("--mailbox {name}: there is no such mailbox; {}", mailboxes(config)))
}

/// Those of the configuration: `there are support, sales`.
fn mailboxes(config: &Config) -> String {
    let names: Vec<&str> = config.mailboxes.iter().map(|it| it.settings.name.as_str()).collect();
    in_words(&names)
}

fn in_words(names: &[&str]) -> String {
    match names {
        [] => "the configuration names none; add a section [[mailbox]]".to_owned(),
        [one] => format!("there is {one}"),
        names => format!("there are {}", names.join(", ")),
    }
}

/// A message by its number, as the panel’s addresses `/mail/messages/N` have it.
fn ledger_number(text: &str) -> Result<LedgerId, String> {
    let number = text.parse().ok().filter(|it| *it > 0).map(LedgerId);
    number.ok_or_else(|| {
        let ticket = if text.starts_with('#') { "this is a ticket’s number; " } else { "" };
        format!("{ticket}a message’s number in the ledger is a whole number such as 17")
    })
}

fn no_such_message(id: LedgerId) -> String {
    format!("--message {id}: the ledger has no message of this number; the panel’s addresses /mail/messages/N end in them")
}

/// Reads the command line, does what it says, and gives the process's exit code: 74 where all was done and could not be said.
pub async fn run() -> ExitCode {
    let code = match Arguments::parse().command {
        Command::Backup(it) => backup::run(&it).await,
        Command::Check(it) => check::run(&it.config).await,
        Command::Demo(it) => demo::run(it).await,
        Command::Erase(it) => erase::run(&it).await,
        Command::Export(it) => export::run(&it).await,
        Command::Healthz(it) => healthz::run(&it).await,
        Command::Import(it) => import::run(&it).await,
        // A mail server would bounce what is durable already.
        Command::Ingest(it) => return ingest::run(&it).await,
        Command::Inspect(it) => inspect::run(&it).await,
        Command::Mailbox(it) => mailbox::run(&it).await,
        Command::Recount(it) => recount::run(&it).await,
        Command::Replay(it) => replay::run(&it).await,
        Command::Restore(it) => restore::run(&it).await,
        Command::Serve(it) => serve::run(&it.config).await,
        Command::User(it) => user::run(&it).await,
        Command::Verify(it) => verify::run(&it).await,
    };
    say::settled(code)
}
