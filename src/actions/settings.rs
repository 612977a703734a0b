//! What people change while the desk runs. A key that the configuration file says is changed in the file; the others are chosen here
//! and kept in the database, and every instance takes them within seconds.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;

use crate::{
    actions::{
        ActionError, Desk, Mailboxes, Result,
        audit::{self, Line},
        transact, web_mailboxes,
    },
    desk::{
        audit::AuditKind,
        id::MailboxId,
        knob::{Knob, at_odds},
        permission::Act,
        person::Person,
        settings::{DeskSettings, MailboxSettings, Receipt, StatusNotice},
    },
    store::{Conn, mail_templates, settings},
    templates::{OwnMails, own::OwnMail},
};

/// Chooses values for the desk, all or none; how many changed. What the file says is passed over where it stays as it is.
///
/// # Errors
/// [`ActionError::Invalid`] with the key and why; what [`ActionError`] lists.
pub async fn choose(desk: &Desk, actor: &Person, typed: &[(Knob, String)]) -> Result<usize> {
    desk.allow(actor, Act::Manage)?;
    let (was, mut is): (&DeskSettings, DeskSettings) = (&desk.settings, (*desk.settings).clone());
    let invalid = |knob: Knob, why: &str| ActionError::Invalid { field: knob.key(), why: why.to_owned() };
    for (knob, text) in typed {
        if desk.settings.is_declared(knob.key()) {
            return Err(invalid(*knob, "this is said in the configuration file; change it there"));
        }
        let (title, _) = knob.title();
        knob.set(&mut is, text).map_err(|why| invalid(*knob, &format!("“{text}” {why} ({title})")))?;
    }
    if let Some((knob, why)) = at_odds(&is) {
        return Err(invalid(knob, &why));
    }
    let changed: Vec<Knob> = Knob::ALL.into_iter().filter(|it| it.get(was) != it.get(&is)).collect();
    let (changed, is, at_first) = (&changed, &is, desk.settings.at_first());
    transact(desk, |mut tx| async move {
        for knob in changed {
            let value = knob.get(is);
            settings::choose(&mut tx, knob.key(), Some(value.as_str()).filter(|it| *it != knob.get(at_first))).await?;
            let line = Line::of(AuditKind::Setting, knob.title().0, "set").from(knob.get(was)).to(value);
            audit::note(&mut tx, actor, line, desk.clock.now()).await?;
        }
        Ok(tx.commit().await?)
    })
    .await?;
    reload(desk).await?;
    Ok(changed.len())
}

/// What is chosen for one mailbox, whether or not the file declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfMailbox {
    /// Whether a new ticket is acknowledged.
    Receipt,
    /// Which changes of status the customer is told.
    Notices,
}

impl OfMailbox {
    const ALL: [Self; 2] = [Self::Receipt, Self::Notices];

    /// As the file and the table `mailbox_settings` call it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Notices => "notices",
        }
    }

    fn get(self, of: &MailboxSettings) -> String {
        match self {
            Self::Receipt => of.receipt.as_str().to_owned(),
            Self::Notices => of.notices.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(", "),
        }
    }

    /// As it is read back; what cannot be is left as it is.
    fn set(self, of: &mut MailboxSettings, value: &str) {
        match self {
            Self::Receipt => of.receipt = Receipt::WORDS.iter().find(|(it, _)| *it == value).map_or(of.receipt, |(_, it)| *it),
            Self::Notices => {
                let named = |(word, _): &&(&str, StatusNotice)| value.split(", ").any(|it| it == *word);
                of.notices = BTreeSet::from_iter(StatusNotice::WORDS.iter().filter(named).map(|(_, it)| *it));
            }
        }
    }
}

/// Whether the configuration file says it of this mailbox.
#[must_use]
pub fn is_declared(desk: &Desk, mailbox: &MailboxSettings, what: OfMailbox) -> bool {
    desk.mailboxes.is_declared(&format!("{}.{}", mailbox.name, what.key()))
}

