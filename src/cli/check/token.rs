//! The sign-in of one mailbox with OAuth 2.0: how its token stands. The one that is kept is tried; nothing is renewed but what leaves no
//! trace.

use jiff::{Timestamp, tz::TimeZone};
use secrecy::ExposeSecret;

use super::report::Line;
use crate::{
    actions::tokens,
    auth::keys::Keys,
    config::{Config, Mailbox},
    desk::oauth::{CurrentToken, Flow, OAuthClient, TokenState, judge, secret_trouble},
    mail::oauth as server,
    store::{
        Opener, Store, mailboxes,
        oauth::{self, Kept},
        probe::{Tables, probe},
    },
};

/// What is known of its token, which the steps after this then sign in with; nothing where it has a password.
pub(super) async fn check(config: &Config, mailbox: &Mailbox, now: Timestamp) -> Vec<Line> {
    let (Some(client), Some(current)) = (&mailbox.settings.oauth, mailbox.token()) else { return Vec::new() };
    let subject = format!("mailbox {:?} sign-in", mailbox.settings.name);
    let known = known(config, &mailbox.settings.name, client, current, now).await;
    let secret = secret_trouble(client, TimeZone::system().to_datetime(now).date()).map(|it| Line::warn(&subject, it));
    let line = match (client.flow, current.get()) {
        (Flow::Code | Flow::ClientCredentials, Ok(_)) => stands(&subject, client, known.as_ref(), now),
        (Flow::Code, Err(_)) => {
            let told = judge(client, known.as_ref().map(|it| &it.facts)).trouble(now);
            let told =
                told.unwrap_or_else(|| "its token cannot be read with this secret_key; connect it again on the page Mail".to_owned());
            current.take_away(&told);
            Line::fail(&subject, told)
        }
        (Flow::ClientCredentials, Err(_)) => fetched(&subject, client, current).await,
    };
    secret.into_iter().chain([line]).collect()
}

/// The row, where there is a database with our tables; its token is put where the sessions take it while it is good.
async fn known(config: &Config, name: &str, client: &OAuthClient, current: &CurrentToken, now: Timestamp) -> Option<Kept> {
    let url = config.database_url.expose_secret();
    // Anything else would be brought up to date by opening it.
    if probe(url).await.ok()?.tables != Tables::UpToDate {
        return None;
    }
    let keys = Keys::from_root(config.root_key.load().ok()?.expose_secret().as_bytes());
    let store = Store::open(url, &config.data_dir, Opener::Command).await.ok()?;
    let mut conn = store.read().await.ok()?;
    let mailbox = mailboxes::named(&mut conn, name).await.ok()??;
    let kept = oauth::kept(&mut conn, mailbox).await.ok()?.filter(|it| it.facts.purpose == client.purpose())?;
    let good = kept.facts.good_until.is_some_and(|it| it > now);
    if let Some(token) = tokens::access_token(&keys, mailbox, &kept).filter(|_| good) {
        current.put(token);
    }
    Some(kept)
}

fn stands(subject: &str, client: &OAuthClient, known: Option<&Kept>, now: Timestamp) -> Line {
    let state = judge(client, known.map(|it| &it.facts));
    match (state.trouble(now), state) {
        (Some(trouble), _) => Line::warn(subject, trouble),
        (None, TokenState::Well { until }) => {
            Line::ok(subject, format!("its access token is good until {until:.0} and renewed by the daemon"))
        }
        (None, TokenState::NotYet | TokenState::NotConnected | TokenState::Failing { .. }) => Line::ok(subject, "it has an access token"),
    }
}

async fn fetched(subject: &str, client: &OAuthClient, current: &CurrentToken) -> Line {
    match server::client_credentials(client).await {
        Ok(grant) => {
            current.put(grant.access_token);
            Line::ok(subject, format!("{} gives the application an access token", client.token_url.host()))
        }
        Err(why) => {
            current.take_away(&why.to_string());
            Line::fail(subject, why.to_string())
        }
    }
}
