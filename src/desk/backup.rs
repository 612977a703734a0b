//! When a desk is backed up, and whether that goes as it should.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

/// `[backup]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Where the files are made; absolute.
    pub folder: PathBuf,
    /// From the beginning of one to that of the next.
    pub every: SignedDuration,
    /// So many that were found whole stay; at least one.
    pub keep: u32,
}

/// What is known of a desk's backups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackupFacts {
    /// The newest that was found whole and is still there, whoever asked for it.
    pub last_verified: Option<VerifiedBackup>,
    /// The newest that the schedule began.
    pub last_scheduled: Option<Scheduled>,
    /// Why the newest that has ended was not made, or is not whole; and when that was found.
    pub error: Option<(String, Timestamp)>,
}

/// A backup that was found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedBackup {
    /// Where it lies, on the machine that made it.
    pub file: PathBuf,
    /// The desk is in it as it was then.
    pub made_at: Timestamp,
    /// Of the file, in bytes.
    pub size: u64,
    /// When it was last found whole.
    pub verified_at: Timestamp,
}

/// What the schedule did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// When it began.
    pub began_at: Timestamp,
    /// What it came to so far.
    pub came_to: CameTo,
}

/// What a backup came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CameTo {
    /// It was made and found whole.
    Whole,
    /// It was not made, is not whole, or has not ended: the program may have.
    NotYet,
}

/// When the next one is due: `every` after the last one, or sooner after one that came to nothing, with at most an hour's pause.
#[must_use]
pub fn next_due(facts: &BackupFacts, schedule: &Schedule, now: Timestamp) -> Timestamp {
    match facts.last_scheduled {
        None => now,
        Some(Scheduled { began_at, came_to: CameTo::Whole }) => began_at + schedule.every,
        Some(Scheduled { began_at, came_to: CameTo::NotYet }) => began_at + (schedule.every / 4).min(SignedDuration::from_hours(1)),
    }
}

/// What is wrong with a desk's backups, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Since when.
    pub since: Timestamp,
    /// What is wrong, and behind the last semicolon the mend where there is one: lower case, no full stop.
    pub says: String,
}

/// Whether somebody should look: the last one came to nothing, or the last good one is older than the schedule has it, with a quarter's
/// grace. Nothing is ever wrong where there is no schedule. For `/readyz`, the alarms and the panel alike; the store's
/// `backup::rows::facts` gives the facts.
#[must_use]
pub fn trouble(facts: &BackupFacts, schedule: Option<&Schedule>, now: Timestamp) -> Option<Trouble> {
    let schedule = schedule?;
    if let Some((error, since)) = &facts.error {
        return Some(Trouble { since: *since, says: format!("the last backup came to nothing: {error}") });
    }
    let last = facts.last_verified.as_ref().map(|it| it.made_at).or(facts.last_scheduled.map(|it| it.began_at))?;
    let until = last + schedule.every + schedule.every / 4;
    let says = match &facts.last_verified {
        Some(_) => "the last backup that was found whole is older than the schedule has it; the daemon’s log says why",
        None => "no backup has been found whole yet; the daemon’s log says why",
    };
    (until < now).then(|| Trouble { since: until, says: says.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> Schedule {
        Schedule { folder: "/backup".into(), every: SignedDuration::from_hours(24), keep: 7 }
    }

    fn ago(hours: i64) -> Timestamp {
        now() - SignedDuration::from_hours(hours)
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn facts(good: Option<i64>, scheduled: Option<(i64, CameTo)>) -> BackupFacts {
        let verified = |hours| VerifiedBackup { file: "/backup/one".into(), made_at: ago(hours), size: 1, verified_at: ago(hours) };
        let last_scheduled = scheduled.map(|(hours, came_to)| Scheduled { began_at: ago(hours), came_to });
        BackupFacts { last_verified: good.map(verified), last_scheduled, error: None }
    }

    #[test]
    fn the_next_is_due_a_period_after_the_last_and_sooner_after_one_that_failed() {
        assert_eq!(next_due(&facts(None, None), &schedule(), now()), now());
        assert_eq!(next_due(&facts(Some(5), Some((5, CameTo::Whole))), &schedule(), now()), ago(-19));
        assert_eq!(next_due(&facts(Some(30), Some((5, CameTo::NotYet))), &schedule(), now()), ago(4));
        let often = Schedule { every: SignedDuration::from_hours(1), ..schedule() };
        assert_eq!(next_due(&facts(None, Some((1, CameTo::NotYet))), &often, now()), ago(1) + SignedDuration::from_mins(15));
    }

    #[test]
    fn trouble_is_one_that_failed_or_a_good_one_that_is_too_old() {
        for (good, scheduled, wrong) in [
            (None, None, false),
            (Some(29), Some((29, CameTo::Whole)), false),
            (Some(31), Some((31, CameTo::Whole)), true),
            (Some(29), Some((5, CameTo::NotYet)), false),
            (None, Some((29, CameTo::NotYet)), false),
            (None, Some((31, CameTo::NotYet)), true),
        ] {
            assert_eq!(trouble(&facts(good, scheduled), Some(&schedule()), now()).is_some(), wrong, "{good:?} {scheduled:?}");
        }
        let failed = BackupFacts { error: Some(("the disk is full".to_owned(), ago(1))), ..facts(Some(5), Some((2, CameTo::NotYet))) };
        assert_eq!(trouble(&failed, Some(&schedule()), now()).map(|it| it.since), Some(ago(1)));
        assert_eq!(trouble(&failed, None, now()), None);
    }
}
