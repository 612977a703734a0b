//! Until when a message may be given to a server.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Until when a message may be given to a server: whoever holds its lease moves it on, and a process that stood still past it finds
/// it fallen. Cheap to clone: the clones are one.
#[derive(Clone, Debug)]
pub struct Fence(Option<Arc<Mutex<Instant>>>);

impl Fence {
    /// One that always stands: nobody else could send the message.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// One that stands for so long from `since` on.
    #[must_use]
    pub fn standing(since: Instant, long: Duration) -> Self {
        Self(Some(Arc::new(Mutex::new(since + long))))
    }

    /// It stands for so long from `since` on, and not only as it was.
    pub fn move_on(&self, since: Instant, long: Duration) {
        if let Some(until) = &self.0 {
            *until.lock().unwrap_or_else(PoisonError::into_inner) = since + long;
        }
    }

    /// Whether the message may be given now.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.0.as_ref().is_none_or(|until| Instant::now() < *until.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_by_itself_and_stands_again_when_it_is_moved_on() {
        let now = Instant::now();
        let fence = Fence::standing(now, Duration::ZERO);
        assert!(!fence.stands());
        fence.clone().move_on(now, Duration::from_secs(60));
        assert!(fence.stands() && Fence::none().stands());
    }
}
