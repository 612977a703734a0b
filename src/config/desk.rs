//! `[desk]`.

use jiff::{SignedDuration, tz::TimeZone};

use super::{
    section::{Refusal, Section},
    source::Value,
    value::{duration, name, size, text, whole, word},
};
use crate::desk::{
    backup::Schedule,
    expiry,
    settings::{Budgets, DeskSettings, HelpersAssign, Reach, SessionLimits},
};

pub(super) fn read(top: &mut Section<'_>) -> DeskSettings {
    let default = DeskSettings::default();
    let time_zone = top.or("time_zone", default.time_zone, time_zone);
    let backup = backup(top.table("backup"));
    let mut desk = top.table("desk");
    let settings = DeskSettings {
        time_zone,
        name: desk.or("name", default.name, name),
        helpers_see: desk.or("helpers_see", default.helpers_see, word(Reach::WORDS)),
        helpers_assign: desk.or("helpers_assign", default.helpers_assign, word(HelpersAssign::WORDS)),
        close_after: desk.or("close_after", default.close_after, duration("1h", "3650d")),
        reopen_within: desk.or("reopen_within", default.reopen_within, duration("0s", "3650d")),
        undo_window: desk.or("undo_window", default.undo_window, duration("0s", "5m")),
        alarm_after: desk.or("alarm_after", default.alarm_after, duration("1m", "7d")),
        alarm_free: desk.or("alarm_free", default.alarm_free, size("1MiB", "100000GiB")),
        max_message_bytes: desk.or("max_message_bytes", default.max_message_bytes, size("64KiB", "1GiB")),
        keep_raw: desk.or("keep_raw", default.keep_raw, keep_raw),
        budgets: budgets(&mut desk),
        audit_keep: desk.or("audit_keep", default.audit_keep, duration("30d", "36500d")),
        sessions: sessions(&mut desk),
        backup,
    };
    let least = expiry::least(settings.close_after, settings.reopen_within);
    if settings.keep_raw.is_some_and(|it| it < least) {
        let days = least.as_hours().div_euclid(24) + i64::from(least.as_secs() % 86_400 > 0);
        desk.at_odds(&format!(
            "keep_raw is less than close_after and reopen_within together, or than 30d: a ticket that may open again must have its mail; write \"{days}d\" or more"
        ));
    }
    desk.finish();
    settings
}

fn budgets(desk: &mut Section<'_>) -> Budgets {
    let default = Budgets::default();
    Budgets {
        new_per_sender_hour: desk.or("max_new_per_hour", default.new_per_sender_hour, whole(1..=100_000)),
        per_ticket_hour: desk.or("max_per_ticket_per_hour", default.per_ticket_hour, whole(1..=100_000)),
        automatic_per_address_hour: desk.or("max_automatic_per_address_hour", default.automatic_per_address_hour, whole(0..=100_000)),
        automatic_per_address_day: desk.or("max_automatic_per_address_day", default.automatic_per_address_day, whole(0..=100_000)),
        automatic_per_domain_hour: desk.or("max_automatic_per_domain_hour", default.automatic_per_domain_hour, whole(0..=1_000_000)),
        automatic_per_hour: desk.or("max_automatic_per_hour", default.automatic_per_hour, whole(0..=1_000_000)),
    }
}

fn sessions(desk: &mut Section<'_>) -> SessionLimits {
    let default = SessionLimits::default();
    let limits = SessionLimits {
        idle: desk.or("session_idle", default.idle, duration("5m", "365d")),
        absolute: desk.or("session_absolute", default.absolute, duration("5m", "365d")),
    };
    if limits.absolute < limits.idle {
        desk.at_odds("session_absolute is shorter than session_idle, which could then never be reached; make it the longer one");
    }
    limits
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

fn time_zone(value: &Value) -> Result<TimeZone, Refusal> {
    let unknown = "is no time zone of this machine; write one such as \"Europe/Prague\" (Debian’s package tzdata brings them)";
    TimeZone::get(text(value)?.trim()).map_err(|_| unknown.to_owned())
}
