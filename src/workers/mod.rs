//! The rounds: each worker is a step with an outcome, and a dull loop around it that never dies of one message.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use crate::{
    actions::{ActionError, what_panicked},
    store::StoreError,
};

pub mod backup;
pub mod caution;
mod hands;
pub mod health;
pub mod housekeeping;
pub mod import;
pub mod instance;
pub mod intake;
pub mod lease;
pub mod lmtp;
pub mod look_again;
pub mod sender;
pub mod settings;
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
    /// A fault of our own; the step is begun again, and nothing of it has happened.
    #[error("a fault of maildesk itself: {0}; please report it")]
    Panicked(String),
}

/// The step's answer. A panic within it is an error as the others are: a worker that ended by one would be silent for ever.
pub(crate) async fn caught<T>(step: impl Future<Output = Result<T>>) -> Result<T> {
    let caught = AssertUnwindSafe(step).catch_unwind().await;
    caught.unwrap_or_else(|cause| Err(WorkerError::Panicked(what_panicked(&*cause))))
}

impl WorkerError {
    /// Whether a disk is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::Store(error) | Self::Action(ActionError::Store(error)) => error.is_full(),
            Self::Imap(_) | Self::Action(_) | Self::Panicked(_) => false,
        }
    }
}

/// Every step's answer.
pub type Result<T> = std::result::Result<T, WorkerError>;
