//! A token of the API that opens nothing any more.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        make_token::called,
        transact,
    },
    desk::{
        audit::AuditKind,
        id::ApiTokenId,
        permission::{Act, Verdict, may},
        person::Person,
    },
    store::{api_tokens, people},
};

/// Revokes one's own token, or as an admin anybody's: the next request with it is refused. What it was called.
///
/// # Errors
/// What [`ActionError`] lists; missing for another helper's.
pub async fn revoke_token(desk: &Desk, actor: &Person, id: ApiTokenId) -> Result<String> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let token = api_tokens::lock(&mut tx, id).await?.ok_or(ActionError::Missing("token"))?;
        match may(actor, Act::RevokeToken(token.person), desk.rules()) {
            Verdict::Allowed => {}
            Verdict::Missing => return Err(ActionError::Missing("token")),
            Verdict::Forbidden => return Err(ActionError::Forbidden),
        }
        if token.standing.revoked_at.is_some() {
            return Err(ActionError::Conflict(format!("the token “{}” was revoked already", token.name)));
        }
        api_tokens::revoke(&mut tx, id, actor.id, now).await?;
        let owner = people::get(&mut tx, token.person).await?.map(|it| it.name).unwrap_or_default();
        let line = Line::of(AuditKind::Token, called(&token.name, &token.start), "was revoked").from(format!("of {owner}")).to("");
        audit::note(&mut tx, actor, line, now).await?;
        tx.commit().await?;
        tracing::info!(token = %id, "revoked a token of the API");
        Ok(token.name)
    })
    .await
}
