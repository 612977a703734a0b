//! What each word of an attribution can be.

use std::{collections::HashSet, sync::LazyLock};

use super::super::{
    attribution::{has_address, plain},
    phrases,
};

/// One word.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// In small letters, without marks around it.
    pub lower: String,
    pub kind: Kind,
    /// It begins with a capital letter, or with one of a script that has none.
    pub capital: bool,
    /// A comma or full stop stands behind it.
    pub stops: bool,
    ends: bool,
}

/// What a word can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `On`: a date follows, and stands behind nothing.
    Opener,
    /// `at`, `Uhr`, `GMT`: what stands in dates and beside names.
    Link,
    Number(Number),
    Weekday,
    Month,
    /// `mar`, in a language or another.
    WeekdayOrMonth,
    Address,
    /// `wrote`, or one word of `a écrit`.
    Verb,
    /// Anything else.
    Name,
}

/// What the digits of a word say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Number {
    pub year: bool,
    pub time: bool,
    /// `10.12`, a time or a day.
    pub dotted: bool,
    /// `03.03.2026`.
    pub full: bool,
    /// How many days or months by number.
    pub small: usize,
}

/// Behind it follows a word without a space.
const UNSPACED_COMMA: [char; 2] = ['、', '，'];

/// The words of a text; what holds only marks is none.
pub(super) fn of(text: &str) -> Vec<Word> {
    let words = text.split_whitespace().flat_map(|it| it.split_inclusive(UNSPACED_COMMA));
    words.map(Word::of).filter(|it| !it.lower.is_empty()).collect()
}

impl Word {
    fn of(text: &str) -> Self {
        let bare = text.trim_matches(is_punctuation);
        let lower = plain(bare);
        let lower = lower.trim_matches(is_punctuation);
        let kind = kind(lower);
        let letters = lower.chars().filter(|c| c.is_alphabetic()).count();
        // `Inc.`, `févr.` and `Di.` are short for something.
        let is_short = if kind == Kind::Weekday { letters <= 5 } else { kind != Kind::Name || letters <= 3 };
        Self {
            kind,
            capital: bare.chars().find(|c| c.is_alphabetic()).is_none_or(|c| !c.is_lowercase()),
            stops: text.ends_with([',', '.', '，', '、', '،']),
            ends: text.ends_with(['!', '?', ';', '。', '！', '？']) || text.ends_with('.') && !is_short,
            lower: lower.to_owned(),
        }
    }

    /// It ends a sentence.
    pub fn ends_sentence(&self) -> bool {
        self.ends
    }

    pub fn is_year(&self) -> bool {
        matches!(self.kind, Kind::Number(it) if it.year)
    }

    pub fn is_full_date(&self) -> bool {
        matches!(self.kind, Kind::Number(it) if it.full)
    }

    /// `Ann`, or `van` and `de` in a name; `Jan` and `May` are names too.
    pub fn is_of_name(&self) -> bool {
        let may_be = matches!(self.kind, Kind::Name | Kind::Weekday | Kind::Month | Kind::WeekdayOrMonth);
        may_be && self.capital || phrases::NAME_PARTICLES.are(&self.lower)
    }
}

fn is_punctuation(c: char) -> bool {
    !c.is_alphanumeric() && !matches!(c, '+' | '-' | '\'' | '׳')
}

fn kind(lower: &str) -> Kind {
    if has_address(lower) {
        return Kind::Address;
    }
    let bare = lower.trim_matches(|c: char| matches!(c, '-' | '\''));
    // In Hebrew a small word is joined to the next.
    let joined = bare.strip_prefix('ב').map(|it| it.trim_start_matches('-'));
    let without_verb = without_verb(bare);
    let candidates = [Some(bare), joined, without_verb];
    candidates.into_iter().flatten().find_map(of_date).unwrap_or_else(|| {
        if VERBS.contains(bare) || without_verb == Some("") {
            Kind::Verb
        } else if phrases::OPENERS.are(bare) && bare != "i" || phrases::OPENERS_CJK.are(bare) {
            Kind::Opener
        } else {
            Kind::Name
        }
    })
}

