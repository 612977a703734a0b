//! What messages must say, in the words of either database's index. A term holds letters, digits and `_` alone; the whole is bound.

use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::{
    fold::Token,
    index::{HAS_FILE, INTERNAL, PUBLIC, Space, on_ticket},
};
use crate::desk::query::{Fact, Meaning, Said, Sense};

/// How the last word of each phrase is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastWord {
    /// As it stands.
    IsWhole,
    /// As the start of a word, too.
    MayGoOn,
}

/// What of a row is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    /// All of it.
    Anywhere,
    /// Words in its subject alone.
    InSubject,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// Addresses and what is internal are found.
    Staff,
    /// What is public, by words and names.
    Customer,
}

/// A condition on rows of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// These words one after the other; the last may go on.
    Phrase(Vec<String>, LastWord),
    /// One of these.
    Any(Vec<Term>),
    /// Not this.
    Not(Box<Term>),
}

/// Each must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Terms(Vec<Term>);

/// A date range is asked of the index by years and months, at most so many.
const MOST_YEARS: i16 = 60;

impl Terms {
    /// Of what is said, and of when; `within`: on one of these tickets.
    pub(super) fn new(meaning: &Meaning, (place, last, asker): (Where, LastWord, Asker), within: Option<&[i64]>) -> Self {
        let mut terms = Vec::new();
        for (sense, said) in &meaning.said {
            let term = said_term(said, place, last, asker);
            match sense {
                Sense::With => terms.push(term),
                // What must not be there is taken as it stands.
                Sense::Without => terms.push(Term::Not(Box::new(said_term(said, Where::Anywhere, LastWord::IsWhole, asker)))),
            }
        }
        if let Some(numbers) = within {
            terms.push(Term::Any(numbers.iter().map(|it| word(on_ticket(*it))).collect()));
        }
        if asker == Asker::Customer {
            terms.push(word(PUBLIC.to_owned()));
        }
        if !terms.is_empty() {
            terms.extend(written(meaning));
            // An index finds what is there: something must be.
            if terms.iter().all(|it| matches!(it, Term::Not(_))) {
                terms.push(Term::Any(vec![word(PUBLIC.to_owned()), word(INTERNAL.to_owned())]));
            }
        }
        Self(terms)
    }

    /// Nothing is asked of the index.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// FTS5: `("a b" OR "c"*) AND "d" NOT "e"`.
    pub(super) fn for_sqlite(&self) -> String {
        let (not, with): (Vec<&Term>, Vec<&Term>) = self.0.iter().partition(|it| matches!(it, Term::Not(_)));
        let with = with.iter().map(|it| it.for_sqlite()).collect::<Vec<_>>().join(" AND ");
        not.iter().fold(with, |all, it| format!("({all}) NOT {}", it.for_sqlite()))
    }

    /// A tsquery: `('a' <-> 'b' | 'c':*) & 'd' & !'e'`.
    pub(super) fn for_postgres(&self) -> String {
        self.0.iter().map(Term::for_postgres).collect::<Vec<_>>().join(" & ")
    }
}

impl Term {
    fn for_sqlite(&self) -> String {
        match self {
            Self::Phrase(words, last) => {
                let more = if *last == LastWord::MayGoOn { "*" } else { "" };
                format!("\"{}\"{more}", words.join(" "))
            }
            Self::Any(terms) => format!("({})", terms.iter().map(Self::for_sqlite).collect::<Vec<_>>().join(" OR ")),
            Self::Not(term) => term.for_sqlite(),
        }
    }

    fn for_postgres(&self) -> String {
        match self {
            Self::Phrase(words, last) => {
                let more = if *last == LastWord::MayGoOn { ":*" } else { "" };
                format!("({}{more})", words.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(" <-> "))
            }
            Self::Any(terms) => format!("({})", terms.iter().map(Self::for_postgres).collect::<Vec<_>>().join(" | ")),
            Self::Not(term) => format!("!{}", term.for_postgres()),
        }
    }
}

fn word(token: String) -> Term {
    Term::Phrase(vec![token], LastWord::IsWhole)
}

fn said_term(said: &Said, place: Where, last: LastWord, asker: Asker) -> Term {
    let of = |text: &str, prefixes: &[&str]| phrase(&Token::all(text), prefixes, last);
    match (said, place) {
        (Said::Words(text), Where::InSubject) | (Said::Subject(text), _) => of(text, &[Space::Subject.prefix()]),
        (Said::Words(text), Where::Anywhere) => match asker {
            Asker::Staff => of(text, &["", Space::Address.prefix()]),
            Asker::Customer => of(text, &[""]),
        },
        (Said::From(text), _) => match asker {
            Asker::Staff => of(text, &[Space::Person.prefix(), Space::Address.prefix()]),
            Asker::Customer => of(text, &[Space::Person.prefix()]),
        },
        (Said::To(text), _) => of(text, &[Space::To.prefix()]),
        (Said::File(text), _) => of(text, &[Space::File.prefix()]),
        (Said::HasFile, _) => word(HAS_FILE.to_owned()),
    }
}

