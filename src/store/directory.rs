//! The list of users: who is known, what they are, how they stand.

use jiff::Timestamp;

use crate::{
    desk::{
        id::PersonId,
        permission::Scope,
        person::{Arrived, PersonState, Role},
    },
    store::{Conn, Result, at, ms, on, word},
};

/// Which of them a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Helpers and admins who may act, by name.
    Staff,
    /// Customers who may write, the newest first.
    Customers,
    /// Whoever is kept out, the newest first.
    Disabled,
}

/// Behind which row of the page before a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Their name.
    pub name: String,
    /// Their id.
    pub id: i64,
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who.
    pub id: PersonId,
    /// What they are.
    pub role: Role,
    /// Whether they may sign in.
    pub state: PersonState,
    /// As they are called.
    pub name: String,
    /// Where they are written to.
    pub email: String,
    /// Whether they have a password.
    pub password: HasPassword,
    /// Until when an invitation is open; none: no invitation.
    pub invited_until: Option<Timestamp>,
    /// Open or In Progress: theirs to answer (staff), or asked by them (customers).
    pub open: i64,
    /// Last signed in.
    pub seen_at: Option<Timestamp>,
}

impl Entry {
    /// Whether they have a password or have signed in once.
    #[must_use]
    pub fn arrived(&self) -> Arrived {
        if self.password == HasPassword::Yes || self.seen_at.is_some() { Arrived::Yes } else { Arrived::NotYet }
    }
}

/// Whether somebody can sign in with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasPassword {
    /// They can.
    Yes,
    /// They never chose one.
    No,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    role: String,
    state: String,
    name: String,
    email: String,
    password: i64,
    invited_until: Option<i64>,
    open: i64,
    seen_at: Option<i64>,
}

impl Row {
    fn entry(self) -> Result<Entry> {
        Ok(Entry {
            id: PersonId(self.id),
            role: word("people", "role", &self.role, Role::parse)?,
            state: word("people", "state", &self.state, PersonState::parse)?,
            name: self.name,
            email: self.email,
            password: if self.password == 1 { HasPassword::Yes } else { HasPassword::No },
            invited_until: self.invited_until.map(at),
            open: self.open,
            seen_at: self.seen_at.map(at),
        })
    }
}

/// $1 the words looked for, $2 now.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select p.id, p.role, p.state, p.name, p.email, case when p.password_hash is null then cast(0 as bigint) else 1 end as password,
                (select max(l.expires_at) from links l where l.person = p.id and l.purpose <> 'sign-in' and l.used_at is null and l.expires_at > $2) as invited_until,
                case when p.role = 'customer' then (select count(*) from tickets t where t.requester = p.id and t.active = 1)
                    else (select count(*) from tickets t where t.assignee = p.id and t.active = 1) end as open,
                coalesce((select max(s.seen_at) from sessions s where s.person = p.id), p.seen_at) as seen_at
            from people p where ($1 = '' or lower(p.name) like $1 or p.email like $1) ",
            $rest
        )
    };
}

/// One page of a group, `limit` long, behind `after`; `words` narrows it to names and addresses that hold them.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, group: Group, words: &str, after: Option<&Key>, limit: i64, now: Timestamp) -> Result<Vec<Entry>> {
    let sql = match group {
        Group::Staff => {
            select!(
                "and p.role in ('admin', 'helper') and p.state = 'active' and (p.name > $3 or (p.name = $3 and p.id > $4)) order by p.name, p.id limit $5"
            )
        }
        Group::Customers => {
            select!("and p.role = 'customer' and p.state = 'active' and ($3 = '' or p.id < $4) order by p.id desc limit $5")
        }
        Group::Disabled => select!("and p.state = 'disabled' and ($3 = '' or p.id < $4) order by p.id desc limit $5"),
    };
    let (name, id) = after.map_or(("", 0), |it| (it.name.as_str(), it.id));
    let rows: Vec<Row> =
        on!(conn, c => sqlx::query_as(sql).bind(pattern(words)).bind(ms(now)).bind(name).bind(id).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Row::entry).collect()
}

/// Customers who may write and whose name or address holds these words, the newest first: name and address. Of a scope that is not
/// everything, those with a ticket in it.
///
/// # Errors
/// When the database refuses.
pub async fn customers(conn: &mut Conn, words: &str, scope: Scope, limit: i64) -> Result<Vec<(String, String)>> {
    let theirs = match scope {
        Scope::All => "true".to_owned(),
        Scope::OwnAndUnassigned(who) => within(&format!("(t.assignee = {who} or t.assignee is null)")),
        Scope::Own(who) => within(&format!("t.assignee = {who}")),
        Scope::TakesPart(_) => return Ok(Vec::new()),
    };
    let sql = format!(
        "select p.name, p.email from people p where p.role = 'customer' and p.state = 'active' and (lower(p.name) like $1 or p.email like $1)
            and {theirs} order by p.id desc limit $2"
    );
    Ok(on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(pattern(words)).bind(limit).fetch_all(c).await)?)
}

/// Our own integers: nothing to escape.
fn within(condition: &str) -> String {
    format!("exists (select 1 from tickets t where t.requester = p.id and {condition})")
}

/// One person.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: PersonId, now: Timestamp) -> Result<Option<Entry>> {
    let sql = select!("and p.id = $3");
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind("").bind(ms(now)).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::entry).transpose()
}

/// What `like` looks for: the words anywhere, with its own signs taken literally as far as both databases agree.
fn pattern(words: &str) -> String {
    let words: String = words.trim().to_lowercase().chars().filter(|c| !matches!(c, '%' | '_' | '\\' | '\0')).collect();
    if words.is_empty() { String::new() } else { format!("%{words}%") }
}

/// How many there are in each group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// [`Group::Staff`].
    pub staff: i64,
    /// [`Group::Customers`].
    pub customers: i64,
    /// [`Group::Disabled`].
    pub disabled: i64,
}

/// How many there are in each group, counted along an index.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn sizes(conn: &mut Conn) -> Result<Sizes> {
    let rows: Vec<(String, String, i64)> =
        on!(conn, c => sqlx::query_as("select role, state, count(*) from people group by role, state").fetch_all(c).await)?;
    let mut sizes = Sizes::default();
    for (role, state, n) in rows {
        let role = word("people", "role", &role, Role::parse)?;
        match (word("people", "state", &state, PersonState::parse)?, role.is_staff()) {
            (PersonState::Disabled, _) => sizes.disabled += n,
            (PersonState::Active, true) => sizes.staff += n,
            (PersonState::Active, false) => sizes.customers += n,
        }
    }
    Ok(sizes)
}
