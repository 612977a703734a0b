//! What happens at the demo's desk in its two weeks: `stories/*.toml`, read and put in order.

use std::collections::BTreeMap;

use jiff::{
    SignedDuration, Span, Timestamp, Zoned,
    civil::{Time, Weekday},
};
use serde::Deserialize;

use super::mail_program::Program;

/// A mail that comes in, and what follows from it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// When the mail comes: see `When`.
    pub at: String,
    /// Who writes: `Ann Bell <ann@bell.example>`.
    pub from: String,
    /// To whom: the short name of a mailbox.
    #[serde(default = "support")]
    pub to: String,
    /// Who else gets it.
    #[serde(default)]
    pub cc: Vec<String>,
    /// May be empty.
    #[serde(default)]
    pub subject: String,
    /// What becomes of the mail; anything else is a fault of the story.
    #[serde(default)]
    pub becomes: Becomes,
    /// The plain form.
    pub text: Option<String>,
    /// The HTML form.
    pub html: Option<String>,
    /// The charset of both; none: UTF-8.
    #[serde(default)]
    pub charset: String,
    /// A picture that the HTML shows; a name of `files/`.
    pub inline: Option<String>,
    /// What is attached; names of `files/`.
    #[serde(default)]
    pub files: Vec<String>,
    /// Further header fields.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// Which program its writer answers with.
    #[serde(default)]
    pub program: Program,
    /// What follows, in order.
    #[serde(default)]
    pub then: Vec<Beat>,
}

fn support() -> String {
    "support".to_owned()
}

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Becomes {
    /// A ticket of its own.
    #[default]
    Ticket,
    /// It is held for a person.
    Held,
}

/// One thing that somebody does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beat {
    /// When: see `When`.
    pub at: Option<String>,
    /// Instead: how long after the one before, such as `2h 10m`.
    pub after: Option<String>,
    /// A helper's or the admin's first name; else the customer does it.
    pub by: Option<String>,
    /// What they do.
    #[serde(rename = "do")]
    pub what: What,
    /// Their words.
    pub text: Option<String>,
    /// For `give`: to whom. For `set`: a status, or a priority. For `tag`: its name. For `snooze`: one of the times that the
    /// panel offers. For `reply`: the status that it leaves the ticket in.
    pub to: Option<String>,
    /// For `stranger` and `accept`: another person than the one who opened the ticket.
    pub from: Option<String>,
    /// What is attached.
    #[serde(default)]
    pub files: Vec<String>,
}

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A helper takes the ticket.
    Take,
    /// A helper gives it to somebody.
    Give,
    /// A helper gives it back to nobody.
    HandBack,
    /// A helper writes to the customer, in the panel.
    Reply,
    /// A helper writes to the customer by answering the notice in their mail program.
    ReplyByMail,
    /// A helper writes a note.
    Note,
    /// A helper sets a status or a priority.
    Set,
    /// A helper puts a tag on it.
    Tag,
    /// A helper puts it off.
    Snooze,
    /// The customer answers the latest mail about it.
    Answer,
    /// The customer writes again, in answer to their own first mail.
    FollowUp,
    /// The customer's program answers by itself that nobody is there.
    OutOfOffice,
    /// Somebody to whom the customer has shown our mail answers it.
    Stranger,
    /// The customer's mailbox is full from now on: their server puts off what is sent to them.
    MailboxFull,
    /// The customer's mailbox is closed from now on: what is sent to them comes back.
    MailboxGone,
    /// A helper lets that somebody take part.
    Accept,
}

/// A moment of the two weeks.
///
/// `9 08:12`: on the ninth working day before today, by the desk's clock. `2h 10m ago`: before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    WorkingDay { back: u8, hour: i8, minute: i8 },
    Ago(SignedDuration),
}

/// Why the stories cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// The text is none.
    #[error("stories/{file}: {why}")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// Where and what.
        why: toml::de::Error,
    },
    /// A moment that is none.
    #[error("`{0}` is no moment; write it as `9 08:12` or `2h 10m ago`, or after = `2h`")]
    NoMoment(String),
    /// Something happens before what it follows from.
    #[error("the story `{0}` goes back in time")]
    Backwards(String),
}

/// Something that happens: a story's mail, or one of its beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// When.
    pub at: Timestamp,
    /// Which story.
    pub story: usize,
    /// Which of its beats; none: its first mail.
    pub beat: Option<usize>,
}

