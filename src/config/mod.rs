//! Every knob that a machine needs to start. `deploy/maildesk.toml` documents each; a test holds the two together.

mod desk;
mod fault;
mod key;
mod lmtp;
mod mailbox;
mod oauth;
mod section;
mod source;
mod value;
pub mod web;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    string::FromUtf8Error,
};

use secrecy::{ExposeSecret, SecretString};

pub use self::{
    fault::{Fault, Faults, Place},
    key::{KEY_FILE, KeyError, RootKey},
    mailbox::{Mailbox, WatchedFolder},
};
use self::{
    section::{Noted, Reading, Section},
    value::{list, text, word},
};
use crate::desk::{lmtp::LmtpDoor, network::Network, public_url::PublicUrl, settings::DeskSettings};

/// A configuration without a fault: every value is within its bounds, every secret was read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file as it was read, for the backup; may hold passwords.
    pub text: SecretString,
    /// Whether it does: whoever reads the file can then sign in somewhere.
    pub holds_secrets: bool,
    /// Where the panel is served.
    pub listen: SocketAddr,
    /// How people reach the panel: what links in mail begin with.
    pub public_url: PublicUrl,
    /// The folder that holds everything but a PostgreSQL database; absolute.
    pub data_dir: PathBuf,
    /// `sqlite:` with an absolute path, or `postgres://`; may hold a password.
    pub database_url: SecretString,
    /// What sessions, reply addresses and Message-IDs are signed with.
    pub root_key: RootKey,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Where `/metrics` and `/readyz` are told to whoever reaches it; none: by the panel alone, to who may know.
    pub metrics_listen: Option<SocketAddr>,
    /// What a monitor brings to `/readyz` and `/metrics` of the panel to be told everything; none: staff alone are.
    pub health_token: Option<SecretString>,
    /// How log lines are written.
    pub log: LogFormat,
    /// Which log lines are written, as a filter of the `tracing` crate; never such that a password would be.
    pub log_filter: String,
    /// `[desk]`.
    pub desk: DeskSettings,
    /// What of it is given; what is not, people may choose on the web.
    pub given: Given,
    /// `[lmtp]`: where a mail server hands mail over; none: nowhere.
    pub lmtp: Option<LmtpDoor>,
    /// `[[mailbox]]`, in the order of the file; may be empty.
    pub mailboxes: Vec<Mailbox>,
}

/// The keys that are given; how they are given is no part of what a configuration says, and not shown.
#[derive(Clone, Default)]
pub struct Given(pub BTreeSet<String>);

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Given")
    }
}

/// How log lines are written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for a log collector.
    Json,
}

const LOG_FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

const SHORTEST_TOKEN: usize = 16;

/// Variables that begin with `MAILDESK_` and are no key: the path of the file, and what Kubernetes sets for a service of our name.
const NO_KEYS: &[&str] = &["MAILDESK_CONFIG", "MAILDESK_PORT", "MAILDESK_SERVICE_", "MAILDESK_TEST_"];

impl Config {
    /// Reads the file, and the environment of this process over it.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn load(file: &Path) -> Result<Self, Faults> {
        let name = file.display().to_string();
        let octets = fs::read(file).map_err(|why| Faults::one(&name, format!("cannot be read: {why}; name another with --config")))?;
        let text = String::from_utf8(octets).map_err(|why| Faults::new(&name, vec![not_utf8(&why)]))?;
        let base = std::path::absolute(file).ok().and_then(|it| it.parent().map(Path::to_owned)).unwrap_or_default();
        Self::read(
            &text,
            &name,
            base,
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// Reads a text that lies in the folder `base` under a name that faults call it by, with an environment over it.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(text: &str, name: &str, base: PathBuf, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Faults> {
        let (config, reading) = read(text, base, environment).map_err(|faults| Faults::new(name, faults))?;
        config.ok().filter(|_| reading.faults.is_empty()).ok_or_else(|| Faults::new(name, reading.faults))
    }

    /// The path of every key that a configuration can hold: `mailbox.imap.host`.
    #[must_use]
    pub fn keys() -> BTreeSet<String> {
        let one_mailbox = "[[mailbox]]\nname = \"one\"\n[mailbox.imap]";
        read(one_mailbox, PathBuf::new(), []).map(|(_, reading)| reading.asked).unwrap_or_default()
    }
}

/// Where the first letter stands that is written otherwise. The line itself is not shown: it may hold a password.
fn not_utf8(why: &FromUtf8Error) -> Fault {
    let before = &why.as_bytes()[..why.utf8_error().valid_up_to()];
    let line = before.iter().filter(|it| **it == b'\n').count() + 1;
    Fault { place: Place::Line(line), text: "it is not UTF-8: save it as UTF-8".to_owned() }
}

type Read = (Result<Config, Noted>, Reading);

fn read(text: &str, base: PathBuf, environment: impl IntoIterator<Item = (String, String)>) -> Result<Read, Vec<Fault>> {
    let table = source::read(text)?;
    let ours = |name: &str| name.starts_with("MAILDESK_") && !NO_KEYS.iter().any(|it| name.starts_with(it));
    let environment: BTreeMap<_, _> = environment.into_iter().filter(|(name, _)| ours(name)).collect();
    let mut reading = Reading { base, environment, faults: Vec::new(), asked: BTreeSet::new(), secrets: BTreeSet::new() };
    let config = top(Section::top(&mut reading, table)).map(|it| Config {
        text: text.into(),
        holds_secrets: hold_one(&reading.secrets, &it.database_url),
        ..it
    });
    for name in std::mem::take(&mut reading.environment).into_keys() {
        let text = "is no variable that maildesk knows, or names a mailbox that the file does not have".to_owned();
        reading.faults.push(Fault { place: Place::Environment(name), text });
    }
    Ok((config, reading))
}

