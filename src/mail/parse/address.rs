//! Address lists (RFC 5322 §3.4), mended where they are broken and not lost.

use super::{charset, typed, words};
use crate::desk::address::{EmailAddress, Named};

/// At most this many mailboxes of a list are read (SAFETY.md, "Bounds").
const MOST: usize = 500;

/// What a list holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Groups flattened; at most 500.
    pub mailboxes: Vec<Named>,
    /// Pieces that name somebody but no address, at most five of them, shortened.
    pub lost: Vec<String>,
    /// There were more than 500.
    pub cut: bool,
}

/// Whether addresses may stand beside each other without a comma.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commas {
    /// Whoever typed the list may have forgotten one: nobody in it is lost.
    MayLack,
    /// Who wrote a mail is judged by servers that read one mailbox there, the last.
    AsGiven,
}

/// Reads an address field that names whom a mail goes to, or who may be answered.
#[must_use]
pub fn read(value: &[u8]) -> List {
    read_with(value, Commas::MayLack)
}

/// Reads From.
#[must_use]
pub fn read_authors(value: &[u8]) -> List {
    read_with(value, Commas::AsGiven)
}

fn read_with(value: &[u8], commas: Commas) -> List {
    if let Some(only) = one(value) {
        return List { mailboxes: vec![only], ..List::default() };
    }
    let unfolded = words::unfold(value);
    let mut list = List::default();
    let mut surname: Option<String> = None;
    let chunks = split(&typed::as_typed(charset::detect(&unfolded)), commas);
    list.cut = chunks.len() >= MOST * 4;
    for chunk in chunks {
        if list.mailboxes.len() == MOST {
            list.cut = true;
            break;
        }
        let mut found = mailboxes(&chunk, commas);
        match found.first_mut() {
            Some(first) => {
                // `Lee, Ann <ann@x>`: a comma that should have been in quotes.
                match (surname.take(), first.name.as_mut()) {
                    (Some(before), Some(name)) => *name = format!("{before}, {name}"),
                    (before, _) => list.note(before),
                }
                list.mailboxes.append(&mut found);
            }
            None => {
                list.note(surname.take());
                surname = chunk.name();
            }
        }
    }
    list.note(surname);
    list.cut |= list.mailboxes.len() > MOST;
    list.mailboxes.truncate(MOST);
    list
}

/// `Ann Lee <ann@example.com>` or `ann@example.com` in letters of ASCII, where nothing has to be decoded or mended.
fn one(value: &[u8]) -> Option<Named> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let odd = |c: u8| !matches!(c, b' ' | b'!' | b'#'..=b'&' | b'*' | b'+' | b'-'..=b'9' | b'<' | b'>' | b'@'..=b'Z' | b'^' | b'_' | b'a'..=b'z' | b'~');
    if text.bytes().any(odd) {
        return None;
    }
    let Some(inner) = text.strip_suffix('>') else {
        return text.parse().ok().filter(|_| !text.contains(['<', '>'])).map(Named::bare);
    };
    let (name, inner) = inner.split_once('<')?;
    if name.contains(['@', '>']) || inner.contains(['<', '>']) {
        return None;
    }
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Named { name: Some(name).filter(|it| !it.is_empty()), address: inner.parse().ok()? })
}

impl List {
    fn note(&mut self, lost: Option<String>) {
        if let Some(text) = lost.filter(|_| self.lost.len() < 5) {
            self.lost.push(text.chars().take(80).collect());
        }
    }
}

/// One mailbox, taken apart: words, what stood in angle brackets, what stood in parentheses.
#[derive(Debug, Default)]
struct Chunk {
    words: String,
    angle: Vec<String>,
    comment: String,
    quoted: bool,
}

impl Chunk {
    fn is_empty(&self) -> bool {
        self.words.trim().is_empty() && self.angle.is_empty() && !self.quoted
    }

    fn name(&self) -> Option<String> {
        let text = if self.words.trim().is_empty() { &self.comment } else { &self.words };
        let text = words::decode(text.as_bytes());
        let text = text
            .trim()
            .trim_matches(is_quote)
            .trim_end_matches(|c: char| matches!(c, ',' | ';') || c.is_whitespace())
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        (!text.is_empty()).then_some(text)
    }
}

/// Straight, as typed; curly, as word processors make of them.
fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

