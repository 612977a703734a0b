//! A header: its fields found in the octets, none of them yet understood (RFC 5322 §2.2).

mod known;

use std::{borrow::Cow, ops::Range};

use super::{charset, params};

/// At most this much of a header is read (SAFETY.md, "Bounds").
const MOST_OCTETS: usize = 256 * 1024;
const MOST_FIELDS: usize = 1000;

/// One field: its name in lower case, its value with the folding still in it.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// Lower case.
    pub name: String,
    /// After the colon, up to the line break, folding included.
    pub value: &'a [u8],
    /// To any server it is a field: it stands neither below a line that is none, nor behind a carriage return alone.
    pub sure: bool,
}

/// The fields of a header, in order.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// In order; at most 1,000.
    pub fields: Vec<Field<'a>>,
    /// What lay beyond the bound, to be kept as an attachment.
    pub beyond: Option<Range<usize>>,
    /// A line stood among the fields that is none.
    pub junk: bool,
    /// What the body says its character set is: the best guess for octets that stand raw in the header.
    pub charset: Option<String>,
}

impl<'a> Header<'a> {
    /// The topmost field of this name; `name` in lower case.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Every field of this name, topmost first.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.fields.iter().filter(move |field| field.name == name).map(|field| field.value)
    }

    /// Those fields of this name that a server saw too; where it saw none, all of them. Whom a server let in is who wrote.
    #[must_use]
    pub fn surest(&self, name: &str) -> Vec<&'a [u8]> {
        let of_name = || self.fields.iter().filter(|it| it.name == name);
        let any = of_name().any(|it| it.sure);
        of_name().filter(|it| it.sure || !any).map(|it| it.value).collect()
    }

    /// The topmost field as text: unfolded, decoded (RFC 2047), trimmed.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(|it| super::words::decode(&self.unicode(it)))
    }

    /// A value in UTF-8, whatever its raw octets are.
    #[must_use]
    pub fn unicode(&self, value: &'a [u8]) -> Cow<'a, [u8]> {
        if std::str::from_utf8(value).is_ok() {
            return Cow::Borrowed(value);
        }
        if let Some(whole) = untorn(value) {
            return Cow::Owned(whole);
        }
        Cow::Owned(charset::decode(value, self.charset.as_deref()).text.into_bytes())
    }
}

/// UTF-8 that was folded within a character, made whole.
fn untorn(value: &[u8]) -> Option<Vec<u8>> {
    let is_torn = |before: Option<&u8>, after: Option<&u8>| before.is_some_and(|c| *c >= 0x80) && matches!(after, Some(0x80..=0xbf));
    let (mut out, mut at) = (Vec::with_capacity(value.len()), 0);
    while at < value.len() {
        let rest = &value[at..];
        let fold = if rest.starts_with(b"\r\n") { 3 } else { 2 };
        let folds = matches!(rest, [b'\r', b'\n', b' ' | b'\t', ..] | [b'\n', b' ' | b'\t', ..]);
        if folds && is_torn(out.last(), rest.get(fold)) {
            at += fold;
        } else {
            out.push(value[at]);
            at += 1;
        }
    }
    let is_whole = out.len() < value.len() && std::str::from_utf8(&out).is_ok();
    is_whole.then_some(out)
}

/// A line: where it ends without its break (which a gateway may have made `\r\r\n`), and where the next begins.
pub(super) fn line(raw: &[u8], start: usize) -> (usize, usize) {
    match memchr::memchr(b'\n', &raw[start..]) {
        Some(length) => {
            let returns = raw[start..start + length].iter().rev().take(2).take_while(|c| **c == b'\r').count();
            (start + length - returns, start + length + 1)
        }
        None => (raw.len(), raw.len()),
    }
}

