//! Rows of `people`.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::PersonId,
        look::Look,
        person::{Arrived, NoticeKind, Notices, Notify, Person, PersonState, Role},
    },
    store::{Conn, Result, StoreError, Tx, at, events::Place, listed, looks, ms, on, word},
};

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    role: String,
    state: String,
    arrived: i64,
    name: String,
    email: String,
    notify_new: String,
    notify_own: String,
    notify_assigned: String,
    notify_named: String,
    notify_not_sent: String,
    notify_colleagues: String,
    notify_due: String,
}

impl Row {
    fn person(self) -> Result<Person> {
        let mut notices = Notices::all(Notify::AtOnce);
        for (kind, chosen) in [
            (NoticeKind::Nobodys, &self.notify_new),
            (NoticeKind::Answered, &self.notify_own),
            (NoticeKind::Assigned, &self.notify_assigned),
            (NoticeKind::Named, &self.notify_named),
            (NoticeKind::NotSent, &self.notify_not_sent),
            (NoticeKind::Colleagues, &self.notify_colleagues),
            (NoticeKind::Due, &self.notify_due),
        ] {
            notices = notices.with(kind, word("people", column(kind), chosen, Notify::parse)?);
        }
        Ok(Person {
            id: PersonId(self.id),
            role: word("people", "role", &self.role, Role::parse)?,
            state: word("people", "state", &self.state, PersonState::parse)?,
            arrived: if self.arrived == 1 { Arrived::Yes } else { Arrived::NotYet },
            email: self.email.parse().map_err(|_| StoreError::Unreadable { table: "people", column: "email", value: self.email })?,
            name: self.name,
            notices,
        })
    }
}

/// Where the choice for a kind is.
fn column(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Nobodys => "notify_new",
        NoticeKind::Answered => "notify_own",
        NoticeKind::Assigned => "notify_assigned",
        NoticeKind::Named => "notify_named",
        NoticeKind::NotSent => "notify_not_sent",
        NoticeKind::Colleagues => "notify_colleagues",
        NoticeKind::Due => "notify_due",
    }
}

macro_rules! columns {
    () => {
        "id, role, state, case when password_hash is null and seen_at is null then cast(0 as bigint) else 1 end as arrived, name, email,
            notify_new, notify_own, notify_assigned, notify_named, notify_not_sent, notify_colleagues, notify_due"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select ", columns!(), " from people ", $rest)
    };
}

/// By id.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn get(conn: &mut Conn, id: PersonId) -> Result<Option<Person>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where id = $1")).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::person).transpose()
}

/// Somebody as a session of theirs and their row say now: all that a request is answered with, read at once.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Whose session it is.
    pub person: Person,
    /// Of their account: a session is over that began under another.
    pub epoch: i64,
    /// How the panel looks to them.
    pub look: Look,
    /// The IANA name of the time zone in which they read times; none: the desk's.
    pub time_zone: Option<String>,
    /// The session's last request, to the few minutes.
    pub seen_at: Timestamp,
    /// The session's absolute limit.
    pub expires_at: Timestamp,
    /// Where the history of the desk ends.
    pub newest: Place,
}

/// By the hash of a session's id.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn signed_in(conn: &mut Conn, session: &str) -> Result<Option<SignedIn>> {
    #[derive(sqlx::FromRow)]
    struct Found {
        #[sqlx(flatten)]
        person: Row,
        session_epoch: i64,
        theme: String,
        density: String,
        keys: String,
        time_zone: Option<String>,
        used_at: i64,
        expires_at: i64,
        newest: i64,
    }
    let sql = concat!(
        "select p.*, s.seen_at as used_at, s.expires_at, cast(coalesce((select max(id) from events), 0) as bigint) as newest
            from sessions s join (select ",
        columns!(),
        ", session_epoch, theme, density, keys, time_zone from people) p on p.id = s.person where s.id = $1"
    );
    let found: Option<Found> = on!(conn, c => sqlx::query_as(sql).bind(session).fetch_optional(c).await)?;
    let Some(it) = found else { return Ok(None) };
    Ok(Some(SignedIn {
        person: it.person.person()?,
        epoch: it.session_epoch,
        look: looks::look(&it.theme, &it.density, &it.keys)?,
        time_zone: it.time_zone,
        seen_at: at(it.used_at),
        expires_at: at(it.expires_at),
        newest: Place(it.newest),
    }))
}

