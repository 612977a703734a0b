//! What a `style` attribute says of how an element is seen.

use html5ever::tokenizer::Tag;

use crate::mail::html::scan;

/// Lower case and without white space; empty where there is none.
#[derive(Debug, Default)]
pub(super) struct Style(String);

/// Whether the words of an element are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// As what is around them.
    AsBefore,
    /// Neither they nor what stands in them.
    Never,
    /// Not they, but elements in them that have a size of their own.
    TooSmall,
    /// They have a size of their own.
    Sized,
}

/// What becomes of white space (`white-space` in CSS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spaces {
    /// All of it is one space.
    Collapse,
    /// Line breaks stay.
    Lines,
    /// All of it stays.
    Kept,
}

impl Style {
    pub fn of(tag: &Tag) -> Self {
        let style = scan::attribute(tag, "style").filter(|it| it.len() < 4096).unwrap_or_default();
        Self(style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase())
    }

    /// The value that counts: the last.
    fn value(&self, property: &str) -> Option<&str> {
        let mut parts = self.0.rsplit(';').filter_map(|it| it.split_once(':'));
        parts.find(|(name, _)| *name == property).map(|(_, value)| value.trim_end_matches("!important"))
    }

    /// As a mail program shows it that knows no style sheet.
    pub fn seen(&self, tag: &Tag) -> Seen {
        // A style sheet, and so a style, may show what the attribute hides.
        if scan::attribute(tag, "hidden").is_some() && self.value("display").is_none() {
            return Seen::Never;
        }
        if self.0.is_empty() {
            return Seen::AsBefore;
        }
        let is = |property: &str, values: &[&str]| self.value(property).is_some_and(|it| values.contains(&it));
        const NOTHING: &[&str] = &["0", "0px", "0pt", "0em", "0%"];
        let clipped = is("overflow", &["hidden"]) && (is("max-height", NOTHING) || is("height", NOTHING));
        if is("display", &["none"]) || is("visibility", &["hidden"]) || is("opacity", &["0"]) || clipped {
            return Seen::Never;
        }
        match self.value("font-size") {
            Some(size) if NOTHING.contains(&size) => Seen::TooSmall,
            Some(_) => Seen::Sized,
            None => Seen::AsBefore,
        }
    }

    /// None: as in what is around it.
    pub fn spaces(&self) -> Option<Spaces> {
        match self.value("white-space")? {
            "pre" | "pre-wrap" | "break-spaces" => Some(Spaces::Kept),
            "pre-line" => Some(Spaces::Lines),
            "normal" | "nowrap" | "initial" => Some(Spaces::Collapse),
            _ => None,
        }
    }

    pub fn is_struck(&self) -> bool {
        ["text-decoration", "text-decoration-line"].iter().any(|it| self.value(it).is_some_and(|it| it.contains("line-through")))
    }

    pub fn is_block(&self) -> bool {
        self.value("display").is_some_and(|it| it == "block")
    }

    /// No space above and below, as a paragraph otherwise has.
    pub fn has_no_margin(&self) -> bool {
        let zero = |it: &str| it.starts_with('0') && !it.starts_with("0.");
        self.value("margin").is_some_and(zero)
            || (self.value("margin-top").is_some_and(zero) && self.value("margin-bottom").is_some_and(|it| zero(it) || it == ".0001pt"))
    }

    pub fn has_no_border(&self) -> bool {
        self.0.contains("border:none") || self.0.contains("border:medium")
    }

    /// A line above it and no other.
    pub fn draws_a_line(&self) -> bool {
        let shorthand = self.value("border-top").is_some_and(|it| it.contains("solid"));
        let side = self.value("border-top-style") == Some("solid");
        let all = self.value("border-style").is_some_and(|it| it.starts_with("solidnone"));
        (shorthand || side || all) && !self.has_line_at_left()
    }

    /// As programs draw it beside what they quote.
    pub fn has_line_at_left(&self) -> bool {
        self.value("border-left").is_some_and(|it| it.contains("solid"))
    }

    /// Outlook and Windows Mail set the copied header off with a thin line above it.
    pub fn begins_outlook_header(&self) -> bool {
        let padded = ["padding:3.0pt0", "padding:3pt0", "padding-top:3.0pt", "padding-top:3pt", "padding-top:5px"];
        self.draws_a_line() && padded.iter().any(|it| self.0.contains(it))
    }
}
