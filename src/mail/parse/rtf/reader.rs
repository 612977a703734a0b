//! One pass over an RTF, for its text or for the HTML that it holds.

use super::{Words, fonts::Fonts};
use crate::mail::parse::{charset, transfer};

/// Groups that nest deeper are part of the one they are in.
const DEEPEST: usize = 200;

/// Groups whose words are not the document's.
const HIDDEN: &[&str] = &[
    "fonttbl",
    "colortbl",
    "stylesheet",
    "info",
    "pict",
    "object",
    "header",
    "footer",
    "generator",
    "themedata",
    "datastore",
    "htmltag",
    "mhtmltag",
    "pntext",
];

/// Where in the document a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Text,
    /// Markup of the HTML that is packed.
    Tag,
    Fonts,
    Hidden,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    place: Place,
    /// `\htmlrtf`: there for those who read RTF, and no part of the HTML.
    for_rtf: bool,
    /// How many characters stand for a `\u` in a reader that knows none.
    skip: usize,
    font: Option<i32>,
}

struct Reader<'a> {
    rtf: &'a [u8],
    at: usize,
    out: String,
    /// Octets of the font's code page, not yet decoded.
    octets: Vec<u8>,
    group: Group,
    around: Vec<Group>,
    too_deep: usize,
    fonts: Fonts,
    holds_html: bool,
    /// Behind `\*`: the next word names a group that may be passed over.
    starred: bool,
    to_skip: usize,
    /// The first half of a character beyond U+FFFF.
    half: Option<u16>,
}

/// Trimmed; blank where nothing is said.
pub fn read(rtf: &[u8]) -> Words {
    let mut reader = Reader {
        rtf,
        at: 0,
        out: String::new(),
        octets: Vec::new(),
        group: Group { place: Place::Text, for_rtf: false, skip: 1, font: None },
        around: Vec::new(),
        too_deep: 0,
        fonts: Fonts::new(),
        holds_html: false,
        starred: false,
        to_skip: 0,
        half: None,
    };
    while let Some(c) = rtf.get(reader.at).copied() {
        reader.at += 1;
        reader.step(c);
    }
    reader.settle();
    let words = reader.out.trim().to_owned();
    if reader.holds_html { Words::Html(words) } else { Words::Plain(words) }
}

impl<'a> Reader<'a> {
    fn step(&mut self, c: u8) {
        match c {
            b'{' => {
                self.to_skip = 0;
                if self.around.len() < DEEPEST { self.around.push(self.group) } else { self.too_deep += 1 }
            }
            b'}' => {
                self.to_skip = 0;
                if self.too_deep > 0 {
                    self.too_deep -= 1;
                } else if let Some(around) = self.around.pop() {
                    self.set_font(around.font);
                    self.group = around;
                }
            }
            b'\\' => self.command(),
            b'\r' | b'\n' => (),
            c => self.octet(c),
        }
    }

    fn is_seen(&self) -> bool {
        match self.group.place {
            Place::Text => !self.group.for_rtf,
            Place::Tag => true,
            Place::Fonts | Place::Hidden => false,
        }
    }

    fn octet(&mut self, c: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if self.is_seen() {
            self.octets.push(c);
        }
    }

