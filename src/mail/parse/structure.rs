//! The parts of a message (RFC 2046), found in one pass over its lines, however they nest.

use super::{
    charset,
    header::{self, Header},
    params,
    transfer::Encoding,
};

/// Bounds of SAFETY.md: how deep multiparts nest, and how many parts a message has.
const DEEPEST: usize = 50;
const MOST_PARTS: usize = 500;

/// One part, whose octets still lie in the message.
#[derive(Debug)]
pub struct Part<'a> {
    /// Where its header begins in the message.
    pub starts: usize,
    /// Its own header; the message's, for the first part.
    pub header: Header<'a>,
    /// Content-Type read, with the default filled in: `text/plain`.
    pub media: params::Value,
    /// Content-Disposition read.
    pub disposition: params::Value,
    /// Without the line break before the boundary; of a multipart, what stands before its first part.
    pub body: &'a [u8],
    /// Indices of its parts; of a leaf, none.
    pub children: Vec<usize>,
    /// It was opened: it is a multipart.
    pub multipart: bool,
    /// By a boundary that was guessed: what stands before its first part may be meant for people.
    pub guessed: bool,
}

impl Part<'_> {
    /// How its octets are encoded for transport.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        let said = self.header.all("content-transfer-encoding").map(|it| Encoding::named(&String::from_utf8_lossy(it)));
        // Where a gateway added another field, the one that tells of a code counts.
        said.fold(Encoding::Identity, |first, next| if first == Encoding::Identity { next } else { first })
    }

    /// The file name, where RFC 2183 has it, where it stood before that, or where a program mixed the two up.
    #[must_use]
    pub fn filename(&self) -> Option<&str> {
        let (media, disposition) = (&self.media, &self.disposition);
        // In a form it is the name of the field.
        let second = || disposition.param("name").filter(|_| disposition.main != "form-data");
        disposition.param("filename").or_else(|| media.param("name")).or_else(second).or_else(|| media.param("filename"))
    }
}

impl Part<'_> {
    /// Raw octets in its parameters are most likely of the character set that the text names.
    fn read_names_as(&mut self, charset: Option<&str>) {
        let raw = |name: &str| self.header.first(name).filter(|it| std::str::from_utf8(it).is_err());
        let again = |value: &[u8]| params::read(charset::decode(value, charset).text.as_bytes());
        let (media, disposition) = (raw("content-type").map(again), raw("content-disposition").map(again));
        if let Some(read) = media {
            self.media.params = read.params;
        }
        if let Some(read) = disposition {
            self.disposition = read;
        }
    }
}

/// A message taken apart.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    /// The message first; never empty.
    pub parts: Vec<Part<'a>>,
    /// What was broken or struck a bound.
    pub warnings: Vec<String>,
}

/// An open multipart.
struct Level {
    part: usize,
    boundary: Vec<u8>,
    closed: bool,
}

enum Delimiter {
    Opens(usize),
    Closes(usize),
}

/// Takes a message apart. Never fails: what cannot be understood stays a leaf.
#[must_use]
pub fn read(raw: &[u8]) -> Tree<'_> {
    let mut walk = Walk { raw, tree: Tree::default(), levels: Vec::new(), open: None, guesses: MOST_GUESSES };
    let mut at = walk.begin(0, None);
    while at < raw.len() {
        let (end, next) = header::line(raw, at);
        match walk.delimiter(&raw[at..end]) {
            None => at = next,
            Some(Delimiter::Opens(level)) => {
                walk.finish(at);
                walk.levels.truncate(level + 1);
                if walk.tree.parts.len() >= MOST_PARTS {
                    walk.keep_rest(at);
                    break;
                }
                at = walk.begin(next, Some(level));
            }
            Some(Delimiter::Closes(level)) => {
                walk.finish(at);
                walk.levels.truncate(level + 1);
                walk.levels[level].closed = true;
                at = next;
            }
        }
    }
    walk.finish(raw.len());
    let said = walk.tree.parts.iter().filter(|it| it.media.main.starts_with("text/")).find_map(|it| it.media.param("charset"));
    let said = said.map(str::to_owned);
    if said.is_some() {
        walk.tree.parts.iter_mut().for_each(|it| it.read_names_as(said.as_deref()));
    }
    walk.tree.parts[0].header.charset = said;
    walk.tree
}

struct Walk<'a> {
    raw: &'a [u8],
    tree: Tree<'a>,
    levels: Vec<Level>,
    /// The part whose body is being passed, and where that began.
    open: Option<(usize, usize)>,
    /// How often a boundary may still be guessed.
    guesses: usize,
}

