//! `maildesk demo`: a desk with a mail world of its own, on this machine alone; and the tests stand on the same world.

mod cast;
mod data;
mod files;
pub mod letter;
pub mod mail_program;
mod mailbox_page;
mod seed;
mod settings;
mod stage;
pub mod story;
pub mod world;
mod writing;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use jiff::SignedDuration;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::cast::{DESK, Fate, PASSWORD, SUPPORT, UNREACHABLE};
use self::{
    cast::{MAILBOXES, MEMBERS},
    data::{DataFolder, Holds},
    mailbox_page::MailboxPage,
    world::{World, WorldOptions},
};
use crate::{
    actions::Desk,
    app::{self, App},
    clock::Clock,
    mail::smtp::SmtpPool,
    store::Opener,
};

/// How long what is under way may take at the end, and how long what lies in the watched folders to be taken in.
const LAST_MAIL: Duration = Duration::from_secs(2);

/// Where the demo listens when nobody says otherwise and the port is free.
const PANEL_PORT: u16 = 8025;
const MAILBOX_PAGE_PORT: u16 = 8026;
const SMTP_PORT: u16 = 2525;
const IMAP_PORT: u16 = 1143;

/// How a demo begins.
#[derive(Clone, Debug)]
pub struct DemoOptions {
    /// The panel; port 0: any free one. None: port 8025 if it is free.
    pub listen: Option<SocketAddr>,
    /// The world's SMTP server; as `listen`, port 2525.
    pub smtp: Option<SocketAddr>,
    /// The world's IMAP server; as `listen`, port 1143.
    pub imap: Option<SocketAddr>,
    /// Where the desk is kept; none: in a temporary folder that is gone at the end.
    pub data: Option<PathBuf>,
    /// How long a reply from the panel can be taken back.
    pub undo_window: SignedDuration,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { listen: None, smtp: None, imap: None, data: None, undo_window: SignedDuration::from_secs(10) }
    }
}

/// Somebody who can sign in, at the panel and for their mail.
#[derive(Clone, Debug, Serialize)]
pub struct SignIn {
    /// As people know them.
    pub name: &'static str,
    /// With what.
    pub email: &'static str,
    /// And with what.
    pub password: &'static str,
    /// `admin`, `helper` or `customer`.
    pub role: &'static str,
}

/// Where everything is, for people and scripts.
#[derive(Clone, Debug, Serialize)]
pub struct Announcement {
    /// The panel's address, without a trailing slash.
    pub panel: String,
    /// `127.0.0.1:PORT`.
    pub smtp: String,
    /// `127.0.0.1:PORT`.
    pub imap: String,
    /// Where customers write to.
    pub support: &'static str,
    /// Who can sign in: the admin first, then helpers, then customers.
    pub people: Vec<SignIn>,
    /// The address of the page with everybody's mailbox, without a trailing slash.
    pub mailbox: String,
}

/// A running demo.
pub struct Demo {
    app: App,
    world: Arc<World>,
    data: DataFolder,
    mailbox_page: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Demo {
    /// Starts the world, lets the desk live its two weeks if it has not yet, and serves.
    ///
    /// # Errors
    /// When an address or the folder cannot be had: the sentence names it and the mend.
    pub async fn start(options: DemoOptions) -> anyhow::Result<Self> {
        let listener = listen(options.listen, PANEL_PORT, "--listen").await?;
        let page_listener = listen(options.listen.map(|it| SocketAddr::new(it.ip(), 0)), MAILBOX_PAGE_PORT, "--listen").await?;
        let clock = Clock::showing(Clock::System.now());
        let world = Arc::new(a_world(&options, clock.clone()).await?);
        let data = DataFolder::open(options.data)?;
        let config = settings::config(listener.local_addr()?, &world, data.path(), options.undo_window)?;
        let (mut desk, rows) = app::desk(&config, clock, Opener::Daemon).await?;
        if data.holds() == Holds::Nothing {
            data.note_begun()?;
            seed::seed(&desk, &config, &rows, &world).await?;
            data.note_seeded()?;
        }
        desk.clock = Clock::System;
        let page = MailboxPage {
            world: world.clone(),
            post: SmtpPool::new(settings::anybody(&world)),
            templates: desk.templates.clone(),
            panel: desk.url.to_string(),
            zone: desk.settings.time_zone.clone(),
        };
        let app = App::start_on(listener, &config, desk, rows).await?;
        let demo =
            Self { app, world, data, mailbox_page: page_listener.local_addr()?, stop: CancellationToken::new(), tasks: TaskTracker::new() };
        demo.tasks.spawn(mailbox_page::serve(page_listener, page, demo.stop.clone()));
        Ok(demo)
    }

    /// Where everything is.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        let sign_in = |it: &cast::Member| SignIn { name: it.name, email: it.email, password: PASSWORD, role: it.role.as_str() };
        Announcement {
            panel: self.desk().url.to_string(),
            smtp: self.world.smtp_addr().to_string(),
            imap: self.world.imap_addr().to_string(),
            support: SUPPORT,
            people: MEMBERS.iter().map(sign_in).collect(),
            mailbox: format!("http://{}", self.mailbox_page),
        }
    }

    /// The desk that runs.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.app.desk
    }

    /// The mail world around it.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Takes no more mail, takes in what lies there, and ends everything. What was in a temporary folder is gone.
    ///
    /// # Errors
    /// When the temporary folder cannot be removed.
    pub async fn stop(self) -> io::Result<()> {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(LAST_MAIL, self.tasks.wait()).await.ok();
        self.world.stop_smtp().await;
        for (_, address) in MAILBOXES {
            // What is left is lost with the world: it is in memory alone.
            self.world.wait_for(address, "INBOX", LAST_MAIL, <[_]>::is_empty).await.ok();
        }
        self.app.stop().await;
        self.world.stop_imap().await;
        self.data.close().await
    }
}

async fn a_world(options: &DemoOptions, clock: Clock) -> anyhow::Result<World> {
    // Found first and given back: the world opens its own doors.
    let smtp = listen(options.smtp, SMTP_PORT, "--smtp").await?.local_addr()?;
    let imap = listen(options.imap, IMAP_PORT, "--imap").await?.local_addr()?;
    let options = WorldOptions { smtp_addr: smtp, imap_addr: imap, customer_password: PASSWORD.to_owned(), clock };
    let world = World::start(options).await.with_context(|| format!("the mail world cannot listen on {smtp} and {imap}"))?;
    for (_, address) in MAILBOXES {
        world.add_account(address, PASSWORD);
    }
    for member in MEMBERS {
        world.add_account(member.email, PASSWORD);
    }
    for (address, fate) in UNREACHABLE {
        world.treat(address, fate.treatment());
    }
    Ok(world)
}

/// The address that was asked for, or the usual port, or any free one.
async fn listen(asked: Option<SocketAddr>, usual: u16, option: &str) -> anyhow::Result<TcpListener> {
    if let Some(address) = asked {
        ensure!(
            address.ip().is_loopback(),
            "{option} {address} is open to other machines, and the demo’s passwords are known to all; use 127.0.0.1:{}",
            address.port()
        );
        return TcpListener::bind(address)
            .await
            .with_context(|| format!("{option} {address} cannot be had; name another, or port 0 for any"));
    }
    match TcpListener::bind(("127.0.0.1", usual)).await {
        Ok(listener) => Ok(listener),
        Err(_) => Ok(TcpListener::bind(("127.0.0.1", 0)).await?),
    }
}
