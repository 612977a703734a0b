//! Mail that a desk has taken in: as it is read, and the very trace by which it was decided. The panel’s *Why?* shows the same.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::{Arguments, object, page};
use crate::{
    cli::{self, empty_desk::Verdict, say},
    config::Config,
    desk::{
        address::EmailAddress,
        id::{LedgerId, TicketNumber},
        message::{IncomingMessage, MessageId},
        triage::Trace,
    },
    mail::parse,
    panel::files::gone_in_words,
    store::{
        Conn, Store, corrections,
        ledger::{self, Line},
        replay, tickets,
    },
};

/// What was done with a message.
struct Decided {
    id: LedgerId,
    message: IncomingMessage,
    verdict: Verdict,
    at: Timestamp,
    /// Where it is.
    ticket: Option<TicketNumber>,
    /// What people did since, oldest first.
    since: Vec<String>,
}

/// Prints each of the messages that are asked for.
pub(super) async fn print(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.configured.config)?;
    let store = cli::existing_store(&config).await?;
    let code = print_each(arguments, &config, &store).await;
    store.close().await;
    Ok(code)
}

async fn print_each(arguments: &Arguments, config: &Config, store: &Store) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for (at, id) in arguments.messages.iter().enumerate().take_while(|_| say::is_heard()) {
        match find(config, store, *id).await {
            Ok(found) if arguments.json => say!("{}", found.object()),
            Ok(found) => say::out(&format!("{}{}", if at > 0 { "\n" } else { "" }, found.page(config))),
            Err(error) => {
                aside!("maildesk inspect: {error:#}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

async fn find(config: &Config, store: &Store, id: LedgerId) -> anyhow::Result<Decided> {
    let mut conn = store.read().await?;
    let Some(line) = ledger::get(&mut conn, id).await? else { bail!(cli::no_such_message(id)) };
    let Some(decided) = replay::get(&mut conn, id).await? else {
        bail!("message {id} is not decided yet: maildesk serve decides it; its source at /mail/messages/{id} can be inspected as a file")
    };
    let raw = store.blobs().get(&mut conn, &line.sha256).await.with_context(|| format!("message {id} cannot be read"))?;
    let Some(raw) = raw else { bail!("message {id} cannot be read: its content is missing; restore it from a backup") };
    let since = since(&mut conn, &line, decided.settled_by.as_deref()).await?;
    let verdict = verdict(&mut conn, &line).await?;
    drop(conn);
    let mut message = tokio::task::block_in_place(|| parse::timed::read(raw));
    message.never_for(|it| is_ours(config, it));
    Ok(Decided { id, message, verdict, at: decided.decided_at, ticket: line.ticket, since })
}

fn is_ours(config: &Config, address: &EmailAddress) -> bool {
    config.mailboxes.iter().map(|it| &it.settings.address).any(|it| it == address || *it == address.without_detail())
}

async fn verdict(conn: &mut Conn, line: &Line) -> anyhow::Result<Verdict> {
    let trace: Trace = serde_json::from_str(&line.trace).with_context(|| format!("message {}: its trace cannot be read", line.id))?;
    let ticket = match line.ticket {
        Some(number) => tickets::get(conn, number).await?,
        None => None,
    };
    Ok(Verdict {
        action: line.decision.clone().unwrap_or_default(),
        thread: ticket.and_then(|it| MessageId::parse(&it.opened_message?)),
        autorespond: ledger::was_acknowledged(conn, line.id).await?,
        why: trace.sentences(),
        reason: line.reason.clone(),
    })
}

/// A release stands in the trace itself.
async fn since(conn: &mut Conn, line: &Line, settled_by: Option<&str>) -> anyhow::Result<Vec<String>> {
    let discarded = line.held.as_deref().filter(|it| *it == "discarded").map(|_| {
        let what = if line.ticket.is_some() { "marked as spam" } else { "discarded" };
        settled_by.map_or_else(|| what.to_owned(), |who| format!("{what} by {who}"))
    });
    let gone = corrections::ways_of_mails(conn, &[line.id]).await?;
    Ok(gone.iter().map(|(_, it)| gone_in_words(it)).chain(discarded).collect())
}

impl Decided {
    /// As for a file, with what people did since.
    fn object(&self) -> serde_json::Value {
        let mut object = object(&self.message, &self.verdict);
        object["decision"]["since"] = self.since.clone().into();
        object
    }

    fn page(&self, config: &Config) -> String {
        let at = self.at.to_zoned(config.desk.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let mut judged = vec![("Judged", format!("by this desk, {at}, with what it knew then"))];
        judged.extend(self.ticket.map(|it| ("Ticket", format!("#{it}"))));
        judged.extend(self.since.iter().enumerate().map(|(at, it)| (if at == 0 { "Since" } else { " " }, it.clone())));
        page(&format!("message {}", self.id), &judged, &self.message, &self.verdict)
    }
}
