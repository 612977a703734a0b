//! The time zone in which a page tells times: its viewer's, where they chose one, else the desk's.

use jiff::tz::TimeZone;

use crate::panel::Panel;

tokio::task_local! {
    static ZONE: TimeZone;
}

/// Does `work` for somebody who reads times in this zone; none: in the desk's. What is spawned inside is not among it.
pub(super) async fn seen_from<F: Future>(zone: Option<TimeZone>, work: F) -> F::Output {
    match zone {
        Some(zone) => ZONE.scope(zone, work).await,
        None => work.await,
    }
}

impl Panel {
    /// In which times are told to whoever asks now.
    #[must_use]
    pub fn zone(&self) -> TimeZone {
        ZONE.try_with(Clone::clone).unwrap_or_else(|_| self.desk.settings.time_zone.clone())
    }
}
