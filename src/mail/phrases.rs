//! Lists of phrases kept as text, so that a new language is a new line. A text is compared with a whole list at once.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// A list of phrases in lower case; texts are given in lower case too.
pub(in crate::mail) struct Phrases {
    all: Vec<&'static str>,
    starts: Index,
    ends: Index,
    automaton: OnceLock<AhoCorasick>,
}

impl Phrases {
    /// The list of this name in `text`, see [`list`].
    pub fn listed(text: &'static str, name: &str) -> Self {
        Self::of(list(text, name))
    }

    /// These, in this order.
    pub fn of(all: Vec<&'static str>) -> Self {
        let (starts, ends) = (Index::by(&all, |it| it.first()), Index::by(&all, |it| it.last()));
        Self { all, starts, ends, automaton: OnceLock::new() }
    }

    /// Each, in the order of the list.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.all.iter().copied()
    }

    /// Whether the text is one of them.
    pub fn are(&self, text: &str) -> bool {
        self.starts.of(text.as_bytes().first()).contains(&text)
    }

    /// Whether the text begins with one.
    pub fn begin(&self, text: &str) -> bool {
        self.behind(text).next().is_some()
    }

    /// Whether it may, in whatever case it is written: a cheap question before it is made lower case.
    pub fn may_begin(&self, text: &str) -> bool {
        let [first, second, ..] = *text.as_bytes() else { return true };
        let fits = |it: &&str| it.as_bytes().get(1).is_none_or(|c| *c == second.to_ascii_lowercase());
        !first.is_ascii() || !second.is_ascii() || self.starts.of(Some(&first.to_ascii_lowercase())).iter().any(fits)
    }

    /// The same of its end.
    pub fn may_end(&self, text: &str) -> bool {
        let [.., second, last] = *text.as_bytes() else { return true };
        let fits = |it: &&str| it.as_bytes().iter().nth_back(1).is_none_or(|c| *c == second.to_ascii_lowercase());
        !last.is_ascii() || !second.is_ascii() || self.ends.of(Some(&last.to_ascii_lowercase())).iter().any(fits)
    }

    /// What stands behind each with which the text begins.
    pub fn behind<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.starts.of(text.as_bytes().first()).iter().filter_map(move |it| text.strip_prefix(it))
    }

    /// Whether the text ends with one.
    pub fn end(&self, text: &str) -> bool {
        self.ends.of(text.as_bytes().last()).iter().any(|it| text.ends_with(it))
    }

    /// Whether one stands anywhere in the text.
    pub fn within(&self, text: &str) -> bool {
        self.automaton().is_match(text)
    }

    /// Where the first of those begins that stand in the text.
    pub fn first_at(&self, text: &str) -> Option<usize> {
        self.automaton().find_overlapping_iter(text).map(|it| it.start()).min()
    }

    /// The place in the list of the first phrase there that stands in the text.
    pub fn first_listed(&self, text: &str) -> Option<usize> {
        self.automaton().find_overlapping_iter(text).map(|it| it.pattern().as_usize()).min()
    }

    /// Made when it is first asked, since most lists are for texts that seldom come.
    fn automaton(&self) -> &AhoCorasick {
        self.automaton.get_or_init(|| AhoCorasick::new(&self.all).expect("a list of some hundred phrases fits an automaton"))
    }
}

/// Phrases sorted by one of their octets.
struct Index {
    sorted: Vec<&'static str>,
    /// Where those of each octet begin.
    from: Vec<u16>,
}

impl Index {
    fn by(all: &[&'static str], octet: impl Fn(&[u8]) -> Option<&u8>) -> Self {
        let key = |it: &str| octet(it.as_bytes()).copied().unwrap_or_default();
        let mut sorted = all.to_vec();
        sorted.sort_by_key(|it| key(it));
        let from = |octet: usize| sorted.partition_point(|it| usize::from(key(it)) < octet);
        let from = (0..=256).map(|octet| u16::try_from(from(octet)).unwrap_or(u16::MAX)).collect();
        Self { sorted, from }
    }

    fn of(&self, octet: Option<&u8>) -> &[&'static str] {
        let Some(octet) = octet.map(|it| usize::from(*it)) else { return &[] };
        &self.sorted[usize::from(self.from[octet])..usize::from(self.from[octet + 1])]
    }
}

/// The lines below `= name`, up to the next list. Quotes around a line keep the white space at its ends.
fn list(text: &'static str, name: &str) -> Vec<&'static str> {
    let below = text.lines().skip_while(|line| line.strip_prefix("= ") != Some(name)).skip(1);
    let bare = |line: &'static str| line.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(line);
    below.take_while(|line| !line.starts_with("= ")).map(str::trim).filter(|line| !line.is_empty()).map(bare).collect()
}

/// Lower case, white space as single spaces, apostrophes straight: as phrases are written, without the dot that `İ` leaves behind.
pub(in crate::mail) fn plain(text: &str) -> String {
    // Its small form depends on what stands around it.
    if text.contains('Σ') {
        let text = text.replace('İ', "i").to_lowercase().replace('\u{2019}', "'");
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let (mut out, mut gap) = (String::with_capacity(text.len()), false);
    for c in text.chars() {
        if c.is_whitespace() {
            gap = true;
            continue;
        }
        if std::mem::take(&mut gap) && !out.is_empty() {
            out.push(' ');
        }
        match c {
            '\0'..='\x7f' => out.push(c.to_ascii_lowercase()),
            '\u{2019}' => out.push('\''),
            'İ' => out.push('i'),
            _ => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// The first `most` characters.
pub(in crate::mail) fn head(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "= verbs\nwrote\nhat geschrieben\n\" at \"\n\n= others\nnone";

    #[test]
    fn a_list_is_looked_for_whole() {
        let verbs = Phrases::listed(TEXT, "verbs");
        assert_eq!(verbs.iter().collect::<Vec<_>>(), ["wrote", "hat geschrieben", " at "]);
        assert!(verbs.are("wrote") && !verbs.are("wrot") && !verbs.are(""));
        assert!(verbs.begin("wrote it") && !verbs.begin("ann wrote"));
        assert_eq!(verbs.behind("wrote it").collect::<Vec<_>>(), [" it"]);
        assert!(verbs.may_begin("Wrote it") && verbs.may_begin("WR") && !verbs.may_begin("xrote"));
        assert!(verbs.may_end("Ann WROTE") && !verbs.may_end("Ann wrote."));
        assert!(verbs.end("ann hat geschrieben") && !verbs.end("ann hat"));
        assert!(verbs.within("ann at home") && !verbs.within("ann"));
        assert_eq!(verbs.first_at("ann at home wrote"), Some(3));
        assert_eq!(verbs.first_listed("ann at home wrote"), Some(0));
    }

    #[test]
    fn a_text_is_made_as_phrases_are_written() {
        for (text, plain_text) in [
            ("  Can\u{2019}t\t BE\u{a0}\n delivered ", "can't be delivered"),
            ("ΟΔΟΣ ΑΒ", "οδος αβ"),
            ("ÜBER", "über"),
            ("İLT:", "ilt:"),
            ("ΟΔΟΣ İLT:", "οδος ilt:"),
            ("", ""),
        ] {
            assert_eq!(plain(text), plain_text);
        }
        assert_eq!(head("añb", 2), "añ");
    }
}
