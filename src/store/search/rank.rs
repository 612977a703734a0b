//! The best of what was found first. Both databases' own ranks need every row that says it; this one needs the candidates alone, and
//! is the same on both.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Asked, Found, Hit,
    fold::{Fit, Stems, Token, each, words},
    index::listed,
};
use crate::{
    desk::query::{Said, Sense},
    store::{Conn, Result, at, on},
};

/// Of a text, so many characters count: what somebody says at length, they say at the beginning.
const READ: &str = "2000";

/// Where a word can stand, and what it is worth there.
#[derive(Clone, Debug, Default)]
struct Texts {
    subject: Vec<String>,
    people: Vec<String>,
    files: Vec<String>,
    body: Vec<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    subject: String,
    requester: String,
    author: Option<String>,
    body: String,
    files: Option<String>,
    created_at: i64,
}

/// Sorts what was found by how well it fits; each ticket once, by its best comment.
pub(super) async fn sort(conn: &mut Conn, asked: &Asked<'_>, found: Found) -> Result<Found> {
    let terms: Vec<Vec<Token>> = asked.meaning.said.iter().filter(|it| it.0 == Sense::With).filter_map(|it| looked_for(&it.1)).collect();
    let stems = Stems::default();
    let ids: Vec<i64> = found.hits.iter().map(|it| it.comment.0).collect();
    let mut scores: BTreeMap<i64, f64> = BTreeMap::new();
    for some in ids.chunks(500) {
        for row in rows(conn, some).await? {
            let (id, said_at) = (row.id, at(row.created_at));
            scores.insert(id, score(&terms, &row.texts(), &stems) + freshness(said_at, asked.now));
        }
    }
    let worth = |hit: &Hit| scores.get(&hit.comment.0).copied().unwrap_or_default();
    let mut best: BTreeMap<i64, Hit> = BTreeMap::new();
    for hit in &found.hits {
        let known = best.entry(hit.ticket.0).or_insert(*hit);
        if worth(hit) > worth(known) {
            *known = *hit;
        }
    }
    let mut hits: Vec<Hit> = best.into_values().collect();
    hits.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(b.comment.cmp(&a.comment)));
    Ok(Found { hits, extent: found.extent })
}

/// The words of what is looked for; where a word must stand says nothing about how well it fits there.
fn looked_for(said: &Said) -> Option<Vec<Token>> {
    match said {
        Said::Words(text) | Said::From(text) | Said::To(text) | Said::Subject(text) | Said::File(text) => Some(Token::all(text)),
        Said::HasFile => None,
    }
}

async fn rows(conn: &mut Conn, comments: &[i64]) -> Result<Vec<Row>> {
    if comments.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "select c.id, t.subject, r.name as requester, a.name as author, substr(c.body, 1, {READ}) as body, c.created_at,
            (select string_agg(f.filename, ' / ') from attachments f where f.comment = c.id) as files
        from comments c join tickets t on t.number = c.ticket join people r on r.id = t.requester left join people a on a.id = c.author
        where c.id in ({})",
        listed(comments)
    );
    Ok(on!(conn, c => sqlx::query_as(sqlx::AssertSqlSafe(sql)).persistent(false).fetch_all(c).await)?)
}

impl Row {
    fn texts(self) -> Texts {
        let folded = |text: &str| each(&words(text)).map(str::to_owned).collect();
        Texts {
            subject: folded(&self.subject),
            people: folded(&format!("{} {}", self.requester, self.author.unwrap_or_default())),
            files: folded(&self.files.unwrap_or_default()),
            body: folded(&self.body),
        }
    }
}

/// How well texts fit: a subject says what a ticket is about, a name is what somebody remembers, a text may mention anything.
fn score(terms: &[Vec<Token>], texts: &Texts, stems: &Stems) -> f64 {
    let mut all = 0.0;
    for term in terms {
        for (words, worth) in [(&texts.subject, 8.0), (&texts.people, 5.0), (&texts.files, 5.0), (&texts.body, 2.0)] {
            all += worth * stands(term, words, stems);
        }
    }
    // Words of a query that stand side by side as they were typed.
    let as_typed: Vec<Token> = terms.iter().flatten().cloned().collect();
    if terms.len() > 1 {
        for (words, worth) in [(&texts.subject, 8.0), (&texts.body, 4.0)] {
            all += worth * stands(&as_typed, words, stems).min(1.0);
        }
    }
    all
}

/// How often and how exactly one word after the other stands there: 1 for once as typed, at most 2.
fn stands(term: &[Token], words: &[String], stems: &Stems) -> f64 {
    let Some((first, rest)) = term.split_first() else { return 0.0 };
    let (mut times, mut best): (u32, f64) = (0, 0.0);
    for (at, word) in words.iter().enumerate() {
        let begins = worth(first.fits(word, stems));
        if begins == 0.0 {
            continue;
        }
        let fits = rest.iter().enumerate().map(|(next, it)| words.get(at + 1 + next).map_or(0.0, |word| worth(it.fits(word, stems))));
        let weakest = fits.fold(begins, f64::min);
        if weakest > 0.0 {
            (times, best) = (times + 1, best.max(weakest));
        }
    }
    if times == 0 { 0.0 } else { best * (1.0 + f64::from((times - 1).min(4)) * 0.25) }
}

fn worth(fit: Fit) -> f64 {
    match fit {
        Fit::Not => 0.0,
        Fit::Begins => 0.5,
        Fit::Stem => 0.9,
        Fit::Same => 1.0,
    }
}

/// Of two that fit as well, what was said lately: 2 for now, 1 after a quarter.
fn freshness(said_at: Timestamp, now: Timestamp) -> f64 {
    let age = now.duration_since(said_at).max(SignedDuration::ZERO).as_secs_f64() / 86_400.0;
    2.0 / (1.0 + age / 90.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_is_about_comes_before_what_it_mentions() {
        let texts = |subject: &str, body: &str| Texts {
            subject: each(&words(subject)).map(str::to_owned).collect(),
            body: each(&words(body)).map(str::to_owned).collect(),
            ..Texts::default()
        };
        let stems = Stems::default();
        let terms: Vec<Vec<Token>> = ["return", "label"].iter().map(|it| Token::all(it)).collect();
        let score = |subject: &str, body: &str| score(&terms, &texts(subject, body), &stems);
        let sorted = [
            score("Return label missing", "Where is it?"),
            score("Label for a return", "Where is it?"),
            score("Question", "Where is the return label?"),
            score("Question", "I return it, but the label is gone."),
            score("Question", "Labelled; returned."),
            score("Question", "Nothing."),
        ];
        assert!(sorted.windows(2).all(|it| it[0] > it[1]), "{sorted:?}");
        assert_eq!(sorted[5], 0.0);
    }
}
