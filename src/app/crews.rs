//! The workers of each mailbox: those of the configuration file run as long as the desk, those that were added on the web come and go
//! with what is said of them, on every instance.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{keeper, lane, watched};
use crate::{
    actions::{Desk, web_mailboxes},
    config::Mailbox,
    desk::{id::MailboxId, settings::Mode},
    store::mailbox_accounts::AccountState,
    workers::{
        WorkerError, caught,
        instance::Instance,
        intake, lmtp, look_again, sender,
        settings::{self, Known},
        tokens,
    },
};

/// So often it is seen whether something was set, here or elsewhere.
const EVERY: Duration = Duration::from_secs(2);

/// What a worker has in hand when it is told to stop takes no longer; whatever it is, it is in a committed row.
const TIME_TO_END: Duration = Duration::from_secs(15);

/// Starts workers, and knows those of mailboxes that were added on the web.
pub(super) struct Crews {
    pub desk: Arc<Desk>,
    pub instance: Arc<Instance>,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    running: HashMap<MailboxId, Crew>,
}

struct Crew {
    /// What is said of the mailbox: other words, other workers.
    said: String,
    stop: CancellationToken,
    work: Vec<JoinHandle<()>>,
}

impl Crews {
    pub fn new(desk: Arc<Desk>, instance: Arc<Instance>, stop: CancellationToken, tasks: TaskTracker) -> Self {
        Self { desk, instance, stop, tasks, running: HashMap::new() }
    }

    /// Sets the workers of a mailbox to work.
    pub fn start(&self, mailbox: &Mailbox, row: MailboxId, stop: &CancellationToken) -> Vec<JoinHandle<()>> {
        let (desk, owner) = (&self.desk, self.instance.owner());
        let mut work = match watched(mailbox, row) {
            Some(watched) => vec![
                self.tasks.spawn(intake::run(desk.clone(), self.instance.clone(), watched.clone(), stop.clone())),
                self.tasks.spawn(look_again::run(desk.clone(), watched, stop.clone())),
            ],
            None => vec![self.tasks.spawn(lmtp::write_to_itself(desk.clone(), row, self.instance.clone(), stop.clone()))],
        };
        // What a mailbox in shadow mode owes from before waits until it is live again.
        if mailbox.settings.mode == Mode::Live {
            work.push(self.tasks.spawn(sender::run(desk.clone(), lane(mailbox, row, &owner), stop.clone())));
        }
        if let Some(keeper) = keeper(mailbox, row, &owner) {
            work.push(self.tasks.spawn(tokens::run(desk.clone(), keeper, stop.clone())));
        }
        work
    }

    /// Ends the workers of what was changed, paused or removed, and starts those of what is to be at work.
    async fn sync(&mut self) -> Result<(), WorkerError> {
        let added = web_mailboxes::all(&self.desk, &mut *self.desk.store.read().await?).await?;
        let wanted: HashMap<MailboxId, (String, Mailbox)> = added
            .into_iter()
            .filter(|it| it.state == AccountState::On && self.desk.mailboxes.iter().any(|(id, _)| id == it.id))
            .filter_map(|it| Some((it.id, (it.fingerprint, it.mailbox.ok()?))))
            .collect();
        let over: Vec<MailboxId> =
            self.running.iter().filter(|(id, crew)| wanted.get(id).is_none_or(|(said, _)| *said != crew.said)).map(|(id, _)| *id).collect();
        for id in over {
            let Some(crew) = self.running.remove(&id) else { continue };
            crew.stop.cancel();
            let ended = async {
                for work in crew.work {
                    work.await.ok();
                }
            };
            if tokio::time::timeout(TIME_TO_END, ended).await.is_err() {
                tracing::warn!("the workers of mailbox {id} take long to end");
            }
            tracing::info!("mailbox {id} is not at work any more, as it was set");
        }
        for (id, (said, mailbox)) in wanted {
            if !self.running.contains_key(&id) {
                let stop = self.stop.child_token();
                let work = self.start(&mailbox, id, &stop);
                tracing::info!(mailbox = %mailbox.settings.name, "mailbox {} is at work", mailbox.settings.name);
                self.running.insert(id, Crew { said, stop, work });
            }
        }
        Ok(())
    }

    /// Has at work what is set; what was to leave from a mailbox that is gone finds another way out.
    async fn follow(&mut self) -> Result<(), WorkerError> {
        self.sync().await?;
        let desk = self.desk.clone();
        // One that was added while others ended is not gone.
        caught(async {
            settings::step(&desk, &mut Known::default()).await?;
            sender::take_up(&desk).await
        })
        .await
    }

    /// Follows what is set until it is told to stop.
    pub async fn run(mut self) {
        let mut known = Known::default();
        while !self.stop.is_cancelled() {
            let desk = self.desk.clone();
            let looked = caught(async { settings::step(&desk, &mut known).await }).await;
            let done = match looked {
                Ok(settings::Looked::Changed) => self.follow().await,
                Ok(settings::Looked::AsItWas) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::warn!("what is set cannot be followed: {error}");
                known = Known::default();
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
