//! Rows of `audit`: who changed what about the desk itself. Written only by `actions/audit.rs`.

use jiff::Timestamp;

use crate::{
    desk::{audit::AuditKind, id::PersonId},
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// A line to be written.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// When.
    pub at: Timestamp,
    /// Who; none: nobody with an account.
    pub person: Option<PersonId>,
    /// What they were called then.
    pub name: String,
    /// Where they asked from.
    pub address: Option<String>,
    /// What sort of thing.
    pub kind: AuditKind,
    /// Which.
    pub about: String,
    /// What was done to it.
    pub what: &'static str,
    /// What it was.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
}

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its row.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who; none: nobody with an account.
    pub person: Option<PersonId>,
    /// What they were called then.
    pub name: String,
    /// Where they asked from; none: not over the network.
    pub address: Option<String>,
    /// What sort of thing.
    pub kind: AuditKind,
    /// Which.
    pub about: String,
    /// What was done to it.
    pub what: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    at: i64,
    person: Option<i64>,
    name: String,
    address: Option<String>,
    kind: String,
    about: String,
    what: String,
    old: Option<String>,
    new: Option<String>,
}

impl Row {
    fn line(self) -> Result<Line> {
        Ok(Line {
            id: self.id,
            at: at(self.at),
            person: self.person.map(PersonId),
            name: self.name,
            address: self.address,
            kind: word("audit", "kind", &self.kind, AuditKind::parse)?,
            about: self.about,
            what: self.what,
            old: self.old,
            new: self.new,
        })
    }
}

/// Writes one.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, new: &NewLine) -> Result<()> {
    let sql = "insert into audit (at, person, name, address, kind, about, what, old, new) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on!(tx, c => sqlx::query(sql)
        .bind(ms(new.at)).bind(new.person.map(|it| it.0)).bind(&new.name).bind(&new.address).bind(new.kind.as_str())
        .bind(&new.about).bind(new.what).bind(&new.old).bind(&new.new)
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Which lines; none of a field: all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Of this kind alone.
    pub kind: Option<AuditKind>,
    /// By this person alone.
    pub person: Option<PersonId>,
}

/// The lines behind `before`, the newest first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, which: Which, before: Option<i64>, limit: i64) -> Result<Vec<Line>> {
    let rows: Vec<Row> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("select id, at, person, name, address, kind, about, what, old, new from audit where id < ");
        sql.push_bind(before.unwrap_or(i64::MAX));
        if let Some(kind) = which.kind {
            sql.push(" and kind = ").push_bind(kind.as_str());
        }
        if let Some(person) = which.person {
            sql.push(" and person = ").push_bind(person.0);
        }
        sql.push(" order by id desc limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await
    })?;
    rows.into_iter().map(Row::line).collect()
}

/// Everybody who changed something, by the name that they have now.
///
/// # Errors
/// When the database refuses.
pub async fn people(conn: &mut Conn) -> Result<Vec<(PersonId, String)>> {
    let sql = "select p.id, p.name from people p where exists (select 1 from audit a where a.person = p.id) order by lower(p.name), p.id limit 500";
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
}

/// Forgets what is older; how many lines.
///
/// # Errors
/// When the database refuses.
pub async fn prune(tx: &mut Tx, before: Timestamp) -> Result<u64> {
    Ok(on!(tx, c => sqlx::query("delete from audit where at < $1").bind(ms(before)).execute(c).await.map(|it| it.rows_affected()))?)
}
