//! Keeps the access token of a mailbox good: renewed at half of its life, by one instance at a time, and at once when a mail server
//! refuses it.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    actions::{Desk, tokens},
    desk::{
        id::MailboxId,
        oauth::{AccessToken, CurrentToken, Flow, OAuthClient, Remedy},
    },
    mail::{
        oauth::{self as server, Grant, OAuthError},
        smtp::SmtpPool,
    },
    store::{
        oauth::{self, Kept},
        sending,
    },
    workers::Result,
};

/// The row is looked at at least so often: another instance may have renewed it, or been connected.
const LONGEST_NAP: SignedDuration = SignedDuration::from_secs(15);

/// Another instance is renewing it; its answer is there in a moment.
const A_MOMENT: SignedDuration = SignedDuration::from_secs(2);

/// However short the life of a token, its server is not asked more often.
const SHORTEST: SignedDuration = SignedDuration::from_secs(30);

/// After a renewal that failed, doubling to the longest; so often also where somebody has to change something, because that may be at
/// the authorisation server: once it is mended there, mail goes on within a minute, without anybody’s doing.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(15);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(45);

/// A token that a mail server refuses is renewed at once, then after so long, doubling to the longest: it may not be the token.
const AFTER_REFUSAL: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_AFTER_REFUSAL: SignedDuration = SignedDuration::from_mins(30);

/// In between, the refused one is tried again after so long: once the mail server is mended, mail goes on within a minute.
const OFFERED_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// A renewed token that the database does not take is offered to it so often: the refresh token before may be used up.
const OFFERS: u32 = 60;

/// Who keeps one mailbox's token good.
#[derive(Debug)]
pub struct Keeper {
    mailbox: MailboxId,
    name: String,
    client: OAuthClient,
    current: CurrentToken,
    /// This instance, in leases.
    owner: String,
    /// The version of the row that was put where the sessions take it.
    adopted: Option<i64>,
    failures: Pauses,
    refusals: Pauses,
    /// Since when a mail server will not have the token in hand.
    refused_since: Option<Timestamp>,
}

/// How often in a row something went wrong, and when it is tried again.
#[derive(Debug, Default)]
struct Pauses {
    times: u32,
    not_before: Option<Timestamp>,
}

impl Pauses {
    fn count(&mut self, now: Timestamp, first: SignedDuration, longest: SignedDuration) {
        let pause = (first * (1 << self.times.min(10))).min(longest);
        *self = Self { times: self.times + 1, not_before: Some(now + pause) };
    }

    /// When it may be tried again; now, where a clock that was set back would have it wait for ever.
    fn due(&self, now: Timestamp) -> Timestamp {
        self.not_before.filter(|it| it.duration_since(now) <= LONGEST_AFTER_REFUSAL).unwrap_or(now)
    }
}

impl Keeper {
    /// For a mailbox whose sessions take their token from `current`; `owner`: this instance, as it leases.
    #[must_use]
    pub fn new(mailbox: MailboxId, name: &str, client: &OAuthClient, current: &CurrentToken, owner: &str) -> Self {
        Self {
            mailbox,
            name: name.to_owned(),
            client: client.clone(),
            current: current.clone(),
            owner: owner.to_owned(),
            adopted: None,
            failures: Pauses::default(),
            refusals: Pauses::default(),
            refused_since: None,
        }
    }

    /// When this token is to be renewed; none: not before somebody connects the mailbox again.
    fn due(&self, kept: &Kept, now: Timestamp) -> Option<Timestamp> {
        let facts = &kept.facts;
        if facts.failing_since.is_some() && facts.remedy == Remedy::Connect {
            return None;
        }
        let half = match (facts.renewed_at, facts.good_until) {
            (Some(from), Some(until)) => from + (until.duration_since(from) / 2).max(SHORTEST),
            (None, _) | (_, None) => now,
        };
        let due = if self.current.refused().is_some() { half.min(self.refusals.due(now)) } else { half };
        Some(due.max(self.failures.due(now)))
    }

    /// Puts a token that this process has not seen where its sessions take it.
    async fn adopt(&mut self, desk: &Desk, kept: &Kept, now: Timestamp) -> Result<()> {
        if self.adopted == Some(kept.version) {
            return Ok(());
        }
        self.failures = Pauses::default();
        self.adopted = Some(kept.version);
        let good = kept.facts.good_until.is_some_and(|it| it > now);
        if let Some(token) = tokens::access_token(&desk.keys, self.mailbox, kept).filter(|_| good) {
            self.put(desk, token).await?;
        }
        Ok(())
    }

