//! The same request sent twice makes one thing: a program that heard no answer sends it again with the key that it chose for it.
//!
//! On the panel, the same words after the same comment within one press are one reply (`comments::said_already`). A program may mean to
//! say the same again, and opens tickets that nothing went before: it says itself which of its requests is which.

use jiff::Timestamp;

use crate::{
    actions::{ActionError, Result},
    desk::id::ApiTokenId,
    store::{
        Tx,
        api_answers::{self, Claim},
    },
};

pub use crate::store::api_answers::Made;

/// One request of a program, as it calls it.
#[derive(Clone, Debug)]
pub struct Once {
    /// Whose key it is: another token's is another.
    pub token: ApiTokenId,
    /// The program's own word.
    pub key: String,
    /// SHA-256 of what is asked.
    pub request: String,
}

impl Once {
    /// What this request has made before; none: it is to be done now, and [`Once::end`] follows in the same transaction.
    pub(super) async fn begin(once: Option<&Self>, tx: &mut Tx, now: Timestamp) -> Result<Option<Made>> {
        let Some(once) = once else { return Ok(None) };
        match api_answers::claim(tx, once.token, &once.key, &once.request, now).await? {
            Claim::New => Ok(None),
            Claim::Same(made) => Ok(Some(made)),
            Claim::Another => Err(ActionError::Invalid {
                field: "Idempotency-Key",
                why: "this key was used for another request within the last day; use one key for one request".to_owned(),
            }),
        }
    }

    /// It has made this.
    pub(super) async fn end(once: Option<&Self>, tx: &mut Tx, made: Made) -> Result<()> {
        match once {
            Some(once) => Ok(api_answers::made(tx, once.token, &once.key, made).await?),
            None => Ok(()),
        }
    }
}

/// Where staff do something.
#[derive(Clone, Debug, Default)]
pub enum Edge {
    /// On the panel.
    #[default]
    Panel,
    /// By a program of theirs, which may have sent it before.
    Api(Option<Once>),
}

impl Edge {
    pub(super) fn via(&self) -> crate::desk::comment::Via {
        match self {
            Self::Panel => crate::desk::comment::Via::Panel,
            Self::Api(_) => crate::desk::comment::Via::Api,
        }
    }

    pub(super) fn once(&self) -> Option<&Once> {
        match self {
            Self::Panel => None,
            Self::Api(once) => once.as_ref(),
        }
    }
}
