//! What a program may do that signs in with a token of the API: never more than the token says, never more than whoever made it may do
//! at that moment.

use jiff::{SignedDuration, Timestamp};

use crate::desk::person::{PersonState, Role};

/// Whether a token changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It reads.
    Read,
    /// It reads, and writes replies and changes tickets.
    Write,
}

impl Access {
    /// As stored and as forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The word of [`Access::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Read, Self::Write].into_iter().find(|it| it.as_str() == word)
    }

    /// For screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Read => "Read only",
            Self::Write => "Read and write",
        }
    }
}

/// How long a new token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// 30 days.
    Month,
    /// 90 days.
    Quarter,
    /// 365 days.
    Year,
    /// Until it is revoked.
    Unlimited,
}

impl Lifetime {
    /// Shortest first.
    pub const ALL: [Self; 4] = [Self::Month, Self::Quarter, Self::Year, Self::Unlimited];

    /// As forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "30d",
            Self::Quarter => "90d",
            Self::Year => "365d",
            Self::Unlimited => "unlimited",
        }
    }

    /// The word of [`Lifetime::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Month => "30 days",
            Self::Quarter => "90 days",
            Self::Year => "A year",
            Self::Unlimited => "Until it is revoked",
        }
    }

    /// From then on a token made now opens nothing; none: it does until it is revoked.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        let days = match self {
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
            Self::Unlimited => return None,
        };
        Some(now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX))
    }
}

/// So many characters may a token's name have.
pub const LONGEST_NAME: usize = 60;

/// The name as it is kept: spaces at its ends and control characters are none of it.
///
/// # Errors
/// A sentence when nothing is left, or too much.
pub fn name(typed: &str) -> Result<String, String> {
    let clean = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.is_empty() {
        return Err("a name is missing; write what will use the token, so that you know it again".to_owned());
    }
    if clean.chars().count() > LONGEST_NAME {
        return Err(format!("the name has more than {LONGEST_NAME} characters; write a shorter one"));
    }
    Ok(clean)
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Somebody revoked it.
    Revoked,
    /// Its time is over.
    Expired,
    /// Whoever made it is disabled.
    OwnerDisabled,
    /// Whoever made it is no helper or admin any more.
    OwnerLeft,
}

/// What matters about a token to whether it opens anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The most it may do: helper or admin.
    pub role: Role,
    /// From then on it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// When somebody revoked it.
    pub revoked_at: Option<Timestamp>,
}

/// The role that a token has now, whose owner has this role and state: the lesser of its own and theirs.
///
/// # Errors
/// [`Closed`] when it opens nothing.
pub fn acting(token: Standing, (role, state): (Role, PersonState), now: Timestamp) -> Result<Role, Closed> {
    if token.revoked_at.is_some() {
        return Err(Closed::Revoked);
    }
    if token.expires_at.is_some_and(|at| now >= at) {
        return Err(Closed::Expired);
    }
    if state == PersonState::Disabled {
        return Err(Closed::OwnerDisabled);
    }
    let role = token.role.min(role);
    if role.is_staff() { Ok(role) } else { Err(Closed::OwnerLeft) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_what_it_and_its_owner_may_both_do() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let token = |role| Standing { role, expires_at: Some(now + SignedDuration::from_secs(1)), revoked_at: None };
        let role = |token, owner| acting(token, (owner, PersonState::Active), now);
        assert_eq!(role(token(Role::Admin), Role::Admin), Ok(Role::Admin));
        assert_eq!(role(token(Role::Helper), Role::Admin), Ok(Role::Helper));
        assert_eq!(role(token(Role::Admin), Role::Helper), Ok(Role::Helper), "the owner was an admin when it was made");
        assert_eq!(role(token(Role::Admin), Role::Customer), Err(Closed::OwnerLeft));
        assert_eq!(acting(token(Role::Helper), (Role::Admin, PersonState::Disabled), now), Err(Closed::OwnerDisabled));
        let over = Standing { expires_at: Some(now), ..token(Role::Helper) };
        assert_eq!(role(over, Role::Helper), Err(Closed::Expired));
        assert_eq!(role(Standing { revoked_at: Some(now), ..over }, Role::Helper), Err(Closed::Revoked));
    }

    #[test]
    fn a_name_is_one_line_and_says_something() {
        assert_eq!(name("  Nightly\n report\u{7} "), Ok("Nightly report".to_owned()));
        assert!(name(" \t").is_err());
        assert!(name(&"x".repeat(LONGEST_NAME + 1)).is_err());
    }

    #[test]
    fn words_are_read_back() {
        for it in Lifetime::ALL {
            assert_eq!(Lifetime::parse(it.as_str()), Some(it));
        }
        assert_eq!(Access::parse("write"), Some(Access::Write));
        assert_eq!(Access::parse("all"), None);
    }
}
