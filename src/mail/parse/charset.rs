//! Octets to text: by the label where it is right, by looking at the octets where it is not.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use mail_parser::decoders::charsets::map::charset_decoder;

use super::{code_page, guess, seven_bit, wide};

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
    if let Some(text) =
        guess::obvious(bytes).filter(|it| label.is_none_or(is_ascii_or_utf8) || it.is_ascii() && label.is_none_or(holds_ascii))
    {
        return Decoded { text: text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(), note: None };
    }
    let decoded = read(bytes, label);
    let text = decoded.text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(decoded.text);
    Decoded { text: if text.contains('\0') { text.replace('\0', "") } else { text }, ..decoded }
}

/// Text without a usable label: UTF-8 if it can be, else what the octets look like.
#[must_use]
pub fn detect(bytes: &[u8]) -> String {
    guess::text(bytes)
}

/// Labels of most mail, for which nothing has to be looked up.
fn is_ascii_or_utf8(label: &str) -> bool {
    ["utf-8", "us-ascii", "utf8", "ascii", ""].iter().any(|it| label.eq_ignore_ascii_case(it))
}

fn holds_ascii(label: &str) -> bool {
    ["iso-8859-1", "windows-1252", "iso-8859-15", "iso-8859-2", "windows-1251"].iter().any(|it| label.eq_ignore_ascii_case(it))
}

fn read(bytes: &[u8], label: Option<&str>) -> Decoded {
    let known = label.map(str::trim).filter(|it| !it.is_empty()).map(known);
    let plain = bytes.is_ascii() && !bytes.contains(&0x1b);
    match known {
        Some(Label::SevenBit(name)) if bytes.is_ascii() || bytes.contains(&0x1b) => {
            Decoded { text: seven_bit::decode(&name, bytes).unwrap_or_default(), note: None }
        }
        Some(Label::Says(encoding)) if encoding == UTF_16LE || encoding == UTF_16BE => {
            // `utf-16` alone leaves it open (RFC 2781 §3.3).
            wide::read(bytes, Some(encoding).filter(|_| label.is_some_and(names_order)))
        }
        _ if plain && !wide::is_wide(bytes) => Decoded { text: String::from_utf8_lossy(bytes).into_owned(), note: None },
        None | Some(Label::Ascii) => Decoded { text: detect(bytes), note: None },
        Some(Label::Says(encoding)) if encoding == UTF_8 => guess::as_utf8(bytes),
        Some(Label::Says(encoding)) => guess::as_labelled(bytes, encoding),
        Some(Label::Table(decode)) => match std::str::from_utf8(bytes) {
            Ok(text) => guess::guessed("UTF-8", text.to_owned()),
            Err(_) => Decoded { text: decode(bytes), note: None },
        },
        Some(Label::CodePage(name)) => match std::str::from_utf8(bytes) {
            Ok(text) => guess::guessed("UTF-8", text.to_owned()),
            Err(_) => Decoded { text: code_page::decode(&name, bytes).unwrap_or_default(), note: None },
        },
        Some(Label::SevenBit(name) | Label::Unknown(name)) => {
            let name = name.chars().take(40).collect::<String>();
            Decoded { text: detect(bytes), note: Some(format!("the text is not in the character set `{name}`; it was guessed")) }
        }
    }
}

/// `utf-16le`, `utf-16be`.
fn names_order(label: &str) -> bool {
    let label = label.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    label.ends_with("le") || label.ends_with("be")
}

