//! Somebody has a ticket open, writes on it, or has closed it.

use crate::{
    actions::{
        Desk, Result,
        door::{enter, transact},
    },
    desk::{id::TicketNumber, permission::Act, person::Person, presence::Doing},
    store::presence,
};

/// Says what `actor` does on a ticket now; none: they closed it. Colleagues who have it open are told.
///
/// # Errors
/// What [`crate::actions::ActionError`] lists.
pub async fn say(desk: &Desk, actor: &Person, number: TicketNumber, doing: Option<Doing>) -> Result<()> {
    let now = desk.clock.now();
    transact(desk, |mut tx| async move {
        let (_, case) = enter(desk, &mut tx, actor, number).await?;
        desk.allow(actor, Act::SeeInside(case))?;
        match doing {
            Some(doing) => {
                presence::put(&mut tx, number, actor.id, doing, now).await?;
            }
            None => presence::leave(&mut tx, number, actor.id, now).await?,
        }
        Ok(tx.commit().await?)
    })
    .await
}
