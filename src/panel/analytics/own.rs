//! A helper's own figures.

use serde::Serialize;

use super::{
    Filters,
    words::{More, Stat},
};
use crate::{desk::analytics::Figures, panel::visitor::Visitor};

#[derive(Serialize)]
pub(super) struct Own {
    filters: Filters,
    name: String,
    something: bool,
    stats: Vec<Stat>,
    /// First reply and resolution: median and nine in ten, in business hours and in wall time.
    durations: Vec<(&'static str, usize, [String; 4], String)>,
}

impl Own {
    pub fn new(visitor: &Visitor, filters: Filters, figures: &Figures) -> Self {
        let (this, before) = (&figures.all, &figures.before);
        let line = |name, took: &crate::desk::analytics::Took| {
            (name, took.wall.count, super::words::four(took), super::words::per_cent(took.within))
        };
        let stats = vec![
            Stat::count("Assigned", this.assigned, before.assigned, More::Neither),
            Stat::count("Replies", this.replies, before.replies, More::Neither),
            Stat::count("Resolved", this.resolved, before.resolved, More::Good),
            Stat::count("Opened again", this.reopened, before.reopened, More::Bad),
            Stat::median("First reply, median", &this.first_reply, &before.first_reply),
            Stat::median("Resolution, median", &this.resolution, &before.resolution),
            Stat::share("Satisfied", this.answers.satisfied(), before.answers.satisfied(), "answers"),
            Stat::new("Open now", this.open_now.to_string(), "assigned to you".to_owned()),
        ];
        Self {
            filters,
            name: visitor.person.name.clone(),
            something: this.is_something() || before.is_something(),
            stats,
            durations: vec![line("First reply", &this.first_reply), line("Resolution", &this.resolution)],
        }
    }
}
