//! Mailboxes that are added, changed, paused and removed on the web. What is said of one is read as the configuration file would be;
//! its secrets are sealed under the desk's key.

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    actions::{
        ActionError, Desk, Mailboxes, Result,
        audit::{self, Line},
        settings, transact,
        try_mailbox::{self, Tried},
    },
    config::{Mailbox, web},
    desk::{audit::AuditKind, id::MailboxId, mailbox::SignIn, permission::Act, person::Person, settings::AtWork},
    store::{
        Conn, Tx,
        mailbox_accounts::{self, Account, AccountState},
        mailboxes,
    },
};

pub use crate::config::web::{SECRETS, Says, Secrets};

const PURPOSE: &str = "mailbox secrets";

/// A mailbox that was added on the web.
#[derive(Clone, Debug)]
pub struct Added {
    /// Its row.
    pub id: MailboxId,
    /// Whether it is at work.
    pub state: AccountState,
    /// What is said of it.
    pub says: Says,
    /// Other words, another fingerprint.
    pub fingerprint: String,
    /// As the workers need it, or why it cannot be used.
    pub mailbox: std::result::Result<Mailbox, String>,
}

impl Added {
    /// Whether it neither reads nor sends.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.state == AccountState::Paused
    }
}

/// Every one that was not removed, but for those that the configuration file says by now.
///
/// # Errors
/// When the database fails.
pub async fn all(desk: &Desk, conn: &mut Conn) -> Result<Vec<Added>> {
    let declared = desk.mailboxes.at_first();
    let accounts = mailbox_accounts::all(conn).await?;
    let used = accounts.into_iter().filter(|it| it.state != AccountState::Removed);
    let ours = used.filter(|it| declared.iter().all(|(id, _)| id != it.mailbox));
    Ok(ours.map(|it| read(desk, it)).collect())
}

fn read(desk: &Desk, account: Account) -> Added {
    let says: Says = serde_json::from_str(&account.says).unwrap_or_default();
    let secrets = unsealed(desk, account.mailbox, account.secrets.as_deref());
    let lost = account.secrets.is_none() || secrets.is_none();
    let mailbox = web::mailbox(&says, &secrets.unwrap_or_default(), &desk.settings.name).map_err(|faults| {
        if lost {
            "its passwords are not here, or were kept under another secret_key; type them anew".to_owned()
        } else {
            faults.join("; ")
        }
    });
    // What is sealed is sealed otherwise each time it is written.
    let fingerprint = format!("{} {} {:?}", account.state.as_str(), account.says, account.secrets);
    Added { id: account.mailbox, state: account.state, says, fingerprint, mailbox }
}

/// Adds those that can be used to `declared`, with which none may share a name or an address.
pub(super) fn join(declared: Mailboxes, added: Vec<Added>) -> Mailboxes {
    let mut all: Vec<_> = declared.iter().map(|(id, it)| (id, it.clone())).collect();
    for one in added {
        let Ok(mailbox) = one.mailbox else { continue };
        if all.iter().any(|(_, it)| it.name == mailbox.settings.name || it.address == mailbox.settings.address) {
            continue;
        }
        let mut settings = mailbox.settings;
        settings.work = if one.state == AccountState::Paused { AtWork::Paused } else { AtWork::Yes };
        all.push((one.id, settings));
    }
    Mailboxes::new(all)
}

/// A mailbox to be kept.
#[derive(Clone, Copy, Debug)]
pub struct SavedMailbox<'a> {
    /// Which; none: a new one.
    pub id: Option<MailboxId>,
    /// What is said of it.
    pub says: &'a Says,
    /// Its secrets, as far as they are given anew.
    pub typed: &'a Secrets,
    /// Whether it is kept whatever its servers say.
    pub insist: Insist,
}

/// What came of saving a mailbox.
#[derive(Debug)]
pub enum Saved {
    /// It is kept, and at work within seconds.
    Yes(MailboxId, Vec<Tried>),
    /// It is not kept: a connection fails.
    Fails(Vec<Tried>),
}

/// Whether a mailbox is kept whose servers refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insist {
    /// It is not.
    No,
    /// It is: they may be mended later.
    Yes,
}

