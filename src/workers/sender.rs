//! Outbox to mail server: one lane for each mailbox's account.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, deliveries, transact},
    clock::{random_bytes, random_token},
    desk::{
        address::EmailAddress,
        delivery::{self, DeliveryState, HandOver, Settled, Trouble},
        id::{DeliveryId, MailboxId},
        sending::{self, Line, Room},
    },
    mail::smtp::{Fence, SmtpPool},
    store::{
        Tx,
        outbox::Outcome,
        sending::{self as rows, Account, Leased, Recorded},
    },
    workers::{
        Result, caught,
        hands::{Done, Door, Hands},
        tokens,
    },
};

/// A lease is over so soon when nobody renews it: what an instance had in hand when it died leaves by another within a minute.
const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// While something is in hand, leases are renewed so often.
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// A message may be given to the server for so long after its lease was last renewed: well before anybody else may have it.
const FENCE: Duration = Duration::from_secs(35);

/// The outbox is looked at at least so often: another process may have put something into it.
const LONGEST_NAP: Duration = Duration::from_secs(10);

/// And so often while something is in hand, which may get stuck.
const NAP_AT_WORK: Duration = Duration::from_secs(2);

/// So many domains are looked behind at most.
const MOST_FULL: usize = 20;

/// At the end, what is in hand has so long to end by itself.
const TIME_TO_END: Duration = Duration::from_secs(10);

/// The way out of one mailbox.
pub struct Lane {
    mailbox: MailboxId,
    bounds: LaneBounds,
    /// Who leases: no other lane, not even this one's predecessor.
    owner: String,
    pool: SmtpPool,
    /// Its address: the envelope sender where a server will not have `<>`.
    address: EmailAddress,
    hands: Hands,
    turn: u32,
}

/// How much one lane may do.
#[derive(Clone, Copy, Debug)]
pub struct LaneBounds {
    /// Connections at one time.
    pub connections: usize,
    /// Messages in a minute at most.
    pub per_minute: u32,
}

/// What one step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many were handed over or put off; there may be more.
    Worked(usize),
    /// Nothing is due before then.
    NothingDue(Option<Timestamp>),
}

/// Whether a round takes more in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    More,
    NoMore,
}

/// What one round came to.
struct Round {
    began: usize,
    next: Option<Timestamp>,
}

/// What there is to do, before anything is written.
#[derive(Default)]
struct Look {
    account: Account,
    chosen: Vec<(DeliveryId, Line)>,
    next: Option<Timestamp>,
}

impl Lane {
    /// For one mailbox; `address` is its own. `instance` is for whoever reads the rows.
    #[must_use]
    pub fn new(mailbox: MailboxId, address: EmailAddress, pool: SmtpPool, bounds: LaneBounds, instance: &str) -> Self {
        let LaneBounds { connections, per_minute } = bounds;
        let bounds = LaneBounds { connections: connections.max(1), per_minute: per_minute.max(1) };
        let owner = format!("{instance} {}", random_token());
        Self { mailbox, bounds, owner, pool, address, hands: Hands::default(), turn: 0 }
    }

    fn room(&self, account: &Account, now: Timestamp) -> Room {
        let per_minute = self.bounds.per_minute as usize;
        let sent = match account.minute_from {
            Some(began) if now.duration_since(began).abs() < SignedDuration::from_mins(1) => {
                usize::try_from(account.minute_sent).unwrap_or(0)
            }
            Some(_) | None => 0,
        };
        // An account in trouble is tried with one message.
        let connections = if account.troubles > 0 { 1 } else { self.bounds.connections };
        Room { connections, minute: per_minute.saturating_sub(sent), kept_for_people: per_minute / 10, turn: self.turn }
    }
}

/// Hands over what is due in one lane, as much as it has connections for, and waits for the answers.
///
/// # Errors
/// When the database fails; what could not be recorded is recorded by the next step.
pub async fn step(desk: &Desk, lane: &mut Lane) -> Result<Step> {
    let round = round(desk, lane, Taking::More).await?;
    if round.began == 0 && lane.hands.are_empty() {
        return Ok(Step::NothingDue(round.next));
    }
    while !lane.hands.are_empty() {
        lane.hands.one_ends().await;
    }
    self::round(desk, lane, Taking::NoMore).await?;
    Ok(Step::Worked(round.began))
}

