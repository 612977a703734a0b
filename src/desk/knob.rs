//! What of a desk people may change while it runs: the one list of it, which the configuration file and the page of settings both read.

use jiff::tz::TimeZone;

use crate::desk::{
    amount, expiry,
    settings::{DeskSettings, HelpersAssign, Reach},
};

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// What the desk is called.
    Name,
    /// Where its days begin and end.
    TimeZone,
    /// Which tickets exist for a helper.
    HelpersSee,
    /// Whom a helper may give a ticket to.
    HelpersAssign,
    /// From resolving to closing.
    CloseAfter,
    /// For how long after closing an answer opens it again.
    ReopenWithin,
    /// For how long a reply can be taken back.
    UndoWindow,
    /// The largest message that is taken whole.
    LargestMessage,
    /// New tickets from one sender in an hour.
    NewPerHour,
    /// Messages on one ticket in an hour.
    TicketPerHour,
    /// Automatic mail to one address in an hour.
    AddressPerHour,
    /// Automatic mail to one address in a day.
    AddressPerDay,
    /// Automatic mail to one domain in an hour.
    DomainPerHour,
    /// Automatic mail of the desk in an hour.
    DeskPerHour,
    /// After how long what is not well is an alarm.
    AlarmAfter,
    /// Below how much room it is an alarm.
    AlarmFree,
    /// A sign-in that is not used ends.
    SessionIdle,
    /// A sign-in ends.
    SessionAbsolute,
    /// For how long the audit log is kept.
    AuditKeep,
}

/// Which card of the page it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What the desk is.
    Desk,
    /// How tickets live.
    Tickets,
    /// Guards against floods and loops.
    Limits,
    /// Alarms, sign-ins, the log.
    Running,
}

impl Group {
    /// In the order of the page.
    pub const ALL: [Self; 4] = [Self::Desk, Self::Tickets, Self::Limits, Self::Running];

    /// As forms name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desk => "desk",
            Self::Tickets => "tickets",
            Self::Limits => "limits",
            Self::Running => "running",
        }
    }

    /// Its heading, and what it is about.
    #[must_use]
    pub fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Desk => ("Desk", ""),
            Self::Tickets => ("Tickets", ""),
            Self::Limits => ("Limits", "The guards against floods and loops: what is more is held, or not sent."),
            Self::Running => ("Alarms and access", ""),
        }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line of text.
    Line,
    /// One of these words, each with its sentence.
    Words(&'static [(&'static str, &'static str)]),
}

const REACH: &[(&str, &str)] =
    &[("assigned", "Their own tickets"), ("unassigned", "Their own tickets and those that nobody has"), ("all", "Every ticket")];

const ASSIGN: &[(&str, &str)] = &[("self", "Themselves; their own they hand over to anyone"), ("anyone", "Anyone")];

impl Knob {
    /// Every one, in the order of the page.
    pub const ALL: [Self; 19] = [
        Self::Name,
        Self::TimeZone,
        Self::HelpersSee,
        Self::HelpersAssign,
        Self::CloseAfter,
        Self::ReopenWithin,
        Self::UndoWindow,
        Self::LargestMessage,
        Self::NewPerHour,
        Self::TicketPerHour,
        Self::AddressPerHour,
        Self::AddressPerDay,
        Self::DomainPerHour,
        Self::DeskPerHour,
        Self::AlarmAfter,
        Self::AlarmFree,
        Self::SessionIdle,
        Self::SessionAbsolute,
        Self::AuditKeep,
    ];

