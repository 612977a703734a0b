//! What people choose for themselves.

use jiff::tz::TimeZone;

use crate::{
    actions::{
        ActionError, Desk, Result,
        audit::{self, Line, named},
        transact,
    },
    desk::{
        audit::AuditKind,
        look::{Look, Theme},
        person::{Notices, Person, clean_name},
    },
    store::{looks, people, sessions},
};

/// Sets one's own theme.
///
/// # Errors
/// When the database refuses.
pub async fn set_theme(desk: &Desk, who: &Person, theme: Theme) -> Result<()> {
    transact(desk, |mut tx| async move {
        looks::set_theme(&mut tx, who.id, theme).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Sets how the panel looks to oneself.
///
/// # Errors
/// When the database refuses.
pub async fn set_look(desk: &Desk, who: &Person, look: Look) -> Result<()> {
    transact(desk, |mut tx| async move {
        looks::set(&mut tx, who.id, look).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Sets one's own name, and the zone in which one reads times; an empty one is the desk's.
///
/// # Errors
/// Invalid without a name, or with a zone that nobody knows.
pub async fn set_self(desk: &Desk, who: &Person, name: &str, zone: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(ActionError::Invalid { field: "name", why: "a name is missing; write it as customers are to see it".to_owned() });
    }
    let name = &clean_name(name, &who.email);
    let zone = Some(zone.trim()).filter(|it| !it.is_empty());
    if zone.is_some_and(|it| TimeZone::get(it).is_err()) {
        return Err(ActionError::Invalid { field: "zone", why: "there is no such time zone; choose one of the list".to_owned() });
    }
    transact(desk, |mut tx| async move {
        looks::set_time_zone(&mut tx, who.id, zone).await?;
        if *name != who.name {
            sessions::rename(&mut tx, who.id, name).await?;
            let line = Line::of(AuditKind::User, named(who), "changed their name").from(&who.name).to(name);
            audit::note(&mut tx, who, line, desk.clock.now()).await?;
        }
        tx.commit().await?;
        Ok(())
    })
    .await
}

/// Sets of what one is told by mail.
///
/// # Errors
/// Forbidden to customers, who are told of their own requests.
pub async fn set_notices(desk: &Desk, who: &Person, notices: Notices) -> Result<()> {
    if !who.role.is_staff() {
        return Err(ActionError::Forbidden);
    }
    transact(desk, |mut tx| async move {
        people::set_notices(&mut tx, who.id, notices).await?;
        tx.commit().await?;
        Ok(())
    })
    .await
}
