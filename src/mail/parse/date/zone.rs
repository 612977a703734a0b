//! Time zones as programs name them.

/// `+0200`, `-07:00`, `GMT`, `EDT`, `GMT+2`, in seconds east.
pub(super) fn zone(word: &str) -> Option<i32> {
    let word = word.trim_matches(|c| c == '"' || c == '\'');
    let digits = word.trim_start_matches("gmt").trim_start_matches("utc");
    if let Some(sign) = digits.strip_prefix('+').map(|_| 1).or_else(|| digits.strip_prefix('-').map(|_| -1)) {
        let number: String = digits[1..].chars().filter(char::is_ascii_digit).collect();
        let (hours, minutes) = if number.len() <= 2 { (number.as_str(), "0") } else { number.split_at(number.len() - 2) };
        let seconds = hours.parse::<i32>().ok()?.checked_mul(3600)?.checked_add(minutes.parse::<i32>().ok()? * 60)?;
        // An offset of more than a day is a slip of the pen.
        return (seconds <= 86_400).then_some(sign * seconds);
    }
    // The letters of RFC 822 were so often used with the wrong sign that they mean nothing (RFC 5322 §4.3).
    if word.len() == 1 && word.bytes().all(|it| it.is_ascii_lowercase()) {
        return Some(0);
    }
    let minutes = ZONES.iter().find(|(name, _)| *name == word)?.1;
    Some(minutes * 60)
}

/// Names of zones that mail programs write, in minutes east; the commonest meaning of those that have several.
const ZONES: &[(&str, i32)] = &[
    ("ut", 0),
    ("gmt", 0),
    ("utc", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("sast", 120),
    ("eest", 180),
    ("msk", 180),
    ("ist", 330),
    ("hkt", 480),
    ("sgt", 480),
    ("awst", 480),
    ("jst", 540),
    ("kst", 540),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("brt", -180),
    ("art", -180),
    ("ast", -240),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("akst", -540),
    ("hst", -600),
];