/// The row, locked until the transaction ends.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn lock(tx: &mut Tx, id: PersonId) -> Result<Option<Person>> {
    let sql = tx.pick(select!("where id = $1"), select!("where id = $1 for update"));
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::person).transpose()
}

/// By address, whatever its case.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn by_email(conn: &mut Conn, email: &EmailAddress) -> Result<Option<Person>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(select!("where email = $1")).bind(email.folded()).fetch_optional(c).await)?;
    row.map(Row::person).transpose()
}

/// The same, and nobody erases them until the transaction ends: what it is about to write of them is there when they are.
///
/// # Errors
/// As [`by_email`].
pub async fn by_email_held(tx: &mut Tx, email: &EmailAddress) -> Result<Option<Person>> {
    let sql = tx.pick(select!("where email = $1"), select!("where email = $1 for key share"));
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(email.folded()).fetch_optional(c).await)?;
    row.map(Row::person).transpose()
}

/// Those that there are of these addresses; nobody erases them until the transaction ends.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn by_emails_held(tx: &mut Tx, emails: &BTreeSet<String>) -> Result<Vec<Person>> {
    if emails.is_empty() {
        return Ok(Vec::new());
    }
    let held = tx.pick("", " order by id for key share");
    let rows: Vec<Row> = on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new(select!("where email in "));
        listed(&mut sql, emails);
        sql.push(held).build_query_as().persistent(false).fetch_all(c).await
    })?;
    rows.into_iter().map(Row::person).collect()
}

/// How many customers write from a domain (in lower case) or one below it.
///
/// # Errors
/// When the database refuses.
pub async fn customers_at(conn: &mut Conn, domain: &str) -> Result<i64> {
    let sql = "select count(*) from people where role = 'customer' and (email like $1 escape '!' or email like $2 escape '!')";
    let domain = domain.replace('!', "!!").replace('_', "!_").replace('%', "!%");
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(format!("%@{domain}")).bind(format!("%@%.{domain}")).fetch_one(c).await)?)
}

/// Every helper and admin who may act, by name: those who were invited and have not accepted yet may not.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn active_staff(conn: &mut Conn) -> Result<Vec<Person>> {
    let sql = select!(
        "where role in ('admin', 'helper') and state = 'active' and (password_hash is not null or seen_at is not null) order by name, id"
    );
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    rows.into_iter().map(Row::person).collect()
}

/// Every helper and admin, by name; those too who are disabled: tickets that they resolved are theirs still.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn all_staff(conn: &mut Conn) -> Result<Vec<Person>> {
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(select!("where role in ('admin', 'helper') order by name, id")).fetch_all(c).await)?;
    rows.into_iter().map(Row::person).collect()
}

/// [`active_staff`], asked once in a transaction.
///
/// # Errors
/// As [`active_staff`].
pub async fn staff_of(tx: &mut Tx) -> Result<Arc<[Person]>> {
    if let Some(known) = &tx.memory.staff {
        return Ok(Arc::clone(known));
    }
    let staff: Arc<[Person]> = active_staff(tx).await?.into();
    tx.memory.staff = Some(Arc::clone(&staff));
    Ok(staff)
}

/// Whether this transaction has made the person of this address, folded.
#[must_use]
pub fn has_made(tx: &Tx, email: &str) -> bool {
    tx.memory.made.contains(email)
}

/// Somebody to be made.
#[derive(Clone, Debug)]
pub struct NewPerson<'a> {
    /// What they are to be.
    pub role: Role,
    /// Cleaned already.
    pub name: &'a str,
    /// Unique.
    pub email: &'a EmailAddress,
    /// Argon2id as a PHC string; none: they cannot sign in with a password.
    pub password_hash: Option<&'a str>,
    /// Now.
    pub at: Timestamp,
}

