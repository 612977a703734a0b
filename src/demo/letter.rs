//! A mail as people's programs write it: header, text, HTML, pictures, files (RFC 5322, RFC 2045 to 2047, RFC 2231).
//!
//! Not `mail/compose.rs`: that is the desk's own hand, and the desk knows its own mail again.

use data_encoding::BASE64;
use encoding_rs::Encoding;
use jiff::Zoned;

use crate::{clock::random_token, desk::address::Named};

/// Everything of a mail.
#[derive(Clone, Debug)]
pub struct Letter {
    /// Who writes.
    pub from: Named,
    /// To whom.
    pub to: Vec<Named>,
    /// And to whom besides.
    pub cc: Vec<Named>,
    /// One line.
    pub subject: String,
    /// When, by the writer's own clock and zone.
    pub date: Zoned,
    /// Without brackets.
    pub message_id: String,
    /// The mail it answers, without brackets.
    pub in_reply_to: Option<String>,
    /// The thread so far, oldest first, without brackets.
    pub references: Vec<String>,
    /// Further fields, ASCII: `X-Spam-Flag`, `YES`.
    pub fields: Vec<(String, String)>,
    /// What it says.
    pub body: Body,
}

/// What a mail says; at least one of text and HTML.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// The plain form.
    pub text: Option<String>,
    /// The HTML form.
    pub html: Option<String>,
    /// In which charset; empty: UTF-8. What it cannot write becomes a numeric reference, as in mail programs.
    pub charset: String,
    /// A picture that the HTML shows by `cid:` and the file's name.
    pub inline: Option<File>,
    /// What is attached.
    pub files: Vec<File>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its type: `image/png`.
    pub content_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl Letter {
    /// A new mail, dated and numbered; its Message-ID is of the writer's own domain.
    #[must_use]
    pub fn new(from: Named, to: Named, subject: &str, body: Body, date: Zoned) -> Self {
        let message_id = format!("{}@{}", random_token(), from.address.domain());
        Self {
            from,
            to: vec![to],
            cc: Vec::new(),
            subject: subject.to_owned(),
            date,
            message_id,
            in_reply_to: None,
            references: Vec::new(),
            fields: Vec::new(),
            body,
        }
    }

    /// The finished octets, ASCII with CRLF line ends.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        let mut header = String::new();
        let mut field = |name: &str, value: &str| header.push_str(&format!("{name}: {value}\r\n"));
        field("Date", &jiff::fmt::rfc2822::to_string(&self.date).unwrap_or_default());
        field("From", &people(std::slice::from_ref(&self.from)));
        field("To", &people(&self.to));
        if !self.cc.is_empty() {
            field("Cc", &people(&self.cc));
        }
        field("Subject", &words(&self.subject));
        field("Message-ID", &bracketed(&self.message_id));
        if let Some(id) = &self.in_reply_to {
            field("In-Reply-To", &bracketed(id));
        }
        if !self.references.is_empty() {
            field("References", &self.references.iter().map(|it| bracketed(it)).collect::<Vec<_>>().join("\r\n "));
        }
        for (name, value) in &self.fields {
            field(name, &one_line(value));
        }
        field("MIME-Version", "1.0");
        header.push_str(&self.body.part());
        header.into_bytes()
    }
}

impl Body {
    /// The body as one part: its content fields, an empty line, its content.
    fn part(&self) -> String {
        let words = match (&self.text, &self.html) {
            (Some(text), Some(html)) => multipart("alternative", &[self.written("plain", text), self.pictured(html)]),
            (None, Some(html)) => self.pictured(html),
            (text, None) => self.written("plain", text.as_deref().unwrap_or_default()),
        };
        if self.files.is_empty() {
            return words;
        }
        let files = self.files.iter().map(|it| it.part("attachment"));
        multipart("mixed", &std::iter::once(words).chain(files).collect::<Vec<_>>())
    }

    fn pictured(&self, html: &str) -> String {
        let html = self.written("html", html);
        match &self.inline {
            Some(picture) => multipart("related", &[html, picture.part("inline")]),
            None => html,
        }
    }

    fn written(&self, kind: &str, text: &str) -> String {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
        let charset = Encoding::for_label(self.charset.as_bytes()).unwrap_or(encoding_rs::UTF_8);
        let (octets, _, _) = charset.encode(&text);
        let name = if self.charset.is_empty() { "utf-8" } else { &self.charset };
        format!(
            "Content-Type: text/{kind}; charset={name}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}",
            quoted_printable(&octets)
        )
    }
}

impl File {
    fn part(&self, disposition: &str) -> String {
        let id = if disposition == "inline" { format!("Content-ID: <{}>\r\n", self.name) } else { String::new() };
        let name: String = self
            .name
            .bytes()
            .map(|it| if it.is_ascii_alphanumeric() || b".-_".contains(&it) { char::from(it).to_string() } else { format!("%{it:02X}") })
            .collect();
        format!(
            "Content-Type: {}\r\n{id}Content-Disposition: {disposition}; filename*=utf-8''{name}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
            one_line(&self.content_type),
            in_lines(&BASE64.encode(&self.bytes))
        )
    }
}

fn multipart(kind: &str, parts: &[String]) -> String {
    let boundary = random_token();
    let mut whole = format!("Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        whole.push_str(&format!("--{boundary}\r\n{part}\r\n"));
    }
    whole + &format!("--{boundary}--\r\n")
}

