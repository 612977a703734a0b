//! A token of the API: made by staff for a program of theirs, shown once.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line},
        transact,
    },
    auth::token::NewToken,
    desk::{
        api_token::{self, Access, Lifetime},
        audit::AuditKind,
        permission::Act,
        person::{Person, Role},
    },
    store::{
        api_tokens::{self, NewApiToken},
        people,
    },
};

/// So many of one person are good at a time.
const MOST: i64 = 50;

/// What is to be made.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What will use it, as typed.
    pub name: String,
    /// The most it may do.
    pub role: Role,
    /// Whether it changes anything.
    pub access: Access,
    /// How long it is good.
    pub lifetime: Lifetime,
}

/// Makes a token of one's own. It is shown to nobody after this.
///
/// # Errors
/// What [`ActionError`] lists; invalid without a name, or with one that another good token of theirs has.
pub async fn make_token(desk: &Desk, actor: &Person, wish: &Wish) -> Result<NewToken> {
    desk.allow(actor, Act::MakeToken(wish.role))?;
    let invalid = |why: String| ActionError::Invalid { field: "name", why };
    let name = &api_token::name(&wish.name).map_err(invalid)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        // Locked: of two forms sent at once, the second sees the token of the first.
        let owner = people::lock(&mut tx, actor.id).await?.ok_or(ActionError::Missing("person"))?;
        desk.allow(&owner, Act::MakeToken(wish.role))?;
        if api_tokens::is_named(&mut tx, owner.id, name, now).await? {
            return Err(invalid(format!("you have a token “{name}” already; revoke it first, or write another name")));
        }
        if api_tokens::good_of(&mut tx, owner.id, now).await? >= MOST {
            return Err(ActionError::Conflict(format!("you have {MOST} tokens; revoke one that nothing uses")));
        }
        let made = NewToken::random();
        let expires_at = wish.lifetime.end(now);
        let (role, access) = (wish.role, wish.access);
        let row = NewApiToken { person: owner.id, name, hash: &made.hash, start: &made.start, role, access, at: now, expires_at };
        let id = api_tokens::insert(&mut tx, &row).await?;
        let may = format!("{}, {}, {}", role.title(), access.title().to_lowercase(), wish.lifetime.title().to_lowercase());
        audit::note(&mut tx, &owner, Line::of(AuditKind::Token, called(name, &made.start), "was made").to(may), now).await?;
        tx.commit().await?;
        tracing::info!(token = %id, person = %owner.id, "made a token of the API");
        Ok(made)
    })
    .await
}

/// As the log calls it: `Nightly report (mdk_7qa3ce…)`.
pub(super) fn called(name: &str, start: &str) -> String {
    format!("{name} ({start}…)")
}
