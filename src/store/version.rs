//! What the database holds, as one word that is another after each change: to see that nothing has changed without reading it.

use std::sync::atomic::Ordering;

use super::{Db, Result, Store, on};

impl Store {
    /// Another word after each commit of this process or of another. What is read after it was asked for is at least as new as it says.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn version(&self) -> Result<String> {
        let commits = self.commits.load(Ordering::Acquire);
        let others: String = match &self.db {
            // Commands on the shell write beside the daemon: each commit is written into the log.
            Db::Sqlite { log, .. } => {
                let log = std::fs::metadata(log).ok();
                format!("{:?}", log.map(|it| (it.len(), it.modified().ok())))
            }
            // Every transaction that wrote moves it when it ends, wherever on the server it ran.
            Db::Pg(..) => {
                let sql = "select cast(pg_current_snapshot() as text)";
                let mut conn = self.read().await?;
                on!(conn, c => sqlx::query_scalar(sql).fetch_one(c).await)?
            }
        };
        Ok(format!("{commits} {others}"))
    }
}
