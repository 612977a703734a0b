//! The connections to one server for outgoing mail: so many at a time, and no more.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::Semaphore;

use super::{
    Fence, SmtpFindings, SmtpLimits,
    hand_over::{self, After, Letter},
    session::{Session, SmtpError, Step},
};
use crate::desk::{address::EmailAddress, delivery::HandOver, mailbox::SmtpAccount, sending::STUCK_AFTER};

/// Messages over one connection; some servers close after a hundred.
const MOST_MESSAGES: u32 = 50;

/// Hands messages to one server. Cheap to clone: the clones share the connections.
#[derive(Clone)]
pub struct SmtpPool(Arc<Inner>);

struct Inner {
    account: SmtpAccount,
    limits: SmtpLimits,
    places: Semaphore,
    /// For hand-overs without an answer for long: so many again, and no more.
    stuck: Semaphore,
    waiting: Mutex<Vec<Session>>,
    /// Whether somebody already sees to it that no connection waits for ever.
    watched: AtomicBool,
}

impl SmtpPool {
    /// Connects to nobody yet.
    #[must_use]
    pub fn new(account: SmtpAccount) -> Self {
        Self::with_limits(account, SmtpLimits::default())
    }

    /// The same, with other time limits.
    #[must_use]
    pub fn with_limits(account: SmtpAccount, limits: SmtpLimits) -> Self {
        let places = || Semaphore::new(account.connections.max(1));
        let (places, stuck) = (places(), places());
        Self(Arc::new(Inner { account, limits, places, stuck, waiting: Mutex::new(Vec::new()), watched: AtomicBool::new(false) }))
    }

    /// Whether it has nothing to sign in with: no access token yet, or one that a server refused.
    #[must_use]
    pub fn lacks_token(&self) -> bool {
        let sign_in = self.0.account.sign_in.as_ref();
        sign_in.and_then(|(_, it)| it.token()).is_some_and(|it| it.get().is_err())
    }

    /// Hands a finished message to the server for one recipient; waits for a connection if all are busy.
    ///
    /// `from` is the envelope sender, none the null return path. Line ends become CRLF; nothing else is changed.
    pub async fn hand_over(&self, from: Option<&EmailAddress>, to: &EmailAddress, octets: &[u8]) -> HandOver {
        self.hand_over_while(&Fence::none(), from, to, octets).await
    }

    /// [`SmtpPool::hand_over`], as long as the fence stands: the last look at it is the step before the message itself.
    pub async fn hand_over_while(&self, fence: &Fence, from: Option<&EmailAddress>, to: &EmailAddress, octets: &[u8]) -> HandOver {
        let Ok(place) = self.0.places.acquire().await else {
            unreachable!("the semaphore is never closed");
        };
        if !fence.stands() {
            return hand_over::stopped("its lease ended before its turn came");
        }
        let letter = Letter { from, to, octets, fence };
        let mut over = std::pin::pin!(self.over_a_connection(&letter));
        tokio::select! {
            outcome = &mut over => return outcome,
            () = tokio::time::sleep(STUCK_AFTER.unsigned_abs()) => {}
        }
        // It is left to end by itself, and another has its place.
        let stuck = self.0.stuck.try_acquire();
        if stuck.is_ok() {
            drop(place);
        }
        over.await
    }

    async fn over_a_connection(&self, letter: &Letter<'_>) -> HandOver {
        if let Some(mut session) = self.waiting_session() {
            let (outcome, after) = hand_over::hand_over(&mut session, letter).await;
            match after {
                After::WasDead => (),
                After::Usable | After::Broken => return self.put_back(session, outcome, &after),
            }
        }
        fail_point!("smtp-connect");
        match Session::open(&self.0.account, self.0.limits).await {
            Ok(mut session) => {
                let (outcome, after) = hand_over::hand_over(&mut session, letter).await;
                self.put_back(session, outcome, &after)
            }
            Err(error) => hand_over::not_connected(&error),
        }
    }

    /// Connects, signs in, asks whether the server is there, and takes leave. Sends nothing.
    ///
    /// # Errors
    /// What stands in the way, and its mend.
    pub async fn probe(&self) -> Result<SmtpFindings, SmtpError> {
        let account = &self.0.account;
        let server = account.server.to_string();
        let mut session = Session::open(account, self.0.limits).await?;
        match session.command("NOOP").await {
            Step::Done(_) => (),
            Step::Refused { words, .. } => return Err(SmtpError::Refused { server, words }),
            Step::Lost(why) => return Err(SmtpError::Lost { server, why }),
        }
        // Said again, because lettre keeps no SIZE.
        let largest = match session.command("EHLO localhost").await {
            Step::Done(words) => size(&words),
            Step::Refused { .. } | Step::Lost(_) => None,
        };
        let findings = session.findings(account, largest);
        session.quit().await;
        Ok(findings)
    }

    /// The newest connection, unless even that has waited too long.
    fn waiting_session(&self) -> Option<Session> {
        let limit = self.0.limits.idle;
        self.waiting().pop().filter(|it| it.idle_since.elapsed() < limit)
    }

    fn put_back(&self, mut session: Session, outcome: HandOver, after: &After) -> HandOver {
        match after {
            After::Usable if session.messages < MOST_MESSAGES && self.waiting().len() < self.0.account.connections.max(1) => {
                session.idle_since = Instant::now();
                self.waiting().push(session);
                self.let_go_later();
            }
            After::Usable => drop(tokio::spawn(session.quit())),
            After::Broken | After::WasDead => (),
        }
        outcome
    }

    /// Once the work is over no connection stays open.
    fn let_go_later(&self) {
        if self.0.watched.swap(true, Ordering::AcqRel) {
            return;
        }
        let (inner, limit) = (Arc::downgrade(&self.0), self.0.limits.idle);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(limit).await;
                let Some(pool) = inner.upgrade().map(Self) else { return };
                for session in pool.over() {
                    session.quit().await;
                }
                // Under the lock, so that whoever puts one back after it starts another watch.
                let waiting = pool.waiting();
                if waiting.is_empty() {
                    pool.0.watched.store(false, Ordering::Release);
                    return;
                }
            }
        });
    }

    /// The connections that have waited too long.
    fn over(&self) -> Vec<Session> {
        let limit = self.0.limits.idle;
        let mut waiting = self.waiting();
        let (kept, over) = std::mem::take(&mut *waiting).into_iter().partition(|it| it.idle_since.elapsed() < limit);
        *waiting = kept;
        over
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Session>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `SIZE 52428800` among the words of an EHLO reply (RFC 1870).
fn size(words: &str) -> Option<u64> {
    let mut words = words.split(' ');
    words.find(|it| it.eq_ignore_ascii_case("SIZE"))?;
    words.next()?.parse().ok()
}
