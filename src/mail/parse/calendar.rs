//! What a calendar entry says, in words (RFC 5545, RFC 5546).

use jiff::{
    Span, ToSpan,
    civil::{Date, DateTime, Time},
};

/// So many lines of an entry are looked at.
const MOST_LINES: usize = 20_000;

/// One property: its name, its parameters as they stand, its value.
struct Property {
    name: String,
    params: String,
    value: String,
}

impl Property {
    fn param(&self, name: &str) -> Option<&str> {
        self.params
            .split(';')
            .find_map(|it| it.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case(name)))
            .map(|it| it.1.trim_matches('"'))
    }

    /// RFC 5545 §3.3.11.
    fn text(&self) -> String {
        let (mut plain, mut chars) = (String::with_capacity(self.value.len()), self.value.chars());
        while let Some(c) = chars.next() {
            match if c == '\\' { chars.next() } else { None } {
                Some('n' | 'N') => plain.push('\n'),
                Some(mark @ ('\\' | ',' | ';' | ':' | '"')) => plain.push(mark),
                Some(other) => plain.extend([c, other]),
                None => plain.push(c),
            }
        }
        plain.trim().to_owned()
    }
}

/// The first event of a calendar: what is asked, what, when, where, by whom. None where it holds no event.
#[must_use]
pub fn summary(calendar: &str) -> Option<String> {
    let properties = properties(calendar);
    let all = |name: &'static str| properties.iter().filter(move |it| it.name == name);
    let named = |name: &'static str| all(name).find(|it| !it.value.trim().is_empty());
    let begins = all("BEGIN").any(|it| it.value.eq_ignore_ascii_case("VEVENT"));
    let start = named("DTSTART").filter(|_| begins);
    let title = named("SUMMARY").map_or_else(|| "(no title)".to_owned(), Property::text);
    if start.is_none() && named("SUMMARY").is_none() {
        return None;
    }
    let mut lines = vec![format!("{}: {title}", asked(&properties))];
    if let Some(start) = start {
        lines.push(format!("When: {}", when(start, named("DTEND"), named("DURATION"))));
    }
    lines.extend(named("RRULE").and_then(|it| repeats(&it.value)).map(|it| format!("Repeats: {it}")));
    lines.extend(named("LOCATION").map(|it| format!("Where: {}", it.text().replace('\n', ", "))));
    lines.extend(named("ORGANIZER").map(|it| format!("Organizer: {}", person(it))));
    lines.extend(named("COMMENT").map(|it| format!("Comment: {}", it.text())));
    lines.extend(named("DESCRIPTION").map(|it| format!("\n{}", it.text())));
    Some(lines.join("\n"))
}

/// The sender's wish in a word (RFC 5546 §1.4).
fn asked(properties: &[Property]) -> String {
    let method = properties.iter().find(|it| it.name == "METHOD").map(|it| it.value.trim().to_ascii_uppercase()).unwrap_or_default();
    let answer = || {
        let attendee = properties.iter().find(|it| it.name == "ATTENDEE")?;
        let word = match attendee.param("PARTSTAT")?.to_ascii_uppercase().as_str() {
            "ACCEPTED" => "Accepted",
            "DECLINED" => "Declined",
            "TENTATIVE" => "Tentatively accepted",
            "DELEGATED" => "Delegated",
            _ => return None,
        };
        Some(format!("{word} by {}", person(attendee)))
    };
    match method.as_str() {
        "REQUEST" => "Invitation".to_owned(),
        "CANCEL" => "Cancelled".to_owned(),
        "REPLY" => answer().unwrap_or_else(|| "Answer to an invitation".to_owned()),
        "COUNTER" => "Another time is proposed".to_owned(),
        "DECLINECOUNTER" => "The proposed time is declined".to_owned(),
        "REFRESH" => "The invitation is asked for again".to_owned(),
        _ => "Event".to_owned(),
    }
}

