//! Times, sizes, faces and links as pages show them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    desk::{
        address::EmailAddress,
        person::Person,
        ticket::{Priority, Status},
        triage::{Authenticity, SenderCheck},
    },
    panel::error::sentence,
};

/// A moment on a page: for the machine, in full, and short.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct When {
    /// RFC 3339, for `datetime`.
    pub iso: String,
    /// `16 Nov 2026, 08:12`.
    pub full: String,
    /// Relative up to a day, then a date.
    pub short: String,
    /// `14:19` today, `Mon 09:20` in the last days, else a date.
    pub clock: String,
}

impl When {
    /// As seen at `now` from the desk's time zone.
    #[must_use]
    pub fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let local = at.to_zoned(zone.clone());
        let days = days_between(at, now, zone);
        let this_year = local.year() == now.to_zoned(zone.clone()).year();
        let date = local.strftime(if this_year { "%-d %b" } else { "%-d %b %Y" }).to_string();
        let clock = match days {
            0 => local.strftime("%H:%M").to_string(),
            1..=6 => local.strftime("%a %H:%M").to_string(),
            _ => date.clone(),
        };
        let short = match now.duration_since(at).as_secs() {
            ..60 => "now".to_owned(),
            seconds @ 60..3600 => format!("{} min", seconds / 60),
            seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
            _ if days <= 1 => "yesterday".to_owned(),
            _ if days < 7 => local.strftime("%a").to_string(),
            _ => date,
        };
        Self { iso: at.to_string(), full: local.strftime("%-d %b %Y, %H:%M").to_string(), short, clock }
    }
}

/// A moment that is to come.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Coming {
    /// RFC 3339, for `datetime`.
    pub iso: String,
    /// `16 Nov 2026, 08:12`.
    pub full: String,
    /// `17:15` today, `tomorrow 09:00`, `Mon 09:00` in the next days, else `16 Nov, 09:00`.
    pub clock: String,
}

impl Coming {
    /// As seen at `now` from the desk's time zone.
    #[must_use]
    pub fn new(at: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let local = at.to_zoned(zone.clone());
        let clock = match days_between(now, at, zone) {
            ..=0 => local.strftime("%H:%M").to_string(),
            1 => local.strftime("tomorrow %H:%M").to_string(),
            2..=6 => local.strftime("%a %H:%M").to_string(),
            _ => local.strftime("%-d %b, %H:%M").to_string(),
        };
        Self { iso: at.to_string(), full: local.strftime("%-d %b %Y, %H:%M").to_string(), clock }
    }
}

fn days_between(at: Timestamp, now: Timestamp, zone: &TimeZone) -> i64 {
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    day(at).until(day(now)).map_or(i64::MAX, |span| i64::from(span.get_days()))
}