const FILES: &[(&str, &str)] = &[
    ("closed.toml", include_str!("stories/closed.toml")),
    ("running.toml", include_str!("stories/running.toml")),
    ("today.toml", include_str!("stories/today.toml")),
    ("held.toml", include_str!("stories/held.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    story: Vec<Story>,
}

/// Every story there is.
///
/// # Errors
/// When one of the files is no list of stories.
pub fn all() -> Result<Vec<Story>, StoryError> {
    let mut all = Vec::new();
    for (file, text) in FILES {
        let document: Document = toml::from_str(text).map_err(|why| StoryError::Unreadable { file, why })?;
        all.extend(document.story);
    }
    Ok(all)
}

/// Everything that happens, in the order of time; `now` in the desk's zone.
///
/// # Errors
/// When a moment is none, or a story goes back in time.
pub fn timetable(stories: &[Story], now: &Zoned) -> Result<Vec<Scheduled>, StoryError> {
    let mut all = Vec::new();
    for (story, it) in stories.iter().enumerate() {
        let mut at = moment(&it.at, now)?;
        all.push(Scheduled { at, story, beat: None });
        for (beat, what) in it.then.iter().enumerate() {
            let next = match (&what.at, &what.after) {
                (Some(when), None) => moment(when, now)?,
                (None, Some(after)) => at + duration(after)?,
                (Some(_), Some(_)) | (None, None) => return Err(StoryError::NoMoment(it.subject.clone())),
            };
            if next < at {
                return Err(StoryError::Backwards(it.subject.clone()));
            }
            at = next;
            all.push(Scheduled { at, story, beat: Some(beat) });
        }
    }
    all.sort_by_key(|it| it.at);
    Ok(all)
}

fn moment(text: &str, now: &Zoned) -> Result<Timestamp, StoryError> {
    let none = || StoryError::NoMoment(text.to_owned());
    match when(text)? {
        When::Ago(ago) => Ok(now.timestamp() - ago),
        When::WorkingDay { back, hour, minute } => {
            let mut date = now.date();
            let mut left = back;
            while left > 0 {
                date = date.checked_sub(Span::new().days(1)).map_err(|_| none())?;
                left -= u8::from(!matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday));
            }
            let time = Time::new(hour, minute, 0, 0).map_err(|_| none())?;
            let at = date.to_datetime(time).to_zoned(now.time_zone().clone()).map_err(|_| none())?;
            Ok(at.timestamp())
        }
    }
}

fn when(text: &str) -> Result<When, StoryError> {
    if let Some(ago) = text.strip_suffix(" ago") {
        return Ok(When::Ago(duration(ago)?));
    }
    let parts = || {
        let (back, time) = text.split_once(' ')?;
        let (hour, minute) = time.split_once(':')?;
        Some((back.parse().ok()?, hour.parse().ok()?, minute.parse().ok()?))
    };
    let (back, hour, minute) = parts().ok_or_else(|| StoryError::NoMoment(text.to_owned()))?;
    Ok(When::WorkingDay { back, hour, minute })
}

fn duration(text: &str) -> Result<SignedDuration, StoryError> {
    text.parse().map_err(|_| StoryError::NoMoment(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stories_can_be_told_at_every_hour_of_the_week_and_none_is_still_to_come() {
        let stories = all().unwrap();
        assert!(stories.iter().filter(|it| it.becomes == Becomes::Ticket).count() >= 30);
        let monday: Zoned = "2026-11-02T00:30:00+01:00[Europe/Stockholm]".parse().unwrap();
        for hour in 0..7 * 24 {
            let now = monday.checked_add(Span::new().hours(hour)).unwrap();
            let table = timetable(&stories, &now).unwrap();
            assert!(table.last().unwrap().at < now.timestamp(), "{now}");
            let first = table[0].at.to_zoned(now.time_zone().clone());
            let days = now.date().since(first.date()).unwrap().get_days();
            assert!((12..=14).contains(&days), "{now}: {days} days");
        }
    }

    #[test]
    fn working_days_leave_the_weekend_out() {
        let sunday: Zoned = "2026-11-08T12:00:00+00:00[UTC]".parse().unwrap();
        let at = |text| moment(text, &sunday).unwrap().to_string();
        assert_eq!(at("1 08:12"), "2026-11-06T08:12:00Z");
        assert_eq!(at("6 23:00"), "2026-10-30T23:00:00Z");
        assert_eq!(at("2h 10m ago"), "2026-11-08T09:50:00Z");
        for wrong in ["tomorrow", "1 25:00", "x 08:00", "2 ago"] {
            assert!(moment(wrong, &sunday).is_err(), "{wrong}");
        }
    }
}