/// Records what has ended, renews what is in hand, and takes more of what is due, all of it in one durable commit.
async fn round(desk: &Desk, lane: &mut Lane, taking: Taking) -> Result<Round> {
    lane.hands.gather();
    let now = desk.clock.now();
    refuse(desk, lane, now).await?;
    let look = look(desk, lane, taking, now).await?;
    let renew = lane.hands.want_renewal(RENEW_EVERY);
    if lane.hands.ended.is_empty() && look.chosen.is_empty() && !renew {
        return Ok(Round { began: 0, next: look.next });
    }
    let at = Instant::now();
    let (owner, mailbox, ended) = (&lane.owner, lane.mailbox, &lane.hands.ended);
    let (chosen, account) = (&look.chosen, &look.account);
    let (mine, leased) = transact(desk, |mut tx| async move {
        fail_point!("record-begun");
        settle(&mut tx, owner, ended, now).await?;
        learn(&mut tx, mailbox, account, ended, now).await?;
        let mine = if renew { rows::renew(&mut tx, owner, now + LEASE).await? } else { Vec::new() };
        let ids: Vec<DeliveryId> = chosen.iter().map(|(id, _)| *id).collect();
        let leased = rows::lease(&mut tx, owner, now + LEASE, &ids, now).await?;
        if !leased.is_empty() {
            rows::count(&mut tx, mailbox, leased.len(), now).await?;
        }
        if !ended.is_empty() {
            fail_point!("record-commit");
        }
        if !leased.is_empty() {
            fail_point!("lease-commit");
        }
        tx.commit().await?;
        if !ended.is_empty() {
            fail_point!("recorded");
        }
        if !leased.is_empty() {
            fail_point!("leased");
        }
        Ok((mine, leased))
    })
    .await?;
    lane.hands.ended.drain(..).for_each(|it| tell(&it));
    tokens::wanted(desk, &lane.pool);
    if renew {
        lane.hands.renewed(at, &mine, FENCE);
    }
    let began = leased.len();
    let door = Door { store: desk.store.clone(), pool: lane.pool.clone(), address: lane.address.clone() };
    for it in leased {
        let line = look.chosen.iter().find(|(id, _)| *id == it.id).map_or(Line::Again, |(_, line)| *line);
        lane.hands.begin(&door, it, line, Fence::standing(at, FENCE));
    }
    lane.turn = lane.turn.wrapping_add(u32::from(began > 0));
    Ok(Round { began, next: look.next })
}

/// Looks for what is due with a read: an idle outbox takes no write lock.
async fn look(desk: &Desk, lane: &Lane, taking: Taking, now: Timestamp) -> Result<Look> {
    let mut conn = desk.store.read().await?;
    let account = rows::account(&mut conn, lane.mailbox).await?;
    let quiet = account.quiet_until.filter(|until| *until > now && *until < now + SignedDuration::from_hours(1));
    let troubled = lane.hands.ended.iter().any(|it| matches!(it.answer, HandOver::AccountTrouble { .. }));
    if taking == Taking::NoMore || troubled || quiet.is_some() {
        return Ok(Look { account, next: quiet, ..Look::default() });
    }
    let room = lane.room(&account, now);
    if room.minute == 0 {
        let next = account.minute_from.map(|began| began + SignedDuration::from_mins(1));
        return Ok(Look { account, next, ..Look::default() });
    }
    let (in_hand, slow) = (lane.hands.shown(), |domain: &str| lane.hands.is_slow(domain));
    let limit = i64::try_from(room.connections * 4 + 8).unwrap_or(i64::MAX);
    let (mut due, mut but) = (Vec::new(), Vec::new());
    // Behind the mail of a domain that has as many in hand as it may, there may be mail for others.
    let choice = loop {
        due.extend(rows::due(&mut conn, lane.mailbox, &lane.owner, &but, limit, now).await?);
        let choice = sending::choose(&due, &in_hand, &slow, room);
        let looked_behind = but.len();
        but.extend(choice.full.iter().filter(|it| !but.contains(it)).cloned().collect::<Vec<_>>());
        if but.len() == looked_behind || but.len() > MOST_FULL || choice.ids.len() + lane.hands.busy() >= room.connections {
            break choice;
        }
    };
    let line = |id: &DeliveryId| due.iter().find(|it| it.id == *id).map_or(Line::Again, |it| it.line);
    let chosen: Vec<(DeliveryId, Line)> = choice.ids.iter().map(|id| (*id, line(id))).collect();
    let next = if chosen.is_empty() { rows::next_due(&mut conn, lane.mailbox, now).await? } else { None };
    Ok(Look { account, chosen, next })
}

