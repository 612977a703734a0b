//! Writing on a ticket: replies and notes, taking back, sending again, calling off.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    actions::{
        ActionError, Kind,
        deliveries::Unsent,
        reply::{Reply, reply_knowing},
        withdraw_reply::withdraw_reply,
        write_note::write_note,
    },
    desk::{
        comment::CommentText,
        id::{CommentId, DeliveryId, TicketNumber},
        ticket::Status,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        not_sent,
        page::{self, Flash},
        ticket::{self, Composer},
        url::Path,
        visitor::{Staff, Visitor},
    },
};

/// What was typed, as it goes back into the composer.
struct Typed<'a> {
    number: TicketNumber,
    composer: Composer,
    files: &'a [crate::panel::form::SentFile],
}

/// `POST /tickets/{number}/messages`.
pub(super) async fn write(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["seen", "kind", "body", "then", "send", "sure"])?;
    let number = TicketNumber(number);
    let note = fields.given("send").unwrap_or(fields.get("kind")) == "note";
    let composer =
        Composer { text: fields.text("body").to_owned(), note, then: fields.get("then").to_owned(), open: true, ..Composer::default() };
    let typed = Typed { number, composer, files: &fields.files };
    let text = match CommentText::parse(fields.text("body")) {
        Ok(text) => text,
        Err(error) => return refused(&panel, &visitor, typed, StatusCode::UNPROCESSABLE_ENTITY, sentence(&error)).await,
    };
    let (me, desk, files) = (&visitor.person, &panel.desk, fields.new_files());
    let done = if note {
        write_note(desk, me, number, &text, &files).await
    } else {
        let seen = Some(CommentId(fields.number("seen")?)).filter(|it| it.0 > 0);
        let unsent = if fields.get("sure") == "unsent" { Unsent::DoesNotMatter } else { Unsent::Asks };
        reply_knowing(desk, me, number, &Reply { text, files, seen, then: Status::parse(fields.get("then")) }, unsent).await
    };
    match done {
        Ok(comment) => {
            let told = if note { "The note is added; no customer sees it." } else { "The reply is on its way." };
            let flash = Flash::done(told).clearing(number.to_string());
            Ok(page::go(&panel, &visitor, &format!("/tickets/{number}#m{comment}"), &flash))
        }
        Err(error) => asked_again(&panel, &visitor, typed, error).await,
    }
}

/// The page again: the new words are shown, the typed ones kept; one more press sends.
async fn asked_again(panel: &Panel, visitor: &Visitor, mut typed: Typed<'_>, error: ActionError) -> Result<Response, PageError> {
    let status = match error.kind() {
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Missing | Kind::Broken => return Err(error.into()),
    };
    let text = if let ActionError::NewWords { comments } = &error {
        let who = ticket::newer(panel, comments, typed.number).await?;
        format!("Not sent yet: {who} wrote since you opened this page. Read it, then send.")
    } else if let ActionError::Unsent { addresses } = &error {
        typed.composer.sure = "unsent";
        let to = addresses.join(", ");
        format!(
            "Not sent yet: an earlier reply to {to} was not sent, and this one would resolve the ticket. Send it once more to do so all the same."
        )
    } else {
        format!("Not sent. {}", sentence(&error))
    };
    refused(panel, visitor, typed, status, text).await
}

async fn refused(panel: &Panel, visitor: &Visitor, typed: Typed<'_>, status: StatusCode, text: String) -> Result<Response, PageError> {
    let lost = if typed.files.is_empty() { "" } else { " Your text is kept; attach the files again." };
    let composer = Composer { err: Some(format!("{text}{lost}")), ..typed.composer };
    ticket::again(panel, visitor, typed.number, status, composer, &Flash::refused(format!("{text}{lost}"))).await
}

/// `POST /tickets/{number}/messages/{id}/undo`: back into the composer.
pub(super) async fn undo(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[])?;
    match withdraw_reply(&panel.desk, &visitor.person, CommentId(id)).await {
        Ok(_) => Ok(Redirect::to(&format!("/tickets/{number}?draft={id}#composer")).into_response()),
        Err(error) => kept(&panel, &visitor, TicketNumber(number), "Not taken back", error).await,
    }
}

/// `POST /tickets/{number}/deliveries/{id}`: one recipient's copy is sent again, called off, set aside, or sent elsewhere.
pub(super) async fn delivery(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((number, id)): Path<(i64, i64)>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "address"])?;
    match not_sent::act(&panel, &visitor.person, DeliveryId(id), &fields).await? {
        Ok(told) => Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &Flash::done(told))),
        Err(error) => kept(&panel, &visitor, TicketNumber(number), "Not done", error).await,
    }
}

async fn kept(panel: &Panel, visitor: &Visitor, number: TicketNumber, what: &str, error: ActionError) -> Result<Response, PageError> {
    match error.kind() {
        Kind::Conflict | Kind::Invalid => {
            let flash = Flash::refused(format!("{what}. {}", sentence(&error)));
            Ok(page::go(panel, visitor, &format!("/tickets/{number}"), &flash))
        }
        Kind::Missing | Kind::Forbidden | Kind::Broken => Err(error.into()),
    }
}
