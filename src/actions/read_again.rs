//! A message of the ledger read once more, for showing it.

use crate::{
    actions::{ActionError, Desk, Result},
    desk::message::IncomingMessage,
    mail::parse,
    store::conversation::RawMail,
};

/// What today's reading makes of the mail that a comment came by. Changes nothing. Whether the reader may see it, whoever found
/// `mail` has asked.
///
/// # Errors
/// What [`ActionError`] lists; missing when its octets are.
pub async fn read_again(desk: &Desk, mail: &RawMail) -> Result<IncomingMessage> {
    let mut conn = desk.store.read().await?;
    let raw = desk.store.blobs().get(&mut conn, &mail.sha256).await?.ok_or(ActionError::Missing("message"))?;
    drop(conn);
    Ok(tokio::task::block_in_place(|| parse::timed::read(raw)))
}
