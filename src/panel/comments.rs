//! Writing on a ticket: replies and notes, taking back, sending again, calling off.

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    actions::{
        ActionError, Kind,
        deliveries::Unsent,
        drafts::{Keeping, carry_over, keep},
        once::Edge,
        reply::{Composed, Reply, reply_knowing},
        withdraw_reply::withdraw_reply,
        write_note::write_note_as,
    },
    desk::{
        comment::CommentText,
        draft::DraftKind,
        id::{CommentId, DeliveryId, DraftFileId, SavedReplyId, TicketNumber},
        settings::Mode,
        ticket::Status,
    },
    panel::{
        Panel,
        composer::{State as Shown, Unread},
        drafts::{self, FIELDS},
        error::{PageError, sentence},
        form::Fields,
        not_sent,
        page::{self, Flash},
        ticket,
        url::Path,
        visitor::{Staff, Visitor},
    },
    store::{drafts::Kept, tickets},
};

/// What was typed, as it goes back into the composer.
struct Typed {
    number: TicketNumber,
    kind: DraftKind,
    keeping: Keeping,
    sure: &'static str,
    /// What others wrote meanwhile.
    unread: Vec<Unread>,
}

/// `GET` of a path that is there to be sent to: whoever reloads what was refused, or follows a link on that page, is back on the ticket.
pub(super) async fn back(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    uri: Uri,
) -> Result<Redirect, PageError> {
    ticket::enter(&panel, &visitor, &mut *panel.desk.store.read().await?, TicketNumber(number)).await?;
    let query = uri.query().map_or_else(String::new, |it| format!("?{it}"));
    Ok(Redirect::to(&format!("/tickets/{number}{query}")))
}

/// `POST /tickets/{number}/messages`.
pub(super) async fn write(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&FIELDS)?;
    let number = TicketNumber(number);
    // Never guessed: a note that leaves as a reply cannot be called back from where it went.
    let kind = match fields.given("send").unwrap_or(fields.get("kind")) {
        "note" => DraftKind::Note,
        "reply" => DraftKind::Reply,
        _ => return Err(PageError::Invalid("It is not said whether this is a reply or a note; reload the page.".to_owned())),
    };
    let keeping = Keeping { kept: drafts::kept(&fields), files: fields.new_files(), basis: drafts::basis(&fields), ..Keeping::default() };
    let typed = Typed { number, kind, keeping, sure: "", unread: Vec::new() };
    let text = match CommentText::parse(fields.text("body")) {
        Ok(text) => text,
        Err(error) => return refused(&panel, &visitor, typed, StatusCode::UNPROCESSABLE_ENTITY, sentence(&error)).await,
    };
    let composed = match composed(&fields, &typed.keeping.kept) {
        Ok(composed) => composed,
        Err(why) => return refused(&panel, &visitor, typed, StatusCode::UNPROCESSABLE_ENTITY, why).await,
    };
    match send(&panel, &visitor, &fields, &typed, text, composed).await? {
        Ok(comment) => {
            let told = match kind {
                DraftKind::Note => "The note is added; no customer sees it.",
                DraftKind::Reply if is_tried_out(&panel, number).await => "The reply is kept and not sent: its mailbox is only tried out.",
                DraftKind::Reply => "The reply is on its way.",
            };
            let flash = Flash::done(told).clearing(format!("{}:{number}:{}", visitor.person.id, kind.as_str()));
            Ok(page::go(&panel, &visitor, &format!("/tickets/{number}#m{comment}"), &flash))
        }
        Err(error) => asked_again(&panel, &visitor, typed, error).await,
    }
}

/// Whether nothing of a ticket is sent. The reply is written by then: a database that cannot be asked is no reason to say that it failed.
async fn is_tried_out(panel: &Panel, number: TicketNumber) -> bool {
    let Ok(mut conn) = panel.desk.store.read().await else { return false };
    let ticket = tickets::get(&mut conn, number).await.ok().flatten();
    ticket.and_then(|it| panel.desk.mailboxes.get(it.mailbox).map(|it| it.mode)) == Some(Mode::Shadow)
}

async fn send(
    panel: &Panel,
    visitor: &Visitor,
    fields: &Fields,
    typed: &Typed,
    text: CommentText,
    composed: Composed,
) -> Result<Result<CommentId, ActionError>, PageError> {
    let (me, desk, number, files) = (&visitor.person, &panel.desk, typed.number, typed.keeping.files.clone());
    Ok(match typed.kind {
        DraftKind::Note => {
            let seen = fields.given("seen").and_then(|it| it.parse().ok()).map(CommentId);
            write_note_as(desk, me, number, &text, &files, &composed, seen).await
        }
        DraftKind::Reply => {
            let seen = Some(CommentId(fields.number("seen")?)).filter(|it| it.0 > 0);
            let unsent = if fields.get("sure") == "unsent" { Unsent::DoesNotMatter } else { Unsent::Asks };
            reply_knowing(desk, me, number, &Reply { text, files, seen, then: Status::parse(fields.get("then")), composed }, unsent).await
        }
    })
}

