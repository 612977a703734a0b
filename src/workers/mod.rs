//! The rounds: each worker is a step with an outcome, and a dull loop around it that never dies of one message.

use crate::{actions::ActionError, store::StoreError};

pub mod backup;
pub mod caution;
mod hands;
pub mod health;
pub mod housekeeping;
pub mod instance;
pub mod intake;
pub mod lease;
pub mod look_again;
pub mod sender;
pub mod take_in;
pub mod tokens;

/// What stops a step; the loop tries it again.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The database or the disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mail server.
    #[error(transparent)]
    Imap(#[from] crate::mail::imap::ImapError),
    /// Something done on the way.
    #[error(transparent)]
    Action(#[from] ActionError),
}

/// Every step's answer.
pub type Result<T> = std::result::Result<T, WorkerError>;
