//! Answers among the lines of a mail of ours: what only its reader was told is taken out, the words that it quoted stay.

use std::collections::HashSet;

use super::{
    Purpose, header, history,
    lines::{self, Kind, Line},
    marker,
};
use crate::mail::html;

/// So many octets of the mail, and so many lines of the answer, are compared: both are bounded, so their product is.
const MOST_OCTETS: usize = 64 * 1024;
const MOST_LINES: usize = 4000;

/// A line that nobody marked as quoted is the mail's where it shares so many words with it, one after the other, or is a whole line of it.
const FEWEST_WORDS: usize = 3;

/// A mail of ours that is answered, word by word.
#[derive(Debug, Default)]
pub struct Answered {
    /// All of it, as text and as its HTML reads.
    whole: String,
    /// What it quotes.
    quoted: String,
    lines: HashSet<String>,
    quoted_lines: HashSet<String>,
}

impl Answered {
    /// From what it says as text, and in HTML.
    #[must_use]
    pub fn of(text: &str, html: Option<&str>) -> Self {
        let mut it = Self::default();
        let html = html.map(html::to_text).unwrap_or_default();
        for text in [text, &html] {
            for line in super::whole_lines(text, MOST_OCTETS).lines() {
                let words = words(line);
                it.whole += &words;
                if lines::is_quote(line) {
                    it.quoted += &words;
                    it.quoted_lines.insert(words.clone());
                }
                it.lines.insert(words);
            }
        }
        it.whole.push('\n');
        it.quoted.push('\n');
        it
    }

    /// Words of the mail itself, and of nobody whom it quotes.
    fn says(&self, words: &str, marked: bool) -> bool {
        !holds(&self.quoted, words) && holds(&self.whole, words) && (marked || is_sure(words) || self.lines.contains(words))
    }

    fn quotes(&self, words: &str, marked: bool) -> bool {
        holds(&self.quoted, words) && (marked || is_sure(words) || self.quoted_lines.contains(words))
    }
}

fn holds(text: &str, words: &str) -> bool {
    text.contains(&format!("{words}\n"))
}

fn is_sure(words: &str) -> bool {
    words.matches('\n').count() >= FEWEST_WORDS
}

/// In lower case, each behind a line break: what is between words differs with how a program wraps, quotes and draws. Where a script
/// has no spaces, every character is a word.
fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 1);
    let mut within = false;
    for c in text.chars() {
        let by_itself = c >= '\u{2e80}';
        if c.is_alphanumeric() {
            if !within || by_itself {
                words.push('\n');
            }
            words.extend(c.to_lowercase());
        }
        within = c.is_alphanumeric() && !by_itself;
    }
    words
}

/// Whether a text holds lines that are not newly written, so that [`without`] may find some of a mail among them.
#[must_use]
pub fn holds_history(text: &str) -> bool {
    let lines = lines::read(super::whole_lines(text, super::MOST_OCTETS));
    lines.iter().any(|it| it.kind == Kind::Quote) || history_from(&lines) < lines.len()
}