/// How it was written and to whom; a sentence where an address is none.
fn composed(fields: &Fields, kept: &Kept) -> Result<Composed, String> {
    let ids = |name: &'static str| fields.all(name).filter_map(|it| it.parse::<i64>().ok());
    let mut cc = Vec::new();
    for typed in kept.cc.split([',', ';', ' ', '\n']).map(str::trim).filter(|it| !it.is_empty()) {
        let typed = typed.trim_matches(['<', '>']);
        cc.push(typed.parse().map_err(|_| format!("“{typed}” in Cc is no address. Write addresses with a comma between them."))?);
    }
    Ok(Composed {
        markup: kept.markup,
        kept: ids("file").map(DraftFileId).collect(),
        cc,
        left_out: kept.left_out.clone(),
        basis: drafts::basis(fields),
        saved: ids("saved").map(SavedReplyId).collect(),
        edge: Edge::Panel,
    })
}

/// The page again: the new words are shown, the typed ones kept; one more press sends.
async fn asked_again(panel: &Panel, visitor: &Visitor, mut typed: Typed, error: ActionError) -> Result<Response, PageError> {
    let standing = tickets::standing(&mut *panel.desk.store.read().await?, typed.number).await?;
    if let Some(into) = standing.filter(|it| it.number != typed.number) {
        return go_on_there(panel, visitor, typed, into.number).await;
    }
    let status = match error.kind() {
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Missing | Kind::Broken => return Err(error.into()),
    };
    let text = if let ActionError::NewWords { comments } = &error {
        let (who, unread) = ticket::newer(panel, comments, typed.number).await?;
        typed.unread = unread;
        format!("Not sent yet: {who} wrote since you opened this page. Read it, then send.")
    } else if let ActionError::Unsent { addresses } = &error {
        typed.sure = "unsent";
        let to = addresses.join(", ");
        format!(
            "Not sent yet: an earlier reply to {to} was not sent, and this one would resolve the ticket. Send it once more to do so all the same."
        )
    } else {
        format!("Not sent. {}", sentence(&error))
    };
    refused(panel, visitor, typed, status, text).await
}

/// The ticket was merged while somebody wrote on it: their words are a draft where it is now.
async fn go_on_there(panel: &Panel, visitor: &Visitor, typed: Typed, into: TicketNumber) -> Result<Response, PageError> {
    let (number, kind) = (typed.number, typed.kind.as_str());
    let kept = carry_over(&panel.desk, &visitor.person, into, typed.kind, &typed.keeping).await;
    let mut told =
        format!("Not sent: #{number} was merged into this ticket meanwhile. What you wrote is in the composer; look, then send.");
    if let Err(error) = kept {
        // Too many files with those that were there, or kept in another window just now: the words at least.
        let had_files = !typed.keeping.files.is_empty();
        let words = Keeping { files: Vec::new(), ..typed.keeping };
        carry_over(&panel.desk, &visitor.person, into, typed.kind, &words).await?;
        if had_files {
            told.push_str(&format!(" The files were not kept: {error}. Attach them again."));
        }
    }
    let flash = Flash::refused(told).clearing(format!("{}:{number}:{kind}", visitor.person.id));
    Ok(page::go(panel, visitor, &format!("/tickets/{into}?write={kind}#composer"), &flash))
}

/// What was typed is a draft, with its files, before it is shown again.
async fn refused(panel: &Panel, visitor: &Visitor, typed: Typed, status: StatusCode, text: String) -> Result<Response, PageError> {
    let Typed { number, kind, keeping, sure, unread } = typed;
    let kept = keep(&panel.desk, &visitor.person, number, kind, &keeping).await;
    let mut typed = keeping.kept;
    let text = match kept {
        Ok(()) => text,
        Err(error) if error.kind() == Kind::Conflict => {
            typed = drafts::with_the_others(panel, visitor, (number, kind), typed).await?;
            let files = if keeping.files.is_empty() { "" } else { " Attach the files again." };
            format!("{text} What was written in another window meanwhile is here too.{files}")
        }
        Err(error) if keeping.files.is_empty() => {
            tracing::warn!(ticket = %number, "a draft on ticket {number} was not kept: {error}");
            text
        }
        Err(error) => format!("{text} The files were not kept: {error}. Attach them again."),
    };
    let shown = Shown { kind: Some(kind), typed: Some(typed), open: true, err: Some(text.clone()), sure, unread, ..Shown::default() };
    ticket::again(panel, visitor, number, status, shown, &Flash::refused(text)).await
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
        Ok(_) => Ok(Redirect::to(&format!("/tickets/{number}?write=reply#composer")).into_response()),
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
