//! The Date header (RFC 5322 §3.3), and what is sent instead of one.

mod zone;

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use zone::{looks_like_zone, zone};

/// An instant and the offset from UTC it was written with, in seconds. None: it names no day.
/// A day without a time is its midnight, a time without a zone is of UTC.
#[must_use]
pub fn read(value: &str) -> Option<(Timestamp, i32)> {
    read_whole(value).map(|it| (it.at, it.offset))
}

/// What a date says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The instant.
    pub at: Timestamp,
    /// From UTC, in seconds.
    pub offset: i32,
    /// It names a zone that nobody here knows, and was read as of UTC.
    pub unknown_zone: bool,
}

/// The same, and whether its zone is known.
#[must_use]
pub fn read_whole(value: &str) -> Option<Written> {
    let (text, comments) = without_comments(value);
    let mut found =
        Found { day_first: value.contains(',') && !value.trim_start().starts_with(|c: char| c.is_ascii_digit()), ..Found::default() };
    for word in closed_up(&text).split(|c: char| c.is_whitespace() || c == ',').filter(|it| !it.is_empty()).take(12) {
        found.take(word);
    }
    let (hour, minute, second) = found.time.unwrap_or((0, 0, 0));
    let hour = match found.half {
        Some(Half::Afternoon) if hour < 12 => hour + 12,
        Some(Half::Morning) if hour == 12 => 0,
        Some(Half::Afternoon | Half::Morning) | None => hour,
    };
    let said = found.offset.or_else(|| comments.split_whitespace().find_map(|it| zone(&it.to_ascii_lowercase())));
    let offset = said.unwrap_or(0);
    let civil = DateTime::new(found.year?, found.month?, found.day?, 0, 0, 0, 0).ok()?;
    // 24:00 is the midnight after it, and a leap second the one before.
    let in_day = (0..=24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
    let at = Offset::UTC.to_timestamp(civil).ok()?.as_second() + seconds - i64::from(offset);
    let at = if in_day { Timestamp::from_second(at).ok()? } else { return None };
    Some(Written { at, offset, unknown_zone: said.is_none() && found.names_zone })
}

/// `09 : 55 : 06` (RFC 5322 §4.3) in one word.
fn closed_up(text: &str) -> String {
    let words: Vec<&str> = text.split(':').map(str::trim).collect();
    words.join(":")
}

/// What stands outside of parentheses, and within; the marks of East Asian dates as those of others, but for a month’s that
/// stands behind no year.
fn without_comments(value: &str) -> (String, String) {
    let (mut text, mut comments, mut depth) = (String::new(), String::new(), 0_usize);
    for c in value.chars().take(200) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => comments.push(c),
            '月' | '월' if !text.rsplit(' ').next().unwrap_or_default().contains('-') => text.push_str("月 "),
            '年' | '년' | '月' | '월' => text.push('-'),
            '日' | '일' => text.push(' '),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
        if c == '(' && depth == 1 {
            comments.push(' ');
        }
    }
    (text, comments)
}

enum Half {
    Morning,
    Afternoon,
}

#[derive(Default)]
struct Found {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<(i8, i8, i8)>,
    half: Option<Half>,
    offset: Option<i32>,
    /// There is a word that can only be a zone.
    names_zone: bool,
    /// It begins with a day of the week, and so goes on with the day of the month (RFC 5322 §3.3).
    day_first: bool,
}