/// Reads the header that begins at `start`, up to the empty line or a line for which `stop` is true.
/// Gives it and where the body begins.
pub(crate) fn read<'a>(raw: &'a [u8], start: usize, stop: impl Fn(&[u8]) -> bool) -> (Header<'a>, usize) {
    let mut header = Header::default();
    let mut at = if start == 0 { without_leading_blank(raw) } else { start };
    // The last line was no field; and up to where such lines are known not to be the body.
    let (mut in_junk, mut junk_until) = (false, 0);
    while at < raw.len() {
        let (end, next) = line(raw, at);
        let returned = known::carriage_return(raw, at..end);
        let (end, next) = returned.map_or((end, next), |found| (found, found + 1));
        let content = &raw[at..end];
        if content.is_empty() {
            return (header, next);
        }
        if stop(content) {
            return (header, at);
        }
        if at - start > MOST_OCTETS || header.fields.len() >= MOST_FIELDS {
            return skip_rest(raw, at, header, stop);
        }
        if end - start > MOST_OCTETS && split(content).is_some() {
            return cut_line(raw, at, start + MOST_OCTETS, header, stop);
        }
        if is_folded(content) {
            if blank(content) && !continues(raw, next) {
                return (header, next);
            }
            if !in_junk {
                extend(&mut header, raw, end);
            }
        } else if !in_junk && is_parameter(&header, content) {
            extend(&mut header, raw, end);
            header.junk = true;
        } else if let Some((name, value)) = split(content) {
            let sure = !header.junk && !raw[..at].ends_with(b"\r") && returned.is_none();
            header.fields.push(Field { name: name.to_ascii_lowercase(), value: &raw[end - value.len()..end], sure });
            in_junk = false;
        } else if is_envelope_line(content) {
            header.junk |= !header.fields.is_empty();
            in_junk = true;
        } else {
            if at >= junk_until {
                let Some(field) = known::goes_on(raw, start, at, &header, &stop) else { return (header, at) };
                junk_until = field;
            }
            header.junk = true;
            in_junk = true;
        }
        at = next;
    }
    (header, raw.len())
}

/// One line that is longer than a whole header may be: its beginning is read.
fn cut_line<'a>(raw: &'a [u8], at: usize, end: usize, mut header: Header<'a>, stop: impl Fn(&[u8]) -> bool) -> (Header<'a>, usize) {
    if let Some((name, value)) = split(&raw[at..end]) {
        let sure = !header.junk;
        header.fields.push(Field { name: name.to_ascii_lowercase(), value: &raw[end - value.len()..end], sure });
    }
    skip_rest(raw, end, header, stop)
}

fn skip_rest<'a>(raw: &'a [u8], from: usize, mut header: Header<'a>, stop: impl Fn(&[u8]) -> bool) -> (Header<'a>, usize) {
    let mut at = from;
    while at < raw.len() {
        let (end, next) = line(raw, at);
        if end == at || stop(&raw[at..end]) {
            header.beyond = Some(from..at);
            return (header, if end == at { next } else { at });
        }
        at = next;
    }
    header.beyond = Some(from..raw.len());
    (header, raw.len())
}

/// Where the header begins that stands below empty lines; 0 where none does.
fn without_leading_blank(raw: &[u8]) -> usize {
    let at = raw.iter().take(1000).position(|c| !c.is_ascii_whitespace()).unwrap_or(0);
    let begins_line = at > 0 && raw[at - 1] == b'\n';
    let (end, _) = line(raw, at);
    if begins_line && (known::is_field(&raw[at..end]) || raw[at..].starts_with(b"From ")) { at } else { 0 }
}

fn is_folded(content: &[u8]) -> bool {
    matches!(content.first(), Some(b' ' | b'\t'))
}

/// `filename=a.pdf` below `Content-Disposition: attachment;`: folded without the white space that says so.
fn is_parameter(header: &Header<'_>, content: &[u8]) -> bool {
    let open = header.fields.last().is_some_and(|it| it.value.trim_ascii_end().ends_with(b";"));
    open && params::starts_parameter(content)
}

fn blank(content: &[u8]) -> bool {
    content.iter().all(u8::is_ascii_whitespace)
}

