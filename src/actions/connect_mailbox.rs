//! An admin lets a mailbox sign in with OAuth 2.0: sent to the authorisation server, and back with a code (RFC 6749 §4.1).

use jiff::{SignedDuration, Timestamp};

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        tokens, transact,
    },
    auth::keys::hashed,
    clock::random_token,
    desk::{
        audit::AuditKind,
        id::MailboxId,
        oauth::{OAuthClient, Provider},
        permission::Act,
        person::Person,
    },
    mail::oauth::{self as server, Grant},
    store::oauth::{self, Authorisation},
};

/// Where the browser comes back to: the path that is registered with the authorisation server.
pub const CALLBACK: &str = "/mail/oauth/callback";

/// A person is expected back within so long; codes themselves live for ten minutes at most (RFC 6749 §4.1.2).
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

const PURPOSE: &str = "oauth verifiers";

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Which mailbox.
    pub mailbox: MailboxId,
    /// Who agreed, where the authorisation server tells.
    pub account: Option<String>,
}

/// The address that the callback page has for the authorisation server: from the configuration, never from a request.
#[must_use]
pub fn redirect(desk: &Desk) -> String {
    desk.url.page(CALLBACK)
}

/// Begins in this session: where the browser is to go. What it brings back is good once, for this session, for half an hour.
///
/// # Errors
/// [`ActionError::Missing`] for a mailbox that nobody connects, and what [`ActionError`] lists.
pub async fn begin(desk: &Desk, actor: &Person, session: &str, mailbox: MailboxId) -> Result<String> {
    desk.allow(actor, Act::Manage)?;
    let client = client(desk, mailbox)?;
    let (state, (verifier, challenge)) = (format!("{}{}", random_token(), random_token()), server::proof());
    let address = client.authorize_address(&redirect(desk), &state, &challenge).ok_or(ActionError::Missing("mailbox to connect"))?;
    let now = desk.clock.now();
    let state = hashed(&state);
    let verifier = desk.keys.seal(PURPOSE, state.as_bytes(), verifier.as_bytes());
    let begun = &Authorisation { state, mailbox, session: session.to_owned(), verifier, begun_at: now };
    transact(desk, |mut tx| async move {
        oauth::begin(&mut tx, begun, now - PATIENCE).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    Ok(address)
}

/// For which mailbox this session was sent away with this state. Changes nothing.
///
/// # Errors
/// [`ActionError::Conflict`] where it was not, or not lately.
pub async fn expected(desk: &Desk, actor: &Person, session: &str, state: &str) -> Result<MailboxId> {
    desk.allow(actor, Act::Manage)?;
    let begun = oauth::begun(&mut *desk.store.read().await?, &hashed(state)).await?;
    Ok(ours(begun, session, desk.clock.now())?.mailbox)
}

/// Takes what the browser brought back: the state is used up, the code is exchanged for tokens, the mailbox signs in with them.
///
/// # Errors
/// [`ActionError::Conflict`] with the reason and the mend; then the mailbox is as it was.
pub async fn finish(desk: &Desk, actor: &Person, session: &str, state: &str, code: &str) -> Result<Connected> {
    desk.allow(actor, Act::Manage)?;
    let (now, state) = (desk.clock.now(), &hashed(state));
    let begun = transact(desk, |mut tx| async move {
        let begun = ours(oauth::begun(&mut tx, state).await?, session, now)?;
        if !oauth::end(&mut tx, state).await? {
            return Err(not_expected());
        }
        tx.commit().await?;
        Ok(begun)
    })
    .await?;
    let mailbox = begun.mailbox;
    let client = client(desk, mailbox)?;
    let verifier = desk.keys.unseal(PURPOSE, state.as_bytes(), &begun.verifier).and_then(|it| String::from_utf8(it).ok());
    let verifier = verifier.ok_or_else(not_expected)?;
    let grant = server::exchange(client, code, &verifier, &redirect(desk)).await;
    let grant = grant.map_err(|why| ActionError::Conflict(format!("nothing was changed: {why}")))?;
    refuse_what_cannot_last(client, &grant)?;
    let (token, account) = (&tokens::seal(desk, mailbox, &grant, now), grant.account.as_deref());
    transact(desk, |mut tx| async move {
        oauth::connect(&mut tx, mailbox, &client.purpose(), token, account, now).await?;
        let line = Line::of(AuditKind::Mailbox, desk.name_of(mailbox), "connected");
        audit::note(&mut tx, actor, if let Some(account) = account { line.to(account) } else { line }, now).await?;
        Ok(tx.commit().await?)
    })
    .await?;
    desk.tokens_moved.send_modify(|it| *it += 1);
    tracing::info!(person = %actor.id, mailbox = %mailbox, "mailbox {mailbox} was connected by person {}", actor.id);
    Ok(Connected { mailbox, account: grant.account })
}

fn client(desk: &Desk, mailbox: MailboxId) -> Result<&OAuthClient> {
    let configured = desk.mailboxes.iter().find(|(id, _)| *id == mailbox);
    configured.and_then(|(_, it)| it.oauth.as_ref()).ok_or(ActionError::Missing("mailbox to connect"))
}

fn ours(begun: Option<Authorisation>, session: &str, now: Timestamp) -> Result<Authorisation> {
    // A state from another session is somebody else's attempt to have their own account connected by us (RFC 6749 §10.12).
    begun.filter(|it| it.session == session && now.duration_since(it.begun_at).abs() <= PATIENCE).ok_or_else(not_expected)
}

fn not_expected() -> ActionError {
    ActionError::Conflict(
        "nothing was changed: this did not begin in this browser session, was used already, or took longer than half an hour; press Connect \
         again"
            .to_owned(),
    )
}

/// Without a refresh token the mailbox would stand still in an hour; with the token of another Google account it does at once.
fn refuse_what_cannot_last(client: &OAuthClient, grant: &Grant) -> Result<()> {
    if grant.refresh_token.is_none() {
        let mend = match client.provider {
            Provider::Google => "take maildesk’s access away at myaccount.google.com/permissions, and connect again",
            Provider::Microsoft => "see that scope holds offline_access, and connect again",
            Provider::Other => "see that scope holds what the authorisation server calls offline access, and connect again",
        };
        return Err(ActionError::Conflict(format!(
            "nothing was changed: {} gave no refresh token, so the mailbox would stand still in an hour; {mend}",
            client.provider.name()
        )));
    }
    match (client.provider, &grant.account) {
        (Provider::Google, Some(account)) if client.user.contains('@') && !account.eq_ignore_ascii_case(&client.user) => {
            Err(ActionError::Conflict(format!(
                "nothing was changed: you agreed as {account}, and the mailbox signs in as {}; connect again, and choose that account",
                client.user
            )))
        }
        // A shared mailbox of Microsoft 365 is read with the token of somebody who has access to it.
        (Provider::Google | Provider::Microsoft | Provider::Other, _) => Ok(()),
    }
}
