//! `maildesk ingest`: one message on standard input, for a mail server's pipe, or in a file.
//!
//! Exit codes are those of sysexits.h that mail servers know: 0 once the message is durable, 75 (EX_TEMPFAIL) when it should be
//! offered again, 65 (EX_DATAERR) when it is no message, or one that is larger than the desk takes, 66 (EX_NOINPUT) when there is no such
//! file, or it cannot be read.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    app,
    clock::Clock,
    config::Config,
    desk::triage,
    mail::archive::mbox,
    store::{
        Opener,
        ledger::{self, Line},
        messages::Taken,
    },
    workers::take_in::{Arrival, hand_over},
};

const EX_DATAERR: u8 = 65;
const EX_NOINPUT: u8 = 66;
const EX_TEMPFAIL: u8 = 75;

/// Whose mail it is.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// The mailbox it is for, by its short name; not needed where there is one.
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// A file with one message; without it, or with -: standard input
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Takes one message in.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match keep(arguments).await {
        Ok(Ok(said)) => {
            fail_point!("ingest-taken");
            say!("{said}");
            ExitCode::SUCCESS
        }
        Ok(Err(refused)) => {
            aside!("maildesk ingest: {refused}");
            ExitCode::from(refused.code())
        }
        // Whatever is wrong with the desk, the message must stay with the mail server.
        Err(error) => later(&format!("{error:#}")),
    }
}

/// What is no message that could ever be taken: whoever offers it keeps it, and tells its sender.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0} is empty; give one message (RFC 5322)")]
    Empty(String),
    #[error("{0} holds {1} messages; maildesk import takes such files, and sends nothing")]
    Several(String, u64),
    #[error("{0} is a folder; give a file with one message, or take folders in with maildesk import")]
    Folder(String),
    #[error("{0}: {1}; look at the spelling, and whether whoever runs this command may read it")]
    Unreadable(String, io::Error),
    // Its header alone would be all that is left of it: nobody else holds what comes by a pipe.
    #[error("the message is larger than desk.max_message_bytes ({0} bytes); raise that, and offer it again")]
    TooLarge(u64),
}

impl Refused {
    fn code(&self) -> u8 {
        match self {
            Self::Empty(_) | Self::Several(..) | Self::TooLarge(_) => EX_DATAERR,
            Self::Folder(_) | Self::Unreadable(..) => EX_NOINPUT,
        }
    }
}

fn later(why: &str) -> ExitCode {
    aside!("maildesk ingest: {why}; offer the message again later");
    ExitCode::from(EX_TEMPFAIL)
}

async fn keep(arguments: &Arguments) -> anyhow::Result<Result<String, Refused>> {
    let config = Config::load(&arguments.configured.config)?;
    let at = which(&config, arguments.mailbox.as_deref())?;
    let most = config.desk.max_message_bytes;
    let octets = match arguments.file.as_deref().filter(|it| *it != Path::new("-")) {
        None => message(io::stdin().lock(), "standard input", most).context("standard input")?,
        Some(file) => of_file(file, most),
    };
    let octets = match octets {
        Ok(octets) => octets,
        Err(refused) => return Ok(Err(refused)),
    };
    let size = octets.len() as u64;
    fail_point!("ingest-read");
    let (desk, rows) = app::desk(&config, Clock::System, Opener::HandOver).await?;
    let arrival = Arrival { place: None, received_at: desk.clock.now(), size, taken: Taken::Whole, octets: &octets };
    let said = match hand_over(&desk, rows[at], arrival).await? {
        // As the ledger has it: a daemon beside may have decided it first.
        Some(id) => became(&ledger::get(&mut *desk.store.read().await?, id).await?.context("the message that was just kept")?),
        None => format!("ignore: {}", triage::KNOWN),
    };
    desk.store.close().await;
    Ok(Ok(said))
}

fn became(line: &Line) -> String {
    let ticket = line.ticket.map(|number| format!(" #{number}")).unwrap_or_default();
    match &line.decision {
        Some(decision) => format!("{decision}{ticket}: {}", line.reason),
        None => format!("kept as message {}: the daemon decides it", line.id),
    }
}

fn of_file(file: &Path, most: u64) -> Result<Vec<u8>, Refused> {
    let named = file.display().to_string();
    if file.is_dir() {
        return Err(Refused::Folder(named));
    }
    let read = File::open(file).and_then(|it| message(it, &named, most));
    let octets = read.map_err(|why| Refused::Unreadable(named.clone(), why))??;
    match mbox::count(&octets) {
        0 | 1 => Ok(octets),
        messages => Err(Refused::Several(named, messages)),
    }
}

fn message(from: impl Read, named: &str, most: u64) -> io::Result<Result<Vec<u8>, Refused>> {
    let mut octets = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut octets)?;
    if octets.len() as u64 > most {
        return Ok(Err(Refused::TooLarge(most)));
    }
    let is_empty = octets.iter().all(u8::is_ascii_whitespace);
    Ok(if is_empty { Err(Refused::Empty(named.to_owned())) } else { Ok(octets) })
}

pub(super) fn which(config: &Config, name: Option<&str>) -> anyhow::Result<usize> {
    match name {
        Some(name) => super::mailbox(config, name),
        None if config.mailboxes.len() == 1 => Ok(0),
        None => anyhow::bail!("--mailbox NAME is needed: {}", super::mailboxes(config)),
    }
}
