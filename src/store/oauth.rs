//! Rows of `tokens` and `authorisations`: how a mailbox signs in with OAuth 2.0. Secrets are sealed before they come here.

use jiff::{SignedDuration, Timestamp};

use crate::{
    desk::{
        id::MailboxId,
        oauth::{Remedy, TokenFacts},
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// Whoever renews a token has it alone for so long; no renewal takes longer.
pub const LEASE: SignedDuration = SignedDuration::from_mins(3);

/// What is kept of a mailbox's tokens.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What everybody may know.
    pub facts: TokenFacts,
    /// Sealed.
    pub refresh_token: Option<Vec<u8>>,
    /// Sealed.
    pub access_token: Option<Vec<u8>>,
    /// Grows with each token.
    pub version: i64,
}

/// A token as it is to be kept.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Sealed.
    pub access_token: Vec<u8>,
    /// Sealed; none: the one before stays (RFC 6749 §6).
    pub refresh_token: Option<Vec<u8>>,
    /// Until when the access token is good.
    pub good_until: Timestamp,
}

type FactsRow = (i64, String, Option<i64>, Option<i64>, Option<i64>, Option<String>, Option<i64>, Option<String>, String);

fn facts(
    (mailbox, purpose, good_until, renewed_at, connected_at, account, failing_since, error, remedy): FactsRow,
) -> Result<(MailboxId, TokenFacts)> {
    let facts = TokenFacts {
        purpose,
        good_until: good_until.map(at),
        renewed_at: renewed_at.map(at),
        connected_at: connected_at.map(at),
        account,
        failing_since: failing_since.map(at),
        error,
        remedy: word("tokens", "remedy", &remedy, Remedy::parse)?,
    };
    Ok((MailboxId(mailbox), facts))
}

macro_rules! select_facts {
    ($rest:literal) => {
        concat!("select mailbox, purpose, good_until, renewed_at, connected_at, account, failing_since, error, remedy from tokens ", $rest)
    };
}

/// What is known of the tokens of every mailbox that has or had some; [`crate::desk::oauth::judge`] says what it means.
///
/// # Errors
/// When the database refuses.
pub async fn all_facts(conn: &mut Conn) -> Result<Vec<(MailboxId, TokenFacts)>> {
    let rows: Vec<FactsRow> = on!(conn, c => sqlx::query_as(select_facts!("order by mailbox")).fetch_all(c).await)?;
    rows.into_iter().map(facts).collect()
}

/// Everything of one mailbox.
///
/// # Errors
/// When the database refuses.
pub async fn kept(conn: &mut Conn, mailbox: MailboxId) -> Result<Option<Kept>> {
    let row: Option<FactsRow> =
        on!(conn, c => sqlx::query_as(select_facts!("where mailbox = $1")).bind(mailbox.0).fetch_optional(c).await)?;
    let Some(row) = row else { return Ok(None) };
    let sql = "select refresh_token, access_token, version from tokens where mailbox = $1";
    let (refresh_token, access_token, version): (Option<Vec<u8>>, Option<Vec<u8>>, i64) =
        on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).fetch_one(c).await)?;
    Ok(Some(Kept { facts: facts(row)?.1, refresh_token, access_token, version }))
}

