//! What people choose for themselves: columns of `people`.

use crate::{
    desk::{
        id::PersonId,
        look::{Density, Keys, Look, Theme},
    },
    store::{Conn, Result, Tx, on, word},
};

/// How the panel looks to somebody, and the IANA name of the time zone in which they read times; none: the desk's.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn of(conn: &mut Conn, person: PersonId) -> Result<(Look, Option<String>)> {
    let sql = "select theme, density, keys, time_zone from people where id = $1";
    type Row = (String, String, String, Option<String>);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(person.0).fetch_optional(c).await)?;
    let Some((theme, density, keys, time_zone)) = row else { return Ok((Look::PLAIN, None)) };
    Ok((look(&theme, &density, &keys)?, time_zone))
}

pub(super) fn look(theme: &str, density: &str, keys: &str) -> Result<Look> {
    Ok(Look {
        theme: word("people", "theme", theme, Theme::parse)?,
        density: word("people", "density", density, Density::parse)?,
        keys: word("people", "keys", keys, Keys::parse)?,
    })
}

/// Keeps what somebody chose.
///
/// # Errors
/// When the database refuses.
pub async fn set(tx: &mut Tx, person: PersonId, look: Look) -> Result<()> {
    let sql = "update people set theme = $2, density = $3, keys = $4 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(look.theme.as_str()).bind(look.density.as_str()).bind(look.keys.as_str())
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Keeps the theme alone.
///
/// # Errors
/// When the database refuses.
pub async fn set_theme(tx: &mut Tx, person: PersonId, theme: Theme) -> Result<()> {
    let sql = "update people set theme = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(theme.as_str()).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Keeps the time zone, by its IANA name; none: the desk's.
///
/// # Errors
/// When the database refuses.
pub async fn set_time_zone(tx: &mut Tx, person: PersonId, name: Option<&str>) -> Result<()> {
    let sql = "update people set time_zone = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(name).execute(c).await.map(|_| ()))?;
    Ok(())
}