/// The words of one text in one of these namespaces. Words that fold to nothing are nowhere.
fn phrase(tokens: &[Token], prefixes: &[&str], last: LastWord) -> Term {
    let (Some(end), stems) = (tokens.last(), tokens.iter().map(|it| it.stem.as_str())) else { return word("v_nowhere".to_owned()) };
    let stems: Vec<&str> = stems.collect();
    let mut any = Vec::new();
    for prefix in prefixes {
        any.push(Term::Phrase(stems.iter().map(|it| format!("{prefix}{it}")).collect(), LastWord::IsWhole));
        if last == LastWord::MayGoOn && end.may_go_on() {
            let begun = stems[..stems.len() - 1].iter().copied().chain([end.word.as_str()]);
            any.push(Term::Phrase(begun.map(|it| format!("{prefix}{it}")).collect(), LastWord::MayGoOn));
        }
    }
    if any.len() == 1 { any.remove(0) } else { Term::Any(any) }
}

/// When it was written, to the month: the day itself is asked of the comments. Nothing: whenever, or over too long a time to say.
fn written(meaning: &Meaning) -> Option<Term> {
    let (mut from, mut to) = (None::<Timestamp>, None::<Timestamp>);
    for fact in meaning.facts.iter().filter(|it| it.0 == Sense::With).flat_map(|it| &it.1) {
        match fact {
            Fact::After(at) => from = from.max(Some(*at)),
            Fact::Before(at) => to = Some(to.map_or(*at, |to| to.min(*at))),
            Fact::Status(_) | Fact::Active | Fact::HadByNobody | Fact::HadBy(_) | Fact::Turn(_) | Fact::Snoozed | Fact::Unread(_) => {}
            Fact::Spam | Fact::Tag(_) | Fact::Priority(_) | Fact::Mailbox(_) | Fact::Number(_) => {}
        }
    }
    let to = to?;
    let utc = |at: Timestamp| at.to_zoned(TimeZone::UTC);
    // Mail is not older than this.
    let from = utc(from.unwrap_or_else(|| Timestamp::from_second(315_532_800).unwrap_or(Timestamp::UNIX_EPOCH)));
    let to = utc(to);
    let years = from.year()..to.year();
    if to.year() < from.year() || to.year() - from.year() > MOST_YEARS {
        return None;
    }
    let month = |year: i16, month: i8| word(format!("d_{year:04}{month:02}"));
    let first_month = |it: &Zoned, year: i16| if it.year() == year { it.month() } else { 1 };
    let mut any: Vec<Term> = years.clone().filter(|it| *it > from.year()).map(|it| word(format!("d_{it:04}"))).collect();
    if from.year() < to.year() {
        any.extend((from.month()..=12).map(|it| month(from.year(), it)));
    }
    any.extend((first_month(&from, to.year())..=to.month()).map(|it| month(to.year(), it)));
    (!any.is_empty()).then_some(Term::Any(any))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::query::{Known, Query};

    fn meaning(typed: &str) -> Meaning {
        let now = "2026-11-15T12:00:00Z".parse().unwrap();
        let known = Known { tags: &[], staff: &[], mailboxes: &[], me: crate::desk::id::PersonId(1), now, zone: &TimeZone::UTC };
        Query::read(typed).query.meaning(&known).unwrap()
    }

    #[test]
    fn each_database_is_asked_in_its_own_words() {
        let how = (Where::Anywhere, LastWord::MayGoOn, Asker::Staff);
        let terms = Terms::new(&meaning("invoices \"no reply\" -sk-20471 from:x.test has:attachment"), how, None);
        assert_eq!(
            terms.for_sqlite(),
            "((\"invoic\" OR \"invoices\"* OR \"e_invoic\" OR \"e_invoices\"*) AND (\"no repli\" OR \"no reply\"* OR \"e_no e_repli\" OR \"e_no e_reply\"*) \
            AND (\"p_x p_test\" OR \"p_x p_test\"* OR \"e_x e_test\" OR \"e_x e_test\"*) AND \"a_file\") NOT (\"sk 20471\" OR \"e_sk e_20471\")"
        );
        let how = (Where::InSubject, LastWord::IsWhole, Asker::Customer);
        assert_eq!(
            Terms::new(&meaning("no reply -x"), how, Some(&[4, 5])).for_postgres(),
            "('s_no') & ('s_repli') & !('x') & (('t_4') | ('t_5')) & ('v_public')"
        );
    }

    #[test]
    fn what_must_not_be_there_is_looked_for_among_all() {
        let how = (Where::Anywhere, LastWord::IsWhole, Asker::Staff);
        assert_eq!(
            Terms::new(&meaning("-\u{e4}rger"), how, None).for_sqlite(),
            "((\"v_public\" OR \"v_internal\")) NOT (\"arger\" OR \"e_arger\")"
        );
        assert!(Terms::new(&meaning("is:open before:2026-01-01"), how, None).is_empty());
    }

    #[test]
    fn a_time_is_asked_by_years_and_months() {
        let how = (Where::InSubject, LastWord::IsWhole, Asker::Staff);
        let asked = |typed: &str| Terms::new(&meaning(typed), how, None).for_sqlite();
        assert_eq!(
            asked("x before:2026-02-10 after:2024-11-20"),
            "\"s_x\" AND (\"d_2025\" OR \"d_202411\" OR \"d_202412\" OR \"d_202601\" OR \"d_202602\")"
        );
        assert_eq!(asked("x before:2026-05-10 after:2026-05-01"), "\"s_x\" AND (\"d_202605\")");
        assert_eq!(asked("x after:2026-05-10 before:2026-03-01"), "\"s_x\"");
        assert_eq!(asked("x after:2026-05-10"), "\"s_x\"");
    }
}
