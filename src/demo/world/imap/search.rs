//! What SEARCH finds (RFC 3501 §6.4.4).

use imap_next::imap_types::{datetime::NaiveDate, search::SearchKey};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    super::post::StoredMail,
    mime,
    view::{By, View},
};

/// Whether a message fits a key. A key that is not known here fits every message.
#[expect(clippy::wildcard_enum_match_arm, reason = "keys of extensions that are not announced")]
pub(super) fn fits(key: &SearchKey<'_>, mail: &StoredMail, view: &View) -> bool {
    let internal = || day(mail.internal_date);
    let sent = || mime::field(&mail.raw, "Date").and_then(|it| jiff::fmt::rfc2822::parse(it.trim()).ok()).map(|it| it.date());
    match key {
        SearchKey::And(keys) => keys.as_ref().iter().all(|it| fits(it, mail, view)),
        SearchKey::Or(one, other) => fits(one, mail, view) || fits(other, mail, view),
        SearchKey::Not(key) => !fits(key, mail, view),
        SearchKey::SequenceSet(set) => view.named(set, By::Sequence).iter().any(|(_, uid)| *uid == mail.uid),
        SearchKey::Uid(set) => view.named(set, By::Uid).iter().any(|(_, uid)| *uid == mail.uid),
        SearchKey::Answered => mail.has("\\Answered"),
        SearchKey::Deleted => mail.has("\\Deleted"),
        SearchKey::Draft => mail.has("\\Draft"),
        SearchKey::Flagged => mail.has("\\Flagged"),
        SearchKey::Seen => mail.has("\\Seen"),
        SearchKey::Unanswered => !mail.has("\\Answered"),
        SearchKey::Undeleted => !mail.has("\\Deleted"),
        SearchKey::Undraft => !mail.has("\\Draft"),
        SearchKey::Unflagged => !mail.has("\\Flagged"),
        SearchKey::Unseen => !mail.has("\\Seen"),
        SearchKey::Keyword(flag) => mail.has(flag.as_ref()),
        SearchKey::Unkeyword(flag) => !mail.has(flag.as_ref()),
        SearchKey::New | SearchKey::Recent => false,
        SearchKey::Larger(size) => mail.raw.len() > *size as usize,
        SearchKey::Smaller(size) => mail.raw.len() < *size as usize,
        SearchKey::Before(date) => internal() < civil(date),
        SearchKey::On(date) => internal() == civil(date),
        SearchKey::Since(date) => internal() >= civil(date),
        SearchKey::SentBefore(date) => sent().is_some_and(|it| it < civil(date)),
        SearchKey::SentOn(date) => sent().is_some_and(|it| it == civil(date)),
        SearchKey::SentSince(date) => sent().is_some_and(|it| it >= civil(date)),
        SearchKey::Bcc(words) => field_holds(mail, "Bcc", words.as_ref()),
        SearchKey::Cc(words) => field_holds(mail, "Cc", words.as_ref()),
        SearchKey::From(words) => field_holds(mail, "From", words.as_ref()),
        SearchKey::Subject(words) => field_holds(mail, "Subject", words.as_ref()),
        SearchKey::To(words) => field_holds(mail, "To", words.as_ref()),
        SearchKey::Header(name, words) => field_holds(mail, &String::from_utf8_lossy(name.as_ref()), words.as_ref()),
        SearchKey::Body(words) => holds(mime::body(&mail.raw), words.as_ref()),
        SearchKey::Text(words) => holds(&mail.raw, words.as_ref()),
        _ => true,
    }
}

fn field_holds(mail: &StoredMail, name: &str, words: &[u8]) -> bool {
    mime::field(&mail.raw, name).is_some_and(|it| holds(it.as_bytes(), words))
}

fn holds(octets: &[u8], words: &[u8]) -> bool {
    let words = String::from_utf8_lossy(words).to_lowercase();
    String::from_utf8_lossy(octets).to_lowercase().contains(&words)
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn civil(date: &NaiveDate) -> Date {
    use chrono::Datelike;
    let date = date.as_ref();
    let part = |it: u32| i8::try_from(it).unwrap_or(1);
    Date::new(i16::try_from(date.year()).unwrap_or(1970), part(date.month()), part(date.day())).unwrap_or(Date::ZERO)
}
