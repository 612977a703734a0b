//! What lay in a mailbox when it was first met: shown before any of it is taken, and what an admin says about it.

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{
    actions::{Kind, existing_mail, people::By},
    desk::{
        id::MailboxId,
        mailbox::would_take,
        settings::{TakeExisting, WayIn},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        url::Path,
        visitor::Admin,
        words::When,
    },
    store::mailboxes::{Existing, Word},
};

/// What lies there, and what can be said about it.
#[derive(Serialize)]
pub(super) struct Meeting {
    mailbox: i64,
    found: String,
    proposed: String,
    choices: Vec<Choice>,
}

#[derive(Serialize)]
struct Choice {
    take: &'static str,
    label: String,
    /// What the configuration proposes.
    proposed: bool,
}

/// The line among a mailbox's facts, or the question where one is open.
pub(super) fn show(
    panel: &Panel,
    id: MailboxId,
    met: Option<Existing>,
    facts: &mut Vec<(&'static str, String)>,
    meeting: &mut Option<Meeting>,
) {
    let Some(met) = met.filter(|_| panel.desk.mailboxes.get(id).is_none_or(|it| it.way_in == WayIn::Folder)) else { return };
    match met.word {
        Word::Ask => *meeting = Some(question(panel, id, &met)),
        Word::Take(take) => {
            let taken = match take {
                TakeExisting::None => "none was taken",
                TakeExisting::Unseen => "the unread were taken",
                TakeExisting::All => "all were taken",
            };
            let taken = if met.done_at.is_none() { "being taken now" } else { taken };
            let there = if met.there == 0 { "nothing".to_owned() } else { format!("{}; {taken}", counted(met.there)) };
            facts.push(("There at first", there));
        }
    }
}

fn question(panel: &Panel, id: MailboxId, met: &Existing) -> Meeting {
    let settings = panel.desk.mailboxes.get(id);
    let configured = settings.map_or(TakeExisting::None, |it| it.take_existing);
    let day = |at| When::new(at, panel.desk.clock.now(), &panel.zone()).full;
    let unread = met.unread.map_or_else(String::new, |it| format!(", {it} of them unread"));
    let span = match (met.first, met.last) {
        (Some(first), Some(last)) => format!("; the first came {}, the last {}", day(first), day(last)),
        (Some(_) | None, _) => String::new(),
    };
    let takes = would_take(configured, met.there, met.unread).map_or_else(|| "the unread".to_owned(), |it| it.to_string());
    let choice = |(_, take): &(&str, TakeExisting)| {
        let label = match (take, met.unread) {
            (TakeExisting::None, _) => "Leave them".to_owned(),
            (TakeExisting::Unseen, Some(n)) => format!("Take the {n} unread"),
            (TakeExisting::Unseen, None) => "Take the unread".to_owned(),
            (TakeExisting::All, _) => format!("Take all {}", met.there),
        };
        Choice { take: take.as_str(), label, proposed: *take == configured }
    };
    Meeting {
        mailbox: id.0,
        found: format!("{} lie here from before this desk met the mailbox{unread}{span}.", counted(met.there)),
        proposed: format!(
            "None of them is taken, filed or answered until an admin says so; take_existing = \"{}\" would take {takes}. What is taken \
             becomes tickets with today’s date; nothing older than a day is ever answered by itself. Mail that arrives from now on is taken \
             already.",
            configured.as_str()
        ),
        choices: TakeExisting::WORDS.iter().rev().map(choice).collect(),
    }
}

fn counted(n: u32) -> String {
    if n == 1 { "1 message".to_owned() } else { format!("{n} messages") }
}

/// `POST /mail/mailboxes/{id}/existing`.
pub(super) async fn settle(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["take"])?;
    let Some((_, take)) = TakeExisting::WORDS.iter().find(|(word, _)| *word == fields.get("take")) else {
        return Err(PageError::Invalid("The form does not say what to take.".to_owned()));
    };
    let told = match take {
        TakeExisting::None => "They are left as they are.",
        TakeExisting::Unseen | TakeExisting::All => "They are being taken in; the tickets appear within seconds.",
    };
    match existing_mail::settle(&panel.desk, By::Admin(&visitor.person), MailboxId(id), *take).await {
        Ok(()) => Ok(page::go(&panel, &visitor, "/mail", &Flash::done(told))),
        Err(error) if error.kind() == Kind::Conflict => Ok(page::go(&panel, &visitor, "/mail", &Flash::refused(sentence(&error)))),
        Err(error) => Err(error.into()),
    }
}
