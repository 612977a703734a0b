//! Words in a header: encoded ones (RFC 2047), as real programs send them, and raw octets.

use super::{charset, transfer};

/// A field's value as text: unfolded, decoded, trimmed, without control characters.
#[must_use]
pub fn decode(value: &[u8]) -> String {
    let unfolded: Vec<u8> = value.iter().copied().filter(|c| *c != b'\r' && *c != b'\n').collect();
    let text = decode_words(&unfolded);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

/// An encoded word's end is looked for this far: RFC 2047 §2 allows 75 octets, programs write whole subjects.
const LONGEST: usize = 8192;

struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
    length: usize,
}

/// Words of one character set that follow each other, not yet decoded: a character may be cut between two of them.
#[derive(Default)]
struct Run<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
    carried: Vec<u8>,
}

impl<'a> Run<'a> {
    fn add(&mut self, word: &Word<'a>, out: &mut String) {
        if !self.charset.eq_ignore_ascii_case(word.charset) {
            self.end(out);
            self.charset = word.charset;
        }
        if word.base64 {
            let mut text = std::mem::take(&mut self.carried);
            text.extend(word.text.iter().filter(|c| !c.is_ascii_whitespace()));
            let keep = if text.contains(&b'=') { 0 } else { text.len() % 4 };
            self.carried = text.split_off(text.len() - keep);
            self.octets.extend(transfer::base64(&text).0);
        } else {
            self.settle();
            transfer::unescape(word.text, true, &mut self.octets);
        }
    }

    fn settle(&mut self) {
        let carried = std::mem::take(&mut self.carried);
        self.octets.extend(transfer::base64(&carried).0);
    }

    fn end(&mut self, out: &mut String) {
        self.settle();
        if !self.octets.is_empty() {
            let label = String::from_utf8_lossy(self.charset);
            out.push_str(&charset::decode(&std::mem::take(&mut self.octets), Some(&label)).text);
        }
        self.charset = b"";
    }
}

/// Decodes encoded words wherever they stand: in quotes, glued to others, with spaces in them, or not ended.
#[must_use]
pub fn decode_words(value: &[u8]) -> String {
    let (mut out, mut run, mut raw_from, mut at) = (String::with_capacity(value.len()), Run::default(), 0, 0);
    while at < value.len() {
        let Some(word) = (value[at] == b'=').then(|| word_at(value, at)).flatten() else {
            at += 1;
            continue;
        };
        let between = &value[raw_from..at];
        let joins = run.charset != b"" && between.iter().all(u8::is_ascii_whitespace);
        if !joins {
            run.end(&mut out);
            out.push_str(&charset::detect(between));
        }
        run.add(&word, &mut out);
        at += word.length;
        raw_from = at;
    }
    run.end(&mut out);
    out.push_str(&charset::detect(&value[raw_from..]));
    out
}

fn word_at(value: &[u8], at: usize) -> Option<Word<'_>> {
    let rest = value[at..].strip_prefix(b"=?")?;
    let name = rest.iter().take(60).position(|c| *c == b'?')?;
    let charset = &rest[..name];
    if charset.is_empty() || !charset.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let coded = &rest[name + 1..];
    let base64 = match coded.first()? {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    let text = coded.get(1..)?.strip_prefix(b"?")?;
    let (length, mark) = match text[..text.len().min(LONGEST)].windows(2).position(|it| it == b"?=") {
        Some(length) => (length, 2),
        None => (text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len()), 0),
    };
    Some(Word { charset, base64, text: &text[..length], length: 2 + name + 1 + 2 + length + mark })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_read_as_programs_write_them() {
        for (value, text) in [
            ("=?UTF-8?B?VGVzdG92w6Fjw60gZW1haWw=?=", "Testovácí email"),
            ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
            ("=?utf-8?Q?a?=\r\n\t=?iso-8859-1?q?_=e9?= c", "a é c"),
            ("=?utf-8?B?w?= =?utf-8?B?6k=?=", "é"),
            ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),
            ("\"=?utf-8?q?in quotes?=\" x", "\"in quotes\" x"),
            ("=?utf-8*en?Q?lang?=", "lang"),
            ("=?utf-8?Q?not_ended", "not ended"),
            ("x=?utf-8?Q?glued?=y", "xgluedy"),
            ("=?nope", "=?nope"),
            ("1 =? 2", "1 =? 2"),
            ("caf\u{e9}", "café"),
            ("=?UTF-8?Q?Fwd=3a_=c4=9b?=\n =?UTF-8?B?w60=?=", "Fwd: ěí"),
            ("=?iso-2022-jp?B?GyRCJDkbKEI=?=", "す"),
        ] {
            assert_eq!(decode(value.as_bytes()), text, "{value}");
        }
        assert_eq!(decode(b"caf\xe9 au lait"), "café au lait");
    }
}