/// Those refused for good, each with what its author is told, in a transaction of its own.
async fn refuse(desk: &Desk, lane: &mut Lane, now: Timestamp) -> Result<()> {
    let settled = |it: &Done| delivery::after(&it.answer, it.leased.attempts, now.duration_since(it.leased.first_try_at), 0);
    while let Some(at) = lane.hands.ended.iter().position(|it| settled(it) == Settled::Finally(DeliveryState::Refused)) {
        let (done, owner) = (&lane.hands.ended[at], &lane.owner);
        let words = &match &done.answer {
            HandOver::Refused { words, .. } => words.clone(),
            given_up @ (HandOver::Accepted { .. }
            | HandOver::Deferred { .. }
            | HandOver::Unknown { .. }
            | HandOver::AccountTrouble { .. }
            | HandOver::Stopped { .. }) => format!("given up after three days; the last answer: {}", given_up.words()),
        };
        let what = &Outcome { state: DeliveryState::Refused.as_str(), words, next_at: None };
        transact(desk, |mut tx| async move {
            if rows::record(&mut tx, done.leased.id, owner, what, now).await? == Recorded::Yes {
                deliveries::refused(desk, &mut tx, done.leased.id, words).await?;
            }
            Ok(tx.commit().await?)
        })
        .await?;
        tell(&lane.hands.ended.remove(at));
    }
    Ok(())
}

/// What everything else came to.
async fn settle(tx: &mut Tx, owner: &str, ended: &[Done], now: Timestamp) -> crate::actions::Result<()> {
    let mut sent = Vec::new();
    for Done { leased, answer } in ended {
        let [jitter] = random_bytes::<1>();
        match delivery::after(answer, leased.attempts, now.duration_since(leased.first_try_at), jitter) {
            Settled::Finally(DeliveryState::Sent) => sent.push((leased.id, answer.words())),
            Settled::Finally(state) => {
                let what = Outcome { state: state.as_str(), words: answer.words(), next_at: None };
                rows::record(tx, leased.id, owner, &what, now).await?;
            }
            Settled::Again(state, pause) => {
                let what = Outcome { state: state.as_str(), words: answer.words(), next_at: Some(now + pause) };
                rows::record(tx, leased.id, owner, &what, now).await?;
            }
            Settled::Untried => rows::put_back(tx, leased.id, owner, answer.words(), now).await?,
        }
    }
    rows::record_sent(tx, owner, &sent, now).await?;
    Ok(())
}

/// What the answers say about the account. It is left alone once for each pause, however many of its connections were told so.
async fn learn(tx: &mut Tx, mailbox: MailboxId, account: &Account, ended: &[Done], now: Timestamp) -> crate::actions::Result<()> {
    let mut trouble: Option<(Trouble, &str)> = None;
    for it in ended {
        if let HandOver::AccountTrouble { trouble: what, words } = &it.answer
            && trouble.is_none_or(|(before, _)| before == Trouble::Passing)
        {
            trouble = Some((*what, words));
        }
    }
    let answered = |it: &Done| matches!(it.answer, HandOver::Accepted { .. } | HandOver::Refused { .. });
    match trouble {
        Some((trouble, words)) if account.quiet_until.is_none_or(|until| until <= now) => {
            let [jitter] = random_bytes::<1>();
            let troubles = account.troubles.saturating_add(1);
            let pause = sending::account_pause(trouble, u32::try_from(troubles).unwrap_or(u32::MAX), jitter);
            tracing::warn!("mailbox {mailbox} cannot send, and is tried again in {} s: {words}", pause.as_secs());
            rows::leave_alone(tx, mailbox, troubles, now + pause, words, now).await?;
        }
        None if account.troubles > 0 && ended.iter().any(answered) => {
            tracing::info!("mailbox {mailbox} sends again");
            rows::works_again(tx, mailbox).await?;
        }
        Some(_) | None => {}
    }
    Ok(())
}