/// RFC 2045 §6.7.
fn quoted_printable(octets: &[u8]) -> String {
    let lines: Vec<&[u8]> = octets.split(|it| *it == b'\n').map(|it| it.strip_suffix(b"\r").unwrap_or(it)).collect();
    let mut out = String::new();
    for (at, line) in lines.iter().enumerate() {
        let mut room = 75;
        for (i, octet) in line.iter().enumerate() {
            let at_end = i + 1 == line.len();
            let plain = matches!(octet, 33..=60 | 62..=126) || (matches!(octet, b' ' | b'\t') && !at_end);
            let piece = if plain { char::from(*octet).to_string() } else { format!("={octet:02X}") };
            if piece.len() > room {
                out.push_str("=\r\n");
                room = 75;
            }
            room -= piece.len();
            out.push_str(&piece);
        }
        if at + 1 < lines.len() {
            out.push_str("\r\n");
        }
    }
    out
}

fn in_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 38);
    let mut rest = text;
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(76));
        out.push_str(line);
        out.push_str("\r\n");
        rest = more;
    }
    out
}

fn people(all: &[Named]) -> String {
    let one = |it: &Named| match it.name.as_deref().map(one_line).filter(|it| !it.is_empty()) {
        Some(name) if name.is_ascii() => format!("\"{}\" <{}>", name.replace(['\\', '"'], ""), it.address),
        Some(name) => format!("{} <{}>", words(&name), it.address),
        None => it.address.to_string(),
    };
    all.iter().map(one).collect::<Vec<_>>().join(",\r\n ")
}

/// Text in a header: as it is, or in encoded words of at most 75 characters (RFC 2047 §2).
fn words(text: &str) -> String {
    let text = one_line(text);
    if text.is_ascii() && text.len() < 900 && !text.contains("=?") {
        return text;
    }
    let mut pieces = vec![String::new()];
    for c in text.chars() {
        if pieces.last().is_some_and(|it| it.len() + c.len_utf8() > 45) {
            pieces.push(String::new());
        }
        if let Some(last) = pieces.last_mut() {
            last.push(c);
        }
    }
    pieces.iter().map(|it| format!("=?utf-8?B?{}?=", BASE64.encode(it.as_bytes()))).collect::<Vec<_>>().join("\r\n ")
}

fn bracketed(id: &str) -> String {
    format!("<{}>", id.chars().filter(|it| it.is_ascii_graphic() && !matches!(it, '<' | '>')).collect::<String>())
}

/// No line break from outside enters a header.
fn one_line(text: &str) -> String {
    text.split(char::is_control).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::parse;

    fn letter(body: Body) -> Letter {
        let named = |name: &str, address: &str| Named { name: Some(name.to_owned()), address: address.parse().unwrap() };
        Letter {
            in_reply_to: Some("a@b\r\nBcc: evil@x.test".to_owned()),
            references: vec!["one@b".to_owned(), "a@b".to_owned()],
            ..Letter::new(
                named("山田 花子", "hanako@yamada.test"),
                named("Skerry \"Support\"", "support@desk.test"),
                "Grüße,\r\nBcc: x@y.test und noch ein langer Betreff, der nicht in eine Zeile passt – 山田",
                body,
                Zoned::now(),
            )
        }
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let file = |name: &str| File { name: name.to_owned(), content_type: "image/png".to_owned(), bytes: vec![0, 1, 255, 13, 10] };
        let text = "Guten Tag =\n.\nein Satz mit Leerzeichen am Ende \nund einer sehr langen Zeile, die über 76 Zeichen hinausgeht, weil niemand hier umbricht. 花";
        let html = "<p>Guten Tag <img src=\"cid:bild.png\"></p>";
        let body = Body {
            text: Some(text.to_owned()),
            html: Some(html.to_owned()),
            inline: Some(file("bild.png")),
            files: vec![file("Ärger \"1\".png")],
            ..Body::default()
        };
        let letter = letter(body);
        let octets = letter.octets();
        assert!(octets.is_ascii());
        let read = parse::read(&octets);
        assert_eq!(read.warnings, Vec::<String>::new());
        assert_eq!(read.text.trim_end(), text);
        assert_eq!(read.author().unwrap().name.as_deref(), Some("山田 花子"));
        assert!(read.subject.starts_with("Grüße, Bcc: x@y.test") && read.subject.ends_with("– 山田"), "{}", read.subject);
        assert_eq!(read.message_id.unwrap().as_str(), letter.message_id);
        assert_eq!(read.references.len(), 2);
        let files: Vec<_> = read.attachments.iter().map(|it| (it.filename.as_deref().unwrap(), it.inline, it.bytes.len())).collect();
        assert_eq!(files, [("bild.png", true, 5), ("Ärger \"1\".png", false, 5)]);
    }

    #[test]
    fn an_old_charset_is_read_back() {
        for (charset, text) in [("iso-2022-jp", "拝啓 山田です。"), ("windows-1251", "Здравствуйте!"), ("iso-8859-1", "Grüße")]
        {
            let body = Body { text: Some(text.to_owned()), charset: charset.to_owned(), ..Body::default() };
            assert_eq!(parse::read(&letter(body).octets()).text.trim_end(), text);
        }
    }

    #[test]
    fn no_line_break_from_outside_enters_a_header() {
        let whole = String::from_utf8(letter(Body::default()).octets()).unwrap();
        assert!(!whole.lines().any(|it| it.to_lowercase().starts_with("bcc:")), "{whole}");
        assert!(!whole.replace("\r\n", "").contains(['\r', '\n']));
    }
}
