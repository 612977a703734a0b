//! What stands below replies: one's own on one's profile, each mailbox's among the settings.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError,
        signatures::{self as actions, sample},
    },
    desk::{id::MailboxId, placeholder::Placeholder},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        visitor::{Admin, Staff, Visitor},
    },
    store::signatures,
};

#[derive(Serialize)]
struct MailboxesPage {
    boxes: Vec<MailboxForm>,
    placeholders: Vec<&'static str>,
}

#[derive(Serialize)]
struct MailboxForm {
    id: i64,
    address: String,
    signature: String,
    /// As a reply of the visitor would have it.
    preview: String,
    err: String,
}

/// `GET /settings/signatures`.
pub(super) async fn mailboxes(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    draw(&panel, &visitor, None).await
}

async fn draw(panel: &Panel, visitor: &Visitor, refused: Option<(MailboxId, String, String)>) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let mut boxes = Vec::new();
    for (id, mailbox) in panel.desk.mailboxes.iter() {
        let kept = signatures::of_mailbox(&mut conn, id).await?;
        let (signature, err) = match &refused {
            Some((of, typed, err)) if *of == id => (typed.clone(), err.clone()),
            Some(_) | None => (kept, String::new()),
        };
        let preview = sample(&panel.desk, &visitor.person, mailbox, &signature);
        boxes.push(MailboxForm { id: id.0, address: mailbox.address.to_string(), signature, preview, err });
    }
    drop(conn);
    let page = MailboxesPage { boxes, placeholders: Placeholder::ALL.map(Placeholder::as_str).to_vec() };
    settings::show(panel, visitor, Tab::Signatures, "settings-signatures.html", &page, None).await
}

/// `POST /settings/signatures`: one mailbox's.
pub(super) async fn set_of_mailbox(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["mailbox", "signature"])?;
    let (id, text) = (MailboxId(fields.number("mailbox")?), fields.text("signature"));
    match actions::set_of_mailbox(&panel.desk, &visitor.person, id, text).await {
        Ok(()) => Ok(page::go(&panel, &visitor, "/settings/signatures", &Flash::done("The signature is saved."))),
        Err(ActionError::Invalid { why, .. }) => {
            let mut response = draw(&panel, &visitor, Some((id, text.to_owned(), sentence(&why)))).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// One's own signature, as the profile shows it.
#[derive(Serialize)]
pub(super) struct OwnSignature {
    text: String,
    preview: String,
    /// Whose it is: one's own, the mailbox's, or nobody's.
    from_mailbox: bool,
    err: String,
}

/// One's own signature, or what was typed of it and refused.
pub(super) async fn own(panel: &Panel, visitor: &Visitor, refused: Option<(String, String)>) -> Result<OwnSignature, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (text, err) = match refused {
        Some(refused) => refused,
        None => (signatures::habits(&mut conn, visitor.person.id).await?.signature, String::new()),
    };
    let Some((id, mailbox)) = panel.desk.mailboxes.iter().next() else {
        return Ok(OwnSignature { preview: text.clone(), text, from_mailbox: false, err });
    };
    let from_mailbox = text.trim().is_empty();
    let shown = if from_mailbox { signatures::of_mailbox(&mut conn, id).await? } else { text.clone() };
    Ok(OwnSignature { preview: sample(&panel.desk, &visitor.person, mailbox, &shown), text, from_mailbox, err })
}

/// `POST /profile/signature`.
pub(super) async fn set_own(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["signature"])?;
    let text = fields.text("signature");
    match actions::set_own(&panel.desk, &visitor.person, text).await {
        Ok(()) => Ok(page::go(&panel, &visitor, "/profile#signature", &Flash::done("Your signature is saved."))),
        Err(ActionError::Invalid { why, .. }) => {
            let refused = Some((text.to_owned(), sentence(&why)));
            let mut response = crate::panel::profile::draw(&panel, &visitor, refused).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
