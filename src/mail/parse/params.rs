//! A value with parameters: `text/plain; charset=utf-8`, with RFC 2231 and what is sent instead of it.

use super::{charset, transfer, words};

/// So many parameters of a value are read.
const MOST: usize = 200;

/// What stands before the first semicolon, in lower case, and the parameters decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// Lower case, without white space.
    pub main: String,
    /// Name in lower case, value decoded; the first of a name counts.
    pub params: Vec<(String, String)>,
}

impl Value {
    /// A parameter, if it says anything; `name` in lower case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(it, value)| it == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// One `name*0*=value` before the pieces are put together.
struct Piece {
    name: String,
    number: Option<u32>,
    extended: bool,
    value: Vec<u8>,
}

/// Reads any value; what is not a parameter is passed over.
#[must_use]
pub fn read(value: &[u8]) -> Value {
    let unfolded = words::unfold(value);
    let mut chunks = split(&unfolded);
    let main = main(&mut chunks);
    let pieces: Vec<Piece> = rejoined(chunks).iter().flat_map(|it| pieces(it)).take(MOST).collect();
    Value { main, params: join(pieces) }
}

/// The word before the first parameter, taken from the chunks; a parameter that stands behind it without a semicolon, or in its
/// place, stays.
fn main(chunks: &mut Vec<Vec<u8>>) -> String {
    let first = chunks.remove(0);
    let first = without_leading_comment(first.trim_ascii());
    let end = first.iter().position(|c| c.is_ascii_whitespace() || matches!(c, b',' | b'(')).unwrap_or(first.len());
    let (word, rest) = first.split_at(end);
    let slash = rest.trim_ascii().starts_with(b"/") || word.ends_with(b"/");
    let (word, rest) = match word.contains(&b'=') {
        true => (&b""[..], first),
        false if slash => (first, &b""[..]),
        false => (word, rest.trim_ascii_start().strip_prefix(b",").unwrap_or(rest)),
    };
    if rest.contains(&b'=') {
        chunks.insert(0, rest.trim_ascii().to_vec());
    }
    let text = String::from_utf8_lossy(word).to_ascii_lowercase();
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect()
}

/// `filename=a;b.pdf`: a semicolon in a name that should have been in quotes.
fn rejoined(chunks: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut whole: Vec<Vec<u8>> = Vec::with_capacity(chunks.len());
    for chunk in chunks {
        let goes_on = !chunk.contains(&b'=') && !chunk.trim_ascii().is_empty();
        match whole.last_mut().filter(|it| goes_on && is_bare_name(it)) {
            Some(last) => {
                last.push(b';');
                last.extend(chunk);
            }
            None => whole.push(chunk),
        }
    }
    whole
}

/// `filename=` or `name=` with a value that is not in quotes.
fn is_bare_name(chunk: &[u8]) -> bool {
    let mut halves = chunk.splitn(2, |c| *c == b'=').map(<[u8]>::trim_ascii);
    let name = halves.next().unwrap_or_default();
    let bare = halves.next().is_some_and(|it| !it.starts_with(b"\""));
    bare && (name.eq_ignore_ascii_case(b"filename") || name.eq_ignore_ascii_case(b"name"))
}

/// At semicolons outside of quotes. A quote that never ends is an ordinary character.
fn split(value: &[u8]) -> Vec<Vec<u8>> {
    let last_quote = value.iter().rposition(|c| *c == b'"');
    let (mut chunks, mut chunk, mut quoted, mut at) = (Vec::new(), Vec::new(), false, 0);
    while at < value.len() {
        let c = value[at];
        match c {
            b'\\' if quoted && matches!(value.get(at + 1), Some(b'"' | b'\\')) => {
                chunk.extend_from_slice(&value[at..at + 2]);
                at += 1;
            }
            b'"' if quoted || last_quote.is_some_and(|last| at < last) => {
                quoted = !quoted;
                chunk.push(c);
            }
            b';' if !quoted => chunks.push(std::mem::take(&mut chunk)),
            _ => chunk.push(c),
        }
        at += 1;
    }
    chunks.push(chunk);
    chunks
}

/// One parameter, or several that no semicolon parts.
fn pieces(chunk: &[u8]) -> Vec<Piece> {
    let (mut found, mut rest) = (Vec::new(), chunk);
    while found.len() < MOST {
        let chunk = without_leading_comment(rest.trim_ascii_start());
        let Some(mark) = chunk.iter().position(|c| *c == b'=') else { break };
        let (value, behind) = value_and_rest(&chunk[..mark], without_leading_comment(chunk[mark + 1..].trim_ascii()));
        found.extend(piece(&chunk[..mark], value));
        rest = behind;
    }
    found
}

fn piece(name: &[u8], value: &[u8]) -> Option<Piece> {
    let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
    let (name, extended) = name.strip_suffix('*').map_or((name.as_str(), false), |it| (it, true));
    let (name, number) = match name.rsplit_once('*') {
        Some((base, digits)) => (base, digits.parse().ok()),
        None => (name, None),
    };
    (!name.is_empty()).then(|| Piece { name: name.to_owned(), number, extended, value: unquote(value) })
}

/// Where a value ends that is followed by another parameter (`charset="utf-8" format=flowed`) or by a comment.
/// A file name without quotes may hold spaces and anything else.
fn value_and_rest<'a>(name: &[u8], value: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    if value.starts_with(b"\"") {
        let mut quotes = (1..value.len()).filter(|at| value[*at] == b'"' && value[at - 1] != b'\\').take(MOST);
        let closing = quotes.find(|at| ends_here(value[at + 1..].trim_ascii_start()));
        let closing = closing.or_else(|| value.iter().rposition(|c| *c == b'"').filter(|at| *at > 0));
        return closing.map_or((value, &b""[..]), |at| value.split_at(at + 1));
    }
    let holds_spaces = name.to_ascii_lowercase().windows(4).any(|it| it == b"name");
    let space = value.iter().position(u8::is_ascii_whitespace).filter(|at| !holds_spaces && starts_parameter(value[*at..].trim_ascii()));
    space.map_or((value, &b""[..]), |at| value.split_at(at))
}

