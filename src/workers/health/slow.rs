//! What takes its time to look at: whether each server for outgoing mail would take us, whether the public URL
//! leads here, whether the door for LMTP is open.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Desk,
    clock::Clock,
    desk::{id::MailboxId, lmtp::LmtpPlace, public_url::PublicUrl},
    mail::{
        site::{self, NoAnswer},
        smtp::{SmtpError, SmtpPool},
    },
    workers::lmtp::{self, Greeting},
};

/// A server that took us is asked again after so long: a password that expires at night is known before the first reply.
const WELL: Duration = Duration::from_secs(15 * 60);

/// A public URL that leads here.
const URL_WELL: Duration = Duration::from_secs(5 * 60);

/// What could not be reached.
const UNWELL: Duration = Duration::from_secs(60);

/// One that refused the sign-in: asked too often, it would lock the account.
const REFUSED: Duration = Duration::from_secs(5 * 60);

/// Our own door: asking costs nothing, and nobody else may notice that it is shut.
const DOOR: Duration = Duration::from_secs(15);

/// A clock that differs by more from another machine’s makes signatures and sessions fail, and mail look wrong.
const CLOCKS_MAY_DIFFER: SignedDuration = SignedDuration::from_mins(1);

/// How often it is seen whether something is due.
const EVERY: Duration = Duration::from_secs(5);

/// What is around the desk.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The servers for outgoing mail.
    pub senders: Vec<(MailboxId, SmtpPool)>,
    /// Where a mail server hands mail over; none: nowhere.
    pub door: Option<LmtpPlace>,
}

/// What was found out; all clones are one.
#[derive(Clone, Default)]
pub struct SlowLooks(Arc<Inner>);

#[derive(Default)]
struct Inner {
    around: Surroundings,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    senders: HashMap<MailboxId, Sender>,
    url: Option<Site>,
    /// How far this machine’s clock is from that of the web server at the public URL.
    apart: Option<SignedDuration>,
    door: Option<Site>,
}

/// A place that leads here, or should.
struct Site {
    asked: Instant,
    fault: Option<String>,
}

struct Sender {
    asked: Instant,
    fault: Option<String>,
    again_after: Duration,
}

impl SlowLooks {
    /// Of these surroundings; nothing is known yet.
    #[must_use]
    pub fn new(around: Surroundings) -> Self {
        Self(Arc::new(Inner { around, known: Mutex::default() }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can leave from a mailbox; none: it can, or that is not known.
    #[must_use]
    pub fn sender_fault(&self, mailbox: MailboxId) -> Option<String> {
        self.known().senders.get(&mailbox).and_then(|it| it.fault.clone())
    }

    /// Why the public URL does not lead here; none: it does, or that is not known.
    #[must_use]
    pub fn public_url(&self) -> Option<String> {
        self.known().url.as_ref().and_then(|it| it.fault.clone())
    }

    /// How far this machine’s clock is from that of the web server at the public URL; none: by less than a minute, or that is not known.
    #[must_use]
    pub fn apart(&self) -> Option<SignedDuration> {
        self.known().apart.filter(|it| it.abs() > CLOCKS_MAY_DIFFER)
    }

    /// Why nobody can hand mail over; none: it can be done, or that is not known.
    #[must_use]
    pub fn door(&self) -> Option<String> {
        self.known().door.as_ref().and_then(|it| it.fault.clone())
    }

    /// Asks our own door whether it is open, when that is due: its socket may have been taken away from outside.
    pub async fn ask_door(&self) {
        let Some(at) = &self.0.around.door else { return };
        let due = self.known().door.as_ref().is_none_or(|it| it.asked.elapsed() >= DOOR);
        if !due {
            return;
        }
        let asked = Instant::now();
        let fault = match lmtp::greeting(at).await {
            Ok(Greeting::Ours | Greeting::TurnedAway) => None,
            Ok(Greeting::AnotherProgram) => Some(format!("another program answers at {at}; stop it, or write another lmtp.listen")),
            Err(why) => Some(format!("nobody answers at {at}: {why}")),
        };
        self.known().door = Some(Site { asked, fault });
    }

    fn is_due(&self, mailbox: MailboxId) -> bool {
        let known = self.known();
        known.senders.get(&mailbox).is_none_or(|it| it.asked.elapsed() >= it.again_after)
    }

    /// Asks every server for outgoing mail that is due: connects, signs in, sends nothing.
    pub async fn ask_senders(&self) {
        let due = self.0.around.senders.iter().filter(|(mailbox, _)| self.is_due(*mailbox));
        join_all(due.map(|(mailbox, pool)| async move {
            let asked = Instant::now();
            let found = pool.probe().await;
            let (fault, again_after) = match found {
                Ok(_) => (None, WELL),
                Err(error @ (SmtpError::SignIn { .. } | SmtpError::NoSignIn { .. })) => (Some(error.to_string()), REFUSED),
                Err(error) => (Some(error.to_string()), UNWELL),
            };
            self.known().senders.insert(*mailbox, Sender { asked, fault, again_after });
        }))
        .await;
    }

    /// Asks the public URL whether it leads here, when that is due. Where it is silent to this machine alone, nothing is said: people
    /// may reach it all the same.
    pub async fn ask_public_url(&self, url: &PublicUrl, clock: &Clock) {
        let due = self.known().url.as_ref().is_none_or(|it| it.asked.elapsed() >= if it.fault.is_some() { UNWELL } else { URL_WELL });
        if !due {
            return;
        }
        let asked = Instant::now();
        let mut apart = None;
        let fault = match site::healthz(url).await {
            Ok(answer) => {
                let date = answer.date.filter(|_| clock.is_the_machines());
                apart = date.map(|it| clock.now().duration_since(it));
                site::fault(&answer)
            }
            Err(NoAnswer::Silence) => None,
            Err(why @ (NoAnswer::NoName(_) | NoAnswer::SilentDns | NoAnswer::Nobody(_) | NoAnswer::Strange(_))) => Some(why.to_string()),
        };
        let fault = fault.map(|why| format!("public_url {url} does not lead here: {why}"));
        let mut known = self.known();
        (known.url, known.apart) = (Some(Site { asked, fault }), apart);
    }
}

/// Looks at what is due until it is told to stop.
pub(super) async fn run(desk: Arc<Desk>, looks: SlowLooks, stop: CancellationToken) {
    loop {
        let look = async { tokio::join!(looks.ask_senders(), looks.ask_public_url(&desk.url, &desk.clock), looks.ask_door()) };
        tokio::select! {
            () = stop.cancelled() => return,
            ((), (), ()) = look => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