enum Label {
    Says(&'static Encoding),
    SevenBit(String),
    /// One of mail-parser's, which knows more names.
    Table(fn(&[u8]) -> String),
    CodePage(String),
    Ascii,
    Unknown(String),
}

fn known(label: &str) -> Label {
    let label = label.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace());
    let label = label.split(['*', '(', ';', ',']).next().unwrap_or_default().trim().to_ascii_lowercase();
    if matches!(
        label.as_str(),
        "" | "us-ascii" | "ascii" | "ansi_x3.4-1968" | "646" | "iso646-us" | "unknown-8bit" | "x-unknown" | "default" | "_autodetect"
    ) {
        return Label::Ascii;
    }
    if seven_bit::decode(&label, b"").is_some() {
        return Label::SevenBit(label);
    }
    if code_page::decode(&label, b"").is_some() {
        return Label::CodePage(label);
    }
    let spelled = ALIASES.iter().find(|(alias, _)| *alias == label).map_or(label.as_str(), |(_, name)| name);
    let found = Encoding::for_label(spelled.as_bytes()).or_else(|| Encoding::for_label(dashed(spelled).as_bytes()));
    match found.filter(|it| *it != encoding_rs::REPLACEMENT && *it != encoding_rs::X_USER_DEFINED) {
        Some(encoding) => Label::Says(encoding),
        None => match charset_decoder(label.as_bytes()).filter(|decode| !decode(b"a").contains('\u{fffd}')) {
            Some(decode) => Label::Table(decode),
            None => Label::Unknown(label),
        },
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
    ("ksc5601", "euc-kr"),
    ("ks_c_5601-1992", "euc-kr"),
    ("euc-cn", "gbk"),
    ("euc-tw", "big5"),
    ("gb_2312", "gbk"),
    ("big5-eten", "big5"),
    ("cp874", "windows-874"),
    ("unicode-1-1-utf-8", "utf-8"),
    ("cp65001", "utf-8"),
    ("ks_c_5601", "euc-kr"),
    ("x-gbk", "gbk"),
    ("latin-1", "iso-8859-1"),
    ("latin-9", "iso-8859-15"),
    ("utf_8", "utf-8"),
    ("utf8mb4", "utf-8"),
    ("utf-8-sig", "utf-8"),
    ("cp51932", "euc-jp"),
    ("eucjp-ms", "euc-jp"),
    ("x-windows-949", "euc-kr"),
];

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
            ("中文字".as_bytes(), "gb2312", "中文字"),
            (b"\xc8\xab\xbd\xc7 \xc7", "euc-kr", "홍실 "),
            (b"\0G\0r\0\xfc", "utf-16", "Grü"),
            (b"G\0r\0\xfc\0", "utf-16", "Grü"),
            (b"\xff\xfeG\0r\0\xfc\0", "utf-8", "Grü"),
            ("Grüße".as_bytes(), "utf-16le", "Grüße"),
            (b"\x1b$B$9$_$^$;$s!#\x1b(B", "utf-8", "すみません。"),
            (b"\x8d", "x-mac-roman", "ç"),
            (b"\xe7", "macintosh", "Á"),
            (b"\x87", "cp437", "ç"),
        ] {
            assert_eq!(decode(bytes, Some(label)).text, text, "{label}");
        }
    }

    #[test]
    fn each_line_is_read_in_its_own_character_set() {
        let text = "Привет из Москвы, как у вас дела сегодня?\n";
        let cyrillic: &[u8] = b"\xcf\xf0\xe8\xe2\xe5\xf2, \xea\xe0\xea \xe4\xe5\xeb\xe0? \xd5\xee\xf0\xee\xf8\xee\n";
        let mixed = [cyrillic, text.as_bytes()].concat();
        for label in ["utf-8", "windows-1251", "us-ascii"] {
            assert_eq!(decode(&mixed, Some(label)).text, format!("Привет, как дела? Хорошо\n{text}"), "{label}");
        }
        let latin = [&b"Gr\xfc\xdfe\n"[..], "Grüße\n".as_bytes()].concat();
        assert_eq!(decode(&latin, Some("utf-8")).text, "Grüße\nGrüße\n");
    }

    #[test]
    fn broken_utf8_leaves_no_replacement_character() {
        let decoded = decode(b"\xc4\x8desk\xc3\xbd \xe1 text \xc3", Some("utf-8"));
        assert!(!decoded.text.contains('\u{fffd}'), "{}", decoded.text);
        assert!(decoded.text.starts_with("český"));
        assert!(decoded.note.is_some());
    }
}