fn ends_here(behind: &[u8]) -> bool {
    behind.is_empty() || behind.starts_with(b"(") || starts_parameter(behind)
}

/// `token=` begins here.
pub(super) fn starts_parameter(text: &[u8]) -> bool {
    let token = text.iter().take(40).take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'*' | b'_')).count();
    token > 0 && text[token..].trim_ascii_start().starts_with(b"=")
}

/// `(why not) charset=utf-8` (RFC 2045 §5.1): a comment behind a value is left to those who know what the value may be.
fn without_leading_comment(chunk: &[u8]) -> &[u8] {
    match chunk.iter().position(|c| *c == b')') {
        Some(end) if chunk.starts_with(b"(") => chunk[end + 1..].trim_ascii_start(),
        _ => chunk,
    }
}

/// Without its quotes; a backslash counts only before a quote or another, since others are part of a Windows path.
fn unquote(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let (mut out, mut at) = (Vec::with_capacity(inner.len()), 0);
    while at < inner.len() {
        if inner[at] == b'\\' && matches!(inner.get(at + 1), Some(b'"' | b'\\')) {
            at += 1;
        }
        out.push(inner[at]);
        at += 1;
    }
    out
}

fn join(pieces: Vec<Piece>) -> Vec<(String, String)> {
    let mut params: Vec<(String, String, bool)> = Vec::new();
    let mut done: Vec<String> = Vec::new();
    for piece in &pieces {
        let (value, extended) = match piece.number {
            Some(_) if done.contains(&piece.name) => continue,
            Some(_) => {
                done.push(piece.name.clone());
                (continued(&pieces, &piece.name), true)
            }
            None if piece.extended => (extended(&piece.value), true),
            None => (plain(&piece.value), false),
        };
        match params.iter_mut().find(|(name, _, _)| *name == piece.name) {
            Some(known) if extended && !known.2 => (known.1, known.2) = (value, true),
            Some(_) => (),
            None => params.push((piece.name.clone(), value, extended)),
        }
    }
    params.into_iter().map(|(name, value, _)| (name, value)).collect()
}

/// `name*0*=utf-8''…; name*1=…` in the order of their numbers (RFC 2231 §3, §4.1).
fn continued(pieces: &[Piece], name: &str) -> String {
    let mut parts: Vec<&Piece> = pieces.iter().filter(|it| it.name == name && it.number.is_some()).collect();
    parts.sort_by_key(|it| it.number);
    let coded = parts.iter().any(|it| it.extended);
    if !coded {
        return plain(&parts.iter().flat_map(|it| it.value.clone()).collect::<Vec<u8>>());
    }
    let (mut label, mut octets) = (None, Vec::new());
    for (at, part) in parts.iter().enumerate() {
        let text = match (at, language(&part.value)) {
            (0, Some((charset, text))) if part.extended => {
                label = Some(charset);
                text
            }
            _ => &part.value[..],
        };
        // Some programs star only the first piece and escape all of them.
        if part.extended || escapes_octets(text) {
            percent(text, &mut octets);
        } else {
            octets.extend_from_slice(text);
        }
    }
    charset::decode(&octets, label.as_deref()).text
}

