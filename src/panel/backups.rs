//! How the desk is backed up, on the page of mail: the last backup that was found whole, and what is wrong.

use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    desk::{backup::trouble, trouble::sentence},
    panel::{
        Panel,
        error::PageError,
        words::{When, until},
    },
    store::{Conn, backup::rows, restored},
};

/// For so long it is said that the desk came back from a backup.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// For admins.
#[derive(Serialize)]
pub(super) struct Backups {
    /// `ok`, `bad` or nothing, for dot and badge.
    class: &'static str,
    state: &'static str,
    facts: Vec<(&'static str, String)>,
    trouble: Option<String>,
    /// That the desk came back from one, and what that means.
    came_back: Option<String>,
}

/// How this desk is backed up.
pub(super) async fn card(panel: &Panel, conn: &mut Conn) -> Result<Backups, PageError> {
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let facts = rows::facts(conn).await?;
    let schedule = panel.desk.settings.backup.as_ref();
    let trouble = trouble(&facts, schedule, now).map(|it| sentence(&it.says));
    let (class, state) = match (&trouble, &facts.last_verified) {
        (Some(_), _) => ("bad", "Look at this"),
        (None, Some(_)) => ("ok", "Found whole"),
        (None, None) => ("", "None yet"),
    };
    let full = |at| format!("{} ago, {}", until(now, at), When::new(at, now, zone).full);
    let mut said = match &facts.last_verified {
        None => vec![("Last found whole", "none yet; maildesk backup FILE makes one, maildesk verify FILE looks at it".to_owned())],
        Some(it) => vec![
            ("Last found whole", full(it.made_at)),
            ("Looked at", full(it.verified_at)),
            ("Size", format!("{} MB", it.size.div_ceil(1_000_000))),
            ("Where", it.file.display().to_string()),
        ],
    };
    said.push((
        "By itself",
        schedule.map_or_else(
            || "no; [backup] folder in the configuration has one made every day".to_owned(),
            |it| format!("every {}, the last {} kept in {}", until(now, now + it.every), it.keep, it.folder.display()),
        ),
    ));
    let came_back = restored::last_time(conn).await?.filter(|(_, at)| now.duration_since(*at) < TOLD_FOR).map(|(backup_at, restored_at)| {
        let words = |at| When::new(at, now, zone).full;
        format!(
            "This desk came back on {} from a backup of {}. Mail that came in between is taken in again from the mail server; answers given in \
             between are not here, and what had not left is held back under Not delivered.",
            words(restored_at),
            words(backup_at),
        )
    });
    Ok(Backups { class, state, facts: said, trouble, came_back })
}