    /// As the file, the table `settings` and the form call it; but for the time zone, it is a key of `[desk]`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::TimeZone => "time_zone",
            Self::HelpersSee => "helpers_see",
            Self::HelpersAssign => "helpers_assign",
            Self::CloseAfter => "close_after",
            Self::ReopenWithin => "reopen_within",
            Self::UndoWindow => "undo_window",
            Self::LargestMessage => "max_message_bytes",
            Self::NewPerHour => "max_new_per_hour",
            Self::TicketPerHour => "max_per_ticket_per_hour",
            Self::AddressPerHour => "max_automatic_per_address_hour",
            Self::AddressPerDay => "max_automatic_per_address_day",
            Self::DomainPerHour => "max_automatic_per_domain_hour",
            Self::DeskPerHour => "max_automatic_per_hour",
            Self::AlarmAfter => "alarm_after",
            Self::AlarmFree => "alarm_free",
            Self::SessionIdle => "session_idle",
            Self::SessionAbsolute => "session_absolute",
            Self::AuditKeep => "audit_keep",
        }
    }

    /// The one of [`Knob::key`].
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.key() == key)
    }

    /// Which card it is on.
    #[must_use]
    pub fn group(self) -> Group {
        match self {
            Self::Name | Self::TimeZone | Self::HelpersSee | Self::HelpersAssign => Group::Desk,
            Self::CloseAfter | Self::ReopenWithin | Self::UndoWindow | Self::LargestMessage => Group::Tickets,
            Self::NewPerHour
            | Self::TicketPerHour
            | Self::AddressPerHour
            | Self::AddressPerDay
            | Self::DomainPerHour
            | Self::DeskPerHour => Group::Limits,
            Self::AlarmAfter | Self::AlarmFree | Self::SessionIdle | Self::SessionAbsolute | Self::AuditKeep => Group::Running,
        }
    }

    /// What it is called, and what it means.
    #[must_use]
    pub fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("Name", "Shown in the panel and in mail."),
            Self::TimeZone => ("Time zone", "Where the desk’s days begin and end: Europe/Prague."),
            Self::HelpersSee => ("What helpers see", "Whatever is out of their reach does not exist for them."),
            Self::HelpersAssign => ("Whom helpers assign tickets to", ""),
            Self::CloseAfter => ("Close resolved tickets after", "A later answer opens them again."),
            Self::ReopenWithin => ("An answer opens a closed ticket within", "Later it opens a new one that is linked to it."),
            Self::UndoWindow => ("Hold back replies for", "Time to press Undo: 0s to 5m."),
            Self::LargestMessage => ("Largest message", "A larger one is held as its header alone: 64KiB to 1GiB."),
            Self::NewPerHour => ("New tickets from one sender in an hour", "More are held."),
            Self::TicketPerHour => ("Messages on one ticket in an hour", "More are held."),
            Self::AddressPerHour => ("Automatic mails to one address in an hour", "Receipts, status notices. 0: none."),
            Self::AddressPerDay => ("Automatic mails to one address in a day", ""),
            Self::DomainPerHour => ("Automatic mails to one domain in an hour", ""),
            Self::DeskPerHour => ("Automatic mails of the whole desk in an hour", ""),
            Self::AlarmAfter => ("Raise an alarm after", "A mailbox not checked, or a reply not sent, for so long: 1m to 7d."),
            Self::AlarmFree => ("Raise an alarm below", "Room on the disk: 1MiB and more."),
            Self::SessionIdle => ("A sign-in that is not used ends after", "5m to 365d."),
            Self::SessionAbsolute => ("Every sign-in ends after", "Not less than the one before."),
            Self::AuditKeep => ("Keep the audit log for", "30d and more. What is older is forgotten."),
        }
    }

    /// How its value is written.
    #[must_use]
    pub fn form(self) -> Form {
        match self {
            Self::HelpersSee => Form::Words(REACH),
            Self::HelpersAssign => Form::Words(ASSIGN),
            Self::Name
            | Self::TimeZone
            | Self::CloseAfter
            | Self::ReopenWithin
            | Self::UndoWindow
            | Self::LargestMessage
            | Self::NewPerHour
            | Self::TicketPerHour
            | Self::AddressPerHour
            | Self::AddressPerDay
            | Self::DomainPerHour
            | Self::DeskPerHour
            | Self::AlarmAfter
            | Self::AlarmFree
            | Self::SessionIdle
            | Self::SessionAbsolute
            | Self::AuditKeep => Form::Line,
        }
    }

    /// Its value, as it is written.
    #[must_use]
    pub fn get(self, of: &DeskSettings) -> String {
        match self {
            Self::Name => of.name.clone(),
            Self::TimeZone => of.time_zone.iana_name().unwrap_or("UTC").to_owned(),
            Self::HelpersSee => of.helpers_see.as_str().to_owned(),
            Self::HelpersAssign => of.helpers_assign.as_str().to_owned(),
            Self::CloseAfter => amount::of_duration(of.close_after),
            Self::ReopenWithin => amount::of_duration(of.reopen_within),
            Self::UndoWindow => amount::of_duration(of.undo_window),
            Self::LargestMessage => amount::of_size(of.max_message_bytes),
            Self::NewPerHour => of.budgets.new_per_sender_hour.to_string(),
            Self::TicketPerHour => of.budgets.per_ticket_hour.to_string(),
            Self::AddressPerHour => of.budgets.automatic_per_address_hour.to_string(),
            Self::AddressPerDay => of.budgets.automatic_per_address_day.to_string(),
            Self::DomainPerHour => of.budgets.automatic_per_domain_hour.to_string(),
            Self::DeskPerHour => of.budgets.automatic_per_hour.to_string(),
            Self::AlarmAfter => amount::of_duration(of.alarm_after),
            Self::AlarmFree => amount::of_size(of.alarm_free),
            Self::SessionIdle => amount::of_duration(of.sessions.idle),
            Self::SessionAbsolute => amount::of_duration(of.sessions.absolute),
            Self::AuditKeep => amount::of_duration(of.audit_keep),
        }
    }

    /// Sets it to what is written.
    ///
    /// # Errors
    /// Why that is no value of it; the sentence goes on from what is written: `is more than 5m`.
    pub fn set(self, of: &mut DeskSettings, text: &str) -> Result<(), String> {
        let many = |text| amount::whole(text, &(1..=100_000));
        match self {
            Self::Name => of.name = line(text)?,
            Self::TimeZone => of.time_zone = time_zone(text)?,
            Self::HelpersSee => of.helpers_see = word(text, Reach::WORDS)?,
            Self::HelpersAssign => of.helpers_assign = word(text, HelpersAssign::WORDS)?,
            Self::CloseAfter => of.close_after = amount::duration(text, "1h", "3650d")?,
            Self::ReopenWithin => of.reopen_within = amount::duration(text, "0s", "3650d")?,
            Self::UndoWindow => of.undo_window = amount::duration(text, "0s", "5m")?,
            Self::LargestMessage => of.max_message_bytes = amount::size(text, "64KiB", "1GiB")?,
            Self::NewPerHour => of.budgets.new_per_sender_hour = many(text)?,
            Self::TicketPerHour => of.budgets.per_ticket_hour = many(text)?,
            Self::AddressPerHour => of.budgets.automatic_per_address_hour = amount::whole(text, &(0..=100_000))?,
            Self::AddressPerDay => of.budgets.automatic_per_address_day = amount::whole(text, &(0..=100_000))?,
            Self::DomainPerHour => of.budgets.automatic_per_domain_hour = amount::whole(text, &(0..=1_000_000))?,
            Self::DeskPerHour => of.budgets.automatic_per_hour = amount::whole(text, &(0..=1_000_000))?,
            Self::AlarmAfter => of.alarm_after = amount::duration(text, "1m", "7d")?,
            Self::AlarmFree => of.alarm_free = amount::size(text, "1MiB", "100000GiB")?,
            Self::SessionIdle => of.sessions.idle = amount::duration(text, "5m", "365d")?,
            Self::SessionAbsolute => of.sessions.absolute = amount::duration(text, "5m", "365d")?,
            Self::AuditKeep => of.audit_keep = amount::duration(text, "30d", "36500d")?,
        }
        Ok(())
    }
}

