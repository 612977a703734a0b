//! `maildesk mailbox`: how each mailbox stands, and what is taken of the mail that lay there when it was met.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::{
    actions::{Desk, existing_mail, people::By},
    config::Config,
    desk::{
        id::MailboxId,
        mailbox::would_take,
        settings::{MailboxSettings, Mode, TakeExisting, WayIn},
    },
    store::mailboxes::{self, Existing, Word},
};

/// What to do with mailboxes.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the mailboxes, and what lay in each when it was first met.
    List,
    /// Say what is taken of the mail that lay in a mailbox when it was first met; the running daemon takes it within seconds.
    Take {
        /// The mailbox, by its short name.
        name: String,
        /// all, unseen or none
        #[arg(value_parser = take)]
        what: TakeExisting,
    },
}

fn take(text: &str) -> Result<TakeExisting, String> {
    let found = TakeExisting::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, it)| *it).ok_or_else(|| "write all, unseen or none".to_owned())
}

/// Does it.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            aside!("maildesk mailbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<()> {
    let config = Config::load(&arguments.configured.config)?;
    let (desk, rows) = super::existing_desk(&config).await?;
    let done = match &arguments.what {
        What::List => list(&desk).await,
        What::Take { name, what } => {
            let at = super::mailbox(&config, name)?;
            existing_mail::settle(&desk, By::Shell, rows[at], *what).await.map_err(Into::into)
        }
    };
    desk.store.close().await;
    done
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    for (id, settings) in desk.mailboxes.iter() {
        say!("{}", line(desk, id, settings).await?);
    }
    Ok(())
}

async fn line(desk: &Desk, id: MailboxId, settings: &MailboxSettings) -> anyhow::Result<String> {
    let met = mailboxes::existing(&mut *desk.store.read().await?, id).await?;
    let mode = match settings.mode {
        Mode::Live => "",
        Mode::Shadow => ", in shadow mode",
    };
    let said = match (settings.way_in, met) {
        (WayIn::HandedOver, _) => "a mail server hands its mail over (LMTP)".to_owned(),
        (WayIn::Folder, None) => "not met yet".to_owned(),
        (WayIn::Folder, Some(it)) => words(&it, settings),
    };
    Ok(format!("{}  {}{mode}: {said}", settings.name, settings.address))
}

fn words(met: &Existing, settings: &MailboxSettings) -> String {
    let unread = met.unread.map_or_else(String::new, |it| format!(" ({it} unread)"));
    let there = format!("{} messages lay there when it was met{unread}", met.there);
    match met.word {
        Word::Ask => {
            let take = settings.take_existing;
            let would = would_take(take, met.there, met.unread).map_or_else(|| "the unread".to_owned(), |it| it.to_string());
            format!(
                "{there}; take_existing = \"{}\" would take {would}: say so with `maildesk mailbox take {} {}`",
                take.as_str(),
                settings.name,
                take.as_str()
            )
        }
        Word::Take(take) => format!("{there}; taken: {}{}", take.as_str(), if met.done_at.is_none() { ", not yet done" } else { "" }),
    }
}
