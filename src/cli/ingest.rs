//! `maildesk ingest`: one message on standard input, for a mail server's pipe.
//!
//! Exit codes are those of sysexits.h that mail servers know: 0 once the message is durable, 75 (EX_TEMPFAIL) when it should be
//! offered again, 65 (EX_DATAERR) when it is no message.

use std::{io::Read as _, process::ExitCode};

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
    let mut octets = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut octets) {
        return later(&format!("standard input: {error}"));
    }
    if octets.iter().all(u8::is_ascii_whitespace) {
        eprintln!("maildesk ingest: standard input is empty; give one message (RFC 5322)");
        return ExitCode::from(EX_DATAERR);
    }
    fail_point!("ingest-read");
    match keep(arguments, &octets).await {
        Ok(said) => {
            fail_point!("ingest-taken");
            println!("{said}");
            ExitCode::SUCCESS
        }
        // Whatever is wrong with the desk, the message must stay with the mail server.
        Err(error) => later(&format!("{error:#}")),
    }
}

fn later(why: &str) -> ExitCode {
    eprintln!("maildesk ingest: {why}; offer the message again later");
    ExitCode::from(EX_TEMPFAIL)
}

async fn keep(arguments: &Arguments, octets: &[u8]) -> anyhow::Result<String> {
    let config = Config::load(&arguments.configured.config)?;
    let at = which(&config, arguments.mailbox.as_deref())?;
    let (desk, rows) = app::desk(&config, Clock::System, Opener::Command).await?;
    let size = octets.len() as u64;
    let most = desk.settings.max_message_bytes;
    let (taken, octets) = if size > most { (Taken::HeaderOnly, header(octets)) } else { (Taken::Whole, octets) };
    let arrival = Arrival { place: None, received_at: desk.clock.now(), size, taken, octets };
    let outcomes = take_in(&desk, rows[at], &[arrival]).await?;
    desk.store.close().await;
    Ok(match outcomes.first() {
        Some(it) => format!("{}{}: {}", it.decision, it.ticket.map(|number| format!(" #{number}")).unwrap_or_default(), it.reason),
        None => format!("ignore: {}", triage::KNOWN),
    })
}

fn which(config: &Config, name: Option<&str>) -> anyhow::Result<usize> {
    match name {
        Some(name) => super::mailbox(config, name),
        None if config.mailboxes.len() == 1 => Ok(0),
        None => anyhow::bail!("--mailbox is needed: {}", super::mailboxes(config)),
    }
}

/// Up to the first empty line, at most 256 KiB.
fn header(octets: &[u8]) -> &[u8] {
    let end = octets.windows(2).position(|it| it == b"\n\n").or_else(|| octets.windows(4).position(|it| it == b"\r\n\r\n"));
    &octets[..end.map_or(octets.len(), |at| at + 2).min(256 * 1024).min(octets.len())]
}