    /// Whoever could not sign in for want of it goes on at once.
    async fn put(&self, desk: &Desk, token: AccessToken) -> Result<()> {
        let was_wanted = self.current.get().is_err();
        self.current.put(token);
        if was_wanted {
            desk.tokens_moved.send_modify(|it| *it += 1);
            let mut tx = desk.store.begin().await?;
            sending::works_again(&mut tx, self.mailbox).await?;
            tx.commit().await?;
            desk.outbox_grew.send_modify(|it| *it += 1);
        }
        Ok(())
    }

    /// It may have been the mail server and not the token.
    async fn offer_again(&mut self, desk: &Desk, now: Timestamp) -> Result<()> {
        let Some(token) = self.current.refused() else {
            self.refused_since = None;
            return Ok(());
        };
        let since = *self.refused_since.get_or_insert(now);
        if now.duration_since(since).abs() >= OFFERED_AGAIN {
            self.refused_since = None;
            self.put(desk, token).await?;
        }
        Ok(())
    }

    /// A token past its time is not tried; the sessions say why there is no newer one.
    fn take_away_what_is_over(&self, kept: &Kept, now: Timestamp) {
        let over = kept.facts.good_until.is_none_or(|it| it <= now);
        if let Some(why) = kept.facts.error.as_deref().filter(|_| over) {
            self.current.take_away(why);
        }
    }
}

/// Looks after the token once; when to look again.
///
/// # Errors
/// When the database fails; a token in hand goes on being used.
pub async fn step(desk: &Desk, keeper: &mut Keeper) -> Result<SignedDuration> {
    let now = desk.clock.now();
    let Some(kept) = kept(desk, keeper).await? else {
        keeper.adopted = None;
        keeper.current.take_away("the mailbox is not connected yet; press Connect on the page Mail of the panel");
        return Ok(LONGEST_NAP);
    };
    keeper.adopt(desk, &kept, now).await?;
    match keeper.due(&kept, now) {
        Some(due) if due <= now => renew(desk, keeper, &kept, now).await,
        due => {
            keeper.offer_again(desk, now).await?;
            keeper.take_away_what_is_over(&kept, now);
            Ok(due.map_or(LONGEST_NAP, |it| it.duration_since(now).min(LONGEST_NAP)))
        }
    }
}

/// The row, where it holds what was given for what the configuration says now.
async fn kept(desk: &Desk, keeper: &Keeper) -> Result<Option<Kept>> {
    let purpose = keeper.client.purpose();
    let kept = oauth::kept(&mut *desk.store.read().await?, keeper.mailbox).await?.filter(|it| it.facts.purpose == purpose);
    match (kept, keeper.client.flow) {
        (None, Flow::ClientCredentials) => {
            let mut tx = desk.store.begin().await?;
            oauth::ensure(&mut tx, keeper.mailbox, &purpose).await?;
            tx.commit().await?;
            Ok(oauth::kept(&mut *desk.store.read().await?, keeper.mailbox).await?)
        }
        (kept, Flow::Code | Flow::ClientCredentials) => Ok(kept),
    }
}

async fn renew(desk: &Desk, keeper: &mut Keeper, kept: &Kept, now: Timestamp) -> Result<SignedDuration> {
    let mut tx = desk.store.begin().await?;
    let ours = oauth::lease(&mut tx, keeper.mailbox, &keeper.owner, kept.version, now).await?;
    tx.commit().await?;
    if !ours {
        return Ok(A_MOMENT);
    }
    if keeper.current.refused().is_some() {
        keeper.refusals.count(now, AFTER_REFUSAL, LONGEST_AFTER_REFUSAL);
    } else {
        keeper.refusals = Pauses::default();
    }
    match ask(desk, keeper, kept).await {
        Ok(grant) => {
            keep(desk, keeper, kept, &grant, now).await?;
            Ok(SignedDuration::ZERO)
        }
        Err(refused) => {
            note(desk, keeper, kept, &refused).await?;
            Ok(A_MOMENT)
        }
    }
}

/// Why there is no new token.
struct Refused {
    why: String,
    remedy: Remedy,
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        Self { remedy: error.remedy(), why: error.to_string() }
    }
}