/// `a moment`, `12 seconds`, `4 minutes`: how long until `at`.
#[must_use]
pub fn until(at: Timestamp, now: Timestamp) -> String {
    match at.duration_since(now).as_secs() {
        ..=1 => "a moment".to_owned(),
        seconds @ 2..90 => format!("{seconds} seconds"),
        seconds @ 90..5400 => format!("{} minutes", (seconds + 30) / 60),
        seconds @ 5400..172_800 => format!("{} hours", (seconds + 1800) / 3600),
        seconds => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

/// `a moment`, `1 hour`, `2 days`: for how long since `at`, in whole ones, as a list's short times count them.
#[must_use]
pub fn lasted(at: Timestamp, now: Timestamp) -> String {
    let many = |n: i64, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
    match now.duration_since(at).as_secs() {
        ..60 => "a moment".to_owned(),
        seconds @ 60..3600 => many(seconds / 60, "minute"),
        seconds @ 3600..86_400 => many(seconds / 3600, "hour"),
        seconds => many(seconds / 86_400, "day"),
    }
}

/// Business time: `43 min`, `6.4 h`, `52 h`; never days, which are as long as a desk's hours.
#[must_use]
pub fn business(it: SignedDuration) -> String {
    match it.as_mins() {
        ..1 => "1 min".to_owned(),
        minutes @ 1..90 => format!("{minutes} min"),
        minutes @ 90..1200 => format!("{}.{} h", minutes / 60, minutes % 60 / 6),
        minutes => format!("{} h", minutes / 60),
    }
}

/// `14 KB`, `1.8 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// What the mail server that we trust says about a sender, as a small mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SenderMark {
    /// The colour of a badge: `ok`, none or `bad`.
    class: &'static str,
    icon: &'static str,
    /// `Verified`, `Not verified` or `Failed`.
    word: &'static str,
    /// The sentence that says by what.
    why: String,
}

impl SenderMark {
    /// From what was found when the message came in.
    #[must_use]
    pub fn new(check: &SenderCheck) -> Self {
        let (class, icon, word) = match check.authenticity {
            Authenticity::Verified => ("ok", "shield", "Verified"),
            Authenticity::NotVerified => ("", "shield", "Not verified"),
            Authenticity::Failed => ("bad", "shield-alert", "Failed"),
        };
        Self { class, icon, word, why: sentence(&check.why) }
    }

    /// Word and sentence in one: `Verified. Our mail server …`.
    #[must_use]
    pub fn in_words(check: Option<&SenderCheck>) -> String {
        match check.map(Self::new) {
            Some(mark) => format!("{}. {}", mark.word, mark.why),
            None => "Not verified. The mailbox sets no authserv_id.".to_owned(),
        }
    }
}

/// Somebody as an avatar shows them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Face {
    /// As they are called.
    pub name: String,
    /// One or two letters.
    pub ini: String,
    /// One of eight hues, from the address.
    pub h: u8,
}

impl Face {
    /// From name and address.
    #[must_use]
    pub fn new(name: &str, address: &str) -> Self {
        Self { name: name.to_owned(), ini: initials(name), h: hue(address) }
    }

    /// Of a person.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        Self::new(&person.name, &person.email.folded())
    }

    /// Of an address with nobody behind it.
    #[must_use]
    pub fn of_address(address: &EmailAddress) -> Self {
        Self::new(address.local(), &address.folded())
    }
}

/// First letters of the first and the last word; of a script without capitals, the first sign alone.
fn initials(name: &str) -> String {
    let letter = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let mut letters: Vec<char> = name.split_whitespace().filter_map(letter).collect();
    let Some(first) = letters.first().copied() else { return "?".to_owned() };
    if first.is_uppercase() || first.is_lowercase() {
        letters.drain(1..letters.len().max(2) - 1);
        letters.truncate(2);
        return letters.into_iter().flat_map(char::to_uppercase).collect();
    }
    first.to_string()
}

fn hue(address: &str) -> u8 {
    let sum = address.bytes().fold(5381_u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(byte));
    u8::try_from(sum % 8).unwrap_or(0)
}

/// A status as the templates' macros take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct StatusWord {
    /// As forms say it.
    pub word: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// Its icon and colour: `open`, `prog`, `res`, `clo`.
    pub shape: &'static str,
}

impl From<Status> for StatusWord {
    fn from(status: Status) -> Self {
        let shape = match status {
            Status::Open => "open",
            Status::InProgress => "prog",
            Status::Resolved => "res",
            Status::Closed => "clo",
        };
        Self { word: status.as_str(), title: status.title(), shape }
    }
}

/// One entry of a drop-down list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Choice {
    /// As the form sends it.
    pub value: String,
    /// As people read it.
    pub title: String,
}

impl Choice {
    /// A value and its words.
    #[must_use]
    pub fn new(value: impl ToString, title: impl Into<String>) -> Self {
        Self { value: value.to_string(), title: title.into() }
    }

    /// Every status.
    #[must_use]
    pub fn statuses() -> Vec<Self> {
        Status::ALL.into_iter().map(|it| Self::new(it.as_str(), it.title())).collect()
    }

    /// Every priority, lowest first.
    #[must_use]
    pub fn priorities() -> Vec<Self> {
        Priority::ALL.into_iter().map(|it| Self::new(it.as_str(), it.title())).collect()
    }
}

