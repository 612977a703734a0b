//! What a customer says of how their request was dealt with: one answer to each resolution.

use jiff::{SignedDuration, Timestamp};

use crate::desk::id::{PersonId, TicketNumber};

/// One of three answers to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// It was good.
    Good,
    /// It would do.
    Okay,
    /// It was not good.
    Bad,
}

/// So long after the resolution an answer is taken, and can be changed.
pub const OPEN_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// As much of what somebody adds is kept; characters.
pub const LONGEST_COMMENT: usize = 2000;

impl Rating {
    /// Best first.
    pub const ALL: [Self; 3] = [Self::Good, Self::Okay, Self::Bad];

    /// As stored, and as links and forms say it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Okay => "okay",
            Self::Bad => "bad",
        }
    }

    /// The word of [`Rating::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// For screens: `Not good`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Good => "Good",
            Self::Okay => "Okay",
            Self::Bad => "Not good",
        }
    }
}

/// Which resolution somebody is asked about, and who.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The ticket.
    pub ticket: TicketNumber,
    /// When it was resolved.
    pub resolved_at: Timestamp,
    /// Whose mail asks; none: one mail went to several.
    pub person: Option<PersonId>,
}

/// A link's token: what is asked about, and a MAC of it. `sign` is the text in, 32 bytes out; the key is `auth`’s.
#[must_use]
pub fn token(asked: Asked, sign: &dyn Fn(&str) -> [u8; 32]) -> String {
    let plain = plain(asked);
    let mac = mac(&plain, sign);
    format!("{plain}.{mac}")
}

/// What a token asks about; none when it is not of this desk, whole and unchanged.
#[must_use]
pub fn read_token(token: &str, sign: &dyn Fn(&str) -> [u8; 32]) -> Option<Asked> {
    let (plain, mac) = token.rsplit_once('.')?;
    let [ticket, resolved_at, person] = plain.split('.').map(number).collect::<Option<Vec<_>>>()?.try_into().ok()?;
    let resolved_at = Timestamp::from_millisecond(resolved_at).ok()?;
    let asked = Asked { ticket: TicketNumber(ticket), resolved_at, person: (person > 0).then_some(PersonId(person)) };
    // What was read must be written the same again: `07` is not what we wrote.
    (self::plain(asked) == plain && same(mac, &self::mac(plain, sign))).then_some(asked)
}

fn plain(asked: Asked) -> String {
    format!("{}.{}.{}", asked.ticket.0, asked.resolved_at.as_millisecond(), asked.person.map_or(0, |it| it.0))
}

/// 160 bits, as 32 letters and digits.
fn mac(plain: &str, sign: &dyn Fn(&str) -> [u8; 32]) -> String {
    data_encoding::BASE32_NOPAD.encode(&sign(&format!("rate {plain}"))[..20]).to_lowercase()
}

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 18 && text.bytes().all(|it| it.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Compares every byte, whatever the first difference.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(text: &str) -> [u8; 32] {
        let mut mac = [7_u8; 32];
        for byte in text.bytes() {
            for (at, it) in mac.iter_mut().enumerate() {
                *it = it.wrapping_mul(31).wrapping_add(byte).rotate_left(u32::try_from(at % 7).unwrap());
            }
        }
        mac
    }

    #[test]
    fn a_token_says_what_is_asked_and_cannot_be_made_or_changed() {
        for person in [None, Some(PersonId(7))] {
            let asked = Asked { ticket: TicketNumber(3981), resolved_at: "2026-11-02T09:00:00.123Z".parse().unwrap(), person };
            let made = token(asked, &sign);
            assert_eq!(read_token(&made, &sign), Some(asked));
            assert!(made.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'.'), "{made}");
            let other = |text: &str| [7; 32].map(|it: u8| it ^ u8::try_from(text.len() % 200).unwrap());
            for wrong in [
                made.replacen("3981", "3982", 1),
                made.replacen("3981", "03981", 1),
                made.replacen("3981", "+3981", 1),
                made.replacen(".123", ".124", 1).replacen("123.", "124.", 1),
                made[..made.len() - 1].to_owned(),
                format!("{made}a"),
                made.to_uppercase(),
                "3981".to_owned(),
                String::new(),
                "...".to_owned(),
            ] {
                assert_eq!(read_token(&wrong, &sign), None, "{wrong}");
            }
            assert_eq!(read_token(&made, &other), None, "another desk’s key");
        }
    }
}