/// Makes somebody.
///
/// # Errors
/// [`StoreError::is_taken`] when the address is somebody's already.
pub async fn insert(tx: &mut Tx, new: &NewPerson<'_>) -> Result<PersonId> {
    let sql = "insert into people (role, state, name, email, password_hash, created_at) values ($1, 'active', $2, $3, $4, $5) returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql)
        .bind(new.role.as_str()).bind(new.name).bind(new.email.folded()).bind(new.password_hash).bind(ms(new.at))
        .fetch_one(c).await)?;
    tx.people_changed();
    tx.memory.made.insert(new.email.folded());
    Ok(PersonId(id))
}

/// The person of this address; a customer is made where nobody has it.
///
/// # Errors
/// When the database refuses.
pub async fn ensure(tx: &mut Tx, email: &EmailAddress, name: &str, now: Timestamp) -> Result<Person> {
    match by_email_held(tx, email).await? {
        Some(known) => Ok(known),
        None => make_customer(tx, email, name, now).await,
    }
}

/// [`ensure`] of an address that nobody had a moment ago.
///
/// # Errors
/// When the database refuses.
pub async fn make_customer(tx: &mut Tx, email: &EmailAddress, name: &str, now: Timestamp) -> Result<Person> {
    let sql = concat!(
        "insert into people (role, state, name, email, created_at) values ('customer', 'active', $1, $2, $3) on conflict (email) do nothing
        returning ",
        columns!()
    );
    let made: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(name).bind(email.folded()).bind(ms(now)).fetch_optional(c).await)?;
    tx.memory.made.insert(email.folded());
    match made {
        Some(row) => row.person(),
        // Another instance was first.
        None => by_email_held(tx, email).await?.ok_or(StoreError::Database(sqlx::Error::RowNotFound)),
    }
}

/// How many admins but `who` may act, those who were only ever invited left out; each is locked until the transaction ends, so that two
/// admins cannot demote each other.
///
/// # Errors
/// When the database refuses.
pub async fn lock_other_admins(tx: &mut Tx, who: PersonId) -> Result<usize> {
    let sql = tx.pick(
        "select id from people where role = 'admin' and state = 'active' and (password_hash is not null or seen_at is not null) order by id",
        "select id from people where role = 'admin' and state = 'active' and (password_hash is not null or seen_at is not null) order by id
            for update",
    );
    let ids: Vec<i64> = on!(tx, c => sqlx::query_scalar(sql).fetch_all(c).await)?;
    Ok(ids.into_iter().filter(|id| *id != who.0).count())
}

/// Makes somebody something else, or lets them in, or keeps them out.
///
/// # Errors
/// When the database refuses.
pub async fn set_role_and_state(tx: &mut Tx, who: PersonId, role: Role, state: PersonState) -> Result<()> {
    let sql = "update people set role = $2, state = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(who.0).bind(role.as_str()).bind(state.as_str()).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    Ok(())
}

/// What somebody wants to be told by mail.
///
/// # Errors
/// When the database refuses.
pub async fn set_notices(tx: &mut Tx, who: PersonId, notices: Notices) -> Result<()> {
    let sql = "update people set notify_new = $2, notify_own = $3, notify_assigned = $4, notify_named = $5, notify_not_sent = $6,
        notify_colleagues = $7, notify_due = $8 where id = $1";
    let of = |kind| notices.of(kind).as_str();
    on!(tx, c => sqlx::query(sql).bind(who.0)
        .bind(of(NoticeKind::Nobodys)).bind(of(NoticeKind::Answered)).bind(of(NoticeKind::Assigned)).bind(of(NoticeKind::Named))
        .bind(of(NoticeKind::NotSent)).bind(of(NoticeKind::Colleagues)).bind(of(NoticeKind::Due))
        .execute(c).await.map(|_| ()))?;
    tx.people_changed();
    Ok(())
}
