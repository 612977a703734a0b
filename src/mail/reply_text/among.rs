//! Answers among the lines of a mail of ours: what only its reader was told is taken out, the words that it quoted stay.

use std::collections::HashSet;

use super::{
    Purpose, header, history,
    lines::{self, Kind, Line},
    marker,
};
use crate::{desk::address::Named, mail::html};

/// So many octets of the mail, and so many lines of the answer, are compared: both are bounded, so their product is.
const MOST_OCTETS: usize = 64 * 1024;
const MOST_LINES: usize = 4000;

/// A line is the mail's where it is a whole line of it, or shares so many words with it, one after the other: of one that is marked as
/// quoted fewer are enough, since a mail program may wrap the mail's lines anew. An answer may be as short as `Blue.`.
const FEWEST_MARKED: usize = 3;
const FEWEST_UNMARKED: usize = 8;

/// A mail of ours that is answered, word by word.
#[derive(Debug, Default)]
pub struct Answered {
    /// All of it, as text and as its HTML reads.
    whole: String,
    /// What it quotes.
    quoted: String,
    lines: HashSet<String>,
    quoted_lines: HashSet<String>,
    /// What an attribution of it names: its sender's name, and the domain of the address.
    sender: Vec<String>,
    /// It is longer than what is compared.
    cut_short: bool,
}