impl Walk<'_> {
    /// Reads a part's header at `at`; gives where its body begins.
    fn begin(&mut self, at: usize, level: Option<usize>) -> usize {
        let parent = level.map(|it| self.levels[it].part);
        let (header, body) = header::read(self.raw, at, |line| self.delimiter(line).is_some());
        let in_digest = parent.is_some_and(|it| self.tree.parts[it].media.main == "multipart/digest");
        let media = media(&header, in_digest);
        let disposition = header.first("content-disposition").map(params::read).unwrap_or_default();
        let index = self.tree.parts.len();
        let boundary = self.boundary(&media, body);
        self.tree.parts.push(Part {
            starts: at,
            header,
            media,
            disposition,
            body: &[],
            children: Vec::new(),
            multipart: boundary.is_some(),
            guessed: boundary.as_ref().is_some_and(|(_, guessed)| *guessed),
        });
        if let Some(parent) = parent {
            self.tree.parts[parent].children.push(index);
        }
        if let Some((boundary, _)) = boundary {
            self.levels.push(Level { part: index, boundary, closed: false });
        }
        self.open = Some((index, body));
        body
    }

    /// The boundary of a multipart, and whether it was guessed.
    fn boundary(&mut self, media: &params::Value, body: usize) -> Option<(Vec<u8>, bool)> {
        if !media.main.starts_with("multipart/") {
            return None;
        }
        if self.levels.len() >= DEEPEST {
            self.warn("parts nest more than 50 deep; what lies deeper is kept as an attachment");
            return None;
        }
        let named = media
            .param("boundary")
            .map(|it| it.split(" (").next().unwrap_or(it).trim_end().as_bytes().to_vec())
            .filter(|it| !it.is_empty());
        let body = &self.raw[body.min(self.raw.len())..];
        if let Some(named) = named {
            let near = &body[..body.len().min(GUESSED_WITHIN)];
            let is_delimiter = |line: &[u8]| line.strip_prefix(b"--").is_some_and(|it| it.starts_with(&named));
            let is_near = near.split(|c| *c == b'\n').any(is_delimiter);
            let other = if is_near { None } else { self.guess_boundary(near) };
            if other.is_some() {
                self.warn("a multipart names a boundary that is not its own; it was guessed");
            }
            return Some(other.map_or((named, false), |it| (it, true)));
        }
        self.warn("a multipart names no boundary; it was guessed");
        self.guess_boundary(body).map(|it| (it, true))
    }

    /// The mark of the first line that opens a part, `--mark` above a field or an empty line, if it is met again before a
    /// multipart around this one goes on.
    fn guess_boundary(&mut self, body: &[u8]) -> Option<Vec<u8>> {
        let near = &body[..body.len().min(GUESSED_WITHIN)];
        let far = &body[..body.len().min(GUESSED_WITHIN * 4)];
        let mut left = self.guesses;
        let mut lines = near.split(|c| *c == b'\n').take_while(|it| self.delimiter(it).is_none()).peekable();
        let mut found = None;
        while let Some(line) = lines.next().filter(|_| left > 0 && found.is_none()) {
            let Some(mark) = mark(line).filter(|_| lines.peek().is_some_and(|it| begins_part(it))) else { continue };
            let below = &far[line.as_ptr().addr() - body.as_ptr().addr() + line.len()..];
            let mut again = below.split(|c| *c == b'\n').filter_map(self::mark).take(5_000);
            found = again.any(|it| it.starts_with(mark)).then(|| mark.to_vec());
            left -= 1;
        }
        drop(lines);
        self.guesses = left.saturating_sub(1);
        found
    }

    /// Exact matches of the innermost multipart first: one boundary may begin like another.
    fn delimiter(&self, line: &[u8]) -> Option<Delimiter> {
        let mark = line.strip_prefix(b"--")?.trim_ascii_end();
        let opens = |closed: bool| self.levels.iter().rposition(|it| it.closed == closed && it.boundary == mark);
        if let Some(level) = opens(false).or_else(|| opens(true)) {
            return Some(Delimiter::Opens(level));
        }
        let closes = |it: &Level| mark.strip_prefix(&it.boundary[..]).is_some_and(|rest| rest.starts_with(b"--"));
        // One that is open first: an inner multipart may have the outer one's boundary.
        let open = self.levels.iter().rposition(|it| !it.closed && closes(it));
        open.or_else(|| self.levels.iter().rposition(closes)).map(Delimiter::Closes)
    }

    /// The open part's body ends before `at`, without the line break there (RFC 2046 §5.1.1).
    fn finish(&mut self, at: usize) {
        let Some((index, start)) = self.open.take() else { return };
        let mut body = &self.raw[start.min(at)..at];
        if at < self.raw.len() {
            body = body.strip_suffix(b"\n").unwrap_or(body);
            body = body.strip_suffix(b"\r").unwrap_or(body);
        }
        self.tree.parts[index].body = body;
    }

    fn keep_rest(&mut self, at: usize) {
        self.warn("the message has more than 500 parts; the rest is kept as one attachment");
        let media = params::Value { main: "application/octet-stream".into(), params: Vec::new() };
        let disposition = params::Value { main: "attachment".into(), params: Vec::new() };
        let index = self.tree.parts.len();
        self.tree.parts.push(Part {
            starts: at,
            header: Header::default(),
            media,
            disposition,
            body: &self.raw[at..],
            children: Vec::new(),
            multipart: false,
            guessed: false,
        });
        self.tree.parts[0].children.push(index);
    }

    fn warn(&mut self, text: &str) {
        if !self.tree.warnings.iter().any(|it| it == text) {
            self.tree.warnings.push(text.to_owned());
        }
    }
}

