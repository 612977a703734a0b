//! `maildesk replay`: today's reading over stored mail. Shows what would change; with `--apply` it is written. Never sends.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;

use super::say;
use crate::{
    actions::{
        Desk,
        replay::{Extent, Reread, Run, replay},
    },
    clock::Clock,
    config::Config,
    desk::{id::LedgerId, message::IncomingMessage},
    mail::parse::{
        self,
        timed::{MOST_PROCESSOR_TIME, read_each},
    },
    store::{
        messages,
        replay::{self as rows, Held, Which},
    },
};

mod count;
mod files;
mod lines;
mod object;
mod page;
mod period;

use count::Count;
use period::Edge;

/// So many rows are looked up at once; one is read at a time.
const AT_ONCE: i64 = 200;

/// Which mail, and what is done about what differs.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// Mail received since: a day (2026-11-01, in the desk’s time zone), a moment (2026-11-01T09:00:00Z), or so long ago (36h, 7d, 2w)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Mail received until then; a day counts to its end
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// Mail of this mailbox alone, by its short name
    #[arg(long, value_name = "NAME")]
    mailbox: Option<String>,
    /// Only mail that waits among the held
    #[arg(long)]
    held: bool,
    /// These messages alone, by their numbers in the ledger: this command prints them, and the panel's addresses /mail/messages/N end in them
    #[arg(long = "message", value_name = "N", num_args = 1.., value_parser = super::ledger_number, conflicts_with_all = ["since", "until", "mailbox", "held"])]
    messages: Vec<LedgerId>,
    /// Show what would change and write nothing: what is done without --apply
    #[arg(long, conflicts_with = "apply")]
    dry_run: bool,
    /// Write texts, attachments and headers as they are read today; nobody is told, and nothing is sent
    #[arg(long)]
    apply: bool,
    /// With --apply: move messages to the tickets that they would be on, too, where no person has worked on theirs
    #[arg(long)]
    threads: bool,
    /// Print one JSON object for each message that differs, one a line, and at last one with the counts
    #[arg(long)]
    json: bool,
}

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dress {
    Page,
    Json,
}

/// Does it. Exit code 1 also where a message could not be read.
pub async fn run(arguments: &Arguments) -> ExitCode {
    match carry_out(arguments).await {
        Ok(Count { not_read: 0, .. }) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            aside!("maildesk replay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(arguments: &Arguments) -> anyhow::Result<Count> {
    if arguments.threads && !arguments.apply {
        bail!("--threads moves messages, so it goes with --apply; without either, what would move is shown");
    }
    let config = Config::load(&arguments.configured.config)?;
    let all = wanted(arguments)?;
    let at = arguments.mailbox.as_deref().map(|name| super::mailbox(&config, name)).transpose()?;
    let span = period(arguments, &config, Clock::System.now())?;
    let (desk, mailboxes) = super::existing_desk(&config).await?;
    let held = if arguments.held { Held::Only } else { Held::OrNot };
    let which = Which { since: span.0, until: span.1, mailbox: at.map(|at| mailboxes[at]), held };
    let extent = match (arguments.apply, arguments.threads) {
        (false, _) => Extent::Show,
        (true, false) => Extent::Write,
        (true, true) => Extent::WriteAndMove,
    };
    let dress = if arguments.json { Dress::Json } else { Dress::Page };
    let mut reader = Reader { desk: &desk, extent, dress, run: Run::default(), count: Count::default() };
    let done = match all {
        Wanted::These(ids) => reader.these(&ids).await,
        Wanted::Received => reader.received(&which).await,
    };
    let ended = done.map(|()| reader.end());
    let count = reader.count;
    desk.store.close().await;
    ended.map(|()| count)
}

enum Wanted {
    These(Vec<LedgerId>),
    Received,
}

fn wanted(arguments: &Arguments) -> anyhow::Result<Wanted> {
    if !arguments.messages.is_empty() {
        return Ok(Wanted::These(arguments.messages.clone()));
    }
    if arguments.since.is_none() && !arguments.held {
        bail!("which mail? give --since 2026-11-01 (or --since 7d), --held or --message N; without --apply nothing is written");
    }
    Ok(Wanted::Received)
}

fn period(arguments: &Arguments, config: &Config, now: Timestamp) -> anyhow::Result<(Timestamp, Timestamp)> {
    let read = |name: &str, text: &Option<String>, edge| {
        let moment = text
            .as_ref()
            .map(|it| period::moment(it, edge, now, &config.desk.time_zone).map_err(|why| anyhow::anyhow!("--{name} {it}: {why}")));
        moment.transpose()
    };
    let since = read("since", &arguments.since, Edge::Begin)?.unwrap_or(Timestamp::UNIX_EPOCH);
    let until = read("until", &arguments.until, Edge::End)?.unwrap_or(Timestamp::MAX);
    if since >= until {
        let (since, until) = (arguments.since.as_deref().unwrap_or_default(), arguments.until.as_deref().unwrap_or_default());
        bail!("--until {until} is not after --since {since}: there is no time between the two");
    }
    Ok((since, until))
}

/// Goes through messages, prints what differs, and counts.
struct Reader<'a> {
    desk: &'a Desk,
    extent: Extent,
    dress: Dress,
    run: Run,
    count: Count,
}

impl Reader<'_> {
    async fn these(&mut self, ids: &[LedgerId]) -> anyhow::Result<()> {
        for id in ids {
            if messages::get(&mut *self.desk.store.read().await?, *id).await?.is_none() {
                bail!(super::no_such_message(*id));
            }
        }
        for id in ids {
            if !self.goes_on() {
                break;
            }
            self.one(*id).await?;
        }
        Ok(())
    }

    async fn received(&mut self, which: &Which) -> anyhow::Result<()> {
        let mut last = LedgerId(0);
        loop {
            let ids = rows::list(&mut *self.desk.store.read().await?, which, last, AT_ONCE).await?;
            let Some(end) = ids.last() else { return Ok(()) };
            last = *end;
            for id in ids {
                if !self.goes_on() {
                    return Ok(());
                }
                self.one(id).await?;
            }
        }
    }

    async fn one(&mut self, id: LedgerId) -> anyhow::Result<()> {
        let stopped = || format!("stopped at message {id}; what was written before it stays, and the same command goes on from there");
        let Some(found) = replay(self.desk, id, self.extent, &mut self.run, read).await.with_context(stopped)? else {
            self.count.undecided += 1;
            return Ok(());
        };
        self.count.add(&found);
        let shown = match (&found, self.dress) {
            (Reread::Read(finding), _) if finding.is_unchanged() => return Ok(()),
            (found, Dress::Json) => format!("{}\n", object::of(id, found, self.extent)),
            (Reread::NotRead(why), Dress::Page) => format!("message {id} cannot be read: {why}\n\n"),
            (Reread::Read(finding), Dress::Page) => page::of(finding, self.extent, self.desk),
        };
        say::out(&shown);
        Ok(())
    }

    /// Whether there is anything to go on for: what is only shown ends with its reader, what is written does not.
    fn goes_on(&self) -> bool {
        match self.extent {
            Extent::Show => say::is_heard(),
            Extent::Write | Extent::WriteAndMove => true,
        }
    }

    fn end(&self) {
        let shown = match self.dress {
            Dress::Json => format!("{}\n", self.count.object()),
            Dress::Page => self.count.page(self.extent),
        };
        say::out(&shown);
    }
}

/// As intake reads: within the same bound of processor time.
fn read(octets: Vec<u8>) -> Option<IncomingMessage> {
    read_each(vec![octets], parse::read, MOST_PROCESSOR_TIME).pop().flatten()
}
