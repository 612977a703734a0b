//! What octets are whose label is missing or wrong.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, WINDOWS_1252};

use super::{
    charset::Decoded,
    mislabelled, seven_bit, surrogates,
    wide::{self, is_wide},
};

/// So much is looked at to guess.
pub(super) const LOOK: usize = 1 << 16;

/// UTF-8 if it can be, else what the octets look like.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    if let Some(text) = obvious(bytes) {
        return text.to_owned();
    }
    if let Some(text) = escaped(bytes) {
        return text;
    }
    if is_wide(bytes) {
        return wide::read(bytes, None).text;
    }
    as_utf8(bytes).text
}

/// UTF-8 that cannot be anything else: without an escape, which other sets switch with, and without a zero octet.
#[must_use]
pub fn obvious(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    memchr::memchr2(0x1b, 0, bytes).is_none().then_some(text)
}

/// What was read with another label than its own.
#[must_use]
pub fn guessed(name: &str, text: String) -> Decoded {
    Decoded { text, note: Some(format!("the text is not in the character set that it claims; it was read as {name}")) }
}

/// ISO-2022-JP or -KR by their escapes.
fn escaped(bytes: &[u8]) -> Option<String> {
    if !bytes.contains(&0x1b) || !bytes.is_ascii() {
        return None;
    }
    if bytes.windows(4).any(|it| it == b"\x1b$)C") {
        return seven_bit::decode("iso-2022-kr", bytes);
    }
    let (text, broken) = seven_bit::japanese(bytes);
    (!broken).then_some(text)
}

/// What says to be UTF-8.
#[must_use]
pub fn as_utf8(bytes: &[u8]) -> Decoded {
    match std::str::from_utf8(bytes) {
        Ok(text) => return Decoded { text: escaped(bytes).unwrap_or_else(|| text.to_owned()), note: None },
        Err(error) if error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii() => {
            let text = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            return Decoded { text, note: Some("the text is cut off inside its last character".to_owned()) };
        }
        Err(_) => (),
    }
    if let Some(text) = surrogates::joined(bytes) {
        return Decoded { text, note: None };
    }
    if is_wide(bytes) {
        return wide::read(bytes, None);
    }
    if mostly_utf8(bytes) || has_line_of_utf8(bytes) {
        let strange: Vec<u8> = bytes.split_inclusive(|c| *c == b'\n').filter(|it| is_foreign(it)).flatten().copied().take(LOOK).collect();
        let other = if strange.iter().filter(|c| **c >= 0x80).count() > 5 { look(&strange) } else { WINDOWS_1252 };
        let text = by_lines(bytes, other);
        return Decoded { text, note: Some(format!("some octets are not UTF-8; they were read as {}", other.name())) };
    }
    let encoding = look(bytes);
    guessed(encoding.name(), without_torn_end(encoding.decode_without_bom_handling(bytes).0.into_owned()))
}

/// What says to be in another encoding.
#[must_use]
pub fn as_labelled(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    if let Some(text) = escaped(bytes) {
        return guessed("ISO-2022-JP", text);
    }
    let is_utf8 = std::str::from_utf8(bytes).ok().filter(|it| !it.is_ascii());
    if let Some(text) = is_utf8.filter(|it| encoding.is_single_byte() || is_beyond_chance(it)) {
        return guessed("UTF-8", text.to_owned());
    }
    if encoding.is_single_byte() {
        return single(bytes, encoding);
    }
    let (text, _, broken) = encoding.decode(bytes);
    if !broken {
        return Decoded { text: text.into_owned(), note: None };
    }
    let text = without_torn_end(text.into_owned());
    if !text.contains('\u{fffd}') {
        return Decoded { text, note: Some("the text is cut off inside its last character".to_owned()) };
    }
    let mixed = if has_line_of_utf8(bytes) { by_lines(bytes, encoding) } else { text };
    let better = look(bytes);
    let second = is_utf8.map_or_else(|| without_torn_end(better.decode(bytes).0.into_owned()), str::to_owned);
    let lost = |it: &str| it.matches('\u{fffd}').count();
    if lost(&second) < lost(&mixed) {
        return guessed(if is_utf8.is_some() { "UTF-8" } else { better.name() }, second);
    }
    Decoded { text: mixed, note: Some(format!("some octets mean nothing in {}", encoding.name())) }
}

