//! Where the messages of an open ticket stand with those whom they are mailed to. No line of the history tells it: it is looked at
//! again when something is to happen.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    desk::id::{CommentId, TicketNumber},
    panel::{
        Panel, assets,
        csrf::Tie,
        error::PageError,
        thread::delivery::{self, Standing, Way, way_of},
        ticket::SHOWN,
        visitor::Visitor,
    },
    store::{
        Conn,
        conversation::{self, Mailed},
    },
};

/// What is due leaves within a moment; so often it is looked whether it has.
const LEAVING: Duration = Duration::from_secs(1);

/// What has not left by then is not waited for so closely.
const SOON: SignedDuration = SignedDuration::from_mins(1);

/// What the page shows of it.
pub(super) struct Known {
    /// As the page says it of itself.
    drawn: String,
    /// As it was told last; none: nothing was told yet.
    told: Option<BTreeMap<CommentId, u64>>,
    /// How long until something of it is to happen; none: nothing is.
    pub next: Option<Duration>,
}

#[derive(Serialize)]
struct Fragment<'a> {
    v: &'a str,
    no: i64,
    csrf: String,
    ways: Vec<Standing>,
}

impl Known {
    pub fn new(drawn: String) -> Self {
        Self { drawn, told: None, next: None }
    }

    /// The messages that stand otherwise than the page shows them; none: it shows them as they are.
    pub async fn news(
        &mut self,
        panel: &Panel,
        visitor: &Visitor,
        conn: &mut Conn,
        number: TicketNumber,
    ) -> Result<Option<String>, PageError> {
        let now = panel.desk.clock.now();
        let mailed: Vec<Mailed> = conversation::mailed(conn, number, SHOWN).await?;
        let ways: Vec<Way<'_>> = mailed.iter().map(|it| way_of(it, visitor.person.id)).collect();
        self.next = ways.iter().filter_map(|it| it.next(now)).filter_map(|at| until(at, now)).min();
        let marks: BTreeMap<CommentId, u64> = ways.iter().map(|it| (it.id, it.mark(now))).collect();
        let known = match self.told.replace(marks.clone()) {
            Some(told) => told,
            None if delivery::standing(ways.iter().copied(), now) == self.drawn => marks.clone(),
            None => BTreeMap::new(),
        };
        let changed: Vec<Standing> = ways.iter().filter(|it| known.get(&it.id) != marks.get(&it.id)).map(|it| it.standing(now)).collect();
        if changed.is_empty() {
            return Ok(None);
        }
        let csrf = Tie::to_session(visitor).token(&panel.desk.keys);
        let fragment = Fragment { v: &assets::VERSION, no: number.0, csrf, ways: changed };
        Ok(Some(panel.desk.templates.render("live/standing.html", &fragment)?))
    }
}

/// How long to wait for what is to happen then; none: it is long overdue, and nobody knows when.
fn until(at: Timestamp, now: Timestamp) -> Option<Duration> {
    if at > now {
        return Duration::try_from(at.duration_since(now)).ok();
    }
    (now.duration_since(at) < SOON).then_some(LEAVING)
}