/// A row for a mailbox whose tokens need nobody's consent; what was given for another purpose is forgotten.
///
/// # Errors
/// When the database refuses.
pub async fn ensure(tx: &mut Tx, mailbox: MailboxId, purpose: &str) -> Result<()> {
    let sql = "insert into tokens (mailbox, purpose) values ($1, $2) on conflict (mailbox) do update set purpose = excluded.purpose,
            refresh_token = null, access_token = null, good_until = null, renewed_at = null, connected_at = null, account = null,
            failing_since = null, error = null, remedy = 'wait', lease_owner = null, lease_until = null, version = tokens.version + 1
        where tokens.purpose <> excluded.purpose";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(purpose).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Somebody connected the mailbox: what was there before is over.
///
/// # Errors
/// When the database refuses.
pub async fn connect(
    tx: &mut Tx,
    mailbox: MailboxId,
    purpose: &str,
    token: &NewToken,
    account: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let sql = "insert into tokens (mailbox, purpose, refresh_token, access_token, good_until, renewed_at, connected_at, account)
        values ($1, $2, $3, $4, $5, $6, $6, $7) on conflict (mailbox) do update set purpose = excluded.purpose,
            refresh_token = excluded.refresh_token, access_token = excluded.access_token, good_until = excluded.good_until,
            renewed_at = excluded.renewed_at, connected_at = excluded.connected_at, account = excluded.account,
            failing_since = null, error = null, remedy = 'wait', lease_owner = null, lease_until = null, version = tokens.version + 1";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(purpose).bind(token.refresh_token.as_deref()).bind(&*token.access_token)
        .bind(ms(token.good_until)).bind(ms(now)).bind(account).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes the right to renew a token of this version; whether it is ours now. A lease from a clock that went wrong holds nobody up.
///
/// # Errors
/// When the database refuses.
pub async fn lease(tx: &mut Tx, mailbox: MailboxId, owner: &str, version: i64, now: Timestamp) -> Result<bool> {
    let sql = "update tokens set lease_owner = $2, lease_until = $4 where mailbox = $1 and version = $3
        and (lease_owner is null or lease_owner = $2 or lease_until <= $5 or lease_until > $4)";
    let until = ms(now + LEASE);
    let taken = on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(owner).bind(version).bind(until).bind(ms(now))
        .execute(c).await.map(|it| it.rows_affected()))?;
    Ok(taken == 1)
}

/// Keeps a renewed token and gives the lease back; false: somebody connected the mailbox meanwhile, and theirs stays.
///
/// # Errors
/// When the database refuses.
pub async fn renewed(tx: &mut Tx, mailbox: MailboxId, owner: &str, version: i64, token: &NewToken, now: Timestamp) -> Result<bool> {
    let sql = "update tokens set access_token = $4, refresh_token = coalesce($5, refresh_token), good_until = $6, renewed_at = $7,
            failing_since = null, error = null, remedy = 'wait', lease_owner = null, lease_until = null, version = version + 1
        where mailbox = $1 and lease_owner = $2 and version = $3";
    let kept = on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(owner).bind(version).bind(&*token.access_token)
        .bind(token.refresh_token.as_deref()).bind(ms(token.good_until)).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(kept == 1)
}

/// Notes that no new token is to be had, and gives the lease back; nothing where somebody connected the mailbox meanwhile.
///
/// # Errors
/// When the database refuses.
pub async fn failed(tx: &mut Tx, mailbox: MailboxId, version: i64, error: &str, remedy: Remedy, now: Timestamp) -> Result<()> {
    let sql =
        "update tokens set failing_since = coalesce(failing_since, $3), error = $4, remedy = $5, lease_owner = null, lease_until = null
        where mailbox = $1 and version = $2";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(version).bind(ms(now)).bind(error).bind(remedy.as_str())
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Somebody who was sent to an authorisation server.
#[derive(Clone, Debug)]
pub struct Authorisation {
    /// SHA-256 of what the browser brings back, 64 hex digits.
    pub state: String,
    /// For which mailbox.
    pub mailbox: MailboxId,
    /// The session in which it began: the hash of its id.
    pub session: String,
    /// Sealed (RFC 7636).
    pub verifier: Vec<u8>,
    /// When.
    pub begun_at: Timestamp,
}

type AuthorisationRow = (String, i64, String, Vec<u8>, i64);

fn authorisation((state, mailbox, session, verifier, begun_at): AuthorisationRow) -> Authorisation {
    Authorisation { state, mailbox: MailboxId(mailbox), session, verifier, begun_at: at(begun_at) }
}

/// Keeps one, and forgets those that began before `old`.
///
/// # Errors
/// When the database refuses.
pub async fn begin(tx: &mut Tx, new: &Authorisation, old: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("delete from authorisations where begun_at < $1").bind(ms(old)).execute(c).await.map(|_| ()))?;
    let sql = "insert into authorisations (state, mailbox, session, verifier, begun_at) values ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(sql).bind(&new.state).bind(new.mailbox.0).bind(&new.session).bind(&*new.verifier).bind(ms(new.begun_at))
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The one that began with this state.
///
/// # Errors
/// When the database refuses.
pub async fn begun(conn: &mut Conn, state: &str) -> Result<Option<Authorisation>> {
    let sql = "select state, mailbox, session, verifier, begun_at from authorisations where state = $1";
    let row: Option<AuthorisationRow> = on!(conn, c => sqlx::query_as(sql).bind(state).fetch_optional(c).await)?;
    Ok(row.map(authorisation))
}

/// Uses one up; false: somebody was faster.
///
/// # Errors
/// When the database refuses.
pub async fn end(tx: &mut Tx, state: &str) -> Result<bool> {
    let sql = "delete from authorisations where state = $1";
    Ok(on!(tx, c => sqlx::query(sql).bind(state).execute(c).await.map(|it| it.rows_affected()))? == 1)
}