impl Answered {
    /// From what it says as text, and in HTML, and from whom.
    #[must_use]
    pub fn of(text: &str, html: Option<&str>, sender: Option<&Named>) -> Self {
        let name = sender.and_then(|it| it.name.as_deref()).map(words).filter(|it| !it.is_empty());
        let domain = sender.map(|it| words(it.address.domain()));
        let mut it = Self { sender: name.into_iter().chain(domain).collect(), ..Self::default() };
        let html = html.map(html::to_text).unwrap_or_default();
        for text in [text, &html] {
            it.cut_short |= text.len() > MOST_OCTETS;
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
    fn says(&self, words: &str, fewest: usize) -> bool {
        !holds(&self.quoted, words) && holds(&self.whole, words) && (count(words) >= fewest || self.lines.contains(words))
    }

    fn quotes(&self, words: &str, fewest: usize) -> bool {
        holds(&self.quoted, words) && (count(words) >= fewest || self.quoted_lines.contains(words))
    }

    /// Whether lines that name whose words follow name whoever sent it.
    fn is_attributed_by(&self, lines: &[Line<'_>]) -> bool {
        let words: String = lines.iter().map(|it| words(it.text)).chain(["\n".to_owned()]).collect();
        self.sender.iter().any(|it| holds(&words, it))
    }
}

fn holds(text: &str, words: &str) -> bool {
    text.contains(&format!("{words}\n"))
}

fn count(words: &str) -> usize {
    words.matches('\n').count()
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
    let fates = fates(&lines, from, mail);
    if fates.iter().all(|it| *it == Fate::Stays) {
        return text.to_owned();
    }
    let rest = &text[looked_at.len()..];
    format!("{}{}{rest}", drawn(&lines, &fates), if rest.is_empty() { "" } else { "\n" })
}

fn fates(lines: &[Line<'_>], from: usize, mail: &Answered) -> Vec<Fate> {
    let mut fates = vec![Fate::Stays; lines.len()];
    for (at, (line, fate)) in lines.iter().zip(&mut fates).enumerate().take(MOST_LINES) {
        let words = words(line.text);
        let fewest = match line.kind {
            // Of the mail as it was quoted, what it quoted itself is quoted twice: nobody answers there.
            Kind::Quote if line.text.chars().filter(|c| !c.is_whitespace()).take_while(|c| *c == '>').count() > 1 => 1,
            Kind::Quote => FEWEST_MARKED,
            Kind::Text | Kind::Mark(_) if at >= from || marker::is_own(line) => FEWEST_UNMARKED,
            Kind::Text | Kind::Mark(_) => continue,
        };
        if words.is_empty() {
            continue;
        }
        if marker::is_own(line) || mail.says(&words, fewest) {
            *fate = Fate::Goes;
        } else if mail.quotes(&words, fewest) {
            *fate = Fate::Quoted;
        }
    }
    if fates.iter().all(|it| *it == Fate::Stays) {
        return fates;
    }
    drop_header(&lines[from..], &mut fates[from..]);
    let mut at = 0;
    for run in lines.chunk_by(|a, b| (a.kind, a.attribution) == (b.kind, b.attribution)) {
        let fates = &mut fates[at..at + run.len()];
        if run[0].attribution {
            if mail.is_attributed_by(run) {
                fates.fill(Fate::Goes);
            }
        } else if run[0].kind == Kind::Quote && fates.iter().any(|it| *it != Fate::Stays) {
            drop_quoted_header(run, fates);
            if !mail.cut_short && at + run.len() <= MOST_LINES {
                own_again(run, fates, mail);
            }
        }
        at += run.len();
    }
    fates
}

/// The fields that a program copies above a mail; what somebody wrote right below them stays.
fn drop_header(lines: &[Line<'_>], fates: &mut [Fate]) {
    let Some(header) = (0..lines.len().min(4)).find_map(|at| header::read(lines, at)) else { return };
    for (line, fate) in lines.iter().zip(fates).take(header.end) {
        let is_rule = || !line.text.chars().any(char::is_alphanumeric) || history::between_dashes(line.text).is_some();
        if header.is_copied() && (header::field(line.text).is_some() || is_rule()) {
            *fate = Fate::Goes;
        }
    }
}

/// The same, where a program quotes them with the mail.
fn drop_quoted_header(run: &[Line<'_>], fates: &mut [Fate]) {
    let text: Vec<&str> = run.iter().map(|it| unquoted(it.text)).collect();
    let text = text.join("\n");
    drop_header(&lines::read(&text), fates);
}

/// Whole lines within a quoted mail that are not in it were written there.
fn own_again(run: &[Line<'_>], fates: &mut [Fate], mail: &Answered) {
    for (line, fate) in run.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Stays) {
        let words = words(line.text);
        if !words.is_empty() && !holds(&mail.whole, &words) {
            *fate = Fate::Own;
        }
    }
}

fn unquoted(line: &str) -> &str {
    line.trim_start_matches(['>', ' ', '\t', '\u{a0}'])
}

/// What stays, with no more white space than there was, and no empty quotes.
fn drawn(lines: &[Line<'_>], fates: &[Fate]) -> String {
    let mut drawn: Vec<String> = Vec::with_capacity(lines.len());
    let mut last = Fate::Stays;
    for (line, &fate) in lines.iter().zip(fates).filter(|(_, fate)| **fate != Fate::Goes) {
        let unquoted = unquoted(line.text);
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
        Answered::of(NOTICE, None, Some(&Named { name: Some("Support".to_owned()), address: "s@desk.test".parse().unwrap() }))
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
    fn an_answer_may_be_in_the_words_of_the_mail() {
        let text =
            quoted(&NOTICE.replace("> It smokes.", "> It smokes.\nIn Progress.")) + "\nDo NOT do what Bob wrote:\n> Hold the button.\n";
        let said = without(&text, &answered());
        assert!(said.contains("\n> In Progress.\n") && said.contains("Do NOT do what Bob wrote:\n> Hold the button."), "{said}");
        let copy = NOTICE.replace("> It smokes.", "Should I turn it off and on again?\n\nTurn it off and on again.").replace("> ", "");
        let mail = Answered::of(&NOTICE.replace("> It smokes.", "> Should I turn it off and on again?"), None, None);
        let text = format!(
            "See my answers below.\n\nFrom: S <s@desk.test>\nSent: Monday\nTo: H <h@desk.test>\nSubject: P\nI can come.\nDate: Friday\n\n{copy}"
        );
        let said = without(&text, &mail);
        assert!(
            said.contains("\n\nI can come.\n") && said.contains("\n> Should I turn it off and on again?\n\nTurn it off and on again.\n"),
            "{said}"
        );
    }

    #[test]
    fn a_header_that_is_quoted_with_the_mail_goes_with_it() {
        let header = "> -----Original Message-----\n> From: Support <s+1@desk.test>\n> Sent: Monday, 2 November 2026 10:00\n> To: Hal <hal@desk.test>\n> Subject: Ada gave you Printer\n> \n";
        let text = format!("{header}{}\nUnplug it.\n", quoted(NOTICE));
        assert_eq!(without(&text, &answered()), "> It smokes.\n\n> And it smells of burnt rubber, all day.\n\nUnplug it.");
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
