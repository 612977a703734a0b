//! Words in a header: encoded ones (RFC 2047), as real programs send them, and raw octets.

use super::{charset, transfer};

/// A field's value as text: unfolded, decoded, trimmed, without control characters.
#[must_use]
pub fn decode(value: &[u8]) -> String {
    if value.is_ascii() && !value.iter().any(|c| c.is_ascii_control() || *c == b'=') {
        return String::from_utf8_lossy(value.trim_ascii()).into_owned();
    }
    let text = decode_words(&unfold(value));
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.trim().to_owned()
}

/// Without line breaks.
#[must_use]
pub fn unfold(value: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr2(b'\r', b'\n', value).is_none() {
        return value.into();
    }
    value.iter().copied().filter(|c| *c != b'\r' && *c != b'\n').collect::<Vec<u8>>().into()
}

struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
    length: usize,
}

/// Words of one character set that follow each other, not yet decoded: a character may be cut between two of them.
#[derive(Default)]
struct Run<'a> {
    /// None: no word is open.
    charset: Option<&'a [u8]>,
    octets: Vec<u8>,
    /// Digits of base64 at a word's end that make no whole group.
    carried: Vec<u8>,
}

impl<'a> Run<'a> {
    fn add(&mut self, word: &Word<'a>, out: &mut String) {
        if !self.charset.is_some_and(|it| it.eq_ignore_ascii_case(word.charset)) {
            self.end(out);
            self.charset = Some(word.charset);
        }
        if word.base64 {
            let more: Vec<u8> = word.text.iter().copied().filter(|c| !c.is_ascii_whitespace()).collect();
            if !self.continues(word.charset, &more) {
                self.settle();
            }
            let mut text = std::mem::take(&mut self.carried);
            text.extend(more);
            let keep = if text.contains(&b'=') { 0 } else { text.len() % 4 };
            self.carried = text.split_off(text.len() - keep);
            self.octets.extend(transfer::base64(&text).0);
        } else {
            self.settle();
            transfer::unescape(&mended(word.text), true, &mut self.octets);
        }
    }

    /// Whether a group of base64 was cut between two words. Else its padding was left out: then the bits that padding
    /// stands for are zero, the next word is no rest of a group, and what both say apart is text.
    fn continues(&self, charset: &[u8], more: &[u8]) -> bool {
        let spare = match self.carried.len() {
            2 => 0x0f,
            3 => 0x03,
            _ => return true,
        };
        let whole = more.iter().filter(|c| **c != b'=').count();
        let last = self.carried.last().map_or(0, |c| transfer::base64_digit(*c).unwrap_or(spare));
        if last & spare != 0 || whole % 4 == 1 {
            return true;
        }
        if !(self.carried.len() + whole).is_multiple_of(4) {
            return false;
        }
        // A hostile header is not gone over again for each of its words.
        if self.octets.len() > 4000 {
            return true;
        }
        let is_text = |octets: &[u8]| !charset.eq_ignore_ascii_case(b"utf-8") || std::str::from_utf8(octets).is_ok();
        let apart = [&self.octets[..], &transfer::base64(&self.carried).0].concat();
        let glued = [&self.octets[..], &transfer::base64(&[&self.carried, more].concat()).0].concat();
        is_text(&glued) || !is_text(&apart)
    }

    fn settle(&mut self) {
        let carried = std::mem::take(&mut self.carried);
        self.octets.extend(transfer::base64(&carried).0);
    }

    fn end(&mut self, out: &mut String) {
        self.settle();
        if !self.octets.is_empty() {
            let label = self.charset.map(|it| String::from_utf8_lossy(it).into_owned());
            out.push_str(&charset::decode(&std::mem::take(&mut self.octets), label.as_deref()).text);
        }
        self.charset = None;
    }
}

