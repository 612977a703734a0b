//! Octets to text: by the label where it is right, by looking at the octets where it is not.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};
use mail_parser::decoders::charsets::map::charset_decoder;

/// A text and, where the label was not what was used, a sentence that says so.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Without U+0000 and without a byte order mark.
    pub text: String,
    /// What was guessed, for the message's warnings.
    pub note: Option<String>,
}

/// The text of a part whose `charset` is `label`; never fails, whatever the octets are.
#[must_use]
pub fn decode(bytes: &[u8], label: Option<&str>) -> Decoded {
    let decoded = read(bytes, label);
    let text = decoded.text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(decoded.text);
    Decoded { text: if text.contains('\0') { text.replace('\0', "") } else { text }, ..decoded }
}

fn read(bytes: &[u8], label: Option<&str>) -> Decoded {
    let label = label.map(str::trim).filter(|it| !it.is_empty());
    if bytes.is_ascii() && !bytes.contains(&0x1b) && !label.is_some_and(is_seven_bit_code) {
        return Decoded { text: String::from_utf8_lossy(bytes).into_owned(), note: None };
    }
    match label.map(known) {
        None => Decoded { text: detect(bytes), note: None },
        Some(Label::Says(encoding)) if encoding == UTF_8 => as_utf8(bytes),
        Some(Label::Says(encoding)) => as_labelled(bytes, encoding),
        Some(Label::CodePage(decoder)) => match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.is_ascii() => guessed("UTF-8", text.to_owned()),
            Ok(_) | Err(_) => Decoded { text: decoder(bytes), note: None },
        },
        Some(Label::Ascii) => Decoded { text: detect(bytes), note: None },
        Some(Label::Unknown) => {
            let name = label.unwrap_or_default().chars().take(40).collect::<String>();
            Decoded { text: detect(bytes), note: Some(format!("the character set `{name}` is unknown; it was guessed")) }
        }
    }
}

enum Label {
    Says(&'static Encoding),
    CodePage(fn(&[u8]) -> String),
    Ascii,
    Unknown,
}

fn known(label: &str) -> Label {
    let label = label.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace());
    let label = label.split(['*', '(', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(
        label.as_str(),
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "646" | "iso646-us" | "unknown-8bit" | "x-unknown" | "default" | "_autodetect"
    ) {
        return Label::Ascii;
    }
    let spelled = ALIASES.iter().find(|(alias, _)| *alias == label).map_or(label.as_str(), |(_, name)| name);
    if is_seven_bit_code(spelled) && !spelled.starts_with("iso-2022-jp") {
        return charset_decoder(b"utf-7").map_or(Label::Unknown, Label::CodePage);
    }
    let found = Encoding::for_label(spelled.as_bytes()).or_else(|| Encoding::for_label(dashed(spelled).as_bytes()));
    match found.filter(|it| *it != encoding_rs::REPLACEMENT && *it != encoding_rs::X_USER_DEFINED) {
        Some(encoding) => Label::Says(encoding),
        None => charset_decoder(spelled.as_bytes()).map_or(Label::Unknown, Label::CodePage),
    }
}

/// Names that real programs write and the standard's list does not hold.
const ALIASES: &[(&str, &str)] = &[
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("ms936", "gbk"),
    ("ms950", "big5"),
    ("ms949", "euc-kr"),
    ("uhc", "euc-kr"),
    ("ks_c_5601", "euc-kr"),
    ("hz-gb-2312", "gbk"),
    ("x-gbk", "gbk"),
    ("latin-1", "iso-8859-1"),
    ("latin-9", "iso-8859-15"),
    ("cp-850", "850"),
    ("cp850", "850"),
    ("ibm850", "850"),
    ("cp437", "850"),
    ("ibm437", "850"),
    ("utf_8", "utf-8"),
    ("utf8mb4", "utf-8"),
    ("utf-8-sig", "utf-8"),
    ("iso-2022-jp-1", "iso-2022-jp"),
    ("iso-2022-jp-2", "iso-2022-jp"),
    ("iso-2022-jp-3", "iso-2022-jp"),
    ("iso-2022-jp-2004", "iso-2022-jp"),
    ("iso-2022-jp-ms", "iso-2022-jp"),
    ("cp50220", "iso-2022-jp"),
    ("cp50221", "iso-2022-jp"),
    ("cp51932", "euc-jp"),
    ("eucjp-ms", "euc-jp"),
    ("x-windows-949", "euc-kr"),
];

fn is_seven_bit_code(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    label.starts_with("iso-2022") || label.contains("utf-7") || label.contains("utf7") || label.starts_with("cp5022")
}

/// `iso8859_1`, `windows 1252`, `win1251`: as the standard spells them.
fn dashed(label: &str) -> String {
    let plain: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    if let Some(number) = plain.strip_prefix("iso8859").or_else(|| plain.strip_prefix("8859")) {
        return format!("iso-8859-{number}");
    }
    match plain.strip_prefix("windows").or_else(|| plain.strip_prefix("win")).or_else(|| plain.strip_prefix("cp")) {
        Some(number) => format!("windows-{number}"),
        None => label.replace(['_', ' '], "-"),
    }
}

fn guessed(name: &str, text: String) -> Decoded {
    Decoded { text, note: Some(format!("the text is not in the character set that it claims; it was read as {name}")) }
}

fn as_utf8(bytes: &[u8]) -> Decoded {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.to_owned(), note: None };
    }
    if mostly_utf8(bytes) {
        return Decoded { text: patch(bytes), note: Some("some octets are not UTF-8; they were read as Windows-1252".to_owned()) };
    }
    let encoding = guess(bytes, Utf8Detection::Deny);
    guessed(encoding.name(), encoding.decode_without_bom_handling(bytes).0.into_owned())
}

