//! Where mail programs say in their HTML what is quoted, as marks in the text made of it.
//!
//! A mark is one character of a private use area alone on its line. The same characters in a mail are left out
//! before, so that no sender can set one.

use html5ever::tokenizer::Tag;

use super::scan::{self, Visitor};

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// From here on it is history.
    History,
    /// An attribution and a quote follow.
    Attribution,
    /// A signature begins.
    Signature,
    /// It ends.
    EndOfSignature,
}

const HISTORY: char = '\u{f8f0}';
const ATTRIBUTION: char = '\u{f8f1}';
const SIGNATURE: char = '\u{f8f2}';
const END_OF_SIGNATURE: char = '\u{f8f3}';

impl Mark {
    fn character(self) -> char {
        match self {
            Self::History => HISTORY,
            Self::Attribution => ATTRIBUTION,
            Self::Signature => SIGNATURE,
            Self::EndOfSignature => END_OF_SIGNATURE,
        }
    }

    /// The mark that this line is, if it is one.
    pub(crate) fn alone_on(line: &str) -> Option<Self> {
        let mut characters = line.trim().chars();
        let mark = match characters.next()? {
            HISTORY => Self::History,
            ATTRIBUTION => Self::Attribution,
            SIGNATURE => Self::Signature,
            END_OF_SIGNATURE => Self::EndOfSignature,
            _ => return None,
        };
        characters.next().is_none().then_some(mark)
    }
}

fn is_mark(c: char) -> bool {
    (HISTORY..=END_OF_SIGNATURE).contains(&c)
}

/// A text without marks and without the lines that held nothing else.
pub(crate) fn strip(text: &str) -> String {
    if !text.contains(is_mark) {
        return text.to_owned();
    }
    let kept = |line: &&str| {
        let bare = line.trim_matches(|c: char| c == '>' || c.is_whitespace());
        bare.is_empty() || !bare.chars().all(is_mark)
    };
    text.split('\n').filter(kept).map(|line| line.replace(is_mark, "")).collect::<Vec<_>>().join("\n")
}

/// Plain text as a sender wrote it, in which marks mean nothing.
pub(crate) fn unmarked(text: String) -> String {
    if text.contains(is_mark) { text.replace(is_mark, "") } else { text }
}

/// Elements that change how words look and not where they stand; in text they are nothing.
pub(super) const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label", "mark",
    "nobr", "o:p", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var",
];

/// HTML with marks in it, and without what is never read: comments, scripts, styles, heads.
pub(super) fn set(html: &str) -> String {
    let mut writer = Writer { out: String::with_capacity(html.len()), ..Writer::default() };
    scan::visit(html, &mut writer);
    writer.out
}

#[derive(Default)]
struct Writer {
    out: String,
    /// Open elements of the kinds below that were renamed, or that end with a mark: the name and how many of it are open inside.
    open: Vec<Open>,
}

struct Open {
    name: String,
    inside: usize,
    renamed: bool,
    ends_with: Option<Mark>,
}

impl Writer {
    fn mark(&mut self, mark: Mark) {
        self.out.push_str("<div>");
        self.out.push(mark.character());
        self.out.push_str("</div>");
    }
}

impl Visitor for Writer {
    fn open(&mut self, tag: &Tag) {
        let name = &*tag.name;
        if let Some(open) = self.open.last_mut().filter(|it| it.name == name) {
            open.inside += 1;
        }
        let role = role(tag);
        if let Role::Sets(mark) = role {
            self.mark(mark);
        }
        let ends_with = matches!(role, Role::Sets(Mark::Signature)).then_some(Mark::EndOfSignature);
        let renamed = matches!(role, Role::Indents);
        if (ends_with.is_some() || renamed) && self.open.len() < 100 {
            self.open.push(Open { name: name.to_owned(), inside: 0, renamed, ends_with });
        }
        match name {
            "img" => picture(tag, &mut self.out),
            _ if renamed => self.out.push_str("<div>"),
            _ if INLINE.contains(&name) => (),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.out.push_str("<p>"),
            _ => scan::write_tag(name, tag, &mut self.out),
        }
    }

    fn close(&mut self, name: &str) {
        let Some(open) = self.open.last_mut().filter(|it| it.name == name) else {
            return end_tag(name, &mut self.out);
        };
        if open.inside > 0 {
            open.inside -= 1;
            return end_tag(name, &mut self.out);
        }
        let Some(open) = self.open.pop() else { return };
        end_tag(if open.renamed { "div" } else { name }, &mut self.out);
        if let Some(mark) = open.ends_with {
            self.mark(mark);
        }
    }

