//! The little of MIME that an IMAP server has to know: headers, and where the parts begin and end.

/// Deeper parts are not looked for.
const DEEPEST: usize = 20;

/// The header with the empty line that ends it.
pub(super) fn header(raw: &[u8]) -> &[u8] {
    &raw[..split(raw)]
}

/// What follows the header.
pub(super) fn body(raw: &[u8]) -> &[u8] {
    &raw[split(raw)..]
}

fn split(raw: &[u8]) -> usize {
    if raw.starts_with(b"\r\n") {
        return 2;
    }
    raw.windows(4).position(|it| it == b"\r\n\r\n").map_or(raw.len(), |at| at + 4)
}

/// The header fields of a message: the name, and the whole field with its line ends.
pub(super) fn fields(raw: &[u8]) -> Vec<(String, &[u8])> {
    let mut fields: Vec<(String, &[u8])> = Vec::new();
    let (mut start, mut at) = (0, 0);
    let header = header(raw);
    while at < header.len() {
        let end = header[at..].iter().position(|it| *it == b'\n').map_or(header.len(), |it| at + it + 1);
        let folded = matches!(header.get(end), Some(b' ' | b'\t'));
        if !folded {
            let field = &header[start..end];
            if let Some(colon) = field.iter().position(|it| *it == b':') {
                fields.push((String::from_utf8_lossy(&field[..colon]).trim().to_owned(), field));
            }
            start = end;
        }
        at = end;
    }
    fields
}

/// The value of the first field of this name, unfolded.
pub(super) fn field(raw: &[u8], name: &str) -> Option<String> {
    let (_, field) = fields(raw).into_iter().find(|(it, _)| it.eq_ignore_ascii_case(name))?;
    let text = String::from_utf8_lossy(field).replace("\r\n", "");
    Some(text.split_once(':')?.1.trim().to_owned())
}

/// The fields that are wanted, as they stand, and the empty line.
pub(super) fn fields_that(raw: &[u8], wanted: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, field) in fields(raw) {
        if wanted(&name) {
            out.extend_from_slice(field);
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// `type/subtype` in lower case, and the parameters.
pub(super) struct ContentType {
    pub(super) main: String,
    pub(super) sub: String,
    pub(super) parameters: Vec<(String, String)>,
}

impl ContentType {
    pub(super) fn of(raw: &[u8]) -> Self {
        let value = field(raw, "Content-Type").unwrap_or_else(|| "text/plain; charset=us-ascii".to_owned());
        let (kind, parameters) = parameters(&value);
        let (main, sub) = kind.split_once('/').unwrap_or(("text", "plain"));
        Self { main: main.trim().to_lowercase(), sub: sub.trim().to_lowercase(), parameters }
    }

    fn boundary(&self) -> Option<&str> {
        let named = |(name, value): &'_ (String, String)| (name == "boundary").then_some(value.clone());
        let found = self.parameters.iter().position(|it| named(it).is_some())?;
        (self.main == "multipart").then(|| self.parameters[found].1.as_str()).filter(|it| !it.is_empty())
    }
}

/// `value; name=word; name="words"` taken apart; names in lower case.
pub(super) fn parameters(value: &str) -> (String, Vec<(String, String)>) {
    let (mut pieces, mut quoted, mut piece) = (Vec::new(), false, String::new());
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => pieces.push(std::mem::take(&mut piece)),
            c => piece.push(c),
        }
    }
    pieces.push(piece);
    let mut pieces = pieces.into_iter();
    let first = pieces.next().unwrap_or_default().trim().to_owned();
    let named = pieces.filter_map(|it| it.split_once('=').map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())));
    (first, named.collect())
}

/// The parts of a multipart, each with its own header; none when it is not one.
pub(super) fn parts(raw: &[u8]) -> Option<Vec<&[u8]>> {
    let kind = ContentType::of(raw);
    let boundary = kind.boundary()?;
    let delimiter = format!("--{boundary}").into_bytes();
    let (body, mut parts, mut start, mut at) = (body(raw), Vec::new(), None, 0);
    while at < body.len() {
        let end = body[at..].iter().position(|it| *it == b'\n').map_or(body.len(), |it| at + it + 1);
        let line = body[at..end].trim_ascii_end();
        if let Some(rest) = line.strip_prefix(delimiter.as_slice())
            && (rest.is_empty() || rest == b"--")
        {
            if let Some(start) = start {
                // The line end before a delimiter belongs to it (RFC 2046 §5.1.1).
                parts.push(body[start..at].strip_suffix(b"\r\n").unwrap_or(&body[start..at]));
            }
            start = Some(end);
            if rest == b"--" {
                return Some(parts);
            }
        }
        at = end;
    }
    if let Some(start) = start.filter(|it| *it < body.len()) {
        parts.push(&body[start..]);
    }
    Some(parts)
}

/// The part at a path of numbers from 1 (RFC 3501 §6.4.5), with its own header.
pub(super) fn part<'a>(raw: &'a [u8], path: &[usize]) -> Option<&'a [u8]> {
    let (first, rest) = path.split_first()?;
    if path.len() > DEEPEST {
        return None;
    }
    let found = match parts(raw) {
        Some(parts) => parts.get(first.checked_sub(1)?).copied()?,
        None if *first == 1 => raw,
        None => return None,
    };
    if rest.is_empty() {
        return Some(found);
    }
    let kind = ContentType::of(found);
    if kind.main == "message" && kind.sub == "rfc822" { part(body(found), rest) } else { part(found, rest) }
}

/// The message inside the `message/rfc822` part at a path.
pub(super) fn message_in<'a>(raw: &'a [u8], path: &[usize]) -> Option<&'a [u8]> {
    let found = part(raw, path)?;
    let kind = ContentType::of(found);
    (kind.main == "message" && kind.sub == "rfc822").then(|| body(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &[u8] = b"Subject: a\r\n b\r\nContent-Type: multipart/mixed; boundary=\"x;y\"\r\n\r\npreamble\r\n--x;y\r\n\r\none\r\n--x;y\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntwo\r\n--x;y--\r\n";

    #[test]
    fn parts_are_found_by_their_path() {
        assert_eq!(part(MAIL, &[1]).map(body), Some(b"one".as_slice()));
        assert_eq!(message_in(MAIL, &[2]).and_then(|it| field(it, "subject")).as_deref(), Some("inner"));
        assert_eq!(part(MAIL, &[2, 1]).map(body), Some(b"two".as_slice()));
        assert_eq!(part(MAIL, &[3]), None);
        assert_eq!(part(b"A: b\r\n\r\nonly", &[1]).map(body), Some(b"only".as_slice()));
    }

    #[test]
    fn a_folded_field_is_one() {
        assert_eq!(field(MAIL, "SUBJECT").as_deref(), Some("a b"));
        assert_eq!(fields_that(MAIL, |it| it == "Subject"), b"Subject: a\r\n b\r\n\r\n");
    }
}
