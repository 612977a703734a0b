//! The filters above a list of tickets. They say the same until tags, staff or mailboxes change, and are drawn once.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    desk::{
        id::PersonId,
        ticket::{Status, Turn},
    },
    panel::{Panel, assets, list::Asked, words::Choice},
    store::queue::View,
    templates::TemplateError,
};

/// What they are made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Filters {
    v: &'static str,
    asked: Asked,
    statuses: Vec<Choice>,
    priorities: Vec<Choice>,
    helpers: Vec<Choice>,
    mailboxes: Vec<Choice>,
    all_tags: Vec<Choice>,
    turns: Vec<Choice>,
    sorts: Vec<Choice>,
    sort: &'static str,
    filtered: bool,
    clear: String,
    savable: bool,
}

/// What they offer besides what a view has.
pub(super) struct Offered {
    /// Others of the staff.
    pub others: Vec<Choice>,
    /// Where there is more than one.
    pub mailboxes: Vec<Choice>,
    /// Every tag.
    pub all_tags: Vec<Choice>,
}

impl Filters {
    /// Above this list, which can be saved under a name or not.
    pub fn of(asked: &Asked, me: PersonId, offered: Offered, savable: bool) -> Self {
        let view = asked.view(me).0;
        Self {
            v: &assets::VERSION,
            statuses: of_view(view),
            priorities: Choice::priorities().into_iter().rev().collect(),
            helpers: [Choice::new("me", "Me"), Choice::new("nobody", "Nobody")].into_iter().chain(offered.others).collect(),
            mailboxes: offered.mailboxes,
            all_tags: offered.all_tags,
            turns: if view.turns().len() > 1 { turns() } else { Vec::new() },
            sorts: view.sorts().iter().map(|it| Choice::new(it.as_str(), it.title())).collect(),
            sort: asked.sort(me).as_str(),
            filtered: asked.is_filtered(),
            clear: asked.unfiltered().address(),
            savable,
            asked: asked.whole_list(),
        }
    }

    /// As HTML.
    pub fn draw(&self, panel: &Panel) -> Result<Arc<str>, TemplateError> {
        let templates = &panel.desk.templates;
        panel.pieces.filters.of(templates, self, |it| templates.render("parts/list_filters.html", it))
    }
}

/// The statuses that a view can be narrowed to; none where it has but one.
fn of_view(view: View) -> Vec<Choice> {
    let statuses: Vec<Choice> =
        Choice::statuses().into_iter().filter(|it| Status::parse(&it.value).is_some_and(|it| view.takes(it))).collect();
    if statuses.len() > 1 { statuses } else { Vec::new() }
}

fn turns() -> Vec<Choice> {
    vec![Choice::new(Turn::Staff.as_str(), "Ours"), Choice::new(Turn::Customer.as_str(), "The customer’s")]
}
