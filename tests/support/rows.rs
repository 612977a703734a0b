//! The rows of a desk's database, behind its back: to make yesterday's, and to see that nothing was written.

use std::collections::BTreeMap;

use sqlx::{PgPool, SqlitePool};

/// A second way into the database.
pub enum Rows {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Rows {
    pub async fn of(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqlitePool::connect(url).await.unwrap())
        } else {
            Self::Postgres(PgPool::connect(url).await.unwrap())
        }
    }

    /// Runs one statement; how many rows it changed.
    pub async fn run(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).execute(pool).await.unwrap().rows_affected(),
            Self::Postgres(pool) => sqlx::query(sql).execute(pool).await.unwrap().rows_affected(),
        }
    }

    /// One number.
    pub async fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    /// One number; none while the database cannot be asked.
    #[allow(dead_code, reason = "each program of tests uses a part of this file")]
    pub async fn try_count(&self, sql: &str) -> Option<i64> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.ok(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.ok(),
        }
    }

    /// One column of text.
    pub async fn texts(&self, sql: String) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql);
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// Every row of every table.
    pub async fn all(&self) -> BTreeMap<String, Vec<String>> {
        let tables = match self {
            Self::Sqlite(_) => {
                "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like 'search_%'"
            }
            Self::Postgres(_) => "select tablename::text from pg_tables where schemaname = current_schema()",
        };
        let mut all = BTreeMap::new();
        for table in self.texts(tables.to_owned()).await {
            let sql = match self {
                Self::Sqlite(_) => {
                    let columns = self.texts(format!("select 'quote(' || name || ')' from pragma_table_info('{table}')")).await;
                    format!("select {} from {table} order by 1", columns.join(" || '|' || "))
                }
                Self::Postgres(_) => format!("select (t.*)::text from {table} t order by 1"),
            };
            let rows = self.texts(sql).await;
            all.insert(table, rows);
        }
        all
    }
}
