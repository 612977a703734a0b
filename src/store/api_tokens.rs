//! Rows of `api_tokens`: what programs sign in to the API with. Tokens are hashed before they come here.

use jiff::Timestamp;

use crate::{
    desk::{
        api_token::{Access, Standing},
        id::{ApiTokenId, PersonId},
        person::{PersonState, Role},
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// A token, without what only its hash is kept of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its row.
    pub id: ApiTokenId,
    /// Who made it.
    pub person: PersonId,
    /// What uses it.
    pub name: String,
    /// Its first letters.
    pub start: String,
    /// Whether it changes anything.
    pub access: Access,
    /// Whether it opens anything.
    pub standing: Standing,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used, to the minute or so.
    pub used_at: Option<Timestamp>,
    /// From where.
    pub used_from: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    person: i64,
    name: String,
    start: String,
    role: String,
    access: String,
    created_at: i64,
    expires_at: Option<i64>,
    used_at: Option<i64>,
    used_from: Option<String>,
    revoked_at: Option<i64>,
}

impl Row {
    fn token(self) -> Result<ApiToken> {
        Ok(ApiToken {
            id: ApiTokenId(self.id),
            person: PersonId(self.person),
            name: self.name,
            start: self.start,
            access: word("api_tokens", "access", &self.access, Access::parse)?,
            standing: Standing {
                role: word("api_tokens", "role", &self.role, Role::parse)?,
                expires_at: self.expires_at.map(at),
                revoked_at: self.revoked_at.map(at),
            },
            created_at: at(self.created_at),
            used_at: self.used_at.map(at),
            used_from: self.used_from,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select t.id, t.person, t.name, t.start, t.role, t.access, t.created_at, t.expires_at, t.used_at, t.used_from, t.revoked_at
            from api_tokens t ",
            $rest
        )
    };
}

/// By the hash of what somebody brings.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn by_hash(conn: &mut Conn, hash: &str) -> Result<Option<ApiToken>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where t.hash = $1")).bind(hash).fetch_optional(c).await)?;
    row.map(Row::token).transpose()
}

/// By id, locked until the transaction ends.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn lock(tx: &mut Tx, id: ApiTokenId) -> Result<Option<ApiToken>> {
    let sql = tx.pick(select!("where t.id = $1"), select!("where t.id = $1 for update"));
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::token).transpose()
}

/// A token as a list shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The token.
    pub token: ApiToken,
    /// What whoever made it is called.
    pub owner: String,
    /// What they are now.
    pub role: Role,
    /// Whether they are let in now.
    pub state: PersonState,
}

#[derive(sqlx::FromRow)]
struct ListedRow {
    #[sqlx(flatten)]
    row: Row,
    owner: String,
    owner_role: String,
    owner_state: String,
}

/// Those that are not revoked, of one person or of all, the newest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, of: Option<PersonId>) -> Result<Vec<Listed>> {
    let sql = "select t.id, t.person, t.name, t.start, t.role, t.access, t.created_at, t.expires_at, t.used_at, t.used_from, t.revoked_at,
            p.name as owner, p.role as owner_role, p.state as owner_state
        from api_tokens t join people p on p.id = t.person
        where t.revoked_at is null and ($1 = 0 or t.person = $1) order by t.id desc limit 500";
    let rows: Vec<ListedRow> = on!(conn, c => sqlx::query_as(sql).bind(of.map_or(0, |it| it.0)).fetch_all(c).await)?;
    let listed = |it: ListedRow| {
        Ok(Listed {
            token: it.row.token()?,
            owner: it.owner,
            role: word("people", "role", &it.owner_role, Role::parse)?,
            state: word("people", "state", &it.owner_state, PersonState::parse)?,
        })
    };
    rows.into_iter().map(listed).collect()
}

/// How many of somebody's are neither revoked nor over.
///
/// # Errors
/// When the database refuses.
pub async fn good_of(conn: &mut Conn, person: PersonId, now: Timestamp) -> Result<i64> {
    let sql = "select count(*) from api_tokens where person = $1 and revoked_at is null and (expires_at is null or expires_at > $2)";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(person.0).bind(ms(now)).fetch_one(c).await)?)
}

/// Whether somebody has one of this name that is neither revoked nor over.
///
/// # Errors
/// When the database refuses.
pub async fn is_named(conn: &mut Conn, person: PersonId, name: &str, now: Timestamp) -> Result<bool> {
    let sql = "select count(*) from api_tokens
        where person = $1 and name = $2 and revoked_at is null and (expires_at is null or expires_at > $3)";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(person.0).bind(name).bind(ms(now)).fetch_one(c).await)?;
    Ok(n > 0)
}

/// A token to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewApiToken<'a> {
    /// Who makes it.
    pub person: PersonId,
    /// What will use it.
    pub name: &'a str,
    /// Of the token.
    pub hash: &'a str,
    /// Its first letters.
    pub start: &'a str,
    /// The most it may do.
    pub role: Role,
    /// Whether it changes anything.
    pub access: Access,
    /// Now.
    pub at: Timestamp,
    /// From then on it opens nothing.
    pub expires_at: Option<Timestamp>,
}

/// Keeps a new one.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &NewApiToken<'_>) -> Result<ApiTokenId> {
    let sql = "insert into api_tokens (person, name, hash, start, role, access, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8) returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql)
        .bind(new.person.0).bind(new.name).bind(new.hash).bind(new.start).bind(new.role.as_str()).bind(new.access.as_str())
        .bind(ms(new.at)).bind(new.expires_at.map(ms))
        .fetch_one(c).await)?;
    Ok(ApiTokenId(id))
}

/// It opens nothing any more.
///
/// # Errors
/// When the database refuses.
pub async fn revoke(tx: &mut Tx, id: ApiTokenId, by: PersonId, now: Timestamp) -> Result<()> {
    let sql = "update api_tokens set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at is null";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(by.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Notes that it was used.
///
/// # Errors
/// When the database refuses.
pub async fn used(tx: &mut Tx, id: ApiTokenId, from: &str, now: Timestamp) -> Result<()> {
    let sql = "update api_tokens set used_at = $2, used_from = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(ms(now)).bind(from).execute(c).await.map(|_| ()))?;
    Ok(())
}
