//! Changing a ticket's properties and its people.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    actions::{ActionError, Kind, participants, spam, visits},
    desk::{
        address::EmailAddress,
        id::{PersonId, TicketNumber},
    },
    panel::{
        Panel, composer,
        error::{PageError, sentence},
        form::Fields,
        neighbours::FormOf,
        page::{self, Flash},
        property::{FIELDS, Property, set_all},
        senders, ticket,
        undo::{self, Undoing},
        url::Path,
        visitor::{Staff, Visitor},
    },
    store::{
        conversation::{self, Audience},
        people, tags,
    },
};

/// `POST /tickets/{number}`: one property or several, each against the version that the page showed.
pub(super) async fn properties(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[&FIELDS[..], &["version", "subject", "sure"]].concat())?;
    let number = TicketNumber(number);
    let mut conn = panel.desk.store.read().await?;
    ticket::enter(&panel, &visitor, &mut conn, number).await?;
    let (all_tags, staff) = (tags::all(&mut conn).await?, people::active_staff(&mut conn).await?);
    drop(conn);
    let version = fields.number("version")?;
    let wanted = match Property::read(&panel, &fields, &visitor.person, (&all_tags, &staff)) {
        Ok(wanted) => wanted,
        Err(error) => return refused(&panel, &visitor, number, error).await,
    };
    let outcome = set_all(&panel, &visitor, number, version, &wanted).await?;
    let words = outcome.made.join(", ");
    let to = its_page(&panel, &visitor, number).await?;
    let flash = match outcome.refused {
        Some(error) if words.is_empty() || error.kind() == Kind::Broken => return refused(&panel, &visitor, number, error).await,
        Some(error) => Flash::warn(format!("Saved: {words}. The rest is not changed: {}", sentence(&error))),
        None if words.is_empty() => Flash::done("Nothing was different."),
        None if to.is_none() => Flash::done(format!("Saved: {words}. #{number} is out of your reach from now on.")),
        None => Flash::done(format!("Saved: {words}.")),
    };
    let to = to.unwrap_or_else(|| FormOf::way_back(visitor.form.as_ref(), number));
    let undoing = Undoing { changed: outcome.back.into_iter().collect(), ..Undoing::default() };
    let flash = if undoing.changed.is_empty() { flash } else { flash.undo(undo::ADDRESS, undoing.fields(&to)) };
    Ok(page::go(&panel, &visitor, &to, &flash))
}

/// The ticket's page; none when it is out of reach from now on.
async fn its_page(panel: &Panel, visitor: &Visitor, number: TicketNumber) -> Result<Option<String>, PageError> {
    let mut conn = panel.desk.store.read().await?;
    match ticket::enter(panel, visitor, &mut conn, number).await {
        Ok(_) => Ok(Some(format!("/tickets/{number}"))),
        Err(PageError::Missing) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who changed a ticket last, as somebody is told it whose page was older.
async fn changed_by(panel: &Panel, visitor: &Visitor, number: TicketNumber) -> Result<String, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let last = conversation::history(&mut conn, number, 1).await?.pop().and_then(|it| it.actor);
    Ok(match last {
        Some(it) if it.id == visitor.person.id => "you, in another window, changed".to_owned(),
        Some(it) => format!("{} changed", it.name),
        None => "something changed".to_owned(),
    })
}

/// The ticket as it is now, with what was refused and why.
pub(super) async fn refused(panel: &Panel, visitor: &Visitor, number: TicketNumber, error: ActionError) -> Result<Response, PageError> {
    let status = match error.kind() {
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Missing | Kind::Broken => return Err(error.into()),
    };
    if let ActionError::Unsent { addresses } = &error {
        return ask_about_unsent(panel, visitor, number, &addresses.join(", ")).await;
    }
    let text = if matches!(error, ActionError::Stale) {
        let who = changed_by(panel, visitor, number).await?;
        format!("Not changed: {who} the ticket since you opened it. This is how it is now; set it again if it still fits.")
    } else {
        format!("Not changed. {}", sentence(&error))
    };
    ticket::again(panel, visitor, number, status, composer::State::default(), &Flash::refused(text)).await
}

/// Resolving a ticket with a reply that was not sent asks first.
async fn ask_about_unsent(panel: &Panel, visitor: &Visitor, number: TicketNumber, to: &str) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (shown, _) = ticket::enter(panel, visitor, &mut conn, number).await?;
    drop(conn);
    let text = format!("Not resolved yet: a reply to {to} was not sent. Look at it below, or resolve the ticket all the same.");
    let fields = [("version", shown.version.to_string()), ("status", "resolved".to_owned()), ("sure", "unsent".to_owned())];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let flash = Flash::warn(text).all_the_same("Resolve all the same", &format!("/tickets/{number}"), fields);
    ticket::again(panel, visitor, number, StatusCode::CONFLICT, composer::State::default(), &flash).await
}

