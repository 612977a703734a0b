//! What is not well is remembered, and told to the admins by mail: once when it begins, once when it is over.

use jiff::Timestamp;

use crate::{
    actions::{
        Desk, Result,
        door::{leave, transact},
        own_letter::{OwnLetter, Readers},
    },
    desk::{
        alarm::{self, BETWEEN_MAILS, Change, Going, Standing, WayOut},
        delivery::DeliveryState,
        id::{MailboxId, OutboxId},
        loop_guard,
        person::{Person, Role},
        trouble::{Trouble, TroubleKind, sentence},
    },
    mail::compose::{AlarmLine, Content},
    store::{
        Conn, Tx,
        outbox::{self, Automatic, Outcome},
        people,
        troubles::{self, Over, Told},
    },
};

/// What a round has found, and how it can be told.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// What is not well.
    pub found: &'a [Trouble],
    /// Who looks: what is a machine's own is told under this name.
    pub instance: &'a str,
    /// How the rounds go.
    pub going: Going,
    /// Through which mailboxes mail can leave, in the order of the configuration.
    pub ways: &'a [WayOut],
}

/// Remembers what is not well and owes the admins the mail that it calls for; everything that is not over, as it is remembered.
/// Writes nothing where nothing has changed.
///
/// # Errors
/// When the database refuses, or the mail cannot be made: then nothing happened.
pub async fn keep(desk: &Desk, findings: &Findings<'_>) -> Result<Vec<Standing>> {
    let now = desk.clock.now();
    let mut conn = desk.store.read().await?;
    let rows = troubles::open(&mut conn, now).await?;
    let changes = changes(desk, &rows, findings, now);
    if changes.is_empty() && plan(desk, &mut conn, &rows, findings.ways, now).await?.is_none() {
        return Ok(rows);
    }
    drop(conn);
    transact(desk, |mut tx| async move {
        let rows = troubles::lock_open(&mut tx, now).await?;
        for change in self::changes(desk, &rows, findings, now) {
            write(&mut tx, &change, now).await?;
        }
        let rows = troubles::lock_open(&mut tx, now).await?;
        if let Some(plan) = plan(desk, &mut tx, &rows, findings.ways, now).await? {
            carry_out(desk, &mut tx, plan, findings.ways, now).await?;
        }
        leave(desk, tx).await
    })
    .await?;
    Ok(troubles::open(&mut *desk.store.read().await?, now).await?)
}

fn changes(desk: &Desk, rows: &[Standing], findings: &Findings<'_>, now: Timestamp) -> Vec<Change> {
    // Where an instance makes no backups, those that others make are theirs to judge.
    let judges = |it: &Trouble| it.kind != TroubleKind::Backup || desk.settings.backup.is_some();
    let is_mine = |it: &Trouble| {
        (it.about.is_empty() && judges(it))
            || it.about == findings.instance
            || desk.mailboxes.iter().any(|(_, mailbox)| mailbox.name == it.about)
    };
    alarm::changes(rows, findings.found, &is_mine, findings.going, now)
}

async fn write(tx: &mut Tx, change: &Change, now: Timestamp) -> Result<()> {
    match change {
        Change::Began(trouble) => {
            tracing::warn!(kind = trouble.kind.as_str(), about = trouble.about, "{}; {}", trouble.says, trouble.mend);
            troubles::begin(tx, trouble, now).await?;
        }
        Change::Goes(id, trouble) => troubles::goes(tx, *id, trouble, now).await?,
        Change::Back(id) => troubles::set_well(tx, *id, None).await?,
        Change::Anew(id) => troubles::count_anew(tx, *id, now).await?,
        Change::Well(id) => troubles::set_well(tx, *id, Some(now)).await?,
        Change::Over(id) => {
            tracing::info!(trouble = id, "a trouble is over");
            troubles::end(tx, *id, now).await?;
        }
    }
    Ok(())
}

/// What there is to tell.
struct Plan {
    began: Vec<Standing>,
    over: Vec<Over>,
    admins: Vec<Person>,
    /// An earlier mail that nobody has, and that this one stands for.
    instead_of: Option<(String, OutboxId)>,
}