/// What two settings that are good each by itself cannot be together.
#[must_use]
pub fn at_odds(of: &DeskSettings) -> Option<(Knob, String)> {
    if of.sessions.absolute < of.sessions.idle {
        let why = "session_absolute is shorter than session_idle, which could then never be reached; make it the longer one";
        return Some((Knob::SessionAbsolute, why.to_owned()));
    }
    let least = expiry::least(of.close_after, of.reopen_within);
    of.keep_raw.filter(|it| *it < least).map(|_| {
        let days = least.as_hours().div_euclid(24) + i64::from(least.as_secs() % 86_400 > 0);
        let why = format!(
            "keep_raw is less than close_after and reopen_within together, or than 30d: a ticket that may open again must have its mail; write \"{days}d\" or more"
        );
        (Knob::ReopenWithin, why)
    })
}

fn line(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.is_empty() {
        return Err("is empty".to_owned());
    }
    if name.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    if name.chars().count() > 100 { Err("is longer than 100 characters".to_owned()) } else { Ok(name.to_owned()) }
}

fn time_zone(text: &str) -> Result<TimeZone, String> {
    let unknown = "is no time zone of this machine; write one such as \"Europe/Prague\" (Debian’s package tzdata brings them)";
    TimeZone::get(text.trim()).map_err(|_| unknown.to_owned())
}

fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, it)| *it);
    found.ok_or_else(|| format!("is not one of {}", quoted(words)))
}

/// `"a", "b" or "c"`.
#[must_use]
pub fn quoted<T>(words: &[(&str, T)]) -> String {
    let words: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_written_as_it_is_read_and_has_a_card() {
        let mut settings = DeskSettings::default();
        for knob in Knob::ALL {
            let written = knob.get(&settings);
            knob.set(&mut settings, &written).unwrap_or_else(|why| panic!("{written} {why}"));
            assert_eq!((knob.get(&settings), Knob::parse(knob.key())), (written, Some(knob)));
            assert!(Group::ALL.contains(&knob.group()) && !knob.title().0.is_empty());
        }
    }

    #[test]
    fn what_is_no_value_is_refused_in_words() {
        let mut settings = DeskSettings::default();
        for (knob, text, why) in [
            (Knob::Name, " ", "is empty"),
            (Knob::Name, "a\nb", "control character"),
            (Knob::UndoWindow, "1h", "is more than 5m"),
            (Knob::CloseAfter, "soon", "is not a duration"),
            (Knob::HelpersSee, "some", "is not one of \"assigned\", \"unassigned\" or \"all\""),
            (Knob::NewPerHour, "-1", "is not a whole number from 1 to 100000"),
            (Knob::TimeZone, "Mars/Olympus", "is no time zone"),
        ] {
            assert!(knob.set(&mut settings, text).unwrap_err().contains(why), "{text}");
        }
        Knob::SessionAbsolute.set(&mut settings, "1h").unwrap();
        assert_eq!(at_odds(&settings).unwrap().0, Knob::SessionAbsolute);
    }
}
