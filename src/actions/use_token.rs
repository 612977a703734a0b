//! When a token of the API was last used, and from where.

use std::net::IpAddr;

use crate::{
    actions::{Desk, Result, transact},
    desk::id::ApiTokenId,
    store::api_tokens,
};

/// Notes that a token was used now, from there.
///
/// # Errors
/// When the database refuses.
pub async fn note_use(desk: &Desk, token: ApiTokenId, from: IpAddr) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        api_tokens::used(&mut tx, token, &from.to_string(), now).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
