//! A list of tickets as an address asks for it, and as it is written into others.

use serde::{Deserialize, Serialize};

use crate::{
    desk::{
        id::{MailboxId, PersonId, TagId},
        queue::{Filter, HeldBy, Sort, View},
        ticket::{Priority, Status, Turn},
    },
    panel::page::Place,
    store::queue::{Key, List, QueueRow, Side},
};

/// Rows on a page.
pub(super) const PAGE: usize = 50;

/// What stands behind the question mark. What a filter does not know is no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    pub view: String,
    pub status: String,
    pub priority: String,
    pub helper: String,
    pub mailbox: String,
    pub tag: String,
    pub turn: String,
    pub sort: String,
    /// The rows behind this one.
    pub before: String,
    /// The rows ahead of this one.
    pub after: String,
}

impl Asked {
    pub fn view(&self, me: PersonId) -> (View, Place, &'static str) {
        match self.view.as_str() {
            "unassigned" => (View::Unassigned, Place::Unassigned, "Unassigned"),
            "mine" => (View::Mine(me), Place::Mine, "Mine"),
            "waiting" => (View::Waiting, Place::Waiting, "Waiting on customer"),
            "resolved" => (View::Resolved, Place::Resolved, "Resolved"),
            "closed" => (View::Closed, Place::Closed, "Closed"),
            "snoozed" => (View::Snoozed, Place::Snoozed, "Snoozed"),
            "all" => (View::All, Place::Elsewhere, "All tickets"),
            _ => (View::Open, Place::Open, "All open"),
        }
    }

    pub fn filter(&self, me: PersonId) -> Filter {
        Filter {
            status: Status::parse(&self.status),
            priority: Priority::parse(&self.priority),
            helper: match self.helper.as_str() {
                "me" => Some(HeldBy::Person(me)),
                "nobody" => Some(HeldBy::Nobody),
                id => id.parse().ok().map(|id| HeldBy::Person(PersonId(id))),
            },
            mailbox: self.mailbox.parse().ok().map(MailboxId),
            tag: self.tag.parse().ok().map(TagId),
            turn: Turn::parse(&self.turn),
            updated_since: None,
        }
    }

    /// The order that is asked for, or the first that the view has.
    pub fn sort(&self, me: PersonId) -> Sort {
        let sorts = self.view(me).0.sorts();
        Sort::parse(&self.sort).filter(|it| sorts.contains(it)).unwrap_or(sorts[0])
    }

    /// A page of it, and one row more: whether there is another page.
    pub fn page(&self, me: PersonId) -> List {
        let behind = Key::parse(&self.before).map(|key| (Side::Behind, key));
        let beside = behind.or_else(|| Key::parse(&self.after).map(|key| (Side::Ahead, key)));
        List { beside, limit: PAGE + 1, ..self.whole(me) }
    }

    /// What the list holds, on whichever page.
    pub fn whole(&self, me: PersonId) -> List {
        List { view: self.view(me).0, filter: self.filter(me), sort: self.sort(me), beside: None, limit: usize::MAX }
    }

    pub fn is_filtered(&self) -> bool {
        [&self.status, &self.priority, &self.helper, &self.mailbox, &self.tag, &self.turn].into_iter().any(|it| !it.is_empty())
    }

    /// The same view without filters, in the same order.
    pub fn unfiltered(&self) -> Self {
        Self { view: self.view.clone(), sort: self.sort.clone(), ..Self::default() }
    }

    /// What is asked for and where its page begins, each field once and in one order, without what could be anything else than a plain
    /// word: the same list has the same words, and saved views are known by them.
    pub fn query(&self) -> String {
        let fields = [
            ("view", &self.view),
            ("status", &self.status),
            ("priority", &self.priority),
            ("helper", &self.helper),
            ("mailbox", &self.mailbox),
            ("tag", &self.tag),
            ("turn", &self.turn),
            ("sort", &self.sort),
        ];
        let usual = self.view(PersonId(0)).0.sorts()[0].as_str();
        let plain = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let said = fields.iter().filter(|(name, value)| !value.is_empty() && plain(value) && !(*name == "sort" && *value == usual));
        said.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    /// This list as an address, from its beginning.
    pub fn address(&self) -> String {
        let query = self.query();
        if query.is_empty() { "/tickets".to_owned() } else { format!("/tickets?{query}") }
    }

    /// From another place in it.
    pub fn beside(&self, side: Side, key: Key) -> String {
        let place = match side {
            Side::Behind => "before",
            Side::Ahead => "after",
        };
        let query = self.query();
        let and = if query.is_empty() { "" } else { "&" };
        format!("/tickets?{query}{and}{place}={key}")
    }

    /// The same list from its beginning.
    pub fn whole_list(&self) -> Self {
        Self { before: String::new(), after: String::new(), ..self.clone() }
    }

    /// What addresses of tickets say about this list, in this order, when they are opened from it.
    pub fn opened_from(&self, sort: Sort) -> OpenedFrom {
        let query = self.query();
        let query = if query.is_empty() { "view=open" } else { &query };
        OpenedFrom { list: format!("?list={}&at=", query.replace('&', "%26").replace('=', "%3D")), sort }
    }

    /// [`Asked::query`] read back.
    pub fn read(query: &str) -> Option<Self> {
        let uri = format!("/tickets?{query}").parse().ok()?;
        crate::panel::url::Query::of(&uri).map(|crate::panel::url::Query(asked)| asked)
    }
}

/// What the address of a ticket says about the list that it was opened from, and where in that it stood.
#[derive(Debug)]
pub(super) struct OpenedFrom {
    list: String,
    sort: Sort,
}

impl OpenedFrom {
    /// From this row.
    pub fn at(&self, row: &QueueRow) -> String {
        self.at_key(Key::of(self.sort, row))
    }

    fn at_key(&self, key: Key) -> String {
        format!("{}{key}", self.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::id::TicketNumber;

    fn asked(query: &str) -> Asked {
        Asked::read(query).unwrap()
    }

    #[test]
    fn a_lists_address_holds_what_was_asked_and_nothing_odd() {
        let odd = Asked { view: "mine".to_owned(), priority: "urgent".to_owned(), helper: "\"><x".to_owned(), ..Asked::default() };
        let key = Key { place: [17, 0], number: TicketNumber(4) };
        assert_eq!(odd.address(), "/tickets?view=mine&priority=urgent");
        assert_eq!(odd.beside(Side::Behind, key), "/tickets?view=mine&priority=urgent&before=17.0.4");
        assert_eq!(odd.opened_from(Sort::Activity).at_key(key), "?list=view%3Dmine%26priority%3Durgent&at=17.0.4");
        assert_eq!(
            (Asked::default().address(), Asked::default().beside(Side::Ahead, key)),
            ("/tickets".to_owned(), "/tickets?after=17.0.4".to_owned())
        );
    }

    #[test]
    fn a_query_is_read_back_whatever_else_stands_in_it() {
        assert_eq!(asked("sort=oldest&view=mine&junk=1").query(), "view=mine&sort=oldest");
        assert_eq!(asked("view=snoozed&sort=waiting").sort(PersonId(1)), Sort::Return, "an order that the view does not have");
        assert_eq!(asked("tag=7&turn=staff&helper=me").filter(PersonId(9)).helper, Some(HeldBy::Person(PersonId(9))));
    }
}