/// At commas and semicolons outside of quotes, comments, brackets and encoded words; a few more than are read.
fn split(text: &str, commas: Commas) -> Vec<Chunk> {
    let chars: Vec<char> = text.chars().collect();
    let (mut chunks, mut chunk, mut at) = (Vec::new(), Chunk::default(), 0);
    let last_closing = chars.iter().rposition(|c| *c == ')').unwrap_or(0);
    let last_semicolon = chars.iter().rposition(|c| *c == ';').unwrap_or(0);
    // A quote that never ends is looked for to the end of the list; so not too often.
    let mut open_quotes = 0;
    while at < chars.len() && chunks.len() < MOST * 4 {
        match chars[at] {
            '=' if chars.get(at + 1) == Some(&'?') => at = encoded(&chars, at, &mut chunk),
            '"' if open_quotes < 50 => {
                let end = quoted(&chars, at, &mut chunk);
                open_quotes += usize::from(end == at);
                at = end;
            }
            '(' if at < last_closing => at = comment(&chars, at, &mut chunk),
            '<' => {
                at = angle(&chars, at, &mut chunk);
                if commas == Commas::MayLack && another_follows(&chars[at..], &chunk) {
                    end(&mut chunk, &mut chunks);
                }
            }
            ',' | ';' => end(&mut chunk, &mut chunks),
            ':' if is_group_name(&chunk) && (at < last_semicolon || !names_a_mailbox(&chars[at..])) => chunk = Chunk::default(),
            '\\' | '>' => (),
            c => chunk.words.push(c),
        }
        at += 1;
    }
    end(&mut chunk, &mut chunks);
    chunks
}

fn end(chunk: &mut Chunk, chunks: &mut Vec<Chunk>) {
    let chunk = std::mem::take(chunk);
    if !chunk.is_empty() {
        chunks.push(chunk);
    }
}

/// `Undisclosed recipients:` or `mailto:`, but not the colon in `a:b@c`… which no address has outside of quotes, nor that of
/// `Ann [mailto:ann@example.com]`.
fn is_group_name(chunk: &Chunk) -> bool {
    chunk.angle.is_empty() && !chunk.words.contains('@') && !chunk.words.ends_with("[mailto")
}

/// `Orders: Anvils <a@x>` without any group's end: the colon is part of a name.
fn names_a_mailbox(rest: &[char]) -> bool {
    rest.iter().take(200).find(|c| matches!(c, ',' | '@' | '<')) == Some(&'<')
}

/// An encoded word whole: it may hold commas and brackets that should have been encoded. Gives where it ends.
fn encoded(chars: &[char], at: usize, chunk: &mut Chunk) -> usize {
    let text: String = chars[at..].iter().take(1000).collect();
    let length = words::length_at(text.as_bytes(), 0).unwrap_or(1);
    chunk.words.push_str(&text[..length]);
    at + text[..length].chars().count() - 1
}

/// Gives where the quote ends; one that never ends is a character like any other.
fn quoted(chars: &[char], at: usize, chunk: &mut Chunk) -> usize {
    let (mut text, mut i) = (String::new(), at + 1);
    while i < chars.len() && chars[i] != '"' {
        if chars[i] == '\\' && i + 1 < chars.len() {
            i += 1;
        }
        text.push(chars[i]);
        i += 1;
    }
    if i >= chars.len() {
        return at;
    }
    chunk.quoted = true;
    // `"ann lee"@example.com`: the quotes belong to the address.
    if chars.get(i + 1) == Some(&'@') && !text.contains('"') {
        text = format!("\"{text}\"");
    }
    chunk.words.push_str(&text);
    i
}

fn comment(chars: &[char], at: usize, chunk: &mut Chunk) -> usize {
    let (mut depth, mut i) = (0_usize, at);
    while i < chars.len() {
        match chars[i] {
            '\\' => i += 1,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => (),
        }
        if depth == 0 {
            break;
        }
        if i > at && i < chars.len() {
            chunk.comment.push(chars[i]);
        }
        i += 1;
    }
    chunk.comment.push(' ');
    i
}

/// Up to `>`; where another `<` or the end comes first, up to the next comma.
fn angle(chars: &[char], at: usize, chunk: &mut Chunk) -> usize {
    let (mut text, mut i, mut in_quotes) = (String::new(), at + 1, false);
    while i < chars.len() && (in_quotes || !matches!(chars[i], '>' | '<')) {
        if chars[i] == '(' && !in_quotes && chars[i..].iter().take(200).take_while(|c| **c != '>').any(|c| *c == ')') {
            i = comment(chars, i, chunk) + 1;
            continue;
        }
        in_quotes ^= chars[i] == '"';
        text.push(chars[i]);
        i += 1;
    }
    if chars.get(i) == Some(&'>') {
        chunk.angle.push(text);
        return i;
    }
    let kept = text.find([',', ';']).unwrap_or(text.len());
    chunk.angle.push(text[..kept].to_owned());
    if kept < text.len() { at + text[..kept].chars().count() } else { i.saturating_sub(1).max(at) }
}

