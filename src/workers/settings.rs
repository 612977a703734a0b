//! Follows what other instances set.

use crate::{
    actions::{Desk, settings::reload},
    store::settings,
    workers::Result,
};

/// What was set when this instance last looked.
#[derive(Debug, Default)]
pub struct Known(Option<(i64, i64)>);

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Something was set since the last one, and counts now.
    Changed,
    /// Nothing was.
    AsItWas,
}

/// Takes what was set since the last look, here or on another instance.
///
/// # Errors
/// When the database fails.
pub async fn step(desk: &Desk, known: &mut Known) -> Result<Looked> {
    let version = settings::version(&mut *desk.store.read().await?).await?;
    if known.0 == Some(version) {
        return Ok(Looked::AsItWas);
    }
    reload(desk).await?;
    known.0 = Some(version);
    Ok(Looked::Changed)
}