    /// A character that has a word of its own.
    fn say(&mut self, text: &str) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if self.is_seen() {
            self.settle();
            self.out.push_str(text);
        }
    }

    /// White space that has a word of its own; it never stands in for a `\u`.
    fn gap(&mut self, gap: u8) {
        self.to_skip = 0;
        self.octet(gap);
    }

    fn settle(&mut self) {
        if !self.octets.is_empty() {
            let label = self.fonts.charset(self.group.font);
            self.out.push_str(&charset::decode(&self.octets, Some(&label)).text);
            self.octets.clear();
        }
    }

    fn set_font(&mut self, font: Option<i32>) {
        if font != self.group.font {
            self.settle();
            self.group.font = font;
        }
    }

    fn command(&mut self) {
        let Some(c) = self.rtf.get(self.at).copied() else { return };
        if c == b'\'' {
            if let Some(octet) = self.rtf.get(self.at + 1..self.at + 3).and_then(transfer::hex) {
                self.octet(octet);
            }
            self.at += 3;
        } else if c.is_ascii_alphabetic() {
            let (word, number) = self.word();
            self.obey(word, number);
        } else {
            self.at += 1;
            match c {
                b'\\' | b'{' | b'}' => self.octet(c),
                b'~' => self.say("\u{a0}"),
                b'_' => self.say("\u{2011}"),
                b'*' => self.starred = true,
                b'\n' | b'\r' => self.gap(b'\n'),
                _ => (),
            }
        }
    }

    fn word(&mut self) -> (&'a str, Option<i32>) {
        let rest = &self.rtf[self.at..];
        let letters = rest.iter().take(32).take_while(|c| c.is_ascii_alphabetic()).count();
        let digits = rest[letters..].iter().take(11).take_while(|c| c.is_ascii_digit() || **c == b'-').count();
        let text = |from: usize, to: usize| std::str::from_utf8(&rest[from..to]).unwrap_or_default();
        let space = usize::from(rest.get(letters + digits) == Some(&b' '));
        self.at += letters + digits + space;
        (text(0, letters), text(letters, letters + digits).parse().ok())
    }

    fn obey(&mut self, word: &str, number: Option<i32>) {
        let starred = std::mem::take(&mut self.starred);
        match (self.group.place, word) {
            (_, "bin") => self.at = self.at.saturating_add(usize::try_from(number.unwrap_or(0)).unwrap_or(0)),
            (_, "uc") => self.group.skip = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8),
            (Place::Fonts, _) => self.fonts.read(word, number),
            (Place::Hidden, _) => (),
            (Place::Text, "htmltag") if self.holds_html => self.group.place = Place::Tag,
            (Place::Text, "fonttbl") => self.group.place = Place::Fonts,
            (_, word) if starred || HIDDEN.contains(&word) => self.group.place = Place::Hidden,
            (Place::Text, "htmlrtf") => self.group.for_rtf = self.holds_html && number != Some(0),
            (Place::Text | Place::Tag, word) => self.write(word, number),
        }
    }

    fn write(&mut self, word: &str, number: Option<i32>) {
        match word {
            "fromhtml" => self.holds_html |= number != Some(0) && self.out.is_empty() && self.octets.is_empty(),
            "ansicpg" => self.fonts.document = number.and_then(|it| u32::try_from(it).ok()).unwrap_or(1252),
            "mac" => self.fonts.document = 10000,
            "pc" => self.fonts.document = 437,
            "pca" => self.fonts.document = 850,
            "deff" => self.fonts.default = number.unwrap_or(0),
            "f" => self.set_font(number),
            "plain" => self.set_font(None),
            "u" => self.unit(u16::try_from(number.unwrap_or(0).rem_euclid(0x1_0000)).unwrap_or(0)),
            "par" | "line" => self.gap(b'\n'),
            "row" | "sect" | "page" if !self.holds_html => self.gap(b'\n'),
            "tab" => self.gap(b'\t'),
            "cell" if !self.holds_html => self.gap(b'\t'),
            "emdash" => self.say("\u{2014}"),
            "endash" => self.say("\u{2013}"),
            "lquote" => self.say("\u{2018}"),
            "rquote" => self.say("\u{2019}"),
            "ldblquote" => self.say("\u{201c}"),
            "rdblquote" => self.say("\u{201d}"),
            "bullet" => self.say("\u{2022}"),
            _ => (),
        }
    }

    /// A unit of UTF-16.
    fn unit(&mut self, unit: u16) {
        self.to_skip = 0;
        let units = self.half.take().into_iter().chain([unit]);
        let text: String = char::decode_utf16(units).filter_map(Result::ok).collect();
        self.half = Some(unit).filter(|it| (0xd800..0xdc00).contains(it));
        self.say(&text);
        self.to_skip = self.group.skip;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_fonts_are_not() {
        for (rtf, text) in [
            (
                &br"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}{\*\generator x}Hello \b world\b0\par \'cf\'f0 \u1080? {\i it}\}}"[..],
                "Hello world\nПр и it}",
            ),
            (br"{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}}\f0 \'e9{\f1 \'cf}\'e9\plain\f1\'f0\plain\'e9}", "éПéрé"),
            (br"{\rtf1\ansi\deff1{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\'83\'65\'83X\'83g}", "テスト"),
            (br"{\rtf1\uc1\u-10179?\u-8704? \uc2\u1080\'a7\'da,\uc0\u1080{\uc1\u8211\endash\u8211\par}x}", "😀 и,и––\nx"),
            (b"{\\rtf1 a{\\pict\\bin3 }}{x}b\\'zzc\\", "abc"),
            (br"{\rtf1\ansi{\*\unknown{\htmltag x}}\lquote a\rquote\~\ldblquote b\rdblquote\_\bullet}", "‘a’\u{a0}“b”\u{2011}•"),
            (br"{\rtf1\trowd a\cell b\cell\row c}}}d", "a\tb\t\ncd"),
        ] {
            assert_eq!(read(rtf), Words::Plain(text.to_owned()));
        }
    }

    #[test]
    fn html_comes_out_as_it_was_packed() {
        for (rtf, html) in [
            (
                &br#"{\rtf1\ANSI\ansicpg1251\fromhtml1 \deff0{\fonttbl{\f0\fmodern Courier New;}{\f1\fswiss Arial;}{\f4\fswiss\fcharset0 Arial;}}
{\*\htmltag19 <html>}{\*\htmltag2 \par }{\*\htmltag50 <body>}{\htmlrtf\lang1033\htmlrtf0}
{\*\htmltag64 <p class=\'22a\'22 \{\}>}\htmlrtf {\f4 \htmlrtf0 Caf\'e9\htmlrtf\par}\htmlrtf0
\f1 {\*\htmltag84 &nbsp;}\htmlrtf \'a0\htmlrtf0 \'cf\'f0{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 {\*\mhtmltag84 <img src=x>}{\*\htmltag84 <img src="cid:1">}\tab\u8364?\par
{\*\htmltag72 </p>}{\*\htmltag27 </body></html>}}"#[..],
                "<html>\n<body><p class=\"a\" {}>Café&nbsp;Пр&lt;<img src=\"cid:1\">\t€\n</p></body></html>",
            ),
            (br"{\rtf1\fromhtml1{\*\htmltag <b>}a\htmlrtf b{\htmlrtf0 c}d\htmlrtf0 e{\htmlrtf f}g}", "<b>aceg"),
            (br"{\rtf1\fromhtml1{\*\htmltag <p>}\trowd a\cell\row\lquote b{\stylesheet c}{\*\x d}}", "<p>a‘b"),
        ] {
            assert_eq!(read(rtf), Words::Html(html.to_owned()));
        }
        assert_eq!(read(br"{\rtf1 a\fromhtml1{\*\htmltag <b>}b}"), Words::Plain("ab".to_owned()));
        assert_eq!(read(br"{\rtf1\fromhtml0{\*\htmltag <b>}b}"), Words::Plain("b".to_owned()));
    }

    #[test]
    fn braces_without_end_and_without_beginning_are_survived() {
        let deep = [b"{".repeat(1000), b"a".to_vec(), b"}".repeat(1000), b"b}}c".to_vec()].concat();
        assert_eq!(read(&deep), Words::Plain("abc".to_owned()));
        let rtf: &[u8] = br"{\rtf1\fromhtml1{\*\htmltag64 <p>}\'e9\u-10179?\bin99999 x}";
        for end in 0..rtf.len() {
            let _ = read(&rtf[..end]);
        }
    }
}