async fn ask(desk: &Desk, keeper: &Keeper, kept: &Kept) -> std::result::Result<Grant, Refused> {
    match keeper.client.flow {
        Flow::ClientCredentials => Ok(server::client_credentials(&keeper.client).await?),
        Flow::Code => match tokens::refresh_token(&desk.keys, keeper.mailbox, kept) {
            Some(token) => Ok(server::refresh(&keeper.client, &token).await?),
            None => Err(Refused {
                why: "its tokens were kept under another secret_key than this one; connect the mailbox again on the page Mail of the panel"
                    .to_owned(),
                remedy: Remedy::Connect,
            }),
        },
    }
}

/// In use at once, and kept: the one before may be used up with this answer (RFC 6749 §10.4), so the database is asked more than once.
async fn keep(desk: &Desk, keeper: &mut Keeper, kept: &Kept, grant: &Grant, asked_at: Timestamp) -> Result<()> {
    // Where the database is away, its outbox is too.
    keeper.put(desk, grant.access_token.clone()).await.ok();
    keeper.failures = Pauses::default();
    let token = tokens::seal(desk, keeper.mailbox, grant, asked_at);
    let mut offers = 0;
    let ours = loop {
        offers += 1;
        let kept_now = async {
            let mut tx = desk.store.begin().await?;
            let ours = oauth::renewed(&mut tx, keeper.mailbox, &keeper.owner, kept.version, &token, desk.clock.now()).await?;
            tx.commit().await?;
            Ok::<_, crate::store::StoreError>(ours)
        };
        match kept_now.await {
            Ok(ours) => break ours,
            Err(error) if error.is_passing() && offers < OFFERS => {
                tracing::warn!(mailbox = %keeper.name, "mailbox {}: a new token cannot be kept yet: {error}", keeper.name);
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            Err(error) => return Err(error.into()),
        }
    };
    // Where it is not ours, somebody connected the mailbox meanwhile, or an answer of the database was lost: the row says.
    keeper.adopted = ours.then_some(kept.version + 1);
    tracing::info!(mailbox = %keeper.name, "mailbox {}: its access token was renewed", keeper.name);
    Ok(())
}

async fn note(desk: &Desk, keeper: &mut Keeper, kept: &Kept, refused: &Refused) -> Result<()> {
    let now = desk.clock.now();
    keeper.failures.count(now, FIRST_PAUSE, LONGEST_PAUSE);
    if kept.facts.error.as_deref() != Some(&refused.why) {
        tracing::warn!(mailbox = %keeper.name, "mailbox {}: its access token cannot be renewed: {}", keeper.name, refused.why);
    }
    let mut tx = desk.store.begin().await?;
    oauth::failed(&mut tx, keeper.mailbox, kept.version, &refused.why, refused.remedy, now).await?;
    Ok(tx.commit().await?)
}

/// Whoever keeps the token of an account that lacks one looks at once. To be said when the pause of the account is written, which the
/// next token ends.
pub fn wanted(desk: &Desk, pool: &SmtpPool) {
    if pool.lacks_token() {
        desk.tokens_moved.send_modify(|it| *it += 1);
    }
}

/// Ends when a mailbox that cannot sign in for want of a good token has one; never where that is not what is wrong.
pub async fn came(desk: &Desk, current: Option<&CurrentToken>) {
    let Some(current) = current.filter(|it| it.get().is_err()) else { return std::future::pending().await };
    let mut moved = desk.tokens_moved.subscribe();
    // Whoever keeps it may not have heard that a server refused it.
    desk.tokens_moved.send_modify(|it| *it += 1);
    while current.get().is_err() {
        if moved.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Keeps a token good until it is told to stop. A renewal that is under way is not broken off: its answer may be the only good token.
pub async fn run(desk: Arc<Desk>, mut keeper: Keeper, stop: CancellationToken) {
    let mut moved = desk.tokens_moved.subscribe();
    while !stop.is_cancelled() {
        moved.mark_unchanged();
        let nap = match step(&desk, &mut keeper).await {
            Ok(nap) => nap,
            Err(error) => {
                tracing::error!(mailbox = %keeper.name, "mailbox {}: its token cannot be looked after: {error}", keeper.name);
                A_MOMENT
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(nap.unsigned_abs()) => {}
            _ = moved.changed() => {}
        }
    }
}