/// Whether one of these keys holds a secret; the database's does with a password in it.
fn hold_one(keys: &BTreeSet<String>, database_url: &SecretString) -> bool {
    let url = database_url.expose_secret();
    let before_host = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    let in_query = url.split_once('?').is_some_and(|(_, query)| query.split('&').any(|it| it.starts_with("password=")));
    let password = in_query || before_host.is_some_and(|(user, _)| user.contains(':'));
    keys.iter().any(|it| it != "database_url" || password)
}

fn top(mut top: Section<'_>) -> Result<Config, Noted> {
    let listen = top.or("listen", SocketAddr::from(([127, 0, 0, 1], 8025)), listen);
    let public_url = top.required("public_url", "write how people reach the panel: \"https://desk.example.com\"", public_url);
    let data_dir = top.path("data_dir").unwrap_or_else(|| PathBuf::from("/var/lib/maildesk"));
    let database_url = database_url(&mut top, &data_dir);
    let root_key = key::read(&mut top, database_url.as_ref().ok(), &data_dir);
    let trusted_proxies = top.or("trusted_proxies", Vec::new(), list(network));
    let metrics_listen = top.optional("metrics_listen", self::listen);
    let health_token = health_token(&mut top);
    let log = top.or("log", LogFormat::Text, word(LOG_FORMATS));
    let log_level = top.or("log_level", "info".to_owned(), log_level);
    let (desk, given) = desk::read(&mut top);
    let lmtp = lmtp::read(&mut top);
    // Where the door itself is at fault, that is told, and not that nothing comes in.
    let has_door = !matches!(lmtp, Ok(None));
    let mailboxes = mailbox::read(&mut top, &desk.name, has_door);
    top.finish();
    Ok(Config {
        text: SecretString::default(),
        holds_secrets: false,
        listen,
        public_url: public_url?,
        data_dir,
        database_url: database_url?,
        root_key: root_key?,
        trusted_proxies,
        metrics_listen,
        health_token: health_token?,
        log,
        // Below info it writes every line of a sign-in, password and all.
        log_filter: format!("{log_level},async_imap=info,tower_http=info"),
        desk,
        given: Given(given),
        lmtp: lmtp?,
        mailboxes: mailboxes?,
    })
}

/// A word that can be guessed would keep nobody out.
fn health_token(top: &mut Section<'_>) -> Result<Option<SecretString>, Noted> {
    match top.secret("health_token")? {
        Some(token) if token.expose_secret().len() < SHORTEST_TOKEN || !token.expose_secret().bytes().all(|it| it.is_ascii_graphic()) => {
            Err(top.at_odds("health_token is not at least 16 letters, digits and signs without a space; openssl rand -hex 16 makes one"))
        }
        token => Ok(token),
    }
}

fn listen(value: &source::Value) -> Result<SocketAddr, section::Refusal> {
    text(value)?.trim().parse().map_err(|_| "is not an IP address and a port such as 127.0.0.1:8025".to_owned())
}

fn network(value: &source::Value) -> Result<Network, section::Refusal> {
    text(value)?.parse().map_err(|why: crate::desk::network::NotANetwork| why.to_string())
}

fn public_url(value: &source::Value) -> Result<PublicUrl, section::Refusal> {
    let url = PublicUrl::parse(&text(value)?).map_err(|why| why.to_string())?;
    if url.protects_sign_ins() {
        return Ok(url);
    }
    Err("would send passwords readable over the network; put a proxy with TLS in front and write https://…".to_owned())
}

fn log_level(value: &source::Value) -> Result<String, section::Refusal> {
    let filter = text(value)?.trim().to_owned();
    let bare = !filter.contains(['=', ',', '[']);
    if bare && !["off", "error", "warn", "info", "debug", "trace"].contains(&filter.as_str()) {
        return Err("is not one of \"error\", \"warn\", \"info\", \"debug\", \"trace\" or \"off\"".to_owned());
    }
    if let Some(talker) = ["async_imap", "tower_http"].into_iter().find(|it| filter.contains(it)) {
        return Err(format!("would write passwords or invitations to the log; leave {talker} out"));
    }
    let checked = tracing_subscriber::EnvFilter::try_new(&filter);
    checked.map(|_| filter).map_err(|_| "is not a filter such as \"info\" or \"info,maildesk::mail=debug\"".to_owned())
}

/// May hold a password, so that no fault shows it. A file of SQLite's lies in the data folder unless its path is absolute.
fn database_url(top: &mut Section<'_>, data_dir: &Path) -> Result<SecretString, Noted> {
    let Some(given) = top.secret("database_url")? else { return Ok(sqlite(&data_dir.join("maildesk.db"))) };
    let url = given.expose_secret();
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(given);
    }
    match url.strip_prefix("sqlite:").map(|it| it.strip_prefix("//").unwrap_or(it)) {
        Some(path) if !path.is_empty() && !path.contains(['?', ':']) => Ok(sqlite(&data_dir.join(path))),
        _ => Err(top.at_odds("database_url is neither \"sqlite:FILE\" nor \"postgres://user:password@host/database\"")),
    }
}

/// `sqlite:` with the path as a URL carries it.
fn sqlite(path: &Path) -> SecretString {
    let path = path.display().to_string().replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite:{path}").into()
}
