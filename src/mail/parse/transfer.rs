//! Transfer encodings undone (RFC 2045 §6), however carelessly they were made.

use std::borrow::Cow;

/// How a part's octets were made fit for transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 7bit, 8bit, binary, and whatever nobody knows.
    Identity,
    /// RFC 2045 §6.8.
    Base64,
    /// RFC 2045 §6.7.
    QuotedPrintable,
    /// `x-uuencode`, `uue` and the like.
    Uuencode,
}

impl Encoding {
    /// From the field's value: case, comments, stray marks and what was written twice do not matter.
    #[must_use]
    pub fn named(value: &str) -> Self {
        let said: String = value.chars().take_while(|c| !matches!(c, ';' | '(' | ',')).take(200).collect();
        let whole = Self::of_word(&said);
        said.split_whitespace().map(Self::of_word).fold(whole, |first, next| if first == Self::Identity { next } else { first })
    }

    fn of_word(word: &str) -> Self {
        let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
        match word.to_ascii_lowercase().as_str() {
            "base64" | "xbase64" | "b64" | "b" => Self::Base64,
            "quotedprintable" | "xquotedprintable" | "qp" | "q" => Self::QuotedPrintable,
            "xuuencode" | "uuencode" | "xuue" | "uue" => Self::Uuencode,
            _ => Self::Identity,
        }
    }
}

/// The decoded octets and, where something was broken, a sentence about it.
#[must_use]
pub fn decode(encoding: Encoding, body: &[u8]) -> (Cow<'_, [u8]>, Option<&'static str>) {
    match encoding {
        Encoding::Identity => (Cow::Borrowed(body), None),
        Encoding::QuotedPrintable => (Cow::Owned(quoted_printable(body)), None),
        Encoding::Base64 => decode_base64(body),
        Encoding::Uuencode => match super::uuencode::first_file(body) {
            Some(file) => (Cow::Owned(file.bytes), None),
            None => (Cow::Borrowed(body), None),
        },
    }
}

fn decode_base64(body: &[u8]) -> (Cow<'_, [u8]>, Option<&'static str>) {
    if let Some(behind) = behind(Encoding::Base64, body) {
        let code = &body[..body.len() - behind.len()];
        return (Cow::Owned(base64(code).0), Some("text stands behind a part’s base64, where none belongs"));
    }
    if !looks_like_base64(body) {
        return (Cow::Borrowed(body), Some("a part says it is base64 and is not; it was taken as it stands"));
    }
    let (bytes, broken) = base64(body);
    (Cow::Owned(bytes), broken.then_some("a part’s base64 is damaged; what could be read of it was kept"))
}

const SKIP: u8 = 0xff;

fn value(c: u8) -> u8 {
    VALUES[usize::from(c)]
}

