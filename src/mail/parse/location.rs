//! Pictures that HTML names by where they lay (Content-Location, RFC 2557): they are in the message, and are shown from there.

use std::{collections::HashMap, ops::Range};

use super::{
    attachment,
    structure::{Part, Tree},
    words,
};
use crate::mail::html::Url;

/// So long an address may be, in octets, and so many of a body are looked up.
const LONGEST: usize = 2048;
const MOST_LOOKED_UP: usize = 2000;

/// The pictures of a message by their addresses.
#[derive(Debug)]
pub struct Locations {
    /// What a relative address in each part starts from.
    bases: Vec<Url>,
    /// By their address as it is written and in full: their parts.
    pictures: HashMap<String, usize>,
    ids: Vec<Option<String>>,
    /// Ids that were made up for pictures that are shown, by their parts.
    pub made_up: HashMap<usize, String>,
    looked_up: usize,
}

impl Locations {
    /// None where no picture says where it lay.
    #[must_use]
    pub fn read(tree: &Tree<'_>) -> Option<Self> {
        let is_placed = |it: &Part<'_>| is_picture(it) && it.header.first("content-location").is_some();
        tree.parts.iter().any(is_placed).then_some(())?;
        let mut bases = vec![Url::parse("thismessage:/").ok()?; tree.parts.len()];
        let mut pictures = HashMap::new();
        for (index, part) in tree.parts.iter().enumerate() {
            let location = address(part, "content-location");
            let full = location.as_deref().and_then(|it| bases[index].join(it).ok());
            if let (true, Some(written)) = (is_picture(part), location) {
                for address in full.iter().map(key).chain([written]) {
                    pictures.entry(address).or_insert(index);
                }
            }
            // Content-Base is RFC 2110's; its successor goes without.
            let said = address(part, "content-base").and_then(|it| bases[index].join(&it).ok());
            if let Some(base) = said.or(full).filter(|it| !it.cannot_be_a_base()) {
                part.children.iter().for_each(|child| bases[*child] = base.clone());
                bases[index] = base;
            } else {
                part.children.iter().for_each(|child| bases[*child] = bases[index].clone());
            }
        }
        let ids = tree.parts.iter().map(attachment::content_id).collect();
        Some(Self { bases, pictures, ids, made_up: HashMap::new(), looked_up: 0 })
    }

    /// A part's HTML with `cid:` in the place of the address of each picture that came along.
    pub fn show(&mut self, html: &str, part: usize) -> String {
        let mut base = self.bases[part].clone();
        let (mut out, mut kept) = (String::with_capacity(html.len()), 0);
        for (tag, value) in addresses(html) {
            if self.looked_up >= MOST_LOOKED_UP {
                break;
            }
            self.looked_up += 1;
            let written = html[value.clone()].trim().replace(['\t', '\n', '\r'], "").replace("&amp;", "&");
            match tag {
                Named::Base => base = base.join(&written).ok().filter(|it| !it.cannot_be_a_base()).unwrap_or(base),
                Named::Picture => {
                    if let Some(id) = self.find(&written, &base) {
                        out.push_str(&html[kept..value.start]);
                        out.push_str("cid:");
                        out.push_str(&id.replace('&', "&amp;").replace('"', "&quot;").replace('\'', "&#39;").replace('>', "&gt;"));
                        kept = value.end;
                    }
                }
            }
        }
        out.push_str(&html[kept..]);
        out
    }

    /// The content id of the picture that lay there.
    fn find(&mut self, written: &str, base: &Url) -> Option<String> {
        if written.is_empty() || written.len() > LONGEST {
            return None;
        }
        let as_written = self.pictures.get(written).copied();
        let part = as_written.or_else(|| self.pictures.get(&key(&base.join(written).ok()?)).copied())?;
        let count = self.made_up.len() + 1;
        let made_up = || self.made_up.entry(part).or_insert_with(|| format!("location{count}@inline.invalid")).clone();
        Some(self.ids[part].clone().unwrap_or_else(made_up))
    }
}

fn is_picture(part: &Part<'_>) -> bool {
    !part.multipart && part.media.main.starts_with("image/")
}