/// Chooses something for a mailbox; nothing where it is so already.
///
/// # Errors
/// What [`ActionError`] lists; invalid for what the file says.
pub async fn choose_for(desk: &Desk, actor: &Person, id: MailboxId, change: impl Fn(&mut MailboxSettings)) -> Result<()> {
    desk.allow(actor, Act::Manage)?;
    let (_, was) = desk.mailboxes.iter().find(|(it, _)| *it == id).ok_or(ActionError::Missing("mailbox"))?;
    let mut is = was.clone();
    change(&mut is);
    let changed: Vec<OfMailbox> = OfMailbox::ALL.into_iter().filter(|it| it.get(was) != it.get(&is)).collect();
    if let Some(said) = changed.iter().find(|it| is_declared(desk, was, **it)) {
        let why = format!("{} of {} is said in the configuration file; change it there", said.key(), was.name);
        return Err(ActionError::Invalid { field: said.key(), why });
    }
    let (changed, is) = (&changed, &is);
    transact(desk, |mut tx| async move {
        for what in changed {
            let value = what.get(is);
            settings::choose_for(&mut tx, id, what.key(), Some(&value)).await?;
            let line = Line::of(AuditKind::Setting, format!("{} of {}", what.key(), was.name), "set").from(what.get(was)).to(value);
            audit::note(&mut tx, actor, line, desk.clock.now()).await?;
        }
        Ok(tx.commit().await?)
    })
    .await?;
    reload(desk).await
}

/// Takes what is chosen now, by whomever and on whichever instance.
///
/// # Errors
/// When the database fails.
pub async fn reload(desk: &Desk) -> Result<()> {
    let mut conn = desk.store.read().await?;
    let is = of_desk(desk, &mut conn).await?;
    if Knob::ALL.into_iter().any(|it| it.get(&is) != it.get(&desk.settings)) {
        desk.settings.set(is);
    }
    let is = of_mailboxes(desk, &mut conn).await?;
    if said(&is) != said(&desk.mailboxes) {
        desk.mailboxes.set(is);
    }
    let written = mail_templates::all(&mut conn).await?;
    let own = |it: mail_templates::Row| ((it.kind.as_str(), it.mailbox), OwnMail { subject: it.subject, text: it.text, html: it.html });
    desk.templates.set_own(written.into_iter().map(own).collect::<OwnMails>());
    Ok(())
}

/// Everything that is said of them, secrets included, which the rest of what is printed keeps to itself.
fn said(of: &Mailboxes) -> String {
    let secrets = of.iter().filter_map(|(_, it)| it.oauth.as_ref()?.client_secret.as_ref());
    secrets.fold(format!("{of:?}"), |said, it| said + "\n" + it.expose_secret())
}

async fn of_desk(desk: &Desk, conn: &mut Conn) -> Result<DeskSettings> {
    let mut is = desk.settings.at_first().clone();
    for (name, value) in settings::all(conn).await? {
        let Some(knob) = Knob::parse(&name).filter(|it| !desk.settings.is_declared(it.key())) else { continue };
        if let Err(why) = knob.set(&mut is, &value) {
            tracing::warn!("the setting {name} is passed over: {value:?} {why}");
        }
    }
    // The file may have come to say more than was chosen here.
    is.sessions.absolute = is.sessions.absolute.max(is.sessions.idle);
    if at_odds(&is).is_some_and(|(knob, _)| knob == Knob::ReopenWithin) {
        let first = desk.settings.at_first();
        (is.close_after, is.reopen_within) = (first.close_after, first.reopen_within);
    }
    Ok(is)
}

async fn of_mailboxes(desk: &Desk, conn: &mut Conn) -> Result<Mailboxes> {
    let chosen = settings::of_mailboxes(conn).await?;
    let first_name = &desk.settings.at_first().name;
    let one = |(id, it): (MailboxId, &MailboxSettings)| {
        let mut is = it.clone();
        // One that is called as the desk is follows its name.
        if is.display_name == *first_name {
            is.display_name.clone_from(&desk.settings.name);
        }
        for (_, name, value) in chosen.iter().filter(|(of, ..)| *of == id) {
            let what = OfMailbox::ALL.into_iter().find(|it| it.key() == name && !is_declared(desk, &is, *it));
            if let Some(what) = what {
                what.set(&mut is, value);
            }
        }
        (id, is)
    };
    let added = web_mailboxes::all(desk, conn).await?;
    let all = web_mailboxes::join(desk.mailboxes.at_first().clone(), added);
    Ok(Mailboxes::new(all.iter().map(one).collect()))
}