fn single(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    if has_line_of_utf8(bytes) {
        return guessed("UTF-8 in part", by_lines(bytes, encoding));
    }
    if std::str::from_utf8(bytes).is_err_and(|it| it.error_len().is_none() && has_line_of_utf8(&bytes[..it.valid_up_to()])) {
        return as_utf8(bytes);
    }
    if encoding == WINDOWS_1252 && in_long_runs(bytes) {
        let better = look(bytes);
        if better != WINDOWS_1252 && !better.is_single_byte() || is_other_script(better) {
            return guessed(better.name(), better.decode_without_bom_handling(bytes).0.into_owned());
        }
    }
    if let Some(better) = mislabelled::better(bytes, encoding) {
        return guessed(better.name(), better.decode_without_bom_handling(bytes).0.into_owned());
    }
    Decoded { text: encoding.decode(bytes).0.into_owned(), note: None }
}

/// What a detector takes octets for that are not UTF-8.
pub(super) fn look(bytes: &[u8]) -> &'static Encoding {
    let from = bytes.iter().position(|c| *c >= 0x80).unwrap_or(0).saturating_sub(200);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[from..bytes.len().min(from + LOOK)], true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Each line as UTF-8 where it is, else in the other encoding; a line that is both is patched.
fn by_lines(bytes: &[u8], other: &'static Encoding) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 8);
    for line in bytes.split_inclusive(|c| *c == b'\n') {
        match std::str::from_utf8(line) {
            Ok(text) => out.push_str(text),
            Err(_) if is_foreign(line) => out.push_str(&other.decode_without_bom_handling(line).0),
            Err(_) => patch(line, &mut out),
        }
    }
    without_torn_end(out)
}

/// A single stray octet is a letter of Windows-1252; a character that was begun and not ended says nothing.
fn patch(bytes: &[u8], out: &mut String) {
    let mut left = bytes.len();
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        left -= chunk.valid().len() + chunk.invalid().len();
        let lone = chunk.invalid().len() == 1 && (left > 0 || chunk.invalid()[0] < 0xc2);
        if lone {
            out.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        }
    }
}

/// Not UTF-8, and none of its characters is.
fn is_foreign(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_err() && line.utf8_chunks().all(|it| it.valid().is_ascii())
}

/// At least as many whole multi-octet characters as stray octets: UTF-8 that was cut or glued.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut stray) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        stray += chunk.invalid().len();
    }
    whole > 0 && whole >= stray
}

/// A line with so many characters of UTF-8 that no other encoding would give them by chance.
fn has_line_of_utf8(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|c| *c == b'\n').filter_map(|it| std::str::from_utf8(it).ok());
    lines.any(|it| it.chars().filter(|c| !c.is_ascii()).count() >= 4)
}

/// Two letters may be pairs of another encoding; three, or one of three octets, hardly.
fn is_beyond_chance(text: &str) -> bool {
    text.chars().filter(|c| !c.is_ascii()).count() >= 3 || text.chars().any(|c| c.len_utf8() == 3)
}

pub(super) fn without_torn_end(mut text: String) -> String {
    text.truncate(text.trim_end_matches('\u{fffd}').len());
    text
}

/// Western text has its accents singly; several in a row, again and again, are words of another script.
fn in_long_runs(bytes: &[u8]) -> bool {
    let (mut run, mut long, mut all) = (0_usize, 0_usize, 0_usize);
    for byte in bytes.iter().take(1 << 16).chain(std::iter::once(&b' ')) {
        if *byte >= 0x80 {
            run += 1;
            continue;
        }
        all += run;
        long += if run >= 3 { run } else { 0 };
        run = 0;
    }
    all >= 6 && long * 2 > all
}

fn is_other_script(encoding: &'static Encoding) -> bool {
    [
        "windows-1251",
        "KOI8-U",
        "ISO-8859-5",
        "IBM866",
        "windows-1253",
        "ISO-8859-7",
        "windows-1255",
        "windows-1256",
        "windows-874",
        "ISO-8859-6",
        "ISO-8859-8",
    ]
    .contains(&encoding.name())
}
