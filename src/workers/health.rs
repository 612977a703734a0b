//! What is well, what is not, since when: a round every few seconds over what the desk knows of itself.

mod slow;

use std::{path::PathBuf, sync::Arc, time::Instant};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

pub use self::slow::{SlowLooks, Surroundings};
use crate::{
    actions::{
        Desk,
        alarm::{self, Findings},
    },
    desk::{
        alarm::{Standing, WayOut, going},
        backup::{self, BackupFacts},
        health::{MailboxFacts, Round, Shown},
        id::MailboxId,
        oauth::{self, TokenFacts},
        round_trip::lost_before,
        settings::{AtWork, MailboxSettings, WayIn},
        skew,
        trouble::{MachineSeen, MailboxSeen, Seen, Trouble, TroubleKind, Waiting, broken_template, troubles},
    },
    store::{self, Conn, backup::rows, disk, health, leases, round_trips},
    workers::Result,
};

/// So often.
const EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// A database that needs longer for what a round asks is slow.
const SLOW: std::time::Duration = std::time::Duration::from_secs(2);

/// A round whose database does not answer by then goes on without it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// A watched folder is looked at at least so often (`workers/intake.rs`).
const RESTS: SignedDuration = SignedDuration::from_mins(5);

/// What is over is remembered for so long.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Who goes the rounds, and what they know from one to the next.
pub struct Rounds {
    /// What this instance is called.
    instance: String,
    /// The folder whose disk must not be full.
    folder: PathBuf,
    /// What takes its time, looked at beside the rounds.
    slow: SlowLooks,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    cleared_at: Option<Timestamp>,
}

impl Rounds {
    /// For the instance called `instance`, whose data lies in `folder`.
    #[must_use]
    pub fn new(instance: &str, folder: PathBuf, slow: SlowLooks) -> Self {
        Self { instance: instance.to_owned(), folder, slow, first: None, last: None, cleared_at: None }
    }
}

/// What a round reads.
#[derive(Default)]
struct Read {
    mailboxes: Vec<(MailboxId, MailboxFacts)>,
    unsent: Vec<(MailboxId, Waiting)>,
    undecided: Option<Waiting>,
    accounts: Vec<(MailboxId, Timestamp, String)>,
    clock: Option<String>,
    tokens: Vec<(MailboxId, TokenFacts)>,
    lost: Vec<(MailboxId, Timestamp)>,
    backups: BackupFacts,
    not_looked_into: Vec<MailboxId>,
    /// Mail in the desk's own words that could not be used: which, and why.
    broken_mail: Vec<(String, String)>,
}

/// One round: looks, remembers, owes what is to be told, and leaves what it found where pages see it.
///
/// # Errors
/// When the database refuses: what was found is shown all the same.
pub async fn step(desk: &Desk, rounds: &mut Rounds) -> Result<()> {
    let now = desk.clock.now();
    let going = going(rounds.last.replace(now), now);
    let first = *rounds.first.get_or_insert(now);
    let began = Instant::now();
    let read = tokio::time::timeout(PATIENCE, read(desk, now, first)).await.unwrap_or(Err(health::no_answer()));
    metrics::histogram!("maildesk_database_seconds").record(began.elapsed().as_secs_f64());
    let mut machine =
        MachineSeen { disk: room(desk, rounds), public_url: rounds.slow.public_url(), door: rounds.slow.door(), ..MachineSeen::default() };
    let (read, failed) = match read {
        Ok(read) => (read, None),
        Err(error) => (last_known(desk), Some(error)),
    };
    let of_the_web = || rounds.slow.apart().map(|it| format!("{} that of the web server at the public URL", skew::said(it)));
    machine.clock = read.clock.clone().or_else(of_the_web);
    machine.database = match &failed {
        Some(error) => Some(error.to_string()),
        None if began.elapsed() > SLOW => Some(format!("it needed {} s for an answer", began.elapsed().as_secs())),
        None => None,
    };
    let seen = Seen {
        now,
        alarm_after: desk.settings.alarm_after,
        instance: &rounds.instance,
        mailboxes: &mailboxes(desk, rounds, &read),
        undecided: read.undecided.clone(),
        backup: backup::trouble(&read.backups, desk.settings.backup.as_ref(), now),
        machine: &machine,
    };
    let mut found = troubles(&seen);
    found.extend(read.broken_mail.iter().map(|(about, why)| broken_template(about, why, now)));
    let ways: Vec<WayOut> =
        desk.mailboxes.iter().filter(|(_, it)| it.sends()).map(|(id, it)| WayOut { mailbox: id, works: works(&found, &it.name) }).collect();
    if let Some(error) = failed {
        show(desk, now, &found, &[], read);
        return Err(error.into());
    }
    match alarm::keep(desk, &Findings { found: &found, instance: &rounds.instance, going, ways: &ways }).await {
        Ok(rows) => show(desk, now, &found, &rows, read),
        Err(error) => {
            if machine.database.is_none() && machine.disk.is_none() {
                let machine = MachineSeen { database: Some(format!("it takes nothing: {error}")), ..machine.clone() };
                found = troubles(&Seen { machine: &machine, ..seen });
            }
            show(desk, now, &found, &[], read);
            return Err(error.into());
        }
    }
    clear_away(desk, rounds, now).await
}