static VALUES: [u8; 256] = {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [SKIP; 256];
    let mut at = 0_u8;
    while at < 64 {
        values[DIGITS[at as usize] as usize] = at;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

/// What base64 of RFC 2045 §6.8 is written with, its padding and the ends of its lines.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut at = 0;
    while at < 256 {
        let c = at as u8;
        plain[at] = c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/' | b'=' | b'\r' | b'\n');
        at += 1;
    }
    plain
};

/// What a digit of base64 stands for, of either alphabet (RFC 4648 §4, §5).
#[must_use]
pub fn base64_digit(c: u8) -> Option<u8> {
    Some(value(c)).filter(|it| *it != SKIP)
}

/// Prose has spaces within its lines and marks that base64 has not.
fn looks_like_base64(body: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for c in body.iter().take(4096) {
        match c {
            b'\r' | b'\n' | b'\t' => (),
            b'=' => good += 1,
            c if value(*c) != SKIP => good += 1,
            _ => bad += 1,
        }
    }
    bad * 16 <= good
}

/// Text that a list or a scanner added below a part that is base64.
#[must_use]
pub fn behind(encoding: Encoding, body: &[u8]) -> Option<&[u8]> {
    if encoding != Encoding::Base64 {
        return None;
    }
    // By stretches, without a question for each octet: nearly all base64 is this and nothing else.
    let plain = |some: &[u8]| some.iter().fold(true, |all, c| all & PLAIN[usize::from(*c)]);
    if body.chunks(1024).all(plain) && body.iter().filter(|c| **c == b'=').count() <= 4 {
        return None;
    }
    let rule = |line: &[u8]| line == b"--" || line.len() > 4 && line.iter().all(|c| matches!(c, b'_' | b'-' | b'='));
    let code = |line: &[u8]| !rule(line) && line.iter().all(|c| value(*c) != SKIP || *c == b'=');
    let (mut at, mut width, mut last, mut blank) = (0, 0, &b""[..], false);
    for line in body.split_inclusive(|c| *c == b'\n') {
        let content = line.trim_ascii();
        if !content.is_empty() && !code(content) {
            let short = last.ends_with(b"=") || last.len() < width;
            let ended = width > 0 && (short || (blank || rule(content)) && is_whole(&body[..at]));
            let words = content.contains(&b' ') || content.iter().all(|c| matches!(c, b'_' | b'-' | b'=' | b'*' | b'.'));
            return (ended && words).then(|| &body[at..]);
        }
        blank = content.is_empty();
        if !blank {
            width = width.max(content.len());
            last = content;
        }
        at += line.len();
    }
    None
}

/// Base64 in whole groups, which needs no padding to show where it ends; and no word of a language, whose capitals stand at
/// its beginning.
fn is_whole(code: &[u8]) -> bool {
    let digits = || code.iter().filter(|c| value(**c) != SKIP);
    let (all, capitals) = (digits().count(), digits().filter(|c| c.is_ascii_uppercase()).count());
    all >= 16 && all % 4 == 0 && capitals >= 3 && digits().any(u8::is_ascii_lowercase)
}

/// Octets that are not of the alphabet are skipped, padding within starts afresh (two encodings glued together).
/// The second value: whether something had to be skipped or is missing.
#[must_use]
pub fn base64(body: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
    let (mut bits, mut held, mut broken, mut at) = (0_u32, 0_u8, false, 0);
    while at < body.len() {
        // Whole groups by fours, as nearly all of it is.
        if held == 0 {
            at += groups(&body[at..], &mut out);
        }
        let Some(c) = body.get(at) else { break };
        at += 1;
        let v = value(*c);
        if v != SKIP {
            bits = (bits << 6) | u32::from(v);
            held += 1;
            if held == 4 {
                out.extend_from_slice(&bits.to_be_bytes()[1..]);
                (bits, held) = (0, 0);
            }
        } else if *c == b'=' {
            flush(&mut out, bits, held);
            (bits, held) = (0, 0);
        } else {
            broken |= !c.is_ascii_whitespace();
        }
    }
    broken |= held == 1;
    flush(&mut out, bits, held);
    (out, broken)
}

/// Decodes the groups of four digits with which `body` begins; gives how many octets they are.
fn groups(body: &[u8], out: &mut Vec<u8>) -> usize {
    let mut read = 0;
    for group in body.chunks_exact(4) {
        let [a, b, c, d] = [value(group[0]), value(group[1]), value(group[2]), value(group[3])];
        if (a | b | c | d) & 0x80 != 0 {
            break;
        }
        let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
        read += 4;
    }
    read
}

fn flush(out: &mut Vec<u8>, bits: u32, held: u8) {
    match held {
        2 => out.push(u8::try_from(bits >> 4 & 0xff).unwrap_or(0)),
        3 => out.extend_from_slice(&(bits >> 2).to_be_bytes()[2..]),
        _ => (),
    }
}

/// A `=` that begins nothing stays as it is; white space at a line's end was added by transport.
#[must_use]
pub fn quoted_printable(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        let (line, below) = rest.split_at(memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1));
        rest = below;
        let content = line.trim_ascii_end();
        let soft = content.last() == Some(&b'=') && !ends_in_escaped_mark(content);
        let text = if soft { &content[..content.len() - 1] } else { content };
        unescape(text, false, &mut out);
        if !soft {
            out.extend_from_slice(&line[line.len() - line_break(line)..]);
        }
    }
    out
}

fn ends_in_escaped_mark(content: &[u8]) -> bool {
    content.ends_with(b"==") && content.len() > 2 && content[..content.len() - 1].ends_with(b"=3D=")
}

fn line_break(line: &[u8]) -> usize {
    usize::from(line.ends_with(b"\n")) + usize::from(line.ends_with(b"\r\n"))
}