async fn plan(desk: &Desk, conn: &mut Conn, rows: &[Standing], ways: &[WayOut], now: Timestamp) -> Result<Option<Plan>> {
    let began: Vec<Standing> = alarm::to_tell(rows, desk.settings.alarm_after, now).into_iter().cloned().collect();
    let over = troubles::over_untold(conn, now).await?;
    let news = !began.is_empty() || !over.is_empty();
    if !news && rows.iter().all(|it| it.said_in.is_none()) {
        return Ok(None);
    }
    let unsent = troubles::unsent(conn, now).await?;
    let waited = |since: Timestamp| now.duration_since(since).abs() >= jiff::SignedDuration::from_mins(1);
    let replaced = unsent.filter(|(it, _)| alarm::is_stuck(it, ways, now) || (news && it.nobody_has_it && waited(it.since)));
    if replaced.is_none() && (!news || told_just_now(conn, now).await?) {
        return Ok(None);
    }
    let admins = admins(desk, conn).await?;
    if admins.is_empty() || ways.is_empty() {
        return Ok(None);
    }
    Ok(Some(Plan { began, over, admins, instead_of: replaced.map(|(it, id)| (it.message_id, id)) }))
}

async fn told_just_now(conn: &mut Conn, now: Timestamp) -> Result<bool> {
    let last = troubles::last_told(conn).await?;
    Ok(last.is_some_and(|at| now.duration_since(at).abs() < BETWEEN_MAILS))
}

/// Everybody who runs the desk and can be written to from it.
async fn admins(desk: &Desk, conn: &mut Conn) -> Result<Vec<Person>> {
    let reads = |it: &Person| it.role == Role::Admin && !desk.mailboxes.is_ours(&it.email) && !loop_guard::nobody_reads(&it.email);
    Ok(people::active_staff(conn).await?.into_iter().filter(reads).collect())
}

async fn carry_out(desk: &Desk, tx: &mut Tx, mut plan: Plan, ways: &[WayOut], now: Timestamp) -> Result<()> {
    if let Some((message_id, mail)) = &plan.instead_of {
        if !take_back(tx, *mail, now).await? {
            return Ok(());
        }
        troubles::untell(tx, message_id).await?;
        let rows = troubles::lock_open(tx, now).await?;
        plan.began = alarm::to_tell(&rows, desk.settings.alarm_after, now).into_iter().cloned().collect();
        plan.over = troubles::over_untold(tx, now).await?;
    }
    let Some(way) = alarm::best_way(ways).filter(|_| !plan.began.is_empty() || !plan.over.is_empty()) else { return Ok(()) };
    let message_id = post(desk, tx, &plan, way, now).await?;
    for it in &plan.began {
        troubles::told(tx, it.id, Told::Began, &message_id, now).await?;
    }
    for it in &plan.over {
        troubles::told(tx, it.id, Told::Over, &message_id, now).await?;
    }
    Ok(())
}

/// Calls a mail off that waits for a server; not when a sender has taken it in hand meanwhile.
async fn take_back(tx: &mut Tx, mail: OutboxId, now: Timestamp) -> Result<bool> {
    let rows = outbox::of_mail(tx, mail, now).await?;
    let waits = [DeliveryState::Waiting.as_str(), DeliveryState::Delayed.as_str()];
    if rows.iter().any(|it| it.leased || !waits.contains(&it.state.as_str())) {
        return Ok(false);
    }
    let words = "called off by maildesk: another mail says how it is now";
    for row in rows {
        outbox::put(tx, row.id, &Outcome { state: DeliveryState::Cancelled.as_str(), words, next_at: None }, now).await?;
    }
    Ok(true)
}

/// Puts the mail into the outbox of a mailbox; its Message-ID.
async fn post(desk: &Desk, tx: &mut Tx, plan: &Plan, way: MailboxId, now: Timestamp) -> Result<String> {
    let began: Vec<AlarmLine> = plan.began.iter().map(|it| line(desk, &it.trouble, None)).collect();
    let over: Vec<AlarmLine> = plan.over.iter().map(|it| line(desk, &it.trouble, Some(it.well_since))).collect();
    let content = Content::Alarm { began: &began, over: &over };
    // Budgets guard strangers and must silence no alarm: how often there is one, `desk/alarm.rs` bounds.
    let mail = OwnLetter { kind: "alarm", content, ticket: None, to: Readers::People(&plan.admins), automatic: Automatic::No };
    Ok(mail.post(desk, tx, way, now).await?.unwrap_or_default())
}

fn line(desk: &Desk, trouble: &Trouble, until: Option<Timestamp>) -> AlarmLine {
    let zone = &desk.settings.time_zone;
    let name = zone.iana_name().unwrap_or("UTC");
    let shown = |at: Timestamp| format!("{} ({name})", at.to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M"));
    AlarmLine {
        says: sentence(&trouble.says),
        mend: sentence(&trouble.mend),
        since: shown(trouble.since),
        until: until.map(shown).unwrap_or_default(),
    }
}
