//! Hal, who answers in the panel while everything falls over.

use std::time::Duration;

use crate::web::{Web, encoded};

pub const HAL: &str = "hal@helpers.test";
pub const PASSWORD: &str = "hals-ahF5eiPaiX9u";

/// A person gives up on a page after so long.
const PATIENCE: Duration = Duration::from_secs(25);

/// What Hal was told about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// That it is on its way.
    Done,
    /// That it was not done.
    NotDone,
    /// Nothing: the connection ended.
    Nothing,
}

/// Writes this on a ticket through the panel.
pub async fn answer(panel: String, ticket: i64, words: String) -> Told {
    tokio::time::timeout(PATIENCE, try_answer(&panel, ticket, &words)).await.unwrap_or(Ok(Told::Nothing)).unwrap_or(Told::NotDone)
}

/// An error stands for what broke before anything was sent.
async fn try_answer(panel: &str, ticket: i64, words: &str) -> std::io::Result<Told> {
    let mut web = Web::at(panel);
    let token = |it: &crate::web::Page| it.between("name=\"csrf\" value=\"", "\"").unwrap_or_default();
    let page = web.try_ask("GET", "/login", "").await?;
    let form = format!("email={}&password={}&csrf={}", encoded(HAL), encoded(PASSWORD), encoded(&token(&page)));
    web.try_ask("POST", "/login", &form).await?;
    let page = web.try_ask("GET", &format!("/tickets/{ticket}"), "").await?;
    let Some(seen) = page.between("name=\"seen\" value=\"", "\"") else { return Ok(Told::NotDone) };
    let form = format!("seen={seen}&kind=reply&body={}&then=&send=reply&csrf={}", encoded(words), encoded(&token(&page)));
    let Ok(answer) = web.try_ask("POST", &format!("/tickets/{ticket}/messages"), &form).await else { return Ok(Told::Nothing) };
    Ok(if answer.status == 303 && answer.location.contains("#m") { Told::Done } else { Told::NotDone })
}
