//! The second step of signing in: an authenticator app, enrolled by its owner, and ten recovery codes for when it is lost.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, named},
        transact,
    },
    auth::totp::{Code, RecoveryCode, TotpSecret},
    desk::{audit::AuditKind, id::PersonId, person::Person},
    store::{
        Tx, sessions,
        two_factor::{self, Authenticator},
    },
};

/// What its key is derived for.
const PURPOSE: &str = "authenticator";

/// Recovery codes given at a time.
const CODES: usize = 10;

fn about(person: PersonId) -> String {
    format!("authenticator of person {person}")
}

/// The secret of a row. None: it was sealed under another root key.
#[must_use]
pub fn secret(desk: &Desk, person: PersonId, kept: &Authenticator) -> Option<TotpSecret> {
    let opened = desk.keys.unseal(PURPOSE, about(person).as_bytes(), &kept.secret).and_then(|it| TotpSecret::read(&it));
    if opened.is_none() {
        tracing::warn!(person = %person, "the authenticator of {person} was set up under another secret key: only a recovery code lets them in, or a reset");
    }
    opened
}

/// Makes a secret for somebody's app, to be confirmed by a code. Until then nothing changes for them.
///
/// # Errors
/// Forbidden to customers; conflict when an app is in use.
pub async fn begin(desk: &Desk, who: &Person) -> Result<()> {
    if !who.role.is_staff() {
        return Err(ActionError::Forbidden);
    }
    let sealed = desk.keys.seal(PURPOSE, about(who.id).as_bytes(), TotpSecret::random().expose());
    let sealed = &sealed;
    transact(desk, |mut tx| async move {
        if !two_factor::begin(&mut tx, who.id, sealed, desk.clock.now()).await? {
            return Err(ActionError::Conflict("two-factor sign-in is on already; turn it off first to use another app".to_owned()));
        }
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Forgets an app that was not confirmed.
///
/// # Errors
/// When the database refuses.
pub async fn give_up(desk: &Desk, who: &Person) -> Result<()> {
    transact(desk, |mut tx| async move {
        two_factor::give_up(&mut tx, who.id).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// The app shows the right code: from now on it is asked for, and every session but `session` is over. The recovery codes, which can
/// be told this once alone.
///
/// # Errors
/// Invalid for a wrong code; conflict where nothing was begun, or the app is in use already.
pub async fn confirm(desk: &Desk, who: &Person, session: &str, typed: &str) -> Result<Vec<RecoveryCode>> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let kept = two_factor::get(&mut tx, who.id).await?.filter(|it| it.confirmed_at.is_none());
        let kept = kept.ok_or_else(|| ActionError::Conflict("no app waits for its first code; begin again".to_owned()))?;
        let step = match Code::parse(typed) {
            Some(Code::App(code)) => secret(desk, who.id, &kept).and_then(|it| it.step_of(&code, now)),
            Some(Code::Recovery(_)) | None => None,
        };
        let step = step.ok_or_else(wrong_code)?;
        if !two_factor::confirm(&mut tx, who.id, &kept.secret, step, now).await? {
            return Err(ActionError::Conflict("this was begun once more elsewhere; begin again".to_owned()));
        }
        let codes = give_codes(&mut tx, who.id).await?;
        sessions::delete_others(&mut tx, who.id, session).await?;
        note(&mut tx, who, "turned two-factor sign-in on", now).await?;
        tx.commit().await?;
        Ok(codes)
    })
    .await
}

async fn give_codes(tx: &mut Tx, who: PersonId) -> Result<Vec<RecoveryCode>> {
    let codes: Vec<RecoveryCode> = (0..CODES).map(|_| RecoveryCode::random()).collect();
    let hashes: Vec<String> = codes.iter().map(RecoveryCode::hash).collect();
    two_factor::set_codes(tx, who, &hashes).await?;
    Ok(codes)
}

async fn note(tx: &mut Tx, who: &Person, what: &'static str, now: Timestamp) -> Result<()> {
    audit::note(tx, who, Line::of(AuditKind::Access, named(who), what), now).await
}

fn wrong_code() -> ActionError {
    ActionError::Invalid {
        field: "code",
        why: "this is not the code that the app shows now; type the next one, and see that the phone’s clock is right".to_owned(),
    }
}

/// What a code was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// It was right, and is used up.
    Right,
    /// It was wrong, or had been used.
    Wrong,
}

/// Uses up a code of somebody who is signing in.
///
/// # Errors
/// When the database refuses.
pub async fn answer(desk: &Desk, who: &Person, typed: &str) -> Result<Second> {
    transact(desk, |mut tx| async move {
        let second = use_up(desk, &mut tx, who, typed).await?;
        tx.commit().await?;
        Ok(second)
    })
    .await
}

/// Each code is good once: that of an app, and none before it, no second time in its step; a recovery code never again.
async fn use_up(desk: &Desk, tx: &mut Tx, who: &Person, typed: &str) -> Result<Second> {
    let now = desk.clock.now();
    let Some(kept) = two_factor::get(tx, who.id).await?.filter(|it| it.confirmed_at.is_some()) else { return Ok(Second::Wrong) };
    let right = match Code::parse(typed) {
        Some(Code::App(code)) => match secret(desk, who.id, &kept).and_then(|it| it.step_of(&code, now)) {
            Some(step) => two_factor::use_step(tx, who.id, step).await?,
            None => false,
        },
        Some(Code::Recovery(code)) => {
            let used = two_factor::use_code(tx, who.id, &code.hash(), now).await?;
            if used {
                note(tx, who, "used a recovery code", now).await?;
            }
            used
        }
        None => false,
    };
    Ok(if right { Second::Right } else { Second::Wrong })
}

/// Signing in asks for a password alone again; every session but `session` is over. `typed`: a code, which is used up.
///
/// # Errors
/// Invalid for a wrong code.
pub async fn turn_off(desk: &Desk, who: &Person, session: &str, typed: &str) -> Result<()> {
    transact(desk, |mut tx| async move {
        if use_up(desk, &mut tx, who, typed).await? == Second::Wrong {
            return Err(wrong_code());
        }
        two_factor::remove(&mut tx, who.id).await?;
        sessions::delete_others(&mut tx, who.id, session).await?;
        note(&mut tx, who, "turned two-factor sign-in off", desk.clock.now()).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Ten new recovery codes; those of before are good for nothing. `typed`: a code, which is used up.
///
/// # Errors
/// Invalid for a wrong code.
pub async fn new_codes(desk: &Desk, who: &Person, typed: &str) -> Result<Vec<RecoveryCode>> {
    transact(desk, |mut tx| async move {
        if use_up(desk, &mut tx, who, typed).await? == Second::Wrong {
            return Err(wrong_code());
        }
        let codes = give_codes(&mut tx, who.id).await?;
        note(&mut tx, who, "made new recovery codes", desk.clock.now()).await?;
        tx.commit().await?;
        Ok(codes)
    })
    .await
}
