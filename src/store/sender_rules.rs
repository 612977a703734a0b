//! Rows of `sender_rules`: the block list, and what was on it before.

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::{PersonId, SenderRuleId},
        sender::{SenderPattern, SenderVerdict},
    },
    store::{Conn, Result, StoreError, Tx, at, listed, ms, on, word},
};

/// One rule with its history.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// The row.
    pub id: SenderRuleId,
    /// Whose mail.
    pub pattern: SenderPattern,
    /// What becomes of it.
    pub verdict: SenderVerdict,
    /// Why; may be empty.
    pub note: String,
    /// Who made it.
    pub made_by_id: PersonId,
    /// What they are called.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// Who took it off, and when; none: it is in force.
    pub removed: Option<(String, Timestamp)>,
    /// How many messages it has held.
    pub held: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    pattern: String,
    verdict: String,
    note: String,
    made_by_id: i64,
    made_by: String,
    made_at: i64,
    removed_by: Option<String>,
    removed_at: Option<i64>,
    held: i64,
}

impl Row {
    fn rule(self) -> Result<RuleRow> {
        let unreadable = |value: String| StoreError::Unreadable { table: "sender_rules", column: "pattern", value };
        Ok(RuleRow {
            id: SenderRuleId(self.id),
            pattern: self.pattern.parse().map_err(|_| unreadable(self.pattern))?,
            verdict: word("sender_rules", "verdict", &self.verdict, SenderVerdict::parse)?,
            note: self.note,
            made_by_id: PersonId(self.made_by_id),
            made_by: self.made_by,
            made_at: at(self.made_at),
            removed: self.removed_by.zip(self.removed_at.map(at)),
            held: self.held,
        })
    }
}

macro_rules! select {
    ($held:literal, $rest:literal) => {
        concat!(
            "select r.id, r.pattern, r.verdict, r.note, r.made_by as made_by_id, m.name as made_by, r.made_at, g.name as removed_by, r.removed_at, ",
            $held,
            " as held from sender_rules r join people m on m.id = r.made_by left join people g on g.id = r.removed_by ",
            $rest
        )
    };
}

macro_rules! counted {
    ($rest:literal) => {
        select!("(select count(*) from messages h where h.held_rule = r.id)", $rest)
    };
}

/// So many patterns are looked for in one statement; a batch of fifty messages, each of four senders, needs no more. None is left out:
/// whoever names many senders would hide the one that a rule is about.
const PATTERNS_AT_ONCE: usize = 5000;

/// The rules in force about any of these addresses; how many they held is not counted.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn about(conn: &mut Conn, addresses: impl Iterator<Item = &EmailAddress>) -> Result<Vec<RuleRow>> {
    let mut patterns: Vec<String> = addresses.flat_map(SenderPattern::all_about).collect();
    patterns.sort_unstable();
    patterns.dedup();
    let mut rows: Vec<Row> = Vec::new();
    for some in patterns.chunks(PATTERNS_AT_ONCE) {
        let found: Vec<Row> = on!(conn, c => {
            let mut sql = sqlx::QueryBuilder::new(select!("cast(0 as bigint)", "where r.removed_at is null and r.pattern in "));
            listed(&mut sql, some);
            sql.build_query_as().persistent(false).fetch_all(c).await
        })?;
        rows.extend(found);
    }
    rows.into_iter().map(Row::rule).collect()
}

/// Which part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// In force.
    InForce,
    /// Taken off.
    Removed,
}

/// One page of the list, the newest first, behind `before`; of those that have `words` in pattern or note, lower case.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn list(conn: &mut Conn, part: Part, words: &str, before: Option<SenderRuleId>, limit: i64) -> Result<Vec<RuleRow>> {
    let sql = match part {
        Part::InForce => counted!(
            "where r.removed_at is null and (r.pattern like $1 escape '!' or lower(r.note) like $1 escape '!') and r.id < $2 order by r.id desc limit $3"
        ),
        Part::Removed => counted!(
            "where r.removed_at is not null and (r.pattern like $1 escape '!' or lower(r.note) like $1 escape '!') and r.id < $2 order by r.id desc limit $3"
        ),
    };
    let before = before.map_or(i64::MAX, |it| it.0);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(super::held::like(words)).bind(before).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Row::rule).collect()
}

/// How many are in force, and how many were taken off.
///
/// # Errors
/// When the database refuses.
pub async fn counts(conn: &mut Conn) -> Result<(i64, i64)> {
    let sql = "select count(case when removed_at is null then 1 end), count(removed_at) from sender_rules";
    Ok(on!(conn, c => sqlx::query_as(sql).fetch_one(c).await)?)
}

/// One rule, in force or not.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn get(conn: &mut Conn, id: SenderRuleId) -> Result<Option<RuleRow>> {
    let row: Option<Row> = on!(conn, c => sqlx::query_as(counted!("where r.id = $1")).bind(id.0).fetch_optional(c).await)?;
    row.map(Row::rule).transpose()
}

/// The rule in force for exactly this pattern.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn in_force(conn: &mut Conn, pattern: &SenderPattern) -> Result<Option<RuleRow>> {
    let sql = counted!("where r.removed_at is null and r.pattern = $1");
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(pattern.to_string()).fetch_optional(c).await)?;
    row.map(Row::rule).transpose()
}

/// The rule that this one was put in the place of: taken off by the same press.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn replaced(conn: &mut Conn, by: &RuleRow) -> Result<Option<RuleRow>> {
    let sql = counted!("where r.pattern = $1 and r.removed_at = $2 and r.id < $3 order by r.id desc limit 1");
    let row: Option<Row> =
        on!(conn, c => sqlx::query_as(sql).bind(by.pattern.to_string()).bind(ms(by.made_at)).bind(by.id.0).fetch_optional(c).await)?;
    row.map(Row::rule).transpose()
}

/// Puts a rule in force; there must be none for its pattern.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    tx: &mut Tx,
    pattern: &SenderPattern,
    verdict: SenderVerdict,
    note: &str,
    by: PersonId,
    now: Timestamp,
) -> Result<SenderRuleId> {
    let sql = "insert into sender_rules (pattern, verdict, note, made_by, made_at) values ($1, $2, $3, $4, $5) returning id";
    let id = on!(tx, c => sqlx::query_scalar(sql)
        .bind(pattern.to_string()).bind(verdict.as_str()).bind(note).bind(by.0).bind(ms(now)).fetch_one(c).await)?;
    Ok(SenderRuleId(id))
}

/// Takes a rule off; its row stays.
///
/// # Errors
/// When the database refuses.
pub async fn remove(tx: &mut Tx, id: SenderRuleId, by: PersonId, now: Timestamp) -> Result<()> {
    let sql = "update sender_rules set removed_by = $2, removed_at = $3 where id = $1 and removed_at is null";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(by.0).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}
