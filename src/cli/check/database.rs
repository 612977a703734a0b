//! The database: looked at, never changed.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{machine, report::Line};
use crate::{
    config::Config,
    store::probe::{Probe, Tables, probe},
};

pub(super) async fn check(config: &Config, now: Timestamp) -> Vec<Line> {
    let subject = "database";
    let url = config.database_url.expose_secret();
    let found = match probe(url).await {
        Ok(found) => found,
        Err(why) => return vec![Line::fail(subject, format!("{}: {why}; {}", where_it_is(url), mend(url)))],
    };
    let clock = found.clock.and_then(|theirs| machine::compare(now, theirs, "the database"));
    std::iter::once(tables(subject, &found)).chain(clock).collect()
}

fn tables(subject: &str, found: &Probe) -> Line {
    let product = &found.product;
    match found.tables {
        Tables::UpToDate => Line::ok(subject, product),
        Tables::New => Line::ok(subject, format!("{product}, empty; the first start makes its tables")),
        Tables::Behind(1) => Line::ok(subject, format!("{product}, one step behind; the next start takes it, so back up first")),
        Tables::Behind(steps) => Line::ok(subject, format!("{product}, {steps} steps behind; the next start takes them, so back up first")),
        Tables::Newer => Line::fail(subject, format!("{product} was last used by a newer maildesk; start that one, or restore a backup")),
        Tables::Forbidden => {
            Line::fail(subject, format!("{product} lets this user make no tables; grant create on the schema, or make the user its owner"))
        }
    }
}

/// Without user and password.
fn where_it_is(url: &str) -> &str {
    match url.strip_prefix("sqlite:") {
        Some(path) => path,
        None => url.rsplit_once('@').map_or("PostgreSQL", |(_, host)| host.split('?').next().unwrap_or_default()),
    }
}

fn mend(url: &str) -> &'static str {
    if url.starts_with("sqlite:") {
        "if the file is damaged, restore it from a backup"
    } else {
        "see database_url: host, port, user, password, and whether the database exists"
    }
}