/// `Monday, 5 February 2024, 10:00 to 11:00 (Europe/Berlin)`; what cannot be read stands as it came.
fn when(start: &Property, end: Option<&Property>, duration: Option<&Property>) -> String {
    let Some((date, time)) = moment(&start.value) else { return start.value.trim().to_owned() };
    let after = || moment_after(date, time, duration?);
    let until = end.and_then(|it| moment(&it.value)).or_else(after);
    let Some(time) = time else {
        // The end of a whole day is the day after (RFC 5545 §3.6.1).
        let last = until.and_then(|(end, _)| end.checked_sub(1.day()).ok()).filter(|it| *it > date);
        return last.map_or_else(|| day(date), |last| format!("{} to {}", day(date), day(last)));
    };
    let clock = |time: Time| time.strftime("%H:%M").to_string();
    let until = match until {
        Some((last, Some(until))) if last == date => format!(" to {}", clock(until)),
        Some((last, Some(until))) => format!(" to {}, {}", day(last), clock(until)),
        _ => String::new(),
    };
    let (from, to) = match (zone(start), end.and_then(zone)) {
        // A flight ends in another zone than it begins in.
        (Some(zone), Some(other)) if zone != other && !until.is_empty() => (format!(" ({zone})"), format!(" ({other})")),
        (zone, _) => (String::new(), zone.map(|it| format!(" ({it})")).unwrap_or_default()),
    };
    format!("{}, {}{from}{until}{to}", day(date), clock(time))
}

fn day(date: Date) -> String {
    date.strftime("%A, %-d %B %Y").to_string()
}

fn zone(moment: &Property) -> Option<&str> {
    moment.param("TZID").or_else(|| moment.value.trim().ends_with('Z').then_some("UTC"))
}

/// `PT1H30M` later (RFC 5545 §3.3.6).
fn moment_after(date: Date, time: Option<Time>, duration: &Property) -> Option<(Date, Option<Time>)> {
    let span: Span = duration.value.trim().parse().ok()?;
    let end = date.to_datetime(time.unwrap_or(Time::midnight())).checked_add(span).ok()?;
    Some((end.date(), time.map(|_| end.time())))
}

/// `weekly`, `every 2 weeks, 10 times`, `monthly, until Monday, 5 February 2024` (RFC 5545 §3.3.10).
fn repeats(rule: &str) -> Option<String> {
    let part = |name: &str| rule.split(';').filter_map(|it| it.split_once('=')).find(|it| it.0.trim().eq_ignore_ascii_case(name));
    let number = |name: &str| part(name).and_then(|it| it.1.trim().parse::<u32>().ok());
    let word = part("FREQ")?.1.trim().to_lowercase();
    let unit = match word.as_str() {
        "daily" => "days",
        "weekly" => "weeks",
        "monthly" => "months",
        "yearly" => "years",
        _ => "",
    };
    let mut often = match number("INTERVAL") {
        Some(every) if every > 1 && !unit.is_empty() => format!("every {every} {unit}"),
        _ => word,
    };
    if let Some(times) = number("COUNT") {
        often.push_str(&format!(", {times} times"));
    }
    if let Some((last, _)) = part("UNTIL").and_then(|it| moment(it.1)) {
        often.push_str(&format!(", until {}", day(last)));
    }
    Some(often)
}

/// `20240205` or `20240205T100000`.
fn moment(value: &str) -> Option<(Date, Option<Time>)> {
    let value = value.trim().trim_end_matches('Z');
    match value.split_once('T') {
        Some(_) => DateTime::strptime("%Y%m%dT%H%M%S", value).ok().map(|it| (it.date(), Some(it.time()))),
        None => Date::strptime("%Y%m%d", value).ok().map(|it| (it, None)),
    }
}

/// `Ann Lee <ann@x>` of `ORGANIZER;CN="Ann Lee":mailto:ann@x`.
fn person(property: &Property) -> String {
    let value = property.value.trim();
    let address = value.get(..7).filter(|it| it.eq_ignore_ascii_case("mailto:")).map_or(value, |_| &value[7..]);
    match property.param("CN").filter(|it| !it.is_empty() && *it != address) {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    }
}

/// Of the calendar itself and of its first event; time zones and alarms have fields of the same names.
fn properties(calendar: &str) -> Vec<Property> {
    let (mut found, mut open, mut events) = (Vec::new(), Vec::<String>::new(), 0);
    for line in unfolded(calendar) {
        let Some(property) = property(&line) else { continue };
        match property.name.as_str() {
            "BEGIN" => {
                open.push(property.value.trim().to_ascii_uppercase());
                events += usize::from(open.last().is_some_and(|it| it == "VEVENT"));
            }
            "END" => drop(open.pop()),
            _ => (),
        }
        let here = matches!(open.last().map(String::as_str), Some("VCALENDAR" | "VEVENT") | None);
        if here && events < 2 {
            found.push(property);
        }
    }
    found
}

