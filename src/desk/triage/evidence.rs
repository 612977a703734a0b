//! Which ticket a message names, by the strongest evidence for it.

use super::{Facts, FoundBy, TicketFacts, Went};
use crate::desk::{id::TicketNumber, token::Signed};

/// The strongest evidence whose ticket exists.
pub(super) struct Found {
    /// What the questions ask about it.
    pub facts: TicketFacts,
    /// By which evidence, in words.
    pub by: String,
    /// Only somebody who was given one of our messages can know it.
    pub certain: bool,
}

pub(super) fn strongest(facts: &Facts<'_>) -> Option<Found> {
    let evidence = &facts.evidence;
    let corrected = evidence.corrected.as_ref().map(|it| {
        let by = match it.went {
            Went::Itself => format!("a message that it answers, which {} moved to #{}", it.by, it.ticket),
            Went::Behind => format!("a message that it answers, which followed one that {} moved to #{}", it.by, it.ticket),
        };
        (it.ticket, by, it.found_by == FoundBy::Ours)
    });
    let named = |number: Option<TicketNumber>, by: &str, certain| number.map(|number| (number, by.to_owned(), certain));
    let all = [
        corrected,
        named(evidence.reply_address.map(|it| it.ticket), "its signed reply address", true),
        named(evidence.our_id.map(|it| it.ticket), "a Message-ID of ours that it answers", true),
        named(evidence.taken_in, "the Message-ID of a mail that we took in", false),
        named(evidence.tag, "the number in its subject", false),
    ];
    all.into_iter().flatten().find_map(|(number, by, certain)| {
        let facts = *facts.tickets.iter().find(|it| it.named == number)?;
        Some(Found { facts, by: format!("{by}{}", merged(number, facts.number)), certain })
    })
}

/// Why the ticket that is named is not the one that it goes to.
pub(super) fn merged(named: TicketNumber, number: TicketNumber) -> String {
    if named == number { String::new() } else { format!(" (it names #{named}, which was merged into #{number})") }
}

/// The number by which a message found the ticket that it joins: where that was merged, the message goes back with it.
#[must_use]
pub fn named(facts: &Facts<'_>, joined: TicketNumber) -> Option<TicketNumber> {
    let strongest = strongest(facts).map(|it| it.facts).filter(|it| it.number == joined);
    strongest.or_else(|| facts.tickets.iter().find(|it| it.number == joined).copied()).map(|it| it.named)
}

/// What only a helper was given, and for which ticket.
pub(super) fn given(facts: &Facts<'_>) -> Option<Signed> {
    let to_a_helper = |it: &Signed| it.person.is_some();
    facts.evidence.reply_address.filter(to_a_helper).or(facts.evidence.our_id.filter(to_a_helper))
}
