//! The address behind a link, where a person would have typed it.

use std::collections::HashSet;

/// Longer addresses are made by machines that count who presses them.
const LONGEST: usize = 150;
const LONGEST_TOKEN: usize = 36;

/// A link that is open.
#[derive(Debug, Default)]
pub(super) struct Link {
    href: String,
    said: String,
}

impl Link {
    /// None for what leads nowhere that a person could go.
    pub fn to(href: &str) -> Option<Self> {
        let href: String = href.trim().chars().take(LONGEST + 1).collect();
        let lower = href.to_ascii_lowercase();
        let usable = ["http://", "https://", "mailto:", "ftp://"].iter().any(|it| lower.starts_with(it));
        (usable && href.len() <= LONGEST && !href.contains(char::is_whitespace)).then(|| Self { href, said: String::new() })
    }

    /// What the link is called.
    pub fn says(&mut self, text: &str) {
        if self.said.len() < 400 {
            self.said.push_str(text);
        }
    }

    /// The address to write behind it: once in a mail, not where it says the same, not where it is a machine's.
    pub fn address(self, shown: &mut HashSet<String>) -> Option<String> {
        let said = bare(&self.said);
        let address = match self.href.get(..7).filter(|it| it.eq_ignore_ascii_case("mailto:")) {
            Some(scheme) => self.href[scheme.len()..].split('?').next().unwrap_or_default().to_owned(),
            None => self.href,
        };
        let plain = bare(&address);
        let counted = address.split(['/', '?', '&', '=', '.', ',', '-', '_', '@']).any(|it| it.len() > LONGEST_TOKEN);
        if said.is_empty() || plain.is_empty() || counted || address.contains(['<', '>']) || said.contains(&plain) {
            return None;
        }
        shown.insert(plain).then_some(address)
    }
}

/// Without what makes no difference to a reader.
fn bare(address: &str) -> String {
    let lower: String =
        address.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{ad}')).collect::<String>().to_lowercase();
    let bare = ["https://", "http://", "mailto:"].iter().fold(&*lower, |text, it| text.strip_prefix(it).unwrap_or(text));
    bare.strip_prefix("www.").unwrap_or(bare).trim_end_matches('/').to_owned()
}
