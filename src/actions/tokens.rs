//! Tokens between an authorisation server and their row: sealed, each for its mailbox and its use alone.

use jiff::Timestamp;

use crate::{
    actions::Desk,
    auth::keys::Keys,
    desk::{id::MailboxId, oauth::AccessToken},
    mail::oauth::{Grant, RefreshToken},
    store::oauth::{Kept, NewToken},
};

const PURPOSE: &str = "oauth tokens";

/// As it is kept; `asked_at`: from when its time counts.
#[must_use]
pub fn seal(desk: &Desk, mailbox: MailboxId, grant: &Grant, asked_at: Timestamp) -> NewToken {
    let sealed = |what, token: &str| desk.keys.seal(PURPOSE, about(mailbox, what).as_bytes(), token.as_bytes());
    NewToken {
        access_token: sealed("access", grant.access_token.expose()),
        refresh_token: grant.refresh_token.as_ref().map(|it| sealed("refresh", it.expose())),
        good_until: asked_at + grant.good_for,
    }
}

/// The access token of a row. None: there is none, or it was sealed under another root key.
#[must_use]
pub fn access_token(keys: &Keys, mailbox: MailboxId, kept: &Kept) -> Option<AccessToken> {
    AccessToken::parse(unsealed(keys, mailbox, "access", kept.access_token.as_deref()?)?)
}

/// The refresh token of a row. None: there is none, or it was sealed under another root key.
#[must_use]
pub fn refresh_token(keys: &Keys, mailbox: MailboxId, kept: &Kept) -> Option<RefreshToken> {
    unsealed(keys, mailbox, "refresh", kept.refresh_token.as_deref()?).map(RefreshToken::new)
}

fn unsealed(keys: &Keys, mailbox: MailboxId, what: &str, sealed: &[u8]) -> Option<String> {
    String::from_utf8(keys.unseal(PURPOSE, about(mailbox, what).as_bytes(), sealed)?).ok()
}

fn about(mailbox: MailboxId, what: &str) -> String {
    format!("{what} of mailbox {mailbox}")
}
