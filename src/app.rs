//! Wires the rooms, starts server and workers, stops them gently.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    actions::{Desk, Mailboxes, settings::reload},
    api::{self, Api},
    auth::keys::Keys,
    clock::Clock,
    config::{Config, Mailbox, RootKey},
    desk::{id::MailboxId, present::Present},
    mail::{imap::ImapLimits, smtp::SmtpPool},
    panel::{self, Panel, metrics},
    store::{Opener, backup::make::Settings, mailboxes, sessions},
    templates::Templates,
    workers::{
        backup,
        health::{self, Rounds, SlowLooks, Surroundings},
        housekeeping,
        instance::{self, Instance},
        intake::Watched,
        lmtp::{self, OpenDoor},
        sender::{self, Lane, LaneBounds},
        take_in,
        tokens::Keeper,
    },
};

mod crews;
pub mod open;
use crews::Crews;

/// Whatever has not ended by then is left: everything that matters is in a committed row.
const TIME_TO_END: Duration = Duration::from_secs(12);

/// A running desk.
pub struct App {
    /// What actions need.
    pub desk: Arc<Desk>,
    /// Where the panel listens.
    pub address: SocketAddr,
    instance: Arc<Instance>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl App {
    /// Opens the store, listens, and starts the workers.
    ///
    /// # Errors
    /// When the database, the secret key or the address cannot be had: the sentence names it and the mend.
    pub async fn start(config: &Config, clock: Clock) -> anyhow::Result<Self> {
        let (desk, rows) = desk(config, clock, Opener::Daemon).await?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("listen: {} cannot be had; `maildesk check` says why", config.listen))?;
        Self::start_on(listener, config, desk, rows).await
    }

    /// The same for a desk that is open, with a panel that listens already: its address is known before there is a public URL.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn start_on(listener: TcpListener, config: &Config, desk: Desk, rows: Vec<MailboxId>) -> anyhow::Result<Self> {
        let address = listener.local_addr()?;
        let desk = Arc::new(desk);
        let instance = Instance::begin(&desk, &name(config.listen)).await?;
        let app =
            Self { desk: desk.clone(), address, instance: instance.clone(), stop: CancellationToken::new(), tasks: TaskTracker::new() };
        let panel = Panel::with_token((*desk).clone(), config.trusted_proxies.clone(), config.health_token.clone());
        app.serve_monitors(config.metrics_listen, panel.clone()).await?;
        app.serve(listener, panel, Api::new((*desk).clone(), config.trusted_proxies.clone())).await?;
        take_in::note_left_over(&desk).await?;
        sender::take_up(&desk).await?;
        app.tasks.spawn(instance::run(desk.clone(), instance.clone(), app.stop.clone()));
        if let Some(door) = &config.lmtp {
            let mend = || format!("lmtp.listen: {} cannot be had; another program may listen there, or its folder is missing", door.at);
            let open = OpenDoor::open(door.clone()).await.with_context(mend)?;
            app.tasks.spawn(lmtp::run(desk.clone(), open, app.stop.clone()));
        }
        app.tasks.spawn(housekeeping::run(desk.clone(), instance.clone(), app.stop.clone()));
        if let Some(schedule) = &config.desk.backup {
            app.tasks.spawn(backup::run(desk.clone(), schedule.clone(), settings(config)?, app.stop.clone()));
        }
        let senders = config.mailboxes.iter().zip(&rows).map(|(it, row)| (*row, SmtpPool::new(it.smtp.clone()))).collect();
        let rounds = Rounds::new(
            &name(config.listen),
            config.data_dir.clone(),
            SlowLooks::new(Surroundings { senders, door: config.lmtp.as_ref().map(|it| it.at.clone()) }),
        );
        app.tasks.spawn(health::run(desk.clone(), rounds, app.stop.clone()));
        let crews = Crews::new(desk.clone(), instance.clone(), app.stop.clone(), app.tasks.clone());
        for (mailbox, row) in config.mailboxes.iter().zip(rows) {
            crews.start(mailbox, row, &app.stop);
        }
        app.tasks.spawn(crews.run());
        Ok(app)
    }

    /// Counts from now on; and serves the port that is for monitors alone, where there is one.
    async fn serve_monitors(&self, address: Option<SocketAddr>, panel: Panel) -> anyhow::Result<()> {
        metrics::begin();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while tokio::time::timeout(metrics::UPKEEP, stop.cancelled()).await.is_err() {
                metrics::upkeep();
            }
        });
        let Some(address) = address else { return Ok(()) };
        let listener = TcpListener::bind(address).await.with_context(|| format!("metrics_listen: {address} cannot be had"))?;
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let served = axum::serve(listener, metrics::router(panel)).with_graceful_shutdown(async move { stop.cancelled().await }).await;
            if let Err(error) = served {
                tracing::error!("metrics_listen ended: {error}");
            }
        });
        tracing::info!("/metrics and /readyz are told on http://{address}");
        Ok(())
    }

    async fn serve(&self, listener: TcpListener, panel: Panel, api: Api) -> anyhow::Result<()> {
        if !sessions::has_admin(&mut *self.desk.store.read().await?).await? {
            // The one secret that is logged: it works only while the desk has no admin, and whoever reads the log runs the desk.
            tracing::warn!("this desk has no admin yet; make the first one at {}", panel.set_up_address());
        }
        self.tasks.spawn(panel::live::hear_others(panel.clone(), self.stop.clone()));
        let ending = panel.clone();
        let service = web(panel, api).into_make_service_with_connect_info::<SocketAddr>();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let served = axum::serve(listener, service)
                .with_graceful_shutdown(async move {
                    stop.cancelled().await;
                    ending.stop();
                })
                .await;
            if let Err(error) = served {
                tracing::error!("the panel ended: {error}");
            }
        });
        tracing::info!("the panel listens on http://{}", self.address);
        Ok(())
    }

    /// Ends server and workers, waits for what they have in hand (12 s at most), and closes the store.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(TIME_TO_END, self.tasks.wait()).await.is_err() {
            tracing::warn!("some work did not end in time; it is done again at the next start");
        }
        tokio::time::timeout(Duration::from_secs(1), self.instance.end(&self.desk)).await.ok();
        tokio::time::timeout(Duration::from_secs(2), self.desk.store.close()).await.ok();
    }
}