impl Found {
    fn take(&mut self, word: &str) {
        let lower = word.to_lowercase();
        if let Some((date, time)) = lower.split_once('t').filter(|(date, _)| date.len() == 10 && date.contains('-')) {
            self.take(date);
            return self.time_and_zone(time);
        }
        // `20261123T100000Z`, the basic form of ISO 8601.
        if let Some((date, time)) =
            lower.split_once('t').filter(|(date, time)| is_number(date, 8) && time.get(..6).is_some_and(|it| is_number(it, 6)))
        {
            self.calendar(&format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]));
            return self.time_and_zone(&format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]));
        }
        if lower.contains(':') && lower.starts_with(|c: char| c.is_ascii_digit()) {
            return self.time_and_zone(&lower);
        }
        // `0100` behind all the rest: its sign was forgotten, and no year is.
        let unsigned = self.is_whole() && is_number(&lower, 4) && lower.as_str() <= "1400";
        if self.time.is_some()
            && self.offset.is_none()
            && let Some(offset) = if unsigned { zone(&format!("+{lower}")) } else { zone(&lower) }
        {
            self.offset = Some(offset);
            return;
        }
        self.names_zone |= self.time.is_some() && self.is_whole() && looks_like_zone(word);
        match lower.as_str() {
            "am" | "a.m." | "上午" | "午前" | "오전" => self.half = Some(Half::Morning),
            "pm" | "p.m." | "下午" | "午後" | "오후" => self.half = Some(Half::Afternoon),
            // `10.15.30` behind a whole date, as some programs of Italy and Finland have it.
            _ if self.is_whole() && self.time.is_none() && lower.contains('.') => self.time_and_zone(&lower.replace('.', ":")),
            _ => self.calendar(&lower),
        }
    }

    fn time_and_zone(&mut self, word: &str) {
        let (clock, rest) = word.split_at(word.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(word.len()));
        let mut numbers = clock.split(':').map(str::parse::<i8>);
        if let (Some(Ok(hour)), Some(Ok(minute))) = (numbers.next(), numbers.next()) {
            self.time = Some((hour, minute, numbers.next().and_then(Result::ok).unwrap_or(0)));
        }
        let rest = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        match rest {
            "am" => self.half = Some(Half::Morning),
            "pm" => self.half = Some(Half::Afternoon),
            _ => self.offset = zone(rest).or(self.offset),
        }
    }

    fn is_whole(&self) -> bool {
        self.year.is_some() && self.month.is_some() && self.day.is_some()
    }

    /// `7`, `Oct`, `1994`, `7-Oct-94`, `1994-10-07`, `07.10.1994`, `10/07/1994`, `07.10.94`, `10月`.
    fn calendar(&mut self, word: &str) {
        if let Some(month) = word.strip_suffix('月') {
            self.month = month.parse().ok().or_else(|| named(month)).or(self.month);
            return;
        }
        let pieces: Vec<&str> = word.split(['-', '/', '.']).filter(|it| !it.is_empty()).collect();
        if let [first, second, year] = pieces[..]
            && year.len() == 4
            && let (Ok(first), Ok(second)) = (first.parse::<i8>(), second.parse::<i8>())
        {
            // With slashes the month comes first, as programs that speak English write it, unless it cannot.
            let month_first = word.contains('/') && first <= 12;
            (self.day, self.month) = if month_first { (Some(second), Some(first)) } else { (Some(first), Some(second)) };
            self.year = year.parse().ok();
            return;
        }
        if let [year, month, day] = pieces[..]
            && year.len() == 4
        {
            (self.year, self.month, self.day) = (year.parse().ok(), month.parse().ok().or_else(|| named(month)), day.parse().ok());
            return;
        }
        if let [first, second, year] = pieces[..]
            && let (Ok(first), Ok(second), true) = (first.parse::<i8>(), second.parse::<i8>(), is_number(year, 2))
        {
            // With slashes and neither of them beyond 12, nobody can tell which is the month.
            match (word.contains('.'), word.contains('/') && second > 12) {
                (true, _) => (self.day, self.month) = (Some(first), Some(second)),
                (_, true) => (self.day, self.month) = (Some(second), Some(first)),
                (false, false) => return,
            }
            return self.number(year.parse().unwrap_or(0), 2);
        }
        for piece in pieces {
            // `mar., 5 févr. 2024`: a day of the week may begin like a month.
            if let Some(month) = named(piece).filter(|_| self.month.is_none() || self.year.is_none()) {
                self.month = Some(month);
            } else if let Ok(number) = piece.parse::<i16>() {
                self.number(number, piece.len());
            }
        }
    }

    fn number(&mut self, number: i16, digits: usize) {
        match i8::try_from(number) {
            Ok(day) if digits <= 2 && self.day.is_none() && (1..=31).contains(&day) => self.day = Some(day),
            Ok(month) if digits <= 2 && self.day_first && self.month.is_none() && self.year.is_none() && (1..=12).contains(&month) => {
                self.month = Some(month);
            }
            _ if self.year.is_some() => (),
            // RFC 5322 §4.3: two digits are of this century up to 49.
            _ => {
                self.year = Some(match digits {
                    0..=2 if number < 50 => number + 2000,
                    0..=3 => number + 1900,
                    _ => number,
                })
            }
        }
    }
}

/// A month by its name or by the beginning of it, three letters or more, that no other month has. A word that merely begins like
/// a month is none: a wrong date is worse than no date.
fn named(word: &str) -> Option<i8> {
    let number = |at: usize| i8::try_from(at + 1).ok();
    // Nearly every date has these, and figures; the rest is for the list.
    if let Some(at) = ENGLISH.iter().position(|it| *it == word) {
        return number(at);
    }
    if DAYS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Some(at) = MONTHS.iter().position(|names| names.split_whitespace().any(|it| it == word)) {
        return number(at);
    }
    let begins = |names: &&str| word.chars().count() >= 3 && names.split_whitespace().any(|it| it.starts_with(word));
    let mut found = MONTHS.iter().enumerate().filter(|(_, names)| begins(names));
    let (at, _) = found.next()?;
    if found.next().is_none() { number(at) } else { None }
}

