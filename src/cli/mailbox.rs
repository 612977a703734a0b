//! `maildesk mailbox`: how each mailbox stands, and what is taken of the mail that lay there when it was met.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use crate::{
    actions::{
        Desk, existing_mail,
        people::By,
        web_mailboxes::{self, Added},
    },
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
    /// List the mailboxes, those that were added on the web too, and what lay in each when it was first met.
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
    let (desk, _) = super::existing_desk(&config).await?;
    let done = match &arguments.what {
        What::List => list(&desk).await,
        What::Take { name, what } => take_of(&desk, name, *what).await,
    };
    desk.store.close().await;
    done
}

async fn list(desk: &Desk) -> anyhow::Result<()> {
    for (id, settings) in desk.mailboxes.iter() {
        say!("{}", line(desk, id, settings).await?);
    }
    for (added, why) in unusable(desk).await? {
        let said = |key: &str| added.says.get(key).cloned().unwrap_or_default();
        say!("{}  {}: cannot be used: {why}", said("name"), said("address"));
    }
    Ok(())
}

/// Those that were added on the web and cannot be used, with the reason: they are at work nowhere.
async fn unusable(desk: &Desk) -> anyhow::Result<Vec<(Added, String)>> {
    let added = web_mailboxes::all(desk, &mut *desk.store.read().await?).await?;
    Ok(added.into_iter().filter_map(|it| it.mailbox.as_ref().err().cloned().map(|why| (it, why))).collect())
}

async fn take_of(desk: &Desk, name: &str, what: TakeExisting) -> anyhow::Result<()> {
    let unusable = unusable(desk).await?;
    let unusable = unusable.iter().map(|(it, _)| (it.id, it.says.get("name").map_or("", String::as_str)));
    let all: Vec<(MailboxId, &str)> = desk.mailboxes.iter().map(|(id, it)| (id, it.name.as_str())).chain(unusable).collect();
    let Some((id, _)) = all.iter().find(|(_, it)| *it == name) else {
        let names: Vec<&str> = all.iter().map(|(_, it)| *it).collect();
        bail!("there is no mailbox called {name}; {}", super::in_words(&names));
    };
    existing_mail::settle(desk, By::Shell, *id, what).await?;
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
