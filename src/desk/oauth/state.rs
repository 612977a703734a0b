//! How the sign-in of a mailbox stands: its token, what is wrong with it, and the mend.

use jiff::{SignedDuration, SpanRound, Timestamp, Unit, civil::Date};

use super::{Flow, OAuthClient};

/// A renewal that fails is tried again by itself; for so long nobody needs to hear of it, and the token is still good.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// A client secret that ends within so many days is told of.
const SECRET_DAYS: i32 = 30;

/// What the desk has learnt about the token of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFacts {
    /// [`OAuthClient::purpose`] when the token was given.
    pub purpose: String,
    /// Until when the newest access token is good; none: there is none.
    pub good_until: Option<Timestamp>,
    /// When it was given.
    pub renewed_at: Option<Timestamp>,
    /// When somebody agreed in the browser; none: nobody has, or nobody needs to.
    pub connected_at: Option<Timestamp>,
    /// Who that was, where the authorisation server told.
    pub account: Option<String>,
    /// Since when no new token is to be had.
    pub failing_since: Option<Timestamp>,
    /// Why, in plain words with the mend.
    pub error: Option<String>,
    /// What helps.
    pub remedy: Remedy,
}

/// What helps when there is no new token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remedy {
    /// Trying again, which happens by itself.
    #[default]
    Wait,
    /// Somebody connects the mailbox again.
    Connect,
    /// Somebody changes the configuration, or the application's registration.
    Configure,
}

impl Remedy {
    /// As stored.
    pub const WORDS: &[(&str, Self)] = &[("wait", Self::Wait), ("connect", Self::Connect), ("configure", Self::Configure)];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Connect => "connect",
            Self::Configure => "configure",
        }
    }

    /// The word of [`Remedy::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(it, _)| *it == word).map(|(_, it)| *it)
    }
}

/// How the sign-in of a mailbox stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// There is a good token, and it is renewed in time.
    Well {
        /// Until when this one is good.
        until: Timestamp,
    },
    /// The first token is about to be fetched; nobody needs to do anything.
    NotYet,
    /// Nobody has connected it, or not for what the configuration says now.
    NotConnected,
    /// No new token is to be had.
    Failing {
        /// Since when.
        since: Timestamp,
        /// Until when the old one is good; past: it is not any more.
        good_until: Option<Timestamp>,
        /// What helps.
        remedy: Remedy,
        /// Why, in plain words with the mend.
        why: String,
    },
}

/// How the sign-in stands; `facts` is none where nothing is known yet.
#[must_use]
pub fn judge(client: &OAuthClient, facts: Option<&TokenFacts>) -> TokenState {
    let facts = facts.filter(|it| it.purpose == client.purpose());
    let Some(facts) = facts else {
        return match client.flow {
            Flow::Code => TokenState::NotConnected,
            Flow::ClientCredentials => TokenState::NotYet,
        };
    };
    match (facts.failing_since, facts.good_until) {
        (Some(since), good_until) => {
            TokenState::Failing { since, good_until, remedy: facts.remedy, why: facts.error.clone().unwrap_or_default() }
        }
        (None, Some(until)) => TokenState::Well { until },
        (None, None) => TokenState::NotYet,
    }
}

impl TokenState {
    /// Whether somebody should act before mail stands still: at once where only a person can help, else when trying again has not helped
    /// for 5 minutes, which is while the old token is still good.
    #[must_use]
    pub fn needs_attention(&self, now: Timestamp) -> bool {
        match self {
            Self::NotYet => false,
            // Whoever renews it is not at work.
            Self::Well { until } => now >= *until,
            Self::NotConnected => true,
            Self::Failing { since, remedy, good_until, .. } => match remedy {
                Remedy::Connect | Remedy::Configure => true,
                Remedy::Wait => now.duration_since(*since) >= PATIENCE || good_until.is_none_or(|it| it <= now),
            },
        }
    }

    /// What is wrong and what to do, as one sentence without its full stop; none: nothing is.
    #[must_use]
    pub fn trouble(&self, now: Timestamp) -> Option<String> {
        match self {
            Self::NotYet => None,
            Self::Well { until } if now < *until => None,
            Self::Well { until } => {
                Some(format!("its access token ran out {} ago and nobody renewed it; is the daemon running?", minutes(now, *until)))
            }
            Self::NotConnected => Some("it is not connected yet; press Connect on the page Mail of the panel".to_owned()),
            Self::Failing { good_until, why, .. } => Some(match good_until {
                Some(until) if *until > now => format!("{why}; the access token it has is good for another {}", minutes(*until, now)),
                Some(until) => format!("{why}; its access token ran out {} ago", minutes(now, *until)),
                None => format!("{why}; it has no access token"),
            }),
        }
    }
}