/// Adds a mailbox, or changes one that was added: read, tried at its servers, kept. A secret that is not given stays as it was.
///
/// # Errors
/// [`ActionError::Invalid`] with everything that is wrong, one a line; what [`ActionError`] lists.
pub async fn save(desk: &Desk, actor: &Person, new: &SavedMailbox<'_>) -> Result<Saved> {
    desk.allow(actor, Act::Manage)?;
    let SavedMailbox { id, says, typed, insist } = *new;
    let before = one(desk, id).await?;
    let secrets = kept_or_typed(desk, before.as_ref(), says, typed)?;
    let mailbox = web::mailbox(says, &secrets, &desk.settings.name).map_err(|faults| invalid(faults.join("\n")))?;
    refuse_elsewhere(&mailbox)?;
    if let Some(before) = &before {
        let name = |it: &Says| it.get("name").cloned().unwrap_or_default();
        if name(&before.says()) != mailbox.settings.name {
            return Err(invalid("the short name of a mailbox stays; add another mailbox, and remove this one".to_owned()));
        }
    }
    refuse_shared(desk, id, &mailbox)?;
    let tried = try_mailbox::try_mailbox(&mailbox).await;
    if insist == Insist::No && tried.iter().any(Tried::fails) {
        return Ok(Saved::Fails(tried));
    }
    let (now, mailbox, secrets) = (desk.clock.now(), &mailbox, &secrets);
    let (was, before) = (&before.as_ref().map(Account::says).unwrap_or_default(), &before);
    let id = transact(desk, |mut tx| async move {
        let state = still_so(&mut tx, before.as_ref()).await?;
        let id = mailboxes::ensure(&mut tx, &mailbox.settings.name, &mailbox.settings.address).await?;
        let text = serde_json::to_string(says).unwrap_or_default();
        let sealed = sealed(desk, id, secrets);
        mailbox_accounts::put(&mut tx, id, state, &text, &sealed).await?;
        note_changes(&mut tx, actor, &mailbox.settings.name, was, says, now).await?;
        if !typed.is_empty() {
            audit::note(&mut tx, actor, Line::of(AuditKind::Mailbox, &mailbox.settings.name, "was given a password or secret"), now)
                .await?;
        }
        tx.commit().await?;
        Ok(id)
    })
    .await?;
    settings::reload(desk).await?;
    Ok(Saved::Yes(id, tried))
}

/// The state to keep it in, unless somebody changed it while its servers were tried.
async fn still_so(tx: &mut Tx, before: Option<&Account>) -> Result<AccountState> {
    let Some(before) = before else { return Ok(AccountState::On) };
    let now = mailbox_accounts::lock(tx, before.mailbox).await?.filter(|it| it.state != AccountState::Removed);
    match now {
        Some(now) if (&now.says, &now.secrets) == (&before.says, &before.secrets) => Ok(now.state),
        Some(_) | None => {
            let why = "somebody else changed this mailbox while its servers were tried; look at it again, and save then";
            Err(ActionError::Conflict(why.to_owned()))
        }
    }
}

async fn note_changes(tx: &mut Tx, actor: &Person, name: &str, was: &Says, is: &Says, now: jiff::Timestamp) -> Result<()> {
    if was.is_empty() {
        let address = is.get("address").cloned().unwrap_or_default();
        return audit::note(tx, actor, Line::of(AuditKind::Mailbox, name, "added").to(address), now).await;
    }
    let mut keys: Vec<&String> = was.keys().chain(is.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let value = |of: &Says| of.get(key).cloned().unwrap_or_default();
        let line = Line::of(AuditKind::Mailbox, format!("{key} of {name}"), "set").from(value(was)).to(value(is));
        audit::note(tx, actor, line, now).await?;
    }
    Ok(())
}

/// What is done with a mailbox as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It neither reads nor sends; what is written waits.
    Pause,
    /// It is at work again.
    Resume,
    /// It is given up; its tickets stay, and are answered for by the first mailbox.
    Remove,
}

