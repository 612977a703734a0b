//! What somebody is called and may do.

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, named},
        door::{leave, transact},
        people::{By, hand_back_work, keeps_work, person, typed_name},
    },
    desk::{
        audit::AuditKind,
        id::{PersonId, TicketNumber},
        last_admin::may_become,
        person::{PersonState, Role},
    },
    store::{people, sessions},
};

/// Makes somebody an admin, a helper or a customer; their sessions end. The open tickets that went back to nobody, when they became a
/// customer.
///
/// # Errors
/// What [`ActionError`] lists; conflict for the last admin.
pub async fn set_role(desk: &Desk, by: By<'_>, id: PersonId, to: Role) -> Result<Vec<TicketNumber>> {
    become_(desk, by, id, Some(to), None).await
}

/// Keeps somebody out: their sessions end, their replies stay, what they have at work goes back to nobody. Those tickets.
///
/// # Errors
/// What [`ActionError`] lists; conflict for the last admin.
pub async fn disable(desk: &Desk, by: By<'_>, id: PersonId) -> Result<Vec<TicketNumber>> {
    become_(desk, by, id, None, Some(PersonState::Disabled)).await
}

/// Lets somebody in again, with the role and the password that they had.
///
/// # Errors
/// What [`ActionError`] lists.
pub async fn enable(desk: &Desk, by: By<'_>, id: PersonId) -> Result<()> {
    become_(desk, by, id, None, Some(PersonState::Active)).await.map(|_| ())
}

async fn become_(desk: &Desk, by: By<'_>, id: PersonId, role: Option<Role>, state: Option<PersonState>) -> Result<Vec<TicketNumber>> {
    by.allow(desk)?;
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        // Before the person is read: whoever waits for this lock sees what the other did.
        let others = people::lock_other_admins(&mut tx, id).await?;
        let was = person(&mut tx, id).await?;
        let (role, state) = (role.unwrap_or(was.role), state.unwrap_or(was.state));
        if (role, state) == (was.role, was.state) {
            return Ok(Vec::new());
        }
        may_become(&was, role, state, others).map_err(|it| ActionError::Conflict(it.to_string()))?;
        people::set_role_and_state(&mut tx, id, role, state).await?;
        sessions::end_all(&mut tx, id).await?;
        let is = person(&mut tx, id).await?;
        let line = |what| Line::of(AuditKind::User, named(&is), what);
        audit::note(&mut tx, by, line("changed the role").from(was.role.title()).to(is.role.title()), now).await?;
        audit::note(&mut tx, by, line("changed the state").from(was.state.as_str()).to(is.state.as_str()), now).await?;
        let handed_back = if keeps_work(&was) && !keeps_work(&is) { hand_back_work(desk, &mut tx, by, id, now).await? } else { Vec::new() };
        leave(desk, tx).await?;
        tracing::info!(person = %id, role = role.as_str(), state = state.as_str(), "changed what {id} may do");
        Ok(handed_back)
    })
    .await
}

/// Calls somebody by another name.
///
/// # Errors
/// What [`ActionError`] lists; invalid without a name.
pub async fn rename(desk: &Desk, by: By<'_>, id: PersonId, name: &str) -> Result<()> {
    by.allow(desk)?;
    transact(desk, |mut tx| async move {
        let known = person(&mut tx, id).await?;
        let name = typed_name(name, &known.email)?;
        if name != known.name {
            sessions::rename(&mut tx, id, &name).await?;
            let line = Line::of(AuditKind::User, named(&known), "changed the name").from(&known.name).to(&name);
            audit::note(&mut tx, by, line, desk.clock.now()).await?;
        }
        leave(desk, tx).await
    })
    .await
}
