//! Figures that were counted a moment ago. Counting the year of 100,000 tickets keeps a processor busy for a quarter of a second; on a desk as
//! large as that they are kept for a while, so that looking at them costs no more than a hundredth of it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::{
    desk::analytics::{Figures, Frame},
    store::{
        Result, Store,
        analytics::{Picked, count, newest},
    },
};

/// With fewer tickets they are counted for each look.
const LARGE: i64 = 20_000;

/// They are kept for one second for so many tickets.
const TICKETS_A_SECOND: i64 = 5_000;

/// So many are kept, of different periods and tickets.
const MOST: usize = 16;

/// Figures, and when they were counted.
#[derive(Clone, Debug)]
pub struct Counted {
    /// What they come to.
    pub figures: Figures,
    /// Until then everything is in them.
    pub at: Timestamp,
}

/// Those of a process, the last counted last.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Recent(Arc<Mutex<Vec<(String, Counted)>>>);

impl Store {
    /// [`count`], or on a desk of 20,000 tickets and more what it came to a while ago: a second for each 5,000 tickets. Who asks for the
    /// same meanwhile waits for whoever counts.
    ///
    /// # Errors
    /// When the database refuses, or a course is unreadable.
    pub async fn figures(&self, frame: Frame, picked: Picked) -> Result<Counted> {
        let now = frame.now;
        let tickets = newest(&mut *self.read().await?).await?;
        if tickets < LARGE {
            return Ok(Counted { figures: count(&mut *self.read().await?, frame, picked).await?, at: now });
        }
        // Before a connection is taken: other pages need those.
        let mut recent = self.recent.0.lock().await;
        let lasts = SignedDuration::from_secs(tickets / TICKETS_A_SECOND);
        // Whoever waited for the count of another began before it.
        recent.retain(|(_, it)| now.duration_since(it.at) < lasts && it.at.duration_since(now) < SignedDuration::from_secs(1));
        let key = format!("{picked:?} {:?} {:?} {:?} {:?} {:?}", frame.period, frame.span(), frame.before, frame.staff, frame.terms);
        if let Some((_, known)) = recent.iter().find(|(of, _)| *of == key) {
            return Ok(known.clone());
        }
        let counted = Counted { figures: count(&mut *self.read().await?, frame, picked).await?, at: now };
        if recent.len() >= MOST {
            recent.remove(0);
        }
        recent.push((key, counted.clone()));
        Ok(counted)
    }
}
