//! Until when a ticket is put off, as forms say it.

use jiff::Timestamp;

use crate::{
    actions::ActionError,
    desk::snooze::{CannotSnooze, Preset, typed, until},
    panel::{
        Panel,
        form::Fields,
        words::{Choice, Coming},
    },
};

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Put off until then.
    Until(Timestamp),
    /// Back into its queue.
    Back,
}

/// The times that are one press away, each with when that is.
pub(super) fn choices(panel: &Panel) -> Vec<Choice> {
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let choice =
        |it: Preset| Some(Choice::new(it.as_str(), format!("{}, {}", it.title(), Coming::new(it.at(now, zone)?, now, zone).clock)));
    Preset::ALL.into_iter().filter_map(choice).collect()
}

/// What the fields `snooze` and `snooze_at` say; none: nothing.
pub(super) fn read(panel: &Panel, fields: &Fields) -> Result<Option<Asked>, ActionError> {
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let refused = |why: CannotSnooze| ActionError::Invalid { field: "snooze", why: why.to_string() };
    let at = match (fields.given("snooze"), fields.given("snooze_at")) {
        (None, None) => return Ok(None),
        (Some("back"), _) => return Ok(Some(Asked::Back)),
        (Some("at") | None, at) => typed(at.unwrap_or_default(), zone).map_err(refused)?,
        (Some(preset), _) => Preset::parse(preset).and_then(|it| it.at(now, zone)).ok_or_else(|| refused(CannotSnooze::NoTime))?,
    };
    Ok(Some(Asked::Until(until(now, at).map_err(refused)?)))
}