fn as_labelled(bytes: &[u8], encoding: &'static Encoding) -> Decoded {
    if encoding.is_single_byte() {
        if let Ok(text) = std::str::from_utf8(bytes)
            && !bytes.is_ascii()
        {
            return guessed("UTF-8", text.to_owned());
        }
        if encoding == WINDOWS_1252 && in_long_runs(bytes) {
            let better = guess(bytes, Utf8Detection::Deny);
            if better != WINDOWS_1252 && !better.is_single_byte() || is_other_script(better) {
                return guessed(better.name(), better.decode_without_bom_handling(bytes).0.into_owned());
            }
        }
    }
    let (text, used, broken) = encoding.decode(bytes);
    if !broken {
        return Decoded { text: text.into_owned(), note: None };
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return guessed("UTF-8", text.to_owned());
    }
    let better = guess(bytes, Utf8Detection::Deny);
    let (second, _, broken_too) = better.decode(bytes);
    if !broken_too && better != used {
        return guessed(better.name(), second.into_owned());
    }
    Decoded { text: text.into_owned(), note: Some(format!("some octets mean nothing in {}", used.name())) }
}

/// Text without a usable label: UTF-8 if it can be, else what the octets look like.
#[must_use]
pub fn detect(bytes: &[u8]) -> String {
    if bytes.contains(&0x1b) && bytes.is_ascii() {
        let (text, _, broken) = ISO_2022_JP.decode(bytes);
        if !broken {
            return text.into_owned();
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) if mostly_utf8(bytes) => patch(bytes),
        Err(_) => guess(bytes, Utf8Detection::Deny).decode(bytes).0.into_owned(),
    }
}

fn guess(bytes: &[u8], utf8: Utf8Detection) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(&bytes[..bytes.len().min(1 << 16)], true);
    detector.guess(None, utf8)
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

fn patch(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // An incomplete sequence at a cut says nothing; a single stray octet is a letter of Windows-1252.
        if chunk.invalid().len() == 1 {
            text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_believed_until_the_octets_deny_it() {
        for (bytes, label, text) in [
            (&b"caf\xe9"[..], "iso-8859-1", "café"),
            ("café".as_bytes(), "iso-8859-1", "café"),
            (b"caf\xe9", "utf-8", "café"),
            (
                b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0? \xd5\xee\xf0\xee\xf8\xee",
                "iso-8859-1",
                "Привет, как дела? Хорошо",
            ),
            (b"\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251", "Привет"),
            (b"\x1b$B$9$_$^$;$s!#\x1b(B", "us-ascii", "すみません。"),
            (b"\x82\xa0\x82\xa2", "cp932", "あい"),
            (b"+AOk-", "unicode-1-1-utf-7", "é"),
            (b"caf\x82", "cp850", "café"),
            (b"na\xefve", "iso8859_1", "naïve"),
            (b"plain", "x-made-up", "plain"),
            (b"\xb1\xe6", "gb2312", "辨"),
        ] {
            assert_eq!(decode(bytes, Some(label)).text, text, "{label}");
        }
    }

    #[test]
    fn broken_utf8_leaves_no_replacement_character() {
        let decoded = decode(b"\xc4\x8desk\xc3\xbd \xe1 text \xc3", Some("utf-8"));
        assert!(!decoded.text.contains('\u{fffd}'), "{}", decoded.text);
        assert!(decoded.text.starts_with("český"));
        assert!(decoded.note.is_some());
    }
}
