//! A mail that stands in the text of another which forwards it: its header, copied, and its words.

use super::{
    header::{Named, field, is_header_block},
    lines::{self, Line},
};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What whoever forwards it wrote above.
    pub above: String,
    /// The copied From, as it stands there.
    pub from: String,
    /// The copied Subject.
    pub subject: Option<String>,
    /// The mail's own words.
    pub below: String,
}

/// The first copied header of a text, and what stands above and below it. None: there is none that names a sender.
#[must_use]
pub fn find(text: &str) -> Option<Block> {
    let text = super::whole_lines(text, super::MOST_OCTETS);
    let lines = lines::read(text);
    let at = (0..lines.len()).find(|at| is_header_block(&lines, *at))?;
    let (mut from, mut subject, mut end) = (None, None, at);
    for (n, line) in lines.iter().enumerate().skip(at).take(24) {
        let Some((named, value)) = field(line.text) else {
            // A field may go on in the next line; an empty one ends the header.
            if bare(line.text).is_empty() {
                break;
            }
            continue;
        };
        let value = value.trim().trim_matches('*').trim();
        match named {
            Named::From => from = from.or(Some(value)),
            Named::Subject => subject = subject.or(Some(value)),
            Named::Sent | Named::Date | Named::To | Named::Cc | Named::Other => {}
        }
        end = n + 1;
    }
    let quoted = lines[at].text.trim_start().starts_with('>');
    Some(Block {
        above: above(&lines[..at]),
        from: from?.to_owned(),
        subject: subject.map(str::to_owned),
        below: below(&lines[end..], quoted),
    })
}

/// Without the line that says that a mail follows.
fn above(lines: &[Line<'_>]) -> String {
    let said = |it: &&Line<'_>| !super::history::is_forward(it.text) && !super::history::is_rule(it.text);
    let kept: Vec<&str> =
        lines.iter().filter(said).filter(|it| super::history::between_dashes(it.text).is_none()).map(|it| it.text).collect();
    kept.join("\n").trim().to_owned()
}

/// Apple Mail marks every line of what it forwards; the marks are not the customer's words.
fn below(lines: &[Line<'_>], quoted: bool) -> String {
    let lines: Vec<&str> = lines.iter().map(|it| if quoted { bare(it.text) } else { it.text }).collect();
    lines.join("\n").trim_matches('\n').trim_end().to_owned()
}

fn bare(text: &str) -> &str {
    let text = text.strip_prefix('>').unwrap_or(text);
    text.strip_prefix(' ').unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_mail_is_found_with_its_sender_and_its_words() {
        for text in [
            "Please take this one.\n\n---------- Forwarded message ---------\nFrom: Ann Lee <ann@home.test>\nDate: Mon, 2 Nov 2026 at 10:00\nSubject: Printer\nTo: Hal <hal@desk.test>\n\n\nIt smokes.\n\nAnn",
            "Please take this one.\n\nBegin forwarded message:\n\n> From: Ann Lee <ann@home.test>\n> Subject: Printer\n> Date: 2 November 2026\n> To: hal@desk.test\n> \n> It smokes.\n> \n> Ann",
            "Please take this one.\n\n________________________________\nVon: Ann Lee <ann@home.test>\nGesendet: Montag, 2. November 2026 10:00\nAn: Hal\nBetreff: Printer\n\nIt smokes.\n\nAnn",
        ] {
            let found = find(text).unwrap();
            assert_eq!(found.above, "Please take this one.", "{text}");
            assert_eq!(found.from, "Ann Lee <ann@home.test>", "{text}");
            assert_eq!((found.subject.as_deref(), found.below.as_str()), (Some("Printer"), "It smokes.\n\nAnn"), "{text}");
        }
    }

    #[test]
    fn a_text_without_a_copied_header_forwards_nothing() {
        assert_eq!(find("From: the top of the stairs\nhello"), None);
        assert_eq!(find(""), None);
    }
}
