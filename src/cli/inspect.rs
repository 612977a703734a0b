//! `maildesk inspect`: what would be done with a mail in a file, or was done with a stored one, and why. Writes nothing.

use std::{
    borrow::Cow,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::{
    empty_desk::{EmptyDesk, Verdict},
    say,
};
use crate::{
    desk::{
        address::{EmailAddress, Named},
        id::LedgerId,
        message::{IncomingAttachment, IncomingMessage, MessageId},
    },
    mail::{archive::mbox, parse},
};

mod stored;

/// What the daemon knows and a file does not say.
const WITHOUT_A_DESK: &str = "without a desk: the people it knows, its tickets, what it sent and its settings cannot be taken into account";

/// Arguments of the command.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// One JSON object for each mail, one a line, in order
    #[arg(long)]
    pub json: bool,
    /// Stored mail of the desk by its numbers in the ledger, as the panel's addresses /mail/messages/N end in them: what was done with it
    #[arg(long = "message", value_name = "N", num_args = 1.., value_parser = super::ledger_number, conflicts_with = "files")]
    messages: Vec<LedgerId>,
    /// Mails as they came off the wire, one in each file (maildesk import takes files of many), taken to arrive in this order; `-` or none: standard input
    pub files: Vec<PathBuf>,
}

/// Several files are mails that arrive in that order at an empty desk. Exit code 1 where a mail cannot be read; where nobody reads
/// what is printed any more, no further one is looked at.
pub async fn run(arguments: &Arguments) -> ExitCode {
    let done = if arguments.messages.is_empty() { Ok(print(arguments)) } else { stored::print(arguments).await };
    match done {
        Ok(code) => code,
        Err(error) => {
            aside!("maildesk inspect: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print(arguments: &Arguments) -> ExitCode {
    let standard_input = [PathBuf::from("-")];
    let files = if arguments.files.is_empty() { &standard_input[..] } else { &arguments.files };
    let (mut desk, mut code) = (EmptyDesk::default(), ExitCode::SUCCESS);
    for (at, file) in files.iter().enumerate().take_while(|_| say::is_heard()) {
        match open(file) {
            Ok(raw) => {
                let message = read(&raw);
                let decision = desk.receive(&raw, &message);
                if arguments.json {
                    say!("{}", object(&message, &decision));
                } else {
                    let gap = if at > 0 { "\n" } else { "" };
                    let seen = if at > 0 { ", but for the mails above" } else { "" };
                    let judged = [("Judged", format!("{WITHOUT_A_DESK}{seen}"))];
                    say::out(&format!("{gap}{}", page(&named(file), &judged, &message, &decision)));
                }
            }
            Err(error) => {
                aside!("maildesk inspect: {error:#}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}

/// What `--json` prints for mails that arrive in this order.
#[must_use]
pub fn objects(mails: &[Vec<u8>]) -> Vec<Value> {
    let mut desk = EmptyDesk::default();
    mails
        .iter()
        .map(|raw| {
            let message = read(raw);
            let decision = desk.receive(raw, &message);
            object(&message, &decision)
        })
        .collect()
}

/// As a desk reads it: where a mail is to one address alone, that is the desk's own, unless nobody else could be answered.
fn read(raw: &[u8]) -> IncomingMessage {
    let mut message = parse::read(raw);
    let several = mbox::count(raw);
    if several > 1 {
        message.warnings.insert(
            0,
            format!("{several} messages behind “From ” lines, read here as one: maildesk import takes such a file in; give one alone"),
        );
    }
    if let [only] = &message.to[..] {
        let to = only.address.without_detail();
        let ours = |it: &EmailAddress| it.without_detail() == to;
        if message.author().is_some_and(|it| !ours(&it.address)) {
            message.never_for(ours);
        }
    }
    message
}

fn open(file: &Path) -> anyhow::Result<Vec<u8>> {
    let raw = if file == Path::new("-") {
        let mut raw = Vec::new();
        io::stdin().lock().read_to_end(&mut raw).context("standard input cannot be read")?;
        raw
    } else {
        fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?
    };
    if raw.is_empty() {
        bail!("{} is empty; give one message (RFC 5322)", named(file));
    }
    Ok(raw)
}

fn named(file: &Path) -> Cow<'_, str> {
    if file == Path::new("-") { "standard input".into() } else { file.to_string_lossy() }
}

/// The object of the contract; every key is always there.
fn object(message: &IncomingMessage, decision: &Verdict) -> Value {
    json!({
        "message_id": message.message_id,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "date": date(message),
        "from": message.author(),
        "requester": message.requester,
        "reply_to": message.reply_to,
        "to": message.to,
        "cc": message.cc,
        "subject": message.subject,
        "kind": message.kind.as_str(),
        "automated": message.kind.automated(),
        "bounce": message.bounce,
        "text": message.text,
        "reply": message.reply,
        "quoted": message.quoted,
        "signature": message.signature,
        "html": message.html,
        "attachments": message.attachments.iter().map(attachment).collect::<Vec<_>>(),
        "warnings": message.warnings,
        "decision": {
            "action": decision.action,
            "thread": decision.thread,
            "autorespond": decision.autorespond,
            "why": decision.why.iter().cloned().chain([format!("action {}: {}", decision.action, decision.reason)]).collect::<Vec<_>>(),
        },
    })
}

fn attachment(attachment: &IncomingAttachment) -> Value {
    json!({
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": attachment.bytes.len(),
        "inline": attachment.inline,
        "content_id": attachment.content_id,
        "sha256": HEXLOWER.encode(digest::digest(&digest::SHA256, &attachment.bytes).as_ref()),
    })
}

/// RFC 3339 with the offset that the mail names.
fn date(message: &IncomingMessage) -> Option<String> {
    let at = message.date?;
    let offset = Offset::from_seconds(message.date_offset).unwrap_or(Offset::UTC);
    let shown = at.display_with_offset(offset).to_string();
    Some(shown)
}

/// The same for a person to read; `judged`: lines about who decided.
fn page(name: &str, judged: &[(&str, String)], message: &IncomingMessage, decision: &Verdict) -> String {
    let ids = |list: &[MessageId]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let people = |list: &[Named]| list.iter().map(shown).collect::<Vec<_>>().join(", ");
    let mut page = Page::default();
    page.head(&format!("{name}: {}", decision.action));
    judged.iter().for_each(|(label, value)| page.line(label, value));
    page.line("Thread", decision.thread.as_ref().map_or("none", MessageId::as_str));
    page.line("Acknowledged", if decision.autorespond { "yes" } else { "no" });
    match decision.why.as_slice() {
        [] => page.line("Why", &decision.reason),
        // Its last line gives the reason.
        why => page.list("Why", why),
    }
    page.list("Mended, left out", &message.warnings);
    page.line("Subject", &message.subject);
    page.line("From", &people(&message.from));
    page.line("Requester", &message.requester.as_ref().map(shown).unwrap_or_default());
    page.line("Reply-To", &people(&message.reply_to));
    page.line("To", &people(&message.to));
    page.line("Cc", &people(&message.cc));
    page.line("Date", &date(message).unwrap_or_default());
    page.line("Message-ID", &message.message_id.as_ref().map(ToString::to_string).unwrap_or_default());
    page.line("In-Reply-To", &ids(&message.in_reply_to));
    page.line("References", &ids(&message.references));
    page.line("Kind", message.kind.as_str());
    for it in message.bounce.iter().flat_map(|it| &it.recipients) {
        let what = [Some(it.address.as_str()), it.status.as_deref(), it.diagnostic.as_deref()];
        page.line("Not delivered to", &what.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    for (at, it) in message.attachments.iter().enumerate() {
        let place = if it.inline { ", shown in the text" } else { "" };
        page.line("Attachment", &format!("{} ({}, {} bytes{place})", it.shown_name(at), it.content_type, it.bytes.len()));
    }
    page.text("Reply", &message.reply);
    page.text("Calendar", message.invitation_beside_the_text().unwrap_or_default());
    page.text("Signature", &message.signature);
    page.text("Quoted", &message.quoted);
    page.out
}

fn shown(named: &Named) -> String {
    named.name.as_ref().map_or_else(|| named.address.to_string(), |name| format!("{name} <{}>", named.address))
}

#[derive(Default)]
struct Page {
    out: String,
}

impl Page {
    fn head(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// A label and a value; nothing where there is none.
    fn line(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            self.head(&format!("  {label:<18} {}", on_one_line(value)));
        }
    }

    fn list(&mut self, label: &str, values: &[String]) {
        for (at, value) in values.iter().enumerate() {
            self.line(if at == 0 { label } else { " " }, value);
        }
    }

    fn text(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.head(&format!("\n  {label}"));
            text.lines().for_each(|line| self.head(&format!("    {}", on_one_line(line))));
        }
    }
}

/// A mail cannot draw on the terminal.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
