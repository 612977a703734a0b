//! The heartbeat: on every page of staff, when each mailbox was last checked, when its last mail came, and what is not well. It is what
//! the last round of this process found, so that it costs a page nothing.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    desk::{
        health::{Condition, MailboxFacts, Shown, condition},
        id::MailboxId,
        permission::{Act, Verdict, may},
        person::Person,
        settings::WayIn,
        trouble::{TroubleKind, sentence, without_addresses},
    },
    panel::{Panel, words::When},
};

/// More mailboxes than so many are folded into one line.
const SHOWN_AT_ONCE: usize = 3;

/// What stands below the navigation, and above the page when something is not well.
#[derive(Serialize)]
pub(super) struct Heartbeat {
    boxes: Vec<Beat>,
    folded: bool,
    /// `ok`, `bad` or empty, for the dot of all mailboxes together.
    class: &'static str,
    /// The class in words.
    state: String,
    /// Of all mailboxes: the one that was checked longest ago, and the newest mail.
    checked: Option<When>,
    /// A mail server hands over the mail of all.
    handed_over: bool,
    mail: Option<When>,
    /// How many mailboxes are not well, in words; empty: none.
    pub(super) hot: String,
    /// What is not well, the gravest first.
    pub(super) troubles: Vec<TroubleWords>,
}

/// One mailbox.
#[derive(Serialize)]
struct Beat {
    name: String,
    address: String,
    /// `ok`, `bad` or empty, for its dot.
    class: &'static str,
    /// The class in a word.
    state: &'static str,
    checked: Option<When>,
    /// A mail server hands its mail over, so that it is never checked.
    handed_over: bool,
    mail: Option<When>,
}

/// One trouble.
#[derive(Serialize)]
pub(super) struct TroubleWords {
    /// What is wrong, as a sentence.
    pub says: String,
    /// What to do, as a sentence.
    pub mend: String,
    /// Since when.
    pub since: When,
}

/// As `who` may see it; none: this desk has no mailbox and nothing is wrong, or no round was made yet.
pub(super) fn of(panel: &Panel, who: &Person) -> Option<Heartbeat> {
    let desk = &panel.desk;
    let now = desk.clock.now();
    let round = desk.health.get()?;
    let troubles = desk.health.troubles(now);
    let boxes: Vec<Beat> = round.mailboxes.iter().map(|(id, facts)| beat(panel, *id, facts, &troubles, now)).collect();
    if boxes.is_empty() && troubles.is_empty() {
        return None;
    }
    let when = |at: Timestamp| When::new(at, now, &panel.zone());
    let facts = || round.mailboxes.iter().map(|(_, facts)| facts);
    let hot = attention(&boxes, &troubles);
    let (class, state) = together(boxes.iter().map(|it| (it.class, it.state)), &hot);
    Some(Heartbeat {
        folded: boxes.len() > SHOWN_AT_ONCE,
        class,
        state,
        checked: facts().filter_map(|it| it.checked_at).min().map(when),
        handed_over: facts().all(|it| it.way_in == WayIn::HandedOver),
        mail: facts().filter_map(|it| it.last_mail_at).max().map(when),
        hot,
        troubles: in_words(panel, who, &troubles, now),
        boxes,
    })
}

/// Each trouble as a sentence. Only who runs the desk is shown whom it could not write to.
fn in_words(panel: &Panel, who: &Person, troubles: &[Shown], now: Timestamp) -> Vec<TroubleWords> {
    let desk = &panel.desk;
    let ours: Vec<String> = desk.mailboxes.iter().map(|(_, it)| it.address.to_string()).collect();
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let blot = |text: &str| match may(who, Act::Manage, desk.rules()) {
        Verdict::Allowed => sentence(text),
        Verdict::Missing | Verdict::Forbidden => sentence(&without_addresses(text, &ours)),
    };
    let words = |Shown { trouble, .. }: &Shown| TroubleWords {
        says: blot(&trouble.says),
        mend: blot(&trouble.mend),
        since: When::new(trouble.since, now, &panel.zone()),
    };
    troubles.iter().map(words).collect()
}

fn beat(panel: &Panel, id: MailboxId, facts: &MailboxFacts, troubles: &[Shown], now: Timestamp) -> Beat {
    let settings = panel.desk.mailboxes.get(id);
    let name = settings.map_or_else(String::new, |it| it.name.clone());
    let when = |at: Timestamp| When::new(at, now, &panel.zone());
    let handed_over = facts.way_in == WayIn::HandedOver;
    let no_way_in = handed_over && troubles.iter().any(|it| it.trouble.kind == TroubleKind::Door);
    let bad = no_way_in || troubles.iter().any(|it| it.trouble.about == name && is_about_a_mailbox(it.trouble.kind));
    // What needs attention may pass within seconds of a start, and is no trouble before; nor does it look well.
    let (class, state) = match (bad, condition(facts, now, panel.desk.settings.alarm_after)) {
        (true, _) => ("bad", "not well"),
        (false, Condition::Well | Condition::HandedOver) => ("ok", "well"),
        (false, Condition::NotYet) => ("", "not checked yet"),
        (false, Condition::Silent { .. }) => ("", "not checked lately"),
        (false, Condition::Failing { .. }) => ("", "could not be read"),
    };
    Beat {
        class,
        state,
        address: settings.map_or_else(String::new, |it| it.address.to_string()),
        checked: facts.checked_at.map(when),
        handed_over,
        mail: facts.last_mail_at.map(when),
        name,
    }
}

fn is_about_a_mailbox(kind: TroubleKind) -> bool {
    match kind {
        TroubleKind::Mailbox
        | TroubleKind::Silent
        | TroubleKind::LedgerGap
        | TroubleKind::Token
        | TroubleKind::Sender
        | TroubleKind::Unsent
        | TroubleKind::Probe => true,
        TroubleKind::Undecided
        | TroubleKind::Disk
        | TroubleKind::Door
        | TroubleKind::Database
        | TroubleKind::Clock
        | TroubleKind::PublicUrl
        | TroubleKind::Backup
        | TroubleKind::Template
        | TroubleKind::Rounds => false,
    }
}

/// The dot of all mailboxes together: as that of the first that does not look well, unless something needs attention.
fn together<'a>(mut dots: impl Iterator<Item = (&'static str, &'a str)>, hot: &str) -> (&'static str, String) {
    if !hot.is_empty() {
        return ("bad", hot.to_owned());
    }
    dots.find(|(class, _)| *class != "ok").map_or(("ok", "well".to_owned()), |(class, state)| (class, state.to_owned()))
}

/// What the navigation's dot says.
fn attention(boxes: &[Beat], troubles: &[Shown]) -> String {
    match (boxes.iter().filter(|it| it.class == "bad").count(), troubles.len()) {
        (0, 0) => String::new(),
        (0, _) => "Something needs attention".to_owned(),
        (1, _) => "One mailbox needs attention".to_owned(),
        (n, _) => format!("{n} mailboxes need attention"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_that_are_folded_look_as_well_as_the_one_that_looks_worst() {
        let (well, late) = (("ok", "well"), ("", "not checked lately"));
        let dot = |dots: &[(&'static str, &'static str)], hot| together(dots.iter().copied(), hot);
        assert_eq!(dot(&[well, well], ""), ("ok", "well".to_owned()));
        assert_eq!(dot(&[well, late, well], ""), ("", "not checked lately".to_owned()));
        assert_eq!(dot(&[well, late], "Something needs attention"), ("bad", "Something needs attention".to_owned()));
    }
}
