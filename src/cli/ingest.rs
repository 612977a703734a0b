//! `maildesk ingest`: one message on standard input, for a mail server's pipe.
//!
//! Exit codes are those of sysexits.h that mail servers know: 0 once the message is durable, 75 (EX_TEMPFAIL) when it should be
//! offered again, 65 (EX_DATAERR) when it is no message, or one that is larger than the desk takes.

use std::{io::Read as _, process::ExitCode};

use anyhow::Context as _;
use clap::Args;

use crate::{
    app,
    clock::Clock,
    config::Config,
    desk::triage,
    store::{Opener, messages::Taken},
    workers::take_in::{Arrival, take_in},
};

const EX_DATAERR: u8 = 65;
const EX_TEMPFAIL: u8 = 75;

/// Whose mail it is.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// The mailbox it is for, by its short name; not needed where there is one.
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
}

/// Takes one message in.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match keep(arguments).await {
        Ok(Ok(said)) => {
            fail_point!("ingest-taken");
            println!("{said}");
            ExitCode::SUCCESS
        }
        Ok(Err(refused)) => {
            eprintln!("maildesk ingest: {refused}");
            ExitCode::from(EX_DATAERR)
        }
        // Whatever is wrong with the desk, the message must stay with the mail server.
        Err(error) => later(&format!("{error:#}")),
    }
}

/// What is no message that could ever be taken: whoever offers it keeps it, and tells its sender.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("standard input is empty; give one message (RFC 5322)")]
    Empty,
    // Its header alone would be all that is left of it: nobody else holds what comes by a pipe.
    #[error("the message is larger than desk.max_message_bytes ({0} bytes); raise that, and offer it again")]
    TooLarge(u64),
}

fn later(why: &str) -> ExitCode {
    eprintln!("maildesk ingest: {why}; offer the message again later");
    ExitCode::from(EX_TEMPFAIL)
}

async fn keep(arguments: &Arguments) -> anyhow::Result<Result<String, Refused>> {
    let config = Config::load(&arguments.configured.config)?;
    let at = which(&config, arguments.mailbox.as_deref())?;
    let most = config.desk.max_message_bytes;
    let mut octets = Vec::new();
    std::io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut octets).context("standard input")?;
    let size = octets.len() as u64;
    if size > most {
        return Ok(Err(Refused::TooLarge(most)));
    }
    if octets.iter().all(u8::is_ascii_whitespace) {
        return Ok(Err(Refused::Empty));
    }
    fail_point!("ingest-read");
    let (desk, rows) = app::desk(&config, Clock::System, Opener::Command).await?;
    let arrival = Arrival { place: None, received_at: desk.clock.now(), size, taken: Taken::Whole, octets: &octets };
    let outcomes = take_in(&desk, rows[at], &[arrival]).await?;
    desk.store.close().await;
    Ok(Ok(match outcomes.first() {
        Some(it) => format!("{}{}: {}", it.decision, it.ticket.map(|number| format!(" #{number}")).unwrap_or_default(), it.reason),
        None => format!("ignore: {}", triage::KNOWN),
    }))
}

fn which(config: &Config, name: Option<&str>) -> anyhow::Result<usize> {
    match name {
        Some(name) => super::mailbox(config, name),
        None if config.mailboxes.len() == 1 => Ok(0),
        None => anyhow::bail!("--mailbox is needed: {}", super::mailboxes(config)),
    }
}
