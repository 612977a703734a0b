//! Character sets that write letters of other scripts in octets of ASCII, by switching with escapes.

use encoding_rs::{EUC_KR, Encoding, GBK, ISO_2022_JP};

use super::transfer;

/// The text, if `label` names one of these sets in lower case.
#[must_use]
pub fn decode(label: &str, bytes: &[u8]) -> Option<String> {
    let name: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.strip_prefix("cs").unwrap_or(&name);
    if name.ends_with("utf7") {
        return Some(utf7(bytes));
    }
    if name.starts_with("iso2022jp") || name.starts_with("cp5022") || name == "jis" {
        return Some(japanese(bytes).0);
    }
    match name {
        "iso2022kr" => Some(shifted(bytes, EUC_KR)),
        "iso2022cn" | "iso2022cnext" => Some(shifted(bytes, GBK)),
        "hzgb2312" | "hz" => Some(hz(bytes)),
        _ => None,
    }
}

/// ISO-2022-JP and whether some octets meant nothing in it. Glued words bring an escape right behind another, which the
/// web's decoder takes for an attack.
#[must_use]
pub fn japanese(bytes: &[u8]) -> (String, bool) {
    let escape = |at: usize| bytes.get(at) == Some(&0x1b) && matches!(bytes.get(at + 1), Some(b'(' | b'$'));
    let mut single = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if escape(at) && (escape(at + 3) || at + 3 >= bytes.len()) {
            at += 3;
            continue;
        }
        single.push(bytes[at]);
        at += 1;
    }
    let (text, _, broken) = ISO_2022_JP.decode(&single);
    (text.into_owned(), broken)
}

/// ISO-2022-KR (RFC 1557) and ISO-2022-CN (RFC 1922): pairs between SO and SI, whose announcement says nothing more.
fn shifted(bytes: &[u8], encoding: &'static Encoding) -> String {
    let (mut plain, mut out, mut at) = (Vec::with_capacity(bytes.len()), false, 0);
    while at < bytes.len() {
        match bytes[at] {
            0x1b if bytes.get(at + 1) == Some(&b'$') => at += 3,
            0x0e => out = true,
            0x0f => out = false,
            b'\n' => {
                out = false;
                plain.push(b'\n');
            }
            c => plain.push(if out && (0x21..0x7f).contains(&c) { c | 0x80 } else { c }),
        }
        at += 1;
    }
    encoding.decode_without_bom_handling(&plain).0.into_owned()
}

/// HZ (RFC 1843): pairs between `~{` and `~}`.
fn hz(bytes: &[u8]) -> String {
    let (mut plain, mut pairs, mut at) = (Vec::with_capacity(bytes.len()), false, 0);
    while at < bytes.len() {
        let step = match (bytes[at], bytes.get(at + 1)) {
            (b'~', Some(b'{')) => {
                pairs = true;
                2
            }
            (b'~', Some(b'}')) => {
                pairs = false;
                2
            }
            (b'~', Some(b'\n')) => 2,
            (b'~', Some(b'~')) if !pairs => {
                plain.push(b'~');
                2
            }
            (c, _) => {
                plain.push(if pairs && (0x21..0x7f).contains(&c) { c | 0x80 } else { c });
                1
            }
        };
        at += step;
    }
    GBK.decode_without_bom_handling(&plain).0.into_owned()
}

/// UTF-7 (RFC 2152): base64 of UTF-16 between `+` and whatever is no digit of it; a `-` there is swallowed.
fn utf7(bytes: &[u8]) -> String {
    let (mut out, mut at) = (String::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        if bytes[at] != b'+' {
            let plain = bytes[at..].iter().position(|c| *c == b'+').unwrap_or(bytes.len() - at);
            out.push_str(&String::from_utf8_lossy(&bytes[at..at + plain]));
            at += plain;
            continue;
        }
        let digit = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
        let digits = bytes[at + 1..].iter().take_while(|c| digit(c)).count();
        if digits == 0 {
            out.push('+');
        }
        let octets = transfer::base64(&bytes[at + 1..at + 1 + digits]).0;
        let units = octets.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
        out.extend(char::decode_utf16(units).map(|it| it.unwrap_or('\u{fffd}')));
        at += 1 + digits;
        at += usize::from(bytes.get(at) == Some(&b'-'));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_between_the_escapes() {
        for (label, bytes, text) in [
            ("utf-7", &b"Hi Mom -+Jjo--!"[..], "Hi Mom -☺-!"),
            ("unicode-1-1-utf-7", b"1 +- 1 = 2, gr+APwA3w-e.", "1 + 1 = 2, grüße."),
            ("utf-7", b"end +AOk", "end é"),
            ("iso-2022-kr", b"\x1b$)C\x0e>H3g\x0f ok", "안녕 ok"),
            ("iso-2022-cn", b"\x1b$)A\x0e=;;;\x0f!", "交换!"),
            ("hz-gb-2312", b"~{<:Ky2;~} ~~x", "己所不 ~x"),
            ("iso-2022-jp", b"\x1b$B$3\x1b(B\x1b$B$s\x1b(B", "こん"),
            ("csiso2022jp", b"\x1b(I1\x1b(B", "ｱ"),
        ] {
            assert_eq!(decode(label, bytes).as_deref(), Some(text), "{label}");
        }
        assert_eq!(decode("iso-8859-1", b""), None);
    }
}