/// A line in the log.
fn tell(Done { leased: Leased { id, .. }, answer }: &Done) {
    metrics::counter!("maildesk_smtp_total", "outcome" => answer.word()).increment(1);
    let words = answer.words();
    match answer {
        HandOver::Accepted { .. } => tracing::info!(delivery = %id, "handed over delivery {id}"),
        HandOver::Refused { .. } => tracing::warn!(delivery = %id, "delivery {id} is refused for good: {words}"),
        HandOver::Deferred { .. } => tracing::warn!(delivery = %id, "delivery {id} is put off: {words}"),
        HandOver::Unknown { .. } => tracing::warn!(delivery = %id, "nobody knows whether delivery {id} was taken: {words}"),
        HandOver::AccountTrouble { .. } | HandOver::Stopped { .. } => tracing::info!(delivery = %id, "delivery {id} waits: {words}"),
    }
}

/// At the start: mail of mailboxes that are no longer configured finds another way out.
///
/// # Errors
/// When the database fails.
pub async fn take_up(desk: &Desk) -> Result<()> {
    let mut tx = desk.store.begin().await?;
    let configured: Vec<MailboxId> = desk.mailboxes.iter().map(|(id, _)| id).collect();
    if let Some((heir, _)) = desk.mailboxes.sending() {
        let inherited = rows::inherit(&mut tx, &configured, heir).await?;
        if inherited > 0 {
            tracing::warn!("{inherited} deliveries of mailboxes that are no longer configured go out by the first live one’s server");
        }
    }
    fail_point!("take-up-commit");
    tx.commit().await?;
    fail_point!("taken-up");
    Ok(())
}

/// Works a lane until it is told to stop; then what is in hand has a while to end.
pub async fn run(desk: Arc<Desk>, mut lane: Lane, stop: CancellationToken) {
    let mut grew = desk.outbox_grew.subscribe();
    while !stop.is_cancelled() {
        grew.mark_unchanged();
        let nap = match caught(round(&desk, &mut lane, Taking::More)).await {
            Ok(round) => nap(&desk, &lane, round.next).await,
            Err(error) => {
                tracing::error!("the outbox cannot be worked: {error}");
                Duration::from_secs(5)
            }
        };
        let (busy, room) = (!lane.hands.are_empty(), lane.hands.busy() < lane.bounds.connections);
        tokio::select! {
            () = stop.cancelled() => {}
            () = lane.hands.one_ends(), if busy => {}
            _ = grew.changed(), if room => {}
            () = tokio::time::sleep(nap) => {}
        }
    }
    let end = async {
        while !lane.hands.are_empty() {
            lane.hands.one_ends().await;
        }
    };
    tokio::time::timeout(TIME_TO_END, end).await.ok();
    if let Err(error) = round(&desk, &mut lane, Taking::NoMore).await {
        tracing::error!("what was handed over last could not be recorded: {error}");
    }
}

/// How long nothing needs to be done unless something happens.
async fn nap(desk: &Desk, lane: &Lane, next: Option<Timestamp>) -> Duration {
    let now = desk.clock.now();
    let longest = if lane.hands.are_empty() { LONGEST_NAP } else { NAP_AT_WORK };
    match next {
        Some(at) if rows::is_far(at, now) => match bring_forward(desk, lane.mailbox, now).await {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                tracing::error!("the outbox cannot be worked: {error}");
                longest
            }
        },
        // Another instance is about to take it.
        Some(at) if at <= now && lane.hands.are_empty() => Duration::from_millis(100),
        Some(at) if at <= now => longest,
        Some(at) => at.duration_since(now).unsigned_abs().min(longest),
        None => longest,
    }
}

/// The clock was turned back: what waits for a time that is far away leaves now.
async fn bring_forward(desk: &Desk, mailbox: MailboxId, now: Timestamp) -> Result<()> {
    let mut tx = desk.store.begin().await?;
    let late = rows::bring_forward(&mut tx, mailbox, now).await?;
    tx.commit().await?;
    tracing::warn!("{late} deliveries waited for a time that is far away, because the clock was turned back; they are tried now");
    Ok(())
}
