//! Another address for oneself: asked for in the profile, and had once the link that was mailed there is followed by its button.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use crate::{
    actions::{Kind, people},
    auth::{keys::hashed, password::Match, throttle::Try},
    desk::address::EmailAddress,
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        profile::{has_password, own_password},
        url::Path,
        visitor::{ClientAddress, Visitor},
    },
};

/// `POST /profile/address`: the same answer whether or not somebody has the address.
pub(super) async fn ask(
    State(panel): State<Panel>,
    visitor: Visitor,
    ClientAddress(from): ClientAddress,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["email", "old", "username"])?;
    let say = |flash: Flash| Ok(page::go(&panel, &visitor, "/profile#address", &flash));
    let email: EmailAddress = match fields.get("email").parse() {
        Ok(email) => email,
        Err(error) => return say(Flash::refused(format!("Nothing was mailed. {}", sentence(&error)))),
    };
    if has_password(&panel, &visitor).await? && own_password(&panel, &visitor, from, fields.text("old")).await? == Match::Wrong {
        return say(Flash::refused("Nothing was mailed: the current password is another one.".to_owned()));
    }
    if let Try::Wait { seconds } = panel.throttle.attempt_link(&email.folded(), from) {
        return Err(PageError::Wait { seconds });
    }
    match people::ask_for_address(&panel.desk, &visitor.person, &email).await {
        Ok(()) => say(Flash::done(format!("A link is on its way to {email}. Until it is followed, nothing changes."))),
        Err(error) if matches!(error.kind(), Kind::Invalid | Kind::Conflict) => {
            say(Flash::refused(format!("Nothing was mailed. {}", sentence(&error))))
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Serialize)]
struct LinkPage<'a> {
    token: &'a str,
    /// The address that they have until then.
    email: &'a str,
    new: &'a str,
    /// Whether it is theirs already.
    done: bool,
}

/// `GET /address/{token}`: opening it changes nothing, since programs that look for harm in mail open every link. It tells nobody but
/// whoever asked for it whose it is.
pub(super) async fn show(State(panel): State<Panel>, visitor: Visitor, Path(token): Path<String>) -> Result<Response, PageError> {
    let asked = people::asked_for(&panel.desk, &hashed(&token)).await?.ok_or_else(|| {
        PageError::Forbidden("This link was used already, or it has expired. Ask for a new one in your profile.".to_owned())
    })?;
    if asked.who.id != visitor.person.id {
        let why = format!(
            "Somebody else asked for this link, and {} is signed in here. Sign out first, and open it again.",
            visitor.person.email
        );
        return Err(PageError::Forbidden(why));
    }
    let own = LinkPage { token: &token, email: asked.who.email.as_str(), new: asked.to.as_str(), done: asked.done };
    page::show_outside_to(&panel, Some(&visitor), None, "address-link.html", &own)
}

/// `POST /address/{token}`.
pub(super) async fn follow(
    State(panel): State<Panel>,
    visitor: Visitor,
    Path(token): Path<String>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[])?;
    people::follow_address_link(&panel.desk, &visitor.person, &hashed(&token)).await?;
    Ok(Redirect::to(&format!("/address/{token}")).into_response())
}