/// `=E9` to its octet; `underscore` as a space too, as RFC 2047 §4.2 has it.
pub fn unescape(text: &[u8], underscore: bool, out: &mut Vec<u8>) {
    let mut rest = text;
    let plain = |text: &[u8], out: &mut Vec<u8>| {
        let from = out.len();
        out.extend_from_slice(text);
        if underscore {
            out[from..].iter_mut().filter(|c| **c == b'_').for_each(|c| *c = b' ');
        }
    };
    while let Some(mark) = memchr::memchr(b'=', rest) {
        plain(&rest[..mark], out);
        match rest.get(mark + 1..mark + 3).and_then(hex) {
            Some(octet) => {
                out.push(octet);
                rest = &rest[mark + 3..];
            }
            None => {
                out.push(b'=');
                rest = &rest[mark + 1..];
            }
        }
    }
    plain(rest, out);
}

/// Two hexadecimal digits of either case.
#[must_use]
pub fn hex(digits: &[u8]) -> Option<u8> {
    let [high, low] = digits else { return None };
    let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|it| u8::try_from(it).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_through_what_transport_did_to_it() {
        for (encoded, plain) in [
            ("SGVsbG8=", "Hello"),
            ("SGVs\r\nbG8=\r\n", "Hello"),
            ("SGVsbG8", "Hello"),
            ("SGVsbG8=SGVsbG8=", "HelloHello"),
            ("SGV sb\tG8!", "Hello"),
        ] {
            assert_eq!(base64(encoded.as_bytes()).0, plain.as_bytes(), "{encoded}");
        }
    }

    #[test]
    fn prose_that_claims_to_be_base64_is_prose() {
        let (bytes, warning) = decode(Encoding::Base64, b"Hello, this is no base64 at all, is it?");
        assert!(bytes.starts_with(b"Hello,"));
        assert!(warning.is_some());
        let listed = b"SGVsbG8=\n\nlist mailing list\nlist@x.test\n";
        assert_eq!(decode(Encoding::Base64, listed).0, &b"Hello"[..]);
        assert_eq!(behind(Encoding::Base64, listed), Some(&b"list mailing list\nlist@x.test\n"[..]));
        assert_eq!(behind(Encoding::Base64, b"SGVsbG8=\n-- \nlist\n"), Some(&b"-- \nlist\n"[..]));
        let unpadded = b"R3LDvMOfZSBhdXMgS8O2bG4u\n\nScanned by Example.\n";
        assert_eq!(decode(Encoding::Base64, unpadded).0, "Grüße aus Köln.".as_bytes());
        assert_eq!(behind(Encoding::Base64, unpadded), Some(&b"Scanned by Example.\n"[..]));
        for prose in [&b"Notwithstanding.\n\nHello there"[..], b"Dear\n\nI have a question"] {
            assert_eq!(decode(Encoding::Base64, prose).0, prose);
        }
    }

    #[test]
    fn quoted_printable_keeps_what_it_cannot_read() {
        for (encoded, plain) in [
            ("a=3Db", "a=b"),
            ("soft=\r\nline\r\n", "softline\r\n"),
            ("soft= \nline", "softline"),
            ("x=ZZ 100%=", "x=ZZ 100%"),
            ("lower=c3=a9  \n", "lower\u{e9}\n"),
        ] {
            assert_eq!(String::from_utf8_lossy(&quoted_printable(encoded.as_bytes())), plain, "{encoded}");
        }
    }

    #[test]
    fn an_encoding_is_known_however_it_is_written() {
        for (value, encoding) in [
            ("Base64", Encoding::Base64),
            (" quoted-printable (why not)", Encoding::QuotedPrintable),
            ("Quoted_Printable;", Encoding::QuotedPrintable),
            ("x-uuencode", Encoding::Uuencode),
            ("x-base64", Encoding::Base64),
            ("base64 base64", Encoding::Base64),
            ("quoted printable", Encoding::QuotedPrintable),
            ("8bit by choice", Encoding::Identity),
            ("7-bit", Encoding::Identity),
            ("", Encoding::Identity),
        ] {
            assert_eq!(Encoding::named(value), encoding, "{value}");
        }
    }
}