/// `utf-8'en'%E2%82%AC`.
fn extended(value: &[u8]) -> String {
    let (label, text) = language(value).map_or((None, value), |(label, text)| (Some(label), text));
    if text.starts_with(b"=?") {
        return words::decode(text);
    }
    let mut octets = Vec::with_capacity(text.len());
    percent(text, &mut octets);
    charset::decode(&octets, label.as_deref()).text
}

/// `%C3`: not a sign that a plain name would hold.
fn escapes_octets(text: &[u8]) -> bool {
    text.windows(3).any(|it| it[0] == b'%' && transfer::hex(&it[1..]).is_some_and(|octet| octet >= 0x80))
}

/// The character set and what follows the language; a program may forget the language's second mark.
fn language(value: &[u8]) -> Option<(String, &[u8])> {
    let first = value.iter().take(40).position(|c| *c == b'\'')?;
    if !value[first + 1..].iter().take(20).any(|c| *c == b'\'') {
        let known = encoding_rs::Encoding::for_label(&value[..first]).is_some();
        return known.then(|| (String::from_utf8_lossy(&value[..first]).into_owned(), &value[first + 1..]));
    }
    let second = first + 1 + value[first + 1..].iter().take(20).position(|c| *c == b'\'')?;
    let charset = std::str::from_utf8(&value[..first]).ok()?;
    Some((charset.to_owned(), &value[second + 1..]))
}

fn percent(text: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < text.len() {
        match text.get(at + 1..at + 3).filter(|_| text[at] == b'%').and_then(transfer::hex) {
            Some(octet) => {
                out.push(octet);
                at += 3;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
}

/// A value without the star: encoded words, or RFC 2231's form where its star was forgotten.
fn plain(value: &[u8]) -> String {
    if let Some((label, text)) = language(value)
        && encoding_rs::Encoding::for_label(label.as_bytes()).is_some()
        && text.contains(&b'%')
    {
        return extended(value);
    }
    let text = words::decode(value);
    let mut octets = Vec::new();
    percent(text.as_bytes(), &mut octets);
    match String::from_utf8(octets) {
        Ok(decoded) if text.is_ascii() && !decoded.is_ascii() => decoded,
        Ok(_) | Err(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_every_way_it_is_sent() {
        for (value, name) in [
            ("attachment; filename=api.rb", "api.rb"),
            ("attachment; filename=\"a; b.txt\"", "a; b.txt"),
            ("attachment; filename=my file.pdf", "my file.pdf"),
            ("attachment; filename==?utf-8?B?VGhpcyBpcyBhIHRlc3QucGRm?=", "This is a test.pdf"),
            ("attachment; filename=\"=?utf-8?Q?=C3=A9?=\r\n =?utf-8?Q?.txt?=\"", "é.txt"),
            ("attachment;\r\n filename*=utf-8''%e2%82%ac%20rates", "€ rates"),
            ("attachment; filename=\"x.txt\"; filename*=UTF-8''%C3%A9.txt", "é.txt"),
            ("attachment; filename*0*=utf-8''%C3; filename*1*=%A9; filename*2=.txt", "é.txt"),
            ("attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
            ("attachment; filename=\"never ended.txt", "never ended.txt"),
            ("attachment; filename=\"utf-8''na%C3%AFve.txt\"", "naïve.txt"),
            ("attachment; filename=\"%C3%A9.txt\"", "é.txt"),
            ("attachment; filename=\"100%25.txt\"", "100%25.txt"),
            ("attachment; (why) filename=(not)a.txt", "a.txt"),
            ("attachment; FileName = \"a\\\"b\"", "a\"b"),
            ("attachment; filename=cafe\u{301}.txt", "cafe\u{301}.txt"),
            ("attachment filename=a.pdf", "a.pdf"),
            ("attachment, filename=\"a.pdf\"", "a.pdf"),
            ("attachment; filename=\"a.pdf\" (a comment)", "a.pdf"),
            ("attachment; filename=\"a.pdf\" size=12", "a.pdf"),
            ("attachment; size=12 filename=\"a.pdf\"", "a.pdf"),
            ("attachment; filename=\"the \"best\" plan.pdf\"", "the \"best\" plan.pdf"),
            ("attachment; filename=march; april.pdf", "march; april.pdf"),
            ("attachment; filename*=utf-8'%C3%A9.txt", "é.txt"),
            ("attachment; filename*=''%C3%A9.txt", "é.txt"),
            ("attachment; filename*0*=utf-8''%C3%A9; filename*1=%C3%A9.txt", "éé.txt"),
            ("\"attachment\"; filename=a", "a"),
        ] {
            let read = read(value.as_bytes());
            assert_eq!(read.main, "attachment");
            assert_eq!(read.param("filename"), Some(name), "{value}");
        }
    }
}