/// A field that holds an address, which may be folded anywhere (RFC 2557 §4.4).
fn address(part: &Part<'_>, name: &str) -> Option<String> {
    let folded = part.header.first(name).filter(|it| it.len() <= LONGEST)?;
    let lines = folded.split(|c| matches!(c, b'\r' | b'\n')).map(<[u8]>::trim_ascii);
    let address = words::decode(&lines.collect::<Vec<_>>().concat());
    let address = address.trim_matches(['"', '<', '>', ' ']);
    (!address.is_empty()).then(|| address.to_owned())
}

fn key(address: &Url) -> String {
    address.as_str().split('#').next().unwrap_or_default().to_owned()
}

/// Whose address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Picture,
    Base,
}

/// The addresses of pictures and of `base` elements, without their quotes; one pass.
fn addresses(html: &str) -> impl Iterator<Item = (Named, Range<usize>)> + '_ {
    let bytes = html.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(mark) = memchr::memchr(b'<', bytes.get(at..)?) {
            at += mark + 1;
            let name = bytes[at..].iter().take_while(|c| c.is_ascii_alphanumeric()).count().min(16);
            let (named, attribute) = match bytes[at..at + name].to_ascii_lowercase().as_slice() {
                b"img" | b"image" => (Named::Picture, "src"),
                b"base" => (Named::Base, "href"),
                _ => continue,
            };
            let (value, end) = attribute_of(bytes, at + name, attribute);
            at = end;
            if let Some(value) = value {
                return Some((named, value));
            }
        }
        None
    })
}