/// RFC 5545 §3.1.
fn unfolded(calendar: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in calendar.lines().take(MOST_LINES) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// `NAME;PARAM="a:b":value`.
fn property(line: &str) -> Option<Property> {
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    })?;
    let (head, value) = (&line[..colon.0], &line[colon.0 + 1..]);
    let (name, params) = head.split_once(';').unwrap_or((head, ""));
    Some(Property { name: name.trim().to_ascii_uppercase(), params: params.to_owned(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:16010101T030000\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nSUMMARY:Review\\, quar\n terly\nDTSTART;TZID=Europe/Berlin:20240205T100000\nDTEND;TZID=Europe/Berlin:20240205T110000\nLOCATION:Room 4\nORGANIZER;CN=\"Lee: Ann\":MAILTO:ann@x.test\nDESCRIPTION:Bring figures.\\nThanks\nBEGIN:VALARM\nDESCRIPTION:Reminder\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n";

    #[test]
    fn an_invitation_is_told_in_words() {
        let told = "Invitation: Review, quarterly\nWhen: Monday, 5 February 2024, 10:00 to 11:00 (Europe/Berlin)\nWhere: Room 4\nOrganizer: Lee: Ann <ann@x.test>\n\nBring figures.\nThanks";
        assert_eq!(summary(ENTRY).as_deref(), Some(told));
        let reply = ENTRY.replace("REQUEST", "REPLY").replace("LOCATION", "ATTENDEE;PARTSTAT=DECLINED:mailto:hal@x.test\nLOCATION");
        assert!(summary(&reply).unwrap().starts_with("Declined by hal@x.test: Review"));
        let days = ENTRY.replace("DTSTART;TZID=Europe/Berlin:20240205T100000", "DTSTART;VALUE=DATE:20240205");
        let days = days.replace("DTEND;TZID=Europe/Berlin:20240205T110000", "DTEND;VALUE=DATE:20240207\nRRULE:FREQ=WEEKLY;COUNT=3");
        let told = summary(&days).unwrap();
        assert!(told.contains("When: Monday, 5 February 2024 to Tuesday, 6 February 2024\nRepeats: weekly, 3 times\n"), "{told}");
        assert_eq!(summary("BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\n"), None);
    }

    #[test]
    fn when_it_ends_is_told_however_it_is_written() {
        for (start, end, told) in [
            ("DTSTART:20240205T100000Z", "DURATION:PT1H30M", "Monday, 5 February 2024, 10:00 to 11:30 (UTC)"),
            ("DTSTART;VALUE=DATE:20240205", "DURATION:P2D", "Monday, 5 February 2024 to Tuesday, 6 February 2024"),
            ("DTSTART;VALUE=DATE:20240205", "DURATION:P1W", "Monday, 5 February 2024 to Sunday, 11 February 2024"),
            ("DTSTART:20240205T100000", "DURATION:soon", "Monday, 5 February 2024, 10:00"),
            (
                "DTSTART;TZID=Europe/London:20240205T100000",
                "DTEND;TZID=Europe/Berlin:20240205T130000",
                "Monday, 5 February 2024, 10:00 (Europe/London) to 13:00 (Europe/Berlin)",
            ),
            (
                "DTSTART:20240205T233000Z",
                "DTEND:20240206T003000Z",
                "Monday, 5 February 2024, 23:30 to Tuesday, 6 February 2024, 00:30 (UTC)",
            ),
        ] {
            let entry = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\n{start}\n{end}\nEND:VEVENT\nEND:VCALENDAR\n");
            assert_eq!(summary(&entry).unwrap(), format!("Event: x\nWhen: {told}"));
        }
    }

    #[test]
    fn how_often_it_repeats_is_told() {
        for (rule, told) in [
            ("FREQ=WEEKLY;BYDAY=MO", Some("weekly")),
            ("INTERVAL=2;FREQ=WEEKLY;COUNT=10", Some("every 2 weeks, 10 times")),
            ("FREQ=MONTHLY;INTERVAL=1;UNTIL=20240205T100000Z", Some("monthly, until Monday, 5 February 2024")),
            ("COUNT=3", None),
        ] {
            assert_eq!(repeats(rule).as_deref(), told, "{rule}");
        }
    }

    #[test]
    fn an_escaped_backslash_escapes_nothing() {
        let place = |value: &str| Property { name: String::new(), params: String::new(), value: value.to_owned() }.text();
        assert_eq!(place(r"C:\\new\; a\, b\nc\x\"), "C:\\new; a, b\nc\\x\\");
    }
}
