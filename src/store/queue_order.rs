//! The order of a list in SQL, and where a row stands in it.

use crate::{
    desk::{id::TicketNumber, queue::Sort, ticket::Turn},
    store::{ms, promises::NEVER, queue::QueueRow},
};

/// Where a row stands in a list of some order: the next page begins behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// What its place follows from, as [`Sort`] says; 0 where one value is enough.
    pub place: [i64; 2],
    /// The ticket.
    pub number: TicketNumber,
}

impl Key {
    /// Where this row stands in a list of that order.
    #[must_use]
    pub fn of(sort: Sort, row: &QueueRow) -> Self {
        let place = match sort {
            Sort::Activity => [ms(row.updated_at), 0],
            Sort::Oldest => [ms(row.opened_at), 0],
            Sort::Priority => [row.priority.rank(), ms(row.updated_at)],
            Sort::Waiting => [rank(row.turn), ms(row.turn_at)],
            Sort::Due => [row.due.map_or(NEVER, |(_, at)| ms(at)), 0],
            Sort::Return => [row.snoozed_until.map_or(0, ms), 0],
        };
        Self { place, number: row.number }
    }

    /// `1700000000000.0.42`, as addresses say it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(str::parse);
        let (Some(Ok(one)), Some(Ok(two)), Some(Ok(number)), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        Some(Self { place: [one, two], number: TicketNumber(number) })
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.place[0], self.place[1], self.number)
    }
}

/// Whoever waits for us comes first.
fn rank(turn: Turn) -> i64 {
    match turn {
        Turn::Staff => 0,
        Turn::Customer => 1,
    }
}

/// Which way from a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The rows that come after it, the nearest first.
    Behind,
    /// The rows that come before it, the nearest first.
    Ahead,
}

/// What a branch of a list holds of this side of a row.
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Nothing.
    Nothing,
    /// What this condition leaves.
    Where(String),
}

/// The columns within a part of a list that has one turn, each with whether the highest comes first. They all go the same way, so that
/// one comparison says what is behind a row.
fn columns(sort: Sort) -> (&'static [&'static str], bool) {
    match sort {
        Sort::Activity => (&["updated_at", "number"], true),
        Sort::Oldest => (&["opened_at", "number"], false),
        Sort::Priority => (&["priority", "updated_at", "number"], true),
        Sort::Waiting => (&["turn_at", "number"], false),
        Sort::Due => (&["due_at", "number"], false),
        Sort::Return => (&["snoozed_until", "number"], false),
    }
}

/// `order by` within a part of a list that has one turn.
pub(super) fn within(sort: Sort, side: Side) -> String {
    ordered(sort, side, "")
}

/// `order by` of the whole list; `table`: what the columns are of, with its point, or nothing.
pub(super) fn whole(sort: Sort, side: Side, table: &str) -> String {
    let (staff, customer) = if side == Side::Behind { (0, 1) } else { (1, 0) };
    let turns = match sort {
        Sort::Waiting => format!("case {table}turn when 'staff' then {staff} else {customer} end, "),
        Sort::Activity | Sort::Oldest | Sort::Priority | Sort::Due | Sort::Return => String::new(),
    };
    format!("{turns}{}", ordered(sort, side, table))
}

/// What a part of a list gives of a row: its number, and what puts it among the rows of the other parts. Where an index is in the order,
/// it has all of it: no row is read that the page does not show.
pub(super) fn keys(sort: Sort) -> String {
    let turn = if sort == Sort::Waiting { ", turn" } else { "" };
    format!("{}{turn}", columns(sort).0.join(", "))
}

fn ordered(sort: Sort, side: Side, table: &str) -> String {
    let (columns, highest_first) = columns(sort);
    let way = if highest_first == (side == Side::Behind) { " desc" } else { "" };
    columns.iter().map(|column| format!("{table}{column}{way}")).collect::<Vec<_>>().join(", ")
}

/// What a part of a list that has this turn holds beside a row. Our own integers: nothing to escape.
pub(super) fn beside(sort: Sort, side: Side, key: Key, turn: Turn) -> Part {
    if sort == Sort::Waiting {
        let (here, there) = (key.place[0], rank(turn));
        if here != there {
            return if (here < there) == (side == Side::Behind) { Part::Whole } else { Part::Nothing };
        }
    }
    let values: Vec<i64> = match sort {
        Sort::Activity | Sort::Oldest | Sort::Due | Sort::Return => vec![key.place[0], key.number.0],
        Sort::Priority => vec![key.place[0], key.place[1], key.number.0],
        Sort::Waiting => vec![key.place[1], key.number.0],
    };
    let (columns, highest_first) = columns(sort);
    let compared = if highest_first == (side == Side::Behind) { "<" } else { ">" };
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    Part::Where(format!("({}) {compared} ({})", columns.join(", "), values.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_begins_behind_its_key_or_at_the_top() {
        let key = Key { place: [1_700_000_000_000, 3], number: TicketNumber(42) };
        assert_eq!(Key::parse(&key.to_string()), Some(key));
        for odd in ["", "x", "1.", "1.2", "1.2.3.4", "-", "99999999999999999999.0.1", "1;drop.0.1"] {
            assert_eq!(Key::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn behind_and_ahead_are_mirrored() {
        let key = Key { place: [0, 7], number: TicketNumber(42) };
        let condition = |sort, side, turn| match beside(sort, side, key, turn) {
            Part::Whole => "whole".to_owned(),
            Part::Nothing => "nothing".to_owned(),
            Part::Where(condition) => condition,
        };
        assert_eq!(condition(Sort::Priority, Side::Behind, Turn::Staff), "(priority, updated_at, number) < (0, 7, 42)");
        assert_eq!(condition(Sort::Oldest, Side::Ahead, Turn::Staff), "(opened_at, number) < (0, 42)");
        assert_eq!(condition(Sort::Waiting, Side::Behind, Turn::Staff), "(turn_at, number) > (7, 42)");
        assert_eq!(condition(Sort::Waiting, Side::Behind, Turn::Customer), "whole");
        assert_eq!(condition(Sort::Waiting, Side::Ahead, Turn::Customer), "nothing");
        assert_eq!(
            (within(Sort::Activity, Side::Behind), within(Sort::Activity, Side::Ahead)),
            ("updated_at desc, number desc".to_owned(), "updated_at, number".to_owned())
        );
    }
}