/// The time between, to the minute: `1h 5m`.
fn minutes(later: Timestamp, earlier: Timestamp) -> String {
    let apart = later.duration_since(earlier).max(SignedDuration::from_mins(1));
    let span = jiff::Span::try_from(apart).and_then(|it| it.round(SpanRound::new().smallest(Unit::Minute).largest(Unit::Hour)));
    span.map_or_else(|_| "a while".to_owned(), |it| format!("{it:#}"))
}

/// What is to be said of a client secret that ends soon or has ended; none: nothing.
#[must_use]
pub fn secret_trouble(client: &OAuthClient, today: Date) -> Option<String> {
    let last = client.client_secret_expires?;
    let left = today.until(last).map_or(0, |it| it.get_days());
    let mend = "make a new one, write it as client_secret with its last day as client_secret_expires, and restart";
    match left {
        ..0 => Some(format!("the client secret ended on {last}; {mend}")),
        0 => Some(format!("the client secret ends today; {mend}")),
        1 => Some(format!("the client secret ends tomorrow, {last}; {mend}")),
        2..=SECRET_DAYS => Some(format!("the client secret ends in {left} days, on {last}; {mend}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::desk::oauth::{ClientAuthentication, Provider};

    fn client(flow: Flow) -> OAuthClient {
        OAuthClient {
            provider: Provider::Other,
            flow,
            client_id: "desk".to_owned(),
            client_secret: None,
            client_secret_expires: Some(date(2026, 12, 31)),
            client_authentication: ClientAuthentication::Post,
            authorize_url: None,
            token_url: "https://login.test/t".parse().unwrap(),
            scope: "mail".to_owned(),
            user: "support@desk.test".to_owned(),
            ca_file: None,
        }
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn a_token_about_to_fail_is_told_before_it_fails() {
        let client = client(Flow::Code);
        let facts = TokenFacts { purpose: client.purpose(), good_until: Some(at(60)), renewed_at: Some(at(0)), ..TokenFacts::default() };
        let well = judge(&client, Some(&facts));
        assert!(!well.needs_attention(at(59)) && well.trouble(at(59)).is_none());
        assert!(well.needs_attention(at(60)) && well.trouble(at(71)).unwrap().contains("ran out 11m ago"), "{:?}", well.trouble(at(71)));
        let failing = |remedy| {
            let facts = TokenFacts { failing_since: Some(at(30)), error: Some("no answer".to_owned()), remedy, ..facts.clone() };
            judge(&client, Some(&facts))
        };
        assert!(!failing(Remedy::Wait).needs_attention(at(34)));
        assert!(failing(Remedy::Wait).needs_attention(at(35)));
        assert!(failing(Remedy::Connect).needs_attention(at(30)) && failing(Remedy::Configure).needs_attention(at(30)));
        assert_eq!(failing(Remedy::Wait).trouble(at(35)).unwrap(), "no answer; the access token it has is good for another 25m");
        assert_eq!(failing(Remedy::Wait).trouble(at(125)).unwrap(), "no answer; its access token ran out 1h 5m ago");
    }

    #[test]
    fn what_was_given_for_something_else_is_not_connected() {
        let (by_code, by_itself) = (client(Flow::Code), client(Flow::ClientCredentials));
        let facts = TokenFacts { purpose: "other".to_owned(), good_until: Some(at(60)), ..TokenFacts::default() };
        assert_eq!(judge(&by_code, Some(&facts)), TokenState::NotConnected);
        assert_eq!(judge(&by_code, None), TokenState::NotConnected);
        assert_eq!(judge(&by_itself, None), TokenState::NotYet);
        assert!(TokenState::NotConnected.needs_attention(at(0)));
    }

    #[test]
    fn a_secret_is_told_of_a_month_before_it_ends() {
        let client = client(Flow::Code);
        for (today, says) in [
            (date(2026, 11, 30), None),
            (date(2026, 12, 1), Some("ends in 30 days")),
            (date(2026, 12, 30), Some("ends tomorrow")),
            (date(2026, 12, 31), Some("ends today")),
            (date(2027, 1, 1), Some("ended on 2026-12-31")),
        ] {
            let told = secret_trouble(&client, today);
            assert_eq!(told.is_some(), says.is_some(), "{today}");
            assert!(told.unwrap_or_default().contains(says.unwrap_or_default()), "{today}");
        }
    }
}
