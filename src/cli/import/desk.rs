//! An export of a whole desk, read into an empty one.

use std::{
    io::{self, BufRead, IsTerminal as _},
    path::Path,
};

use jiff::tz::TimeZone;

use crate::{
    app::open,
    cli::say,
    clock::Clock,
    config::Config,
    store::{Opener, export},
};

/// Whether something that was opened begins as an export does.
///
/// # Errors
/// When it cannot be read.
pub(super) fn begins_as_an_export(from: &mut impl BufRead) -> io::Result<bool> {
    Ok(from.fill_buf()?.starts_with(export::BEGINS.as_bytes()))
}

/// Reads it into the desk of the configuration, which is made where there is none. What it came to, in sentences.
///
/// # Errors
/// When the desk is not empty, a daemon runs on it, or the export is damaged: then nothing is kept.
pub(super) async fn read(config: &Config, from: impl BufRead, named: &Path) -> anyhow::Result<String> {
    let mut lock = open::lock(config)?;
    let store = open::store(config, Opener::Command).await?;
    lock.stays();
    let words = words_for(&config.desk.time_zone);
    let told = |n: u64| {
        if io::stderr().is_terminal() {
            say::err(&format!("\r{n} lines"));
        }
    };
    let done = export::read(&store, from, &words, told).await;
    store.close().await;
    if io::stderr().is_terminal() {
        say::err("\n");
    }
    let counts = done?;
    let of = |kind| counts.get(kind).copied().unwrap_or(0);
    Ok(format!(
        "imported the desk of {}: {} tickets, {} messages, {} people, {} contents\nNothing was sent. What had not left that desk is held back in the panel, \
         under Mail, Not delivered.\nPut the secret.key of that desk here too, or answers to old mail are harder to match. Mailboxes that were added on the web wait for their passwords, under Settings, Mailboxes. maildesk verify looks at everything.\n",
        named.display(),
        of("ticket"),
        of("message"),
        of("person"),
        of("content"),
    ))
}

fn words_for(zone: &TimeZone) -> String {
    let now = Clock::System.now().to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M").to_string();
    format!(
        "Held back: this desk was read from an export on {now}, and this may have left the desk it comes from. Send it if it did not, or call it off."
    )
}
