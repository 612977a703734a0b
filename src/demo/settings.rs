//! The demo's configuration: in memory, and for the demo's own mail world.

use std::{net::SocketAddr, path::Path};

use jiff::{SignedDuration, tz::TimeZone};
use secrecy::SecretString;

use super::{
    cast::{DESK, MAILBOXES, PASSWORD, address},
    world::World,
};
use crate::{
    config::{Config, Given, KEY_FILE, LogFormat, Mailbox, RootKey, WatchedFolder},
    desk::{
        mailbox::{ImapAccount, MailServer, SmtpAccount, Tls},
        public_url::PublicUrl,
        settings::{
            AtWork, DeskSettings, FirstConnection, ListMail, MailboxSettings, Mode, Portal, Receipt, Satisfaction, SenderName,
            StatusNotice, SubAddressing, TakeExisting, WayIn,
        },
    },
};

/// What `maildesk serve` would read from a file.
pub(super) fn config(panel: SocketAddr, world: &World, data_dir: &Path, undo_window: SignedDuration) -> anyhow::Result<Config> {
    let database = format!("sqlite:{}", data_dir.join("maildesk.db").display());
    Ok(Config {
        text: SecretString::default(),
        holds_secrets: false,
        lmtp: None,
        listen: panel,
        public_url: PublicUrl::parse(&format!("http://{panel}"))?,
        data_dir: data_dir.to_owned(),
        database_url: database.into(),
        root_key: RootKey::KeptIn(data_dir.join(KEY_FILE)),
        trusted_proxies: Vec::new(),
        metrics_listen: None,
        health_token: None,
        log: LogFormat::Text,
        log_filter: "warn".to_owned(),
        given: Given::default(),
        desk: DeskSettings {
            name: DESK.to_owned(),
            time_zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
            undo_window,
            ..DeskSettings::default()
        },
        mailboxes: MAILBOXES.iter().map(|(name, address)| mailbox(world, name, address)).collect(),
    })
}

/// How people's mail programs send: the world takes mail for everybody it knows, and asks nobody to sign in.
pub(super) fn anybody(world: &World) -> SmtpAccount {
    SmtpAccount { server: server(world.smtp_addr()), sign_in: None, connections: 4 }
}

fn server(at: SocketAddr) -> MailServer {
    MailServer { host: at.ip().to_string(), port: at.port(), tls: Tls::None, ca_file: None }
}

fn mailbox(world: &World, name: &str, at: &str) -> Mailbox {
    Mailbox {
        settings: MailboxSettings {
            name: name.to_owned(),
            address: address(at),
            display_name: DESK.to_owned(),
            // The world begins empty: whatever lies there was sent to this desk.
            mode: Mode::Live,
            way_in: WayIn::Folder,
            take_existing: TakeExisting::All,
            first_connection: FirstConnection::Take,
            list_mail: ListMail::Hold,
            authserv_id: None,
            sub_addressing: SubAddressing::Plus,
            notices: StatusNotice::WORDS.iter().map(|(_, it)| *it).collect(),
            receipt: Receipt::Send,
            satisfaction: Satisfaction::Ask,
            sender_name: SenderName::Desk,
            portal: Portal::Offer,
            // A desk to look at is not to write to itself.
            probe_every: None,
            oauth: None,
            work: AtWork::Yes,
        },
        imap: Some(WatchedFolder {
            account: ImapAccount {
                server: server(world.imap_addr()),
                user: at.to_owned(),
                sign_in: PASSWORD.into(),
                folder: "INBOX".to_owned(),
                done_folder: Some("Processed".to_owned()),
            },
            poll_every: SignedDuration::from_mins(1),
        }),
        smtp: SmtpAccount { server: server(world.smtp_addr()), sign_in: Some((at.to_owned(), PASSWORD.into())), connections: 2 },
        per_minute: 100_000,
        given: Given::default(),
    }
}