/// Everything that one address serves: the API below its prefix, and the panel.
pub fn web(panel: Panel, api: Api) -> Router {
    Router::new().nest_service(api::PREFIX, api::router(api)).fallback_service(panel::router(panel))
}

/// How a mailbox of the configuration is watched; `row`: its row. None: its mail is handed over.
#[must_use]
pub fn watched(mailbox: &Mailbox, row: MailboxId) -> Option<Watched> {
    let folder = mailbox.imap.as_ref()?;
    Some(Watched {
        mailbox: row,
        name: mailbox.settings.name.clone(),
        account: folder.account.clone(),
        poll_every: folder.poll_every.unsigned_abs(),
        take_existing: mailbox.settings.take_existing,
        limits: ImapLimits::default(),
    })
}

/// Who keeps the token of a mailbox of the configuration good; none where it signs in with a password.
#[must_use]
pub fn keeper(mailbox: &Mailbox, row: MailboxId, owner: &str) -> Option<Keeper> {
    let (client, current) = (mailbox.settings.oauth.as_ref()?, mailbox.token()?);
    Some(Keeper::new(row, &mailbox.settings.name, client, current, owner))
}

/// The way out of a mailbox of the configuration; `row`: its row.
#[must_use]
pub fn lane(mailbox: &Mailbox, row: MailboxId, owner: &str) -> Lane {
    let pool = SmtpPool::new(mailbox.smtp.clone());
    let bounds = LaneBounds { connections: mailbox.smtp.connections, per_minute: mailbox.per_minute };
    Lane::new(row, mailbox.settings.address.clone(), pool, bounds, owner)
}

/// What belongs to a desk beside its data, for a backup.
///
/// # Errors
/// When the key cannot be read.
pub fn settings(config: &Config) -> anyhow::Result<Settings> {
    let secret_key = match &config.root_key {
        // Not made here: a desk that never ran has none.
        RootKey::KeptIn(file) if !file.exists() => None,
        RootKey::KeptIn(_) | RootKey::Given(_) => Some(config.root_key.load()?.expose_secret().as_bytes().to_vec()),
    };
    Ok(Settings { configuration: config.text.expose_secret().as_bytes().to_vec(), secret_key })
}

/// What this instance is called: its machine and where it listens. Two may be called the same.
fn name(listen: SocketAddr) -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}/{listen}", host.trim())
}

/// The desk of a configuration without anything running, and the rows of its mailboxes in their order.
///
/// # Errors
/// When the database or the secret key cannot be had.
pub async fn desk(config: &Config, clock: Clock, opener: Opener) -> anyhow::Result<(Desk, Vec<MailboxId>)> {
    let store = open::store(config, opener).await?;
    let secret = config.root_key.load()?;
    let mut rows = Vec::new();
    let mut tx = store.begin().await?;
    for mailbox in &config.mailboxes {
        rows.push(mailboxes::ensure(&mut tx, &mailbox.settings.name, &mailbox.settings.address).await?);
    }
    tx.commit().await?;
    let settings = config.mailboxes.iter().map(|it| it.settings.clone());
    let of = |it: &Mailbox| it.given.0.iter().map(|key| format!("{}.{key}", it.settings.name)).collect::<Vec<_>>();
    let declared = config.mailboxes.iter().flat_map(of).collect();
    let desk = Desk {
        store,
        clock,
        settings: Present::declared(config.desk.clone(), config.given.0.clone()),
        mailboxes: Present::declared(Mailboxes::new(rows.iter().copied().zip(settings).collect()), declared),
        keys: Keys::from_root(secret.expose_secret().as_bytes()),
        url: config.public_url.clone(),
        templates: Arc::new(Templates::new()),
        outbox_grew: Arc::new(tokio::sync::watch::channel(0).0),
        health: Default::default(),
        tokens_moved: Arc::new(tokio::sync::watch::channel(0).0),
    };
    reload(&desk).await?;
    Ok((desk, rows))
}