/// Where the value of a tag's first attribute of this name stands, and where the tag ends (HTML §13.2.5.32 and on).
fn attribute_of(html: &[u8], mut at: usize, name: &str) -> (Option<Range<usize>>, usize) {
    let mut found = None;
    let is_gap = |c: &u8| c.is_ascii_whitespace() || *c == b'/';
    let while_ = |from: usize, holds: &dyn Fn(&u8) -> bool| from + html[from..].iter().take_while(|c| holds(c)).count();
    loop {
        at = while_(at, &is_gap);
        if at >= html.len() || html[at] == b'>' {
            return (found, at);
        }
        let begins = at;
        // A name may begin with `=`.
        at = while_(at + 1, &|c| !is_gap(c) && !matches!(c, b'=' | b'>'));
        let named = html[begins..at].eq_ignore_ascii_case(name.as_bytes());
        let equals = while_(at, &u8::is_ascii_whitespace);
        if html.get(equals) != Some(&b'=') {
            continue;
        }
        let opens = while_(equals + 1, &u8::is_ascii_whitespace);
        let value = match html.get(opens) {
            Some(quote @ (b'"' | b'\'')) => opens + 1..while_(opens + 1, &|c| c != quote),
            _ => opens..while_(opens, &|c| !c.is_ascii_whitespace() && *c != b'>'),
        };
        at = value.end + usize::from(value.start > opens && value.end < html.len());
        if named && found.is_none() {
            found = Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sanitised HTML, how many pictures it would fetch, and each file's content id.
    fn shown(related: &str, html_header: &str, html: &str, location: &str) -> (String, usize, Vec<Option<String>>) {
        let raw = format!(
            "Content-Type: multipart/related; boundary=b\n{related}\n--b\nContent-Type: text/html\n{html_header}\n{html}\n--b\nContent-Type: image/png\n{location}Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n"
        );
        let message = super::super::read(raw.as_bytes());
        (message.html.unwrap_or_default(), message.remote_images, message.attachments.into_iter().map(|it| it.content_id).collect())
    }

    #[test]
    fn a_picture_is_found_by_any_spelling_of_where_it_lay() {
        for (related, header, source, location) in [
            ("", "", "\"pic.png\"", "pic.png"),
            ("", "", "pic.png", "pic.png"),
            ("", "", "'my%20pic.png'", "my pic.png"),
            ("", "", "./a/../pic.png", "pic.png"),
            ("", "", "https://x.test/a.png?b=1&amp;c=2", "https://x.test/a.png?b=1&c=2"),
            ("", "", "\" https://X.test/a\n.png \"", "https://x.test/a.png"),
            ("", "", "https://x.test/a/very/long/address.png", "https://x.test/a/very\n /long/address.png"),
            ("", "Content-Location: https://x.test/news/1.html\n", "../a.png", "https://x.test/a.png"),
            ("", "Content-Base: https://x.test/news/\n", "/a.png", "https://x.test/a.png"),
            ("Content-Location: https://x.test/news/1.html\n", "", "a.png", "https://x.test/news/a.png"),
            ("Content-Base: https://x.test/\n", "", "https://x.test/a.png", "a.png"),
            ("", "Content-Location: file:///C:/doc.htm\n", "doc_files/image001.png", "file:///C:/doc_files/image001.png"),
        ] {
            let (html, remote, ids) =
                shown(related, header, &format!("<p><IMG alt=x src={source}></p>"), &format!("Content-Location: {location}\n"));
            assert_eq!(html, "<p><img src=\"cid:location1@inline.invalid\" alt=\"x\"></p>", "{source}");
            assert_eq!((remote, ids), (0, vec![Some("location1@inline.invalid".to_owned())]), "{source}");
        }
        let (html, ..) = shown("", "", "<base href='https://x.test/b/'><img src=a.png>", "Content-Location: https://x.test/b/a.png\n");
        assert_eq!(html, "<img src=\"cid:location1@inline.invalid\">");
    }

    #[test]
    fn a_picture_that_has_an_id_is_shown_by_it() {
        let (html, _, ids) = shown("", "", "<img src=a.png><img src=a.png>", "Content-ID: <a\"&>b@x>\nContent-Location: a.png\n");
        let id = ids[0].clone().unwrap();
        assert_eq!(html.matches("cid:").count(), 2);
        assert!(!id.contains("inline.invalid"), "{id}");
    }

    #[test]
    fn what_did_not_come_along_is_as_remote_as_before() {
        let html = "<img src=https://x.test/b.png><img src='https://x.test/a.png' onerror=x()><img src=c.png><script><img src=https://x.test/a.png></script>";
        let (html, remote, _) = shown("", "", html, "Content-Location: https://x.test/a.png\n");
        assert_eq!(html, "<img data-remote=\"https://x.test/b.png\"><img src=\"cid:location1@inline.invalid\">");
        assert_eq!(remote, 1);
        let (_, remote, ids) = shown("", "", "<a href=https://x.test/a.png>x</a>", "Content-Location: https://x.test/a.png\n");
        assert_eq!((remote, ids), (0, vec![None]));
    }

    #[test]
    fn an_id_ends_neither_its_attribute_nor_its_tag() {
        for id in ["a\"onerror=x", "a'onerror=x", "a><script>x</script>", "a/onerror=x()"] {
            for source in ["a.png", "'a.png'", "\"a.png\""] {
                let (html, ..) = shown("", "", &format!("<img src={source}>"), &format!("Content-ID: <{id}@x>\nContent-Location: a.png\n"));
                assert!(!html.contains(" onerror") && !html.contains("<script"), "{id}: {html}");
            }
        }
    }

    #[test]
    fn the_addresses_in_a_tag_are_where_a_browser_sees_them() {
        for (html, found) in [
            ("<img src=a>", vec!["a"]),
            ("<img/src='a b'/>", vec!["a b"]),
            ("<img alt='src=x' src = \"a\" src=b>", vec!["a"]),
            ("<img ='src' src=a>", vec!["a"]),
            ("<imgx src=a><img><img src><img src=>", vec![""]),
            ("<img alt=\"<img src=b>\" src=a>", vec!["a"]),
            ("<base href=x><IMG SRC=a", vec!["x", "a"]),
            ("<img src='a", vec!["a"]),
        ] {
            assert_eq!(addresses(html).map(|(_, it)| &html[it]).collect::<Vec<_>>(), found, "{html}");
        }
        for hostile in ["<img ".repeat(200_000), "<img src='".repeat(100_000), "<img src=a.png>".repeat(60_000)] {
            let _ = shown("", "", &hostile, "Content-Location: a.png\n");
        }
    }
}