/// Decodes encoded words wherever they stand: in quotes, glued to others, with spaces in them, or not ended.
#[must_use]
pub fn decode_words(value: &[u8]) -> String {
    let (mut out, mut run, mut raw_from, mut at) = (String::with_capacity(value.len()), Run::default(), 0, 0);
    while let Some(mark) = memchr::memchr(b'=', &value[at..]) {
        at += mark;
        let Some(word) = word_at(value, at) else {
            at += 1;
            continue;
        };
        let between = &value[raw_from..at];
        let joins = run.charset.is_some() && between.iter().all(u8::is_ascii_whitespace);
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

/// Folding that came between the octets of a character left a space there.
fn mended(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let torn = |at: usize| {
        let before = text[..at].last_chunk::<3>().is_some_and(|it| it[0] == b'=' && octet(&it[1..]) >= 0xc0);
        let after = text[at..].trim_ascii_start();
        before && after.first() == Some(&b'=') && (0x80..0xc0).contains(&octet(after.get(1..3).unwrap_or_default()))
    };
    if !(0..text.len()).any(|at| text[at] == b' ' && torn(at)) {
        return text.into();
    }
    (0..text.len()).filter(|at| text[*at] != b' ' || !torn(*at)).map(|at| text[at]).collect::<Vec<u8>>().into()
}

fn octet(digits: &[u8]) -> u8 {
    transfer::hex(digits).unwrap_or(0)
}

/// How long the encoded word is that begins here, if one does that is ended.
#[must_use]
pub fn length_at(value: &[u8], at: usize) -> Option<usize> {
    word_at(value, at).map(|it| it.length).filter(|length| value[..at + length].ends_with(b"?="))
}

/// `=?charset?B?` or `=?charset?Q?`: the character set (which some programs leave out), whether it is base64, and where the text begins.
fn opening(value: &[u8], at: usize) -> Option<(&[u8], bool, usize)> {
    let rest = value.get(at..)?.strip_prefix(b"=?")?;
    let name = rest.iter().take(60).position(|c| *c == b'?')?;
    let charset = &rest[..name];
    let base64 = match rest.get(name + 1)? {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    let opens = charset.iter().all(u8::is_ascii_graphic) && rest.get(name + 2) == Some(&b'?');
    opens.then_some((charset, base64, at + 2 + name + 3))
}

/// RFC 2047 §2 allows a word 75 octets; programs write whole subjects. One that is not ended ends before the next.
fn word_at(value: &[u8], at: usize) -> Option<Word<'_>> {
    let (charset, base64, from) = opening(value, at)?;
    let mut end = from;
    while end < value.len() {
        if value[end..].starts_with(b"?=") && !is_escape_after_mark(value, end, base64) {
            return Some(Word { charset, base64, text: &value[from..end], length: end + 2 - at });
        }
        if value[end] == b'=' && end > from && opening(value, end).is_some() {
            break;
        }
        end += 1;
    }
    let open = &value[from..end];
    let length = open.iter().position(u8::is_ascii_whitespace).unwrap_or(open.len());
    let text = open[..length].strip_suffix(b"?").unwrap_or(&open[..length]);
    Some(Word { charset, base64, text, length: from + length - at })
}

/// `=?utf-8?Q?Why?=3F?=`: a question mark that should have been encoded, before an octet that is.
fn is_escape_after_mark(value: &[u8], mark: usize, base64: bool) -> bool {
    let escape = value.get(mark + 2..mark + 4).and_then(transfer::hex).is_some();
    let rest = value.get(mark + 4..).unwrap_or_default();
    let word = &rest[..rest.iter().take(75).position(u8::is_ascii_whitespace).unwrap_or(rest.len().min(75))];
    let ends_later = word.windows(2).find(|it| matches!(*it, b"?=" | b"=?")) == Some(b"?=");
    !base64 && escape && ends_later
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
            ("=??Q?no=20charset?=", "no charset"),
            ("=?utf-8?Q?Why?=3F_now?=", "Why?? now"),
            ("=?utf-8?Q?Why??=", "Why?"),
            ("=?utf-8?B?w6k?= =?utf-8?B?w6kx?=", "éé1"),
            ("=?utf-8?Q?open =?utf-8?Q?_closed?=", "open closed"),
            ("=?utf-8?B?SGVsbG8 =?utf-8?B?IHlvdQ==?=", "Hello you"),
            ("=?utf-8?Q?cut=20of?", "cut of"),
        ] {
            assert_eq!(decode(value.as_bytes()), text, "{value}");
        }
        assert_eq!(decode(b"caf\xe9 au lait"), "café au lait");
    }
}