/// Does it.
///
/// # Errors
/// What [`ActionError`] lists; conflict for removing one from which mail is still to leave.
pub async fn step(desk: &Desk, actor: &Person, id: MailboxId, step: Step) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    one(desk, Some(id)).await?;
    let (state, what) = match step {
        Step::Pause => (AccountState::Paused, "paused"),
        Step::Resume => (AccountState::On, "resumed"),
        Step::Remove => (AccountState::Removed, "removed"),
    };
    let name = &desk.name_of(id);
    transact(desk, |mut tx| async move {
        if step == Step::Remove && mailbox_accounts::still_to_leave(&mut tx, id).await? > 0 {
            let why = "mail is still to leave from this mailbox; let it leave, or call it off under Mail, and remove it then";
            return Err(ActionError::Conflict(why.to_owned()));
        }
        mailbox_accounts::set_state(&mut tx, id, state).await?;
        audit::note(&mut tx, actor, Line::of(AuditKind::Mailbox, name, what), desk.clock.now()).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    settings::reload(desk).await
}

/// One that was added on the web, and is not said by the file.
async fn one(desk: &Desk, id: Option<MailboxId>) -> Result<Option<Account>> {
    let Some(id) = id else { return Ok(None) };
    if desk.mailboxes.at_first().iter().any(|(it, _)| it == id) {
        return Err(ActionError::Conflict("this mailbox is said in the configuration file; change it there".to_owned()));
    }
    let all = mailbox_accounts::all(&mut *desk.store.read().await?).await?;
    let found = all.into_iter().find(|it| it.mailbox == id && it.state != AccountState::Removed);
    Ok(Some(found.ok_or(ActionError::Missing("mailbox"))?))
}

fn invalid(why: String) -> ActionError {
    ActionError::Invalid { field: "mailbox", why }
}

/// An access token goes to the servers of whoever gave it alone; a server of one's own may be sent by with a password of its own.
fn refuse_elsewhere(new: &Mailbox) -> Result<()> {
    let Some(preset) = new.settings.oauth.as_ref().and_then(|it| it.provider.preset(it.flow, "")) else { return Ok(()) };
    let brings_token = |it: &SignIn| matches!(it, SignIn::Token(_));
    let imap = new.imap.as_ref().filter(|it| brings_token(&it.account.sign_in)).map(|it| (&it.account.server, preset.imap, "imap.host"));
    let smtp = new.smtp.sign_in.as_ref().filter(|it| brings_token(&it.1)).map(|_| (&new.smtp.server, preset.smtp, "smtp.host"));
    for (server, place, key) in [imap, smtp].into_iter().flatten() {
        if !server.host.eq_ignore_ascii_case(place.host) {
            let (host, its) = (&server.host, place.host);
            return Err(invalid(format!("{key} is {host}, where an access token would go that is for {its}; leave it empty")));
        }
    }
    Ok(())
}

/// No two mailboxes have the same name or address.
fn refuse_shared(desk: &Desk, id: Option<MailboxId>, new: &Mailbox) -> Result<()> {
    let other = desk.mailboxes.iter().filter(|(it, _)| Some(*it) != id);
    for (_, it) in other {
        if it.name == new.settings.name {
            return Err(invalid(format!("there is a mailbox called {} already; give this one another short name", it.name)));
        }
        if it.address == new.settings.address {
            return Err(invalid(format!("{} is a mailbox of this desk already", it.address)));
        }
    }
    Ok(())
}

/// The secrets to keep, without those that nothing asks for any more. One that is kept goes to the server that it was typed for alone:
/// whoever could send it to another would have read it.
fn kept_or_typed(desk: &Desk, before: Option<&Account>, says: &Says, typed: &Secrets) -> Result<Secrets> {
    let kept = before.and_then(|it| unsealed(desk, it.mailbox, it.secrets.as_deref())).unwrap_or_default();
    let was = before.map(Account::says).unwrap_or_default();
    let mut secrets = typed.clone();
    for (secret, goes_to) in GOES_TO {
        let Some(kept) = kept.get(*secret).filter(|_| !typed.contains_key(*secret) && is_asked_for(secret, says)) else { continue };
        let value = |of: &Says, key: &str| of.get(key).cloned().unwrap_or_default();
        if let Some(other) = goes_to.iter().find(|it| value(&was, it) != value(says, it)) {
            return Err(invalid(format!("{other} is another now: type {secret} anew, which is kept for what it was typed for alone")));
        }
        secrets.insert((*secret).to_owned(), kept.clone());
    }
    Ok(secrets)
}

/// Each secret, with what says to whom it goes.
const GOES_TO: &[(&str, &[&str])] = &[
    ("imap.password", &["imap.host", "imap.port", "imap.tls", "imap.user"]),
    ("smtp.password", &["smtp.host", "smtp.port", "smtp.tls", "smtp.user"]),
    ("oauth.client_secret", &["oauth.provider", "oauth.tenant", "oauth.client_id"]),
];

/// Whether a mailbox that is said so has any use for a secret.
fn is_asked_for(secret: &str, says: &Says) -> bool {
    let is_said = |key: &str| says.get(key).is_some_and(|it| !it.is_empty());
    match secret {
        "oauth.client_secret" => is_said("oauth.provider"),
        "smtp.password" => is_said("smtp.user") && (is_said("smtp.host") || !is_said("oauth.provider")),
        _ => !is_said("oauth.provider"),
    }
}

fn sealed(desk: &Desk, id: MailboxId, secrets: &Secrets) -> Vec<u8> {
    let plain: std::collections::BTreeMap<&str, &str> = secrets.iter().map(|(key, it)| (key.as_str(), it.expose_secret())).collect();
    desk.keys.seal(PURPOSE, about(id).as_bytes(), serde_json::to_string(&plain).unwrap_or_default().as_bytes())
}

/// None: there are none, or they were sealed under another key.
fn unsealed(desk: &Desk, id: MailboxId, sealed: Option<&[u8]>) -> Option<Secrets> {
    let plain = desk.keys.unseal(PURPOSE, about(id).as_bytes(), sealed?)?;
    let plain: std::collections::BTreeMap<String, String> = serde_json::from_slice(&plain).ok()?;
    Some(plain.into_iter().map(|(key, it)| (key, SecretString::from(it))).collect())
}

fn about(id: MailboxId) -> String {
    format!("secrets of mailbox {id}")
}
