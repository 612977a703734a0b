//! Backups by themselves: made, read back and looked at, old ones cleared away.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    actions::Desk,
    desk::backup::{Schedule, next_due},
    store::{
        StoreError,
        backup::{
            BackupError, Scratch, check, clear_left_over,
            make::{Existing, Made, Settings, make},
            rows::{self, BackupId, MadeBy, Verdict},
        },
    },
    workers::Result,
};

/// Another instance may have made one meanwhile: looked at least so often.
const LONGEST_NAP: Duration = Duration::from_secs(600);

/// After trouble with the database.
const PAUSE: Duration = Duration::from_secs(60);

/// What one step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// None is due before then.
    NotDue(Timestamp),
    /// This one was made and found whole, and so many old ones were cleared away.
    Made(PathBuf, usize),
    /// It came to nothing: why. The desk knows; it is tried again sooner.
    Nothing(String),
}

/// Makes the backup that is due, if one is.
///
/// # Errors
/// When the desk's database fails; whatever else goes wrong is [`Step::Nothing`].
pub async fn step(desk: &Desk, schedule: &Schedule, settings: &Settings) -> Result<Step> {
    let now = desk.clock.now();
    let due = next_due(&rows::facts(&mut *desk.store.read().await?).await?, schedule, now);
    if due > now {
        return Ok(Step::NotDue(due));
    }
    let file = schedule.folder.join(format!("maildesk-{}.backup", now.strftime("%Y%m%dT%H%M%SZ")));
    let Some(row) = begin(desk, schedule, &file, now).await? else { return Ok(Step::NotDue(now)) };
    let made = match at(desk, schedule, settings, &file, now).await {
        Ok(made) => made,
        Err(why) => return nothing(desk, row, why.to_string()).await,
    };
    let mut tx = desk.store.begin().await?;
    rows::made(&mut tx, row, &made, desk.clock.now()).await?;
    tx.commit().await?;
    if let Some(wrong) = looked_at(schedule, &file).await.unwrap_or_else(|why| Some(why.to_string())) {
        return not_whole(desk, &made, &file, &wrong).await;
    }
    remember(desk, &made, Verdict::Whole).await?;
    let cleared = clear_away(desk, schedule).await?;
    tracing::info!("made a backup and found it whole: {}; {cleared} old ones were cleared away", file.display());
    Ok(Step::Made(file, cleared))
}

/// Says that one begins, unless another instance was faster.
async fn begin(desk: &Desk, schedule: &Schedule, file: &Path, now: Timestamp) -> Result<Option<BackupId>> {
    let mut tx = desk.store.begin().await?;
    rows::alone(&mut tx).await?;
    if next_due(&rows::facts(&mut tx).await?, schedule, now) > now {
        return Ok(None);
    }
    let row = rows::begin(&mut tx, file, MadeBy::Schedule, now).await?;
    tx.commit().await?;
    Ok(Some(row))
}

async fn at(desk: &Desk, schedule: &Schedule, settings: &Settings, file: &Path, now: Timestamp) -> std::result::Result<Made, BackupError> {
    let folder = &schedule.folder;
    std::fs::create_dir_all(folder).map_err(|why| BackupError::File { path: folder.clone(), why })?;
    clear_left_over(folder);
    make(&desk.store, settings.clone(), file, Existing::Stays, now).await
}

/// What is wrong with it, read back beside itself; none: it is whole.
async fn looked_at(schedule: &Schedule, file: &Path) -> std::result::Result<Option<String>, BackupError> {
    let scratch = Scratch::with_room(&schedule.folder, check::room_for(file)?)?;
    let unpacked = tokio::task::block_in_place(|| check::unpack(file, scratch.folder()))?;
    let checked = unpacked.check(file).await?;
    Ok(checked.findings.first().map(|it| format!("{} ({}): {}", it.rule, it.count, it.says)))
}

async fn nothing(desk: &Desk, row: BackupId, why: String) -> Result<Step> {
    tracing::error!("no backup was made: {why}");
    let mut tx = desk.store.begin().await?;
    rows::not_made(&mut tx, row, &why, desk.clock.now()).await?;
    tx.commit().await?;
    Ok(Step::Nothing(why))
}

async fn not_whole(desk: &Desk, made: &Made, file: &Path, wrong: &str) -> Result<Step> {
    let why = format!("{} is not whole: {wrong}; maildesk verify says more", file.display());
    tracing::error!("{why}");
    remember(desk, made, Verdict::Wrong(&why)).await?;
    Ok(Step::Nothing(why))
}

async fn remember(desk: &Desk, made: &Made, verdict: Verdict<'_>) -> Result<()> {
    let mut tx = desk.store.begin().await?;
    rows::looked_at(&mut tx, &made.seal, verdict, desk.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Removes what is older than those that are kept; how many.
async fn clear_away(desk: &Desk, schedule: &Schedule) -> std::result::Result<usize, StoreError> {
    let old = rows::beyond(&mut *desk.store.read().await?, schedule.keep).await?;
    let mut cleared = 0;
    for (row, file) in old {
        if let Err(error) = std::fs::remove_file(&file)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("the old backup {} cannot be removed: {error}", file.display());
            continue;
        }
        let mut tx = desk.store.begin().await?;
        rows::removed(&mut tx, row, desk.clock.now()).await?;
        tx.commit().await?;
        cleared += 1;
    }
    Ok(cleared)
}

/// Goes its rounds until it is told to stop. One that is cut off leaves nothing half.
pub async fn run(desk: Arc<Desk>, schedule: Schedule, settings: Settings, stop: CancellationToken) {
    loop {
        let stepped = tokio::select! {
            () = stop.cancelled() => return,
            stepped = step(&desk, &schedule, &settings) => stepped,
        };
        let nap = match stepped {
            Ok(Step::Made(..) | Step::Nothing(_)) => continue,
            Ok(Step::NotDue(at)) => at.duration_since(desk.clock.now()).unsigned_abs().clamp(Duration::from_secs(1), LONGEST_NAP),
            Err(error) => {
                tracing::error!("the backups’ rounds fail: {error}");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(nap) => {}
        }
    }
}
