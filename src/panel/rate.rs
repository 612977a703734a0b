//! The page behind the links of the mail that says that a request is resolved. Opening it changes nothing, whoever does; pressing its
//! button does. It needs no sign-in: the link is the proof.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};

use crate::{
    actions::{ActionError, Kind, rate},
    desk::{
        permission::Scope,
        rating::{LONGEST_COMMENT, Rating},
        ticket::Ticket,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page,
        url::{Path, Query},
        visitor::Visitor,
        words::When,
    },
    store::{Conn, ratings},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The answer that is ticked: that of the link.
    r: Option<String>,
    /// It was sent.
    done: Option<String>,
}

#[derive(Serialize)]
struct RatePage<'a> {
    token: &'a str,
    no: i64,
    subject: String,
    helper: Option<String>,
    /// Each answer: its word, its icon, its title.
    answers: [(&'static str, &'static str, &'static str); 3],
    chosen: Option<&'static str>,
    comment: String,
    longest: usize,
    /// What was answered already.
    answered: Option<&'static str>,
    until: String,
    done: bool,
    wrong: Option<String>,
}

const ICONS: [(Rating, &str); 3] = [(Rating::Good, "smile"), (Rating::Okay, "meh"), (Rating::Bad, "frown")];

/// `GET /rate/{token}`.
pub(super) async fn show(
    State(panel): State<Panel>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
    visitor: Option<Visitor>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let linked = asked.r.as_deref().and_then(Rating::parse);
    draw(&panel, visitor.as_ref(), &jar, &token, &Typed { rating: linked, comment: None, done: asked.done.is_some(), wrong: None }).await
}

/// What stands in the form beside what was answered already.
#[derive(Default)]
struct Typed {
    rating: Option<Rating>,
    comment: Option<String>,
    done: bool,
    wrong: Option<String>,
}

async fn draw(panel: &Panel, visitor: Option<&Visitor>, jar: &CookieJar, token: &str, typed: &Typed) -> Result<Response, PageError> {
    let question = rate::question(&panel.desk, token).await.map_err(refused)?;
    let chosen = typed.rating.or(question.answer.as_ref().map(|it| it.0));
    let own = RatePage {
        token,
        no: question.ticket.number.0,
        subject: question.ticket.subject,
        helper: question.helper,
        answers: ICONS.map(|(rating, icon)| (rating.as_str(), icon, rating.title())),
        chosen: chosen.map(Rating::as_str),
        comment: typed.comment.clone().or_else(|| question.answer.as_ref().map(|it| it.1.clone())).unwrap_or_default(),
        longest: LONGEST_COMMENT,
        answered: question.answer.map(|it| it.0.title()),
        until: question.until.to_zoned(panel.desk.settings.time_zone.clone()).strftime("%-d %B").to_string(),
        done: typed.done,
        wrong: typed.wrong.clone(),
    };
    let visit = jar.get(panel.sessions.visit_cookie_name()).map(|it| it.value());
    let mut response = page::show_outside_to(panel, visitor, visit, "portal-rate.html", &own)?;
    if typed.wrong.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

fn refused(error: ActionError) -> PageError {
    match error.kind() {
        Kind::Conflict => PageError::Forbidden(format!("{} Write to us instead; we read every mail.", sentence(&error))),
        Kind::Missing | Kind::Forbidden | Kind::Invalid | Kind::Broken => error.into(),
    }
}

/// `POST /rate/{token}`.
pub(super) async fn send(
    State(panel): State<Panel>,
    Path(token): Path<String>,
    visitor: Option<Visitor>,
    jar: CookieJar,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["rating", "comment"])?;
    let rating = Rating::parse(fields.get("rating"));
    let again = |wrong: String| Typed { rating, comment: Some(fields.text("comment").to_owned()), done: false, wrong: Some(wrong) };
    let Some(answer) = rating else {
        return draw(&panel, visitor.as_ref(), &jar, &token, &again("Nothing was sent: choose one of the three.".to_owned())).await;
    };
    match rate::rate(&panel.desk, &token, answer, fields.text("comment")).await {
        Ok(()) => Ok(Redirect::to(&format!("/rate/{token}?done=1")).into_response()),
        Err(error) if error.kind() == Kind::Invalid => {
            draw(&panel, visitor.as_ref(), &jar, &token, &again(format!("Nothing was sent. {}", sentence(&error)))).await
        }
        Err(error) => Err(refused(error)),
    }
}

/// What the customer of a ticket said, as its page shows it.
#[derive(Debug, Default, Serialize)]
pub(super) struct Said {
    answers: Vec<Answer>,
    /// How many answers of theirs there are about all their tickets, and how many of them are Good or Okay.
    all: i64,
    satisfied: i64,
}

#[derive(Debug, Serialize)]
struct Answer {
    title: &'static str,
    class: &'static str,
    comment: String,
    when: When,
}

/// How a badge shows an answer.
pub(super) fn class(rating: Rating) -> &'static str {
    match rating {
        Rating::Good => "ok",
        Rating::Okay => "",
        Rating::Bad => "bad",
    }
}

impl Said {
    pub(super) async fn read(panel: &Panel, scope: Scope, conn: &mut Conn, ticket: &Ticket) -> Result<Self, PageError> {
        let (all, satisfied) = ratings::of_customer(conn, ticket.requester, scope).await?;
        if all == 0 {
            return Ok(Self::default());
        }
        let when = |at| When::new(at, panel.desk.clock.now(), &panel.zone());
        let answer = |it: ratings::RatingRow| Answer {
            title: it.rating.title(),
            class: class(it.rating),
            comment: it.comment,
            when: when(it.rated_at),
        };
        Ok(Self { answers: ratings::of_ticket(conn, ticket.number).await?.into_iter().map(answer).collect(), all, satisfied })
    }
}
