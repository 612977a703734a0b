//! Many tickets at once: each is changed or refused by itself, every refusal is told, and one press takes all of it back.

use axum::{extract::State, response::Response};

use crate::{
    actions::{ActionError, Kind, merge::merge, spam},
    desk::{id::TicketNumber, person::Person},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        property::{FIELDS, Outcome, Property, set_all},
        undo::{self, Tally, Undoing},
        visitor::{Staff, Visitor},
        words::own_path,
    },
    store::{people, tags},
};

/// So many tickets at once.
const MOST: usize = 200;

/// A ticket as the list showed it.
type Shown = (TicketNumber, i64);

/// `POST /tickets/bulk`.
pub(super) async fn bulk(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&[&FIELDS[..], &["t", "do", "back"]].concat())?;
    let back = own_path(fields.get("back")).unwrap_or("/tickets").to_owned();
    let selected: Option<Vec<Shown>> = fields.all("t").take(MOST).map(shown).collect();
    let selected = selected.ok_or_else(|| PageError::Invalid("The list of tickets cannot be read; reload the page.".to_owned()))?;
    let flash = match fields.get("do") {
        "merge" => merge_all(&panel, &visitor, selected, &back).await?,
        "spam" => mark_all(&panel, &visitor, &selected, &back).await?,
        _ => change_all(&panel, &visitor, &selected, &fields, &back).await?,
    };
    Ok(page::go(&panel, &visitor, &back, &flash))
}

/// `42.7`: number and version.
fn shown(word: &str) -> Option<Shown> {
    let (number, version) = word.split_once('.')?;
    Some((TicketNumber(number.parse().ok()?), version.parse().ok()?))
}

async fn change_all(panel: &Panel, visitor: &Visitor, selected: &[Shown], fields: &Fields, back: &str) -> Result<Flash, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (all_tags, staff) = (tags::all(&mut conn).await?, people::active_staff(&mut conn).await?);
    drop(conn);
    let wanted = match Property::read(panel, fields, &visitor.person, (&all_tags, &staff)) {
        Ok(wanted) => wanted,
        Err(error) if error.kind() == Kind::Broken => return Err(error.into()),
        Err(error) => return Ok(Flash::refused(format!("Nothing was changed. {}", sentence(&error)))),
    };
    if wanted.is_empty() {
        return Ok(Flash::warn("Nothing was changed: choose what to do with the tickets first."));
    }
    let (mut tally, mut undoing) = (Tally::default(), Undoing::default());
    for (number, version) in selected {
        let which = format!("#{number}");
        let outcome = match set_all(panel, visitor, *number, *version, &wanted).await {
            Ok(outcome) => outcome,
            Err(PageError::Missing) => Outcome { refused: Some(ActionError::Missing("ticket")), ..Outcome::default() },
            Err(other) => return Err(other),
        };
        undoing.changed.extend(outcome.back);
        match outcome.refused {
            Some(error) if !outcome.made.is_empty() && error.kind() != Kind::Broken => tally.count_partly(&which, &error),
            refused => tally.count(&which, refused.map_or(Ok(()), Err))?,
        }
    }
    let words = wanted.iter().map(|it| it.in_words(panel)).collect::<Vec<_>>().join(", ");
    Ok(undoable(tally.told(&capital(&words)), &undoing, back))
}

/// All of them into the one that was there first.
async fn merge_all(panel: &Panel, visitor: &Visitor, mut selected: Vec<Shown>, back: &str) -> Result<Flash, PageError> {
    selected.sort_unstable();
    let Some(((into, _), others)) = selected.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Ok(Flash::warn("Nothing was merged: select the tickets that are one."));
    };
    let (mut tally, mut undoing) = (Tally::default(), Undoing::default());
    for (number, version) in others {
        let done = merge(&panel.desk, &visitor.person, *number, Some(*version), *into).await;
        if done.is_ok() {
            undoing.merges.extend(undo::of_merge(panel, *number, *into).await?);
        }
        tally.count(&format!("#{number}"), done)?;
    }
    Ok(undoable(tally.told(&format!("Merged into #{into}")), &undoing, back))
}

/// All of them are spam; nothing is said about their senders.
async fn mark_all(panel: &Panel, visitor: &Visitor, selected: &[Shown], back: &str) -> Result<Flash, PageError> {
    let (mut tally, mut undoing) = (Tally::default(), Undoing::default());
    for (number, version) in selected {
        let done = mark(panel, &visitor.person, *number, *version).await;
        if done.is_ok() {
            undoing.spam.push(*number);
        }
        tally.count(&format!("#{number}"), done)?;
    }
    Ok(undoable(tally.told("Closed as spam, and nobody is told"), &undoing, back))
}

async fn mark(panel: &Panel, me: &Person, number: TicketNumber, version: i64) -> Result<(), ActionError> {
    spam::mark(&panel.desk, me, number, Some(version), spam::Sender::Stays).await.map(|_| ())
}

fn undoable(flash: Flash, undoing: &Undoing, back: &str) -> Flash {
    let fields = undoing.fields(back);
    if fields.len() < 2 { flash } else { flash.undo(undo::ADDRESS, fields) }
}

/// `status Resolved, tag “x”` begins a sentence.
fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