async fn read(desk: &Desk, now: Timestamp, first: Timestamp) -> store::Result<Read> {
    let mut conn = desk.store.read().await?;
    let late = now - desk.settings.alarm_after;
    let mailboxes = configured(desk, health::mailboxes(&mut conn).await?);
    let mut not_looked_into = leases::not_looked_into(&mut conn, now).await?;
    not_looked_into.retain(|id| mailboxes.iter().any(|(it, facts)| it == id && facts.way_in == WayIn::Folder));
    Ok(Read {
        not_looked_into,
        lost: lost_probes(desk, &mut conn, &mailboxes, (first, now)).await?,
        backups: rows::facts(&mut conn).await?,
        mailboxes,
        unsent: health::unsent(&mut conn, late).await?,
        undecided: health::undecided(&mut conn, now - SignedDuration::from_mins(1)).await?,
        accounts: health::accounts_in_trouble(&mut conn).await?,
        clock: if desk.clock.is_the_machines() { clock(&mut conn, now).await? } else { None },
        tokens: store::oauth::all_facts(&mut conn).await?,
        broken_mail: broken_mail(desk, &mut conn).await?,
    })
}

/// Mail in the desk's own words that could not be used.
async fn broken_mail(desk: &Desk, conn: &mut Conn) -> store::Result<Vec<(String, String)>> {
    let all = store::mail_templates::all(conn).await?;
    let name = |it: &store::mail_templates::Row| match it.mailbox {
        Some(id) => format!("{} of {}", it.kind.title().0, desk.name_of(id)),
        None => it.kind.title().0.to_owned(),
    };
    Ok(all.iter().filter_map(|it| Some((name(it), it.fault.clone()?))).collect())
}

/// Since when a probe of each mailbox is lost; of those that send any.
async fn lost_probes(
    desk: &Desk,
    conn: &mut Conn,
    known: &[(MailboxId, MailboxFacts)],
    (first, now): (Timestamp, Timestamp),
) -> store::Result<Vec<(MailboxId, Timestamp)>> {
    let alarm_after = desk.settings.alarm_after;
    let mut lost = Vec::new();
    for (id, facts) in known.iter().filter(|(id, _)| desk.mailboxes.get(*id).is_some_and(|it| it.probes().is_some())) {
        let looked_at = match facts.way_in {
            WayIn::Folder => facts.checked_at,
            // What could not be handed over while nothing ran is on its way when the door has been open for a while.
            WayIn::HandedOver => Some(now).filter(|_| now.duration_since(first) >= alarm_after),
        };
        let Some(before) = lost_before(looked_at, alarm_after) else { continue };
        lost.extend(round_trips::lost_since(conn, *id, before).await?.map(|since| (*id, since)));
    }
    Ok(lost)
}

/// In the order of the configuration; nothing is known of one that was never looked at.
fn configured(desk: &Desk, known: Vec<(MailboxId, MailboxFacts)>) -> Vec<(MailboxId, MailboxFacts)> {
    let of = |id: MailboxId| known.iter().find(|(it, _)| *it == id).map(|(_, facts)| facts.clone()).unwrap_or_default();
    desk.mailboxes.iter().filter(|(_, it)| it.work == AtWork::Yes).map(|(id, it)| (id, of(id).by(it.way_in))).collect()
}

/// Where the database does not answer, what it said last still stands.
fn last_known(desk: &Desk) -> Read {
    let last = desk.health.get();
    let mailboxes = last.as_ref().map(|it| it.mailboxes.clone()).unwrap_or_default();
    Read { mailboxes, not_looked_into: last.map(|it| it.not_looked_into.clone()).unwrap_or_default(), ..Read::default() }
}

/// How far this clock is from others, where that is too far.
async fn clock(conn: &mut Conn, now: Timestamp) -> store::Result<Option<String>> {
    let theirs = health::clock(conn).await?.map(|theirs| now.duration_since(theirs));
    if let Some(apart) = theirs.filter(|it| it.abs() > SignedDuration::from_mins(1)) {
        return Ok(Some(format!("{} that of the database", skew::said(apart))));
    }
    let arrivals = health::arrivals(conn, now - SignedDuration::from_hours(1)).await?;
    Ok(skew::apart(&arrivals, RESTS).map(|apart| format!("{} that of the mail servers", skew::said(apart))))
}