/// Behind `<ann@x>` stands `<hal@x>`, or `Hal <hal@x>`: a comma was forgotten. `<ann@x> <ann@x>` is one all the same.
fn another_follows(rest: &[char], chunk: &Chunk) -> bool {
    if rest.first() != Some(&'>') {
        return false;
    }
    let Some(address) = chunk.angle.last().and_then(|it| mend(it)) else { return false };
    let near = &rest[..rest.len().min(200)];
    let mut quoted = false;
    let mark = near.iter().position(|c| {
        quoted ^= *c == '"';
        !quoted && matches!(c, '<' | ',' | ';')
    });
    let Some(opens) = mark.filter(|at| near[*at] == '<') else { return false };
    let inner: String = near[opens + 1..].iter().take_while(|c| !matches!(c, '>' | '<' | ',')).collect();
    mend(&inner).is_some_and(|it| it != address)
}

/// Mostly one; more where the commas between them were forgotten, or stand within one pair of brackets.
fn mailboxes(chunk: &Chunk, commas: Commas) -> Vec<Named> {
    for inner in chunk.angle.iter().rev() {
        // A relay of a source route is no mailbox.
        let listed = inner.split([',', ';']).take(MOST + 1).filter(|it| !it.trim_start().starts_with('@'));
        let listed: Vec<EmailAddress> = listed.filter_map(mend).collect();
        if let ([first, _, ..], Commas::MayLack) = (&listed[..], commas) {
            let named = Named { name: chunk.name(), address: first.clone() };
            return std::iter::once(named).chain(listed.iter().skip(1).cloned().map(Named::bare)).collect();
        }
        if let Some(address) = mend(inner) {
            let name = chunk.name().filter(|it| mend(it).as_ref() != Some(&address));
            return vec![Named { name, address }];
        }
    }
    bare(chunk)
}

/// `ann@example.com (Ann Lee)`, `ann @ example.com`, `Ann Lee ann@example.com`, `ann@example.com hal@example.com`.
fn bare(chunk: &Chunk) -> Vec<Named> {
    let text = closed_up(&words::decode(chunk.words.as_bytes()));
    if text.starts_with('"')
        && let Some(address) = mend(&text)
    {
        return vec![Named::bare(address)];
    }
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for word in text.split_whitespace().take(MOST * 2) {
        match if word.contains('@') { mend(word) } else { None } {
            Some(address) => found.push(Named::bare(address)),
            None => others.push(word),
        }
    }
    let named = Chunk { words: others.join(" "), comment: chunk.comment.clone(), ..Chunk::default() };
    if let [only] = &mut found[..] {
        only.name = named.name().filter(|it| mend(it).as_ref() != Some(&only.address));
    }
    found
}

/// Without the white space that may stand around `@` and dots in an address (RFC 5322 §4.4).
fn closed_up(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mut out, mut after_mark) = (String::with_capacity(text.len()), false);
    for (at, word) in words.iter().enumerate() {
        let joins = at > 0
            && (word.starts_with('@') || words[at - 1].ends_with('@') || (after_mark && (word.starts_with('.') || words[at - 1] == ".")));
        after_mark |= word.contains('@');
        if at > 0 && !joins {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// An address out of what was written where one should stand.
#[must_use]
pub fn mend(text: &str) -> Option<EmailAddress> {
    let seen = typed::without_unseen(text);
    let text = seen.trim();
    let text = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')).unwrap_or(text);
    // The rest of a `mailto:` link (RFC 6068): no domain has a question mark.
    let text = text.split_once('@').and_then(|(_, domain)| text.get(..text.len() - domain.split_once('?')?.1.len() - 1)).unwrap_or(text);
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if !text.contains(['@', '=', '\u{1b}', '\0']) {
        return None;
    }
    let text = words::decode(text.as_bytes());
    let text = text.trim().trim_matches(|c| matches!(c, '<' | '>' | ',' | ';') || c != '"' && is_quote(c)).trim();
    let literal = text.contains("@[");
    let text = text.trim_start_matches(['[', '(', '{']);
    let text = text.get(7..).filter(|_| text[..7].eq_ignore_ascii_case("mailto:")).unwrap_or(text).trim_start_matches(':');
    let text = if literal { text } else { text.trim_end_matches([']', ')', '}']) };
    // A source route, `@relay.test:ann@example.com` (RFC 5322 §4.4).
    let text = if text.starts_with('@') { text.rsplit(':').next().unwrap_or(text) } else { text };
    let (local, domain) = text.rsplit_once('@')?;
    let domain: String = domain.split_whitespace().collect::<String>().replace("..", ".");
    let domain = domain.trim_matches(|c| matches!(c, '.' | '"' | '\'' | '>' | ',' | ';'));
    let local = local.trim().trim_matches('\'');
    let plain: String = local.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '<' | '>')).collect();
    let once = plain.split('@').next().unwrap_or_default();
    let within_quotes = format!("\"{}\"", local.trim_matches('"').replace(['"', '\\'], ""));
    [local.to_owned(), if local.contains(char::is_whitespace) { within_quotes.clone() } else { once.to_owned() }, within_quotes]
        .iter()
        .find_map(|local| format!("{local}@{domain}").parse().ok())
}

#[cfg(test)]
mod tests;
