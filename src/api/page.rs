//! Long lists, a page at a time: how many, and where the next page begins.

use crate::api::problem::Problem;

/// As many as are given where nothing is said.
const USUAL: usize = 50;

/// As many as are given at most.
pub(super) const MOST: usize = 100;

/// How many are asked for.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => {
            Err(Problem::invalid("limit", format!("a page has 1 to {MOST} entries; ask for as many, and for the next page by its cursor")))
        }
    }
}

/// A cursor that is none of ours, or of another list.
pub(super) fn no_cursor() -> Problem {
    Problem::invalid("cursor", "this is no cursor of this list; send the “next” of the page before, with the same parameters")
}