/// A boundary is looked for so far, in octets, and so many lines of a message are taken for one.
const GUESSED_WITHIN: usize = 1 << 16;
const MOST_GUESSES: usize = 50;

/// What programs make boundaries of: `---- Forwarded message ----` and a rule across the page are none.
fn mark(line: &[u8]) -> Option<&[u8]> {
    let mark = line.strip_prefix(b"--")?.trim_ascii_end();
    let is_one = mark.len() >= 2 && !mark.iter().any(u8::is_ascii_whitespace) && mark.iter().any(u8::is_ascii_alphanumeric);
    is_one.then_some(mark)
}

fn begins_part(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || header::split(line).is_some()
}

/// Content-Type with what stands for a missing or broken one (RFC 2045 §5.2).
fn media(header: &Header<'_>, in_digest: bool) -> params::Value {
    let mut value = header.first("content-type").map(params::read).unwrap_or_default();
    let main = match value.main.as_str() {
        "" if in_digest => "message/rfc822",
        "" | "text" | "plain" | "text/ascii" | "text/text" | "text/txt" | "text/unknown" | "text/plain-text" | "application/text" => {
            "text/plain"
        }
        "plain/text" | "text/plaintext" | "text/" | "text/*" => "text/plain",
        full if is_garbled(full, "text/plain") => "text/plain",
        full if is_garbled(full, "text/html") => "text/html",
        "html" | "text/htm" | "text/xhtml" | "application/xhtml+xml" => "text/html",
        "multipart" => "multipart/mixed",
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        full if full.contains('/') => full,
        _ if value.param("boundary").is_some() => "multipart/mixed",
        _ if value.param("name").is_some() => "application/octet-stream",
        _ => "text/plain",
    };
    value.main = main.to_owned();
    value
}

/// `text/plain: charset=utf-8`, `text/plain/utf-8`.
fn is_garbled(full: &str, media: &str) -> bool {
    full.strip_prefix(media).is_some_and(|it| it.starts_with([':', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(raw: &str) -> Vec<(String, String)> {
        let tree = read(raw.as_bytes());
        let leaf = |it: &&Part<'_>| !it.multipart;
        tree.parts.iter().filter(leaf).map(|it| (it.media.main.clone(), String::from_utf8_lossy(it.body).into_owned())).collect()
    }

    #[test]
    fn an_outer_boundary_ends_what_was_left_open_within() {
        let raw = "Content-Type: multipart/mixed; boundary=ab\n\n--ab\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--ab\n\ntwo\n--ab--\nend";
        assert_eq!(leaves(raw), [("text/plain".into(), "one".into()), ("text/plain".into(), "two".into())]);
    }

    #[test]
    fn a_message_in_a_message_is_not_opened() {
        let raw = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a--";
        let found = leaves(raw);
        assert_eq!(found.len(), 1);
        assert!(found[0].1.ends_with("--b--"));
    }

    #[test]
    fn depth_and_number_are_bounded_and_nothing_is_dropped() {
        let deep: String = (0..200).map(|i| format!("Content-Type: multipart/mixed; boundary=b{i}\n\n--b{i}\n")).collect();
        assert!(read(deep.as_bytes()).parts.len() <= DEEPEST + 2);
        let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(2000));
        let tree = read(wide.as_bytes());
        assert_eq!(tree.parts.len(), MOST_PARTS + 1);
        assert_eq!(tree.parts[MOST_PARTS].body.len(), (2000 - (MOST_PARTS - 1)) * 7);
        assert_eq!(tree.warnings.len(), 1);
    }

    #[test]
    fn a_boundary_that_is_not_named_is_found() {
        assert_eq!(leaves("Content-Type: multipart/mixed\n\n--xyz\n\none\n--xyz--\n"), [("text/plain".into(), "one".into())]);
        for (raw, found) in [
            ("Content-Type: multipart/mixed; boundary=\"\"\n\n--bb\nContent-Type: text/plain\n\none\n--bb--\n", &["one"][..]),
            (
                "Content-Type: multipart/mixed; boundary=z\n\nThis is in MIME format.\n\n--xyz\nContent-Type: text/html\n\none\n--xyz--\n",
                &["one"][..],
            ),
            ("Content-Type: multipart/mixed; boundary=z\n\n--xyz\n\none\n--xyz\n\ntwo\n--xyz--\n", &["one", "two"]),
            (
                "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=z\n\n--a\n\ntwo\n--a--\n",
                &["two"],
            ),
        ] {
            assert_eq!(leaves(raw).into_iter().map(|(_, it)| it).collect::<Vec<_>>(), found, "{raw}");
        }
        for body in ["Hello\n---- Forwarded ----\nFrom: x\n---- Forwarded ----\n", "Hello\n--------\n\nx\n--------\n", "--a-b\nc\n--a-b\n"]
        {
            assert!(!read(format!("Content-Type: multipart/mixed\n\n{body}").as_bytes()).parts[0].multipart, "{body}");
        }
        let _ =
            read(format!("Content-Type: multipart/mixed\n\n{}", (0..100_000).map(|i| format!("--{i}\n\n")).collect::<String>()).as_bytes());
    }
}
