//! Reading a held message, without making anything of it.

use crate::{
    actions::{ActionError, Desk, Result},
    desk::{id::LedgerId, message::IncomingMessage, permission::Act, person::Person},
    mail::parse,
    store::held,
};

/// What a held message says, read from its octets: as much of it as is here. Nothing of it is run or fetched.
///
/// # Errors
/// What [`ActionError`] lists; missing for a message that was never held.
pub async fn read_held(desk: &Desk, actor: &Person, id: LedgerId) -> Result<IncomingMessage> {
    desk.allow(actor, Act::WorkHeldMail)?;
    let mut conn = desk.store.read().await?;
    let row = held::get(&mut conn, id).await?.ok_or(ActionError::Missing("held message"))?;
    let raw = desk.store.blobs().get(&mut conn, &row.sha256).await?.ok_or(ActionError::Missing("message"))?;
    drop(conn);
    Ok(parse::read(&raw))
}
