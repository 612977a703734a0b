//! Undo of what was just changed about tickets: what they were travels in the form behind the button, and is written back where
//! nobody changed them since.

use axum::{extract::State, response::Response};
use jiff::Timestamp;

use crate::{
    actions::{
        ActionError, Desk, Kind,
        hand_back::hand_back,
        spam,
        undo_change::{self, Was},
        undo_correction::undo_correction,
    },
    desk::{
        id::{CorrectionId, MailboxId, PersonId, TagId, TicketNumber},
        person::Person,
        ticket::{Priority, Status},
    },
    panel::{
        Panel,
        error::PageError,
        form::Fields,
        page::{self, Flash},
        visitor::Staff,
        words::own_path,
    },
    store::{corrections, tickets},
};

/// Where the button leads.
pub(super) const ADDRESS: &str = "/tickets/undo";

/// So many tickets at once, as many as one press changes.
const MOST: usize = 200;

/// What is to be undone.
#[derive(Clone, Debug, Default)]
pub(super) struct Undoing {
    /// Tickets with the version that the change left them in, and what they were.
    pub changed: Vec<(TicketNumber, i64, Was)>,
    /// Merges.
    pub merges: Vec<CorrectionId>,
    /// Tickets that were marked as spam.
    pub spam: Vec<TicketNumber>,
}

impl Undoing {
    /// The fields of its form, which leads back to `back`.
    pub fn fields(&self, back: &str) -> Vec<(String, String)> {
        let joined = |words: Vec<String>| words.join(" ");
        let all = [
            ("was", joined(self.changed.iter().map(|(number, version, was)| written(*number, *version, was)).collect())),
            ("merges", joined(self.merges.iter().map(ToString::to_string).collect())),
            ("spam", joined(self.spam.iter().map(ToString::to_string).collect())),
            ("back", back.to_owned()),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn read(fields: &Fields) -> Option<Self> {
        let ids = |name: &str| fields.get(name).split_whitespace().take(MOST).map(|it| it.parse().ok()).collect::<Option<Vec<i64>>>();
        Some(Self {
            changed: fields.get("was").split_whitespace().take(MOST).map(read).collect::<Option<_>>()?,
            merges: ids("merges")?.into_iter().map(CorrectionId).collect(),
            spam: ids("spam")?.into_iter().map(TicketNumber).collect(),
        })
    }
}

/// The merge that just brought one into the other: what takes that back.
pub(super) async fn of_merge(panel: &Panel, number: TicketNumber, into: TicketNumber) -> Result<Vec<CorrectionId>, PageError> {
    let made = corrections::standing(&mut *panel.desk.store.read().await?, number).await?;
    Ok(made.iter().filter(|it| it.source == number && it.target == into).map(|it| it.id).collect())
}

/// `42.7.o.2.1.3.0.5-6`: number, version, status, priority, mailbox, helper, until when it was put off, and the tags that were put on and
/// taken off; short, because a cookie holds those of a whole page.
fn written(number: TicketNumber, version: i64, was: &Was) -> String {
    let status = &was.status.as_str()[..1];
    let helper = was.assignee.map_or(0, |it| it.0);
    let snoozed = was.snoozed.map_or(0, Timestamp::as_millisecond);
    let tag = |it: Option<TagId>| it.map_or(0, |it| it.0);
    let (priority, mailbox) = (was.priority.rank(), was.mailbox);
    format!("{number}.{version}.{status}.{priority}.{mailbox}.{helper}.{snoozed}.{}-{}", tag(was.put), tag(was.taken))
}

fn read(word: &str) -> Option<(TicketNumber, i64, Was)> {
    let parts: Vec<&str> = word.split('.').collect();
    let [number, version, status, priority, mailbox, helper, snoozed, tags] = parts.as_slice() else { return None };
    let (put, taken) = tags.split_once('-')?;
    let tag = |id: &str| id.parse().ok().map(|id: i64| (id != 0).then_some(TagId(id)));
    let (helper, snoozed): (i64, i64) = (helper.parse().ok()?, snoozed.parse().ok()?);
    let was = Was {
        status: Status::ALL.into_iter().find(|it| it.as_str()[..1] == **status)?,
        priority: Priority::from_rank(priority.parse().ok()?)?,
        mailbox: MailboxId(mailbox.parse().ok()?),
        assignee: (helper != 0).then_some(PersonId(helper)),
        snoozed: if snoozed == 0 { None } else { Some(Timestamp::from_millisecond(snoozed).ok()?) },
        put: tag(put)?,
        taken: tag(taken)?,
    };
    Some((TicketNumber(number.parse().ok()?), version.parse().ok()?, was))
}

/// `POST /tickets/undo`: each ticket is what it was, or it is told why not.
pub(super) async fn undo(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["was", "merges", "spam", "back"])?;
    let unreadable = || PageError::Invalid("What is to be undone cannot be read; change the tickets themselves.".to_owned());
    let undoing = Undoing::read(&fields).ok_or_else(unreadable)?;
    let back = own_path(fields.get("back")).unwrap_or("/tickets");
    let (desk, me) = (&panel.desk, &visitor.person);
    let mut tally = Tally::default();
    for (number, version, was) in &undoing.changed {
        tally.count(&format!("#{number}"), take_back(desk, me, (*number, *version), was).await?)?;
    }
    // The last that was merged comes out first.
    for id in undoing.merges.iter().rev() {
        tally.count("a merge", undo_correction(desk, me, *id, None).await.map(|_| ()))?;
    }
    for number in &undoing.spam {
        tally.count(&format!("#{number}"), spam::undo(desk, me, *number).await.map(|_| ()))?;
    }
    Ok(page::go(&panel, &visitor, back, &tally.told("Taken back")))
}

/// Makes one ticket what it was. One that was given away and is out of reach since is handed back first.
async fn take_back(
    desk: &Desk,
    me: &Person,
    (number, version): (TicketNumber, i64),
    was: &Was,
) -> Result<Result<(), ActionError>, PageError> {
    let done = undo_change::undo(desk, me, number, version, was).await;
    if !matches!(done, Err(ActionError::Missing(_))) {
        return Ok(done);
    }
    if let Err(error) = hand_back(desk, me, number, version, was.assignee).await {
        return Ok(Err(error));
    }
    let now = tickets::get(&mut *desk.store.read().await?, number).await?.ok_or(PageError::Missing)?;
    Ok(if Was::of(&now) == *was { Ok(()) } else { undo_change::undo(desk, me, number, version + 1, was).await })
}

/// How many of many it was done to, and why not to the others.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub done: usize,
    partly: Vec<String>,
    refusals: Vec<String>,
}

