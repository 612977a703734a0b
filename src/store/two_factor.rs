//! Rows of `authenticators` and `recovery_codes`: the second step of signing in. Secrets are sealed before they come here, codes hashed.

use jiff::Timestamp;

use crate::{
    desk::id::PersonId,
    store::{Conn, Result, Tx, at, ms, on},
};

/// Somebody's authenticator app.
#[derive(Clone, Debug)]
pub struct Authenticator {
    /// Sealed.
    pub secret: Vec<u8>,
    /// Since when it is asked for; none: it has still to show a code.
    pub confirmed_at: Option<Timestamp>,
}

/// Of somebody.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, person: PersonId) -> Result<Option<Authenticator>> {
    let sql = "select secret, confirmed_at from authenticators where person = $1";
    let row: Option<(Vec<u8>, Option<i64>)> = on!(conn, c => sqlx::query_as(sql).bind(person.0).fetch_optional(c).await)?;
    Ok(row.map(|(secret, confirmed_at)| Authenticator { secret, confirmed_at: confirmed_at.map(at) }))
}

/// Since when somebody is asked for a code; none: they are not.
///
/// # Errors
/// When the database refuses.
pub async fn on_since(conn: &mut Conn, person: PersonId) -> Result<Option<Timestamp>> {
    let sql = "select confirmed_at from authenticators where person = $1 and confirmed_at is not null";
    let since: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(person.0).fetch_optional(c).await)?;
    Ok(since.map(at))
}

/// Keeps the secret of an app that has still to show a code; one before it is forgotten. False: one is in use, and stays.
///
/// # Errors
/// When the database refuses.
pub async fn begin(tx: &mut Tx, person: PersonId, secret: &[u8], now: Timestamp) -> Result<bool> {
    let sql = "insert into authenticators (person, secret, begun_at) values ($1, $2, $3) on conflict (person) do update
        set secret = excluded.secret, begun_at = excluded.begun_at, last_step = 0 where authenticators.confirmed_at is null";
    Ok(on!(tx, c => sqlx::query(sql).bind(person.0).bind(secret).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))? == 1)
}

/// The app has shown the code of this step: from now on it is asked for. False: it is already, or another has taken its place.
///
/// # Errors
/// When the database refuses.
pub async fn confirm(tx: &mut Tx, person: PersonId, secret: &[u8], step: i64, now: Timestamp) -> Result<bool> {
    let sql = "update authenticators set confirmed_at = $4, last_step = $3 where person = $1 and secret = $2 and confirmed_at is null";
    let changed =
        on!(tx, c => sqlx::query(sql).bind(person.0).bind(secret).bind(step).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(changed == 1)
}

/// Uses the code of a step up. False: it, or a later one, was used before.
///
/// # Errors
/// When the database refuses.
pub async fn use_step(tx: &mut Tx, person: PersonId, step: i64) -> Result<bool> {
    let sql = "update authenticators set last_step = $2 where person = $1 and last_step < $2 and confirmed_at is not null";
    Ok(on!(tx, c => sqlx::query(sql).bind(person.0).bind(step).execute(c).await.map(|it| it.rows_affected()))? == 1)
}

/// Uses a recovery code up. False: there is none such, or it was used before.
///
/// # Errors
/// When the database refuses.
pub async fn use_code(tx: &mut Tx, person: PersonId, hash: &str, now: Timestamp) -> Result<bool> {
    let sql = "update recovery_codes set used_at = $3 where person = $1 and code_hash = $2 and used_at is null";
    Ok(on!(tx, c => sqlx::query(sql).bind(person.0).bind(hash).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))? == 1)
}

/// Recovery codes that were not used.
///
/// # Errors
/// When the database refuses.
pub async fn codes_left(conn: &mut Conn, person: PersonId) -> Result<i64> {
    let sql = "select count(*) from recovery_codes where person = $1 and used_at is null";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(person.0).fetch_one(c).await)?)
}

/// These are somebody's recovery codes from now on, and no others.
///
/// # Errors
/// When the database refuses.
pub async fn set_codes(tx: &mut Tx, person: PersonId, hashes: &[String]) -> Result<()> {
    forget_codes(tx, person).await?;
    for hash in hashes {
        let sql = "insert into recovery_codes (person, code_hash) values ($1, $2)";
        on!(tx, c => sqlx::query(sql).bind(person.0).bind(hash).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

async fn forget_codes(tx: &mut Tx, person: PersonId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from recovery_codes where person = $1").bind(person.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Forgets an app that has shown no code yet.
///
/// # Errors
/// When the database refuses.
pub async fn give_up(tx: &mut Tx, person: PersonId) -> Result<()> {
    let sql = "delete from authenticators where person = $1 and confirmed_at is null";
    on!(tx, c => sqlx::query(sql).bind(person.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Forgets app and codes. False: there was no app.
///
/// # Errors
/// When the database refuses.
pub async fn remove(tx: &mut Tx, person: PersonId) -> Result<bool> {
    forget_codes(tx, person).await?;
    let sql = "delete from authenticators where person = $1";
    Ok(on!(tx, c => sqlx::query(sql).bind(person.0).execute(c).await.map(|it| it.rows_affected()))? == 1)
}