fn room(desk: &Desk, rounds: &Rounds) -> Option<String> {
    let folder = rounds.folder.display();
    match disk::room(&rounds.folder) {
        Ok(room) if room.free < desk.settings.alarm_free => Some(format!("{room} on the disk of {folder}")),
        Ok(_) => None,
        Err(why) => Some(format!("how much room is left in {folder} cannot be told: {why}")),
    }
}

fn mailboxes(desk: &Desk, rounds: &Rounds, read: &Read) -> Vec<MailboxSeen> {
    let seen = |(id, it): (MailboxId, &MailboxSettings)| MailboxSeen {
        name: it.name.clone(),
        address: it.address.to_string(),
        facts: read.mailboxes.iter().find(|(of, _)| *of == id).map(|(_, facts)| facts.clone()).unwrap_or_default(),
        token_fault: token_fault(desk, it, read.tokens.iter().find(|(of, _)| *of == id).map(|(_, facts)| facts)),
        sender_fault: read.accounts.iter().find(|(of, ..)| *of == id).map(|(.., words)| words.clone()).or(rounds.slow.sender_fault(id)),
        unsent: read.unsent.iter().find(|(of, _)| *of == id).map(|(_, it)| it.clone()),
        probe_lost: read.lost.iter().find(|(of, _)| *of == id).map(|(_, since)| *since),
    };
    desk.mailboxes.iter().filter(|(_, it)| it.work == AtWork::Yes).map(seen).collect()
}

/// What is wrong, or about to be, with the tokens that a mailbox signs in with.
fn token_fault(desk: &Desk, mailbox: &MailboxSettings, facts: Option<&TokenFacts>) -> Option<String> {
    let (client, now) = (mailbox.oauth.as_ref()?, desk.clock.now());
    let state = oauth::judge(client, facts);
    let failing = state.trouble(now).filter(|_| state.needs_attention(now));
    failing.or_else(|| oauth::secret_trouble(client, now.to_zoned(desk.settings.time_zone.clone()).date()))
}

/// Whether mail of this mailbox can leave, as far as is known.
fn works(found: &[Trouble], name: &str) -> bool {
    !found.iter().any(|it| it.about == name && matches!(it.kind, TroubleKind::Sender | TroubleKind::Unsent))
}

/// Leaves what was found where pages see it: since when, `rows` remember, or the last round where they cannot be had.
fn show(desk: &Desk, now: Timestamp, found: &[Trouble], rows: &[Standing], read: Read) {
    let before = desk.health.get();
    let before = before.iter().flat_map(|it| it.troubles.iter().chain(&it.passing));
    let before: Vec<&Shown> = before.collect();
    let shown = found.iter().map(|it| {
        let row = rows.iter().find(|row| row.trouble.is_the_same_as(it)).map(|row| (row.trouble.since, row.found_at));
        let last = || before.iter().find(|last| last.trouble.is_the_same_as(it)).map(|last| (last.trouble.since, last.found_at));
        let (since, found_at) = row.or_else(last).unwrap_or((it.since, now));
        Shown { trouble: Trouble { since, ..it.clone() }, found_at }
    });
    let lasts = |it: &Shown| now.duration_since(it.found_at).abs() >= it.trouble.kind.counts_after(desk.settings.alarm_after);
    let (troubles, passing) = shown.partition(lasts);
    desk.health.set(Round { at: now, troubles, passing, mailboxes: read.mailboxes, not_looked_into: read.not_looked_into });
}

async fn clear_away(desk: &Desk, rounds: &mut Rounds, now: Timestamp) -> Result<()> {
    let lately = rounds.cleared_at.is_some_and(|at| now.duration_since(at).abs() < SignedDuration::from_hours(6));
    if lately {
        return Ok(());
    }
    let mut tx = desk.store.begin().await?;
    store::troubles::forget(&mut tx, now - REMEMBERED).await?;
    round_trips::forget(&mut tx, now - REMEMBERED).await?;
    tx.commit().await?;
    rounds.cleared_at = Some(now);
    Ok(())
}

/// Goes the rounds until it is told to stop.
pub async fn run(desk: Arc<Desk>, mut rounds: Rounds, stop: CancellationToken) {
    let slow = slow::run(desk.clone(), rounds.slow.clone(), stop.clone());
    let round = async {
        let mut failing = false;
        loop {
            match step(&desk, &mut rounds).await {
                Ok(()) => failing = false,
                // Once, and not every five seconds: what fails is shown in /readyz.
                Err(error) if !failing => {
                    tracing::error!("the round over the desk’s health fails: {error}");
                    failing = true;
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    };
    tokio::join!(slow, round);
}