/// Whether the line at `at` goes on with a header: a field or a folded line that says something.
fn continues(raw: &[u8], at: usize) -> bool {
    let (end, _) = line(raw, at.min(raw.len()));
    let content = &raw[at.min(raw.len())..end];
    split(content).is_some() || (is_folded(content) && !blank(content))
}

fn extend<'a>(header: &mut Header<'a>, raw: &'a [u8], end: usize) {
    if let Some(last) = header.fields.last_mut() {
        let start = last.value.as_ptr().addr() - raw.as_ptr().addr();
        last.value = &raw[start..end];
    }
}

/// `Name: value`; a name is at most 76 visible characters, white space before the colon forgiven.
pub(super) fn split(content: &[u8]) -> Option<(&str, &[u8])> {
    let colon = content.iter().take(128).position(|c| *c == b':')?;
    let name = std::str::from_utf8(&content[..colon]).ok()?.trim_end();
    let fits = !name.is_empty() && name.len() <= 76 && name.bytes().all(|c| c.is_ascii_graphic());
    fits.then(|| (name, &content[colon + 1..]))
}

/// `From ann@x Tue May 10 11:28:07 2005` of an mbox, and its quoted form.
fn is_envelope_line(content: &[u8]) -> bool {
    content.starts_with(b"From ") || content.starts_with(b">From ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(raw: &str) -> (Vec<String>, &str) {
        let (header, body) = read(raw.as_bytes(), 0, |_| false);
        (header.fields.iter().map(|it| format!("{}={}", it.name, String::from_utf8_lossy(it.value).trim())).collect(), &raw[body..])
    }

    #[test]
    fn fields_are_found_with_their_folding() {
        assert_eq!(names("From ann@x Tue\nA: 1\r\n 2\r\nB : 3\r\n\r\nbody"), (vec!["a=1\r\n 2".into(), "b=3".into()], "body"));
        assert_eq!(names("A: 1\nno field here\nSubject: 2\n\nbody"), (vec!["a=1".into(), "subject=2".into()], "body"));
        assert_eq!(names("A: 1\nDear all,\nwell then"), (vec!["a=1".into()], "Dear all,\nwell then"));
        assert_eq!(names("just words"), (vec![], "just words"));
        assert_eq!(names("A: 1\n \nbody"), (vec!["a=1".into()], "body"));
    }

    #[test]
    fn a_parameter_on_a_line_of_its_own_needs_no_white_space_before_it() {
        let raw = "Content-Type: text/plain;\ncharset=utf-8;\nname=\"a: b\"\nB: 2;\n\nx=1";
        assert_eq!(names(raw), (vec!["content-type=text/plain;\ncharset=utf-8;\nname=\"a: b\"".into(), "b=2;".into()], "x=1"));
        assert_eq!(names("A: 1\nb=2\n\nbody"), (vec!["a=1".into()], "b=2\n\nbody"));
    }

    #[test]
    fn a_header_goes_on_behind_lines_that_are_no_fields() {
        let fields = |raw: &str| {
            let (header, body) = read(raw.as_bytes(), 0, |_| false);
            (header.fields.iter().map(|it| it.name.clone()).collect::<Vec<_>>().join(" "), raw[body..].to_owned())
        };
        for (raw, found) in [
            ("From: a\nline two of a form\n folded\nUser-Agent: x\nMIME-Version: 1.0\n\nHello", "from user-agent mime-version"),
            ("Received: a\njunk from antivirus\nARC-Seal: i=1\nFrom: a\n\nHello", "received arc-seal from"),
            ("From: a\njunk one\njunk two\nVia: x\n more\njunk three\nMIME-Version: 1.0\n\nHello", "from via mime-version"),
            ("To: a@x.test,\nb@x.test,\nc@x.test\nSubject: Hi\n\nHello", "to subject"),
            ("From: a\njunk\nImportance: high\n\nHello", "from importance"),
            ("junk\nFrom: a\nSubject: x\n\nHello", "from subject"),
        ] {
            assert_eq!(fields(raw), (found.to_owned(), "Hello".to_owned()), "{raw}");
        }
        assert_eq!(names("A: 1\njunk\n folded\nSubject: 2\n\nbody").0, ["a=1", "subject=2"]);
    }

    #[test]
    fn a_body_that_begins_without_an_empty_line_is_no_header() {
        for (header, body) in [
            ("From: a\nSubject: x\n", "Hello all,\nFrom: me\nSubject: mine\n\nbye"),
            ("From: a\nSubject: x\n", "Hello all,\nwe need this soon.\nPriority: high\n\nbye"),
            ("From: a\n", "Hello all,\n\nSubject: below\n\nbye"),
            ("", "Hello all,\nwhat is this?\nFrom: Ann\n\nbye"),
        ] {
            let raw = format!("{header}{body}");
            assert_eq!(names(&raw).1, body, "{raw}");
        }
        let part = b"--b\nContent-Type: text/plain\nHello\nFrom: Ann\n\nbye";
        let (found, body) = read(part, 4, |_| false);
        assert_eq!((found.fields.len(), &part[body..]), (1, &b"Hello\nFrom: Ann\n\nbye"[..]));
    }

    #[test]
    fn a_carriage_return_alone_ends_a_field_where_another_begins() {
        let raw = b"From: a\nSubject: Hi\rDate: b\rhow\rMessage-ID: <c@x>\nX-A: d\n\nbody";
        let (header, body) = read(raw, 0, |_| false);
        let all: Vec<_> = header.fields.iter().map(|it| format!("{}={}", it.name, String::from_utf8_lossy(it.value).trim())).collect();
        assert_eq!(all, ["from=a", "subject=Hi", "date=b\rhow", "message-id=<c@x>", "x-a=d"]);
        assert_eq!(&raw[body..], b"body");
        assert_eq!(header.fields.iter().map(|it| it.sure).collect::<Vec<_>>(), [true, false, false, false, true]);
    }

    #[test]
    fn what_a_server_does_not_read_as_a_field_makes_those_below_it_unsure() {
        for raw in ["X-A: b;\nc=d\nTo: v@b.test\n\n", "X-A: b\nFrom zzz\nTo: v@b.test\n\n", "To: v@b.test\rX-A: b\n\n"] {
            let (header, _) = read(raw.as_bytes(), 0, |_| false);
            assert!(header.fields.iter().any(|it| it.name == "to" && !it.sure), "{raw}");
        }
        let (header, _) = read(b"From zzz\nTo: v@b.test\n\n", 0, |_| false);
        assert!(header.fields.iter().all(|it| it.sure), "an mbox begins so");
    }

    #[test]
    fn a_character_that_was_folded_is_whole() {
        let header = Header::default();
        for (value, text) in [
            (&b"a\xc3\r\n \xb6b"[..], "aöb"),
            (b"\xd0\x9f\xd0\xb5\xd1\n\t\x80 \xc3\xb6", "Пер ö"),
            (b"\xc3\xb6\r\n \xc3\xb6", "ö\r\n ö"),
            (b"caf\xe9\r\n \xe9", "café\r\n é"),
        ] {
            assert_eq!(String::from_utf8_lossy(&header.unicode(value)), text);
        }
    }

    #[test]
    fn many_lines_that_are_no_fields_take_no_longer_than_their_number() {
        for piece in ["words\n", "words\nX-A: b\n", "words\n\n", "Via: x\nwords\n", "\rVia: x", "\rTo: x"] {
            let raw = format!("From: a\n{}", piece.repeat(1 << 17));
            let _ = read(raw.as_bytes(), 0, |_| false);
        }
    }

    #[test]
    fn a_header_without_end_is_bounded_and_the_rest_is_kept() {
        let raw = "A: 1\n".repeat(5000) + "\nbody";
        let (header, body) = read(raw.as_bytes(), 0, |_| false);
        assert_eq!((header.fields.len(), &raw[body..]), (1000, "body"));
        assert_eq!(header.beyond.map(|it| it.len()), Some(4000 * 5));
    }
}
