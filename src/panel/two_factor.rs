//! One's own authenticator app: set up, turned off, and its recovery codes.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use crate::{
    actions::{ActionError, Kind, two_factor},
    auth::{password::Match, throttle::Try, totp::RecoveryCode},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        profile,
        qr::Drawing,
        visitor::{ClientAddress, Staff, Visitor},
        words::When,
    },
    store::{Conn, two_factor as rows},
};

/// How it stands, on one's profile.
#[derive(Serialize)]
pub(super) struct Standing {
    /// Since when; none: off.
    since: Option<When>,
    left: i64,
}

/// Of whoever looks at their profile.
pub(super) async fn state(panel: &Panel, visitor: &Visitor, conn: &mut Conn) -> Result<Standing, PageError> {
    let since = rows::on_since(conn, visitor.person.id).await?;
    let when = |at| When::new(at, panel.desk.clock.now(), &panel.zone());
    Ok(Standing { since: since.map(when), left: rows::codes_left(conn, visitor.person.id).await? })
}

#[derive(Serialize)]
struct SetUp {
    /// In groups of four, as people type it.
    secret: String,
    qr: Option<Drawing>,
    failed: Option<String>,
}

/// `GET /profile/two-factor`: the secret of an app that has still to show a code.
pub(super) async fn show(State(panel): State<Panel>, Staff(visitor): Staff) -> Result<Response, PageError> {
    draw(&panel, &visitor, None).await
}

async fn draw(panel: &Panel, visitor: &Visitor, failed: Option<String>) -> Result<Response, PageError> {
    let kept = rows::get(&mut *panel.desk.store.read().await?, visitor.person.id).await?.filter(|it| it.confirmed_at.is_none());
    let secret = kept.and_then(|it| two_factor::secret(&panel.desk, visitor.person.id, &it));
    let Some(secret) = secret else { return Ok(Redirect::to("/profile#two-factor").into_response()) };
    let letters: Vec<char> = secret.in_base32().chars().collect();
    let own = SetUp {
        secret: letters.chunks(4).map(|it| it.iter().collect::<String>()).collect::<Vec<_>>().join(" "),
        qr: Drawing::of(&secret.address(&panel.desk.settings.name, visitor.person.email.as_str())),
        failed,
    };
    let wrong = own.failed.is_some();
    let mut response = page::show(panel, visitor, Place::Elsewhere, "two-factor.html", &own).await?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

#[derive(Serialize)]
struct Codes {
    codes: Vec<String>,
}

/// The one page that shows recovery codes.
async fn draw_codes(panel: &Panel, visitor: &Visitor, codes: &[RecoveryCode]) -> Result<Response, PageError> {
    let own = Codes { codes: codes.iter().map(RecoveryCode::expose).collect() };
    page::show(panel, visitor, Place::Elsewhere, "recovery-codes.html", &own).await
}

/// `POST /profile/two-factor`.
pub(super) async fn change(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    ClientAddress(address): ClientAddress,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "old", "code", "username"])?;
    let told = |flash: Flash| Ok(page::go(&panel, &visitor, "/profile#two-factor", &flash));
    let (desk, who, code) = (&panel.desk, &visitor.person, fields.text("code"));
    let what = fields.get("do");
    if what == "cancel" {
        two_factor::give_up(desk, who).await?;
        return told(Flash::done("Nothing was changed: two-factor sign-in stays off."));
    }
    if what != "confirm" && !profile::has_password(&panel, &visitor).await? {
        return told(Flash::refused("Not changed: set a password first; the code is asked for besides it."));
    }
    if what != "confirm" && profile::own_password(&panel, &visitor, address, fields.text("old")).await? == Match::Wrong {
        return told(Flash::refused("Not changed: the current password is another one."));
    }
    if what != "begin"
        && let Try::Wait { seconds } = panel.throttle.attempt_code(&who.id.to_string(), address)
    {
        return Err(PageError::Wait { seconds });
    }
    let done = match what {
        "begin" => two_factor::begin(desk, who).await.map(|()| Redirect::to("/profile/two-factor").into_response()),
        "confirm" => match two_factor::confirm(desk, who, &visitor.session, code).await {
            Ok(codes) => return draw_codes(&panel, &visitor, &codes).await,
            Err(error @ ActionError::Invalid { .. }) => return draw(&panel, &visitor, Some(sentence(&error))).await,
            Err(error) => Err(error),
        },
        "codes" => match two_factor::new_codes(desk, who, code).await {
            Ok(codes) => return draw_codes(&panel, &visitor, &codes).await,
            Err(error) => Err(error),
        },
        "off" => match two_factor::turn_off(desk, who, &visitor.session, code).await {
            Ok(()) => return told(Flash::done("Two-factor sign-in is off, and you are signed out everywhere else.")),
            Err(error) => Err(error),
        },
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    match done {
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => told(Flash::refused(format!("Not changed: {error}."))),
        done => Ok(done?),
    }
}
