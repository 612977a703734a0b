//! `maildesk verify`: holds everything the desk keeps against its own rules (MAIL.md, I1 to I8), and reads every content again; with
//! FILE, a backup of it.

mod backup_file;
mod online;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use jiff::SignedDuration;
use serde_json::json;

use super::say;
use crate::{
    config::Config,
    store::{
        backup::Manifest,
        verify::{self, Contents, Finding, MOST_NAMED, RULES},
    },
};

/// What is looked at.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: super::Configured,
    /// A backup that maildesk backup made: it is restored to a scratch place and looked at there. Needs no configuration
    #[arg(value_name = "FILE", conflicts_with_all = ["quick", "online"])]
    file: Option<PathBuf>,
    /// With FILE: where it is unpacked; it takes as much room as the file. Without it: beside the file, or else in TMPDIR
    #[arg(long, value_name = "FOLDER", requires = "file")]
    scratch: Option<PathBuf>,
    /// Ask the database alone; do not read every mail and attachment again
    #[arg(long)]
    quick: bool,
    /// Ask the mail servers too: name what they list and the ledger does not have. Marks and moves nothing
    #[arg(long)]
    online: bool,
    /// With --online: what came so lately is left out, it may be on its way in; 10m, 1h
    #[arg(long, value_name = "TIME", default_value = "10m")]
    grace: SignedDuration,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Nothing is wrong.
const AGREES: u8 = 0;
/// Something is, and was named.
const FOUND: u8 = 1;
/// It could not be looked at.
const CANNOT: u8 = 2;

/// Prints what was found. Exit code 0: nothing; 1: something; 2: it could not be looked at.
pub async fn run(arguments: &Arguments) -> ExitCode {
    let looked = match &arguments.file {
        Some(file) => backup_file::look(file, arguments).await,
        None => look(arguments).await,
    };
    match looked {
        Ok(seen) => {
            say::out(&if arguments.json { seen.object() } else { seen.page() });
            ExitCode::from(seen.code())
        }
        Err(error) => {
            aside!("maildesk verify: {error:#}");
            ExitCode::from(CANNOT)
        }
    }
}

/// What was looked at, and what is wrong.
struct Seen {
    /// Of a backup: what it says of itself.
    backup: Option<Manifest>,
    rules: usize,
    /// None: not looked at.
    contents: Option<Contents>,
    /// None: the servers were not asked.
    online: Option<online::Online>,
    findings: Vec<Finding>,
}

async fn look(arguments: &Arguments) -> anyhow::Result<Seen> {
    let config = Config::load(&arguments.configured.config)?;
    let store = super::existing_store(&config).await?;
    let mut findings = Vec::new();
    findings.extend(verify::file(&store).await?);
    let mut then = store.snapshot().await?;
    for rule in RULES {
        findings.extend(verify::ask(&mut then, rule).await?);
    }
    drop(then);
    let contents = if arguments.quick { None } else { Some(verify::contents(&store).await?) };
    findings.extend(contents.iter().flat_map(|it| it.findings.clone()));
    let online = if arguments.online { Some(online::look(&config, &store, arguments.grace).await?) } else { None };
    findings.extend(online.iter().flat_map(|it| it.findings.clone()));
    store.close().await;
    Ok(Seen { backup: None, rules: RULES.len(), contents, online, findings })
}

impl Seen {
    /// A server that could not be asked may have something to say: that is not agreement.
    fn code(&self) -> u8 {
        match &self.online {
            _ if !self.findings.is_empty() => FOUND,
            Some(it) if !it.unreached.is_empty() => CANNOT,
            Some(_) | None => AGREES,
        }
    }

    fn page(&self) -> String {
        let mut page = self.backup.as_ref().map_or_else(String::new, |it| format!("{}\n", backup_file::sentence(it)));
        for it in &self.findings {
            page += &format!("{} ({}): {}\n", it.rule, times(it.count), it.says);
            for place in &it.places {
                page += &format!("    {place}\n");
            }
            if it.count > MOST_NAMED as u64 {
                page += &format!("    … and {} more\n", it.count - MOST_NAMED as u64);
            }
        }
        let looked = match &self.contents {
            Some(it) => format!("{} rules asked, {} contents read ({} MB)", self.rules, it.count, it.bytes.div_ceil(1_000_000)),
            None => format!("{} rules asked, no content read", self.rules),
        };
        let said = match self.findings.len() {
            0 if self.code() == CANNOT => "what was looked at agrees".to_owned(),
            0 => "all agrees".to_owned(),
            1 => "one thing is wrong".to_owned(),
            n => format!("{n} things are wrong"),
        };
        let online = self.online.as_ref().map(online::Online::page).unwrap_or_default();
        format!("{page}{online}{looked}: {said}\n")
    }

    fn object(&self) -> String {
        let findings: Vec<_> =
            self.findings.iter().map(|it| json!({ "rule": it.rule, "says": it.says, "count": it.count, "places": it.places })).collect();
        let contents = self.contents.as_ref().map(|it| json!({ "count": it.count, "bytes": it.bytes }));
        let online = self.online.as_ref().map(online::Online::object);
        let mut object =
            json!({ "ok": self.code() == AGREES, "rules": self.rules, "contents": contents, "online": online, "findings": findings });
        if let Some(it) = &self.backup {
            object["backup"] = json!({ "made_at": it.made_at, "maildesk": it.maildesk, "database": it.database, "tables": it.tables });
        }
        format!("{object}\n")
    }
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}
