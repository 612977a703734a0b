//! Rows of `sessions`, and of `people` what signing in needs: a password's hash, the epoch, the theme.

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::PersonId,
        person::{PersonState, Role},
    },
    store::{Conn, Result, Tx, at, ms, on, search, word},
};

/// A signed-in browser.
#[derive(Clone, Debug)]
pub struct Session {
    /// SHA-256 of the id in the cookie, 64 hex digits.
    pub id: String,
    /// Whose.
    pub person: PersonId,
    /// When it began.
    pub created_at: Timestamp,
    /// The last request, to the few minutes.
    pub seen_at: Timestamp,
    /// The absolute limit.
    pub expires_at: Timestamp,
    /// The browser's own words, at most 200 characters.
    pub agent: String,
    /// Where it signed in from.
    pub address: String,
}

type Row = (String, i64, i64, i64, i64, String, String);

fn session((id, person, created_at, seen_at, expires_at, agent, address): Row) -> Session {
    Session { id, person: PersonId(person), created_at: at(created_at), seen_at: at(seen_at), expires_at: at(expires_at), agent, address }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, person, created_at, seen_at, expires_at, agent, address from sessions ", $rest)
    };
}

/// A person's own, the latest used first.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, person: PersonId) -> Result<Vec<Session>> {
    let sql = select!("where person = $1 order by seen_at desc, id limit 100");
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(person.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(session).collect())
}

/// Keeps a new one.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &Session) -> Result<()> {
    let sql = "insert into sessions (id, person, created_at, seen_at, expires_at, agent, address) values ($1, $2, $3, $4, $5, $6, $7)";
    on!(tx, c => sqlx::query(sql)
        .bind(&new.id).bind(new.person.0).bind(ms(new.created_at)).bind(ms(new.seen_at)).bind(ms(new.expires_at))
        .bind(&new.agent).bind(&new.address)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Notes that it was used.
///
/// # Errors
/// When the database refuses.
pub async fn touch(tx: &mut Tx, id: &str, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("update sessions set seen_at = $2 where id = $1").bind(id).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Ends one of a person's.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, person: PersonId, id: &str) -> Result<()> {
    let sql = "delete from sessions where person = $1 and id = $2";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(id).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Ends all of a person's but one; `keep` may be empty: all.
///
/// # Errors
/// When the database refuses.
pub async fn delete_others(tx: &mut Tx, person: PersonId, keep: &str) -> Result<()> {
    let sql = "delete from sessions where person = $1 and id <> $2";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(keep).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Forgets those that are over: past their limit, or unused since `idle_since`.
///
/// # Errors
/// When the database refuses.
pub async fn prune(tx: &mut Tx, now: Timestamp, idle_since: Timestamp) -> Result<()> {
    let sql = "delete from sessions where expires_at <= $1 or seen_at < $2";
    on!(tx, c => sqlx::query(sql).bind(ms(now)).bind(ms(idle_since)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What a sign-in is checked against.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Whose.
    pub person: PersonId,
    /// What they are.
    pub role: Role,
    /// Whether they may sign in.
    pub state: PersonState,
    /// Argon2id as a PHC string; none: they cannot sign in with a password.
    pub password_hash: Option<String>,
}

/// Of whoever has this address.
///
/// # Errors
/// When the database refuses.
pub async fn credentials(conn: &mut Conn, email: &EmailAddress) -> Result<Option<Credentials>> {
    let sql = "select id, role, state, password_hash from people where email = $1";
    type Row = (i64, String, String, Option<String>);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(email.folded()).fetch_optional(c).await)?;
    let Some((person, role, state, password_hash)) = row else { return Ok(None) };
    Ok(Some(Credentials {
        person: PersonId(person),
        role: word("people", "role", &role, Role::parse)?,
        state: word("people", "state", &state, PersonState::parse)?,
        password_hash,
    }))
}

/// The epoch that a session must be of.
///
/// # Errors
/// When the database refuses.
pub async fn epoch(conn: &mut Conn, person: PersonId) -> Result<Option<i64>> {
    let sql = "select session_epoch from people where id = $1";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(person.0).fetch_optional(c).await)?)
}

/// Ends every session of a person: by their epoch for cookies, by their rows for the list.
///
/// # Errors
/// When the database refuses.
pub async fn end_all(tx: &mut Tx, person: PersonId) -> Result<()> {
    let sql = "update people set session_epoch = session_epoch + 1 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).execute(c).await.map(|_| ()))?;
    delete_others(tx, person, "").await
}

/// Gives a person a new password. Ending their sessions is [`end_all`].
///
/// # Errors
/// When the database refuses.
pub async fn set_password(tx: &mut Tx, person: PersonId, hash: &str) -> Result<()> {
    let sql = "update people set password_hash = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(hash).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    Ok(())
}

/// Gives somebody who was a customer, or was disabled, a role and a name.
///
/// # Errors
/// When the database refuses.
pub async fn promote(tx: &mut Tx, person: PersonId, role: Role, name: &str) -> Result<()> {
    let sql = "update people set role = $2, state = 'active', name = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(role.as_str()).bind(name).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    search::person_changed(tx, person).await
}

/// Calls somebody by another name.
///
/// # Errors
/// When the database refuses.
pub async fn rename(tx: &mut Tx, person: PersonId, name: &str) -> Result<()> {
    on!(tx, c => sqlx::query("update people set name = $2 where id = $1").bind(person.0).bind(name).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    search::person_changed(tx, person).await
}

/// Notes when somebody was last here.
///
/// # Errors
/// When the database refuses.
pub async fn seen(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<()> {
    on!(tx, c => sqlx::query("update people set seen_at = $2 where id = $1").bind(person.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    Ok(())
}

/// Whether there is an admin who may act: a fresh desk has none.
///
/// # Errors
/// When the database refuses.
pub async fn has_admin(conn: &mut Conn) -> Result<bool> {
    let sql = "select id from people where role = 'admin' and state = 'active' limit 1";
    let found: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).fetch_optional(c).await)?;
    Ok(found.is_some())
}
