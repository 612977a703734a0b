//! Which parts are the body a person reads, and which are attachments.

use std::collections::HashMap;

use super::{
    charset, flowed,
    location::Locations,
    rtf::Words,
    smime,
    structure::{Part, Tree},
    transfer,
};
use crate::desk::encrypted::Encrypted;

/// The body in pieces, in the order of the message, and the attachments' parts.
#[derive(Debug, Default)]
pub struct Body {
    /// What a person reads.
    pub pieces: Vec<Piece>,
    /// Indices of parts.
    pub attachments: Vec<usize>,
    /// What was guessed, and what cannot be read.
    pub warnings: Vec<String>,
    /// With what it is encrypted.
    pub encrypted: Option<Encrypted>,
    /// Ids that the HTML shows parts by which have none.
    pub shown: HashMap<usize, String>,
}

/// One stretch of the body, in the forms it was sent in.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// From `text/plain`.
    pub plain: Option<String>,
    /// From `text/html`, raw.
    pub html: Option<String>,
}

/// Walks the tree.
#[must_use]
pub fn read(tree: &Tree<'_>) -> Body {
    let mut body = Body::default();
    let named_text_only = tree.parts.iter().filter(|it| is_text(it) && !is_attachment(it)).all(|it| filename_given(it));
    let mut walk = Walk { tree, body: &mut body, locations: Locations::read(tree), may_have_name: named_text_only, form: None };
    walk.node(0);
    body.shown = walk.locations.map(|it| it.made_up).unwrap_or_default();
    tell_encrypted(tree, &mut body);
    if body.pieces.iter().all(Piece::is_blank) {
        read_preamble(tree, &mut body);
    }
    body
}

/// Nobody but the holder of a key can read it, and that is said.
fn tell_encrypted(tree: &Tree<'_>, body: &mut Body) {
    let openpgp = |it: &Part<'_>| matches!(it.media.main.as_str(), "multipart/encrypted" | "application/pgp-encrypted");
    if tree.parts.iter().any(openpgp) {
        body.encrypted = Some(Encrypted::OpenPgp);
    } else if tree.parts.iter().any(smime::is_encrypted) {
        body.encrypted = Some(Encrypted::SMime);
    } else if tree.parts.iter().any(|it| it.media.main == "application/x-microsoft-rpmsg-message") {
        body.encrypted = Some(Encrypted::Rights);
    }
    body.warnings.extend(body.encrypted.map(|it| it.to_string()));
    if let Some(part) = tree.parts.iter().find(|it| it.media.main == "message/partial") {
        let number = |name: &str| part.media.param(name).unwrap_or("?").chars().take(8).collect::<String>();
        body.warnings.push(format!("this is piece {} of {} of a message that was sent in pieces", number("number"), number("total")));
    }
}

impl Piece {
    /// Neither form says anything.
    pub fn is_blank(&self) -> bool {
        [&self.plain, &self.html].into_iter().flatten().all(|it| it.trim().is_empty())
    }
}

impl From<Words> for Piece {
    fn from(words: Words) -> Self {
        match words {
            Words::Plain(text) => Self { plain: Some(text), html: None },
            Words::Html(text) => Self { plain: None, html: Some(text) },
        }
    }
}

/// A multipart whose parts were never found has its text before them; an old mail system wrote its report there.
fn read_preamble(tree: &Tree<'_>, body: &mut Body) {
    let root = &tree.parts[0];
    let no_text = !tree.parts.iter().any(|it| !it.multipart && is_text(it) && !is_attachment(it));
    if root.multipart && no_text && (root.children.is_empty() || root.media.main == "multipart/report") {
        body.pieces.push(Piece { plain: Some(with_line_feeds(charset::decode(root.body, None).text)), html: None });
    }
}

/// `This is a multi-part message in MIME format.`, for programs that know no parts.
fn is_usual_preamble(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text.trim_ascii()).to_ascii_lowercase();
    text.is_empty() || ["mime", "multi-part", "multipart"].iter().any(|it| text.contains(it))
}

struct Walk<'t, 'r> {
    tree: &'t Tree<'r>,
    body: &'t mut Body,
    /// Of pictures that say where they lay, if any do.
    locations: Option<Locations>,
    /// The only text has a file name: it is the body all the same.
    may_have_name: bool,
    /// The part that is being read is a form of the body, whatever its name.
    form: Option<usize>,
}

