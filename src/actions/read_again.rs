//! A message of the ledger read once more, for showing it.

use crate::{
    actions::{ActionError, Desk, Result},
    desk::message::IncomingMessage,
    mail::parse,
    store::blobs::ContentHash,
};

/// What today's reading makes of a mail that came in. Changes nothing. Whether the reader may see it, whoever found
/// `content` has asked.
///
/// # Errors
/// What [`ActionError`] lists; missing when its octets are.
pub async fn read_again(desk: &Desk, content: &ContentHash) -> Result<IncomingMessage> {
    let mut conn = desk.store.read().await?;
    let raw = desk.store.blobs().get(&mut conn, content).await?.ok_or(ActionError::Missing("message"))?;
    drop(conn);
    Ok(tokio::task::block_in_place(|| parse::timed::read(raw)))
}