    fn text(&mut self, text: &str) {
        if text.contains(is_mark) {
            scan::escape(&text.replace(is_mark, ""), &mut self.out);
        } else {
            scan::escape(text, &mut self.out);
        }
    }
}

fn end_tag(name: &str, out: &mut String) {
    let heading = name.len() == 2 && name.starts_with('h') && name != "hr";
    let name = if heading { "p" } else { name };
    if !INLINE.contains(&name) {
        scan::write_end_tag(name, out);
    }
}

/// A picture says what its alternative text says, if that says anything.
fn picture(tag: &Tag, out: &mut String) {
    let said = scan::attribute(tag, "alt").map(str::trim).filter(|it| !it.is_empty());
    if let Some(text) = said {
        scan::escape(&text.replace(is_mark, ""), out);
    }
}

enum Role {
    Plain,
    /// A quotation element that only indents.
    Indents,
    Sets(Mark),
}

/// What programs call their quotes and signatures: classes first, then ids.
const HISTORY_CLASSES: &[&str] =
    &["yahoo_quoted", "zmail_extra", "OutlookMessageHeader", "ms-outlook-mobile-reference-message", "gmail_quote_forward"];
const ATTRIBUTION_CLASSES: &[&str] = &[
    "gmail_quote",
    "gmail_quote_container",
    "gmail_attr",
    "moz-cite-prefix",
    "protonmail_quote",
    "tutanota_quote_header",
    "email_quote",
    "replyHeader",
    "quote_header",
];
const SIGNATURE_CLASSES: &[&str] = &[
    "gmail_signature",
    "gmail_signature_prefix",
    "moz-signature",
    "acompli_signature",
    "ms-outlook-mobile-signature",
    "protonmail_signature_block",
    "mobile_signature",
    "mailbox_signature",
    "fairemail_signature",
];
const HISTORY_IDS: &[&str] = &[
    "divRplyFwdMsg",
    "appendonsend",
    "stopSpelling",
    "zwchr",
    "OLK_SRC_BODY_SECTION",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-reference-message",
    "isReplyContent",
    "replyBlockquoteHeader",
    "RplyFwdMsg",
    "yahoo_quoted",
];
const ATTRIBUTION_IDS: &[&str] = &["reply-intro"];
const SIGNATURE_IDS: &[&str] = &[
    "Signature",
    "signature",
    "_rc_sig",
    "ms-outlook-mobile-signature",
    "AppleMailSignature",
    "ymail_android_signature",
    "composer_signature",
];

fn role(tag: &Tag) -> Role {
    let classes: Vec<&str> = scan::attribute(tag, "class").unwrap_or_default().split_whitespace().take(20).collect();
    let id = scan::attribute(tag, "id").unwrap_or_default().trim_start_matches("x_");
    let has = |list: &[&str]| classes.iter().any(|it| list.contains(it));
    if &*tag.name == "blockquote" {
        return quotation(tag, &classes);
    }
    if has(SIGNATURE_CLASSES) || SIGNATURE_IDS.contains(&id) || is_marked_signature(tag) {
        return Role::Sets(Mark::Signature);
    }
    if has(HISTORY_CLASSES)
        || HISTORY_IDS.contains(&id)
        || is_outlook_rule(tag)
        || scan::attribute(tag, "data-marker") == Some("__QUOTED_TEXT__")
    {
        return Role::Sets(Mark::History);
    }
    if has(ATTRIBUTION_CLASSES) || ATTRIBUTION_IDS.contains(&id) || scan::attribute(tag, "name") == Some("quote") {
        return Role::Sets(Mark::Attribution);
    }
    Role::Plain
}

/// `<blockquote style="margin:0 0 0 40px;border:none">` is how Gmail and others indent.
fn quotation(tag: &Tag, classes: &[&str]) -> Role {
    let style: String = scan::attribute(tag, "style").unwrap_or_default().to_lowercase().split_whitespace().collect();
    let cited = scan::attribute(tag, "type") == Some("cite") || scan::attribute(tag, "cite").is_some() || !classes.is_empty();
    if !cited && (style.contains("border:none") || style.contains("border:medium")) { Role::Indents } else { Role::Plain }
}

fn is_marked_signature(tag: &Tag) -> bool {
    scan::attribute(tag, "data-smartmail") == Some("gmail_signature") || scan::attribute(tag, "data-signatureblock") == Some("true")
}

/// Outlook and Windows Mail set the copied header off with a thin line above it.
fn is_outlook_rule(tag: &Tag) -> bool {
    let style: String = scan::attribute(tag, "style").unwrap_or_default().to_lowercase().split_whitespace().collect();
    &*tag.name == "div"
        && (style.contains("border-top:solid") && style.contains("padding:3.0pt0")
            || style.contains("border-top-style:solid") && style.contains("padding-top:5px"))
}