/// Each word of the verbs and phrases that end or begin an attribution.
static VERBS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let all = [&phrases::WROTE, &phrases::SAID, &phrases::QUOTING];
    all.into_iter()
        .flat_map(|it| it.iter())
        .flat_map(str::split_whitespace)
        .map(|it| it.trim_matches(is_punctuation))
        .filter(|it| !phrases::NAME_PARTICLES.are(it))
        .collect()
});

/// `10:12写道` without its verb.
fn without_verb(word: &str) -> Option<&str> {
    let last = word.chars().next_back()?;
    let verb = || phrases::WROTE.iter().find(|it| word.ends_with(it));
    if is_unspaced(last) { word.strip_suffix(verb()?) } else { None }
}

/// Of a script that sets no space between words.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// A word of dates, if it is one.
fn of_date(word: &str) -> Option<Kind> {
    if word.is_empty() {
        return None;
    }
    let calendar = match (phrases::WEEKDAY_NAMES.are(word), phrases::MONTHS.are(word)) {
        (true, true) => Some(Kind::WeekdayOrMonth),
        (true, false) => Some(Kind::Weekday),
        (false, true) => Some(Kind::Month),
        (false, false) => None,
    };
    calendar.or_else(|| number(word)).or_else(|| (phrases::DATE_WORDS.are(word) || is_zone(word)).then_some(Kind::Link))
}

/// `GMT+1`, `+0100`.
fn is_zone(word: &str) -> bool {
    let (name, offset) = word.split_at(word.find(['+', '-']).unwrap_or(word.len()));
    let digits = |text: &str| text.len() > 1 && text[1..].chars().all(|c| c.is_ascii_digit() || c == ':');
    (name.is_empty() || name.len() >= 3 && name.is_ascii() && phrases::DATE_WORDS.are(name)) && digits(offset)
}

/// What stands for year, month, day, weekday, part of the day and hour where words are not parted.
const UNSPACED: &str = "年月日时分秒時년월일시분周週星期曜一二三四五六天火水木金土화수목금토上下午前後오전후于於在点요";

/// What may stand behind a number of a date, or between its digits.
const BEHIND: &[&str] = &["am", "pm", "a.m", "p.m", "st", "nd", "rd", "th", "h", "에", "に", "z"];

/// `3`, `2026`, `10:12`, `03.03.2026`, `2026年3月3日周二`.
fn number(word: &str) -> Option<Kind> {
    let word = BEHIND.iter().find_map(|it| word.strip_suffix(it)).unwrap_or(word);
    let fits = |c: char| c.is_ascii_digit() || matches!(c, '/' | '.' | ':' | '-' | 'h' | 't' | '(' | ')') || UNSPACED.contains(c);
    if !word.chars().all(fits) {
        return None;
    }
    let parts: Vec<&str> = word.split(|c: char| !c.is_ascii_digit()).filter(|it| !it.is_empty()).collect();
    let timed = word.contains([':', 'h', '时', '時', '시', '点']);
    let year = parts.iter().any(|it| it.len() == 4 && (it.starts_with("19") || it.starts_with("20")));
    let date_parts = if word.contains('t') { 3 } else { parts.len() };
    match (&parts[..], timed) {
        // `周二`, `上午`.
        ([], _) => word.chars().all(|c| UNSPACED.contains(c)).then_some(Kind::Link),
        ([one], false) if one.len() <= 2 => Some(Kind::Number(Number { small: 1, ..Number::default() })),
        ([_], false) => year.then_some(Kind::Number(Number { year, ..Number::default() })),
        _ if parts.iter().any(|it| it.len() > 4) => None,
        (_, true) if date_parts < 3 || !year => Some(Kind::Number(Number { time: true, ..Number::default() })),
        ([_, _], _) if year => Some(Kind::Number(Number { year, small: 1, ..Number::default() })),
        ([_, _], _) if word.contains('.') => Some(Kind::Number(Number { dotted: true, ..Number::default() })),
        ([_, _], _) => Some(Kind::Number(Number { small: 2, ..Number::default() })),
        ([_, _, _], false) => Some(Kind::Number(Number { year, full: true, ..Number::default() })),
        (_, true) => Some(Kind::Number(Number { year, time: true, full: true, ..Number::default() })),
        _ => None,
    }
}