/// RFC 5322 §3.3, in lower case.
const ENGLISH: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// RFC 5322 §3.3, in lower case; no month begins like one of them.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// As programs write them in English, German, French, Spanish, Portuguese, Italian, Catalan, Romanian, Dutch, the languages of
/// Scandinavia, Finnish, Estonian, Hungarian, Polish, Czech, Russian, Ukrainian, Turkish, Greek and Chinese; what is behind
/// them cannot be had from the beginning of a name.
const MONTHS: [&str; 12] = [
    "january januar jänner janvier enero janeiro gennaio gener ianuarie januari janúar tammikuuta jaanuar január stycznia styczeń leden \
     ledna января январь січня січень ocak ιανουαρίου ιανουάριος 一",
    "february februar feber février fevrier febrero fevereiro febbraio febrer februarie februari febrúar helmikuuta veebruar február \
     lutego luty únor února февраля февраль лютого лютий şubat φεβρουαρίου φεβρουάριος 二",
    "march märz maerz mars marzo março marco març martie maart marts maaliskuuta märts március marca marzec březen března марта март \
     березня березень mart μαρτίου μάρτιος 三 mar mrz mrt mär",
    "april avril abril aprile aprilie apríl huhtikuuta aprill április kwietnia kwiecień duben dubna апреля апрель квітня квітень nisan \
     απριλίου απρίλιος 四",
    "may mai mayo maio maggio maig mei maj maí toukokuuta május maja květen května май мая травня травень mayıs μαΐου μάιος 五 μαϊ μαι",
    "june juni juin junio junho giugno juny iunie júní kesäkuuta juuni június czerwca czerwiec červen června июня июнь червня червень \
     haziran ιουνίου ιούνιος 六 čvn",
    "july juli juillet julio julho luglio juliol iulie júlí heinäkuuta juuli július lipca lipiec červenec července июля июль липня липень \
     temmuz ιουλίου ιούλιος 七 čvc",
    "august août aout agosto agost augustus augusti ágúst elokuuta augusztus sierpnia sierpień srpen srpna августа август серпня серпень \
     ağustos αυγούστου αύγουστος 八",
    "september septembre septiembre setembro settembre setembre septembrie syyskuuta szeptember września wrzesień září сентября сентябрь \
     вересня вересень eylül σεπτεμβρίου σεπτέμβριος 九 zář",
    "october oktober octobre octubre outubro ottobre octombrie október lokakuuta oktoober października październik říjen října октября \
     октябрь жовтня жовтень ekim οκτωβρίου οκτώβριος 十",
    "november novembre noviembre novembro noiembrie nóvember marraskuuta listopada listopadu ноября ноябрь листопада kasım νοεμβρίου \
     νοέμβριος 十一",
    "december dezember décembre decembre diciembre dezembro dicembre desembre decembrie desember joulukuuta detsember grudnia grudzień \
     prosinec prosince декабря декабрь грудня грудень aralık δεκεμβρίου δεκέμβριος 十二",
];

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|it| it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_programs_write_them() {
        for (value, instant, offset) in [
            ("Fri, 07 Oct 1994 16:15:05 -0700 (PDT)", "1994-10-07T23:15:05Z", -25_200),
            ("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z", -21_600),
            ("23 Oct 2003 22:40:49 -0700", "2003-10-24T05:40:49Z", -25_200),
            ("Wed, 20 Sep 1995 00:19:00 (EDT) -0400", "1995-09-20T04:19:00Z", -14_400),
            ("Thu, 29 Apr 2009 00:00:00 GMT", "2009-04-29T00:00:00Z", 0),
            ("Tue May 10 11:28:07 2005", "2005-05-10T11:28:07Z", 0),
            ("1994-10-07T16:15:05+02:00", "1994-10-07T14:15:05Z", 7200),
            ("7-Oct-94 16:15 EST", "1994-10-07T21:15:00Z", -18_000),
            ("Mon, 1 Jan 24 1:02:03 PM +0530", "2024-01-01T07:32:03Z", 19_800),
            ("Sat, 30 Dec 2017 20:50:60 +0100", "2017-12-30T19:50:59Z", 3600),
            ("Mon, 04 Mar 2024 10:00:00.123 +0000", "2024-03-04T10:00:00Z", 0),
            ("Mo, 4 März 2024 10:00 MEZ", "2024-03-04T09:00:00Z", 3600),
            ("lun., 4 févr. 2024 10:00:00 +0100", "2024-02-04T09:00:00Z", 3600),
            ("mar., 5 févr. 2024 10:00:00 +0100", "2024-02-05T09:00:00Z", 3600),
            ("04.03.2024 10:00", "2024-03-04T10:00:00Z", 0),
            ("03/04/2024 10:00:00 PM", "2024-03-04T22:00:00Z", 0),
            ("25/03/2024 10:00:00", "2024-03-25T10:00:00Z", 0),
            ("Mon, 4 Mar 2024 24:00:00 +0000", "2024-03-05T00:00:00Z", 0),
            ("Mon, 4 Mar 2024 10.15.30 +0000", "2024-03-04T10:15:30Z", 0),
            ("Mon, 4 Mar 2024 10:15:30 (PST)", "2024-03-04T18:15:30Z", -28_800),
            ("Thu Feb 29 09:12:13 CET 2024", "2024-02-29T08:12:13Z", 3600),
            ("Mon, 4 Mar 2024", "2024-03-04T00:00:00Z", 0),
            ("2024年3月4日 10:15", "2024-03-04T10:15:00Z", 0),
            ("Mon, 4 Mar 2024 10:15:30 IST", "2024-03-04T04:45:30Z", 19_800),
            ("4 Mar 124 10:15:30 +0000", "2024-03-04T10:15:30Z", 0),
            ("Mon, 23 marras 2026 10:00:00 +0200", "2026-11-23T08:00:00Z", 7200),
            ("Pzt, 23 Kas 2026 10:00:00 +0300", "2026-11-23T07:00:00Z", 10_800),
            ("Δευ, 23 Νοε 2026 10:00:00 +0200", "2026-11-23T08:00:00Z", 7200),
            ("星期一, 23 十一月 2026 10:00:00 +0800", "2026-11-23T02:00:00Z", 28_800),
            ("Mon, 23 11月 2026 10:00:00 +0900", "2026-11-23T01:00:00Z", 32_400),
            ("월, 23 11 2026 10:00:00 +0900", "2026-11-23T01:00:00Z", 32_400),
            ("月, 23 11月 2026 10:00:00 +0900", "2026-11-23T01:00:00Z", 32_400),
            ("2026年 11月 23日 10:00", "2026-11-23T10:00:00Z", 0),
            ("Mon, 23 Nov 2026 10:00:00 A", "2026-11-23T10:00:00Z", 0),
            ("11/23/26 10:00 AM", "2026-11-23T10:00:00Z", 0),
            ("23.11.26 10:00", "2026-11-23T10:00:00Z", 0),
            ("20261123T100000Z", "2026-11-23T10:00:00Z", 0),
            ("23 listopadu 2026 10:00", "2026-11-23T10:00:00Z", 0),
            ("po, 6 čvc 2026 10:00", "2026-07-06T10:00:00Z", 0),
            ("Mon, 4 Mar 2024 10:00:00 ACDT", "2024-03-03T23:30:00Z", 37_800),
            ("Mon, 4 Mar 2024 10:00:00 NST", "2024-03-04T13:30:00Z", -12_600),
            ("Mon, 4 Mar 2024 10:00:00 AKDT", "2024-03-04T18:00:00Z", -28_800),
            ("Mon, 4 Mar 2024 10:00:00 0100", "2024-03-04T09:00:00Z", 3600),
            ("Mon, 4 Mar 2024 10:00:00 \u{2212}0500", "2024-03-04T15:00:00Z", -18_000),
            ("пн, 6 лип 2026 10:00", "2026-07-06T10:00:00Z", 0),
        ] {
            assert_eq!(read(value), Some((instant.parse().unwrap(), offset)), "{value}");
        }
    }

    #[test]
    fn a_zone_that_is_not_known_is_told() {
        for (value, unknown) in [
            ("Mon, 4 Mar 2024 10:00:00 XYZT", true),
            ("Mon, 4 Mar 2024 10:00:00 Europe/Berlin", true),
            ("Mon, 4 Mar 2024 10:00:00 Pacific Standard Time", true),
            ("Mon, 4 Mar 2024 10:00:00 +0100 XYZT", false),
            ("Mon, 4 Mar 2024 10:00:00 WIB", false),
            ("Mon, 4 Mar 2024 10:00:00 PM", false),
            ("Mon, 4 Mar 2024 10:00:00", false),
        ] {
            assert_eq!(read_whole(value).map(|it| it.unknown_zone), Some(unknown), "{value}");
        }
    }

    #[test]
    fn what_names_no_moment_is_no_date() {
        for value in [
            "",
            "yesterday",
            "Mon, 32 Foo 2020 10:00",
            "31 Feb 2020 10:00:00 +0000",
            "12 2020",
            "::",
            "1 Jan 99999 1:1",
            "23 Marble 2026 10:00",
            "23 jui 2026 10:00",
            "03/04/26 10:00",
        ] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
