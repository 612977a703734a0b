//! The text in a compressed RTF ([MS-OXRTFCP]), for a TNEF that holds nothing else to read.

use super::charset;

/// What the dictionary holds before the first octet.
const PRELOADED: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const MOST: usize = 4 << 20;

/// None where it cannot be read or says nothing.
#[must_use]
pub fn to_text(compressed: &[u8]) -> Option<String> {
    let text = plain(&decompress(compressed)?);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn decompress(data: &[u8]) -> Option<Vec<u8>> {
    let body = data.get(16..)?;
    match data.get(8..12)? {
        b"MELA" => Some(body.to_vec()),
        b"LZFu" => Some(expand(body)),
        _ => None,
    }
}

/// LZ77 over a ring of 4,096 octets.
fn expand(body: &[u8]) -> Vec<u8> {
    let mut ring = [b' '; 4096];
    ring[..PRELOADED.len()].copy_from_slice(PRELOADED);
    let (mut write, mut out, mut input) = (PRELOADED.len(), Vec::new(), body.iter().copied());
    'all: while let Some(flags) = input.next() {
        for bit in 0..8 {
            if out.len() > MOST {
                break 'all;
            }
            let Some(first) = input.next() else { break 'all };
            if flags >> bit & 1 == 0 {
                (ring[write], write) = (first, (write + 1) % 4096);
                out.push(first);
                continue;
            }
            let Some(second) = input.next() else { break 'all };
            let token = usize::from(first) << 8 | usize::from(second);
            let (from, length) = (token >> 4, (token & 0xf) + 2);
            if from == write {
                break 'all;
            }
            for i in 0..length {
                let octet = ring[(from + i) % 4096];
                (ring[write], write) = (octet, (write + 1) % 4096);
                out.push(octet);
            }
        }
    }
    out
}

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

#[derive(Clone, Copy)]
struct Group {
    hidden: bool,
    /// How many characters stand for a `\u` in a reader that knows none.
    skip: usize,
}

struct Reader<'a> {
    rtf: &'a [u8],
    at: usize,
    out: String,
    /// Octets of the code page not yet decoded.
    octets: Vec<u8>,
    groups: Vec<Group>,
    to_skip: usize,
    code_page: Option<String>,
}

fn plain(rtf: &[u8]) -> String {
    let group = Group { hidden: false, skip: 1 };
    let mut reader = Reader {
        rtf,
        at: 0,
        out: String::new(),
        octets: Vec::new(),
        groups: vec![group],
        to_skip: 0,
        code_page: Some("cp1252".to_owned()),
    };
    while reader.at < rtf.len() {
        reader.step();
    }
    reader.settle();
    reader.out
}

impl Reader<'_> {
    fn group(&self) -> Group {
        self.groups.last().copied().unwrap_or(Group { hidden: false, skip: 1 })
    }

    fn step(&mut self) {
        let c = self.rtf[self.at];
        self.at += 1;
        match c {
            b'{' if self.groups.len() < 200 => self.groups.push(self.group()),
            b'}' if self.groups.len() > 1 => drop(self.groups.pop()),
            b'\\' => self.command(),
            b'{' | b'}' | b'\r' | b'\n' => (),
            c => self.octet(c),
        }
    }

    fn octet(&mut self, c: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if !self.group().hidden {
            self.octets.push(c);
        }
    }

    fn settle(&mut self) {
        if !self.octets.is_empty() {
            let octets = std::mem::take(&mut self.octets);
            self.out.push_str(&charset::decode(&octets, self.code_page.as_deref()).text);
        }
    }

    fn say(&mut self, text: &str) {
        if !self.group().hidden {
            self.settle();
            self.out.push_str(text);
        }
    }

    fn command(&mut self) {
        let Some(c) = self.rtf.get(self.at).copied() else { return };
        if c == b'\'' {
            if let Some(octet) = self.rtf.get(self.at + 1..self.at + 3).and_then(super::transfer::hex) {
                self.octet(octet);
            }
            self.at += 3;
        } else if c.is_ascii_alphabetic() {
            let (word, number) = self.word();
            self.obey(&word, number);
        } else {
            self.at += 1;
            match c {
                b'\\' | b'{' | b'}' => self.octet(c),
                b'~' => self.say("\u{a0}"),
                b'*' => self.hide(),
                b'\n' | b'\r' => self.say("\n"),
                _ => (),
            }
        }
    }

    fn word(&mut self) -> (String, Option<i32>) {
        let rest = &self.rtf[self.at..];
        let letters = rest.iter().take(32).take_while(|c| c.is_ascii_alphabetic()).count();
        let digits = rest[letters..].iter().take(11).take_while(|c| c.is_ascii_digit() || **c == b'-').count();
        let word = String::from_utf8_lossy(&rest[..letters]).into_owned();
        let number = std::str::from_utf8(&rest[letters..letters + digits]).ok().and_then(|it| it.parse().ok());
        let space = usize::from(rest.get(letters + digits) == Some(&b' '));
        self.at += letters + digits + space;
        (word, number)
    }

    fn hide(&mut self) {
        if let Some(group) = self.groups.last_mut() {
            group.hidden = true;
        }
    }

    fn obey(&mut self, word: &str, number: Option<i32>) {
        match word {
            "par" | "line" | "row" => self.say("\n"),
            "tab" | "cell" => self.say("\t"),
            "ansicpg" => self.code_page = number.map(|it| format!("cp{it}")),
            "uc" => {
                let skip = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8);
                if let Some(group) = self.groups.last_mut() {
                    group.skip = skip;
                }
            }
            "u" => {
                let unit = u32::try_from(number.unwrap_or(0).rem_euclid(0x1_0000)).unwrap_or(0);
                let text = char::from_u32(unit).map(String::from).unwrap_or_default();
                self.say(&text);
                self.to_skip = self.group().skip;
            }
            "htmlrtf" => {
                if let Some(group) = self.groups.last_mut() {
                    group.hidden = number != Some(0);
                }
            }
            "emdash" => self.say("\u{2014}"),
            "endash" => self.say("\u{2013}"),
            "lquote" | "rquote" => self.say("\u{2019}"),
            "ldblquote" | "rdblquote" => self.say("\""),
            "bullet" => self.say("\u{2022}"),
            word if HIDDEN.contains(&word) => self.hide(),
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_fonts_are_not() {
        let rtf = br"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}{\*\generator x}Hello \b world\b0\par \'cf\'f0 \u1080? {\i it}\}}";
        assert_eq!(plain(rtf), "Hello world\nПр и it}");
    }

    #[test]
    fn the_specifications_own_example_is_expanded() {
        let data = [
            0x2d, 0, 0, 0, 0x2b, 0, 0, 0, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67,
            0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d,
            0x0a, 0x80, 0x0f, 0xa0,
        ];
        assert_eq!(decompress(&data).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    }
}