/// The first line of a copied mail that nobody marked line by line.
fn history_from(lines: &[Line<'_>]) -> usize {
    let cut = history::find(lines, Purpose::Answers).cut;
    cut.into_iter().chain(marker::find(lines, Purpose::Answers)).min().unwrap_or(lines.len())
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Stays,
    /// The words of somebody whom the mail quoted: they stay, as quoted once.
    Quoted,
    /// Written among the quoted lines by a program that quotes that as well.
    Own,
    Goes,
}

/// A text that answers among the lines of `mail`, without what is that mail's own: its attribution, its copied header, its words. What
/// it quoted stays, and so does every line that is not in it. A text without any of its lines stays as it is.
#[must_use]
pub fn without(text: &str, mail: &Answered) -> String {
    let looked_at = super::whole_lines(text, super::MOST_OCTETS);
    let lines = lines::read(looked_at);
    let from = history_from(&lines);
    let mut fates = vec![Fate::Stays; lines.len()];
    for (at, (line, fate)) in lines.iter().zip(&mut fates).enumerate().take(MOST_LINES) {
        let marked = line.kind == Kind::Quote;
        let words = words(line.text);
        if !(marked || at >= from || marker::is_own(line)) || words.is_empty() {
            continue;
        }
        if marker::is_own(line) || mail.says(&words, marked) {
            *fate = Fate::Goes;
        } else if mail.quotes(&words, marked) {
            *fate = Fate::Quoted;
        }
    }
    if fates.iter().all(|it| *it == Fate::Stays) {
        return text.to_owned();
    }
    for (fate, _) in fates.iter_mut().zip(&lines).filter(|(_, it)| it.attribution) {
        *fate = Fate::Goes;
    }
    let mut at = 0;
    for run in lines.chunk_by(|a, b| (a.kind == Kind::Quote) == (b.kind == Kind::Quote)) {
        let fates = &mut fates[at..at + run.len()];
        if run[0].kind == Kind::Quote && fates.iter().any(|it| *it != Fate::Stays) {
            fates
                .iter_mut()
                .zip(run)
                .filter(|(it, line)| **it == Fate::Stays && !words(line.text).is_empty())
                .for_each(|(it, _)| *it = Fate::Own);
        }
        at += run.len();
    }
    if let Some(end) = (from..lines.len().min(from + 4)).find_map(|at| header::read(&lines, at)).map(|it| it.end) {
        fates[from..end].fill(Fate::Goes);
    }
    format!("{}{}", drawn(&lines, &fates), &text[looked_at.len()..])
}

/// What stays, with no more white space than there was, and no empty quotes.
fn drawn(lines: &[Line<'_>], fates: &[Fate]) -> String {
    let mut drawn: Vec<String> = Vec::with_capacity(lines.len());
    let mut last = Fate::Stays;
    for (line, &fate) in lines.iter().zip(fates).filter(|(_, fate)| **fate != Fate::Goes) {
        let unquoted = line.text.trim_start_matches(['>', ' ', '\t', '\u{a0}']);
        let text = match fate {
            Fate::Stays | Fate::Goes => line.text.to_owned(),
            Fate::Quoted => format!("> {unquoted}"),
            Fate::Own => unquoted.to_owned(),
        };
        let blank = text.chars().all(|c| c == '>' || c.is_whitespace());
        let apart = (fate == Fate::Own) != (last == Fate::Own);
        if (blank || apart) && drawn.last().is_some_and(|it| !it.is_empty()) {
            drawn.push(String::new());
        }
        if !blank {
            drawn.push(text);
            last = fate;
        }
    }
    drawn.join("\n").trim_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTICE: &str = "-- Reply above this line --\nYour answer above this line goes to the customer. Begin it with /note to\nkeep it among staff.\n\n\
        Ada gave you this ticket.\n\n#1 Printer\nIn Progress, tags difficult, from Ann Lee\n\nAnn Lee wrote:\n\n> It smokes.\n> \n> And it smells of burnt rubber, all day.\n\n\
        Open it: https://desk.test/tickets/1";

    fn answered() -> Answered {
        Answered::of(NOTICE, None)
    }

    fn quoted(text: &str) -> String {
        text.lines().map(|it| format!("> {it}\n")).collect()
    }

    #[test]
    fn only_what_was_quoted_stays_among_the_answers() {
        let (above, below) = NOTICE.split_at(NOTICE.find("> \n").unwrap());
        let text =
            format!("On Monday, Support <s+1@desk.test> wrote:\n{}\nUnplug it.\n\n{}\nRubber is fine.\n", quoted(above), quoted(below));
        assert_eq!(
            without(&text, &answered()),
            "> It smokes.\n\nUnplug it.\n\n> And it smells of burnt rubber, all day.\n\nRubber is fine."
        );
    }

    #[test]
    fn a_copy_that_nobody_marked_keeps_the_answers_in_it() {
        let copy = NOTICE.replace("> It smokes.", "It smokes.\n\nUnplug it.").replace("> ", "");
        let header = "-----Original Message-----\nFrom: Support <s+1@desk.test>\nSent: Monday, 2 November 2026 10:00\nTo: Hal <hal@desk.test>\nSubject: Printer";
        let text = format!("See my answers below.\n\n{header}\n\n{copy}\n\nIt is fine.");
        assert_eq!(
            without(&text, &answered()),
            "See my answers below.\n\n> It smokes.\n\nUnplug it.\n\n> And it smells of burnt rubber, all day.\n\nIt is fine."
        );
    }

    #[test]
    fn a_line_that_was_wrapped_again_is_still_known() {
        let text = "> > And it smells of\n> > burnt rubber, all day.\n\nSo it does.\n\n> Begin it with\n> /note to keep it\n\nDone.";
        assert_eq!(without(text, &answered()), "> And it smells of\n> burnt rubber, all day.\n\nSo it does.\n\nDone.");
    }

    #[test]
    fn own_words_that_a_program_quotes_with_the_rest_are_own_again() {
        let text = quoted(&NOTICE.replace("> It smokes.", "> It smokes.\nUnplug it.\nAt once."));
        let said = "> It smokes.\n\nUnplug it.\nAt once.\n\n> And it smells of burnt rubber, all day.";
        assert_eq!(without(&text, &answered()), said);
    }

    #[test]
    fn what_is_not_of_the_mail_stays_as_it_was() {
        for text in [
            "Unplug it.",
            "The manual says:\n> Hold the button.\n\nDo that.",
            "On Monday, Bob <bob@x.test> wrote:\n> > Hold the button.\n\n\nDo that.",
            "",
        ] {
            assert_eq!(without(text, &answered()), text);
            assert_eq!(without(text, &Answered::default()), text);
        }
        assert!(!holds_history("Unplug it.\n\nHal") && holds_history("> It smokes.\n\nUnplug it."));
    }

    proptest! {
        #[test]
        fn own_words_are_never_lost(own in "[a-z]{1,8}zq( [a-z]{1,8}zq){0,5}", at in 0_usize..14) {
            let mut lines: Vec<String> = NOTICE.lines().map(|it| format!("> {it}")).collect();
            lines.insert(at, format!("\n{own}\n"));
            prop_assert!(without(&lines.join("\n"), &answered()).lines().any(|it| it == own));
        }

        #[test]
        fn any_text_is_read(text in "([> a-z\n:@<-]|On Monday, Ann wrote:\n|Ann Lee|It smokes){0,80}") {
            let said = without(&text, &answered());
            prop_assert!(!said.contains("-- Reply above"));
        }
    }
}
