//! `maildesk check`: tries every connection that the configuration names. Sends nothing, changes nothing.

mod database;
mod door;
mod machine;
mod mailbox;
mod panel;
mod report;
mod token;

use std::{path::Path, process::ExitCode};

use futures_util::future::join_all;
use report::{Line, Tally};

use crate::{clock::Clock, config::Config};

/// Says of each step in one line what came of it. Exit code 0 when all works, 1 otherwise.
pub async fn run(file: &Path) -> ExitCode {
    let mut tally = Tally::default();
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(faults) => {
            tally.print(faults.lines().map(|fault| Line::fail("configuration", fault)));
            return tally.finish();
        }
    };
    let now = Clock::System.now();
    tally.print([configuration(file, &config)]);
    tally.print(machine::configuration(file, &config));
    tally.print([machine::clock(now)]);
    tally.print(machine::data_dir(&config.data_dir, config.desk.alarm_free));
    tally.print([machine::key(&config)]);
    tally.print(machine::backup(&config));
    tally.print(database::check(&config, now).await);
    tally.print(panel::check(&config, now).await);
    tally.print(door::check(&config).await);
    let one = async |mailbox| {
        let mut lines = token::check(&config, mailbox, now).await;
        lines.extend(mailbox::check(mailbox).await);
        lines
    };
    for lines in join_all(config.mailboxes.iter().map(one)).await {
        tally.print(lines);
    }
    tally.finish()
}

fn configuration(file: &Path, config: &Config) -> Line {
    let names: Vec<&str> = config.mailboxes.iter().map(|it| it.settings.name.as_str()).collect();
    match names.as_slice() {
        [] => Line::warn("configuration", format!("{} names no mailbox, so no mail is read; add a section [[mailbox]]", file.display())),
        names => Line::ok("configuration", format!("{}, mailboxes: {}", file.display(), names.join(", "))),
    }
}