impl Walk<'_, '_> {
    fn node(&mut self, index: usize) {
        let part = &self.tree.parts[index];
        if !part.multipart {
            return self.leaf(index);
        }
        if part.children.is_empty() && index > 0 && !part.body.trim_ascii().is_empty() {
            // A multipart whose parts were never found: what is there is its text.
            let text = charset::decode(&transfer::decode(part.encoding(), part.body).0, None).text;
            return self.body.pieces.push(Piece { plain: Some(with_line_feeds(text)), html: None });
        }
        if part.guessed && !is_usual_preamble(part.body) {
            self.body.pieces.push(Piece { plain: Some(with_line_feeds(charset::decode(part.body, None).text)), html: None });
        }
        match part.media.main.as_str() {
            "multipart/alternative" => self.alternative(index),
            "multipart/related" => self.related(index),
            _ => part.children.iter().for_each(|child| self.node(*child)),
        }
    }

    fn leaf(&mut self, index: usize) {
        match self.as_body(index) {
            Some(piece) => self.body.pieces.push(piece),
            None if is_pgp_control(&self.tree.parts[index]) => (),
            None => self.body.attachments.push(index),
        }
    }

    /// The body's text, if this leaf is a part of the body.
    fn as_body(&mut self, index: usize) -> Option<Piece> {
        let part = &self.tree.parts[index];
        if index == 0 && is_unlabelled(part) {
            return Some(self.words(index));
        }
        if !is_text(part) || is_attachment(part) {
            return None;
        }
        let is_file = filename_given(part) && !std::mem::take(&mut self.may_have_name);
        if is_file && self.form != Some(index) {
            return None;
        }
        Some(self.words(index))
    }

    /// What a part says, whatever text it is.
    fn words(&mut self, index: usize) -> Piece {
        let part = &self.tree.parts[index];
        let (mut bytes, broken) = transfer::decode(part.encoding(), part.body);
        self.body.warnings.extend(broken.map(str::to_owned));
        if let Some(behind) = transfer::behind(part.encoding(), part.body) {
            let bytes = bytes.to_mut();
            bytes.push(b'\n');
            bytes.extend_from_slice(behind);
        }
        let is_html = matches!(part.media.main.as_str(), "text/html" | "text/x-amp-html");
        let label = part.media.param("charset").map(str::to_owned).or_else(|| if is_html { declared(&bytes) } else { None });
        let decoded = charset::decode(&bytes, label.as_deref());
        self.body.warnings.extend(decoded.note);
        let text = with_line_feeds(decoded.text);
        if is_html {
            // Plain text that a form calls HTML: its line breaks are meant.
            let text = if text.contains('<') { text } else { text.trim().replace('\n', "<br>\n") };
            let text = self.locations.as_mut().map(|it| it.show(&text, index)).unwrap_or(text);
            Piece { plain: None, html: Some(text) }
        } else if part.media.main == "text/enriched" || part.media.main == "text/richtext" {
            Piece { plain: Some(without_marks(&text)), html: None }
        } else {
            Piece { plain: Some(flowed::unfold(text, &part.media)), html: None }
        }
    }

    /// The plain form and the HTML form say the same; other forms of the body are not attachments (RFC 2046 §5.1.4).
    fn alternative(&mut self, index: usize) {
        let (mut both, mut unused) = (Piece::default(), Vec::new());
        let at = self.body.pieces.len();
        for child in self.tree.parts[index].children.clone() {
            let part = &self.tree.parts[child];
            if !part.multipart && !is_attachment(part) && !is_body_text(part) && !filename_given(part) && is_unused_form(part) {
                unused.push(child);
                continue;
            }
            let from = self.body.pieces.len();
            // A second text of a kind, and one with a name, is a file that a program put in the wrong place.
            let known = if is_text(part) && part.media.main != "text/html" { &both.plain } else { &both.html };
            self.form = Some(child).filter(|_| known.is_none());
            self.node(child);
            for piece in self.body.pieces.drain(from..) {
                join(&mut both.plain, piece.plain);
                join(&mut both.html, piece.html);
            }
        }
        if both.is_blank() {
            match unused.iter().min_by_key(|it| effort(&self.tree.parts[**it])).filter(|it| !is_file(&self.tree.parts[**it])) {
                Some(form) => both = self.words(*form),
                None => self.body.attachments.extend(unused),
            }
        }
        if both != Piece::default() {
            self.body.pieces.insert(at, both);
        }
    }

    /// The root, and what it shows (RFC 2387).
    fn related(&mut self, index: usize) {
        let part = &self.tree.parts[index];
        let start = part.media.param("start").map(|it| it.trim_matches(['<', '>']));
        let is_start = |child: &usize| {
            let id = self.tree.parts[*child].header.text("content-id");
            id.is_some_and(|id| Some(id.trim_matches(['<', '>'])) == start)
        };
        let root = part.children.iter().copied().find(is_start).or_else(|| part.children.first().copied());
        if self.form == Some(index) {
            self.form = root;
        }
        for child in part.children.clone() {
            let is_leaf = !self.tree.parts[child].multipart;
            if Some(child) == root || !is_leaf || is_body_text(&self.tree.parts[child]) {
                self.node(child);
            } else {
                self.body.attachments.push(child);
            }
        }
    }
}

