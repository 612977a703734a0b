//! The columns of a table as the database has them.

use crate::store::{Conn, Driver, Result, on};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Whole numbers of 64 bits.
    Whole,
    /// Text.
    Text,
    /// Something that an export does not know how to write.
    Other,
}

/// A column that is not computed from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
}

/// Every table, by name.
///
/// # Errors
/// When the database refuses.
pub async fn tables(conn: &mut Conn) -> Result<Vec<String>> {
    let sql = conn.pick(
        "select name from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\' and name not like 'search\\_%' escape '\\' order by name",
        "select cast(table_name as text) from information_schema.tables where table_schema = current_schema() order by 1",
    );
    Ok(on!(conn, c => sqlx::query_scalar(sql).fetch_all(c).await)?)
}

/// The columns of a table by name, so that every desk has them in the same order; those that are computed left out.
///
/// # Errors
/// When the database refuses.
pub async fn columns(conn: &mut Conn, table: &str) -> Result<Vec<Column>> {
    let sql = conn.pick(
        "select name, lower(type) from pragma_table_xinfo($1) where hidden = 0 order by name",
        "select cast(column_name as text), cast(data_type as text) from information_schema.columns
        where table_schema = current_schema() and table_name = $1 and is_generated = 'NEVER' order by cast(column_name as text) collate \"C\"",
    );
    let rows: Vec<(String, String)> = on!(conn, c => sqlx::query_as(sql).bind(table).fetch_all(c).await)?;
    let column = |(name, kind): (String, String)| {
        let holds = match kind.as_str() {
            "integer" | "bigint" => Holds::Whole,
            "text" => Holds::Text,
            _ => Holds::Other,
        };
        Column { name, holds }
    };
    Ok(rows.into_iter().map(column).collect())
}

/// Where PostgreSQL has a counter for the ids of a table: the column. SQLite goes on from the highest by itself.
///
/// # Errors
/// When the database refuses.
pub async fn counted(conn: &mut Conn, table: &str) -> Result<Option<String>> {
    if let Driver::Sqlite(_) = conn.driver() {
        return Ok(None);
    }
    let sql = "select cast(column_name as text) from information_schema.columns
        where table_schema = current_schema() and table_name = $1 and is_identity = 'YES'";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(table).fetch_optional(c).await)?)
}