/// `POST /tickets/{number}/people`: who takes part.
pub(super) async fn people(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["add", "accept", "remove"])?;
    let (number, me, desk) = (TicketNumber(number), &visitor.person, &panel.desk);
    let (result, told) = if fields.given("accept").is_some() {
        (participants::accept(desk, me, number, PersonId(fields.number("accept")?)).await, "They take part from now on.")
    } else if fields.given("remove").is_some() {
        (participants::remove(desk, me, number, PersonId(fields.number("remove")?)).await, "They are sent nothing any more.")
    } else {
        let email: EmailAddress = match fields.get("add").parse() {
            Ok(email) => email,
            Err(error) => return refused(&panel, &visitor, number, ActionError::Invalid { field: "add", why: error.to_string() }).await,
        };
        (participants::add(desk, me, number, &email).await, "They take part from now on; they are sent what is said from here.")
    };
    match result {
        Ok(()) => Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &Flash::done(told))),
        Err(error) => refused(&panel, &visitor, number, error).await,
    }
}

/// `POST /tickets/{number}/unread`: as if its last message had come since.
pub(super) async fn unread(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[])?;
    let number = TicketNumber(number);
    let mut conn = panel.desk.store.read().await?;
    ticket::enter(&panel, &visitor, &mut conn, number).await?;
    let last = conversation::said(&mut conn, number, Audience::Staff, 1).await?.last().map(|it| it.id);
    drop(conn);
    let flash = match last {
        Some(last) => {
            visits::mark_unread(&panel.desk, &visitor.person, number, last).await?;
            Flash::done(format!("#{number} is unread."))
        }
        None => Flash::warn(format!("Nothing is said on #{number} yet that could be unread.")),
    };
    Ok(page::go(&panel, &visitor, &FormOf::way_back(visitor.form.as_ref(), number), &flash))
}

/// `POST /tickets/{number}/spam`: marks it, or undoes that.
pub(super) async fn spam(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "version", "hold"])?;
    let (number, me, desk) = (TicketNumber(number), &visitor.person, &panel.desk);
    if fields.get("do") == "undo" {
        return match spam::undo(desk, me, number).await {
            Ok(rule) => {
                let flash = Flash::done(senders::told_not_spam(number, &rule));
                Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &flash))
            }
            Err(error) => refused(&panel, &visitor, number, error).await,
        };
    }
    let sender = if fields.get("hold") == "yes" { spam::Sender::AlwaysHeld } else { spam::Sender::Stays };
    match spam::mark(desk, me, number, Some(fields.number("version")?), sender).await {
        Ok(_) => {
            let text = format!("#{number} is closed as spam. Nobody is told, and its mail is among the discarded.");
            let flash = Flash::done(text).undo(&format!("/tickets/{number}/spam"), vec![("do".to_owned(), "undo".to_owned())]);
            Ok(page::go(&panel, &visitor, &FormOf::way_back(visitor.form.as_ref(), number), &flash))
        }
        Err(error) => refused(&panel, &visitor, number, error).await,
    }
}
