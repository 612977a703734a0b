//! This machine: its clock, the data folder, the disk under it, the key file.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path};

use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};

use super::report::Line;
use crate::{
    config::{Config, RootKey},
    store::{disk, owner},
};

/// A clock that differs by more from another machine's makes signatures and sessions fail, and mail look wrong.
pub(super) const CLOCKS_MAY_DIFFER: SignedDuration = SignedDuration::from_mins(1);

/// Below so much, mail cannot be taken in for long.
const NO_ROOM: u64 = 100 << 20;

/// Whether the year is one in which this program can run.
pub(super) fn clock(now: Timestamp) -> Line {
    let year = TimeZone::UTC.to_datetime(now).date();
    if year < date(2026, 1, 1) || year > date(2100, 1, 1) {
        return Line::fail("clock", format!("it says {now:.0}; set it, and let a time service (systemd-timesyncd, chrony) keep it"));
    }
    Line::ok("clock", format!("{now:.0}"))
}

/// This machine's clock beside another's, which `whose` names.
pub(super) fn compare(now: Timestamp, theirs: Timestamp, whose: &str) -> Option<Line> {
    let apart = now.duration_since(theirs);
    let differ = || format!("{apart:#.0} from that of {whose}; let a time service (systemd-timesyncd, chrony) keep both");
    (apart.abs() > CLOCKS_MAY_DIFFER).then(|| Line::warn("clock", differ()))
}

/// Whether the data folder may be written to, and how much room is left.
pub(super) fn data_dir(folder: &Path, alarm_free: u64) -> Vec<Line> {
    let subject = "data_dir";
    let shown = folder.display();
    match disk::try_writing(folder) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return vec![absent(folder)],
        Err(why) => {
            let mend = "give it to the user that maildesk runs as, and see that its disk is neither full nor read-only";
            return vec![Line::fail(subject, format!("{shown} cannot be written to: {why}; {mend}")), room(folder, alarm_free)];
        }
        Ok(()) => (),
    }
    let mut lines = vec![ours(folder), room(folder, alarm_free)];
    lines.extend(others_may_read(folder));
    lines
}

/// Whether everything in it is for the user that asks: what root made in somebody else's folder stops mail from being kept.
fn ours(folder: &Path) -> Line {
    let (subject, shown) = ("data_dir", folder.display());
    if let Err(why) = owner::must_be_ours(folder) {
        return Line::fail(subject, why.to_string());
    }
    match owner::barred(folder) {
        Ok(barred) if barred.is_empty() => Line::ok(subject, format!("{shown} can be written to")),
        Ok(barred) => {
            let named: Vec<String> = barred.iter().map(|it| it.display().to_string()).collect();
            let mend = "another user made it; give all of the folder to the user that maildesk runs as: chown -R";
            Line::fail(subject, format!("{} cannot be written to: {mend} USER: {shown}", named.join(", ")))
        }
        Err(why) => Line::fail(subject, format!("{shown} cannot be listed: {why}; give it to the user that maildesk runs as")),
    }
}

/// Mail lies in it: nobody else on the machine is to read it.
fn others_may_read(folder: &Path) -> Option<Line> {
    let mode = fs::metadata(folder).ok()?.permissions().mode() & 0o777;
    let told = || format!("others on this machine may read the mail in {0} (mode {mode:o}); chmod 700 {0}", folder.display());
    (mode & 0o007 != 0).then(|| Line::warn("data_dir", told()))
}

/// Whether passwords stand where others may read them: in the configuration file itself.
pub(super) fn configuration(file: &Path, config: &Config) -> Option<Line> {
    let mode = fs::metadata(file).ok()?.permissions().mode() & 0o777;
    let told = || format!("{0} holds passwords, and others on this machine may read it (mode {mode:o}); chmod 640 {0}", file.display());
    (mode & 0o007 != 0 && config.holds_secrets).then(|| Line::warn("configuration", told()))
}

fn absent(folder: &Path) -> Line {
    let nearest = folder.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/"));
    match disk::try_writing(nearest) {
        Ok(()) => Line::ok("data_dir", format!("{} is not there; the first start makes it", folder.display())),
        Err(why) => Line::fail("data_dir", format!("{} is not there and cannot be made in {}: {why}", folder.display(), nearest.display())),
    }
}

fn room(folder: &Path, alarm_free: u64) -> Line {
    let room = match disk::room(folder) {
        Ok(room) => room,
        Err(why) => return Line::warn("disk", format!("how much is free cannot be told: {why}")),
    };
    let text = room.to_string();
    if room.free < NO_ROOM {
        Line::fail("disk", format!("{text}; make room, or move data_dir to a larger disk"))
    } else if room.free < alarm_free {
        let text = format!(
            "{text}, and less than {} is an alarm (alarm_free); make room, or move data_dir to a larger disk",
            disk::shown(alarm_free)
        );
        Line::warn("disk", text)
    } else {
        Line::ok("disk", text)
    }
}

/// Whether backups can be made where the configuration wants them; nothing is said where it wants none.
pub(super) fn backup(config: &Config) -> Option<Line> {
    let folder = &config.desk.backup.as_ref()?.folder;
    let shown = folder.display();
    let nearest = folder.ancestors().find(|it| it.exists()).unwrap_or(Path::new("/"));
    Some(match disk::try_writing(nearest) {
        Ok(()) if nearest == folder => Line::ok("backup", format!("{shown} can be written to")),
        Ok(()) => Line::ok("backup", format!("{shown} is not there; the first backup makes it")),
        Err(why) => Line::fail(
            "backup",
            format!("{shown} cannot be written to: {why}; give it to the user that maildesk runs as (with systemd also ReadWritePaths=)"),
        ),
    })
}

/// Whether the root key is there and nobody else reads it. Makes none.
pub(super) fn key(config: &Config) -> Line {
    let subject = "secret_key";
    let file = match &config.root_key {
        RootKey::Given(_) => return Line::ok(subject, "given in the configuration"),
        RootKey::KeptIn(file) => file,
    };
    let mode = match fs::metadata(file) {
        Ok(found) => found.permissions().mode() & 0o777,
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            return Line::ok(subject, format!("the first start makes {}; keep a copy of it with the backups", file.display()));
        }
        Err(why) => return Line::fail(subject, format!("{} cannot be read: {why}", file.display())),
    };
    match config.root_key.load() {
        Err(why) => Line::fail(subject, why.to_string()),
        Ok(_) if mode & 0o077 != 0 => Line::warn(subject, format!("others may read {0} (mode {mode:o}); chmod 600 {0}", file.display())),
        Ok(_) => Line::ok(subject, format!("{} is there", file.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_out_of_its_time_is_told() {
        assert_eq!(clock("2026-11-24T10:00:00Z".parse().unwrap()).to_string(), "ok    clock: 2026-11-24T10:00:00Z");
        assert!(
            clock("1970-01-01T00:01:00Z".parse().unwrap()).to_string().starts_with("FAIL  clock: it says 1970-01-01T00:01:00Z; set it")
        );
    }

    #[test]
    fn two_clocks_may_differ_by_a_minute() {
        let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
        assert_eq!(compare(now, now - SignedDuration::from_secs(59), "the database"), None);
        let told = compare(now, now - SignedDuration::from_mins(90), "the database").unwrap().to_string();
        assert!(told.starts_with("warn  clock: 1h 30m from that of the database; "), "{told}");
    }
}
