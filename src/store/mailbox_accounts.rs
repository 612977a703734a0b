//! Rows of `mailbox_accounts`: mailboxes that were added on the web.

use crate::{
    desk::id::MailboxId,
    store::{Conn, Result, Tx, on, word},
};

/// Whether it is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It is.
    On,
    /// It neither reads nor sends.
    Paused,
    /// It was given up; its tickets stay.
    Removed,
}

impl AccountState {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Paused => "paused",
            Self::Removed => "removed",
        }
    }

    /// The word of [`AccountState::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::On, Self::Paused, Self::Removed].into_iter().find(|it| it.as_str() == word)
    }
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its row in `mailboxes`.
    pub mailbox: MailboxId,
    /// Whether it is at work.
    pub state: AccountState,
    /// JSON: key to value.
    pub says: String,
    /// Sealed.
    pub secrets: Option<Vec<u8>>,
}

impl Account {
    /// What is said of it; nothing where that cannot be read.
    #[must_use]
    pub fn says(&self) -> std::collections::BTreeMap<String, String> {
        serde_json::from_str(&self.says).unwrap_or_default()
    }
}

type Row = (i64, String, String, Option<Vec<u8>>);

/// Every one, in the order in which they were added; those that were removed among them.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn all(conn: &mut Conn) -> Result<Vec<Account>> {
    let sql = "select mailbox, state, says, secrets from mailbox_accounts order by mailbox";
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    rows.into_iter().map(account).collect()
}

fn account((mailbox, state, says, secrets): Row) -> Result<Account> {
    let state = word("mailbox_accounts", "state", &state, AccountState::parse)?;
    Ok(Account { mailbox: MailboxId(mailbox), state, says, secrets })
}

/// One of them, locked: nobody else changes it until the end of this.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn lock(tx: &mut Tx, mailbox: MailboxId) -> Result<Option<Account>> {
    let sql = tx.pick(
        "select mailbox, state, says, secrets from mailbox_accounts where mailbox = $1",
        "select mailbox, state, says, secrets from mailbox_accounts where mailbox = $1 for update",
    );
    let row: Option<Row> = on!(tx, c => sqlx::query_as(sql).bind(mailbox.0).fetch_optional(c).await)?;
    row.map(account).transpose()
}

/// Keeps one, in the place of what was said of it.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, mailbox: MailboxId, state: AccountState, says: &str, secrets: &[u8]) -> Result<()> {
    let sql = "insert into mailbox_accounts (mailbox, state, says, secrets) values ($1, $2, $3, $4)
        on conflict (mailbox) do update set state = excluded.state, says = excluded.says, secrets = excluded.secrets";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(state.as_str()).bind(says).bind(secrets).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Sets one to work, or not.
///
/// # Errors
/// When the database refuses.
pub async fn set_state(tx: &mut Tx, mailbox: MailboxId, state: AccountState) -> Result<()> {
    let sql = "update mailbox_accounts set state = $2 where mailbox = $1";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(state.as_str()).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// How many copies of mail are still to leave from it.
///
/// # Errors
/// When the database refuses.
pub async fn still_to_leave(conn: &mut Conn, mailbox: MailboxId) -> Result<i64> {
    let sql = "select count(*) from deliveries where mailbox = $1 and state in ('waiting', 'delayed', 'unknown')";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).fetch_one(c).await)?)
}
