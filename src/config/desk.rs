//! `[desk]`.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{
    section::{Refusal, Section},
    source::Value,
    value::{duration, text, whole},
};
use crate::desk::{
    backup::Schedule,
    knob::{self, Knob},
    settings::DeskSettings,
};

/// What it says, and which of its keys are given.
pub(super) fn read(top: &mut Section<'_>) -> (DeskSettings, BTreeSet<String>) {
    let (mut settings, mut given) = (DeskSettings::default(), BTreeSet::new());
    let mut take = |section: &mut Section<'_>, knob: Knob| {
        if section.optional(knob.key(), |value| knob.set(&mut settings, &written(knob, value)?)).is_some() {
            given.insert(knob.key().to_owned());
        }
    };
    take(top, Knob::TimeZone);
    let backup = backup(top.table("backup"));
    let mut desk = top.table("desk");
    for knob in Knob::ALL.into_iter().filter(|it| *it != Knob::TimeZone) {
        take(&mut desk, knob);
    }
    settings.keep_raw = desk.or("keep_raw", settings.keep_raw, keep_raw);
    if let Some((_, why)) = knob::at_odds(&settings) {
        desk.at_odds(&why);
    }
    desk.finish();
    settings.backup = backup;
    (settings, given)
}

/// A value as its knob reads it.
fn written(knob: Knob, value: &Value) -> Result<String, Refusal> {
    match value {
        Value::Text(text) if text.chars().any(char::is_control) => Err("holds a control character".to_owned()),
        Value::Text(text) => Ok(text.clone()),
        Value::Whole(number) if knob != Knob::Name => Ok(number.to_string()),
        Value::Whole(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => Err("is not text; put it in quotes".to_owned()),
    }
}

fn backup(mut backup: Section<'_>) -> Option<Schedule> {
    let folder = backup.path("folder");
    let every = backup.or("every", SignedDuration::from_hours(24), duration("1h", "90d"));
    let keep = backup.or("keep", 7, whole(1..=1000));
    backup.finish();
    folder.map(|folder| Schedule { folder, every, keep })
}

/// "always", or a time.
fn keep_raw(value: &Value) -> Result<Option<SignedDuration>, Refusal> {
    if text(value).is_ok_and(|it| it.trim() == "always") {
        return Ok(None);
    }
    duration("30d", "3650d")(value).map(Some).map_err(|why| format!("{why}, and not \"always\""))
}