/// A path to come back to, when it is one of ours: never another site's, whatever a link says.
#[must_use]
pub fn own_path(path: &str) -> Option<&str> {
    let odd = path.contains(['\\', '\r', '\n', '\t', '\0']) || !path.is_ascii();
    (path.starts_with('/') && !path.starts_with("//") && !odd && path.len() < 2000).then_some(path)
}

/// `Firefox on Linux`, from what the browser calls itself; its first words where it is none of the usual.
pub fn browser(agent: &str) -> String {
    let first = |names: &[(&'static str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let name = first(&[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) if agent.is_empty() => "Another program".to_owned(),
        (None, _) => agent.chars().take(40).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_its_name() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1", "Safari on iPhone"),
            ("curl/8", "curl/8"),
            ("", "Another program"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }

    #[test]
    fn times_are_relative_up_to_a_day_and_then_dates() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now: Timestamp = "2026-11-24T13:00:00Z".parse().unwrap();
        for (at, short, clock) in [
            ("2026-11-24T12:59:30Z", "now", "13:59"),
            ("2026-11-24T13:05:00Z", "now", "14:05"),
            ("2026-11-24T12:18:00Z", "42 min", "13:18"),
            ("2026-11-24T04:00:00Z", "9 h", "05:00"),
            ("2026-11-23T08:00:00Z", "yesterday", "Mon 09:00"),
            ("2026-11-20T08:00:00Z", "Fri", "Fri 09:00"),
            ("2026-11-16T07:12:00Z", "16 Nov", "16 Nov"),
            ("2025-12-31T07:12:00Z", "31 Dec 2025", "31 Dec 2025"),
        ] {
            let when = When::new(at.parse().unwrap(), now, &zone);
            assert_eq!((when.short.as_str(), when.clock.as_str()), (short, clock), "{at}");
        }
    }

    #[test]
    fn what_is_to_come_is_told_by_its_day() {
        let zone = TimeZone::get("Europe/Stockholm").unwrap();
        let now: Timestamp = "2026-11-24T13:00:00Z".parse().unwrap();
        for (at, clock) in [
            ("2026-11-24T16:15:00Z", "17:15"),
            ("2026-11-25T08:00:00Z", "tomorrow 09:00"),
            ("2026-11-30T08:00:00Z", "Mon 09:00"),
            ("2026-12-07T08:00:00Z", "7 Dec, 09:00"),
        ] {
            assert_eq!(Coming::new(at.parse().unwrap(), now, &zone).clock, clock);
        }
    }

    #[test]
    fn what_has_lasted_is_told_in_whole_hours_and_days() {
        let now = Timestamp::UNIX_EPOCH;
        for (seconds, words) in [(59, "a moment"), (119, "1 minute"), (10_799, "2 hours"), (86_400, "1 day"), (431_999, "4 days")] {
            assert_eq!(lasted(now - jiff::SignedDuration::from_secs(seconds), now), words);
        }
    }

    #[test]
    fn a_face_has_the_letters_of_its_name() {
        for (name, letters) in
            [("Maya Lindqvist", "ML"), ("Dr. Anneliese Großkopf", "DG"), ("山田 花子", "山"), ("ann", "A"), ("", "?"), ("محمد العلي", "م")]
        {
            assert_eq!(Face::new(name, "x@y.test").ini, letters, "{name}");
        }
    }

    #[test]
    fn only_own_paths_are_followed() {
        for (path, own) in [
            ("/tickets/7?x=1#m2", true),
            ("/", true),
            ("//evil.test/", false),
            ("/\\evil.test", false),
            ("https://evil.test/", false),
            ("tickets", false),
            ("/a\r\nSet-Cookie: x", false),
            ("", false),
        ] {
            assert_eq!(own_path(path).is_some(), own, "{path:?}");
        }
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([size(12), size(14_000), size(1_840_000)], ["12 B", "14 KB", "1.8 MB"]);
    }
}