impl Tally {
    /// Counts one; a fault of our own ends it.
    pub fn count(&mut self, which: &str, done: Result<(), ActionError>) -> Result<(), PageError> {
        match done {
            Ok(()) => self.done += 1,
            Err(error) if error.kind() == Kind::Broken => return Err(error.into()),
            Err(error) => self.refusals.push(format!("{which}: {}", why(&error))),
        }
        Ok(())
    }

    /// Some of what was asked was done to it, and something not.
    pub fn count_partly(&mut self, which: &str, error: &ActionError) {
        self.partly.push(format!("{which} in part: {}", why(error)));
    }

    /// In words.
    pub fn told(&self, what: &str) -> Flash {
        let many = |n: usize| if n == 1 { "1 ticket".to_owned() } else { format!("{n} tickets") };
        if self.done + self.partly.len() + self.refusals.len() == 0 {
            return Flash::warn("Nothing was changed: no ticket was selected.");
        }
        if self.partly.len() + self.refusals.len() == 0 {
            return Flash::done(format!("{what}: {}.", many(self.done)));
        }
        let stayed = match self.refusals.len() {
            0 => String::new(),
            1 => "; 1 ticket stayed as it was".to_owned(),
            n => format!("; {} stayed as they were", many(n)),
        };
        let told: Vec<&str> = self.partly.iter().chain(&self.refusals).map(String::as_str).collect();
        let shown = told.iter().take(5).copied().collect::<Vec<_>>().join("; ");
        let rest = if told.len() > 5 { format!("; and {} more", told.len() - 5) } else { String::new() };
        Flash::warn(format!("{what}: {}{stayed}. {shown}{rest}.", many(self.done)))
    }
}

/// Why it was not done, within a sentence.
fn why(error: &ActionError) -> String {
    match error.kind() {
        Kind::Missing => "it is out of your reach now".to_owned(),
        Kind::Conflict if matches!(error, ActionError::Stale) => "somebody changed it since".to_owned(),
        Kind::Conflict | Kind::Invalid | Kind::Forbidden | Kind::Broken => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_ticket_was_is_read_back() {
        let at = Timestamp::from_millisecond(1_700_000_000_000).ok();
        let (five, six) = (Some(TagId(5)), Some(TagId(6)));
        for (assignee, snoozed, put, taken) in
            [(None, None, None, None), (Some(PersonId(3)), at, five, None), (None, at, None, six), (None, None, five, six)]
        {
            for status in Status::ALL {
                let was = Was { status, assignee, priority: Priority::High, mailbox: MailboxId(2), snoozed, put, taken };
                assert_eq!(read(&written(TicketNumber(42), 7, &was)), Some((TicketNumber(42), 7, was)));
            }
        }
        for odd in ["", "1.2.o.2.1.0.0", "o.9.1.0.0.0-0", "x.2.1.0.0.0-0", "o.2.1.0.0.5", "o.2.1.0.0.", "o.2.b.0.0.0-0", "o.2.1.0.0.ü-1"] {
            assert_eq!(read(odd), None, "{odd}");
            assert_eq!(read(&format!("1.2.{odd}")), None, "1.2.{odd}");
        }
    }

    #[test]
    fn every_refusal_of_many_is_told() {
        let text = |tally: &Tally| serde_json::to_value(tally.told("Changed")).unwrap()["text"].as_str().unwrap().to_owned();
        let mut tally = Tally::default();
        assert!(text(&tally).contains("no ticket"));
        tally.count("#6", Ok(())).unwrap();
        assert_eq!(text(&tally), "Changed: 1 ticket.");
        tally.count("#7", Err(ActionError::Stale)).unwrap();
        assert_eq!(text(&tally), "Changed: 1 ticket; 1 ticket stayed as it was. #7: somebody changed it since.");
        tally.count_partly("#8", &ActionError::Missing("ticket"));
        let told = "Changed: 1 ticket; 1 ticket stayed as it was. #8 in part: it is out of your reach now; #7: somebody changed it since.";
        assert_eq!(text(&tally), told);
    }
}