fn with_line_feeds(text: String) -> String {
    let text = if text.contains("\r\r\n") { text.replace("\r\r\n", "\n") } else { text };
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

fn join(to: &mut Option<String>, more: Option<String>) {
    match (to.as_mut(), more) {
        (Some(text), Some(more)) => {
            text.push('\n');
            text.push_str(&more);
        }
        (None, Some(more)) => *to = Some(more),
        (_, None) => (),
    }
}

fn is_text(part: &Part<'_>) -> bool {
    !part.multipart
        && matches!(
            part.media.main.as_str(),
            "text/plain" | "text/html" | "text/enriched" | "text/richtext" | "text/markdown" | "text/x-markdown"
        )
}

fn is_body_text(part: &Part<'_>) -> bool {
    is_text(part) && !part.media.main.ends_with("enriched") && !part.media.main.ends_with("richtext")
}

/// A form of the body for programs that read it better than we do; a calendar entry is something to open.
fn is_unused_form(part: &Part<'_>) -> bool {
    is_rich_text(part) || part.media.main.starts_with("text/") && part.media.main != "text/calendar"
}

/// A whole mail of a text that nobody knows is plain text (RFC 2046 §4.1.4); and so is one of letters whose type there cannot be.
fn is_unlabelled(part: &Part<'_>) -> bool {
    const KINDS: &[&str] = &["application", "audio", "example", "font", "haptics", "image", "message", "model", "video"];
    if is_text(part) || is_file(part) || filename_given(part) || !part.disposition.main.is_empty() {
        return false;
    }
    let (kind, _) = part.media.main.split_once('/').unwrap_or_default();
    kind == "text" || !KINDS.contains(&kind) && !kind.starts_with("x-") && holds_letters(part)
}

fn holds_letters(part: &Part<'_>) -> bool {
    let bytes = transfer::decode(part.encoding(), part.body).0;
    bytes.iter().take(4096).all(|c| *c >= b' ' || c.is_ascii_whitespace() || *c == 0x1b)
}

/// Of the forms that are read where there is no other: the one that loses least comes first.
fn effort(part: &Part<'_>) -> u8 {
    match part.media.main.as_str() {
        "text/enriched" | "text/richtext" => 0,
        "text/x-amp-html" => 1,
        _ if is_file(part) => 3,
        _ => 2,
    }
}

/// Something to open, though it is made of letters.
fn is_file(part: &Part<'_>) -> bool {
    const FILES: &[&str] = &["calendar", "x-vcalendar", "vcard", "x-vcard", "directory", "css", "csv", "javascript", "xml"];
    is_rich_text(part) || part.media.main.strip_prefix("text/").is_some_and(|it| FILES.contains(&it))
}

/// RTF without a name: the body, where there is no other.
pub(super) fn is_rich_text(part: &Part<'_>) -> bool {
    matches!(part.media.main.as_str(), "text/rtf" | "application/rtf" | "application/x-rtf" | "text/x-rtf") && !filename_given(part)
}

/// The part that only says that the next one is encrypted with OpenPGP (RFC 3156 §4): nothing that anybody could open.
fn is_pgp_control(part: &Part<'_>) -> bool {
    part.media.main == "application/pgp-encrypted"
        && transfer::decode(part.encoding(), part.body).0.trim_ascii().eq_ignore_ascii_case(b"version: 1")
}

fn is_attachment(part: &Part<'_>) -> bool {
    part.disposition.main == "attachment"
}

fn filename_given(part: &Part<'_>) -> bool {
    part.filename().is_some()
}

/// `<meta charset=…>` or `<meta http-equiv=Content-Type content="…; charset=…">` near the beginning.
pub(super) fn declared(html: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&html[..html.len().min(2048)]).to_ascii_lowercase();
    let (_, after) = head.split_once("<meta")?;
    let (_, value) = after.split_once("charset=")?;
    let name: String =
        value.trim_start_matches(['"', '\'']).chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    (!name.is_empty()).then_some(name)
}

/// `text/enriched` (RFC 1896) without its commands.
fn without_marks(text: &str) -> String {
    let (mut out, mut in_mark) = (String::with_capacity(text.len()), false);
    for c in text.replace("<<", "\u{e000}").chars() {
        match c {
            '\u{e000}' => out.push('<'),
            '<' => in_mark = true,
            '>' if in_mark => in_mark = false,
            c if !in_mark => out.push(c),
            _ => (),
        }
    }
    out
}
